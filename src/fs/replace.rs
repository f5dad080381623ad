//! Replacing a file as a whole: written beside, made durable, renamed over.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, Gid, Mode, OFlags, RenameFlags, Uid};
use rustix::io::Errno;

use super::fault::change;
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
            let outcome = change!(rustix::fs::renameat(&parent, &temporary, &parent, name));
            if outcome.is_err() {
                let _ = change!(rustix::fs::unlinkat(&parent, &temporary, AtFlags::empty()));
            }
            outcome.map_err(FileError::at(Action::Rename, path))?;
        }
        None => remove_at(&parent, name, path)?,
    }
    change!(rustix::fs::fsync(&parent)).map_err(FileError::at(Action::Sync, path))
}

/// Takes a file from `known` to `state` if it still is as known (`None`: absent); returns whether
/// it was. Whatever a stranger writes meanwhile stays.
pub fn change(
    path: &Path,
    known: Option<&FileState>,
    state: Option<&FileState>,
    tag: &str,
) -> Result<bool, FileError> {
    let (parent, name) = directory::parent_and_name(path)?;
    let temporary = temporary_name(name, tag);
    let place = Place { parent: &parent, temporary: &temporary, name, path };
    let was_known = match (known, state) {
        (Some(known), Some(state)) => {
            write_beside(&parent, &temporary, path, state)?;
            // seen now, it stays in sight of whoever has written it
            if FileState::read(path)?.as_ref() == Some(known) {
                place.exchange_known(known, state, &mut || place.exchange())?
            } else {
                place.clear()?;
                false
            }
        }
        (Some(known), None) => place.remove_known(known)?,
        (None, Some(state)) => {
            write_beside(&parent, &temporary, path, state)?;
            place.fill()?
        }
        (None, None) => FileState::read(path)?.is_none(),
    };
    change!(rustix::fs::fsync(&parent)).map_err(FileError::at(Action::Sync, path))?;
    Ok(was_known)
}

/// A file's place, with the temporary name beside it.
#[derive(Clone, Copy)]
struct Place<'a> {
    parent: &'a OwnedFd,
    temporary: &'a OsStr,
    name: &'a OsStr,
    path: &'a Path,
}

