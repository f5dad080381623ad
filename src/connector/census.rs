//! The census: the first reading of a payload, which writes nothing and learns everything.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use super::checksums::SHA256SUMS;
use super::entry::{
    Admitted, AdmittedKind, Entry, Fault, Gate, Limits, Refusal, refuse_escapes, shown,
};
use super::error::PayloadError;
use super::facts::{PACKAGE_JSON, PLUGIN_JSON};
use super::manifest::{Node, Permissions, ROOT, TreeManifest};
use super::reading::{Content, Origin, Pump, Watch};
use super::receiver::Receiver;

/// Files that are read and not only hashed, with the bytes that they may have.
const KEPT: [(&str, u64); 3] =
    [(PACKAGE_JSON, 1024 * 1024), (PLUGIN_JSON, 1024 * 1024), (SHA256SUMS, 32 * 1024 * 1024)];

/// What a payload consists of.
#[derive(Debug)]
pub(super) struct Census {
    /// The tree as it will be installed.
    pub(super) tree: TreeManifest,
    /// The archive's single top-level directory, which is stripped.
    pub(super) prefix: Option<String>,
    kept: HashMap<String, Vec<u8>>,
}

impl Census {
    /// The content of a file at the connector's root, if it is one of those that matter.
    pub(super) fn file(&self, name: &str) -> Option<&[u8]> {
        self.kept.get(name).map(Vec::as_slice)
    }
}

/// Takes the census, entry by entry.
pub(super) struct CensusTaker<'a> {
    origin: &'a Origin,
    gate: Gate,
    pump: Pump<'a>,
    tree: TreeManifest,
    first_directory: Option<String>,
    kept: HashMap<String, Vec<u8>>,
}

impl<'a> CensusTaker<'a> {
    pub(super) fn new(origin: &'a Origin, limits: Limits, watch: Watch<'a>) -> Self {
        Self {
            origin,
            gate: Gate::new(origin.path(), limits),
            pump: Pump::new(origin, watch),
            tree: TreeManifest::default(),
            first_directory: None,
            kept: HashMap::new(),
        }
    }

    /// Ends the census: strips an archive's single top-level directory (npm's `package/`), and
    /// refuses symbolic links that lead out of what is left.
    pub(super) fn finish(self) -> Result<Census, PayloadError> {
        let prefix = match self.origin {
            Origin::Archive(_) => single_top(&self.tree).map(str::to_string),
            Origin::Directory(_) => None,
        };
        let (mut tree, mut kept) = (self.tree, self.kept);
        if let Some(top) = &prefix {
            tree = tree.iter().filter_map(|(path, node)| below(top, path, node.clone())).collect();
            kept = kept.into_iter().filter_map(|(path, bytes)| below(top, &path, bytes)).collect();
        }
        tree.insert(ROOT.to_string(), Node::Directory { mode: Permissions::OPEN });
        refuse_escapes(&tree, self.origin.path())?;
        Ok(Census { tree, prefix, kept })
    }

    fn count(&mut self, admitted: Admitted, body: &mut dyn Read) -> Result<(), PayloadError> {
        let path = admitted.path;
        for (end, _) in path.match_indices('/') {
            self.count_directory(&path[..end]);
        }
        let node = match admitted.kind {
            AdmittedKind::Directory => {
                self.count_directory(&path);
                return Ok(());
            }
            AdmittedKind::Symlink { target } => Node::Symlink { target },
            AdmittedKind::File { size, executable } => {
                let mut kept = self.room_for(&path, size)?;
                let content = Content { name: path.as_bytes(), size, body };
                let sha256 = self.pump.carry(content, |piece| {
                    if let Some(kept) = &mut kept {
                        kept.extend_from_slice(piece);
                    }
                    Ok(())
                })?;
                if let Some(kept) = kept {
                    self.kept.insert(path.clone(), kept);
                }
                Node::File { size, sha256, mode: Permissions::of_file(executable) }
            }
        };
        self.tree.insert(path, node);
        Ok(())
    }

    fn count_directory(&mut self, path: &str) {
        if self.first_directory.is_none() {
            self.first_directory = Some(path.to_string());
        }
        if self.tree.get(path).is_none() {
            self.tree.insert(path.to_string(), Node::Directory { mode: Permissions::OPEN });
        }
    }

    /// A buffer for a file that is kept. Only the root and the first top-level directory can be
    /// the connector's root, so that no number of directories makes us keep more.
    fn room_for(&self, path: &str, size: u64) -> Result<Option<Vec<u8>>, Refusal> {
        let name = match path.rsplit_once('/') {
            None => path,
            Some((parent, name)) if self.first_directory.as_deref() == Some(parent) => name,
            Some(_) => return Ok(None),
        };
        match KEPT.iter().find(|(kept, _)| *kept == name) {
            None => Ok(None),
            Some((_, limit)) if size > *limit => Err(Refusal {
                payload: self.origin.path().to_path_buf(),
                entry: shown(path.as_bytes()),
                fault: Fault::FileTooLarge { limit: *limit },
            }),
            Some(_) => Ok(Some(Vec::new())),
        }
    }
}

impl Receiver for CensusTaker<'_> {
    fn take(&mut self, entry: &Entry<'_>, body: &mut dyn Read) -> Result<(), PayloadError> {
        match self.gate.admit(entry)? {
            Some(admitted) => self.count(admitted, body),
            None => Ok(()),
        }
    }
}

/// The one directory that holds everything else, if there is one.
fn single_top(tree: &TreeManifest) -> Option<&str> {
    let (top, node) = tree.iter().next()?;
    let beneath = |path: &str| path.strip_prefix(top.as_str()).is_some_and(|p| p.starts_with('/'));
    let alone = matches!(node, Node::Directory { .. })
        && tree.iter().skip(1).all(|(path, _)| beneath(path));
    alone.then_some(top)
}

fn below<T>(top: &str, path: &str, value: T) -> Option<(String, T)> {
    let rest = Path::new(path).strip_prefix(top).ok()?.to_str()?;
    (!rest.is_empty()).then(|| (rest.to_string(), value))
}
