//! A directory as a stream of entries, read through descriptors so that nothing in it can lead
//! the reader elsewhere; an installed tree read back into a manifest, as it is; and a second copy of a tree
//! in a stage: what stands there now, and all of it ours.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, readlinkat};

use super::entry::{Body, Entry, Kind, Receiver, refusal, shown};
use super::error;
use super::manifest::{Node, Permissions, ROOT, TreeManifest};
use super::pool::{Job, Pool, noting};
use super::reading::{Container, Watch, name_of};
use crate::fs::beneath::{self, Listed};
use crate::fs::stage::Stage;
use crate::interrupt::Interrupt;
use crate::language::Problem;
use crate::progress::Progress;

/// Hands everything beneath `root` to `receiver`, each directory before what lies in it. `path`
/// is the absolute path of `root`, for messages.
pub(super) fn read(
    root: BorrowedFd<'_>,
    path: &Path,
    receiver: &mut dyn Receiver,
    watch: Watch<'_>,
) -> Result<(), Problem> {
    Reader { root: path, receiver, watch }.descend(root, &[])
}

struct Reader<'a> {
    root: &'a Path,
    receiver: &'a mut dyn Receiver,
    watch: Watch<'a>,
}

impl Reader<'_> {
    fn descend(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Problem> {
        for listed in beneath::list(directory).map_err(self.unreadable(name))? {
            self.watch.ask()?;
            let mut inner = name.to_vec();
            if !inner.is_empty() {
                inner.push(b'/');
            }
            inner.extend_from_slice(listed.name.as_bytes());
            self.hand_over(directory, &listed, &inner)?;
        }
        Ok(())
    }

    fn hand_over(
        &mut self,
        directory: BorrowedFd<'_>,
        listed: &Listed,
        name: &[u8],
    ) -> Result<(), Problem> {
        let here = Path::new(&listed.name);
        let target;
        let kind = match listed.kind {
            FileType::Directory => {
                let (below, found) = self.open(directory, here, name, FileType::Directory)?;
                let entry = Entry { name, kind: Kind::Directory, mode: found.st_mode };
                self.receiver.take(&entry, Body::Nothing)?;
                return self.descend(below.as_fd(), name);
            }
            FileType::RegularFile => {
                let (file, found) = self.open(directory, here, name, FileType::RegularFile)?;
                let size = u64::try_from(found.st_size).unwrap_or_default();
                let entry = Entry { name, kind: Kind::File { size }, mode: found.st_mode };
                return self.receiver.take(&entry, Body::File(File::from(file)));
            }
            FileType::Symlink => {
                target = readlinkat(directory, here, Vec::new()).map_err(self.unreadable(name))?;
                Kind::Symlink { target: target.as_bytes() }
            }
            FileType::CharacterDevice | FileType::BlockDevice => Kind::Forbidden(refusal::device),
            FileType::Fifo | FileType::Socket => Kind::Forbidden(refusal::fifo),
            FileType::Unknown => Kind::Forbidden(refusal::unknown_kind),
        };
        self.receiver.take(&Entry { name, kind, mode: 0 }, Body::Nothing)
    }

    /// Opens what must still be of the kind that it was when it was listed.
    fn open(
        &self,
        directory: BorrowedFd<'_>,
        here: &Path,
        name: &[u8],
        kind: FileType,
    ) -> Result<(OwnedFd, Stat), Problem> {
        // NONBLOCK: a FIFO put in its place meanwhile must not make us wait
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let opened =
            beneath::open(directory, here, flags, Mode::empty()).map_err(self.unreadable(name))?;
        let found = fstat(&opened).map_err(self.unreadable(name))?;
        if FileType::from_raw_mode(found.st_mode) != kind {
            return Err(error::changed(self.root, &shown(name)));
        }
        Ok((opened, found))
    }

    fn unreadable<C: Into<io::Error>>(&self, name: &[u8]) -> impl FnOnce(C) -> Problem {
        error::reading(self.root.join(shown(name)))
    }
}

impl TreeManifest {
    /// Hashes the tree at `directory`. No symbolic link beneath it is followed; names that are
    /// not UTF-8 are noted with escapes.
    pub fn scan(
        directory: &Path,
        interrupt: &Interrupt,
        progress: &dyn Progress,
    ) -> Result<Self, Problem> {
        let path = std::path::absolute(directory).map_err(error::reading(directory))?;
        let root = beneath::open_directory(&path).map_err(error::reading(&path))?;
        Self::scan_at(root.as_fd(), &path, interrupt, progress)
    }

