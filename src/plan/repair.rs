//! What `doctor --fix` can do: the safe repairs, as data.

use std::path::PathBuf;

use crate::connector::adaptation::Refit;
use crate::connector::npm::Pin;
use crate::language::Localized;
use crate::openclaw::document::Edit;
use crate::snapshot::repair_source::LocalPayload;
use crate::systemd::environment::Bypass;
use crate::transaction::step::Attributes;

/// One safe repair. None of them deletes what somebody wrote only to silence a complaint: what is
/// taken out is kept in the transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Repair {
    /// Edit the config.
    Config(Edit),
    /// Edit the agent model file.
    Models(Edit),
    /// Put the loopback bypass, and these entries beside it, into the unit's drop-in.
    Bypass {
        /// Entries that are effective elsewhere and must not get lost.
        also: Bypass,
    },
    /// Give a file or directory another mode or owner.
    Attributes {
        /// The file or directory.
        path: PathBuf,
        /// How it stands.
        before: Attributes,
        /// How it shall stand.
        after: Attributes,
    },
    /// Give a file an inode of its own, so that it has one hard link only.
    Unlink {
        /// The file, as it stands.
        path: PathBuf,
    },
    /// Move something out of OpenClaw's sight, into the transaction.
    MoveOut {
        /// What is moved.
        path: PathBuf,
    },
    /// Put the connector's tree back from this payload.
    Reinstall(LocalPayload),
    /// Fetch the tree's npm dependencies anew.
    FetchDependencies {
        /// What is not left to npm's choice.
        pins: Vec<Pin>,
    },
    /// Adapt the tree to the OpenClaw that runs, or take an adaptation back.
    Adapt(Refit),
    /// Let `node_modules/openclaw` lead to the OpenClaw that runs.
    LinkHost,
    /// Put a real tree in place of the symbolic link to it.
    RealTree,
    /// Let the user's manager run without a login.
    Linger,
    /// Correct what can have meant one thing only, in a config that cannot be read.
    Syntax {
        /// The file, which may be an included one.
        path: PathBuf,
    },
    /// Bring an earlier version of the config back.
    RestoreConfig {
        /// The copy.
        from: PathBuf,
    },
    /// Let the user manager read its unit files again, and restart the gateway.
    Restart,
}

impl Localized for Repair {
    /// What it does, in the words before a command.
    fn text(&self) -> String {
        match self {
            Self::Config(_) => say!("Correct the config"),
            Self::Models(_) => say!("Correct the agent model file"),
            Self::Bypass { .. } => say!("Write the bypass into the unit's drop-in"),
            Self::Attributes { .. } => say!("Correct owner and mode"),
            Self::Unlink { .. } => say!("Replace the file by a copy of its own"),
            Self::MoveOut { .. } => say!("Move it out of the plugin directory (it is kept)"),
            Self::Reinstall(payload) => {
                let place = payload.place.display();
                say!("Put the tree back from {place} (the one that is there now is kept)", place)
            }
            Self::FetchDependencies { .. } => {
                say!("Let npm fetch the dependencies (this asks the npm registry)")
            }
            Self::Adapt(Refit { adapted: Some(_), .. }) => {
                say!("Adapt the connector to this OpenClaw")
            }
            Self::Adapt(_) => say!("Put the connector's files back as they came"),
            Self::LinkHost => say!("Point the link at the running OpenClaw"),
            Self::RealTree => say!("Put a real directory in place of the link"),
            Self::Linger => say!("Switch lingering on"),
            Self::Syntax { .. } => say!("Correct the slips in the file (-n shows them)"),
            Self::RestoreConfig { .. } => say!("Return to an earlier version of the config"),
            Self::Restart => say!("Reload the unit and restart the gateway"),
        }
    }
}
