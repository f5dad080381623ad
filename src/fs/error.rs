//! What can go wrong with a file, told with its path, its cause and the way out.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::own;
use crate::language::{Explain, Kind};
use crate::say;

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
    /// The operating system's reason.
    pub cause: io::Error,
}

impl FileError {
    /// Gives an `io::Error` its path and action; made for `map_err`.
    pub fn at<E: Into<io::Error>>(action: Action, path: &Path) -> impl FnOnce(E) -> Self {
        move |cause| Self { action, path: path.to_owned(), cause: cause.into() }
    }

    /// Whether the file or directory was simply not there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.cause.kind() == io::ErrorKind::NotFound
    }
}

impl Explain for FileError {
    fn problem(&self) -> crate::language::Problem {
        crate::language::Problem::new(self.code(), self.message(), self.hint()).of_kind(self.kind())
    }

    fn code(&self) -> &'static str {
        match self.action {
            Action::Read => "file.read",
            Action::Write => "file.write",
            Action::Sync => "file.sync",
            Action::MakeDirectory => "file.mkdir",
            Action::Rename => "file.rename",
            Action::Remove => "file.remove",
            Action::Lock => "file.lock",
        }
    }

    /// Lasting is what somebody has put, or left, in the way; all else may pass: a full or failing
    /// disk, a missing right, somebody's lock.
    fn kind(&self) -> Kind {
        match Errno::from_io_error(&self.cause) {
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
            // refused for what it is: no regular file, or too large
            None if self.action == Action::Read => Kind::Lasting,
            _ => Kind::Passing,
        }
    }

    fn message(&self) -> String {
        let (verb, path, cause) = (self.action.verb(), self.path.display(), &self.cause);
        say!("cannot {verb} {path}: {cause}", verb, path, cause)
    }

    fn hint(&self) -> String {
        let path = self.path.display();
        match Errno::from_io_error(&self.cause) {
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

/// What to do where a right is missing: the place that lacks it, and the command that gives it.
#[must_use]
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
