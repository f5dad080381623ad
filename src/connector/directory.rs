//! A directory as a stream of entries, read through descriptors so that nothing in it can lead
//! the reader elsewhere; and an installed tree read back into a manifest, as it is.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, readlinkat};

use super::entry::{Body, Entry, Kind, Receiver, refusal, shown};
use super::error;
use super::manifest::{Node, Permissions, ROOT, TreeManifest};
use super::pool::{Job, Pool, noting};
use super::reading::{Container, Watch, name_of};
use crate::fs::beneath::{self, Listed};
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
