//! Directories: made with an explicit mode, made durable, removed when nothing is in them.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::{Action, FileError, exists};

/// Opens a directory for work relative to it; the last component may not be a symbolic link.
pub fn open(path: &Path) -> Result<OwnedFd, FileError> {
    rustix::fs::open(
        path,
        OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map_err(FileError::at(Action::Read, path))
}

/// Makes the names in a directory durable.
pub fn sync(path: &Path) -> Result<(), FileError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(FileError::at(Action::Sync, path))
}

/// Creates one directory with exactly `mode` (whatever the umask), durably.
/// Returns whether it was missing.
pub fn create(path: &Path, mode: u32) -> Result<bool, FileError> {
    match rustix::fs::mkdir(path, Mode::from_raw_mode(mode)) {
        Err(Errno::EXIST) if path.is_dir() => return Ok(false),
        outcome => outcome.map_err(FileError::at(Action::MakeDirectory, path))?,
    }
    rustix::fs::chmod(path, Mode::from_raw_mode(mode))
        .map_err(FileError::at(Action::MakeDirectory, path))?;
    sync(path.parent().unwrap_or(Path::new("/")))?;
    Ok(true)
}

/// The directories that must be created, outermost first, so that `path` exists.
pub fn missing(path: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut missing = Vec::new();
    for ancestor in path.ancestors() {
        if exists(ancestor)? {
            break;
        }
        missing.push(ancestor.to_owned());
    }
    missing.reverse();
    Ok(missing)
}

/// Removes a directory if nothing is in it. Returns whether it is gone.
pub fn remove_if_empty(path: &Path) -> Result<bool, FileError> {
    match rustix::fs::rmdir(path) {
        Ok(()) => {
            sync(path.parent().unwrap_or(Path::new("/")))?;
            Ok(true)
        }
        Err(Errno::NOENT) => Ok(true),
        Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
        Err(cause) => Err(FileError::at(Action::Remove, path)(cause)),
    }
}

#[cfg(test)]
mod tests {
    use super::{create, missing, remove_if_empty};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn creates_what_is_missing_and_removes_only_what_is_empty() {
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("a/b/c");
        let todo = missing(&deep).unwrap();
        assert_eq!(todo.len(), 3);
        for directory in &todo {
            assert!(create(directory, 0o700).unwrap());
            assert!(!create(directory, 0o700).unwrap());
        }
        assert_eq!(deep.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert!(missing(&deep).unwrap().is_empty());
        std::fs::write(deep.join("theirs"), "x").unwrap();
        assert!(!remove_if_empty(&deep).unwrap());
        std::fs::remove_file(deep.join("theirs")).unwrap();
        assert!(remove_if_empty(&deep).unwrap());
        assert!(remove_if_empty(&deep).unwrap(), "removing twice is the same as once");
    }
}
