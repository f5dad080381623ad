//! What every entry of every payload must satisfy: the rules of what may become a tree.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{Entry, Kind, clean, refusal};
use crate::language::Problem;

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
pub(in crate::connector) struct Validator {
    payload: PathBuf,
    limits: Limits,
    seen: HashMap<Box<str>, Seen>,
    names: usize,
    bytes: u64,
}

impl Validator {
    /// A validator for the payload at the absolute path `payload`.
    pub(in crate::connector) fn new(payload: &Path, limits: Limits) -> Self {
        Self { payload: payload.to_path_buf(), limits, seen: HashMap::new(), names: 0, bytes: 0 }
    }

    /// The path beneath the root of an entry that may be there; empty for the root itself.
    pub(in crate::connector) fn admit(&mut self, entry: &Entry<'_>) -> Result<String, Problem> {
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
mod tests {
    use super::*;

    const FILE: Kind<'static> = Kind::File { size: 10 };

    fn admit_all(entries: &[(&str, Kind<'_>, u32)]) -> Result<(), &'static str> {
        let limits = Limits { total: 100, file: 50, entries: 6 };
        let mut validator = Validator::new(Path::new("/p.tgz"), limits);
        entries.iter().try_for_each(|(name, kind, mode)| {
            let entry = Entry { name: name.as_bytes(), kind: *kind, mode: *mode };
            validator.admit(&entry).map(drop).map_err(|refusal| refusal.code)
        })
    }

    #[test]
    fn an_ordinary_tree_passes() {
        let link = Kind::Symlink { target: b"../which/bin/which" };
        assert_eq!(
            admit_all(&[
                ("./", Kind::Directory, 0o2777),
                ("a/b", FILE, 0o777),
                ("a/", Kind::Directory, 0o755),
                ("a/bin/which", link, 0o777),
                ("world-writable", FILE, 0o666),
            ]),
            Ok(())
        );
    }

    #[test]
    fn what_came_before_decides() {
        let link = Kind::Symlink { target: b"a" };
        let case = "payload.case-collision";
        for (first, second, fault) in [
            (("a", FILE), ("a", FILE), "payload.duplicate"),
            (("a", FILE), ("./a", Kind::Directory), "payload.duplicate"),
            (("a/b", FILE), ("a", link), "payload.duplicate"),
            (("a", Kind::Directory), ("a", Kind::Directory), "payload.duplicate"),
            (("l", link), ("l/x", FILE), "payload.through-symlink"),
            (("f", FILE), ("f/x", FILE), "payload.through-file"),
            (("Readme", FILE), ("README", FILE), case),
            (("lib/a", FILE), ("Lib/b", FILE), case),
            (("stra\u{df}e", FILE), ("STRA\u{1e9e}E", FILE), case),
        ] {
            let entries = [(first.0, first.1, 0o644), (second.0, second.1, 0o644)];
            assert_eq!(admit_all(&entries), Err(fault), "{first:?} {second:?}");
        }
    }

    #[test]
    fn limits_are_judged_by_what_is_declared() {
        let large = Kind::File { size: 50 };
        let many: Vec<_> = ["1", "2", "3", "4", "5", "6", "7"].map(|n| (n, FILE, 0)).into();
        for (entries, fault) in [
            (vec![("a", Kind::File { size: 51 }, 0)], "payload.file-too-large"),
            (vec![("a", large, 0), ("b", large, 0)], ""),
            (
                vec![("a", large, 0), ("b", large, 0), ("c", Kind::File { size: 1 }, 0)],
                "payload.too-large",
            ),
            (many, "payload.too-many-entries"),
            (vec![("a/b/c/d/e/f/g", FILE, 0)], "payload.too-many-entries"),
        ] {
            let expected = if fault.is_empty() { Ok(()) } else { Err(fault) };
            assert_eq!(admit_all(&entries), expected);
        }
    }

    #[test]
    fn setuid_and_setgid_files_are_refused() {
        for mode in [0o4755, 0o2755, 0o6755] {
            assert_eq!(admit_all(&[("a", FILE, mode)]), Err("payload.set-id"));
        }
        assert_eq!(admit_all(&[("a", FILE, 0o1644)]), Ok(()));
    }
}
