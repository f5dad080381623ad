//! The connector's tree: as it stands where OpenClaw finds it, and as OpenClaw judges it before it
//! loads anything; and what a damaged one could be made whole from, without asking anybody outside.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::connector::adaptation::Refit;
use crate::connector::catalogue::Catalogue;
use crate::connector::imports::HOST_LINK;
use crate::connector::npm::Pin;
use crate::connector::{
    DEFAULT_ENTRIES, NODE_MODULES, PACKAGE_JSON, PLUGIN_JSON, Package, PluginManifest, Release,
    Sha256, TreeManifest,
};
use crate::fs::foreign;
use crate::language::Problem;
use crate::transaction::step::Attributes;

/// The tree.
#[derive(Debug, Clone)]
pub struct Tree {
    /// Where it is.
    pub path: PathBuf,
    /// Where it leads, if it is a symbolic link.
    pub link: Option<PathBuf>,
    /// `package.json`.
    pub package: Result<Package, Problem>,
    /// `openclaw.plugin.json`.
    pub manifest: Result<PluginManifest, Problem>,
    /// The root, the two fact files and the entries: what OpenClaw examines.
    pub examined: Vec<Examined>,
    /// Which release it is by its code, if it has a version.
    pub release: Option<Release>,
    /// What `dependencies` asks for, and what is there.
    pub dependencies: Vec<Dependency>,
    /// Where `node_modules/openclaw` really leads, if it is there.
    pub host_link: Option<PathBuf>,
    /// Its bytes on disk.
    pub bytes: u64,
}

/// One path that OpenClaw examines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// The path.
    pub path: PathBuf,
    /// How it stands; `None`: it is missing.
    pub attributes: Option<Attributes>,
    /// Its hard links, if it is a file.
    pub links: u64,
    /// It leads out of the tree.
    pub escapes: bool,
    /// It is the root or an entry: its mode and owner matter.
    pub decides: bool,
}

/// One npm dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The package.
    pub name: String,
    /// The range.
    pub declared: String,
    /// The version that Node would find.
    pub found: Option<String>,
}

impl Tree {
    /// Looks at the tree; `None` where nothing stands there.
    pub fn look(path: &Path, catalogue: &Catalogue) -> Option<Self> {
        let found = path.symlink_metadata().ok()?;
        let package = Package::parse(foreign::glance(&path.join(PACKAGE_JSON)).as_deref(), path);
        let manifest =
            PluginManifest::parse(foreign::glance(&path.join(PLUGIN_JSON)).as_deref(), path);
        let entries = entries(path, package.as_ref().ok());
        let facts = [PACKAGE_JSON, PLUGIN_JSON].map(str::to_owned);
        let mut examined = vec![examined(path, path, true)];
        examined.extend(facts.iter().map(|name| self::examined(path, &path.join(name), false)));
        examined.extend(entries.iter().map(|name| self::examined(path, &path.join(name), true)));
        Some(Self {
            link: found.is_symlink().then(|| fs::read_link(path).unwrap_or_default()),
            dependencies: package
                .as_ref()
                .map(|package| dependencies(path, package))
                .unwrap_or_default(),
            host_link: path.join(HOST_LINK).canonicalize().ok(),
            bytes: crate::transaction::generations::size_on_disk(path),
            release: release_of(path, catalogue),
            path: path.to_owned(),
            package,
            manifest,
            examined,
        })
    }
}

fn entries(path: &Path, package: Option<&Package>) -> Vec<String> {
    match package.map(|package| &package.entries) {
        Some(entries) if !entries.is_empty() => {
            entries.iter().map(|entry| entry.trim_start_matches("./").to_owned()).collect()
        }
        _ => {
            let found = DEFAULT_ENTRIES.iter().find(|name| path.join(name).exists());
            vec![(*found.unwrap_or(&DEFAULT_ENTRIES[0])).to_owned()]
        }
    }
}

fn examined(root: &Path, path: &Path, decides: bool) -> Examined {
    let metadata = path.metadata().ok();
    let real = path.canonicalize().ok().zip(root.canonicalize().ok());
    Examined {
        path: path.to_owned(),
        attributes: metadata.as_ref().map(Attributes::from),
        links: metadata.as_ref().filter(|found| found.is_file()).map_or(1, MetadataExt::nlink),
        escapes: real.is_some_and(|(real, root)| !real.starts_with(root)),
        decides,
    }
}

fn dependencies(path: &Path, package: &Package) -> Vec<Dependency> {
    // OpenClaw gives itself to its plugins: no copy in the tree is needed
    let own = package.dependencies.iter().filter(|(name, _)| *name != "openclaw");
    own.map(|(name, declared)| Dependency {
        name: name.clone(),
        declared: declared.clone(),
        found: version_found(path, name),
    })
    .collect()
}

