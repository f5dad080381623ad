//! Connector payloads: sources, archives, checksums, manifest, npm dependencies.

mod activity;
mod archive;
pub mod behaviour;
pub mod catalogue;
mod census;
mod checksums;
mod copying;
mod digest;
mod directory;
mod entry;
mod error;
mod facts;
pub mod host_link;
pub mod installed;
pub mod manifest;
pub mod npm;
mod payload;
mod reading;
mod receiver;
pub mod replica;
mod scan;
mod source;
mod source_error;
mod verification;

pub use archive::Format;
pub use checksums::{ChecksumError, ChecksumList, SHA256SUMS};
pub use digest::{NotSha256, Sha256, Sha256Stream};
pub use entry::{Fault, Limits, Refusal};
pub use error::PayloadError;
pub use facts::{
    CONNECTOR_ID, FactsError, Flaw, PACKAGE_JSON, PLUGIN_JSON, Package, PluginManifest,
};
pub use manifest::TreeManifest;
pub use payload::Payload;
pub use source::{DEFAULT_PACKAGE, DEFAULT_PAYLOADS, NpmSpec, Source, stocked};
pub use source_error::SourceError;
pub use verification::{Checks, Verification};
