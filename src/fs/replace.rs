//! A file as it stands (bytes, mode, owner, and the image by which it is recognised later), and its
//! replacement as a whole: written beside, made durable, renamed over.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{
    AtFlags, CWD, Gid, Mode, OFlags, RenameFlags, Uid, renameat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Action, FileError, change, directory, foreign};

/// Brings `path` to `state` (or takes it away for `None`), whole or not at all, and durably.
///
/// `tag` names the transaction: the temporary names beside the file are made of it, so that recovery
/// finds what a killed run left. The parent directory must exist.
pub fn replace(path: &Path, state: Option<&FileState>, tag: &str) -> Result<(), FileError> {
    let place = Place::of(path, tag)?;
    match state {
        Some(state) => {
            place.write(state)?;
            let outcome = change!(renameat(&place.parent, &place.draft, &place.parent, place.name));
            if outcome.is_err() {
                let _ = place.sweep();
            }
            outcome.map_err(FileError::at(Action::Rename, path))?;
        }
        None => place.remove(place.name)?,
    }
    place.sync()
}

/// Takes a file from `known` to `state` if it still is as known (`None`: absent); returns whether
/// it was. Whatever a stranger writes meanwhile stays: in its place, or, where another has written
/// there since, beside it ([`Place::look_beside`]).
pub fn change(
    path: &Path,
    known: Option<&FileState>,
    state: Option<&FileState>,
    tag: &str,
) -> Result<bool, FileError> {
    let place = Place::of(path, tag)?;
    let was_known = match (known, state) {
        (Some(known), Some(state)) => {
            place.write(state)?;
            // seen now, it stays in sight of whoever has written it
            if FileState::read(path).is_ok_and(|now| now.as_ref() == Some(known)) {
                place.offer()?;
                place.exchange_known(known, Some(state), &mut || place.exchange())?
            } else {
                place.sweep()?;
                false
            }
        }
        (Some(known), None) => place.remove_known(known)?,
        (None, Some(state)) => {
            place.write(state)?;
            let was_absent = place.put(&place.draft)?;
            place.sweep()?;
            was_absent
        }
        (None, None) => FileState::read(path)?.is_none(),
    };
    place.sync()?;
    Ok(was_known)
}

/// A file's place, with two names beside it: one for what is being written, which may be torn and is
/// always ours; one for what changes places with the file, which is whole and may be a stranger's.
#[derive(Debug)]
pub struct Place<'a> {
    parent: OwnedFd,
    name: &'a OsStr,
    draft: OsString,
    beside: OsString,
    path: &'a Path,
}

/// What lies beside a file after its exchange.
#[derive(Debug)]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// A file.
    File(FileState),
    /// Something else.
    Other,
}

impl<'a> Place<'a> {
    /// The place of a file, for the transaction `tag`. Both names are hidden, and neither OpenClaw
    /// (`openclaw.json.bak*`) nor systemd (`*.conf`) looks at such.
    pub fn of(path: &'a Path, tag: &str) -> Result<Self, FileError> {
        let (parent, name) = directory::parent_and_name(path)?;
        let named = |end| {
            let mut named = OsString::from(".");
            named.push(name);
            named.push(format!(".openclaw-setup-{tag}{end}"));
            named
        };
        let (draft, beside) = (named(".tmp"), named(".swap.tmp"));
        Ok(Self { parent, name, draft, beside, path })
    }

    /// Removes what was being written when a run died.
    pub fn sweep(&self) -> Result<(), FileError> {
        self.remove(&self.draft)
    }

    /// What lies beside the file.
    pub fn look_beside(&self) -> Result<Beside, FileError> {
        if let Some(found) = self.read_beside()? {
            return Ok(Beside::File(found));
        }
        match statat(&self.parent, &self.beside, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(Beside::Other),
            Err(Errno::NOENT) => Ok(Beside::Nothing),
            Err(cause) => Err(FileError::at(Action::Read, self.path)(cause)),
        }
    }

    /// Where that lies.
    pub fn beside(&self) -> PathBuf {
        self.path.with_file_name(&self.beside)
    }

    /// Puts `found`, which lies beside (`None`: it is no file), into its place again if there is what
    /// is `known`; returns whether there was.
    pub fn restore(
        &self,
        known: Option<&FileState>,
        found: Option<&FileState>,
    ) -> Result<bool, FileError> {
        let was_known = match known {
            Some(known) => self.exchange_known(known, found, &mut || self.exchange())?,
            None => self.put(&self.beside)?,
        };
        self.sync()?;
        Ok(was_known)
    }

