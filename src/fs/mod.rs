//! The only place that changes files: directory descriptors, stage, exchange, sync, lock.

pub mod beneath;
pub mod durable;
pub mod stage;
