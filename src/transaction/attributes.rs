//! Mode and owner of what stands in place.

use std::fs::Metadata;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Gid, Mode, OFlags, Uid};
use serde::{Deserialize, Serialize};

use crate::fs::directory::parent_and_name;
use crate::fs::{Action, FileError, change};

/// Mode and owner of a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

impl From<&Metadata> for Attributes {
    fn from(found: &Metadata) -> Self {
        Self { mode: found.mode() & 0o7777, uid: found.uid(), gid: found.gid() }
    }
}

impl std::fmt::Display for Attributes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:04o} {}:{}", self.mode, self.uid, self.gid)
    }
}

/// How a file or directory stands; a symbolic link is not followed.
pub fn of(path: &Path) -> Result<Attributes, FileError> {
    let found = path.symlink_metadata().map_err(FileError::at(Action::Read, path))?;
    Ok((&found).into())
}

/// Gives it another owner, then another mode (a change of owner clears the set-id bits), durably.
/// Neither it nor its parent may be a symbolic link.
pub fn give(path: &Path, attributes: Attributes) -> Result<(), FileError> {
    let Attributes { mode, uid, gid } = attributes;
    let (parent, name) = parent_and_name(path)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let change = |found: OwnedFd| {
        let now = rustix::fs::fstat(&found)?;
        if (now.st_uid, now.st_gid) != (uid, gid) {
            let (owner, group) = (Uid::from_raw(uid), Gid::from_raw(gid));
            change!(rustix::fs::fchown(&found, Some(owner), Some(group)))?;
        }
        change!(rustix::fs::fchmod(&found, Mode::from_raw_mode(mode)))?;
        change!(rustix::fs::fsync(&found))
    };
    rustix::fs::openat(&parent, name, flags, Mode::empty())
        .and_then(change)
        .map_err(FileError::at(Action::Write, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_given_and_not_through_a_link() {
        let home = tempfile::tempdir().unwrap();
        let [a, link] = ["a", "link"].map(|name| home.path().join(name));
        std::fs::create_dir_all(a.join("b")).unwrap();
        let before = of(&a.join("b")).unwrap();
        let open = Attributes { mode: 0o777, ..of(&a).unwrap() };
        give(&a, open).unwrap();
        assert_eq!(of(&a).unwrap(), open);
        std::os::unix::fs::symlink("a", &link).unwrap();
        assert!(give(&link, before).is_err());
        assert!(give(&link.join("b"), open).is_err());
        assert_eq!((of(&a).unwrap(), of(&a.join("b")).unwrap()), (open, before));
    }
}
