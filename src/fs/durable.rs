//! Making a staged tree durable: every file, then every directory from the leaves to the root.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fsync};

use super::stage::interrupted;
use super::{Action, beneath};
use crate::interrupt::Interrupt;
use crate::language::Problem;

/// How much was made durable; each counts one `fsync`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Synced {
    /// Regular files.
    pub files: u64,
    /// Directories, the root among them.
    pub directories: u64,
}

/// Syncs the tree of `directory`, whose absolute path is `path`, in one batch.
///
/// The order is dpkg's: write-back is under way already when the first file is synced, directories
/// come when all that is in them is durable, and unlike with `syncfs` nobody waits for strangers'
/// data. A failure is final: the kernel reports a lost page once and then calls it
/// clean, so the stage must be thrown away and written anew.
pub fn sync_tree(
    directory: BorrowedFd<'_>,
    path: &Path,
    interrupt: &Interrupt,
) -> Result<Synced, Problem> {
    let files = sync_files(directory, path, interrupt)?;
    let directories = sync_directories(directory, path, interrupt)?;
    Ok(Synced { files, directories })
}

fn sync_files(
    directory: BorrowedFd<'_>,
    path: &Path,
    interrupt: &Interrupt,
) -> Result<u64, Problem> {
    let mut synced = 0;
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
                synced += sync_files(below.as_fd(), &inner, interrupt)?;
            }
            FileType::RegularFile => {
                fsync(open(OFlags::RDONLY | OFlags::NONBLOCK)?)
                    .map_err(Action::Sync.failed(&inner))?;
                synced += 1;
            }
            // a symbolic link lives in its directory
            _ => {}
        }
    }
    Ok(synced)
}

fn sync_directories(
    directory: BorrowedFd<'_>,
    path: &Path,
    interrupt: &Interrupt,
) -> Result<u64, Problem> {
    let mut synced = 1;
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
        synced += sync_directories(below.as_fd(), &inner, interrupt)?;
    }
    fsync(directory).map_err(Action::Sync.failed(path))?;
    Ok(synced)
}
