//! What OpenClaw is on disk: config document, includes, plugin records, models, versions.

pub mod auth_profiles;
pub mod config_lock;
pub mod document;
pub mod include;
pub mod keys;
pub mod version;
