//! One entry of a payload as it stands in an archive or a directory, before it is believed.

pub(super) mod refusal;
mod validator;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::connector::manifest::{Node, TreeManifest};
use crate::language::Problem;

pub use validator::Limits;
pub(super) use validator::Validator;

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
pub(in crate::connector) fn clean(name: &[u8]) -> Result<String, Problem> {
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
pub(in crate::connector) fn text(bytes: &[u8]) -> Result<&str, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| refusal::not_utf8())?;
    if text.chars().any(char::is_control) {
        return Err(refusal::control_character());
    }
    Ok(text)
}

/// Any name as text for a message: control characters and stray bytes become escapes, so that a
/// hostile name cannot steer the terminal.
pub(in crate::connector) fn shown(name: &[u8]) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_names_are_normalised() {
        for (name, path) in [
            ("package/index.ts", "package/index.ts"),
            ("./a//b/./c/", "a/b/c"),
            ("./", ""),
            ("", ""),
            ("..a/b..", "..a/b.."),
            ("中文/文件", "中文/文件"),
        ] {
            assert_eq!(clean(name.as_bytes()), Ok(path.to_string()), "{name}");
        }
    }

    #[test]
    fn unsafe_names_are_refused() {
        let deep = "d/".repeat(DEPTH_LIMIT + 1);
        let long = "n".repeat(NAME_MAX + 1);
        let longer = format!("{}/", "n".repeat(200)).repeat(11);
        for (name, fault) in [
            (b"/etc/passwd".as_slice(), "payload.absolute-path"),
            (b"../x", "payload.parent-path"),
            (b"a/../b", "payload.parent-path"),
            (b"a/..", "payload.parent-path"),
            (b"a\nb", "payload.control-character"),
            (b"a\0b", "payload.control-character"),
            (b"a\x1b[2Jb", "payload.control-character"),
            (b"a\xffb", "payload.not-utf8"),
            (deep.as_bytes(), "payload.name-too-long"),
            (long.as_bytes(), "payload.name-too-long"),
            (longer.as_bytes(), "payload.name-too-long"),
        ] {
            assert_eq!(clean(name).unwrap_err().code, fault, "{}", shown(name));
        }
    }

    #[test]
    fn a_hostile_name_is_shown_without_its_bite() {
        assert_eq!(shown(b"a\n\x1b[2J\xff\xe4\xb8\xad"), "a\\n\\u{1b}[2J\\xff中");
    }

    fn judge(links: &[(&str, &str)]) -> Result<(), Problem> {
        let mut tree = TreeManifest::default();
        for (path, target) in links {
            tree.insert((*path).to_string(), Node::Symlink { target: (*target).to_string() });
        }
        refuse_escapes(&tree, Path::new("/p"))
    }

    #[test]
    fn links_inside_the_tree_pass_even_if_nothing_is_there() {
        for links in [
            [("node_modules/.bin/which", "../which/bin/which")].as_slice(),
            &[("a", "b"), ("b", "c/d")],
            &[("a/b", "./../x//y/")],
            &[("d/up", ".."), ("in", "d/up/x")],
            &[("self", ".")],
        ] {
            assert_eq!(judge(links), Ok(()), "{links:?}");
        }
    }

    #[test]
    fn links_out_of_the_tree_are_refused() {
        for (links, culprit) in [
            ([("a", "/etc/passwd")].as_slice(), "a"),
            (&[("a", "..")], "a"),
            (&[("a/b", "../../x")], "a/b"),
            (&[("a/b", "../a/../../x")], "a/b"),
            (&[("deep/up", ".."), ("out", "deep/up/../x")], "out"),
            (&[("a", "z/.."), ("z", "..")], "a"),
        ] {
            let refusal = judge(links).unwrap_err();
            assert_eq!(refusal.code, "payload.symlink-escapes", "{links:?}");
            assert!(refusal.message.contains(&format!("“{culprit}”")), "{refusal:?}");
        }
    }

    #[test]
    fn circles_end() {
        for links in [[("a", "a")].as_slice(), &[("a", "b"), ("b", "a")], &[("a", "a/a/a")]] {
            let refusal = judge(links).unwrap_err();
            assert_eq!(refusal.code, "payload.symlink-loop", "{links:?}");
        }
    }
}
