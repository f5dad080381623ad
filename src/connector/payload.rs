//! The payload: a connector that has been read, judged and verified, ready to be staged.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use super::activity::Activity;
use super::archive::{self, Format, PrivateCopy};
use super::census::{Census, CensusTaker};
use super::checksums::{ChecksumList, SHA256SUMS};
use super::copying;
use super::digest::Sha256;
use super::directory;
use super::error::PayloadError;
use super::facts::{PACKAGE_JSON, PLUGIN_JSON, Package, PluginManifest};
use super::manifest::{Node, TreeManifest};
use super::npm::{self, Registry};
use super::reading::{Origin, Watch, name_of};
use super::receiver::Receiver;
use super::source::{NpmSpec, Source};
use super::verification::{Checks, Verification};
use crate::fs::beneath;
use crate::fs::stage::Stage;
use crate::interrupt::Interrupt;
use crate::progress::Progress;

/// The directory of npm dependencies in a connector.
const NODE_MODULES: &str = "node_modules";

/// A connector that may be installed.
#[derive(Debug)]
pub struct Payload {
    origin: Origin,
    store: Store,
    prefix: Option<String>,
    left_out: Vec<String>,
    tree: TreeManifest,
    package: Package,
    plugin: PluginManifest,
    verification: Verification,
}

/// Where the payload's bytes are read from.
#[derive(Debug)]
enum Store {
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
    ) -> Result<Self, PayloadError> {
        let watch = Watch { interrupt, progress };
        match source {
            Source::Directory(path) => Self::open_directory(path, checks, watch),
            Source::Archive { path, format } => {
                let copy = copy_privately(path, checks, watch)?;
                let verification = checks.vouch_for_archive(path, copy.sha256())?;
                Self::open_archive(path, copy, *format, verification, checks, watch)
            }
            Source::Npm(spec) => Self::open_npm(spec, checks, registry, watch),
        }
    }

    fn open_directory(
        path: &Path,
        checks: &Checks,
        watch: Watch<'_>,
    ) -> Result<Self, PayloadError> {
        let given = checks.list_for_directory(path)?;
        let root = beneath::open_directory(path).map_err(PayloadError::reading(path))?;
        let origin = Origin::Directory(path.to_path_buf());
        let store = Store::Directory(root);
        let mut census = take_census(&store, &origin, checks, watch)?;
        let list = match given {
            Some(list) => Some(list),
            None => brought_list(&census, path)?,
        };
        let own = list.as_ref().and_then(|list| own_list(path, list));
        let left_out = leave_out(&mut census, own);
        if let Some(list) = &list {
            list.verify(&census.tree, path)?;
        }
        let verification = checks.vouch_for_directory(path, list.as_ref())?;
        Self::describe(origin, store, census, left_out, verification)
    }

    fn open_npm(
        spec: &NpmSpec,
        checks: &Checks,
        registry: &Registry,
        watch: Watch<'_>,
    ) -> Result<Self, PayloadError> {
        let download = tempfile::tempdir().map_err(PayloadError::temporary)?;
        let fetched = npm::fetch(spec, download.path(), registry, watch)?;
        let copy = copy_privately(&fetched.archive, checks, watch)?;
        let name = PathBuf::from(format!("npm:{}@{}", spec.name, fetched.version));
        if checks.sha256.is_some() || checks.checksums.is_some() {
            checks.vouch_for_archive(&fetched.archive, copy.sha256())?;
        }
        let verification = Verification::NpmIntegrity { integrity: fetched.integrity };
        Self::open_archive(&name, copy, Format::TarGzip, verification, checks, watch)
    }

    fn open_archive(
        path: &Path,
        copy: PrivateCopy,
        format: Format,
        verification: Verification,
        checks: &Checks,
        watch: Watch<'_>,
    ) -> Result<Self, PayloadError> {
        let origin = Origin::Archive(path.to_path_buf());
        let store = Store::Archive { copy, format };
        let mut census = take_census(&store, &origin, checks, watch)?;
        let brought = brought_list(&census, path)?;
        let left_out = leave_out(&mut census, None);
        // it proves nothing about where the archive comes from, but it must not be wrong
        if let Some(list) = brought {
            list.verify(&census.tree, path)?;
        }
        Self::describe(origin, store, census, left_out, verification)
    }

    fn describe(
        origin: Origin,
        store: Store,
        census: Census,
        left_out: Vec<String>,
        verification: Verification,
    ) -> Result<Self, PayloadError> {
        let plugin = PluginManifest::parse(census.file(PLUGIN_JSON), origin.path())?;
        let package = Package::parse(census.file(PACKAGE_JSON), origin.path())?;
        package.expect_entries(&census.tree, origin.path())?;
        let Census { tree, prefix, .. } = census;
        Ok(Self { origin, store, prefix, left_out, tree, package, plugin, verification })
    }

    /// Copies the payload into `stage`, hashing on the way. Whatever differs from what was judged
    /// is refused, so that nothing can be slipped in between.
    pub fn stage(
        &self,
        stage: &mut Stage,
        interrupt: &Interrupt,
        progress: &dyn Progress,
    ) -> Result<(), PayloadError> {
        let watch = Watch { interrupt, progress };
        let total = self.tree.size().bytes;
        watch.during(&Activity::Copying(name_of(self.origin.path())), Some(total), || {
            let mut copier = copying::Copier::new(self.plan(), stage, watch)?;
            self.store.read(&self.origin, &mut copier, watch)?;
            copier.finish()
        })
    }

    fn plan(&self) -> copying::Plan<'_> {
        copying::Plan {
            origin: &self.origin,
            tree: &self.tree,
            prefix: self.prefix.as_deref(),
            left_out: &self.left_out,
        }
    }

    /// The tree as it will be installed, before npm dependencies are added.
    #[must_use]
    pub fn tree(&self) -> &TreeManifest {
        &self.tree
    }

    /// The digest of that tree: it identifies the payload, which its version does not (five
    /// different connectors call themselves 0.6.0).
    #[must_use]
    pub fn digest(&self) -> Sha256 {
        self.tree.digest()
    }

    /// The digest of the archive, if it is one.
    #[must_use]
    pub fn archive_digest(&self) -> Option<Sha256> {
        match &self.store {
            Store::Archive { copy, .. } => Some(copy.sha256()),
            Store::Directory(_) => None,
        }
    }

    /// `package.json`.
    #[must_use]
    pub fn package(&self) -> &Package {
        &self.package
    }

    /// `openclaw.plugin.json`.
    #[must_use]
    pub fn plugin(&self) -> &PluginManifest {
        &self.plugin
    }

    /// What vouched for it.
    #[must_use]
    pub fn verification(&self) -> &Verification {
        &self.verification
    }

    /// Where it comes from: an absolute path, or `npm:NAME@VERSION`.
    #[must_use]
    pub fn origin(&self) -> &Path {
        self.origin.path()
    }

    /// Whether it brings its npm dependencies along.
    #[must_use]
    pub fn brings_node_modules(&self) -> bool {
        self.tree.get(NODE_MODULES).is_some()
    }

    /// Whether npm dependencies must be fetched after staging.
    #[must_use]
    pub fn needs_dependencies(&self) -> bool {
        !self.brings_node_modules() && !npm::wanted(&self.package).is_empty()
    }
}

