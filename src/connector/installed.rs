//! The record of what we installed: the tree's manifest, and what uninstalling needs to know.

use serde::{Deserialize, Serialize};

use super::digest::Sha256;
use super::manifest::TreeManifest;
use super::verification::Verification;
use crate::systemd::drop_in::Assigned;

/// The format that this program writes.
const FORMAT: u32 = 1;

/// What was installed, as `installed.json` in our records keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstalledRecord {
    /// Format of the record.
    pub format: u32,
    /// Name in the connector's `package.json`.
    pub name: String,
    /// Version there.
    pub version: String,
    /// Digest of the payload before npm dependencies: it identifies the connector, which its
    /// version does not.
    pub payload: Sha256,
    /// Where the payload came from.
    pub origin: String,
    /// What vouched for it.
    pub verification: Verification,
    /// When, RFC 3339.
    pub installed_at: String,
    /// What our drop-in's file assigned before we came.
    #[serde(default)]
    pub drop_in_before: Assigned,
    /// The bypass list that we wrote.
    #[serde(default)]
    pub bypass: String,
    /// The live tree.
    pub tree: TreeManifest,
}

impl InstalledRecord {
    /// Reads a record; `None` where it is damaged or newer: then nothing is known, and the tree is
    /// treated as somebody else's.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(bytes).ok().filter(|record| record.format <= FORMAT)
    }

    /// The record of today's format.
    #[must_use]
    pub fn current_format() -> u32 {
        FORMAT
    }

    /// The record as it is written.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}
