//! What can go wrong with a file, told with its path, its cause and the way out.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::own;
use crate::language::{Explain, Kind, Problem};

/// What the program was about to do with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Read a file, a directory or its attributes.
    Read,
    /// Create or write a file.
    Write,
    /// Make written data durable (`fsync`).
    Sync,
    /// Create a directory.
    MakeDirectory,
    /// Rename, replace or exchange.
    Rename,
    /// Remove a file or a directory.
    Remove,
    /// Take or release a lock.
    Lock,
}

impl Action {
    /// The problem of this on `path`, for `map_err`.
    pub fn failed<C: Into<io::Error>>(self, path: impl Into<PathBuf>) -> impl FnOnce(C) -> Problem {
        move |cause| FileError::at(self, path)(cause).problem()
    }

    fn verb(self) -> String {
        match self {
            Self::Read => say!("read"),
            Self::Write => say!("write"),
            Self::Sync => say!("make durable"),
            Self::MakeDirectory => say!("create the directory"),
            Self::Rename => say!("move into place"),
            Self::Remove => say!("remove"),
            Self::Lock => say!("lock"),
        }
    }
}

/// A file operation that failed.
#[derive(Debug)]
pub struct FileError {
    /// What was tried.
    pub action: Action,
    /// On which absolute path.
    pub path: PathBuf,
    /// Why.
    pub cause: Cause,
}

/// Why a file operation failed.
#[derive(Debug)]
pub enum Cause {
    /// The operating system's reason, or what the file is that it was refused for.
    System(io::Error),
    /// It belongs to somebody else, or others may write to it: its owner and permission bits.
    NotOurs(u32, u32),
}

impl FileError {
    /// Gives an `io::Error` its path and action; made for `map_err`.
    pub fn at<E: Into<io::Error>>(
        action: Action,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(E) -> Self {
        let path = path.into();
        move |cause| Self { action, path, cause: Cause::System(cause.into()) }
    }

    /// Something is not used, because it is not ours alone.
    pub fn not_ours(path: &Path, uid: u32, mode: u32) -> Self {
        let cause = Cause::NotOurs(uid, mode & 0o7777);
        Self { action: Action::Read, path: path.to_owned(), cause }
    }

    /// The operating system's reason, if it is one.
    pub fn errno(&self) -> Option<Errno> {
        match &self.cause {
            Cause::System(cause) => Errno::from_io_error(cause),
            Cause::NotOurs(..) => None,
        }
    }

    /// Whether the file was refused for what it is: no regular file, or too large.
    pub fn is_refusal(&self) -> bool {
        matches!(self.cause, Cause::System(_)) && self.errno().is_none()
    }

    /// Whether the file or directory was simply not there.
    pub fn is_missing(&self) -> bool {
        self.errno() == Some(Errno::NOENT)
    }
}

impl FileError {
    fn way_out(&self) -> String {
        let path = self.path.display();
        match self.errno() {
            Some(Errno::NOSPC) => say!(
                "Free space (or inodes) on that file system and run the command again: df -h {path}; df -i {path}",
                path
            ),
            Some(Errno::DQUOT) => say!(
                "The user's disk quota is used up; free some of it and run the command again: quota -s"
            ),
            Some(Errno::FBIG) => say!(
                "A limit on the size of files stands in the way; raise it and run the command again: ulimit -f unlimited"
            ),
            Some(Errno::ROFS) => say!(
                "The file system is mounted read-only; mount it writable and run the command again: findmnt -T {path}",
                path
            ),
            Some(Errno::ACCESS | Errno::PERM) => closed(&self.path),
            Some(Errno::MFILE | Errno::NFILE) => say!(
                "Too many open files; raise the limit and run the command again: ulimit -n 4096"
            ),
            Some(Errno::XDEV) => say!(
                "It lies on another file system (or in a lower layer of an overlay) than OpenClaw's state directory, so it cannot be swapped in one step; move it there and run the command again: findmnt -T {path}",
                path
            ),
            Some(Errno::IO) => say!(
                "The disk reports a fault; look at the kernel's log before anything else: dmesg | tail"
            ),
            _ => say!("Look at the path and run the command again: ls -ld {path}", path),
        }
    }
}

impl From<FileError> for io::Error {
    fn from(error: FileError) -> Self {
        match error.cause {
            Cause::System(cause) => cause,
            Cause::NotOurs(..) => Self::other(error.message()),
        }
    }
}

impl Explain for FileError {
    fn problem(&self) -> Problem {
        Problem::new(self.code(), self.message(), self.hint()).of_kind(self.kind())
    }

    fn code(&self) -> &'static str {
        match (&self.cause, self.action) {
            (Cause::NotOurs(..), _) => "file.not-ours",
            (_, Action::Read) => "file.read",
            (_, Action::Write) => "file.write",
            (_, Action::Sync) => "file.sync",
            (_, Action::MakeDirectory) => "file.mkdir",
            (_, Action::Rename) => "file.rename",
            (_, Action::Remove) => "file.remove",
            (_, Action::Lock) => "file.lock",
        }
    }

    /// Lasting is what somebody has put, or left, in the way; all else may pass: a full or failing
    /// disk, a missing right, somebody's lock.
    fn kind(&self) -> Kind {
        match self.errno() {
            Some(Errno::EXIST) if self.action == Action::Lock => Kind::Passing,
            Some(
                Errno::NOENT
                | Errno::NOTDIR
                | Errno::ISDIR
                | Errno::LOOP
                | Errno::EXIST
                | Errno::NOTEMPTY
                | Errno::XDEV
                | Errno::INVAL
                | Errno::NAMETOOLONG
                | Errno::NXIO,
            ) => Kind::Lasting,
            // refused for what or whose it is
            None if self.action == Action::Read => Kind::Lasting,
            _ => Kind::Passing,
        }
    }

    fn message(&self) -> String {
        let (verb, path) = (self.action.verb(), self.path.display());
        match &self.cause {
            Cause::System(cause) => say!("cannot {verb} {path}: {cause}", verb, path, cause),
            Cause::NotOurs(uid, mode) => own::message(&self.path, *uid, *mode),
        }
    }

    fn hint(&self) -> String {
        match self.cause {
            Cause::System(_) => self.way_out(),
            Cause::NotOurs(uid, mode) => own::hint(&self.path, uid, mode),
        }
    }
}

/// What to do where a right is missing: the place that lacks it, and the command that gives it.
pub fn closed(path: &Path) -> String {
    if let Some(barrier) = own::barrier(path) {
        return format!("{}\n{}", barrier.message(), barrier.hint());
    }
    say!(
        "Run the command as the user who owns OpenClaw, and look at owner and mode: namei -l {path}",
        path = path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::{Action, FileError};
    use crate::language::{Explain, Language};
    use rustix::io::Errno;
    use std::path::Path;

    #[test]
    fn a_full_disk_names_the_path_the_cause_and_the_way_out() {
        let error = FileError::at(Action::Write, Path::new("/home/a/x"))(Errno::NOSPC);
        assert!(error.message().starts_with("cannot write /home/a/x: No space"));
        assert!(error.hint().contains("df -i /home/a/x"));
        Language::Chinese.choose();
        assert!(error.message().starts_with("无法写入 /home/a/x："));
        assert!(error.hint().contains("腾出空间"));
    }
}
