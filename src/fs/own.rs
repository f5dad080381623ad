//! What is ours alone: it belongs to the user we run as, and nobody else may write there.
//!
//! Proved from the outermost directory inward: what lies in a directory of ours alone is put there,
//! renamed and replaced by nobody else, so that its path then leads to what was proved.

use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Group, Uid, User};
use rustix::fs::{Access, AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::error::Cause;
use super::replace::FileState;
use super::{Action, FileError, beneath, foreign};

/// Writing by group or others; an access list's grants show in the bits of the group.
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// Only a file's owner may rename or remove it in such a directory.
const STICKY: u32 = 0o1000;
/// Stands for every owner that a user namespace does not know; elsewhere it is `nobody`, a user like
/// any other.
const UNMAPPED: u32 = 65534;

/// The user we run as.
pub fn acting() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether the directory is there, and ours alone. No component of its path may be a symbolic link.
pub fn directory(path: &Path) -> Result<bool, FileError> {
    let Some(found) = stat(path, OFlags::DIRECTORY)? else { return Ok(false) };
    judge(path, found.st_uid, found.st_mode).map(|()| true)
}

/// Whether there is a file, and it is ours alone; a symbolic link is none.
pub fn file(path: &Path) -> Result<bool, FileError> {
    let Some(found) = stat(path, OFlags::empty())? else { return Ok(false) };
    judge(path, found.st_uid, found.st_mode).map(|()| true)
}

/// Fails where something of another owner stands, be it a symbolic link. Of a device the reader says
/// what it is: it is nobody's to hand over.
pub fn owner(path: &Path) -> Result<(), FileError> {
    match stat(path, OFlags::empty())? {
        Some(found) if found.st_uid != acting() && !is_device(&found) => {
            Err(FileError::not_ours(path, found.st_uid, found.st_mode))
        }
        _ => Ok(()),
    }
}

/// Reads a file of ours alone, `None` where there is none: judged is what was read.
pub fn read(path: &Path) -> Result<Option<FileState>, FileError> {
    // one that cannot be opened may be so because it is somebody else's
    if !file(path)? {
        return Ok(None);
    }
    let state = match FileState::read(path) {
        Err(error) if error.is_missing() => None,
        outcome => outcome?,
    };
    state.iter().try_for_each(|state| judge(path, state.uid, state.mode))?;
    Ok(state)
}

/// Whether nobody else can put another directory in the place of `path`, which leads through no
/// symbolic link.
pub fn place(path: &Path) -> Result<(), FileError> {
    for above in path.ancestors().skip(1) {
        let Some(found) = stat(above, OFlags::DIRECTORY)? else { continue };
        let is_trusted = [0, acting()].contains(&found.st_uid)
            || found.st_uid == UNMAPPED && is_in_user_namespace();
        let is_open = found.st_mode & WRITABLE_BY_OTHERS != 0
            && found.st_mode & STICKY == 0
            && !is_of_private_group(&found);
        if !is_trusted || is_open {
            return Err(FileError::not_ours(above, found.st_uid, found.st_mode));
        }
    }
    Ok(())
}

/// What keeps us from reading what is at the path: the outermost place on the way that lets us not
/// through.
pub fn barrier(path: &Path) -> Option<FileError> {
    let mut on_the_way: Vec<_> = path.ancestors().collect();
    on_the_way.reverse();
    on_the_way.into_iter().find_map(|place| {
        let found = place.metadata().ok()?;
        let passing = if found.is_dir() { Access::EXEC_OK } else { Access::empty() };
        let reading = if place == path { Access::READ_OK } else { Access::empty() };
        let allowed = rustix::fs::accessat(CWD, place, passing | reading, AtFlags::EACCESS);
        (allowed == Err(Errno::ACCESS))
            .then(|| FileError::not_ours(place, found.uid(), found.mode()))
    })
}

/// What of another owner keeps us from working at the path: the outermost place on the way that lets
/// us not through, else what is there, else the directory that it is in.
pub fn obstacle(path: &Path) -> Option<FileError> {
    let barrier = barrier(path);
    let is_anothers =
        |error: &FileError| matches!(error.cause, Cause::NotOurs(uid, _) if uid != acting());
    if barrier.is_some() {
        return barrier.filter(is_anothers);
    }
    path.ancestors().take(2).find_map(|place| {
        let found = place.symlink_metadata().ok()?;
        Some(FileError::not_ours(place, found.uid(), found.mode())).filter(is_anothers)
    })
}

fn is_device(found: &Stat) -> bool {
    let kind = FileType::from_raw_mode(found.st_mode);
    matches!(kind, FileType::CharacterDevice | FileType::BlockDevice)
}

/// Debian gives each user a group of the same number, with nobody else in it unless an admin puts
/// somebody there, or gives it to another user as the first group.
fn is_of_private_group(found: &Stat) -> bool {
    let is_candidate = found.st_mode & WRITABLE_BY_OTHERS == 0o020 && found.st_gid == acting();
    let (user, group) = (User::from_uid(Uid::effective()), Group::from_gid(found.st_gid.into()));
    let (Ok(Some(user)), Ok(Some(group)), true) = (user, group, is_candidate) else { return false };
    user.gid == group.gid
        && group.mem.iter().all(|member| *member == user.name)
        && !is_primary_of_another(&user)
}

/// Whose primary group it is stands in no list of its members. Of users from elsewhere (LDAP) there
/// is no list.
fn is_primary_of_another(user: &User) -> bool {
    let accounts = foreign::glance(Path::new("/etc/passwd")).unwrap_or_default();
    let group = user.gid.to_string();
    String::from_utf8_lossy(&accounts).lines().any(|line| {
        let mut fields = line.split(':');
        fields.next() != Some(&user.name) && fields.nth(2) == Some(&group)
    })
}

/// Outside of all, every user is mapped to themselves.
fn is_in_user_namespace() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map");
    map.is_ok_and(|map| !map.split_whitespace().eq(["0", "0", "4294967295"]))
}

