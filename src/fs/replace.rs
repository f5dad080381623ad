//! Replacing a file as a whole: written beside, made durable, renamed over.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, Gid, Mode, OFlags, RenameFlags, Uid};
use rustix::io::Errno;

use super::image::FileState;
use super::{Action, FileError, directory};

/// Brings `path` to `state` (or takes it away for `None`), whole or not at all, and durably.
///
/// `tag` names the transaction: the temporary name beside the file is made of it, so that recovery
/// finds what a killed run left. The parent directory must exist.
pub fn replace(path: &Path, state: Option<&FileState>, tag: &str) -> Result<(), FileError> {
    let (parent, name) = directory::parent_and_name(path)?;
    match state {
        Some(state) => {
            let temporary = temporary_name(name, tag);
            write_beside(&parent, &temporary, path, state)?;
            rustix::fs::renameat(&parent, &temporary, &parent, name)
                .map_err(FileError::at(Action::Rename, path))?;
        }
        None => remove_at(&parent, name, path)?,
    }
    rustix::fs::fsync(&parent).map_err(FileError::at(Action::Sync, path))
}

/// Replaces a file that still is as `known`; returns whether it was.
///
/// The new file and the old one are exchanged, and what came out is looked at: a stranger's write
/// between any look and any rename is seen, and goes back to its place. Where the file system
/// cannot exchange, the last look is taken directly before the rename.
pub fn replace_known(
    path: &Path,
    known: &FileState,
    state: &FileState,
    tag: &str,
) -> Result<bool, FileError> {
    let (parent, name) = directory::parent_and_name(path)?;
    let temporary = temporary_name(name, tag);
    write_beside(&parent, &temporary, path, state)?;
    let was_known = exchange_known(&parent, &temporary, name, path, known)?;
    rustix::fs::fsync(&parent).map_err(FileError::at(Action::Sync, path))?;
    Ok(was_known)
}

fn exchange_known(
    parent: &OwnedFd,
    temporary: &OsStr,
    name: &OsStr,
    path: &Path,
    known: &FileState,
) -> Result<bool, FileError> {
    let beside = path.with_file_name(temporary);
    let exchange =
        || rustix::fs::renameat_with(parent, temporary, parent, name, RenameFlags::EXCHANGE);
    let is_known = |place: &Path| Ok(FileState::read(place)?.as_ref() == Some(known));
    match exchange() {
        Ok(()) if is_known(&beside)? => {}
        Ok(()) => {
            exchange().map_err(FileError::at(Action::Rename, path))?;
            remove_at(parent, temporary, path)?;
            return Ok(false);
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) if is_known(path)? => {
            return rustix::fs::renameat(parent, temporary, parent, name)
                .map(|()| true)
                .map_err(FileError::at(Action::Rename, path));
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::NOENT) => {
            remove_at(parent, temporary, path)?;
            return Ok(false);
        }
        Err(cause) => return Err(FileError::at(Action::Rename, path)(cause)),
    }
    remove_at(parent, temporary, path)?;
    Ok(true)
}

/// Creates a file that must not exist yet, whole and durably.
pub fn create(path: &Path, state: &FileState, tag: &str) -> Result<(), FileError> {
    let (parent, name) = directory::parent_and_name(path)?;
    let temporary = temporary_name(name, tag);
    write_beside(&parent, &temporary, path, state)?;
    place_new(&parent, &temporary, name).map_err(FileError::at(Action::Rename, path))?;
    rustix::fs::fsync(&parent).map_err(FileError::at(Action::Sync, path))
}

/// Where the file system has no rename that refuses to replace (NFS, old kernels), a second name
/// does the same: `link(2)` never replaces.
fn place_new(parent: &OwnedFd, temporary: &OsStr, name: &OsStr) -> Result<(), Errno> {
    match rustix::fs::renameat_with(parent, temporary, parent, name, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => {
            rustix::fs::linkat(parent, temporary, parent, name, AtFlags::empty())?;
            rustix::fs::unlinkat(parent, temporary, AtFlags::empty())
        }
        outcome => outcome,
    }
}