    /// Removes what lies beside.
    pub fn clear(&self) -> Result<(), FileError> {
        self.remove(&self.beside)
    }

    fn exchange(&self) -> Result<(), Errno> {
        let flags = RenameFlags::EXCHANGE;
        change!(renameat_with(&self.parent, &self.beside, &self.parent, self.name, flags))
    }

    /// The file beside; `None` also for what is no file: it is not known. It is looked for where the
    /// renames work, even if a link stands in the directory's place by now.
    fn read_beside(&self) -> Result<Option<FileState>, FileError> {
        match FileState::read_at(self.parent.as_fd(), self.beside.as_ref()) {
            Err(error) if error.is_refusal() || error.errno() == Some(Errno::LOOP) => Ok(None),
            outcome => outcome.map_err(|error| FileError { path: self.path.to_owned(), ..error }),
        }
    }

    /// What was written is whole: from now on it may change places with the file.
    fn offer(&self) -> Result<(), FileError> {
        let offered = rename_new(&self.parent, &self.draft, &self.beside);
        if offered.is_err() {
            let _ = self.sweep();
        }
        offered.map_err(FileError::at(Action::Rename, self.path))
    }

    /// The new file and the old one are exchanged, and what came out is looked at: a stranger's
    /// write between any look and any rename is seen, and goes back to its place. Where the file
    /// system cannot exchange, the last look is taken directly before the rename.
    fn exchange_known(
        &self,
        known: &FileState,
        state: Option<&FileState>,
        exchange: &mut dyn FnMut() -> Result<(), Errno>,
    ) -> Result<bool, FileError> {
        let failed = FileError::at(Action::Rename, self.path);
        match exchange() {
            Ok(()) => {
                let found = match self.read_beside() {
                    Ok(found) => found,
                    // what cannot be read goes back to its place unread
                    Err(error) => {
                        exchange().map_err(failed)?;
                        self.clear_if(state)?;
                        return Err(error);
                    }
                };
                if found.as_ref() == Some(known) {
                    self.clear()?;
                    return Ok(true);
                }
                self.give_back(state.cloned(), exchange)?;
                self.clear_if(state)?;
                Ok(false)
            }
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)
                if FileState::read(self.path)?.as_ref() == Some(known) =>
            {
                change!(renameat(&self.parent, &self.beside, &self.parent, self.name))
                    .map_err(failed)?;
                Ok(true)
            }
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::NOENT) => {
                self.clear_if(state)?;
                Ok(false)
            }
            Err(cause) => {
                let _ = self.clear_if(state);
                Err(failed(cause))
            }
        }
    }

    /// Puts a stranger's file back. Each time the one that comes out must be the one that had just
    /// been put there: another is newer still, and is put back in its turn.
    fn give_back(
        &self,
        ours: Option<FileState>,
        exchange: &mut dyn FnMut() -> Result<(), Errno>,
    ) -> Result<(), FileError> {
        let mut placed = ours;
        loop {
            let theirs = self.read_beside()?;
            match exchange() {
                Ok(()) => {}
                // removed since: better theirs than nothing
                Err(Errno::NOENT) => return self.put(&self.beside).map(|_| ()),
                Err(cause) => return Err(FileError::at(Action::Rename, self.path)(cause)),
            }
            // no file cannot be compared with: then the round before is the last
            if placed.is_none() || self.read_beside()? == placed {
                return Ok(());
            }
            placed = theirs;
        }
    }

    /// The file is moved beside and looked at there.
    fn remove_known(&self, known: &FileState) -> Result<bool, FileError> {
        match rename_new(&self.parent, self.name, &self.beside) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(false),
            Err(cause) => return Err(FileError::at(Action::Rename, self.path)(cause)),
        }
        let found = self.read_beside();
        if matches!(&found, Ok(Some(found)) if found == known) {
            self.clear()?;
            return Ok(true);
        }
        // where something newer stands there again, this one stays beside
        self.put(&self.beside)?;
        found.map(|_| false)
    }

    /// Moves what bears another name to the file's, if nothing is there; returns whether it did.
    fn put(&self, from: &OsStr) -> Result<bool, FileError> {
        match rename_new(&self.parent, from, self.name) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(cause) => Err(FileError::at(Action::Rename, self.path)(cause)),
        }
    }

    /// What lies beside goes if it is what we had put there.
    fn clear_if(&self, ours: Option<&FileState>) -> Result<(), FileError> {
        if ours.is_some() && self.read_beside()?.as_ref() == ours { self.clear() } else { Ok(()) }
    }

    fn write(&self, state: &FileState) -> Result<(), FileError> {
        self.sweep()?;
        let outcome = write_new(&self.parent, &self.draft, state)
            .map_err(FileError::at(Action::Write, self.path))
            .and_then(|file| {
                change!(file.sync_all()).map_err(FileError::at(Action::Sync, self.path))
            });
        if outcome.is_err() {
            // the reason is told already; a temporary file that stays is swept by recovery
            let _ = self.sweep();
        }
        outcome
    }

    fn remove(&self, name: &OsStr) -> Result<(), FileError> {
        match change!(unlinkat(&self.parent, name, AtFlags::empty())) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(cause) => Err(FileError::at(Action::Remove, self.path)(cause)),
        }
    }

    fn sync(&self) -> Result<(), FileError> {
        change!(rustix::fs::fsync(&self.parent)).map_err(FileError::at(Action::Sync, self.path))
    }
}