fn stat(path: &Path, kind: OFlags) -> Result<Option<Stat>, FileError> {
    let below = path.strip_prefix("/").unwrap_or(path);
    let below = if below.as_os_str().is_empty() { Path::new(".") } else { below };
    let found = beneath::open_directory(Path::new("/"))
        .and_then(|root| beneath::open(root.as_fd(), below, OFlags::PATH | kind, Mode::empty()))
        .and_then(|found| Ok(rustix::fs::fstat(found)?));
    match found {
        Ok(found) => Ok(Some(found)),
        Err(cause) if Errno::from_io_error(&cause) == Some(Errno::NOENT) => Ok(None),
        Err(cause) => Err(FileError::at(Action::Read, path)(cause)),
    }
}

fn judge(path: &Path, uid: u32, mode: u32) -> Result<(), FileError> {
    if uid == acting() && mode & WRITABLE_BY_OTHERS == 0 {
        return Ok(());
    }
    Err(FileError::not_ours(path, uid, mode))
}

/// The user's name, or the number where there is none.
pub fn name_of(uid: u32) -> String {
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    user.map_or_else(|| uid.to_string(), |user| user.name)
}

/// Its owner, who is us, has shut themselves out.
fn is_closed(uid: u32, mode: u32) -> bool {
    uid == acting() && mode & WRITABLE_BY_OTHERS == 0
}

/// Why something of this owner and mode is not used.
pub(super) fn message(path: &Path, uid: u32, mode: u32) -> String {
    let (path, shown) = (path.display(), format!("{mode:04o}"));
    let (owner, us) = (name_of(uid), name_of(acting()));
    if is_closed(uid, mode) {
        say!(
            "{path} (owner {owner}, mode {mode}) is closed to its own owner",
            path,
            owner,
            mode = shown
        )
    } else if uid == acting() {
        say!(
            "{path} (owner {owner}, mode {mode}) can be written by others, so what lies there may be theirs",
            path,
            owner,
            mode = shown
        )
    } else {
        say!(
            "{path} belongs to {owner} (mode {mode}), and openclaw-setup runs as {us}",
            path,
            owner,
            mode = shown,
            us
        )
    }
}

/// What makes it usable, or leads to whose it is.
pub(super) fn hint(path: &Path, uid: u32, mode: u32) -> String {
    let path = path.display();
    let (owner, us) = (name_of(uid), name_of(acting()));
    if is_closed(uid, mode) {
        return say!("Open it again: chmod u+rwX {path}", path);
    }
    if uid == acting() {
        return say!("Nothing was touched. Look at what lies there, then: chmod go-w {path}", path);
    }
    if uid == 0 {
        return say!(
            "Nothing was touched. If it should be {us}'s: sudo chown -R {us}: {path}\nFor root's own OpenClaw, from a root login: sudo -i openclaw-setup …",
            us,
            path
        );
    }
    say!(
        "Nothing was touched. For {owner}'s OpenClaw: sudo openclaw-setup --user {owner} …\nIf it should be {us}'s and you know what is in it: sudo chown -R {us}: {path}\nIf you do not know who made it, move it away: sudo mv {path} {path}.untrusted",
        owner,
        us,
        path
    )
}

#[cfg(test)]
mod tests {
    use super::{directory, file, place, read};
    use std::fs::{Permissions, create_dir_all, set_permissions, write};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    fn give(path: &Path, mode: u32) {
        set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_others_may_write_is_not_ours() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let (folder, text) = (home.join("a/b"), home.join("a/text"));
        create_dir_all(&folder).unwrap();
        write(&text, "x").unwrap();
        for (mode, ours) in [(0o700, true), (0o755, true), (0o775, false), (0o1777, false)] {
            give(&folder, mode);
            assert_eq!(directory(&folder).is_ok(), ours, "{mode:o}");
            give(&text, mode & 0o666);
            assert_eq!(read(&text).is_ok(), ours, "{mode:o}");
            assert_eq!(file(&text).is_ok(), ours, "{mode:o}");
        }
        give(&folder, 0o700);
        give(&text, 0o600);
        assert!(
            !directory(&home.join("nothing")).unwrap() && read(&home.join("c")).unwrap().is_none()
        );
        symlink(&folder, home.join("link")).unwrap();
        assert!(directory(&home.join("link")).is_err() && file(&home.join("link/c")).is_err());
    }

    #[test]
    fn a_place_is_safe_where_nobody_else_can_rename_it() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let inner = home.join("a/state");
        create_dir_all(&inner).unwrap();
        for (mode, safe) in [(0o755, true), (0o1777, true), (0o777, false), (0o702, false)] {
            give(&home.join("a"), mode);
            match place(&inner) {
                Ok(()) => assert!(safe, "{mode:o}"),
                Err(error) => assert!(!safe && error.path == home.join("a"), "{error:?}"),
            }
        }
    }
}
