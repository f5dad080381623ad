//! The stage: a tree written beside the live one, beneath one directory descriptor, so that
//! nothing in its input can make it write anywhere else; and made durable: by one flush of its file
//! system, or every file, then every directory from the leaves to the root.

use std::fs::File;
use std::io::{self, Write};
use std::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{
    Advice, AtFlags, FileType, Mode, OFlags, fadvise, fchmod, fstatfs, fsync, mkdirat, openat,
    statat, symlinkat, syncfs, unlinkat,
};
use rustix::io::Errno;

use super::{Action, beneath};
use crate::interrupt::Interrupt;
use crate::language::{Kind, Problem};

/// Directories and executable files; never depends on the umask.
const OPEN_MODE: u32 = 0o755;
/// Every other file.
const PLAIN_MODE: u32 = 0o644;
/// What is left of a mode where only the owner may use the file.
const PRIVATE: u32 = 0o700;
/// Write-back is started each time this many bytes of a file are written.
const WRITE_BACK_STEP: u64 = 8 * 1024 * 1024;

/// The operator asked the program to stop while it worked on `path`.
fn interrupted(path: &Path) -> Problem {
    let message = say!("interrupted while working on {path}", path = path.display());
    Problem::new("stage.interrupted", message, say!("Run the command again."))
        .of_kind(Kind::Interrupted)
}

/// A tree under construction.
///
/// Every name is resolved beneath the root without following a symbolic link, files are created
/// exclusively, and modes are 0755 for directories and executables and 0644 for all else,
/// whatever the umask. `OpenClaw` rejects hard links and world-writable plugins: neither can be
/// made with this type.
#[derive(Debug)]
pub struct Stage {
    root: OwnedFd,
    path: PathBuf,
    /// The directory of the last entry: most entries are its siblings.
    nearby: Option<(PathBuf, OwnedFd)>,
}

impl Stage {
    /// Creates the directory `path`, which must not exist, as the root of a new tree.
    pub fn create(path: &Path) -> Result<Self, Problem> {
        let path = std::path::absolute(path).map_err(Action::Write.failed(path))?;
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Action::Write.failed(&path)(Errno::INVAL));
        };
        let parent = beneath::open_directory(parent).map_err(Action::Write.failed(&path))?;
        Self::create_in(parent.as_fd(), Path::new(name), &path)
    }

    /// Creates the directory `name` in `parent`; `path` is its absolute path, for messages.
    pub fn create_in(parent: BorrowedFd<'_>, name: &Path, path: &Path) -> Result<Self, Problem> {
        mkdirat(parent, name, Mode::RWXU).map_err(Action::Write.failed(path))?;
        let root = open_made_directory(parent, name).map_err(Action::Write.failed(path))?;
        Ok(Self { root, path: path.to_path_buf(), nearby: None })
    }

    /// The absolute path of the root.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Creates a directory and those above it; one that is there already stays.
    pub fn directory(&mut self, relative: &Path) -> Result<(), Problem> {
        let path = self.path.join(relative);
        let (parent, name) = self.split(relative)?;
        let parent = self.nearby(parent)?;
        match mkdirat(parent, name, Mode::RWXU) {
            Err(Errno::EXIST) => {}
            made => made.map_err(Action::Write.failed(&path))?,
        }
        open_made_directory(parent, name).map(drop).map_err(Action::Write.failed(path))
    }

    /// Creates a file, which must not exist, and the directories above it.
    pub fn file(&mut self, relative: &Path, executable: bool) -> Result<StagedFile, Problem> {
        let path = self.path.join(relative);
        let (parent, name) = self.split(relative)?;
        let parent = self.nearby(parent)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let created = openat(parent, name, flags | OFlags::CLOEXEC, Mode::RUSR | Mode::WUSR)
            .and_then(|fd| {
                let mode = if executable { OPEN_MODE } else { PLAIN_MODE };
                fchmod(&fd, Mode::from_raw_mode(mode)).map(|()| fd)
            })
            .map_err(Action::Write.failed(&path))?;
        Ok(StagedFile { file: File::from(created), path, written: 0, handed_over: 0 })
    }

    /// Creates a symbolic link. That `target` stays inside the tree is the caller's knowledge; the
    /// stage itself never follows a link.
    pub fn symlink(&mut self, relative: &Path, target: impl AsRef<Path>) -> Result<(), Problem> {
        let path = self.path.join(relative);
        let (parent, name) = self.split(relative)?;
        let parent = self.nearby(parent)?;
        symlinkat(target.as_ref(), parent, name).map_err(Action::Write.failed(path))
    }

    fn nearby(&mut self, parent: &Path) -> Result<BorrowedFd<'_>, Problem> {
        if self.nearby.as_ref().is_none_or(|(known, _)| known != parent) {
            let opened = match self.open_parent(parent) {
                Err(Errno::NOENT) => {
                    self.directory(parent)?;
                    self.open_parent(parent)
                }
                opened => opened,
            };
            let opened = opened.map_err(Action::Write.failed(self.path.join(parent)))?;
            self.nearby = Some((parent.to_path_buf(), opened));
        }
        Ok(self.nearby.as_ref().map_or(self.root.as_fd(), |(_, directory)| directory.as_fd()))
    }

    /// The parent and the last name of a path; `..` is no name.
    fn split<'p>(&self, relative: &'p Path) -> Result<(&'p Path, &'p Path), Problem> {
        let parent = relative.parent();
        let name = relative.file_name().map(Path::new);
        parent.zip(name).ok_or_else(|| Action::Write.failed(self.path.join(relative))(Errno::INVAL))
    }

    fn open_parent(&self, parent: &Path) -> Result<OwnedFd, Errno> {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        beneath::open(self.root.as_fd(), parent, flags, Mode::empty())
            .map_err(|cause| Errno::from_io_error(&cause).unwrap_or(Errno::IO))
    }
}

