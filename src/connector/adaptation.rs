//! Small changes with which a connector answers on an `OpenClaw` that it was not made for. They come
//! from the catalogue, and are made in the copy that is being staged.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use semver::VersionReq;
use serde::{Deserialize, Serialize};

use super::Sha256;
use super::facts::{PACKAGE_JSON, Package};
use super::imports::{Exports, Import};
use super::manifest::{Node, TreeManifest};
use crate::fs::stage::{Stage, remove_tree};
use crate::language::{Localized, Problem};
use crate::openclaw::Version;
use crate::openclaw::document::{Document, Edit, KeyPath};

/// One adaptation of the catalogue; `docs/COMPATIBILITY.md` describes the form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Adaptation {
    /// What measured cells call it.
    pub(super) id: String,
    pub(super) connector: VersionReq,
    pub(super) openclaw: VersionReq,
    #[serde(default)]
    imports: Vec<Redirect>,
    /// Keys of `package.json` that go, with dots.
    #[serde(default)]
    metadata: Vec<String>,
}

/// An import that the host no longer exports, and where the same names are now.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Redirect {
    from: String,
    /// Names by the module that exports them.
    to: BTreeMap<String, Vec<String>>,
}

/// A connector as it came from its maker.
pub struct Original<'a> {
    /// What the modules that its entries lead to import.
    pub imports: &'a BTreeMap<String, Vec<Import>>,
    /// A file's text, if there is such a file.
    pub text: &'a dyn Fn(&str) -> Option<String>,
    /// Its `package.json`.
    pub package: &'a Package,
}

/// One file of a tree that is adapted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Relative to the tree's root.
    pub path: String,
    /// Its text before; `None`: it is added.
    pub old: Option<String>,
    /// Its text then; `None`: it goes.
    pub new: Option<String>,
}

/// The host that a connector is adapted for.
#[derive(Debug, Clone, Copy)]
pub struct Host<'a> {
    /// Its version.
    pub version: Version,
    /// What it exports, where that can be read.
    pub exports: Option<&'a Exports>,
}

impl Adaptation {
    /// What it changes: nothing where the host still exports what is imported. An error where it
    /// would have to guess.
    pub fn changes(
        &self,
        connector: &Original<'_>,
        host: Host<'_>,
    ) -> Result<Vec<Change>, Problem> {
        let refused = |why: String| refusal(&connector.package.version, host.version, &why);
        let mut changes = BTreeMap::new();
        for redirect in &self.imports {
            redirect.apply(connector, host, &mut changes).map_err(refused)?;
        }
        let package = (connector.text)(PACKAGE_JSON).filter(|_| !self.metadata.is_empty());
        if let Some(old) = package {
            let keys = self.metadata.iter().map(|key| key.split('.').collect::<Vec<_>>());
            let edits: Vec<_> = keys.map(|key| Edit::remove(KeyPath::from(&key[..]))).collect();
            let parsed = Document::parse(Path::new(PACKAGE_JSON), old.as_bytes());
            let edited = parsed
                .and_then(|document| document.edit(&edits))
                .map_err(|_| refused(say!("{file} cannot be edited", file = PACKAGE_JSON)))?;
            let new = String::from_utf8_lossy(edited.bytes()).into_owned();
            changes.insert(PACKAGE_JSON.to_owned(), (Some(old), new));
        }
        let others = changes.into_iter().filter(|(_, (old, new))| old.as_ref() != Some(new));
        Ok(others.map(|(path, (old, new))| Change { path, old, new: Some(new) }).collect())
    }
}