impl Store {
    fn read(
        &self,
        origin: &Origin,
        receiver: &mut dyn Receiver,
        watch: Watch<'_>,
    ) -> Result<(), PayloadError> {
        match self {
            Self::Directory(root) => directory::read(root.as_fd(), origin.path(), receiver, watch),
            Self::Archive { copy, format } => {
                archive::read(copy, *format, origin.path(), receiver, watch)
            }
        }
    }
}

fn copy_privately(
    path: &Path,
    checks: &Checks,
    watch: Watch<'_>,
) -> Result<PrivateCopy, PayloadError> {
    watch.during(&Activity::Reading(name_of(path)), None, || {
        PrivateCopy::of(path, checks.limits.total, watch)
    })
}

fn take_census(
    store: &Store,
    origin: &Origin,
    checks: &Checks,
    watch: Watch<'_>,
) -> Result<Census, PayloadError> {
    watch.during(&Activity::Checking(name_of(origin.path())), None, || {
        let mut taker = CensusTaker::new(origin, checks.limits, watch);
        store.read(origin, &mut taker, watch)?;
        taker.finish()
    })
}

/// The list at the root of the payload itself.
fn brought_list(census: &Census, payload: &Path) -> Result<Option<ChecksumList>, PayloadError> {
    let bytes = census.file(SHA256SUMS);
    Ok(bytes.map(|bytes| ChecksumList::parse(&payload.join(SHA256SUMS), bytes)).transpose()?)
}

/// Takes the lists of checksums out of the tree: they are proof, not content.
fn leave_out(census: &mut Census, own_list: Option<String>) -> Vec<String> {
    let mut names = vec![SHA256SUMS.to_string()];
    names.extend(own_list);
    names.retain(|name| matches!(census.tree.get(name), Some(Node::File { .. })));
    for name in &names {
        census.tree.remove(name);
    }
    names
}

/// The name of a list that lies within the directory that it describes.
fn own_list(directory: &Path, list: &ChecksumList) -> Option<String> {
    let list = list.path().canonicalize().ok()?;
    let inside = list.strip_prefix(directory.canonicalize().ok()?).ok()?;
    inside.to_str().map(str::to_string)
}