impl Place<'_> {
    fn exchange(&self) -> Result<(), Errno> {
        let (parent, flags) = (self.parent, RenameFlags::EXCHANGE);
        change!(rustix::fs::renameat_with(parent, self.temporary, parent, self.name, flags))
    }

    /// What stands under the temporary name; `None` also for what is no file: it is not known. It
    /// is looked for where the renames work, even if a link stands in the directory's place by now.
    fn beside(&self) -> Result<Option<FileState>, FileError> {
        match FileState::read_at(self.parent.as_fd(), self.temporary.as_ref()) {
            Err(FileError { cause, .. })
                if cause.raw_os_error().is_none_or(|code| code == Errno::LOOP.raw_os_error()) =>
            {
                Ok(None)
            }
            outcome => outcome.map_err(|error| FileError::at(error.action, self.path)(error.cause)),
        }
    }

    fn clear(&self) -> Result<(), FileError> {
        remove_at(self.parent, self.temporary, self.path)
    }

    /// The new file and the old one are exchanged, and what came out is looked at: a stranger's
    /// write between any look and any rename is seen, and goes back to its place. Where the file
    /// system cannot exchange, the last look is taken directly before the rename.
    fn exchange_known(
        &self,
        known: &FileState,
        state: &FileState,
        exchange: &mut dyn FnMut() -> Result<(), Errno>,
    ) -> Result<bool, FileError> {
        let failed = FileError::at(Action::Rename, self.path);
        match exchange() {
            Ok(()) => {
                let found = match self.beside() {
                    Ok(found) => found,
                    // what cannot be read goes back to its place unread
                    Err(error) => {
                        exchange().map_err(failed)?;
                        self.clear()?;
                        return Err(error);
                    }
                };
                let was_known = found.as_ref() == Some(known);
                if !was_known {
                    self.give_back(state.clone(), exchange)?;
                }
                self.clear()?;
                Ok(was_known)
            }
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)
                if FileState::read(self.path)?.as_ref() == Some(known) =>
            {
                change!(rustix::fs::renameat(self.parent, self.temporary, self.parent, self.name))
                    .map_err(failed)?;
                Ok(true)
            }
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::NOENT) => {
                self.clear()?;
                Ok(false)
            }
            Err(cause) => Err(failed(cause)),
        }
    }

    /// Puts a stranger's file back. Each time the one that comes out must be the one that had just
    /// been put there: another is newer still, and is put back in its turn.
    fn give_back(
        &self,
        ours: FileState,
        exchange: &mut dyn FnMut() -> Result<(), Errno>,
    ) -> Result<(), FileError> {
        let mut placed = Some(ours);
        loop {
            let theirs = self.beside()?;
            match exchange() {
                Ok(()) => {}
                // removed since: better theirs than nothing
                Err(Errno::NOENT) => return self.fill().map(|_| ()),
                Err(cause) => return Err(FileError::at(Action::Rename, self.path)(cause)),
            }
            // no file cannot be compared with: then the round before is the last
            if placed.is_none() || self.beside()? == placed {
                return Ok(());
            }
            placed = theirs;
        }
    }

    /// The file is moved beside and looked at there.
    fn remove_known(&self, known: &FileState) -> Result<bool, FileError> {
        self.clear()?;
        let moved =
            change!(rustix::fs::renameat(self.parent, self.name, self.parent, self.temporary));
        match moved {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(false),
            Err(cause) => return Err(FileError::at(Action::Rename, self.path)(cause)),
        }
        let found = self.beside();
        if matches!(&found, Ok(Some(found)) if found == known) {
            self.clear()?;
            return Ok(true);
        }
        // where something newer stands there again, that is the one to keep
        self.fill()?;
        found.map(|_| false)
    }

    /// Moves the file beside to the name, if nothing is there; it is gone in either case.
    fn fill(&self) -> Result<bool, FileError> {
        match place_new(self.parent, self.temporary, self.name) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => self.clear().map(|()| false),
            Err(cause) => Err(FileError::at(Action::Rename, self.path)(cause)),
        }
    }
}

/// Where the file system has no rename that refuses to replace (NFS, old kernels), a second name
/// does the same: `link(2)` never replaces.
fn place_new(parent: &OwnedFd, temporary: &OsStr, name: &OsStr) -> Result<(), Errno> {
    match change!(rustix::fs::renameat_with(
        parent,
        temporary,
        parent,
        name,
        RenameFlags::NOREPLACE
    )) {
        Err(Errno::INVAL | Errno::NOSYS) => {
            rustix::fs::linkat(parent, temporary, parent, name, AtFlags::empty())?;
            change!(rustix::fs::unlinkat(parent, temporary, AtFlags::empty()))
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
        .and_then(|file| change!(file.sync_all()).map_err(FileError::at(Action::Sync, path)));
    if outcome.is_err() {
        // the reason is told already; a temporary file that stays is swept by recovery
        let _ = change!(rustix::fs::unlinkat(parent, temporary, AtFlags::empty()));
    }
    outcome
}

fn write_new(parent: &OwnedFd, name: &OsStr, state: &FileState) -> std::io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file =
        File::from(change!(rustix::fs::openat(parent, name, flags, Mode::RUSR | Mode::WUSR))?);
    change!(file.write_all(&state.bytes))?;
    give_owner(&file, state)?;
    change!(rustix::fs::fchmod(&file, Mode::from_raw_mode(state.mode)))?;
    Ok(file)
}

/// Keeps the owner that the file had. Our own new file already has ours, and an ordinary user may
/// not give files away: that case is no error as long as the owner is right in the end.
fn give_owner(file: &File, state: &FileState) -> std::io::Result<()> {
    let current = rustix::fs::fstat(file)?;
    if (current.st_uid, current.st_gid) != (state.uid, state.gid) {
        let (owner, group) = (Uid::from_raw(state.uid), Gid::from_raw(state.gid));
        change!(rustix::fs::fchown(file.as_fd(), Some(owner), Some(group)))?;
    }
    Ok(())
}

fn remove_at(parent: &OwnedFd, name: &OsStr, path: &Path) -> Result<(), FileError> {
    match change!(rustix::fs::unlinkat(parent, name, AtFlags::empty())) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(cause) => Err(FileError::at(Action::Remove, path)(cause)),
    }
}