    /// Hashes the tree of an open directory; `path` is its absolute path, for messages.
    pub fn scan_at(
        root: BorrowedFd<'_>,
        path: &Path,
        interrupt: &Interrupt,
        progress: &dyn Progress,
    ) -> Result<Self, Problem> {
        let watch = Watch { interrupt, progress };
        let mut tree = Self::default();
        let mode = fstat(root).map_err(error::reading(path))?.st_mode;
        tree.insert(ROOT.to_string(), Node::Directory { mode: Permissions::of_raw(mode) });
        watch.during(&say!("hashing {name}", name = name_of(path)), None, || {
            Pool::with(Container::Directory(path), watch, |pool| {
                let mut scan = Scan { pool, tree: &mut tree };
                read(root, path, &mut scan, watch)?;
                scan.pool.finish(&mut noting(scan.tree))
            })
        })?;
        Ok(tree)
    }
}

struct Scan<'a, 'scope, 'env> {
    pool: Pool<'scope, 'env>,
    tree: &'a mut TreeManifest,
}

impl Receiver for Scan<'_, '_, '_> {
    fn take(&mut self, entry: &Entry<'_>, body: Body<'_>) -> Result<(), Problem> {
        let (path, mode) = (shown(entry.name), Permissions::of_raw(entry.mode));
        let node = match (entry.kind, body) {
            (Kind::File { size }, body) => {
                let job = Job { path, size, mode, into: None };
                return self.pool.put(job, body, &mut noting(self.tree));
            }
            (Kind::Directory, _) => Node::Directory { mode },
            (Kind::Symlink { target }, _) => Node::Symlink { target: shown(target) },
            _ => Node::Special,
        };
        self.tree.insert(path, node);
        Ok(())
    }
}

/// What is copied, and where to.
#[derive(Debug, Clone, Copy)]
pub struct CopyTree<'a> {
    /// The directory, which may be reached through a symbolic link.
    pub source: &'a Path,
    /// Its place in the stage, relative to the stage's root; empty for the root itself.
    pub place: &'a Path,
    /// Paths of the source that stay behind, with all beneath them.
    pub left_out: &'a [&'a str],
    /// The copy will stand elsewhere than the source: a relative link that leads out of the source
    /// is made absolute, so that it still leads to the same thing.
    pub moves: bool,
    /// What nobody but its owner can read stays so.
    pub keeps_private: bool,
}

impl CopyTree<'_> {
    /// Copies. Directories and programs get the mode 0755, other files 0644: the modes that
    /// OpenClaw accepts. No file is hard-linked.
    pub fn stage(
        &self,
        stage: &mut Stage,
        interrupt: &Interrupt,
        progress: &dyn Progress,
    ) -> Result<(), Problem> {
        let watch = Watch { interrupt, progress };
        let source = self.source.canonicalize().map_err(error::reading(self.source))?;
        let root = beneath::open_directory(&source).map_err(error::reading(&source))?;
        if !self.place.as_os_str().is_empty() {
            stage.directory(self.place)?;
        }
        watch.during(&say!("copying {name}", name = name_of(self.source)), None, || {
            Pool::with(Container::Directory(&source), watch, |pool| {
                let mut copier = Copier { copy: *self, source: &source, stage, pool };
                read(root.as_fd(), &source, &mut copier, watch)?;
                copier.pool.finish(&mut |_, _| Ok(()))
            })
        })
    }
}

struct Copier<'a, 'scope, 'env> {
    copy: CopyTree<'a>,
    source: &'a Path,
    stage: &'a mut Stage,
    pool: Pool<'scope, 'env>,
}

impl Copier<'_, '_, '_> {
    /// Where a link of the source has to lead from its place in the copy.
    fn target(&self, path: &Path, target: &[u8]) -> PathBuf {
        let target = Path::new(OsStr::from_bytes(target));
        if self.copy.moves && leads_out(path, target) {
            self.source.join(path).parent().unwrap_or(self.source).join(target)
        } else {
            target.to_owned()
        }
    }
}

