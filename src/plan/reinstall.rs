//! The connector's tree anew: what it is made of, and the step that puts it in place of the other.

use std::path::PathBuf;

use super::order;
use super::repair::Repair;
use crate::connector::NODE_MODULES;
use crate::connector::adaptation::Refit;
use crate::connector::behaviour::Habit;
use crate::connector::host_link::HOST_LINK;
use crate::snapshot::installation::Installation;
use crate::snapshot::repair_source::{LocalPayload, Modules};
use crate::transaction::step::TreeStep;

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
