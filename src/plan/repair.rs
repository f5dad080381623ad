//! What `doctor --fix` can do: the safe repairs, as data; and the connector's tree anew, to which some of
//! them come together: what it is made of, and the step that puts it in place of the other.

use std::path::PathBuf;

use super::order;
use crate::connector::NODE_MODULES;
use crate::connector::adaptation::Refit;
use crate::connector::imports::HOST_LINK;
use crate::connector::npm::Pin;
use crate::connector::release::Habit;
use crate::language::Localized;
use crate::openclaw::document::Edit;
use crate::snapshot::installation::Installation;
use crate::snapshot::tree::{LocalPayload, Modules};
use crate::systemd::environment::Bypass;
use crate::transaction::step::{Attributes, TreeStep};

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

/// What the new tree is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// A payload.
    LocalPayload(LocalPayload),
    /// A copy of what stands there, or of what the link there leads to.
    Live,
}

/// The new tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reinstall {
    /// What it is made of.
    pub base: Base,
    /// Where its npm dependencies come from.
    pub modules: Modules,
    /// The OpenClaw package to which `node_modules/openclaw` shall lead, where it has to.
    pub host: Option<PathBuf>,
    /// How it is adapted, where that changes.
    pub refit: Option<Refit>,
    /// The connector's version.
    pub version: String,
}

impl Reinstall {
    /// What the repairs of the tree come to, together: `None` where none of them concerns it.
    /// `live` is the version of the tree that stands there.
    pub fn of(installation: &Installation, live: Option<&str>, repairs: &[Repair]) -> Option<Self> {
        let stock = repairs.iter().find_map(|repair| match repair {
            Repair::Reinstall(stock) => Some(stock.clone()),
            _ => None,
        });
        let fetched = repairs.iter().find_map(|repair| match repair {
            Repair::FetchDependencies { pins } => Some(Modules::Fetched { pins: pins.clone() }),
            _ => None,
        });
        let adapted = repairs.iter().find_map(|repair| match repair {
            Repair::Adapt(refit) => Some(refit.clone()),
            _ => None,
        });
        let copies = adapted.is_some()
            || repairs.iter().any(|repair| matches!(repair, Repair::LinkHost | Repair::RealTree));
        if stock.is_none() && fetched.is_none() && !copies {
            return None;
        }
        let of_stock = stock.as_ref().map(|stock| stock.modules.clone());
        let version = stock.as_ref().map(|stock| stock.version.clone());
        let version = version.or_else(|| live.map(str::to_owned)).unwrap_or_else(|| "?".to_owned());
        Some(Self {
            refit: stock.as_ref().map(|stock| stock.refit.clone()).or(adapted),
            modules: fetched.or(of_stock).unwrap_or(Modules::Brought),
            host: host_of(installation, &version),
            base: stock.map_or(Base::Live, Base::LocalPayload),
            version,
        })
    }

    /// The step that swaps it in.
    pub fn step(&self, installation: &Installation, live: Option<&str>) -> TreeStep {
        let tree = order::tree(installation, live.map(str::to_owned), Some(self.version.clone()));
        let recorded = installation.record.as_ref().and_then(|record| record.adapted.clone());
        let stays = Refit { changes: Vec::new(), adapted: recorded };
        tree.with(self.refit.as_ref().unwrap_or(&stays))
    }

    /// The parts of a copied tree that are not as they were before: the rest of the record still
    /// tells what was installed.
    pub fn changed_parts(&self) -> impl Iterator<Item = &str> {
        let of_modules = match (&self.modules, &self.host) {
            (Modules::Fetched { .. }, _) => Some(NODE_MODULES),
            (_, Some(_)) => Some(HOST_LINK),
            (_, None) => None,
        };
        let changes = self.refit.iter().flat_map(|refit| &refit.changes);
        of_modules.into_iter().chain(changes.map(|change| change.path.as_str()))
    }
}

/// The running OpenClaw's package, where a connector of this version needs a link to it.
pub fn host_of(installation: &Installation, version: &str) -> Option<PathBuf> {
    let version = semver::Version::parse(version).ok();
    let generation = installation.catalogue.generation(version.as_ref());
    installation.program.package.clone().filter(|_| generation.has(Habit::NeedsHostLink))
}
