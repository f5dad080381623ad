//! The steps of a plan: described before they are done, journalled as they are described.

use std::fs::Metadata;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Mode, OFlags, Uid};
use serde::{Deserialize, Serialize};

use crate::connector::adaptation::{Adapted, Change, Extent, Refit};
use crate::fs::directory::parent_and_name;
use crate::fs::exchange::Identity;
use crate::fs::replace::{FileImage, FileState};
use crate::fs::{Action, FileError, change};
use crate::language::Localized;

/// One change to the machine, with what is needed to take it back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// Stop the unit and wait for the job's result.
    Stop {
        /// Name of the unit.
        unit: String,
    },
    /// Swap the connector tree.
    Tree(TreeStep),
    /// Create a directory; taken back only while it is empty.
    Directory {
        /// Absolute path.
        path: PathBuf,
        /// Permission bits.
        mode: u32,
    },
    /// Remove a directory if nothing is in it.
    RemoveDirectory {
        /// Absolute path.
        path: PathBuf,
        /// Permission bits with which undo creates it again.
        mode: u32,
    },
    /// Create, replace or remove one file.
    File(FileStep),
    /// Give a file or directory another mode or owner, in place.
    Attributes {
        /// Absolute path.
        path: PathBuf,
        /// How it stands.
        before: Attributes,
        /// How it will stand.
        after: Attributes,
    },
    /// Move a file or directory, on one file system.
    Move {
        /// Where it is.
        from: PathBuf,
        /// Where it goes; `None`: out of sight, into the transaction's own directory.
        to: Option<PathBuf>,
    },
    /// Let the user's manager run without a login, or no longer.
    Linger {
        /// Login name.
        user: String,
        /// User id.
        uid: u32,
        /// What will be; it is the other way round now.
        on: bool,
    },
    /// Let the user manager read its unit files again.
    Reload,
    /// Start the unit and wait for the job's result.
    Start {
        /// Name of the unit.
        unit: String,
    },
}

/// The live connector tree before and after.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TreeStep {
    /// Where OpenClaw finds the connector.
    pub live: PathBuf,
    /// What stands there now.
    pub before: Option<TreeSide>,
    /// What will stand there; its tree waits in the slot.
    pub after: Option<TreeSide>,
    /// The slot, where it is not the transaction's own: a rollback swaps with the slot in which
    /// an earlier transaction left the tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<PathBuf>,
    /// How the coming tree is adapted; present from the plan until it is staged.
    #[serde(skip)]
    pub changes: Vec<Change>,
}

impl TreeStep {
    /// The same with a tree that is adapted.
    #[must_use]
    pub fn with(mut self, refit: &Refit) -> Self {
        if let Some(after) = &mut self.after {
            after.adapted = refit.adapted.as_ref().map(Adapted::extent);
        }
        Self { changes: refit.changes.clone(), ..self }
    }

    /// How the tree that will stand there is adapted.
    pub fn adapted(&self) -> Option<&Extent> {
        self.after.as_ref()?.adapted.as_ref()
    }
}

/// One side of a swap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeSide {
    /// The connector's version, for people.
    pub version: String,
    /// The directory itself, known from the moment the intent is written.
    pub identity: Option<Identity>,
    /// How it is adapted for its OpenClaw, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapted: Option<Extent>,
}

/// What a managed file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// `openclaw.json` or a file that it includes.
    Config,
    /// The agent model file.
    Models,
    /// The unit's drop-in.
    DropIn,
    /// Our own record of what is installed.
    Record,
    /// A file of the connector's tree that gets an inode of its own.
    Connector,
}

/// One file before and after. The bytes are not journalled here but beside, in files of mode 0600.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FileStep {
    /// What the file is for.
    pub role: Role,
    /// The real file; never a symbolic link.
    pub path: PathBuf,
    /// How it stands now; `None`: it does not exist.
    pub before: Option<FileImage>,
    /// How it will stand; `None`: it is removed.
    pub after: Option<FileImage>,
    /// OpenClaw's lock file, held while the file is written, where its version has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<PathBuf>,
    /// The content of both sides; present from the plan until the preimages are durable.
    #[serde(skip)]
    pub contents: Contents,
}

/// The two contents of a file step.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// The preimage.
    pub before: Option<FileState>,
    /// The postimage.
    pub after: Option<FileState>,
}

