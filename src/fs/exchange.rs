//! Swapping a live tree with a prepared one in a single step of the file system.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use rustix::fs::{AtFlags, RenameFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::directory::parent_and_name;
use super::{Action, FileError, change, directory};

/// What identifies a directory on its file system, across renames and restarts of the machine.
///
/// The device number does not: btrfs, LVM and loop devices get another one at the next mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Inode number.
    pub inode: u64,
    /// When it was created, in nanoseconds since 1970, where the file system knows: ext4 gives the
    /// number of a removed directory to the next one that is made.
    #[serde(default)]
    pub born: Option<u64>,
}

impl Identity {
    /// The identity of the directory at `path`; `None` where nothing is.
    pub fn of(path: &Path) -> Result<Option<Self>, FileError> {
        match path.symlink_metadata() {
            Ok(attributes) => Ok(Some(Self { inode: attributes.ino(), born: born(&attributes) })),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(FileError::at(Action::Read, path)(cause)),
        }
    }
}

fn born(attributes: &std::fs::Metadata) -> Option<u64> {
    let created = attributes.created().ok()?;
    u64::try_from(created.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()
}

/// Exchanges what stands at `live` and at `slot`; one of them may be missing, then the other moves.
///
/// Neither parent may be a symbolic link: one that is planted after the plan would lead the tree
/// to where nobody has looked. Durable when it returns. Where the file system cannot exchange (overlayfs, old kernels), three
/// renames do it, over the name `<slot>.aside`; [`settle`] finishes what a kill in between leaves.
pub fn swap(live: &Path, slot: &Path) -> Result<(), FileError> {
    match (Identity::of(live)?, Identity::of(slot)?) {
        (Some(_), Some(_)) => exchange(live, slot)?,
        (None, Some(_)) => move_into(slot, live)?,
        (Some(_), None) => move_into(live, slot)?,
        (None, None) => return Err(FileError::at(Action::Rename, slot)(Errno::NOENT)),
    }
    sync_parents(live, slot)
}

/// Moves what stands at `from` to the free name `to`, on one file system and durably. Neither
/// parent may be a symbolic link.
pub fn relocate(from: &Path, to: &Path) -> Result<(), FileError> {
    move_into(from, to)?;
    sync_parents(to, from)
}

/// Finishes an exchange by renames that was cut short, so that one name again holds one tree.
/// Returns whether there was anything to finish.
pub fn settle(live: &Path, slot: &Path) -> Result<bool, FileError> {
    let aside = aside_of(slot);
    if Identity::of(&aside)?.is_none() {
        return Ok(false);
    }
    if Identity::of(live)?.is_none() {
        // cut after the first rename: the old tree goes back to its place
        move_into(&aside, live)?;
    } else {
        // cut after the second: the new tree is live, the old one belongs into the slot
        move_into(&aside, slot)?;
    }
    sync_parents(live, slot)?;
    Ok(true)
}

fn exchange(live: &Path, slot: &Path) -> Result<(), FileError> {
    let (live_parent, live_name) = parent_and_name(live)?;
    let (slot_parent, slot_name) = parent_and_name(slot)?;
    let flags = RenameFlags::EXCHANGE;
    match change!(rustix::fs::renameat_with(
        &live_parent,
        live_name,
        &slot_parent,
        slot_name,
        flags
    )) {
        Ok(()) => Ok(()),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            let aside = aside_of(slot);
            move_into(live, &aside)?;
            if let Err(error) = move_into(slot, live) {
                move_into(&aside, live)?;
                return Err(error);
            }
            move_into(&aside, slot)
        }
        Err(cause) => Err(FileError::at(Action::Rename, live)(cause)),
    }
}

fn aside_of(slot: &Path) -> std::path::PathBuf {
    slot.with_extension("aside")
}

