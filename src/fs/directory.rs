//! Directories: made with an explicit mode, made durable, removed when nothing is in them.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::{Action, FileError, beneath, change};

/// Opens a directory for work relative to it. No component may be a symbolic link: the operator's
/// own were resolved when the plan was made, and any other has been planted since.
pub fn open(path: &Path) -> Result<OwnedFd, FileError> {
    held(path).map_err(FileError::at(Action::Read, path))
}

fn held(path: &Path) -> io::Result<OwnedFd> {
    let (root, below) = match path.strip_prefix("/") {
        Ok(below) if below.as_os_str().is_empty() => ("/", Path::new(".")),
        Ok(below) => ("/", below),
        Err(_) => (".", path),
    };
    let root = beneath::open_directory(Path::new(root))?;
    beneath::open(root.as_fd(), below, FLAGS, Mode::empty())
}

const FLAGS: OFlags =
    OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::RDONLY).union(OFlags::CLOEXEC);

/// The directory that a file or tree lies in, reached without a symbolic link, and its name there.
///
/// What is done by them is done in that directory, whatever is put into its place meanwhile.
pub fn parent_and_name(path: &Path) -> Result<(OwnedFd, &OsStr), FileError> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(FileError::at(Action::Write, path)(Errno::INVAL));
    };
    Ok((open(parent)?, name))
}

/// Makes the names in a directory durable.
pub fn sync(path: &Path) -> Result<(), FileError> {
    held(path)
        .and_then(|directory| Ok(change!(rustix::fs::fsync(directory))?))
        .map_err(FileError::at(Action::Sync, path))
}

/// Creates one directory with exactly `mode` (whatever the umask), durably.
/// Returns whether it was missing. Neither it nor its parent may be a symbolic link.
pub fn create(path: &Path, mode: u32) -> Result<bool, FileError> {
    let (parent, name) = parent_and_name(path)?;
    let mode = Mode::from_raw_mode(mode);
    let outcome = change!(rustix::fs::mkdirat(&parent, name, mode));
    let outcome = match outcome {
        Err(Errno::EXIST) => match rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) if FileType::from_raw_mode(found.st_mode) == FileType::Directory => {
                return Ok(false);
            }
            // gone again meanwhile: that is what is said, so that it can be tried again
            outcome => outcome.and(Err(Errno::EXIST)),
        },
        outcome => outcome,
    };
    outcome
        .and_then(|()| rustix::fs::openat(&parent, name, FLAGS, Mode::empty()))
        .and_then(|made| change!(rustix::fs::fchmod(made, mode)))
        .map_err(FileError::at(Action::MakeDirectory, path))?;
    change!(rustix::fs::fsync(&parent)).map_err(FileError::at(Action::Sync, path))?;
    Ok(true)
}

/// The path with every symbolic link above its last component resolved: those that are there
/// before a transaction begins are the operator's own.
pub fn with_real_parent(path: &Path) -> PathBuf {
    let real = path.parent().and_then(|parent| parent.canonicalize().ok());
    match (real, path.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => path.to_owned(),
    }
}

/// The directories that must be created, outermost first, so that `path` exists. One that cannot be
/// looked at is an error: what is taken for missing is taken for ours later, and removed.
pub fn missing(path: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut missing = Vec::new();
    for ancestor in path.ancestors() {
        match ancestor.metadata() {
            Ok(_) => break,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                missing.push(ancestor.to_owned());
            }
            // a file in the way among them
            Err(cause) => return Err(FileError::at(Action::Read, ancestor)(cause)),
        }
    }
    missing.reverse();
    Ok(missing)
}

/// Removes a directory if nothing is in it. Returns whether it is gone.
pub fn remove_if_empty(path: &Path) -> Result<bool, FileError> {
    let (parent, name) = match parent_and_name(path) {
        Err(error) if error.is_missing() => return Ok(true),
        outcome => outcome?,
    };
    match change!(rustix::fs::unlinkat(&parent, name, AtFlags::REMOVEDIR)) {
        Ok(()) => {
            change!(rustix::fs::fsync(&parent)).map_err(FileError::at(Action::Sync, path))?;
            Ok(true)
        }
        Err(Errno::NOENT) => Ok(true),
        Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
        Err(cause) => Err(FileError::at(Action::Remove, path)(cause)),
    }
}

#[cfg(test)]
mod tests {
    use super::{create, missing, remove_if_empty, with_real_parent};
    use std::os::unix::fs::{PermissionsExt, symlink};

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
        assert!(missing(&deep.join("theirs/d")).is_err(), "a file is in the way");
        assert!(!remove_if_empty(&deep).unwrap());
        std::fs::remove_file(deep.join("theirs")).unwrap();
        assert!(remove_if_empty(&deep).unwrap());
        assert!(remove_if_empty(&deep).unwrap(), "removing twice is the same as once");
        assert!(remove_if_empty(&deep.join("d")).unwrap());
    }

    #[test]
    fn nothing_is_made_or_removed_through_a_link() {
        let home = tempfile::tempdir().unwrap();
        let [theirs, link] = ["theirs", "link"].map(|name| home.path().join(name));
        std::fs::create_dir_all(theirs.join("empty/inner")).unwrap();
        symlink("theirs", &link).unwrap();
        assert!(create(&link.join("empty/new"), 0o700).is_err());
        assert!(remove_if_empty(&link.join("empty/inner")).is_err());
        assert!(remove_if_empty(&theirs.join("empty/inner")).unwrap());
        assert!(create(&link, 0o700).is_err());
        assert!(create(&link.join("new"), 0o700).is_err());
        assert!(remove_if_empty(&link.join("empty")).is_err());
        assert!(remove_if_empty(&link).is_err());
        assert_eq!(std::fs::read_dir(&theirs).unwrap().count(), 1);
        let real = theirs.canonicalize().unwrap();
        assert_eq!(with_real_parent(&link.join("empty")), real.join("empty"));
        assert_eq!(with_real_parent(&link), real.with_file_name("link"));
    }
}