impl FileStep {
    /// A step that takes the file from `before` to `after`.
    pub fn new(
        role: Role,
        path: PathBuf,
        before: Option<FileState>,
        after: Option<FileState>,
    ) -> Self {
        Self {
            role,
            path,
            before: before.as_ref().map(FileState::image),
            after: after.as_ref().map(FileState::image),
            lock: None,
            contents: Contents { before, after },
        }
    }
}

impl Localized for Step {
    fn text(&self) -> String {
        match self {
            Self::Stop { unit } => say!("stop {unit}", unit),
            Self::Start { unit } => say!("start {unit}", unit),
            Self::Linger { user, on: true, .. } => {
                say!("let {user}'s services run without a login (lingering)", user)
            }
            Self::Linger { user, on: false, .. } => {
                say!("let {user}'s services run only during a login (no lingering)", user)
            }
            Self::Reload => say!("reload the systemd user manager (daemon-reload)"),
            Self::Directory { path, mode } => {
                let path = path.display();
                say!("create directory {path} ({mode})", path, mode = format!("{mode:04o}"))
            }
            Self::RemoveDirectory { path, .. } => {
                let path = path.display();
                say!("remove {path} if it is empty", path)
            }
            Self::Tree(tree) => match tree.adapted() {
                Some(adapted) => format!("{} ({})", tree.text(), adapted.text()),
                None => tree.text(),
            },
            Self::File(file) => file.text(),
            Self::Attributes { path, before, after } => {
                let path = path.display();
                say!("change {path} from {before} to {after}", path, before, after)
            }
            Self::Move { from, to: Some(to) } => {
                let (from, to) = (from.display(), to.display());
                say!("move {from} to {to}", from, to)
            }
            Self::Move { from, to: None } => {
                let from = from.display();
                say!("move {from} out of the plugin directory (kept in the transaction)", from)
            }
        }
    }
}

impl Localized for TreeStep {
    fn text(&self) -> String {
        let live = self.live.display();
        match (&self.before, &self.after) {
            (None, Some(new)) => {
                let new = &new.version;
                say!("install connector {new} into {live}", new, live)
            }
            (Some(old), Some(new)) if old.version == new.version => {
                let version = &new.version;
                say!("put another tree of connector {version} into {live}", version, live)
            }
            (Some(old), Some(new)) => {
                let (old, new) = (&old.version, &new.version);
                say!("replace connector {old} by {new} in {live}", old, new, live)
            }
            (Some(old), None) => {
                let old = &old.version;
                say!("remove connector {old} from {live}", old, live)
            }
            (None, None) => say!("leave {live} unchanged", live),
        }
    }
}

impl Localized for FileStep {
    fn text(&self) -> String {
        let path = self.path.display();
        match (&self.before, &self.after) {
            (None, _) => say!("create {path}", path),
            (_, None) => say!("remove {path}", path),
            _ if self.role == Role::Connector => {
                say!("rewrite {path} without hard links", path)
            }
            _ => say!("edit {path}", path),
        }
    }
}

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

impl Attributes {
    /// How a file or directory stands; a symbolic link is not followed.
    pub fn of(path: &Path) -> Result<Self, FileError> {
        let found = path.symlink_metadata().map_err(FileError::at(Action::Read, path))?;
        Ok((&found).into())
    }

    /// Gives them to a file or directory: the owner, then the mode (a change of owner clears the set-id
    /// bits), durably. Neither it nor its parent may be a symbolic link.
    pub fn give(self, path: &Path) -> Result<(), FileError> {
        let Self { mode, uid, gid } = self;
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_given_and_not_through_a_link() {
        let home = tempfile::tempdir().unwrap();
        let [a, link] = ["a", "link"].map(|name| home.path().join(name));
        std::fs::create_dir_all(a.join("b")).unwrap();
        let before = Attributes::of(&a.join("b")).unwrap();
        let open = Attributes { mode: 0o777, ..Attributes::of(&a).unwrap() };
        open.give(&a).unwrap();
        assert_eq!(Attributes::of(&a).unwrap(), open);
        std::os::unix::fs::symlink("a", &link).unwrap();
        assert!(before.give(&link).is_err());
        assert!(open.give(&link.join("b")).is_err());
        assert_eq!(
            (Attributes::of(&a).unwrap(), Attributes::of(&a.join("b")).unwrap()),
            (open, before)
        );
    }
}
