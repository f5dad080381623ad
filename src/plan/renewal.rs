//! The connector's tree anew: what it is made of, and the step that puts it in place of the other.

use std::path::PathBuf;

use semver::Version;

use super::note::Note;
use super::repair::{Repair, Request};
use crate::connector::Sha256;
use crate::connector::npm::Pin;
use crate::installation::picture::Picture;
use crate::transaction::step::{TreeSide, TreeStep};

/// The first connector that finds OpenClaw by Node's own rules, through a link in its
/// `node_modules` (0.8.17 became plain ESM; OpenClaw's aliases do not reach it).
pub const NEEDS_A_HOST_LINK: Version = Version::new(0, 8, 17);

/// A payload on this machine from which the tree can be made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stock {
    /// The directory or archive.
    pub place: PathBuf,
    /// Its identity: the deed refuses another one.
    pub digest: Sha256,
    /// The connector's version.
    pub version: String,
    /// Where its npm dependencies come from.
    pub modules: Modules,
}

/// Where the npm dependencies of the new tree come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Modules {
    /// From where the rest comes from; or there are none.
    Brought,
    /// From the live tree, where they are as they were recorded.
    Kept,
    /// From the registry, with these pins.
    Fetched {
        /// What is not left to npm's choice.
        pins: Vec<Pin>,
    },
}

/// What the new tree is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// A payload.
    Stock(Stock),
    /// A copy of what stands there, or of what the link there leads to.
    Live,
}

/// The new tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// What it is made of.
    pub base: Base,
    /// Where its npm dependencies come from.
    pub modules: Modules,
    /// The OpenClaw package to which `node_modules/openclaw` shall lead, where it has to.
    pub host: Option<PathBuf>,
    /// The connector's version.
    pub version: String,
}

impl Renewal {
    /// What the repairs of the tree come to, together: `None` where none of them concerns it.
    /// `live` is the version of the tree that stands there.
    #[must_use]
    pub fn of(picture: &Picture, live: Option<&str>, repairs: &[Repair]) -> Option<Self> {
        let stock = repairs.iter().find_map(|repair| match repair {
            Repair::Reinstall(stock) => Some(stock.clone()),
            _ => None,
        });
        let fetched = repairs.iter().find_map(|repair| match repair {
            Repair::FetchDependencies { pins } => Some(Modules::Fetched { pins: pins.clone() }),
            _ => None,
        });
        let copies =
            repairs.iter().any(|repair| matches!(repair, Repair::LinkHost | Repair::RealTree));
        if stock.is_none() && fetched.is_none() && !copies {
            return None;
        }
        let of_stock = stock.as_ref().map(|stock| stock.modules.clone());
        let version = stock.as_ref().map(|stock| stock.version.clone());
        let version = version.or_else(|| live.map(str::to_owned)).unwrap_or_else(|| "?".to_owned());
        Some(Self {
            modules: fetched.or(of_stock).unwrap_or(Modules::Brought),
            host: host(picture, &version),
            base: stock.map_or(Base::Live, Base::Stock),
            version,
        })
    }

    /// The step that swaps it in.
    #[must_use]
    pub fn step(&self, picture: &Picture, live: Option<&str>) -> TreeStep {
        let side = |version: &str| TreeSide { version: version.to_owned(), identity: None };
        TreeStep {
            live: picture.paths.connector.clone(),
            before: live.map(side),
            after: Some(side(&self.version)),
            slot: None,
        }
    }

    /// What there is to say of it.
    #[must_use]
    pub fn notes(&self, picture: &Picture, request: &Request<'_>) -> Vec<Note> {
        let mut notes = Vec::new();
        if let Base::Stock(stock) = &self.base {
            notes.push(Note::TreeRenewed { from: stock.place.clone() });
            let kept = request.transactions.clone();
            let paths = request.deviations.len();
            if picture.record.is_none() && request.live.is_some() {
                notes.push(Note::TreeUnrecorded { kept });
            } else if request.live.is_some() && paths > 0 {
                notes.push(Note::TreeDeviates { paths, kept });
            }
        } else if request.repairs.contains(&Repair::RealTree) {
            notes.push(Note::LinkReplaced { link: picture.paths.connector.clone() });
        }
        if let Modules::Fetched { pins } = &self.modules {
            notes.push(Note::Dependencies { pins: pins.clone() });
        }
        let relinks = request.repairs.contains(&Repair::LinkHost);
        if let Some(host) = self.host.clone().filter(|_| relinks) {
            let link = picture.paths.connector.join("node_modules/openclaw");
            notes.push(Note::HostLinked { link, host });
        }
        notes
    }

    /// The part of a copied tree that is not as it was before, if any: the rest of the record
    /// still tells what was installed.
    #[must_use]
    pub fn changed_part(&self) -> Option<&'static str> {
        match (&self.modules, &self.host) {
            (Modules::Fetched { .. }, _) => Some("node_modules"),
            (_, Some(_)) => Some("node_modules/openclaw"),
            (_, None) => None,
        }
    }
}

/// The running OpenClaw's package, where a connector of this version needs a link to it.
fn host(picture: &Picture, version: &str) -> Option<PathBuf> {
    let needs = Version::parse(version).is_ok_and(|version| version >= NEEDS_A_HOST_LINK);
    picture.program.package.clone().filter(|_| needs)
}
