//! Connector payloads: sources, archives, checksums, manifest, npm dependencies.
