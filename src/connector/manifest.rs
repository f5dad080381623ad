//! The tree manifest: what a connector tree consists of, and how another one deviates from it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use sha2::Digest as _;

use super::checksums::Sha256;
use crate::language::Localized;

/// The path of the tree's root in a manifest.
pub const ROOT: &str = ".";

/// Permission bits, written in octal as `0755`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Permissions(pub u32);

impl Permissions {
    /// Directories and executable files as we install them.
    pub const OPEN: Self = Self(0o755);
    /// Other files as we install them.
    pub const PLAIN: Self = Self(0o644);

    /// The permissions in a mode as the system tells it.
    pub fn of_raw(mode: u32) -> Self {
        Self(mode & 0o7777)
    }

    /// The permissions that we give a file.
    pub fn of_file(executable: bool) -> Self {
        if executable { Self::OPEN } else { Self::PLAIN }
    }

    /// Whether anybody may execute it.
    pub fn executable(self) -> bool {
        self.0 & 0o111 != 0
    }
}

impl TryFrom<String> for Permissions {
    type Error = std::num::ParseIntError;

    fn try_from(octal: String) -> Result<Self, Self::Error> {
        u32::from_str_radix(&octal, 8).map(Self)
    }
}

impl From<Permissions> for String {
    fn from(permissions: Permissions) -> Self {
        format!("{:04o}", permissions.0)
    }
}

/// What one path of a tree is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Node {
    /// A regular file.
    File {
        /// Length in bytes.
        size: u64,
        /// Its content.
        sha256: Sha256,
        /// Its permission bits.
        mode: Permissions,
    },
    /// A directory.
    Directory {
        /// Its permission bits.
        mode: Permissions,
    },
    /// A symbolic link.
    Symlink {
        /// Where it leads, as it is written in the link.
        target: String,
    },
    /// A device, socket or FIFO: never installed by us, but a scan may find one.
    Special,
}

/// How one path of a tree differs from its manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Difference {
    /// In the manifest, not in the tree.
    Missing,
    /// In the tree, not in the manifest.
    Extra,
    /// A file with other content.
    Changed,
    /// Other permission bits.
    Mode,
    /// A file where a directory was, or the like.
    Type,
    /// A symbolic link that leads elsewhere.
    Target,
}

impl Localized for Difference {
    fn text(&self) -> String {
        match self {
            Self::Missing => say!("missing"),
            Self::Extra => say!("extra"),
            Self::Changed => say!("changed"),
            Self::Mode => say!("permissions changed"),
            Self::Type => say!("type changed"),
            Self::Target => say!("link target changed"),
        }
    }
}

/// One difference between a tree and its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deviation {
    /// The path, relative to the tree's root.
    pub path: String,
    /// What is different.
    pub kind: Difference,
}

/// Everything in a tree, by path relative to its root (which is `.`), sorted by path.
///
/// As JSON it is one object with a member for each path. It may be long, so copies share it until one
/// is changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TreeManifest {
    nodes: Arc<BTreeMap<Box<str>, Node>>,
}

impl TreeManifest {
    /// What is at `path`.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// The digest of the file at `path`.
    pub fn sha256(&self, path: &str) -> Option<Sha256> {
        match self.get(path)? {
            Node::File { sha256, .. } => Some(*sha256),
            _ => None,
        }
    }

    /// Every path with what it is, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (&**path, node))
    }

    /// Notes what is at `path`.
    pub fn insert(&mut self, path: String, node: Node) {
        Arc::make_mut(&mut self.nodes).insert(path.into(), node);
    }

    /// Forgets `path`.
    pub fn remove(&mut self, path: &str) -> Option<Node> {
        Arc::make_mut(&mut self.nodes).remove(path)
    }

    /// The sizes of the regular files.
    pub fn sizes(&self) -> impl Iterator<Item = u64> {
        self.nodes.values().filter_map(|node| match node {
            Node::File { size, .. } => Some(*size),
            _ => None,
        })
    }

    /// One value for the tree as a whole: SHA-256 over the sorted paths with their type, mode,
    /// size and content. It depends on nothing else, in particular not on time or owner.
    pub fn digest(&self) -> Sha256 {
        let mut hash = sha2::Sha256::new();
        for (path, node) in self.iter() {
            let line = match node {
                Node::File { size, sha256, mode } => {
                    format!("file {:04o} {size} {sha256} {path}", mode.0)
                }
                Node::Directory { mode } => format!("directory {:04o} {path}", mode.0),
                Node::Symlink { target } => format!("symlink {path}\0{target}"),
                Node::Special => format!("special {path}"),
            };
            hash.update(line.as_bytes());
            // no path and no link target can hold a NUL
            hash.update(b"\0");
        }
        hash.into()
    }

    /// This manifest with one part as `other` has it: the path `part`, what lies beneath it, and
    /// the directories above it.
    #[must_use]
    pub fn with_part_of(&self, other: &Self, part: &str) -> Self {
        let is_within = |path: &str| Path::new(path).starts_with(part);
        let is_above = |path: &str| path != ROOT && Path::new(part).starts_with(path);
        let rest = self.iter().filter(|(path, _)| !is_within(path));
        let new = other.iter().filter(|(path, _)| is_within(path) || is_above(path));
        rest.chain(new).map(|(path, node)| (path, node.clone())).collect()
    }

    /// How `found` differs from this manifest, sorted by path. Empty means: the same tree.
    pub fn deviations(&self, found: &Self) -> Vec<Deviation> {
        let extra = found.nodes.keys().filter(|path| self.get(path).is_none());
        let mut deviations: Vec<_> = self
            .nodes
            .keys()
            .chain(extra)
            .flat_map(|path| {
                let kinds = differences(self.get(path), found.get(path));
                kinds.map(|kind| Deviation { path: path.to_string(), kind })
            })
            .collect();
        deviations.sort_by(|one, other| one.path.cmp(&other.path));
        deviations
    }
}