/// Whether a relative link leads above the root of its tree.
fn leads_out(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    for component in target.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::ParentDir if depth == 0 => return true,
            Component::ParentDir => depth -= 1,
            _ => {}
        }
    }
    false
}

impl Receiver for Copier<'_, '_, '_> {
    fn take(&mut self, entry: &Entry<'_>, body: Body<'_>) -> Result<(), Problem> {
        let path = Path::new(OsStr::from_bytes(entry.name));
        if self.copy.left_out.iter().any(|left| path.starts_with(left)) {
            return Ok(());
        }
        let place = self.copy.place.join(path);
        match entry.kind {
            Kind::Directory => self.stage.directory(&place),
            Kind::Symlink { target } => self.stage.symlink(&place, self.target(path, target)),
            Kind::File { size } => {
                let into = self.stage.file(&place, entry.executable())?;
                if self.copy.keeps_private && entry.mode & 0o044 == 0 {
                    into.keep_private()?;
                }
                let (path, mode) = (shown(entry.name), Permissions::of_raw(entry.mode));
                let job = Job { path, size, mode, into: Some(into) };
                self.pool.put(job, body, &mut |_, _| Ok(()))
            }
            Kind::Forbidden(reason) => Err(refusal::of(self.source, entry.name, reason())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::progress::Unwatched;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_copy_is_the_same_tree_with_the_modes_of_a_stage() {
        let home = tempfile::tempdir().unwrap();
        let tree = home.path().join("deep/tree");
        fs::create_dir_all(tree.join("node_modules/openclaw")).unwrap();
        fs::create_dir_all(tree.join("bin")).unwrap();
        fs::write(home.path().join("deep/beside"), "").unwrap();
        let files = [("bin/run", 0o777), ("bin/own", 0o700), ("plain", 0o666), ("secret", 0o600)];
        for (name, bits) in files {
            fs::write(tree.join(name), name).unwrap();
            fs::set_permissions(tree.join(name), fs::Permissions::from_mode(bits)).unwrap();
        }
        fs::hard_link(tree.join("plain"), home.path().join("twin")).unwrap();
        symlink("../plain", tree.join("bin/in")).unwrap();
        symlink("../../beside", tree.join("bin/out")).unwrap();
        let link = home.path().join("link");
        symlink("deep/tree", &link).unwrap();
        let copy = home.path().join("copy");
        let copy_tree = CopyTree {
            source: &link,
            place: Path::new(""),
            left_out: &["node_modules/openclaw"],
            moves: true,
            keeps_private: true,
        };
        let mut stage = Stage::create(&copy).unwrap();
        copy_tree.stage(&mut stage, &Interrupt::never(), &Unwatched).unwrap();
        let copied = [("bin/run", 0o755), ("bin/own", 0o700), ("plain", 0o644), ("secret", 0o600)];
        for (name, bits) in [("", 0o755), ("bin", 0o755)].into_iter().chain(copied) {
            assert_eq!(mode(&copy.join(name)), bits, "{name}");
        }
        assert_eq!(fs::read(copy.join("plain")).unwrap(), b"plain");
        assert!(copy.join("node_modules").is_dir() && !copy.join("node_modules/openclaw").exists());
        assert_eq!(fs::read_link(copy.join("bin/in")).unwrap(), Path::new("../plain"));
        let beside = copy.join("bin/out").canonicalize().unwrap();
        assert_eq!(beside, home.path().join("deep/beside").canonicalize().unwrap());
    }

    #[test]
    fn a_part_of_a_tree_finds_its_place() {
        let home = tempfile::tempdir().unwrap();
        let tree = home.path().join("tree");
        fs::create_dir_all(&tree).unwrap();
        fs::write(tree.join("file"), "1").unwrap();
        fs::set_permissions(tree.join("file"), fs::Permissions::from_mode(0o600)).unwrap();
        let copy_tree = CopyTree {
            source: &tree,
            place: Path::new("node_modules"),
            left_out: &[],
            moves: false,
            keeps_private: false,
        };
        let mut stage = Stage::create(&home.path().join("stage")).unwrap();
        copy_tree.stage(&mut stage, &Interrupt::never(), &Unwatched).unwrap();
        let file = home.path().join("stage/node_modules/file");
        assert_eq!((fs::read(&file).unwrap(), mode(&file)), (b"1".to_vec(), 0o644));
    }
}
