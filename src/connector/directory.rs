//! A directory as a stream of entries, read through descriptors so that nothing in it can lead
//! the reader elsewhere; and an installed tree read back into a manifest, as it is.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat, readlinkat};

use super::entry::{Entry, Kind, Receiver, refusal, shown};
use super::error;
use super::manifest::{Node, Permissions, ROOT, TreeManifest};
use super::reading::{Container, HashingReader, Watch, name_of};
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
                let (below, mode) = self.open(directory, here, name, FileType::Directory)?;
                let entry = Entry { name, kind: Kind::Directory, mode };
                self.receiver.take(&entry, &mut io::empty())?;
                return self.descend(below.as_fd(), name);
            }
            FileType::RegularFile => {
                let (file, mode) = self.open(directory, here, name, FileType::RegularFile)?;
                let mut file = File::from(file);
                let size = file.metadata().map_err(self.unreadable(name))?.len();
                return self
                    .receiver
                    .take(&Entry { name, kind: Kind::File { size }, mode }, &mut file);
            }
            FileType::Symlink => {
                target = readlinkat(directory, here, Vec::new()).map_err(self.unreadable(name))?;
                Kind::Symlink { target: target.as_bytes() }
            }
            FileType::CharacterDevice | FileType::BlockDevice => Kind::Forbidden(refusal::device),
            FileType::Fifo | FileType::Socket => Kind::Forbidden(refusal::fifo),
            FileType::Unknown => Kind::Forbidden(refusal::unknown_kind),
        };
        self.receiver.take(&Entry { name, kind, mode: 0 }, &mut io::empty())
    }

    /// Opens what must still be of the kind that it was when it was listed.
    fn open(
        &self,
        directory: BorrowedFd<'_>,
        here: &Path,
        name: &[u8],
        kind: FileType,
    ) -> Result<(OwnedFd, u32), Problem> {
        // NONBLOCK: a FIFO put in its place meanwhile must not make us wait
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let opened =
            beneath::open(directory, here, flags, Mode::empty()).map_err(self.unreadable(name))?;
        let mode = fstat(&opened).map_err(self.unreadable(name))?.st_mode;
        if FileType::from_raw_mode(mode) != kind {
            return Err(error::changed(self.root, &shown(name)));
        }
        Ok((opened, mode))
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
        let reader = HashingReader::new(Container::Directory(path), watch);
        let mut scan = Scan { reader, tree: Self::default() };
        let mode = fstat(root).map_err(error::reading(path))?.st_mode;
        scan.tree.insert(ROOT.to_string(), Node::Directory { mode: Permissions::of_raw(mode) });
        watch.during(&say!("hashing {name}", name = name_of(path)), None, || {
            read(root, path, &mut scan, watch)
        })?;
        Ok(scan.tree)
    }
}

struct Scan<'a> {
    reader: HashingReader<'a>,
    tree: TreeManifest,
}

impl Receiver for Scan<'_> {
    fn take(&mut self, entry: &Entry<'_>, body: &mut dyn Read) -> Result<(), Problem> {
        let mode = Permissions::of_raw(entry.mode);
        let node = match entry.kind {
            Kind::Directory => Node::Directory { mode },
            Kind::File { size } => {
                let sha256 = self.reader.read(entry.name, size, body, |_| Ok(()))?;
                Node::File { size, sha256, mode }
            }
            Kind::Symlink { target } => Node::Symlink { target: shown(target) },
            Kind::Forbidden(_) => Node::Special,
        };
        self.tree.insert(shown(entry.name), node);
        Ok(())
    }
}