/// The `node_modules` of the tree, and those above it, as Node looks for a package.
fn version_found(path: &Path, name: &str) -> Option<String> {
    path.ancestors().find_map(|above| {
        let package = foreign::json(&above.join(NODE_MODULES).join(name).join(PACKAGE_JSON))?;
        Some(package["version"].as_str().unwrap_or("?").to_owned())
    })
}

/// The connector tree that is live.
#[derive(Debug)]
pub struct LiveTree {
    /// Version in its `package.json`, if it has one.
    pub version: Option<String>,
    /// The schema that its manifest has for the channel block, if it has one.
    pub channel_schema: Option<Json>,
    /// Everything in it.
    pub manifest: TreeManifest,
}

impl LiveTree {
    /// Which release it is by its code.
    pub fn release(&self, catalogue: &Catalogue) -> Option<Release> {
        catalogue.release(self.version.as_deref()?, |path| self.manifest.sha256(path))
    }

    /// The version for people.
    pub fn shown_version(&self) -> String {
        self.version.clone().unwrap_or_else(|| "?".to_owned())
    }
}

/// The version that a tree's `package.json` tells.
pub fn version_of(tree: &Path) -> Option<String> {
    foreign::json(&tree.join(PACKAGE_JSON))?["version"].as_str().map(str::to_owned)
}

/// Which release a tree is by its code.
pub fn release_of(tree: &Path, catalogue: &Catalogue) -> Option<Release> {
    let digest = |path: &str| Some(Sha256::of(&foreign::glance(&tree.join(path))?));
    catalogue.release(&version_of(tree)?, digest)
}

/// The schema of the channel block in a tree's manifest; a manifest that `OpenClaw` could not use
/// rules nothing.
pub fn channel_schema_of(tree: &Path) -> Option<Json> {
    let bytes = foreign::glance(&tree.join(PLUGIN_JSON))?;
    PluginManifest::parse(Some(&bytes), tree).ok()?.channel_schema
}

/// What a damaged connector could be made whole from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepairSource {
    /// A payload on this machine: proven to be what was installed, or, where nothing is recorded,
    /// the newest that fits. Looked for only where the tree needs one.
    pub stock: Option<LocalPayload>,
    /// A payload that would be such a one, if its npm dependencies could be fetched now.
    pub needs_npm: Option<PathBuf>,
    /// Why such a payload cannot be adapted as this OpenClaw needs it.
    pub unfit: Option<Problem>,
    /// Paths of the tree whose permissions are other than recorded: how they stand, and how they
    /// stood. Empty where anything else is other, too, or where this user may not change them.
    pub modes: Vec<(PathBuf, Attributes, Attributes)>,
    /// Whether npm could fetch dependencies.
    pub npm: Npm,
    /// Whether this user may move the tree that stands there: a directory can be renamed into
    /// another one only by its owner.
    pub movable: bool,
}

/// Whether npm could fetch dependencies, as far as this machine can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Npm {
    /// It is there, and may be used.
    There,
    /// `--offline`.
    Forbidden,
    /// There is none.
    #[default]
    Missing,
}

/// A payload on this machine from which the tree can be made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPayload {
    /// The directory or archive.
    pub place: PathBuf,
    /// Its identity: the deed refuses another one.
    pub digest: Sha256,
    /// The connector's version.
    pub version: String,
    /// Where its npm dependencies come from.
    pub modules: Modules,
    /// How it is adapted to this OpenClaw.
    pub refit: Refit,
}

/// Where the npm dependencies of the new tree come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Modules {
    /// From where the rest comes from; or there are none.
    Brought,
    /// From the live tree, where they are as they were recorded.
    Kept,
    /// From the registry, with these pins.
    Fetched {
        /// What is not left to npm's choice.
        pins: Vec<Pin>,
    },
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interrupt::Interrupt;
    use crate::progress::Unwatched;

    /// On the disk, and where the tree has been hashed.
    #[test]
    fn a_tree_is_the_release_whose_code_it_has() {
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join(PACKAGE_JSON), r#"{"version": "0.6.1"}"#).unwrap();
        fs::write(tree.path().join("plugin.ts"), "code").unwrap();
        let built_in = include_str!("../../packaging/compatibility.json");
        let mut catalogue: Json = serde_json::from_str(built_in).unwrap();
        let sha256 = Sha256::of(b"code").to_string();
        catalogue["programs"] = json!([
            {"connector": "0.7.0", "file": "plugin.ts", "sha256": sha256, "source": "tag v0.7.0"}
        ]);
        let catalogue: Catalogue = serde_json::from_value(catalogue).unwrap();
        let live = LiveTree {
            version: version_of(tree.path()),
            channel_schema: None,
            manifest: TreeManifest::scan(tree.path(), &Interrupt::never(), &Unwatched).unwrap(),
        };
        let looked = Tree::look(tree.path(), &catalogue).unwrap();
        for release in [looked.release, live.release(&catalogue)] {
            assert_eq!(release.unwrap().version.to_string(), "0.7.0");
        }
        assert_eq!(live.shown_version(), "0.6.1");
    }
}