impl Redirect {
    fn apply(
        &self,
        connector: &Original<'_>,
        host: Host<'_>,
        changes: &mut BTreeMap<String, (Option<String>, String)>,
    ) -> Result<(), String> {
        let is_meant = |import: &&Import| import.specifier == self.from && !import.types_only;
        let users =
            connector.imports.iter().filter(|(_, imports)| imports.iter().any(|i| is_meant(&i)));
        let users: Vec<_> = users.collect();
        if users.is_empty() || self.is_exported_all_the_same(host)? {
            return Ok(());
        }
        self.prove(host)?;
        for (path, imports) in users {
            let text = (connector.text)(path).ok_or_else(|| say!("{path} cannot be read", path))?;
            let (folder, name) =
                path.rsplit_once('/').map_or(("", &**path), |(folder, name)| (folder, name));
            let end = name.rsplit_once('.').map_or("js", |(_, end)| end);
            let last = self.from.rsplit('/').next().unwrap_or_default();
            let beside = format!("openclaw-setup-{last}.{end}");
            let mut new = text.clone();
            for import in imports.iter().filter(is_meant).rev() {
                self.cover(import)?;
                new.replace_range(import.place.clone(), &format!("./{beside}"));
            }
            changes.insert(path.clone(), (Some(text), new));
            let added = if folder.is_empty() { beside } else { format!("{folder}/{beside}") };
            let old = (connector.text)(&added);
            changes.insert(added, (old, self.module()));
        }
        Ok(())
    }

    fn is_exported_all_the_same(&self, host: Host<'_>) -> Result<bool, String> {
        let exports = host.exports.ok_or_else(|| say!("what OpenClaw exports cannot be read"))?;
        Ok(exports.has(&self.from))
    }

    /// The host has what is led to.
    fn prove(&self, host: Host<'_>) -> Result<(), String> {
        let (from, exports) = (&self.from, host.exports);
        for (module, names) in &self.to {
            if !exports.is_some_and(|exports| exports.has(module)) {
                return Err(say!(
                    "this OpenClaw exports neither {from} nor {module}",
                    from,
                    module
                ));
            }
            let exported = exports.and_then(|exports| exports.names(module));
            let lacks =
                |name: &&String| exported.as_ref().is_some_and(|known| !known.contains(*name));
            if let Some(name) = names.iter().find(lacks) {
                return Err(say!("{module} of this OpenClaw does not export {name}", module, name));
            }
        }
        Ok(())
    }

    /// Every name that is taken, as far as it can be read, is among those that are led.
    fn cover(&self, import: &Import) -> Result<(), String> {
        let mut taken = import.names.iter().flatten();
        let unknown = taken.find(|name| !self.to.values().flatten().any(|known| known == *name));
        unknown.map_or(Ok(()), |name| {
            let from = &self.from;
            Err(say!(
                "it takes {name} from {from}, and nobody has measured where that is now",
                name,
                from
            ))
        })
    }

    /// The file beside those that imported the old module.
    fn module(&self) -> String {
        let line = |(module, names): (&String, &Vec<String>)| {
            format!("export {{ {} }} from \"{module}\";\n", names.join(", "))
        };
        let from = &self.from;
        let head = format!("// Added by openclaw-setup: this OpenClaw no longer exports {from}.\n");
        self.to.iter().map(line).fold(head, |text, line| text + &line)
    }
}

fn refusal(connector: &str, openclaw: Version, why: &str) -> Problem {
    let message = say!(
        "connector {connector} cannot be adapted for OpenClaw {openclaw}: {why}",
        connector,
        openclaw,
        why
    );
    let hint = say!("To install this one as it comes: --no-adapt --force-incompatible");
    Problem::new("compat.adaptation", message, hint)
}

/// How a tree was adapted, as our record keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adapted {
    /// The OpenClaw that it was made for.
    pub openclaw: String,
    /// The files that are not as they came, each with the text that it came with.
    pub changed: BTreeMap<String, String>,
    /// The files that did not come with it.
    pub added: BTreeSet<String>,
}

