//! Mode and owner of what stands in place, and moves within one file system.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, RenameFlags, Uid};

use super::step::Attributes;
use crate::fs::{Action, FileError, directory};

/// How a file or directory stands; a symbolic link is not followed.
pub fn of(path: &Path) -> Result<Attributes, FileError> {
    let found = path.symlink_metadata().map_err(FileError::at(Action::Read, path))?;
    Ok(Attributes { mode: found.mode() & 0o7777, uid: found.uid(), gid: found.gid() })
}

/// Gives it another owner, then another mode (a change of owner clears the set-id bits), durably.
pub fn give(path: &Path, attributes: Attributes) -> Result<(), FileError> {
    let Attributes { mode, uid, gid } = attributes;
    let now = of(path)?;
    if (now.uid, now.gid) != (uid, gid) {
        let (owner, group) = (Uid::from_raw(uid), Gid::from_raw(gid));
        rustix::fs::chownat(CWD, path, Some(owner), Some(group), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(FileError::at(Action::Write, path))?;
    }
    // through a descriptor: a symbolic link that is planted meanwhile is not followed
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let descriptor =
        rustix::fs::open(path, flags, Mode::empty()).map_err(FileError::at(Action::Write, path))?;
    rustix::fs::fchmod(&descriptor, Mode::from_raw_mode(mode))
        .and_then(|()| rustix::fs::fsync(&descriptor))
        .map_err(FileError::at(Action::Write, path))
}

/// Renames onto a name that is free, durably on both sides.
pub fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)
        .map_err(FileError::at(Action::Rename, from))?;
    for side in [to, from] {
        directory::sync(side.parent().unwrap_or(Path::new("/")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_given_and_moves_replace_nothing() {
        let home = tempfile::tempdir().unwrap();
        let (a, b) = (home.path().join("a"), home.path().join("b"));
        std::fs::create_dir(&a).unwrap();
        let open = Attributes { mode: 0o777, ..of(&a).unwrap() };
        give(&a, open).unwrap();
        assert_eq!(of(&a).unwrap(), open);
        rename(&a, &b).unwrap();
        assert!(!a.exists());
        std::fs::create_dir(&a).unwrap();
        assert!(rename(&a, &b).is_err());
    }
}
