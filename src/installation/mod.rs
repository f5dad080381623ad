//! Observe: paths, program, unit, tree and config become one read-only picture.

pub mod account;
pub mod paths;
pub mod program;
pub mod surroundings;
