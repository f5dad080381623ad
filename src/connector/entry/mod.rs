//! One entry of a payload as it stands in an archive or a directory, before it is believed; and what every
//! entry of every payload must satisfy.

pub(super) mod refusal;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::connector::manifest::{Node, TreeManifest};
use crate::language::Problem;

/// What an entry claims to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind<'a> {
    /// A regular file of so many bytes.
    File { size: u64 },
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink { target: &'a [u8] },
    /// Anything that no payload may bring, with the reason.
    Forbidden(fn() -> Problem),
}

/// An entry as the payload has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    /// Its path, any bytes.
    pub(super) name: &'a [u8],
    /// What it claims to be.
    pub(super) kind: Kind<'a>,
    /// Its permission bits; the type bits are not looked at.
    pub(super) mode: u32,
}

impl Entry<'_> {
    /// Whether anybody may execute it.
    pub(super) fn executable(&self) -> bool {
        self.mode & 0o111 != 0
    }
}

/// Somebody who is handed the entries of a payload one after the other.
pub(super) trait Receiver {
    /// Takes one entry, with its content if it is a file.
    fn take(&mut self, entry: &Entry<'_>, body: Body<'_>) -> Result<(), Problem>;
}

/// The content of an entry.
pub(super) enum Body<'a> {
    /// It has to be read before the next entry.
    Stream(&'a mut dyn Read),
    /// It may be read at any time.
    File(File),
    /// It is no file.
    Nothing,
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stream(stream) => stream.read(buffer),
            Self::File(file) => file.read(buffer),
            Self::Nothing => Ok(0),
        }
    }
}

/// What Linux file systems hold in one name, in bytes.
const NAME_MAX: usize = 255;
/// Well below `PATH_MAX`, because the tree's own path comes in front.
const PATH_LIMIT: usize = 2048;
/// Each level costs an open descriptor while a tree is walked.
const DEPTH_LIMIT: usize = 128;

/// The path beneath the tree's root, without `.` and doubled slashes. Empty for the root itself.
pub(super) fn clean(name: &[u8]) -> Result<String, Problem> {
    let name = text(name)?;
    if name.starts_with('/') {
        return Err(refusal::absolute_path());
    }
    let parts: Vec<&str> =
        name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err(refusal::parent_path());
    }
    let path = parts.join("/");
    let too_long = path.len() > PATH_LIMIT || parts.iter().any(|part| part.len() > NAME_MAX);
    if too_long || parts.len() > DEPTH_LIMIT {
        return Err(refusal::name_too_long());
    }
    Ok(path)
}

/// The text of a name or of a link's target, which may hold no control character.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| refusal::not_utf8())?;
    if text.chars().any(char::is_control) {
        return Err(refusal::control_character());
    }
    Ok(text)
}

/// Any name as text for a message: control characters and stray bytes become escapes, so that a
/// hostile name cannot steer the terminal.
pub(super) fn shown(name: &[u8]) -> String {
    let mut shown = String::new();
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                shown.extend(character.escape_default());
            } else {
                shown.push(character);
            }
        }
        shown.push_str(&chunk.invalid().escape_ascii().to_string());
    }
    shown
}

/// What Linux follows in one look-up.
const HOPS: usize = 40;
/// Steps for all links together: a few links can be written so that resolving them never ends.
const STEPS: usize = 4_000_000;

/// Refuses a tree in which a symbolic link leads out, be it by way of other links.
///
/// Purely textual normalisation is not enough: with `deep/up -> ..`, the link
/// `out -> deep/up/../x` looks as if it stayed inside.
pub(super) fn refuse_escapes(tree: &TreeManifest, payload: &Path) -> Result<(), Problem> {
    let mut steps = 0;
    for (path, node) in tree.iter() {
        let Node::Symlink { target } = node else { continue };
        resolve(tree, path, target, &mut steps)
            .map_err(|reason| refusal::of(payload, path.as_bytes(), reason))?;
    }
    Ok(())
}

fn resolve(
    tree: &TreeManifest,
    path: &str,
    target: &str,
    steps: &mut usize,
) -> Result<(), Problem> {
    let escapes = || refusal::symlink_escapes(target);
    let mut place = path.rsplit_once('/').map_or("", |(parent, _)| parent).to_string();
    let mut pending: Vec<&str> = Vec::new();
    let mut hops = 0;
    let mut next = Some(target);
    loop {
        if let Some(link) = next.take() {
            hops += 1;
            if link.starts_with('/') {
                return Err(escapes());
            }
            pending.extend(link.rsplit('/'));
        }
        let Some(part) = pending.pop() else { return Ok(()) };
        *steps += 1;
        if hops > HOPS || *steps > STEPS {
            return Err(refusal::symlink_loop(target));
        }
        match part {
            "" | "." => {}
            ".." if place.is_empty() => return Err(escapes()),
            ".." => place.truncate(place.rfind('/').unwrap_or(0)),
            name => {
                let parent = place.len();
                if parent > 0 {
                    place.push('/');
                }
                place.push_str(name);
                if let Some(Node::Symlink { target }) = tree.get(&place) {
                    next = Some(target);
                    place.truncate(parent);
                }
            }
        }
    }
}