#[cfg(test)]
mod tests {
    use super::{FileState, Place, change, replace, sweep, temporary_name, write_beside};
    use crate::fs::directory::parent_and_name;

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
        assert!(!change(&path, None, Some(&state("three", 0o600)), "t").unwrap());
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
        let other_mode = state("known", 0o640);
        let sides = [None, Some(&known), Some(&theirs), Some(&other_mode)];
        for (found, expected) in sides.into_iter().flat_map(|found| sides.map(|side| (found, side)))
        {
            for wanted in [Some(&ours), None] {
                replace(&path, found, "t").unwrap();
                let changed = change(&path, expected, wanted, "t").unwrap();
                assert_eq!(changed, found == expected);
                let left = if changed { wanted } else { found };
                assert_eq!(FileState::read(&path).unwrap().as_ref(), left);
                let files = std::fs::read_dir(home.path()).unwrap().count();
                assert_eq!(files, usize::from(left.is_some()));
            }
        }
    }

    /// Strangers write directly after each of the exchanges, whole files as an editor does.
    #[test]
    fn of_strangers_who_write_one_after_the_other_the_last_one_stays() {
        for strangers in 0..4 {
            let home = tempfile::tempdir().unwrap();
            let path = home.path().join("openclaw.json");
            let [known, ours] = ["known", "ours"].map(|text| state(text, 0o600));
            replace(&path, Some(&state("first stranger", 0o600)), "t").unwrap();
            let (parent, name) = parent_and_name(&path).unwrap();
            let temporary = temporary_name(name, "t");
            write_beside(&parent, &temporary, &path, &ours).unwrap();
            let place = Place { parent: &parent, temporary: &temporary, name, path: &path };
            let mut turn = 0;
            let mut exchange = || {
                place.exchange()?;
                turn += 1;
                if turn <= strangers {
                    replace(&path, Some(&state(&format!("stranger {turn}"), 0o600)), "u").unwrap();
                }
                Ok(())
            };
            assert!(!place.exchange_known(&known, &ours, &mut exchange).unwrap());
            let last = if strangers == 0 {
                "first stranger".into()
            } else {
                format!("stranger {strangers}")
            };
            assert_eq!(FileState::read(&path).unwrap().unwrap(), state(&last, 0o600));
            assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn what_takes_the_place_of_a_file_and_is_none_goes_back_to_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("openclaw.json");
        let [known, ours] = ["known", "ours"].map(|text| state(text, 0o600));
        std::os::unix::fs::symlink("elsewhere", &path).unwrap();
        for wanted in [Some(&ours), None] {
            assert!(!change(&path, Some(&known), wanted, "t").unwrap());
            assert_eq!(path.read_link().unwrap().as_os_str(), "elsewhere");
            assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
        }
    }

    /// The work goes on in the directory that was opened; the link's victim is not even looked at.
    #[test]
    fn a_link_planted_between_two_renames_costs_nobody_a_file() {
        for found in ["known", "theirs"] {
            let home = tempfile::tempdir().unwrap();
            let [folder, aside] = ["folder", "aside"].map(|name| home.path().join(name));
            std::fs::create_dir(&folder).unwrap();
            let path = folder.join("f");
            let [known, ours] = ["known", "ours"].map(|text| state(text, 0o600));
            replace(&path, Some(&state(found, 0o600)), "t").unwrap();
            let (parent, name) = parent_and_name(&path).unwrap();
            let temporary = temporary_name(name, "t");
            write_beside(&parent, &temporary, &path, &ours).unwrap();
            std::fs::rename(&folder, &aside).unwrap();
            std::os::unix::fs::symlink("/nowhere", &folder).unwrap();
            let place = Place { parent: &parent, temporary: &temporary, name, path: &path };
            let changed = place.exchange_known(&known, &ours, &mut || place.exchange()).unwrap();
            assert_eq!(changed, found == "known");
            let left = if changed { ours } else { state(found, 0o600) };
            assert_eq!(FileState::read(&aside.join("f")).unwrap().unwrap(), left);
            assert_eq!(std::fs::read_dir(&aside).unwrap().count(), 1);
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
