//! The payload: a connector that has been read, judged and verified, ready to be staged; and its second
//! reading, into the stage, of which only what the first saw is taken.

use std::collections::{BTreeMap, HashMap};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use super::archive::{self, Format, PrivateCopy};
use super::checksums::{Checks, ChecksumList, SHA256SUMS, Sha256, Verification};
use super::entry::{Body, Entry, Kind, Receiver, clean, shown};
use super::facts::{PACKAGE_JSON, PLUGIN_JSON, Package, PluginManifest};
use super::imports::{self, Import};
use super::inspection::{Inspection, Inspector};
use super::manifest::{Node, ROOT, TreeManifest};
use super::npm::{self, Registry};
use super::pool::{Job, Pool};
use super::reading::{Container, Watch, name_of};
use super::source::{NpmSpec, Source};
use super::{NODE_MODULES, directory, error};
use crate::fs::beneath;
use crate::fs::stage::Stage;
use crate::interrupt::Interrupt;
use crate::language::Problem;
use crate::progress::Progress;

/// A connector that may be installed.
#[derive(Debug)]
pub struct Payload {
    store: Store,
    prefix: Option<String>,
    left_out: Vec<String>,
    texts: HashMap<String, Vec<u8>>,
    /// The tree as it will be installed, before npm dependencies are added.
    pub tree: TreeManifest,
    /// `package.json`.
    pub package: Package,
    /// `openclaw.plugin.json`.
    pub plugin: PluginManifest,
    /// What the modules that its entries lead to import, by path.
    pub imports: BTreeMap<String, Vec<Import>>,
    /// What vouched for it.
    pub verification: Verification,
}

/// Where the payload's bytes are read from, and what that is called.
#[derive(Debug)]
struct Store {
    path: PathBuf,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Directory(OwnedFd),
    Archive { copy: PrivateCopy, format: Format },
}

impl Payload {
    /// Reads the whole source once, as a stream, and judges it: the safety of every entry, the
    /// checksums, and what the connector says about itself. Nothing is written but a private,
    /// unnamed copy of an archive in the directory for temporary files.
    pub fn open(
        source: &Source,
        checks: &Checks,
        registry: &Registry,
        interrupt: &Interrupt,
        progress: &dyn Progress,
    ) -> Result<Self, Problem> {
        let watch = Watch { interrupt, progress };
        match source {
            Source::Directory(path) => {
                let given = checks.list_for_directory(path)?;
                let root = beneath::open_directory(path).map_err(error::reading(path))?;
                let store = Store { path: path.clone(), bytes: Bytes::Directory(root) };
                Self::judge(store, given, None, checks, watch)
            }
            Source::Archive { path, format } => {
                let copy = copy_privately(path, checks, watch)?;
                let verification = checks.verify_archive(path, copy.sha256())?;
                let bytes = Bytes::Archive { copy, format: *format };
                let store = Store { path: path.clone(), bytes };
                Self::judge(store, None, Some(verification), checks, watch)
            }
            Source::Npm(spec) => Self::open_npm(spec, checks, registry, watch),
        }
    }

    fn open_npm(
        spec: &NpmSpec,
        checks: &Checks,
        registry: &Registry,
        watch: Watch<'_>,
    ) -> Result<Self, Problem> {
        let download = tempfile::tempdir().map_err(error::temporary)?;
        let fetched = npm::fetch(spec, download.path(), registry, watch)?;
        let copy = copy_privately(&fetched.archive, checks, watch)?;
        let path = PathBuf::from(format!("npm:{}@{}", spec.name, fetched.version));
        if checks.sha256.is_some() || checks.checksums.is_some() {
            checks.verify_archive(&fetched.archive, copy.sha256())?;
        }
        let verification = Verification::NpmIntegrity { integrity: fetched.integrity };
        let bytes = Bytes::Archive { copy, format: Format::TarGzip };
        Self::judge(Store { path, bytes }, None, Some(verification), checks, watch)
    }

