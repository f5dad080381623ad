//! Making a staged tree durable: by one flush of its file system, or every file, then every
//! directory from the leaves to the root.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstatfs, fsync, statat, syncfs};

use super::stage::interrupted;
use super::{Action, beneath};
use crate::interrupt::Interrupt;
use crate::language::Problem;

/// The file systems whose `syncfs` makes everything durable: ext4, xfs, btrfs. Others hand it on to
/// somebody who may not do it (FUSE), or have not been tried.
const KNOWN: [u32; 3] = [0xEF53, 0x5846_5342, 0x9123_683E];
/// The first Linux whose `syncfs` tells of an error of write-back (`s_wb_err`).
const TELLS_ERRORS: (u32, u32) = (5, 8);
/// About what a disk writes in the time that one flush of a file takes.
const BYTES_OF_A_FLUSH: u64 = 64 * 1024;

/// Syncs the tree of `directory`, whose absolute path is `path`. The descriptor must be older than
/// the files: an error of write-back is told to those that were open when it came.
///
/// A flush for each file is what takes the time of an installation. One `syncfs` does it all, but
/// waits for strangers' data too, so it is used only where there is little of that. Else the order
/// is dpkg's: write-back is under way already when the first file is synced, and directories come
/// when all that is in them is durable. A failure is final: the kernel reports a lost page once and
/// then calls it clean, so the stage must be thrown away and written anew.
pub fn sync_tree(
    directory: BorrowedFd<'_>,
    path: &Path,
    interrupt: &Interrupt,
) -> Result<(), Problem> {
    if interrupt.is_raised() {
        return Err(interrupted(path));
    }
    if syncs_as_a_whole(directory).map_err(Action::Sync.failed(path))? {
        return syncfs(directory).map_err(Action::Sync.failed(path));
    }
    sync_files(directory, path, interrupt)?;
    sync_directories(directory, path, interrupt)
}

fn syncs_as_a_whole(directory: BorrowedFd<'_>) -> io::Result<bool> {
    let release = rustix::system::uname();
    let release = release.release().to_string_lossy();
    let kind = u32::try_from(fstatfs(directory)?.f_type).unwrap_or_default();
    if !KNOWN.contains(&kind) || kernel(&release) < TELLS_ERRORS {
        return Ok(false);
    }
    let (files, bytes) = extent(directory)?;
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let Some(dirty) = dirty(&meminfo) else { return Ok(false) };
    Ok(dirty.saturating_sub(bytes) <= files * BYTES_OF_A_FLUSH)
}

/// `6.8.0-49-generic` → `(6, 8)`.
fn kernel(release: &str) -> (u32, u32) {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    let mut next = || numbers.next().and_then(Result::ok).unwrap_or_default();
    (next(), next())
}

/// Bytes of all file systems together that are not on their disks yet; no one tells more exactly.
fn dirty(meminfo: &str) -> Option<u64> {
    let kib = |name: &str| -> Option<u64> {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    Some((kib("Dirty:")? + kib("Writeback:")?) * 1024)
}

/// How many files a tree has, and how many bytes they hold.
fn extent(directory: BorrowedFd<'_>) -> io::Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for entry in beneath::list(directory)? {
        let name = Path::new(&entry.name);
        let (more, larger) = if entry.kind == FileType::Directory {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY;
            extent(beneath::open(directory, name, flags, Mode::empty())?.as_fd())?
        } else {
            let size = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?.st_size;
            (1, u64::try_from(size).unwrap_or_default())
        };
        files += more;
        bytes += larger;
    }
    Ok((files, bytes))
}

fn sync_files(
    directory: BorrowedFd<'_>,
    path: &Path,
    interrupt: &Interrupt,
) -> Result<(), Problem> {
    for entry in beneath::list(directory).map_err(Action::Sync.failed(path))? {
        let inner = path.join(&entry.name);
        let open = |flags| {
            beneath::open(directory, Path::new(&entry.name), flags, Mode::empty())
                .map_err(Action::Sync.failed(&inner))
        };
        if interrupt.is_raised() {
            return Err(interrupted(path));
        }
        match entry.kind {
            FileType::Directory => {
                let below = open(OFlags::RDONLY | OFlags::DIRECTORY)?;
                sync_files(below.as_fd(), &inner, interrupt)?;
            }
            FileType::RegularFile => {
                fsync(open(OFlags::RDONLY | OFlags::NONBLOCK)?)
                    .map_err(Action::Sync.failed(&inner))?;
            }
            // a symbolic link lives in its directory
            _ => {}
        }
    }
    Ok(())
}

fn sync_directories(
    directory: BorrowedFd<'_>,
    path: &Path,
    interrupt: &Interrupt,
) -> Result<(), Problem> {
    for entry in beneath::list(directory).map_err(Action::Sync.failed(path))? {
        if entry.kind != FileType::Directory {
            continue;
        }
        if interrupt.is_raised() {
            return Err(interrupted(path));
        }
        let inner = path.join(&entry.name);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let below = beneath::open(directory, Path::new(&entry.name), flags, Mode::empty())
            .map_err(Action::Sync.failed(&inner))?;
        sync_directories(below.as_fd(), &inner, interrupt)?;
    }
    fsync(directory).map_err(Action::Sync.failed(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_and_what_it_has_not_written_yet() {
        for (release, expected) in
            [("6.8.0-49-generic", (6, 8)), ("5.10", (5, 10)), ("6.12+deb", (6, 12)), ("?", (0, 0))]
        {
            assert_eq!(kernel(release), expected, "{release}");
        }
        let meminfo = "MemFree:  9 kB\nDirty:      12 kB\nWriteback:   3 kB\nWritebackTmp: 7 kB\n";
        assert_eq!(dirty(meminfo), Some(15 * 1024));
        assert_eq!(dirty("Dirty: 12 kB\n"), None);
    }

    #[test]
    fn a_tree_is_measured_with_all_beneath_it() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("a/b")).unwrap();
        std::fs::write(home.path().join("a/b/file"), "12345").unwrap();
        std::fs::write(home.path().join("other"), "123").unwrap();
        let root = beneath::open_directory(home.path()).unwrap();
        assert_eq!(extent(root.as_fd()).unwrap(), (2, 8));
    }
}
