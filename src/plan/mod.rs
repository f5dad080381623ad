//! Desired state and picture become ordered changes; pure, no I/O; renders as text and JSON.

pub mod config;
pub mod error;
pub mod note;
