//! From what on this machine a damaged connector could be made whole; nothing leaves the machine.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::command::adaptation;
use crate::command::connector::{payloads, registry};
use crate::command::context::Context;
use crate::connector::adaptation::Refit;
use crate::connector::installed::InstalledRecord;
use crate::connector::manifest::{Deviation, Difference, Node, ROOT};
use crate::connector::npm::Registry;
use crate::connector::{Checks, NODE_MODULES, Payload, Source, stocked};
use crate::language::{Kind, Problem};
use crate::report::screen::Bar;
use crate::snapshot::installation::Installation;
use crate::snapshot::tree::{LocalPayload, Modules, Npm, RepairSource, Tree, version_of};
use crate::transaction::step::Attributes;

/// The connector as it stands.
pub(super) struct Question<'a> {
    pub(super) installation: &'a Installation,
    pub(super) tree: Option<&'a Tree>,
    pub(super) deviations: Option<&'a [Deviation]>,
    pub(super) is_configured: bool,
}

impl Question<'_> {
    /// Looks. Payloads are read only where the tree is damaged: that takes a while.
    pub(super) fn answer(&self, context: &Context) -> Result<RepairSource, Problem> {
        let registry = registry(context, self.installation);
        let npm = match (registry.is_allowed(), registry.has_npm()) {
            (false, _) => Npm::Forbidden,
            (true, true) => Npm::There,
            (true, false) => Npm::Missing,
        };
        let modes = self.modes().unwrap_or_default();
        let found = match (&self.installation.record, self.deviations) {
            _ if !modes.is_empty() => None,
            (Some(record), Some([_, ..])) => self.recorded(context, record, npm, &registry)?,
            (None, _) if self.is_configured && self.is_incomplete() => {
                self.fitting(context, npm, &registry)?
            }
            _ => None,
        };
        let movable = self.is_movable();
        let nothing = RepairSource { modes, npm, movable, ..RepairSource::default() };
        Ok(match found {
            Some(Found::Whole(stock)) => RepairSource { stock: Some(stock), ..nothing },
            Some(Found::NeedsNpm(place)) => RepairSource { needs_npm: Some(place), ..nothing },
            Some(Found::Unfit(problem)) => RepairSource { unfit: Some(problem), ..nothing },
            None => nothing,
        })
    }

    /// Where nothing but permissions are other than recorded, the tree can stay.
    fn modes(&self) -> Option<Vec<(PathBuf, Attributes, Attributes)>> {
        let record = self.installation.record.as_ref()?;
        let root = &self.installation.paths.connector;
        let uid = self.installation.account.uid;
        let modes = self.deviations?.iter().map(|deviation| {
            let recorded = match record.tree.get(&deviation.path)? {
                Node::File { mode, .. } | Node::Directory { mode } => mode.0,
                Node::Symlink { .. } | Node::Special => return None,
            };
            let path =
                if deviation.path == ROOT { root.clone() } else { root.join(&deviation.path) };
            let now = Attributes::of(&path).ok()?;
            let is_ours = uid == 0 || uid == now.uid;
            let is_all = deviation.kind == Difference::Mode && is_ours;
            is_all.then_some((path, now, Attributes { mode: recorded, ..now }))
        });
        modes.collect()
    }

    fn is_incomplete(&self) -> bool {
        self.tree.is_none_or(|tree| {
            let lacks_entry =
                tree.examined.iter().any(|file| file.decides && file.attributes.is_none());
            tree.package.is_err() || tree.manifest.is_err() || lacks_entry
        })
    }

    /// Moving a directory into another changes its `..`, which only its owner may do.
    fn is_movable(&self) -> bool {
        let uid = self.installation.account.uid;
        match self.installation.paths.connector.symlink_metadata() {
            Ok(found) if found.is_dir() => uid == 0 || found.uid() == uid,
            _ => true,
        }
    }

    /// The payload that is recorded, at its own place or among those that packages bring: its
    /// digest proves it, whatever else vouches for it.
    fn recorded(
        &self,
        context: &Context,
        record: &InstalledRecord,
        npm: Npm,
        registry: &Registry,
    ) -> Result<Option<Found>, Problem> {
        let own = PathBuf::from(&record.origin.place);
        let stocked = stocked(&payloads(context))?.into_iter();
        let same = stocked.filter(|(version, _)| version.to_string() == record.origin.version);
        let places = own.is_absolute().then_some(own).into_iter().chain(same.map(|(_, path)| path));
        let checks = Checks { allow_unverified: true, ..Checks::default() };
        for place in places {
            let payload = open(context, &place, &checks, registry)?;
            let proven = payload.filter(|payload| payload.digest() == record.origin.payload);
            if let Some(payload) = proven {
                return Ok(Some(self.found(&payload, Some(record), npm)));
            }
        }
        Ok(None)
    }

    /// Nothing is recorded: the version that stands there, else the newest that this OpenClaw can
    /// load; verified as for `install`.
    fn fitting(
        &self,
        context: &Context,
        npm: Npm,
        registry: &Registry,
    ) -> Result<Option<Found>, Problem> {
        let openclaw = self.installation.program.version;
        let mut versions = stocked(&payloads(context))?;
        let catalogue = &self.installation.catalogue;
        versions.retain(|(version, _)| catalogue.may_work(version, openclaw));
        let standing = version_of(&self.installation.paths.connector);
        // stable: of the others, the newest stays first
        versions.sort_by_key(|(version, _)| standing.as_ref() != Some(&version.to_string()));
        for (_, place) in versions {
            let payload = open(context, &place, &Checks::default(), registry)?;
            if let Some(payload) = payload {
                return Ok(Some(self.found(&payload, None, npm)));
            }
        }
        Ok(None)
    }

    /// What can be made of it.
    fn found(&self, payload: &Payload, record: Option<&InstalledRecord>, npm: Npm) -> Found {
        let changes = match adaptation::of_payload(self.installation, payload) {
            Ok(changes) => changes,
            Err(problem) => return Found::Unfit(problem),
        };
        let place = payload.origin().to_owned();
        let modules = if !payload.needs_dependencies() {
            Modules::Brought
        } else if record.is_some_and(|record| self.keeps_modules(record)) {
            Modules::Kept
        } else if npm == Npm::There {
            Modules::Fetched { pins: self.installation.catalogue.pins(&payload.package) }
        } else {
            return Found::NeedsNpm(place);
        };
        let (digest, version) = (payload.digest(), payload.package.version.clone());
        let refit = Refit::of(&changes, self.installation.program.version);
        Found::Whole(LocalPayload { place, digest, version, modules, refit })
    }

    /// Whether the live dependencies are as they were recorded.
    fn keeps_modules(&self, record: &InstalledRecord) -> bool {
        let deviations = self.deviations.unwrap_or_default();
        let is_of_modules =
            |deviation: &Deviation| Path::new(&deviation.path).starts_with(NODE_MODULES);
        record.tree.get(NODE_MODULES).is_some() && !deviations.iter().any(is_of_modules)
    }
}

/// A payload of which the tree can be made.
enum Found {
    /// Here and now.
    Whole(LocalPayload),
    /// If npm could be asked.
    NeedsNpm(PathBuf),
    /// Not for this OpenClaw, to which it cannot be adapted.
    Unfit(Problem),
}

/// Opens a payload of this machine; one that cannot be read, or that nothing vouches for, is none.
fn open(
    context: &Context,
    place: &Path,
    checks: &Checks,
    registry: &Registry,
) -> Result<Option<Payload>, Problem> {
    let Ok(source @ (Source::Directory(_) | Source::Archive { .. })) =
        Source::resolve(Some(place.as_os_str()), place)
    else {
        return Ok(None);
    };
    let bar = Bar::on(context.console);
    match Payload::open(&source, checks, registry, &context.interrupt, &bar) {
        Ok(payload) => Ok(Some(payload)),
        Err(problem) if problem.kind == Kind::Interrupted => Err(problem),
        Err(_) => Ok(None),
    }
}
