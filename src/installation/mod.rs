//! Observe: paths, program, unit, tree and config become one read-only picture.

pub mod account;
pub mod live_tree;
pub mod paths;
pub mod picture;
pub mod program;
pub mod service;
pub mod surroundings;
