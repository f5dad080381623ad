//! What can go wrong with a file, told with its path, its cause and the way out.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::language::{Explain, Language};
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
    fn verb(self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            Self::Read => ("read", "读取"),
            Self::Write => ("write", "写入"),
            Self::Sync => ("make durable", "同步到磁盘"),
            Self::MakeDirectory => ("create the directory", "创建目录"),
            Self::Rename => ("move into place", "移动到位"),
            Self::Remove => ("remove", "删除"),
            Self::Lock => ("lock", "加锁"),
        };
        match language {
            Language::English => english,
            Language::Chinese => chinese,
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

    fn problem(&self, language: Language) -> String {
        let (verb, path, cause) = (self.action.verb(language), self.path.display(), &self.cause);
        say!(language, "cannot {verb} {path}: {cause}", "无法{verb} {path}：{cause}")
    }

    fn remedy(&self, language: Language) -> String {
        let path = self.path.display();
        match Errno::from_io_error(&self.cause) {
            Some(Errno::NOSPC) => say!(
                language,
                "Free space (or inodes) on that file system and run the command again: df -h {path}; df -i {path}",
                "请在该文件系统上腾出空间（或 inode）后重试：df -h {path}；df -i {path}"
            ),
            Some(Errno::DQUOT) => say!(
                language,
                "The user's disk quota is used up; free some of it and run the command again: quota -s",
                "用户的磁盘配额已用完，请腾出配额后重试：quota -s"
            ),
            Some(Errno::ROFS) => say!(
                language,
                "The file system is mounted read-only; mount it writable and run the command again: findmnt -T {path}",
                "文件系统以只读方式挂载，请改为可写后重试：findmnt -T {path}"
            ),
            Some(Errno::ACCESS | Errno::PERM) => say!(
                language,
                "Run the command as the user who owns OpenClaw, and look at owner and mode: namei -l {path}",
                "请以 OpenClaw 所属用户运行本命令，并检查属主与权限：namei -l {path}"
            ),
            Some(Errno::MFILE | Errno::NFILE) => say!(
                language,
                "Too many open files; raise the limit and run the command again: ulimit -n 4096",
                "打开的文件过多，请提高限制后重试：ulimit -n 4096"
            ),
            Some(Errno::XDEV) => say!(
                language,
                "It lies on another file system (or in a lower layer of an overlay) than OpenClaw's state directory, so it cannot be swapped in one step; move it there and run the command again: findmnt -T {path}",
                "该路径与 OpenClaw 状态目录不在同一文件系统（或位于 overlay 的下层），无法一步交换；请移到同一文件系统后重试：findmnt -T {path}"
            ),
            Some(Errno::IO) => say!(
                language,
                "The disk reports a fault; look at the kernel's log before anything else: dmesg | tail",
                "磁盘报告故障，请先查看内核日志：dmesg | tail"
            ),
            _ => say!(
                language,
                "Look at the path and run the command again: ls -ld {path}",
                "请检查该路径后重试：ls -ld {path}"
            ),
        }
    }
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
        assert!(error.problem(Language::English).starts_with("cannot write /home/a/x: No space"));
        assert!(error.problem(Language::Chinese).starts_with("无法写入 /home/a/x："));
        assert!(error.remedy(Language::English).contains("df -i /home/a/x"));
        assert!(error.remedy(Language::Chinese).contains("腾出空间"));
    }
}
