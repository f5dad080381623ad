//! The only place that changes files: directory descriptors, stage, exchange, sync, lock.

pub mod directory;
pub mod error;
pub mod exchange;
pub mod image;
pub mod lock;
pub mod replace;

pub use error::{Action, FileError};
