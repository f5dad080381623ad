//! SHA-256 values, lists of them as sha256sum(1) writes them, and whether one, or anything else, vouches
//! for a payload.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use super::entry::Limits;
use super::error;
use super::manifest::{Node, TreeManifest};
use super::reading::name_of;
use crate::fs::{exists, foreign};
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
    fn read_sidecar(path: &Path, archive: &Path) -> Result<Self, Problem> {
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
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The digest of the file called `name`, in whatever directory the list has it.
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
    fn expect_listed(&self, archive: &Path, found: Sha256) -> Result<(), Problem> {
        let expected = self
            .digest_of(&name_of(archive))
            .ok_or_else(|| error::not_listed(&self.path, archive))?;
        expect(archive, expected, found, Some(&self.path))
    }
}

/// An error if `file` has other content than `list`, or else the command line, says.
fn expect(
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

/// What the operator says about a payload's checksums, as options of the command line.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
#[command(next_help_heading = "Checksums")]
pub struct Checks {
    /// SHA-256 of the archive
    #[arg(long, value_name = "HEX")]
    pub sha256: Option<Sha256>,
    /// A list in the format of sha256sum(1)
    #[arg(long, value_name = "FILE")]
    pub checksums: Option<PathBuf>,
    // a checksum that is there must match all the same
    /// Install a connector that has no checksum at all
    #[arg(long)]
    pub allow_unverified: bool,
    /// How large the payload may be.
    #[arg(skip)]
    pub limits: Limits,
}

/// What vouched for a payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Verification {
    /// `--sha256`.
    Sha256,
    /// A list of checksums.
    Checksums {
        /// The list, absolute.
        list: PathBuf,
    },
    /// The registry's integrity value, which we checked ourselves.
    NpmIntegrity {
        /// `sha512-…`
        integrity: String,
    },
    /// Nothing; the operator allowed it.
    Nothing,
}

impl Checks {
    /// Checks an archive with the digest `found`: against everything that was given, or else
    /// against `<archive>.sha256` or `SHA256SUMS` beside it.
    pub(super) fn verify_archive(
        &self,
        archive: &Path,
        found: Sha256,
    ) -> Result<Verification, Problem> {
        if let Some(expected) = self.sha256 {
            expect(archive, expected, found, None)?;
        }
        let list = match (&self.checksums, self.sha256) {
            (Some(path), _) => Some(ChecksumList::read(path)?),
            (None, Some(_)) => None,
            (None, None) => list_beside(archive)?,
        };
        if let Some(list) = &list {
            list.expect_listed(archive, found)?;
        }
        self.verified_by(list.as_ref(), archive)
    }

    /// The list for a directory that was given, if it was.
    pub(super) fn list_for_directory(
        &self,
        directory: &Path,
    ) -> Result<Option<ChecksumList>, Problem> {
        if self.sha256.is_some() {
            return Err(error::sha256_needs_archive(directory));
        }
        let expected = self.checksums.is_some() || self.allow_unverified;
        if !expected && !exists(&directory.join(SHA256SUMS)).map_err(error::looking)? {
            return Err(error::unverified(directory));
        }
        self.checksums.as_deref().map(ChecksumList::read).transpose()
    }

    /// What vouches for a payload after all checksums have been found right.
    pub(super) fn verified_by(
        &self,
        list: Option<&ChecksumList>,
        payload: &Path,
    ) -> Result<Verification, Problem> {
        list.map(|list| Verification::Checksums { list: list.path().to_path_buf() })
            .or(self.sha256.map(|_| Verification::Sha256))
            .or(self.allow_unverified.then_some(Verification::Nothing))
            .ok_or_else(|| error::unverified(payload))
    }
}

/// The list beside an archive that says something about it.
fn list_beside(archive: &Path) -> Result<Option<ChecksumList>, Problem> {
    let mut sidecar = archive.as_os_str().to_os_string();
    sidecar.push(".sha256");
    let sidecar = PathBuf::from(sidecar);
    if exists(&sidecar).map_err(error::looking)? {
        return ChecksumList::read_sidecar(&sidecar, archive).map(Some);
    }
    let beside = archive.with_file_name(SHA256SUMS);
    if !exists(&beside).map_err(error::looking)? {
        return Ok(None);
    }
    // a list of other archives in the same directory says nothing about this one
    Ok(Some(ChecksumList::read(&beside)?)
        .filter(|list| list.digest_of(&name_of(archive)).is_some()))
}

/// A SHA-256 value: computed while bytes flow, written as lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// The value of bytes that are all there.
    pub fn of(bytes: &[u8]) -> Self {
        sha2::Sha256::new_with_prefix(bytes).into()
    }
}

impl From<sha2::Sha256> for Sha256 {
    fn from(hash: sha2::Sha256) -> Self {
        Self(hash.finalize().into())
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base16ct::lower::encode_string(&self.0))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sha256 {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut value = [0; 32];
        let decoded = base16ct::mixed::decode(text, &mut value).map(<[u8]>::len);
        let is_whole = decoded == Ok(value.len());
        is_whole.then_some(Self(value)).ok_or_else(|| say!("it is not 64 hexadecimal digits"))
    }
}

impl TryFrom<String> for Sha256 {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Sha256> for String {
    fn from(value: Sha256) -> Self {
        value.to_string()
    }
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

    #[test]
    fn hex_is_read_in_either_case_and_written_in_lower() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Sha256::of(b"").to_string(), empty);
        assert_eq!(empty.to_uppercase().parse(), Ok(Sha256::of(b"")));
        for wrong in ["", &empty[1..], &format!("{empty}0"), &empty.replace('e', "g"), "é"] {
            assert!(wrong.parse::<Sha256>().is_err(), "{wrong}");
        }
    }
}
