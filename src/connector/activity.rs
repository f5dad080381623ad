//! What takes long with a connector, told while it goes on.

use crate::language::Localized;
use crate::say;

/// Work on a payload or a tree, by the name of what is worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Activity {
    /// An archive is copied privately and hashed.
    Reading(String),
    /// Every entry is judged.
    Checking(String),
    /// The tree is written into the stage.
    Copying(String),
    /// A tree on disk is hashed.
    Hashing(String),
    /// npm is asked about a package and fetches it.
    Fetching(String),
    /// npm installs dependencies.
    InstallingDependencies,
}

impl Localized for Activity {
    fn text(&self) -> String {
        match self {
            Self::Reading(name) => say!("reading {name}", name),
            Self::Checking(name) => say!("checking {name}", name),
            Self::Copying(name) => say!("copying {name}", name),
            Self::Hashing(name) => say!("hashing {name}", name),
            Self::Fetching(name) => say!("fetching {name}", name),
            Self::InstallingDependencies => say!("installing npm dependencies"),
        }
    }
}
