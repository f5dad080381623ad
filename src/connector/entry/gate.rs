//! The gate that every entry of every payload passes: the rules of what may become a tree.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::name::{clean, shown, text};
use super::refusal::{Fault, Refusal};
use super::{Entry, ForbiddenKind, Kind};

const SET_ID_BITS: u32 = 0o6000;
/// All names together, in bytes: the gate remembers every one of them.
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

/// An entry that the gate let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::connector) struct Admitted {
    /// Its path beneath the root; never empty.
    pub(in crate::connector) path: String,
    /// What it is.
    pub(in crate::connector) kind: AdmittedKind,
}

/// What an admitted entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::connector) enum AdmittedKind {
    File { size: u64, executable: bool },
    Directory,
    Symlink { target: String },
}

/// What the gate remembers of a path.
#[derive(Debug)]
struct Seen {
    /// The path as it was written; the key is folded to lower case.
    path: String,
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
pub(in crate::connector) struct Gate {
    payload: PathBuf,
    limits: Limits,
    seen: HashMap<String, Seen>,
    names: usize,
    bytes: u64,
}

impl Gate {
    /// A gate for the payload at the absolute path `payload`.
    pub(in crate::connector) fn new(payload: &Path, limits: Limits) -> Self {
        Self { payload: payload.to_path_buf(), limits, seen: HashMap::new(), names: 0, bytes: 0 }
    }

    /// Lets an entry through, or says why not. `None` is the root itself, of which nothing
    /// is to be noted.
    pub(in crate::connector) fn admit(
        &mut self,
        entry: &Entry<'_>,
    ) -> Result<Option<Admitted>, Refusal> {
        self.judge(entry).map_err(|fault| Refusal {
            payload: self.payload.clone(),
            entry: shown(entry.name),
            fault,
        })
    }

    fn judge(&mut self, entry: &Entry<'_>) -> Result<Option<Admitted>, Fault> {
        let path = clean(entry.name)?;
        let kind = self.judge_kind(entry)?;
        if path.is_empty() {
            return if kind == AdmittedKind::Directory { Ok(None) } else { Err(Fault::Duplicate) };
        }
        for (end, _) in path.match_indices('/') {
            self.imply_directory(&path[..end])?;
        }
        self.note(&path, &kind)?;
        Ok(Some(Admitted { path, kind }))
    }

    fn judge_kind(&mut self, entry: &Entry<'_>) -> Result<AdmittedKind, Fault> {
        match entry.kind {
            Kind::File { size } => {
                // on a directory setgid only hands the group down: normalised, not refused
                if entry.mode & SET_ID_BITS != 0 {
                    return Err(Fault::SetId);
                }
                self.weigh(size)?;
                Ok(AdmittedKind::File { size, executable: entry.mode & 0o111 != 0 })
            }
            Kind::Directory => Ok(AdmittedKind::Directory),
            Kind::Symlink { target } => match text(target)? {
                "" => Err(Fault::UnknownKind),
                target => Ok(AdmittedKind::Symlink { target: target.to_string() }),
            },
            Kind::Forbidden(kind) => Err(match kind {
                ForbiddenKind::HardLink => Fault::HardLink,
                ForbiddenKind::Device => Fault::Device,
                ForbiddenKind::Fifo => Fault::Fifo,
                ForbiddenKind::Sparse => Fault::Sparse,
                ForbiddenKind::Encrypted => Fault::Encrypted,
                ForbiddenKind::Unknown => Fault::UnknownKind,
            }),
        }
    }

    /// Judges a file by the size it declares, before a byte of it is unpacked.
    fn weigh(&mut self, size: u64) -> Result<(), Fault> {
        if size > self.limits.file {
            return Err(Fault::FileTooLarge { limit: self.limits.file });
        }
        self.bytes += size;
        if self.bytes > self.limits.total {
            return Err(Fault::PayloadTooLarge { limit: self.limits.total });
        }
        Ok(())
    }

