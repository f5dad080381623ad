//! A directory as a stream of entries, read through descriptors so that nothing in it can lead
//! the reader elsewhere.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat, readlinkat};

use super::entry::{Entry, ForbiddenKind, Kind, shown};
use super::error::PayloadError;
use super::reading::Watch;
use super::receiver::Receiver;
use crate::fs::beneath::{self, Listed};

/// Hands everything beneath `root` to `receiver`, each directory before what lies in it. `path`
/// is the absolute path of `root`, for messages.
pub(super) fn read(
    root: BorrowedFd<'_>,
    path: &Path,
    receiver: &mut dyn Receiver,
    watch: Watch<'_>,
) -> Result<(), PayloadError> {
    Reader { root: path, receiver, watch }.descend(root, &[])
}

struct Reader<'a> {
    root: &'a Path,
    receiver: &'a mut dyn Receiver,
    watch: Watch<'a>,
}

impl Reader<'_> {
    fn descend(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), PayloadError> {
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
    ) -> Result<(), PayloadError> {
        let here = Path::new(&listed.name);
        let nothing = &mut io::empty();
        match listed.kind {
            FileType::Directory => {
                let entry = Entry { name, kind: Kind::Directory, mode: 0 };
                self.receiver.take(&entry, nothing)?;
                let flags = OFlags::RDONLY | OFlags::DIRECTORY;
                let below = beneath::open(directory, here, flags, Mode::empty())
                    .map_err(self.unreadable(name))?;
                self.descend(below.as_fd(), name)
            }
            FileType::RegularFile => self.hand_over_file(directory, here, name),
            FileType::Symlink => {
                let target =
                    readlinkat(directory, here, Vec::new()).map_err(self.unreadable(name))?;
                let kind = Kind::Symlink { target: target.as_bytes() };
                self.receiver.take(&Entry { name, kind, mode: 0 }, nothing)
            }
            FileType::CharacterDevice | FileType::BlockDevice => {
                let kind = Kind::Forbidden(ForbiddenKind::Device);
                self.receiver.take(&Entry { name, kind, mode: 0 }, nothing)
            }
            FileType::Fifo | FileType::Socket => {
                let kind = Kind::Forbidden(ForbiddenKind::Fifo);
                self.receiver.take(&Entry { name, kind, mode: 0 }, nothing)
            }
            FileType::Unknown => {
                let kind = Kind::Forbidden(ForbiddenKind::Unknown);
                self.receiver.take(&Entry { name, kind, mode: 0 }, nothing)
            }
        }
    }

    fn hand_over_file(
        &mut self,
        directory: BorrowedFd<'_>,
        here: &Path,
        name: &[u8],
    ) -> Result<(), PayloadError> {
        // NONBLOCK: a FIFO put in the file's place meanwhile must not make us wait
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let file =
            beneath::open(directory, here, flags, Mode::empty()).map_err(self.unreadable(name))?;
        let stat = fstat(&file).map_err(self.unreadable(name))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(PayloadError::Changed {
                payload: self.root.to_path_buf(),
                entry: shown(name),
            });
        }
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        let entry = Entry { name, kind: Kind::File { size }, mode: stat.st_mode };
        self.receiver.take(&entry, &mut File::from(file))
    }

    fn unreadable<C: Into<io::Error>>(&self, name: &[u8]) -> impl FnOnce(C) -> PayloadError {
        PayloadError::reading(self.root.join(shown(name)))
    }
}
