//! Swapping a live tree with a prepared one in a single step of the file system.

use std::path::Path;

use rustix::fs::{AtFlags, CWD, RenameFlags, StatxFlags, statx};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::{Action, FileError, directory};

/// What identifies a directory across renames and reboots.
///
/// The device number is not part of it: btrfs and overlayfs give a new one at each mount. The time
/// of birth is: a file system uses the inode number of a removed directory again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Inode number.
    pub inode: u64,
    /// Time of birth in seconds and nanoseconds, where the file system keeps one.
    pub born: Option<(i64, u32)>,
}

impl Identity {
    /// The identity of the directory at `path`; `None` where nothing is.
    pub fn of(path: &Path) -> Result<Option<Self>, FileError> {
        let wanted = StatxFlags::INO | StatxFlags::BTIME;
        match statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, wanted) {
            Ok(found) => {
                let has_birth = found.stx_mask & StatxFlags::BTIME.bits() != 0;
                let birth = (found.stx_btime.tv_sec, found.stx_btime.tv_nsec);
                Ok(Some(Self { inode: found.stx_ino, born: has_birth.then_some(birth) }))
            }
            Err(Errno::NOENT) => Ok(None),
            Err(cause) => Err(FileError::at(Action::Read, path)(cause)),
        }
    }
}

/// Exchanges what stands at `live` and at `slot`; one of them may be missing, then the other moves.
///
/// Durable when it returns. Where the file system cannot exchange (overlayfs, old kernels), three
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
    match rustix::fs::renameat_with(CWD, live, CWD, slot, RenameFlags::EXCHANGE) {
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
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // without the flag, rename(2) still refuses to replace a directory that is not empty
        Err(Errno::INVAL | Errno::NOSYS) => rustix::fs::rename(from, to),
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
    use super::{Identity, aside_of, settle, swap};
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