    fn imply_directory(&mut self, path: &str) -> Result<(), Fault> {
        match self.known(path)? {
            Some(SeenKind::Directory | SeenKind::Implied) => Ok(()),
            Some(SeenKind::Symlink) => Err(Fault::ThroughSymlink { link: path.to_string() }),
            Some(SeenKind::File) => Err(Fault::ThroughFile { file: path.to_string() }),
            None => self.remember(path, SeenKind::Implied),
        }
    }

    fn note(&mut self, path: &str, kind: &AdmittedKind) -> Result<(), Fault> {
        let kind = match kind {
            AdmittedKind::File { .. } => SeenKind::File,
            AdmittedKind::Directory => SeenKind::Directory,
            AdmittedKind::Symlink { .. } => SeenKind::Symlink,
        };
        match self.known(path)? {
            None => self.remember(path, kind),
            Some(SeenKind::Implied) if kind == SeenKind::Directory => self.remember(path, kind),
            Some(_) => Err(Fault::Duplicate),
        }
    }

    fn known(&self, path: &str) -> Result<Option<SeenKind>, Fault> {
        match self.seen.get(&path.to_lowercase()) {
            Some(seen) if seen.path != path => {
                Err(Fault::CaseCollision { other: seen.path.clone() })
            }
            seen => Ok(seen.map(|seen| seen.kind)),
        }
    }

    fn remember(&mut self, path: &str, kind: SeenKind) -> Result<(), Fault> {
        self.names += path.len();
        let seen = Seen { path: path.to_string(), kind };
        if self.seen.insert(path.to_lowercase(), seen).is_none()
            && (self.seen.len() > self.limits.entries || self.names > NAMES_LIMIT)
        {
            return Err(Fault::TooManyEntries { limit: self.limits.entries });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Kind<'static> = Kind::File { size: 10 };

    fn admit_all(entries: &[(&str, Kind<'_>, u32)]) -> Result<(), Fault> {
        let limits = Limits { total: 100, file: 50, entries: 6 };
        let mut gate = Gate::new(Path::new("/p.tgz"), limits);
        entries.iter().try_for_each(|(name, kind, mode)| {
            let entry = Entry { name: name.as_bytes(), kind: *kind, mode: *mode };
            gate.admit(&entry).map(drop).map_err(|refusal| refusal.fault)
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
        let case = |other: &str| Fault::CaseCollision { other: other.into() };
        for (first, second, fault) in [
            (("a", FILE), ("a", FILE), Fault::Duplicate),
            (("a", FILE), ("./a", Kind::Directory), Fault::Duplicate),
            (("a/b", FILE), ("a", link), Fault::Duplicate),
            (("a", Kind::Directory), ("a", Kind::Directory), Fault::Duplicate),
            (("l", link), ("l/x", FILE), Fault::ThroughSymlink { link: "l".into() }),
            (("f", FILE), ("f/x", FILE), Fault::ThroughFile { file: "f".into() }),
            (("Readme", FILE), ("README", FILE), case("Readme")),
            (("lib/a", FILE), ("Lib/b", FILE), case("lib")),
            (("stra\u{df}e", FILE), ("STRA\u{1e9e}E", FILE), case("stra\u{df}e")),
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
            (vec![("a", Kind::File { size: 51 }, 0)], Fault::FileTooLarge { limit: 50 }),
            (vec![("a", large, 0), ("b", large, 0)], Fault::UnknownKind),
            (
                vec![("a", large, 0), ("b", large, 0), ("c", Kind::File { size: 1 }, 0)],
                Fault::PayloadTooLarge { limit: 100 },
            ),
            (many, Fault::TooManyEntries { limit: 6 }),
            (vec![("a/b/c/d/e/f/g", FILE, 0)], Fault::TooManyEntries { limit: 6 }),
        ] {
            let expected = if fault == Fault::UnknownKind { Ok(()) } else { Err(fault) };
            assert_eq!(admit_all(&entries), expected);
        }
    }

    #[test]
    fn setuid_and_setgid_files_are_refused() {
        for mode in [0o4755, 0o2755, 0o6755] {
            assert_eq!(admit_all(&[("a", FILE, mode)]), Err(Fault::SetId));
        }
        assert_eq!(admit_all(&[("a", FILE, 0o1644)]), Ok(()));
    }
}