/// Removes the temporary file that a killed run of transaction `tag` may have left beside `path`.
pub fn sweep(path: &Path, tag: &str) -> Result<(), FileError> {
    match directory::parent_and_name(path) {
        Ok((parent, name)) => remove_at(&parent, &temporary_name(name, tag), path),
        Err(error) if error.is_missing() => Ok(()),
        Err(error) => Err(error),
    }
}

/// A hidden name that neither OpenClaw (`openclaw.json.bak*`) nor systemd (`*.conf`) looks at.
fn temporary_name(name: &OsStr, tag: &str) -> OsString {
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".openclaw-setup-{tag}.tmp"));
    temporary
}

fn write_beside(
    parent: &OwnedFd,
    temporary: &OsStr,
    path: &Path,
    state: &FileState,
) -> Result<(), FileError> {
    remove_at(parent, temporary, path)?;
    let outcome = write_new(parent, temporary, state)
        .map_err(FileError::at(Action::Write, path))
        .and_then(|file| file.sync_all().map_err(FileError::at(Action::Sync, path)));
    if outcome.is_err() {
        // the reason is told already; a temporary file that stays is swept by recovery
        let _ = rustix::fs::unlinkat(parent, temporary, AtFlags::empty());
    }
    outcome
}

fn write_new(parent: &OwnedFd, name: &OsStr, state: &FileState) -> std::io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(parent, name, flags, Mode::RUSR | Mode::WUSR)?);
    file.write_all(&state.bytes)?;
    give_owner(&file, state)?;
    rustix::fs::fchmod(&file, Mode::from_raw_mode(state.mode))?;
    Ok(file)
}

/// Keeps the owner that the file had. Our own new file already has ours, and an ordinary user may
/// not give files away: that case is no error as long as the owner is right in the end.
fn give_owner(file: &File, state: &FileState) -> std::io::Result<()> {
    let current = rustix::fs::fstat(file)?;
    if (current.st_uid, current.st_gid) != (state.uid, state.gid) {
        rustix::fs::fchown(
            file.as_fd(),
            Some(Uid::from_raw(state.uid)),
            Some(Gid::from_raw(state.gid)),
        )?;
    }
    Ok(())
}

fn remove_at(parent: &OwnedFd, name: &OsStr, path: &Path) -> Result<(), FileError> {
    match rustix::fs::unlinkat(parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(cause) => Err(FileError::at(Action::Remove, path)(cause)),
    }
}

#[cfg(test)]
mod tests {
    use super::{FileState, create, replace, replace_known, sweep};

    fn state(bytes: &str, mode: u32) -> FileState {
        let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        FileState { bytes: bytes.into(), mode, uid, gid }
    }

    #[test]
    fn replaces_creates_and_removes_leaving_nothing_beside() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("openclaw.json");
        replace(&path, Some(&state("one", 0o600)), "t").unwrap();
        replace(&path, Some(&state("two", 0o640)), "t").unwrap();
        assert_eq!(FileState::read(&path).unwrap().unwrap(), state("two", 0o640));
        assert!(create(&path, &state("three", 0o600), "t").is_err());
        sweep(&path, "t").unwrap();
        replace(&path, None, "t").unwrap();
        replace(&path, None, "t").unwrap();
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_not_as_it_was_known_stays() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("openclaw.json");
        let [known, theirs, ours] = ["known", "theirs", "ours"].map(|text| state(text, 0o600));
        for (found, replaced) in [
            (Some(&known), true),
            (Some(&theirs), false),
            (Some(&state("known", 0o640)), false),
            (None, false),
        ] {
            replace(&path, found, "t").unwrap();
            assert_eq!(replace_known(&path, &known, &ours, "t").unwrap(), replaced);
            let expected = if replaced { Some(&ours) } else { found };
            assert_eq!(FileState::read(&path).unwrap().as_ref(), expected);
            let files = std::fs::read_dir(home.path()).unwrap().count();
            assert_eq!(files, usize::from(expected.is_some()));
        }
    }

    #[test]
    fn a_parent_that_is_a_link_is_refused() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("real")).unwrap();
        std::os::unix::fs::symlink("real", home.path().join("link")).unwrap();
        assert!(replace(&home.path().join("link/f"), Some(&state("x", 0o600)), "t").is_err());
        assert_eq!(std::fs::read_dir(home.path().join("real")).unwrap().count(), 0);
    }
}