const SET_ID_BITS: u32 = 0o6000;
/// All names together, in bytes: the validator remembers every one of them.
const NAMES_LIMIT: usize = 64 * 1024 * 1024;

/// How large a payload may be once unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// All files together, in bytes.
    pub total: u64,
    /// One file, in bytes.
    pub file: u64,
    /// Files, directories and links together.
    pub entries: usize,
}

impl Default for Limits {
    /// Ten times what the largest connector with all its dependencies has ever needed
    /// (0.8.0: 202 MB, 2,957 files; 734 MB, 37,332 files with a nested `openclaw`).
    fn default() -> Self {
        Self { total: 2 << 30, file: 1 << 30, entries: 200_000 }
    }
}

/// What the validator remembers of a path.
#[derive(Debug)]
struct Seen {
    /// The path as it was written, where that is not the key, which is folded to lower case.
    path: Option<Box<str>>,
    kind: SeenKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SeenKind {
    File,
    Directory,
    /// A directory that was only implied by what lies in it; its own entry may still come.
    Implied,
    Symlink,
}

/// Judges the entries of one payload.
#[derive(Debug)]
pub(super) struct Validator {
    payload: PathBuf,
    limits: Limits,
    seen: HashMap<Box<str>, Seen>,
    names: usize,
    bytes: u64,
}

impl Validator {
    /// A validator for the payload at the absolute path `payload`.
    pub(super) fn new(payload: &Path, limits: Limits) -> Self {
        Self { payload: payload.to_path_buf(), limits, seen: HashMap::new(), names: 0, bytes: 0 }
    }

    /// The path beneath the root of an entry that may be there; empty for the root itself.
    pub(super) fn admit(&mut self, entry: &Entry<'_>) -> Result<String, Problem> {
        self.judge(entry).map_err(|reason| refusal::of(&self.payload, entry.name, reason))
    }

    fn judge(&mut self, entry: &Entry<'_>) -> Result<String, Problem> {
        let path = clean(entry.name)?;
        let kind = match entry.kind {
            Kind::File { size } => {
                // on a directory setgid only hands the group down: normalised, not refused
                if entry.mode & SET_ID_BITS != 0 {
                    return Err(refusal::set_id());
                }
                self.weigh(size)?;
                SeenKind::File
            }
            Kind::Directory if path.is_empty() => return Ok(path),
            Kind::Directory => SeenKind::Directory,
            Kind::Symlink { target: b"" } => return Err(refusal::unknown_kind()),
            Kind::Symlink { .. } => SeenKind::Symlink,
            Kind::Forbidden(reason) => return Err(reason()),
        };
        if path.is_empty() {
            return Err(refusal::duplicate());
        }
        for (end, _) in path.match_indices('/') {
            self.imply_directory(&path[..end])?;
        }
        self.note(&path, kind)?;
        Ok(path)
    }

    /// Judges a file by the size it declares, before a byte of it is unpacked.
    fn weigh(&mut self, size: u64) -> Result<(), Problem> {
        if size > self.limits.file {
            return Err(refusal::file_too_large(self.limits.file));
        }
        self.bytes += size;
        if self.bytes > self.limits.total {
            return Err(refusal::payload_too_large(self.limits.total));
        }
        Ok(())
    }

    fn imply_directory(&mut self, path: &str) -> Result<(), Problem> {
        match self.known(path)? {
            Some(SeenKind::Directory | SeenKind::Implied) => Ok(()),
            Some(SeenKind::Symlink) => Err(refusal::through_symlink(path)),
            Some(SeenKind::File) => Err(refusal::through_file(path)),
            None => self.remember(path, SeenKind::Implied),
        }
    }

    fn note(&mut self, path: &str, kind: SeenKind) -> Result<(), Problem> {
        match self.known(path)? {
            None => self.remember(path, kind),
            Some(SeenKind::Implied) if kind == SeenKind::Directory => self.remember(path, kind),
            Some(_) => Err(refusal::duplicate()),
        }
    }

    fn known(&self, path: &str) -> Result<Option<SeenKind>, Problem> {
        let Some((folded, seen)) = self.seen.get_key_value(&*path.to_lowercase()) else {
            return Ok(None);
        };
        let written = seen.path.as_ref().unwrap_or(folded);
        if **written == *path { Ok(Some(seen.kind)) } else { Err(refusal::case_collision(written)) }
    }

    fn remember(&mut self, path: &str, kind: SeenKind) -> Result<(), Problem> {
        self.names += path.len();
        let folded = path.to_lowercase();
        let seen = Seen { path: (folded != path).then(|| path.into()), kind };
        if self.seen.insert(folded.into(), seen).is_none()
            && (self.seen.len() > self.limits.entries || self.names > NAMES_LIMIT)
        {
            return Err(refusal::too_many_entries(self.limits.entries));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
