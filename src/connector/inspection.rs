//! The first reading of a payload, which writes nothing and learns everything.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::checksums::SHA256SUMS;
use super::entry::{Body, Entry, Kind, Limits, Receiver, Validator, refusal, refuse_escapes, text};
use super::facts::{PACKAGE_JSON, PLUGIN_JSON};
use super::imports::{Import, imports, is_module};
use super::manifest::{Node, Permissions, ROOT, TreeManifest};
use super::pool::{Job, Pool, noting};
use super::reading::Container;
use crate::fs::foreign::LIST_LIMIT;
use crate::language::Problem;

/// Files that are read and not only hashed, with the bytes that they may have.
const KEPT: [(&str, u64); 3] =
    [(PACKAGE_JSON, 1024 * 1024), (PLUGIN_JSON, 1024 * 1024), (SHA256SUMS, LIST_LIMIT)];

/// Modules that are larger are not read: the connector's largest is a tenth of it.
const MODULE_LIMIT: u64 = 4 * 1024 * 1024;

/// The text of modules that import the host is kept, up to so many bytes of all together.
const TEXTS_LIMIT: usize = 16 * 1024 * 1024;

/// What a payload consists of.
#[derive(Debug, Default)]
pub(super) struct Inspection {
    /// The tree as it will be installed.
    pub(super) tree: TreeManifest,
    /// The archive's single top-level directory, which is stripped.
    pub(super) prefix: Option<String>,
    /// The content of the files at the connector's root that matter, by name.
    pub(super) kept: HashMap<String, Vec<u8>>,
    /// The imports of its own modules, by path.
    pub(super) imports: BTreeMap<String, Vec<Import>>,
}

/// Inspects a payload entry by entry.
pub(super) struct Inspector<'a, 'scope, 'env> {
    container: Container<'a>,
    validator: Validator,
    pool: Pool<'scope, 'env>,
    first_directory: Option<String>,
    room_for_texts: usize,
    seen: Inspection,
}

impl<'a, 'scope, 'env> Inspector<'a, 'scope, 'env> {
    pub(super) fn new(container: Container<'a>, limits: Limits, pool: Pool<'scope, 'env>) -> Self {
        Self {
            container,
            validator: Validator::new(container.path(), limits),
            pool,
            first_directory: None,
            room_for_texts: TEXTS_LIMIT,
            seen: Inspection::default(),
        }
    }

    /// Strips an archive's single top-level directory (npm's `package/`), and refuses symbolic
    /// links that lead out of what is left.
    pub(super) fn finish(self) -> Result<Inspection, Problem> {
        let Inspection { mut tree, mut kept, mut imports, .. } = self.seen;
        self.pool.finish(&mut noting(&mut tree))?;
        let prefix = match self.container {
            Container::Archive(_) => single_top(&tree).map(str::to_string),
            Container::Directory(_) => None,
        };
        if let Some(top) = &prefix {
            tree = tree.iter().filter_map(|(path, node)| below(top, path, node.clone())).collect();
            kept = kept.into_iter().filter_map(|(path, bytes)| below(top, &path, bytes)).collect();
            imports = imports.into_iter().filter_map(|(path, of)| below(top, &path, of)).collect();
        }
        tree.insert(ROOT.to_string(), Node::Directory { mode: Permissions::OPEN });
        refuse_escapes(&tree, self.container.path())?;
        Ok(Inspection { tree, prefix, kept, imports })
    }

    fn refused(&self, entry: &[u8], reason: Problem) -> Problem {
        refusal::of(self.container.path(), entry, reason)
    }

    fn file(
        &mut self,
        path: String,
        mode: Permissions,
        size: u64,
        mut body: Body<'_>,
    ) -> Result<(), Problem> {
        let mut kept = self.room_for(&path, size)?;
        let mut module = (is_module(&path) && size <= MODULE_LIMIT).then(Vec::new);
        let tree = &mut self.seen.tree;
        if kept.is_none() && module.is_none() {
            let job = Job { path, size, mode, into: None };
            return self.pool.put(job, body, &mut noting(tree));
        }
        let sha256 = self.pool.reader.read(path.as_bytes(), size, &mut body, |piece| {
            kept.iter_mut().chain(&mut module).for_each(|bytes| bytes.extend_from_slice(piece));
            Ok(())
        })?;
        if let Some(text) = module.and_then(|bytes| String::from_utf8(bytes).ok()) {
            let found = imports(&text);
            if found.iter().any(Import::asks_the_host) && text.len() <= self.room_for_texts {
                self.room_for_texts -= text.len();
                self.seen.kept.insert(path.clone(), text.into_bytes());
            }
            self.seen.imports.insert(path.clone(), found);
        }
        if let Some(kept) = kept {
            self.seen.kept.insert(path.clone(), kept);
        }
        tree.insert(path, Node::File { size, sha256, mode });
        Ok(())
    }

    fn directory(&mut self, path: &str) {
        if self.first_directory.is_none() {
            self.first_directory = Some(path.to_string());
        }
        if self.seen.tree.get(path).is_none() {
            self.seen.tree.insert(path.to_string(), Node::Directory { mode: Permissions::OPEN });
        }
    }

    /// A buffer for a file that is kept. Only the root and the first top-level directory can be
    /// the connector's root, so that no number of directories makes us keep more.
    fn room_for(&self, path: &str, size: u64) -> Result<Option<Vec<u8>>, Problem> {
        let name = match path.rsplit_once('/') {
            None => path,
            Some((parent, name)) if self.first_directory.as_deref() == Some(parent) => name,
            Some(_) => return Ok(None),
        };
        match KEPT.iter().find(|(kept, _)| *kept == name) {
            None => Ok(None),
            Some((_, limit)) if size > *limit => {
                Err(self.refused(path.as_bytes(), refusal::file_too_large(*limit)))
            }
            Some(_) => Ok(Some(Vec::new())),
        }
    }
}

impl Receiver for Inspector<'_, '_, '_> {
    fn take(&mut self, entry: &Entry<'_>, body: Body<'_>) -> Result<(), Problem> {
        let path = self.validator.admit(entry)?;
        for (end, _) in path.match_indices('/') {
            self.directory(&path[..end]);
        }
        match entry.kind {
            Kind::File { size } => {
                let mode = Permissions::of_file(entry.executable());
                return self.file(path, mode, size, body);
            }
            Kind::Symlink { target } => {
                let target = text(target).map_err(|reason| self.refused(entry.name, reason))?;
                self.seen.tree.insert(path, Node::Symlink { target: target.to_string() });
            }
            _ if path.is_empty() => {}
            _ => self.directory(&path),
        }
        Ok(())
    }
}

/// The one directory that holds everything else, if there is one.
fn single_top(tree: &TreeManifest) -> Option<&str> {
    let (top, node) = tree.iter().next()?;
    let beneath = |path: &str| path.strip_prefix(top).is_some_and(|p| p.starts_with('/'));
    let alone = matches!(node, Node::Directory { .. })
        && tree.iter().skip(1).all(|(path, _)| beneath(path));
    alone.then_some(top)
}

fn below<T>(top: &str, path: &str, value: T) -> Option<(String, T)> {
    let rest = Path::new(path).strip_prefix(top).ok()?.to_str()?;
    (!rest.is_empty()).then(|| (rest.to_string(), value))
}