    /// Reads it all. A list of checksums at its root proves nothing about where an archive comes
    /// from, but it must not be wrong.
    fn judge(
        store: Store,
        given: Option<ChecksumList>,
        verification: Option<Verification>,
        checks: &Checks,
        watch: Watch<'_>,
    ) -> Result<Self, Problem> {
        let path = &store.path;
        let Inspection { mut tree, prefix, mut kept, imports } = store.inspect(checks, watch)?;
        let list = match (given, kept.remove(SHA256SUMS)) {
            (None, Some(bytes)) => Some(ChecksumList::parse(&path.join(SHA256SUMS), &bytes)?),
            (given, _) => given,
        };
        let file = |name: &str| kept.get(name).map(Vec::as_slice);
        let left_out = leave_out(&mut tree, list.as_ref().and_then(|list| own_list(path, list)));
        if let Some(list) = &list {
            list.verify(&tree, path)?;
        }
        let verification = match verification {
            Some(verification) => verification,
            None => checks.verified_by(list.as_ref(), path)?,
        };
        let plugin = PluginManifest::parse(file(PLUGIN_JSON), path)?;
        let package = Package::parse(file(PACKAGE_JSON), path)?;
        package.expect_entries(&tree, path)?;
        let imports = imports::reached(&package, |path| imports.get(path).cloned());
        let mut texts = kept;
        texts.retain(|path, _| imports.contains_key(path) || path == PACKAGE_JSON);
        Ok(Self { store, prefix, left_out, texts, tree, package, plugin, imports, verification })
    }

    /// Copies the payload into `stage`, hashing on the way. Whatever differs from what was judged
    /// is refused, so that nothing can be slipped in between.
    pub fn stage(
        &self,
        stage: &mut Stage,
        interrupt: &Interrupt,
        progress: &dyn Progress,
    ) -> Result<(), Problem> {
        let watch = Watch { interrupt, progress };
        let total = self.tree.sizes().sum();
        let activity = say!("copying {name}", name = name_of(&self.store.path));
        watch.during(&activity, Some(total), || {
            Pool::with(self.store.container(), watch, |pool| {
                let mut extractor = Extractor::new(self, stage, pool)?;
                self.store.read(&mut extractor, watch)?;
                extractor.finish()
            })
        })
    }

    /// Fails unless what was copied is what was judged.
    fn expect(&self, path: &str, copied: &Node) -> Result<(), Problem> {
        if self.tree.get(path) == Some(copied) {
            return Ok(());
        }
        Err(self.changed(path.as_bytes()))
    }

    fn changed(&self, name: &[u8]) -> Problem {
        error::changed(self.origin(), &shown(name))
    }

    /// The digest of that tree: it identifies the payload, which its version does not (five
    /// different connectors call themselves 0.6.0).
    pub fn digest(&self) -> Sha256 {
        self.tree.digest()
    }

    /// The text of `package.json` or of a module that imports the host.
    pub fn text(&self, path: &str) -> Option<String> {
        String::from_utf8(self.texts.get(path)?.clone()).ok()
    }

    /// Where it comes from: an absolute path, or `npm:NAME@VERSION`.
    pub fn origin(&self) -> &Path {
        &self.store.path
    }

    /// Whether it brings its npm dependencies along.
    pub fn brings_node_modules(&self) -> bool {
        self.tree.get(NODE_MODULES).is_some()
    }

    /// Whether npm dependencies must be fetched after staging.
    pub fn needs_dependencies(&self) -> bool {
        !self.brings_node_modules()
            && self.package.dependencies.keys().any(|name| name != npm::HOST)
    }
}

impl Store {
    fn container(&self) -> Container<'_> {
        match self.bytes {
            Bytes::Directory(_) => Container::Directory(&self.path),
            Bytes::Archive { .. } => Container::Archive(&self.path),
        }
    }

    fn read(&self, receiver: &mut dyn Receiver, watch: Watch<'_>) -> Result<(), Problem> {
        match &self.bytes {
            Bytes::Directory(root) => directory::read(root.as_fd(), &self.path, receiver, watch),
            Bytes::Archive { copy, format } => {
                archive::read(copy, *format, &self.path, receiver, watch)
            }
        }
    }

    fn inspect(&self, checks: &Checks, watch: Watch<'_>) -> Result<Inspection, Problem> {
        watch.during(&say!("checking {name}", name = name_of(&self.path)), None, || {
            Pool::with(self.container(), watch, |pool| {
                let mut inspector = Inspector::new(self.container(), checks.limits, pool);
                self.read(&mut inspector, watch)?;
                inspector.finish()
            })
        })
    }
}