fn move_into(from: &Path, to: &Path) -> Result<(), FileError> {
    let (from_parent, from_name) = parent_and_name(from)?;
    let (to_parent, to_name) = parent_and_name(to)?;
    let flags = RenameFlags::NOREPLACE;
    match change!(rustix::fs::renameat_with(&from_parent, from_name, &to_parent, to_name, flags)) {
        // rename(2) without the flag replaces a file: that there is none is seen just before
        Err(Errno::INVAL | Errno::NOSYS) => {
            match rustix::fs::statat(&to_parent, to_name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => {
                    change!(rustix::fs::renameat(&from_parent, from_name, &to_parent, to_name))
                }
                found => found.and(Err(Errno::EXIST)),
            }
        }
        outcome => outcome,
    }
    .map_err(FileError::at(Action::Rename, to))
}

fn sync_parents(live: &Path, slot: &Path) -> Result<(), FileError> {
    for path in [live, slot] {
        directory::sync(path.parent().unwrap_or(Path::new("/")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Identity, aside_of, relocate, settle, swap};
    use std::fs::{create_dir, read_to_string, rename, write};
    use std::path::{Path, PathBuf};

    fn tree(path: &Path, content: &str) {
        create_dir(path).unwrap();
        write(path.join("f"), content).unwrap();
    }

    fn content(path: &Path) -> Option<String> {
        read_to_string(path.join("f")).ok()
    }

    fn room() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let (live, slot) = (home.path().join("live"), home.path().join("slot"));
        (home, live, slot)
    }

    #[test]
    fn swaps_both_ways_and_moves_where_one_is_missing() {
        let (_home, live, slot) = room();
        assert!(swap(&live, &slot).is_err());
        tree(&slot, "new");
        swap(&live, &slot).unwrap();
        assert_eq!((content(&live).as_deref(), Identity::of(&slot).unwrap()), (Some("new"), None));
        tree(&slot, "newer");
        swap(&live, &slot).unwrap();
        assert_eq!(content(&live).as_deref(), Some("newer"));
        assert_eq!(content(&slot).as_deref(), Some("new"));
    }

    #[test]
    fn a_move_replaces_nothing_and_goes_through_no_link() {
        let (home, from, to) = room();
        let theirs = home.path().join("theirs");
        tree(&from, "moved");
        relocate(&from, &to).unwrap();
        assert_eq!(content(&to).as_deref(), Some("moved"));
        tree(&theirs, "theirs");
        std::os::unix::fs::symlink("theirs", &from).unwrap();
        assert!(relocate(&to, &from).is_err());
        assert!(relocate(&to, &from.join("new")).is_err());
        assert!(relocate(&from.join("f"), &home.path().join("f")).is_err());
        assert!(relocate(&to.join("f"), &theirs.join("f")).is_err());
        assert_eq!(content(&to).as_deref(), Some("moved"));
        assert_eq!(std::fs::read_dir(&theirs).unwrap().count(), 1);
        assert_eq!(content(&theirs).as_deref(), Some("theirs"));
    }

    #[test]
    fn a_parent_that_is_a_link_is_refused() {
        let (home, live, slot) = room();
        let (real, link) = (home.path().join("real"), home.path().join("link"));
        create_dir(&real).unwrap();
        std::os::unix::fs::symlink("real", &link).unwrap();
        tree(&slot, "new");
        assert!(swap(&link.join("live"), &slot).is_err());
        tree(&real.join("live"), "theirs");
        assert!(swap(&link.join("live"), &slot).is_err());
        assert_eq!(content(&real.join("live")).as_deref(), Some("theirs"));
        assert_eq!(content(&slot).as_deref(), Some("new"));
        assert_eq!(content(&live), None);
    }

    #[test]
    fn settles_an_exchange_by_renames_that_was_cut_anywhere() {
        // after the first rename
        let (_home, live, slot) = room();
        tree(&live, "old");
        tree(&slot, "new");
        rename(&live, aside_of(&slot)).unwrap();
        assert!(settle(&live, &slot).unwrap());
        assert_eq!(content(&live).as_deref(), Some("old"));
        assert_eq!(content(&slot).as_deref(), Some("new"));
        // after the second
        rename(&live, aside_of(&slot)).unwrap();
        rename(&slot, &live).unwrap();
        assert!(settle(&live, &slot).unwrap());
        assert_eq!(content(&live).as_deref(), Some("new"));
        assert_eq!(content(&slot).as_deref(), Some("old"));
        assert!(!settle(&live, &slot).unwrap());
    }
}
