//! Lists of checksums as sha256sum(1) writes them, and what they prove about a tree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::digest::Sha256;
use super::error;
use super::manifest::{Node, TreeManifest};
use super::reading::name_of;
use crate::fs::foreign;
use crate::language::Problem;

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
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Problem> {
        let bad = |line| error::bad_checksum_line(path, line);
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

    /// Reads the list at `path`.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let path = std::path::absolute(path).map_err(error::reading(path))?;
        Self::parse(&path, &read(&path)?)
    }

    /// Reads the list of one archive, which may also hold nothing but a digest.
    pub(super) fn read_sidecar(path: &Path, archive: &Path) -> Result<Self, Problem> {
        let bytes = read(path)?;
        let text = std::str::from_utf8(without_mark(&bytes)).unwrap_or_default();
        match text.trim().parse() {
            Ok(digest) => {
                let digests = BTreeMap::from([(name_of(archive), digest)]);
                Ok(Self { path: path.to_path_buf(), digests })
            }
            Err(_) => Self::parse(path, &bytes),
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
    pub fn verify(&self, tree: &TreeManifest, payload: &Path) -> Result<(), Problem> {
        for (name, expected) in &self.digests {
            let file = payload.join(name);
            match tree.get(name) {
                Some(Node::File { sha256, .. }) => {
                    expect(&file, *expected, *sha256, Some(&self.path))?;
                }
                // the list itself is left out of the tree
                _ if name == SHA256SUMS => {}
                _ => return Err(error::listed_but_missing(&self.path, &file)),
            }
        }
        let unlisted = tree.iter().find(|(name, node)| {
            matches!(node, Node::File { .. }) && !self.digests.contains_key(*name)
        });
        unlisted.map_or(Ok(()), |(name, _)| Err(error::not_listed(&self.path, &payload.join(name))))
    }

    /// Checks an archive, which must be listed.
    pub(super) fn expect_listed(&self, archive: &Path, found: Sha256) -> Result<(), Problem> {
        let expected = self
            .digest_of(&name_of(archive))
            .ok_or_else(|| error::not_listed(&self.path, archive))?;
        expect(archive, expected, found, Some(&self.path))
    }
}

/// An error if `file` has other content than `list`, or else the command line, says.
pub(super) fn expect(
    file: &Path,
    expected: Sha256,
    found: Sha256,
    list: Option<&Path>,
) -> Result<(), Problem> {
    if expected == found { Ok(()) } else { Err(error::wrong_digest(file, found, expected, list)) }
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    foreign::read(path, foreign::LIST_LIMIT).map_err(error::looking)
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

    fn parse(text: &str) -> Result<ChecksumList, Problem> {
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
            assert_eq!(error.code, "payload.bad-checksum-line", "{text}");
            assert!(error.message.starts_with("/p/SHA256SUMS:2:"), "{text}: {error:?}");
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
        let verify = |text: String| parse(&text).unwrap().verify(&tree, Path::new("/p"));
        assert_eq!(verify(format!("{a}  a\n{b}  d/b\n{a}  SHA256SUMS\n")), Ok(()));
        for (text, code, file) in [
            (format!("{a}  a\n{a}  d/b\n"), "payload.wrong-digest", "/p/d/b"),
            (format!("{a}  a\n"), "payload.not-listed", "/p/d/b"),
            (format!("{a}  a\n{b}  d/b\n{a}  c\n"), "payload.listed-but-missing", "/p/c"),
            (format!("{a}  a\n{b}  d/b\n{a}  link\n"), "payload.listed-but-missing", "/p/link"),
        ] {
            let error = verify(text).unwrap_err();
            assert_eq!(error.code, code);
            assert!(error.message.contains(file), "{error:?}");
        }
    }

    #[test]
    fn an_archive_is_found_by_its_name_in_any_directory_of_the_list() {
        let (one, two) = (hex("1"), hex("2"));
        let text = format!("{one}  dist/c.tgz\n{two}  x/d.tgz\n{one}  y/d.tgz\n{two}  e.tgz\n");
        let list = parse(&text).unwrap();
        assert_eq!(list.digest_of("c.tgz").map(String::from), Some(one.clone()));
        assert_eq!(list.digest_of("e.tgz").map(String::from), Some(two));
        assert_eq!(list.digest_of("d.tgz"), None);
    }
}