impl AsFd for Stage {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }
}

/// A new file of a stage. Its bytes go to the disk while they are written, so that the sync at
/// the end finds little left to do.
#[derive(Debug)]
pub struct StagedFile {
    file: File,
    path: PathBuf,
    written: u64,
    handed_over: u64,
}

impl StagedFile {
    /// Appends `bytes`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.file.write_all(bytes).map_err(Action::Write.failed(&self.path))?;
        self.written += bytes.len() as u64;
        if self.written - self.handed_over >= WRITE_BACK_STEP {
            self.start_write_back();
        }
        Ok(())
    }

    /// Lets nobody but the owner read the file.
    pub fn keep_private(&self) -> Result<(), Problem> {
        rustix::fs::fstat(&self.file)
            .and_then(|found| fchmod(&self.file, Mode::from_raw_mode(found.st_mode & PRIVATE)))
            .map_err(Action::Write.failed(&self.path))
    }

    /// Ends the file. It is durable only after [`sync_tree`].
    pub fn finish(mut self) {
        self.start_write_back();
    }

    /// `POSIX_FADV_DONTNEED` starts asynchronous write-back of dirty pages. It is a hint: its
    /// failure costs time, not data.
    fn start_write_back(&mut self) {
        if let Some(length) = NonZeroU64::new(self.written - self.handed_over) {
            let _ = fadvise(&self.file, self.handed_over, Some(length), Advice::DontNeed);
            self.handed_over = self.written;
        }
    }
}

/// Removes `name` from `directory`, with all beneath it. A symbolic link is removed, never
/// followed. A name that is not there is removed already. `path` is for messages.
pub fn remove_tree(directory: BorrowedFd<'_>, name: &Path, path: &Path) -> Result<(), Problem> {
    match unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        // Linux says EISDIR, POSIX says EPERM
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(errno) => return Err(Action::Remove.failed(path)(errno)),
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let doomed = beneath::open(directory, name, flags, Mode::empty())
        .map_err(Action::Remove.failed(path))?;
    for entry in beneath::list(doomed.as_fd()).map_err(Action::Remove.failed(path))? {
        let inner = path.join(&entry.name);
        if entry.kind == FileType::Directory {
            remove_tree(doomed.as_fd(), Path::new(&entry.name), &inner)?;
        } else {
            unlinkat(&doomed, &entry.name, AtFlags::empty())
                .map_err(Action::Remove.failed(inner))?;
        }
    }
    unlinkat(directory, name, AtFlags::REMOVEDIR).map_err(Action::Remove.failed(path))
}

/// Opens a directory that may just have been made under a narrow umask, and gives it its mode.
fn open_made_directory(parent: BorrowedFd<'_>, name: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let directory = beneath::open(parent, name, flags, Mode::empty())?;
    fchmod(&directory, Mode::from_raw_mode(OPEN_MODE))?;
    Ok(directory)
}

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
