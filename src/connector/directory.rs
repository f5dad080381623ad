//! A directory as a stream of entries, read through descriptors so that nothing in it can lead
//! the reader elsewhere.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat, readlinkat};

use super::entry::{Entry, Kind, Receiver, refusal, shown};
use super::error;
use super::reading::Watch;
use crate::fs::beneath::{self, Listed};
use crate::language::Problem;

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
