//! The only place that changes files: directory descriptors, stage, exchange, sync, lock.

pub mod beneath;
pub mod directory;
pub mod durable;
pub mod error;
pub mod exchange;
pub mod image;
pub mod lock;
pub mod replace;
pub mod stage;

pub use error::{Action, FileError};