impl<P: Into<Box<str>>> FromIterator<(P, Node)> for TreeManifest {
    fn from_iter<I: IntoIterator<Item = (P, Node)>>(nodes: I) -> Self {
        Self {
            nodes: Arc::new(nodes.into_iter().map(|(path, node)| (path.into(), node)).collect()),
        }
    }
}

fn differences(expected: Option<&Node>, found: Option<&Node>) -> impl Iterator<Item = Difference> {
    use Node::{Directory, File, Special, Symlink};
    let differences = match (expected, found) {
        (_, None) => [Some(Difference::Missing), None],
        (None, _) => [Some(Difference::Extra), None],
        (
            Some(File { size, sha256, mode }),
            Some(File { size: other_size, sha256: other_sha256, mode: other_mode }),
        ) => {
            let is_changed = (size, sha256) != (other_size, other_sha256);
            let is_other = mode != other_mode;
            [is_changed.then_some(Difference::Changed), is_other.then_some(Difference::Mode)]
        }
        (Some(Directory { mode }), Some(Directory { mode: other })) => {
            [(mode != other).then_some(Difference::Mode), None]
        }
        (Some(Symlink { target }), Some(Symlink { target: other })) => {
            [(target != other).then_some(Difference::Target), None]
        }
        (Some(Special), Some(Special)) => [None, None],
        _ => [Some(Difference::Type), None],
    };
    differences.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &str, mode: u32) -> Node {
        Node::File {
            size: content.len() as u64,
            sha256: Sha256::of(content.as_bytes()),
            mode: Permissions(mode),
        }
    }

    fn sample() -> TreeManifest {
        let mut tree = TreeManifest::default();
        tree.insert(ROOT.into(), Node::Directory { mode: Permissions::OPEN });
        tree.insert("a.ts".into(), file("one", 0o644));
        tree.insert("bin".into(), Node::Directory { mode: Permissions::OPEN });
        tree.insert("bin/x".into(), file("two", 0o755));
        tree.insert("link".into(), Node::Symlink { target: "a.ts".into() });
        tree
    }

    #[test]
    fn each_kind_of_difference_is_told_by_its_name() {
        type Edit = fn(&mut TreeManifest);
        let cases: [(Edit, &str, Difference); 8] = [
            (|tree| drop(tree.remove("a.ts")), "a.ts", Difference::Missing),
            (|tree| tree.insert("z".into(), Node::Special), "z", Difference::Extra),
            (|tree| tree.insert("a.ts".into(), file("0ne", 0o644)), "a.ts", Difference::Changed),
            (|tree| tree.insert("a.ts".into(), file("one", 0o600)), "a.ts", Difference::Mode),
            (
                |tree| tree.insert(ROOT.into(), Node::Directory { mode: Permissions(0o777) }),
                ROOT,
                Difference::Mode,
            ),
            (|tree| tree.insert("link".into(), file("one", 0o644)), "link", Difference::Type),
            (|tree| tree.insert("bin".into(), Node::Special), "bin", Difference::Type),
            (
                |tree| tree.insert("link".into(), Node::Symlink { target: "bin/x".into() }),
                "link",
                Difference::Target,
            ),
        ];
        assert_eq!(sample().deviations(&sample()), []);
        for (edit, path, kind) in cases {
            let mut found = sample();
            edit(&mut found);
            assert_eq!(sample().deviations(&found), [Deviation { path: path.into(), kind }]);
            assert_ne!(sample().digest(), found.digest(), "{path} {kind:?}");
        }
    }

    #[test]
    fn one_part_is_taken_from_another_tree() {
        let mut other = sample();
        other.insert("a.ts".into(), file("their own", 0o644));
        other.insert("bin/openclaw".into(), Node::Symlink { target: "/usr".into() });
        other.insert("new/below".into(), Node::Special);
        let mut expected = sample();
        expected.insert("bin/openclaw".into(), Node::Symlink { target: "/usr".into() });
        assert_eq!(sample().with_part_of(&other, "bin/openclaw"), expected);
        other.remove("bin/x");
        expected.remove("bin/x");
        assert_eq!(sample().with_part_of(&other, "bin"), expected);
    }

    #[test]
    fn content_and_mode_are_told_apart() {
        let mut found = sample();
        found.insert("bin/x".into(), file("three", 0o644));
        let kinds: Vec<_> = sample().deviations(&found).iter().map(|d| d.kind).collect();
        assert_eq!(kinds, [Difference::Changed, Difference::Mode]);
    }

    #[test]
    fn json_keeps_everything() {
        let json = serde_json::to_string(&sample()).unwrap();
        assert!(json.contains(r#""bin/x":{"type":"file","size":3,"#), "{json}");
        assert!(json.contains(r#""mode":"0755""#), "{json}");
        assert_eq!(serde_json::from_str::<TreeManifest>(&json).unwrap(), sample());
        assert_eq!(sample().sizes().collect::<Vec<_>>(), [3, 3]);
    }
}
