//! The only place that changes files: directory descriptors, stage, exchange, sync, lock.
