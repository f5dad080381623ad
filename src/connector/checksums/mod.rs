//! Lists of checksums as sha256sum(1) writes them, and what they prove about a tree.

mod error;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use error::ChecksumError;

use super::digest::Sha256;
use super::manifest::{Node, TreeManifest};

/// The name of a list that travels with a payload. It is proof, not content: never installed.
pub const SHA256SUMS: &str = "SHA256SUMS";

/// A parsed list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChecksumList {
    path: PathBuf,
    digests: BTreeMap<String, Sha256>,
}

impl ChecksumList {
    /// Parses the list at the absolute path `path`.
    ///
    /// Understood are text and binary marks, names escaped with a backslash, CRLF, empty lines
    /// and `#` comments. `./` in front of a name is dropped. A line that is anything else, or a
    /// second digest for one name, is an error: a list that is only half understood proves nothing.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ChecksumError> {
        let bad = |line| ChecksumError::BadLine { list: path.to_path_buf(), line };
        let mut digests = BTreeMap::new();
        let bytes = without_mark(bytes);
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let (name, digest) = std::str::from_utf8(line)
                .ok()
                .and_then(parse_line)
                .ok_or_else(|| bad(index + 1))?;
            if digests.insert(name, digest).is_some_and(|earlier| earlier != digest) {
                return Err(bad(index + 1));
            }
        }
        Ok(Self { path: path.to_path_buf(), digests })
    }

    /// The list of one archive: like [`Self::parse`], but it may also hold nothing but a digest.
    pub fn parse_sidecar(path: &Path, bytes: &[u8], archive: &Path) -> Result<Self, ChecksumError> {
        let bare =
            std::str::from_utf8(without_mark(bytes)).ok().and_then(|text| text.trim().parse().ok());
        let name = archive.file_name().map(|name| name.to_string_lossy().into_owned());
        match (bare, name) {
            (Some(digest), Some(name)) => {
                Ok(Self { path: path.to_path_buf(), digests: BTreeMap::from([(name, digest)]) })
            }
            _ => Self::parse(path, bytes),
        }
    }

    /// Where the list lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The digest of the file called `name`, in whatever directory the list has it.
    #[must_use]
    pub fn digest_of(&self, name: &str) -> Option<Sha256> {
        self.digests.get(name).copied().or_else(|| {
            let mut same = self
                .digests
                .iter()
                .filter(|(path, _)| path.rsplit_once('/').is_some_and(|(_, last)| last == name));
            // two files of that name in two directories: which one is meant?
            same.next().filter(|_| same.next().is_none()).map(|(_, digest)| *digest)
        })
    }

    /// Checks a tree: every listed file is there and matches, and every regular file is listed.
    ///
    /// `payload` is the tree's absolute path, for messages.
    pub fn verify(&self, tree: &TreeManifest, payload: &Path) -> Result<(), ChecksumError> {
        for (name, expected) in &self.digests {
            let file = || payload.join(name);
            match tree.get(name) {
                Some(Node::File { sha256, .. }) if sha256 == expected => {}
                Some(Node::File { sha256, .. }) => {
                    return Err(ChecksumError::Wrong {
                        file: file(),
                        expected: *expected,
                        found: *sha256,
                        said_by: Some(self.path.clone()),
                    });
                }
                // the list itself is left out of the tree
                _ if name == SHA256SUMS => {}
                _ => return Err(ChecksumError::Absent { list: self.path.clone(), file: file() }),
            }
        }
        let unlisted = tree.iter().find(|(name, node)| {
            matches!(node, Node::File { .. }) && !self.digests.contains_key(*name)
        });
        unlisted.map_or(Ok(()), |(name, _)| {
            Err(ChecksumError::Unlisted { list: self.path.clone(), file: payload.join(name) })
        })
    }
}

/// Editors on Windows put a byte order mark in front.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes)
}

fn parse_line(line: &str) -> Option<(String, Sha256)> {
    let (escaped, line) = line.strip_prefix('\\').map_or((false, line), |line| (true, line));
    let (digest, rest) = line.split_at_checked(64)?;
    let name = rest.strip_prefix("  ").or_else(|| rest.strip_prefix(" *"))?;
    let name = if escaped { unescape(name)? } else { name.to_string() };
    let name = name.trim_start_matches("./");
    (!name.is_empty()).then_some(())?;
    Some((name.to_string(), digest.parse().ok()?))
}