/// Where the file system has no rename that refuses to replace (NFS, old kernels), a second name
/// does the same: `link(2)` never replaces.
fn rename_new(parent: &OwnedFd, from: &OsStr, to: &OsStr) -> Result<(), Errno> {
    match change!(renameat_with(parent, from, parent, to, RenameFlags::NOREPLACE)) {
        Err(Errno::INVAL | Errno::NOSYS) => {
            rustix::fs::linkat(parent, from, parent, to, AtFlags::empty())?;
            change!(unlinkat(parent, from, AtFlags::empty()))
        }
        outcome => outcome,
    }
}

fn write_new(parent: &OwnedFd, name: &OsStr, state: &FileState) -> std::io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file =
        File::from(change!(rustix::fs::openat(parent, name, flags, Mode::RUSR | Mode::WUSR))?);
    change!(file.write_all(&state.bytes))?;
    give_owner(&file, state)?;
    change!(rustix::fs::fchmod(&file, Mode::from_raw_mode(state.mode)))?;
    Ok(file)
}

/// Keeps the owner that the file had. Our own new file already has ours, and an ordinary user may
/// not give files away: that case is no error as long as the owner is right in the end.
fn give_owner(file: &File, state: &FileState) -> std::io::Result<()> {
    let current = rustix::fs::fstat(file)?;
    if (current.st_uid, current.st_gid) != (state.uid, state.gid) {
        let (owner, group) = (Uid::from_raw(state.uid), Gid::from_raw(state.gid));
        change!(rustix::fs::fchown(file.as_fd(), Some(owner), Some(group)))?;
    }
    Ok(())
}

/// What tells two states of a file apart, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileImage {
    /// SHA-256 of the content, in hex.
    pub sha256: String,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// A file with its bytes. Its `Debug` shows none of them: they may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct FileState {
    /// The content; shared, since a record is as large as a tree has files.
    pub bytes: Arc<Vec<u8>>,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

impl std::fmt::Debug for FileState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FileState({} bytes, {:o})", self.bytes.len(), self.mode)
    }
}

impl FileState {
    /// Reads a regular file; `None` where there is none. A symbolic link is an error: the caller
    /// names the real file.
    pub fn read(path: &Path) -> Result<Option<Self>, FileError> {
        Self::read_at(CWD, path)
    }

    /// The same for a path that begins in an open directory, wherever that is by now.
    pub(super) fn read_at(
        directory: BorrowedFd<'_>,
        path: &Path,
    ) -> Result<Option<Self>, FileError> {
        let file = match foreign::open_at(directory, path, OFlags::NOFOLLOW) {
            Err(error) if error.is_missing() => return Ok(None),
            opened => opened?,
        };
        let attributes = file.metadata().map_err(FileError::at(Action::Read, path))?;
        let bytes = foreign::read_open(file, path, foreign::RECORD_LIMIT)?;
        let mode = attributes.mode() & 0o7777;
        let bytes = Arc::new(bytes);
        Ok(Some(Self { bytes, mode, uid: attributes.uid(), gid: attributes.gid() }))
    }

    /// The same file with other bytes.
    #[must_use]
    pub fn with_bytes(&self, bytes: impl Into<Arc<Vec<u8>>>) -> Self {
        Self { bytes: bytes.into(), ..*self }
    }

    /// The image by which this state is recognised.
    pub fn image(&self) -> FileImage {
        let sha256 = base16ct::lower::encode_string(&Sha256::digest(&*self.bytes));
        FileImage { sha256, mode: self.mode, uid: self.uid, gid: self.gid }
    }
}

#[cfg(test)]
mod tests;
