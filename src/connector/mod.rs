//! Connector payloads: sources, archives, checksums, manifest, npm dependencies.

pub mod adaptation;
mod archive;
pub mod catalogue;
mod checksums;
mod directory;
mod entry;
mod error;
mod facts;
pub mod imports;
mod inspection;
pub mod installed;
pub mod manifest;
pub mod npm;
mod payload;
mod pool;
pub mod prediction;
mod reading;
pub mod release;
mod source;

pub use archive::Format;
pub use checksums::{Checks, ChecksumList, SHA256SUMS, Sha256, Verification};
pub use directory::CopyTree;
pub use entry::Limits;
pub use error::changed;
pub use facts::{
    CONNECTOR_ID, DEFAULT_ENTRIES, PACKAGE_JSON, PLUGIN_JSON, Package, PluginManifest,
};
pub use manifest::TreeManifest;
pub use npm::admits;
pub use payload::Payload;
pub use release::Release;
pub use source::{DEFAULT_PACKAGE, DEFAULT_PAYLOADS, NpmSpec, Source, stocked};

/// The directory of npm dependencies in a connector.
pub const NODE_MODULES: &str = "node_modules";