fn unescape(name: &str) -> Option<String> {
    let mut plain = String::new();
    let mut characters = name.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next()? {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            other => other,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Permissions;
    use super::*;

    fn hex(content: &str) -> String {
        Sha256::of(content.as_bytes()).to_string()
    }

    fn parse(text: &str) -> Result<ChecksumList, ChecksumError> {
        ChecksumList::parse(Path::new("/p/SHA256SUMS"), text.as_bytes())
    }

    #[test]
    fn every_form_that_sha256sum_writes_is_read() {
        let digest = hex("x");
        let list = parse(&format!(
            "\u{feff}# made by hand\r\n{digest}  plain name.ts\r\n\n{digest} *binary\n\
             \\{digest}  back\\\\slash\\nline\n{}  ./dotted/中文",
            digest.to_uppercase()
        ))
        .unwrap();
        let names: Vec<_> = list.digests.keys().map(String::as_str).collect();
        assert_eq!(names, ["back\\slash\nline", "binary", "dotted/中文", "plain name.ts"]);
    }

    #[test]
    fn what_is_not_understood_is_an_error_with_its_line() {
        let (one, two) = (hex("1"), hex("2"));
        for text in [
            format!("{one}  a\n{one} a"),
            format!("{one}  a\n{}  b", &one[1..]),
            format!("{one}  a\nSHA256 (b) = {one}"),
            format!("{one}  a\n{two}  a"),
            format!("{one}  a\n\\{one}  b\\x"),
            format!("{one}  a\n{one}  "),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(matches!(error, ChecksumError::BadLine { line: 2, .. }), "{text}: {error:?}");
        }
    }

    #[test]
    fn a_list_proves_exactly_the_tree_that_it_names() {
        let mut tree = TreeManifest::default();
        for name in ["a", "d/b"] {
            let sha256 = Sha256::of(name.as_bytes());
            let node = Node::File { size: 1, sha256, mode: Permissions::PLAIN };
            tree.insert(name.into(), node);
        }
        tree.insert("link".into(), Node::Symlink { target: "a".into() });
        let (a, b) = (hex("a"), hex("d/b"));
        let verify = |text: String| {
            parse(&text).unwrap().verify(&tree, Path::new("/p")).map_err(|error| match error {
                ChecksumError::Wrong { file, .. } => ("wrong", file),
                ChecksumError::Absent { file, .. } => ("absent", file),
                ChecksumError::Unlisted { file, .. } => ("unlisted", file),
                other => panic!("{other:?}"),
            })
        };
        assert_eq!(verify(format!("{a}  a\n{b}  d/b\n{a}  SHA256SUMS\n")), Ok(()));
        assert_eq!(verify(format!("{a}  a\n{a}  d/b\n")), Err(("wrong", "/p/d/b".into())));
        assert_eq!(verify(format!("{a}  a\n")), Err(("unlisted", "/p/d/b".into())));
        assert_eq!(verify(format!("{a}  a\n{b}  d/b\n{a}  c\n")), Err(("absent", "/p/c".into())));
        assert_eq!(
            verify(format!("{a}  a\n{b}  d/b\n{a}  link\n")),
            Err(("absent", "/p/link".into()))
        );
    }

    #[test]
    fn an_archive_is_found_by_its_name_in_any_directory_of_the_list() {
        let (one, two) = (hex("1"), hex("2"));
        let text = format!("{one}  dist/c.tgz\n{two}  x/d.tgz\n{one}  y/d.tgz\n{two}  e.tgz\n");
        let list = parse(&text).unwrap();
        assert_eq!(list.digest_of("c.tgz").map(String::from), Some(one.clone()));
        assert_eq!(list.digest_of("e.tgz").map(String::from), Some(two));
        assert_eq!(list.digest_of("d.tgz"), None);
        let path = Path::new("/p/c.tgz.sha256");
        let bare = ChecksumList::parse_sidecar(path, one.as_bytes(), Path::new("/p/c.tgz"));
        assert_eq!(bare.unwrap().digest_of("c.tgz").map(String::from), Some(one));
    }
}
