//! Opening and listing beneath a directory descriptor, where no symbolic link is ever followed.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, openat, openat2, statat,
};
use rustix::io::Errno;

/// Set once the kernel has answered ENOSYS: `openat2` came with Linux 5.6.
static WITHOUT_OPENAT2: AtomicBool = AtomicBool::new(false);

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name, as the file system has it.
    pub name: OsString,
    /// What bears the name; a symbolic link is reported as such.
    pub kind: FileType,
}

/// Opens a directory by its path. The path may lead through symbolic links: it is the operator's.
pub fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(CWD, path, flags, Mode::empty())?)
}

/// Opens `path`, which must lie beneath `directory`, without following a symbolic link anywhere
/// on the way (ELOOP) and without leaving `directory` (EXDEV).
///
/// Where the kernel lacks `openat2`, or a container's seccomp filter forbids it (EPERM), the path
/// is walked one component at a time.
pub fn open(
    directory: BorrowedFd<'_>,
    path: &Path,
    flags: OFlags,
    mode: Mode,
) -> io::Result<OwnedFd> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    if WITHOUT_OPENAT2.load(Ordering::Relaxed) {
        return walk(directory, path, flags, mode);
    }
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match openat2(directory, path, flags, mode, resolve) {
        Err(Errno::NOSYS) => {
            WITHOUT_OPENAT2.store(true, Ordering::Relaxed);
            walk(directory, path, flags, mode)
        }
        Err(Errno::PERM) => walk(directory, path, flags, mode),
        opened => Ok(opened?),
    }
}

fn walk(directory: BorrowedFd<'_>, path: &Path, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name),
            Component::CurDir => {}
            _ => return Err(Errno::XDEV.into()),
        }
    }
    let last = names.pop().unwrap_or(OsStr::new("."));
    // what lies on the way has to be passed, not read: /home may be 0711
    let step = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut reached: Option<OwnedFd> = None;
    for name in names {
        let from = reached.as_ref().map_or(directory, AsFd::as_fd);
        reached = Some(openat(from, name, step, Mode::empty()).map_err(link_as_loop)?);
    }
    let from = reached.as_ref().map_or(directory, AsFd::as_fd);
    Ok(openat(from, last, flags, mode).map_err(link_as_loop)?)
}

/// `O_DIRECTORY | O_NOFOLLOW` on a symbolic link says ENOTDIR, where `openat2` says ELOOP.
fn link_as_loop(errno: Errno) -> Errno {
    if errno == Errno::NOTDIR { Errno::LOOP } else { errno }
}

/// The names in `directory` but `.` and `..`, sorted by their bytes.
pub fn list(directory: BorrowedFd<'_>) -> io::Result<Vec<Listed>> {
    let mut listed = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        let kind = match entry.file_type() {
            // some file systems do not keep the type in the directory
            FileType::Unknown => kind_of(directory, name)?,
            known => known,
        };
        listed.push(Listed { name: OsString::from_vec(name.to_bytes().to_vec()), kind });
    }
    listed.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(listed)
}

fn kind_of(directory: BorrowedFd<'_>, name: &std::ffi::CStr) -> io::Result<FileType> {
    let stat = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(stat.st_mode))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    type Opener = fn(BorrowedFd<'_>, &Path, OFlags, Mode) -> io::Result<OwnedFd>;

    #[test]
    fn neither_way_of_opening_leaves_the_directory_or_follows_a_link() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("tree/inner")).unwrap();
        fs::write(home.path().join("outside"), "secret").unwrap();
        fs::write(home.path().join("tree/inner/file"), "").unwrap();
        symlink("inner", home.path().join("tree/link")).unwrap();
        symlink("inner/file", home.path().join("tree/to-file")).unwrap();
        let tree = open_directory(&home.path().join("tree")).unwrap();
        for opener in [open as Opener, walk as Opener] {
            let outcome = |path: &str| {
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW;
                opener(tree.as_fd(), Path::new(path), flags, Mode::empty())
                    .map(|_| ())
                    .map_err(|cause| Errno::from_io_error(&cause).unwrap())
            };
            assert_eq!(outcome("inner/file"), Ok(()));
            assert_eq!(outcome("./inner/file"), Ok(()));
            assert_eq!(outcome("../outside"), Err(Errno::XDEV));
            assert_eq!(outcome("/etc/passwd"), Err(Errno::XDEV));
            assert_eq!(outcome("link/file"), Err(Errno::LOOP));
            assert_eq!(outcome("to-file"), Err(Errno::LOOP));
            assert_eq!(outcome("inner/missing"), Err(Errno::NOENT));
        }
    }

    #[test]
    fn a_list_is_sorted_and_tells_links_from_what_they_lead_to() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("b")).unwrap();
        symlink("b", home.path().join("a")).unwrap();
        fs::write(home.path().join(".c"), "").unwrap();
        let listed = list(open_directory(home.path()).unwrap().as_fd()).unwrap();
        let seen: Vec<_> =
            listed.iter().map(|entry| (entry.name.to_str().unwrap(), entry.kind)).collect();
        assert_eq!(
            seen,
            [(".c", FileType::RegularFile), ("a", FileType::Symlink), ("b", FileType::Directory)]
        );
    }
}