impl Adapted {
    /// What is recorded of these changes; `None` where there are none.
    pub fn of(changes: &[Change], openclaw: Version) -> Option<Self> {
        let is_added = |change: &&Change| change.old.is_none();
        let original = |change: &Change| Some((change.path.clone(), change.old.clone()?));
        (!changes.is_empty()).then(|| Self {
            openclaw: openclaw.to_string(),
            changed: changes.iter().filter_map(original).collect(),
            added: changes.iter().filter(is_added).map(|change| change.path.clone()).collect(),
        })
    }

    /// How much it is.
    pub fn extent(&self) -> Extent {
        let (openclaw, changed, added) =
            (self.openclaw.clone(), self.changed.len(), self.added.len());
        Extent { openclaw, changed, added }
    }

    /// A file's text as it came, `now` being what stands there.
    pub fn original(&self, path: &str, now: impl FnOnce(&str) -> Option<String>) -> Option<String> {
        let is_ours = self.added.contains(path);
        self.changed.get(path).cloned().or_else(|| now(path).filter(|_| !is_ours))
    }

    /// A tree as it came.
    pub fn undone_in(&self, tree: &TreeManifest) -> TreeManifest {
        let original = |path: &str, node: &Node| match (node, self.changed.get(path)) {
            (Node::File { mode, .. }, Some(text)) => Node::File {
                size: text.len() as u64,
                sha256: Sha256::of(text.as_bytes()),
                mode: *mode,
            },
            _ => node.clone(),
        };
        let came = tree.iter().filter(|(path, _)| !self.added.contains(*path));
        came.map(|(path, node)| (path, original(path, node))).collect()
    }
}

/// How much of a tree is adapted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// The OpenClaw that it was made for.
    pub openclaw: String,
    /// How many files are not as they came.
    pub changed: usize,
    /// How many did not come.
    pub added: usize,
}

impl Localized for Extent {
    fn text(&self) -> String {
        let Self { openclaw, changed, added } = self;
        say_count!(
            *changed,
            "adapted for OpenClaw {openclaw}: {changed} file changed, {added} added",
            "adapted for OpenClaw {openclaw}: {changed} files changed, {added} added",
            openclaw,
            changed,
            added
        )
    }
}

/// What a tree lacks to be adapted as it shall be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refit {
    /// From how it stands.
    pub changes: Vec<Change>,
    /// What is to be recorded then; `None`: it is as it came.
    pub adapted: Option<Adapted>,
}

impl Refit {
    /// That of a tree as it came.
    pub fn of(changes: &[Change], openclaw: Option<Version>) -> Self {
        let adapted = openclaw.and_then(|openclaw| Adapted::of(changes, openclaw));
        Self { changes: changes.to_vec(), adapted }
    }
}

/// The changes that take a tree which was adapted as `now`, or not at all, to how it shall be
/// adapted; `text` is what stands there.
pub fn due(
    now: Option<&Adapted>,
    wanted: &[Change],
    text: &dyn Fn(&str) -> Option<String>,
) -> Vec<Change> {
    let was = now.into_iter().flat_map(|now| now.changed.keys().chain(&now.added));
    let paths: BTreeSet<&String> = wanted.iter().map(|change| &change.path).chain(was).collect();
    let change = |path: &String| {
        let (old, wanted) = (text(path), wanted.iter().find(|change| change.path == *path));
        let new = wanted.map_or_else(
            || now.and_then(|now| now.changed.get(path).cloned()),
            |wanted| wanted.new.clone(),
        );
        (old != new).then(|| Change { path: path.clone(), old, new })
    };
    paths.into_iter().filter_map(change).collect()
}

/// Makes the changes in a tree that is being staged.
pub fn make(changes: &[Change], stage: &mut Stage) -> Result<(), Problem> {
    for change in changes {
        let (path, place) = (Path::new(&change.path), stage.path().join(&change.path));
        let executable =
            place.metadata().is_ok_and(|found| found.permissions().mode() & 0o111 != 0);
        remove_tree(stage.as_fd(), path, &place)?;
        if let Some(text) = &change.new {
            let mut file = stage.file(path, executable)?;
            file.write(text.as_bytes())?;
            file.finish();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