fn copy_privately(path: &Path, checks: &Checks, watch: Watch<'_>) -> Result<PrivateCopy, Problem> {
    watch.during(&say!("reading {name}", name = name_of(path)), None, || {
        PrivateCopy::of(path, checks.limits.total, watch)
    })
}

/// Takes the lists of checksums out of the tree: they are proof, not content.
fn leave_out(tree: &mut TreeManifest, own_list: Option<String>) -> Vec<String> {
    let names = [Some(SHA256SUMS.to_string()), own_list].into_iter().flatten();
    let is_file = |name: &String| matches!(tree.get(name), Some(Node::File { .. }));
    let names: Vec<String> = names.filter(is_file).collect();
    for name in &names {
        tree.remove(name);
    }
    names
}

/// The name of a list that lies within the directory that it describes.
fn own_list(directory: &Path, list: &ChecksumList) -> Option<String> {
    let list = list.path().canonicalize().ok()?;
    let inside = list.strip_prefix(directory.canonicalize().ok()?).ok()?;
    inside.to_str().map(str::to_string)
}

/// Copies entries into a stage and compares each with the inspection.
struct Extractor<'a, 'scope, 'env> {
    payload: &'a Payload,
    stage: &'a mut Stage,
    pool: Pool<'scope, 'env>,
    /// Files and links that are still to come.
    outstanding: usize,
}

impl<'a, 'scope, 'env> Extractor<'a, 'scope, 'env> {
    /// Creates the tree's directories; everything else comes as it is read.
    fn new(
        payload: &'a Payload,
        stage: &'a mut Stage,
        pool: Pool<'scope, 'env>,
    ) -> Result<Self, Problem> {
        let mut outstanding = 0;
        for (path, node) in payload.tree.iter() {
            match node {
                Node::Directory { .. } if path == ROOT => {}
                Node::Directory { .. } => stage.directory(Path::new(path))?,
                _ => outstanding += 1,
            }
        }
        Ok(Self { payload, stage, pool, outstanding })
    }

    /// Ends the copy; everything that the inspection saw must have come.
    fn finish(self) -> Result<(), Problem> {
        let Self { payload, pool, outstanding, .. } = self;
        pool.finish(&mut |path, node| payload.expect(&path, &node))?;
        if outstanding == 0 { Ok(()) } else { Err(payload.changed(ROOT.as_bytes())) }
    }

    fn changed(&self, name: &[u8]) -> Problem {
        self.payload.changed(name)
    }

    /// The path in the tree; empty for what lies above or is the root.
    fn path_of(&self, name: &[u8]) -> Result<String, Problem> {
        let path = clean(name).map_err(|_| self.changed(name))?;
        let Some(prefix) = &self.payload.prefix else { return Ok(path) };
        match path.strip_prefix(prefix.as_str()) {
            Some("") => Ok(String::new()),
            Some(rest) if rest.starts_with('/') => Ok(rest[1..].to_string()),
            // `tar czf c.tgz .` in the directory above begins with `./`
            _ if path.is_empty() => Ok(path),
            _ => Err(self.changed(name)),
        }
    }
}

impl Receiver for Extractor<'_, '_, '_> {
    fn take(&mut self, entry: &Entry<'_>, body: Body<'_>) -> Result<(), Problem> {
        let path = self.path_of(entry.name)?;
        if path.is_empty() || self.payload.left_out.contains(&path) {
            return Ok(());
        }
        match (self.payload.tree.get(&path), entry.kind) {
            (Some(Node::Directory { .. }), Kind::Directory) => return Ok(()),
            (Some(Node::Symlink { target }), Kind::Symlink { target: now })
                if target.as_bytes() == now =>
            {
                self.stage.symlink(Path::new(&path), target)?;
            }
            (Some(Node::File { size, mode, .. }), Kind::File { size: now }) if *size == now => {
                let into = Some(self.stage.file(Path::new(&path), mode.executable())?);
                let (job, payload) = (Job { path, size: now, mode: *mode, into }, self.payload);
                self.pool.put(job, body, &mut |path, node| payload.expect(&path, &node))?;
            }
            _ => return Err(self.changed(entry.name)),
        }
        // cannot underflow: the stage creates each name once
        self.outstanding -= 1;
        Ok(())
    }
}
