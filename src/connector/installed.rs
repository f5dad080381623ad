//! The record of what we installed: the tree's manifest, and the way back of everything beside it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::NODE_MODULES;
use super::adaptation::{Adapted, Change};
use super::checksums::{Sha256, Verification};
use super::imports::HOST_LINK;
use super::manifest::{Node, TreeManifest};
use crate::openclaw::keys::KeyChange;
use crate::systemd::drop_in::Assigned;

/// The format that this program writes.
const FORMAT: u32 = 1;

/// What was installed, as `installed.json` in our records keeps it (mode 0600: old values of config
/// keys are in it).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstalledRecord {
    /// Format of the record.
    pub format: u32,
    /// Where the connector came from.
    pub origin: Origin,
    /// What we changed outside its tree.
    pub traces: Traces,
    /// The live tree.
    pub tree: TreeManifest,
    /// How it was adapted, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapted: Option<Adapted>,
}

/// Where the connector came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// Name in the connector's `package.json`.
    pub name: String,
    /// Version there.
    pub version: String,
    /// Digest of the payload before npm dependencies: it identifies the connector, which its
    /// version does not.
    pub payload: Sha256,
    /// Path of the payload, or `npm:NAME@VERSION`.
    pub place: String,
    /// What vouched for it.
    pub verification: Verification,
    /// When, RFC 3339.
    pub installed_at: String,
}

/// What we changed outside the tree since we first came, for uninstalling.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Traces {
    /// Keys of the config: their value before we first came, and ours.
    pub config: Vec<KeyChange>,
    /// Keys of the agent model file.
    pub models: Vec<KeyChange>,
    /// What our drop-in's file assigned before we came.
    pub drop_in_before: Assigned,
    /// The bypass list that we wrote.
    pub bypass: String,
    /// Directories that we created.
    pub directories: Vec<PathBuf>,
}

/// What every format has.
#[derive(Deserialize)]
struct Header {
    format: u32,
}

impl InstalledRecord {
    /// A record of today's format.
    pub fn of(origin: Origin, traces: Traces, tree: TreeManifest) -> Self {
        Self { format: FORMAT, origin, traces, tree, adapted: None }
    }

    /// Reads a record; `None` where it is damaged. The error is the format of a newer program.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, u32> {
        match serde_json::from_slice::<Header>(bytes) {
            Ok(Header { format: newer }) if newer > FORMAT => Err(newer),
            _ => Ok(serde_json::from_slice(bytes).ok()),
        }
    }

    /// How the tree that stands is adapted, by the texts in it: not at all, where another has taken
    /// the place of the one that was.
    pub fn adapted_in(&self, text: impl Fn(&str) -> Option<String>) -> Option<&Adapted> {
        let is_as_recorded = |path: &&String| {
            text(path).map(|text| Sha256::of(text.as_bytes())) == self.tree.sha256(path)
        };
        let adapted = self.adapted.as_ref()?;
        adapted.changed.keys().chain(&adapted.added).find(is_as_recorded).map(|_| adapted)
    }

    /// Whether the tree is adapted by these changes, and in nothing else.
    pub fn is_adapted_by(&self, changes: &[Change]) -> bool {
        let holds = |change: &Change| match (self.tree.get(&change.path), &change.new) {
            (Some(Node::File { sha256, .. }), Some(text)) => *sha256 == Sha256::of(text.as_bytes()),
            _ => false,
        };
        let recorded = self.adapted.as_ref().map_or(0, |was| was.changed.len() + was.added.len());
        recorded == changes.len() && changes.iter().all(holds)
    }

    /// Whether the recorded tree, its adaptation taken back, is the payload byte for byte: but for
    /// what is put there beside it, the npm dependencies or the link to the host.
    pub fn came_as_the_payload(&self) -> bool {
        let Some(adapted) = &self.adapted else { return false };
        let came = adapted.undone_in(&self.tree);
        let without = |part: &str| {
            let nodes = came.iter().filter(|(path, _)| !Path::new(path).starts_with(part));
            let rest: TreeManifest = nodes.map(|(path, node)| (path, node.clone())).collect();
            rest.digest()
        };
        [NODE_MODULES, HOST_LINK].into_iter().any(|part| without(part) == self.origin.payload)
            || came.digest() == self.origin.payload
    }

    /// The record as it is written: on one line, since it is as large as the tree has files.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}
