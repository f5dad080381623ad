//! Making the new tree of a repair in the transaction's slot, with the gateway still running.

use std::os::fd::AsFd;
use std::path::Path;

use crate::command::context::Context;
use crate::command::failure::Failure;
use crate::command::install::{origin, recording, registry};
use crate::connector::host_link::{HOST_LINK, link_host};
use crate::connector::installed::{InstalledRecord, Origin, Traces};
use crate::connector::npm;
use crate::connector::replica::Replica;
use crate::connector::{
    Checks, PACKAGE_JSON, Package, Payload, PayloadError, Source, TreeManifest,
};
use crate::fs::durable;
use crate::fs::foreign;
use crate::fs::stage::{Stage, remove_tree};
use crate::plan::renewal::{Base, Renewal};
use crate::report::bar::Bar;
use crate::snapshot::installation::Installation;
use crate::snapshot::repair_source::{LocalPayload, Modules};
use crate::systemd::drop_in::assigned;
use crate::transaction::apply::Preparation;
use crate::transaction::step::Step;

const NODE_MODULES: &str = "node_modules";

/// One tree in the making.
pub(super) struct Work<'a> {
    pub(super) context: &'a Context,
    pub(super) installation: &'a Installation,
    pub(super) renewal: &'a Renewal,
    pub(super) bar: &'a Bar,
}

/// What was made.
struct Made {
    tree: TreeManifest,
    /// Where it comes from, unless it is a copy of what was there.
    origin: Option<Origin>,
}

impl Work<'_> {
    /// Makes the tree; returns the step that writes our record, where that changes.
    pub(super) fn stage(&self, preparation: &Preparation) -> Result<Option<Step>, Failure> {
        let made = self.make(&preparation.slot())?;
        let record = self.record(made);
        let changed = record.filter(|record| Some(record) != self.installation.record.as_ref());
        Ok(changed.map(|record| recording(self.context, self.installation, &record)))
    }

    fn make(&self, slot: &Path) -> Result<Made, Failure> {
        let mut stage = Stage::create(slot)?;
        let (package, origin) = match &self.renewal.base {
            Base::LocalPayload(stock) => {
                let payload = self.open(stock)?;
                payload.stage(&mut stage, &self.context.interrupt, self.bar)?;
                (payload.package().clone(), Some(origin(&payload)))
            }
            Base::Live => (self.copy(&mut stage)?, None),
        };
        self.add_modules(&mut stage, &package)?;
        if let Some(host) = &self.renewal.host {
            link_host(&mut stage, host)?;
        }
        durable::sync_tree(stage.as_fd(), slot, &self.context.interrupt)?;
        let tree = TreeManifest::scan_at(stage.as_fd(), slot, &self.context.interrupt, self.bar)?;
        Ok(Made { tree, origin })
    }

    /// The very payload that the plan was made with.
    fn open(&self, stock: &LocalPayload) -> Result<Payload, Failure> {
        let source = Source::resolve(Some(stock.place.as_os_str()), &stock.place)?;
        // the plan has found what vouches for it; the digest is the proof that it is the same
        let checks = Checks { allow_unverified: true, ..Checks::default() };
        let registry = registry(self.context, self.installation);
        let interrupt = &self.context.interrupt;
        let payload = Payload::open(&source, &checks, &registry, interrupt, self.bar)?;
        if payload.digest() == stock.digest {
            return Ok(payload);
        }
        let (payload, entry) = (stock.place.clone(), ".".to_owned());
        Err(PayloadError::Changed { payload, entry }.into())
    }

    fn copy(&self, stage: &mut Stage) -> Result<Package, Failure> {
        let source = &self.installation.paths.connector;
        let left_out: &[&str] = match (&self.renewal.modules, &self.renewal.host) {
            (Modules::Fetched { .. }, _) => &[NODE_MODULES],
            (_, Some(_)) => &[HOST_LINK],
            (_, None) => &[],
        };
        let moves = source.is_symlink();
        let replica = Replica { source, place: Path::new(""), left_out, moves };
        replica.stage(stage, &self.context.interrupt, self.bar)?;
        let bytes = foreign::glance(&stage.path().join(PACKAGE_JSON));
        Ok(Package::parse(bytes.as_deref(), source).map_err(PayloadError::from)?)
    }

    fn add_modules(&self, stage: &mut Stage, package: &Package) -> Result<(), Failure> {
        match &self.renewal.modules {
            Modules::Brought => {}
            Modules::Kept => {
                let source = &self.installation.paths.connector.join(NODE_MODULES);
                let place = Path::new(NODE_MODULES);
                let replica = Replica { source, place, left_out: &[], moves: false };
                replica.stage(stage, &self.context.interrupt, self.bar)?;
            }
            Modules::Fetched { .. } => {
                let modules = stage.path().join(NODE_MODULES);
                remove_tree(stage.as_fd(), Path::new(NODE_MODULES), &modules)?;
                let registry = registry(self.context, self.installation);
                let interrupt = &self.context.interrupt;
                npm::install_dependencies(stage, package, &registry, interrupt, self.bar)?;
            }
        }
        Ok(())
    }

    /// Of a copy only what is new in it is recorded anew: what somebody has changed by hand is no
    /// more ours than before.
    fn record(&self, made: Made) -> Option<InstalledRecord> {
        let Made { tree, origin } = made;
        match (self.installation.record.clone(), origin) {
            (Some(record), Some(_)) => Some(InstalledRecord { tree, ..record }),
            (Some(record), None) => {
                let part = self.renewal.changed_part()?;
                Some(InstalledRecord { tree: record.tree.with_part_of(&tree, part), ..record })
            }
            (None, Some(origin)) => {
                let directories = self.installation.missing_extensions.clone();
                // what stands in the drop-in is the operator's own: an uninstallation leaves it
                let (_, drop_in) = &self.installation.drop_in;
                let text = drop_in.as_ref().map(|state| String::from_utf8_lossy(&state.bytes));
                let drop_in_before = assigned(&text.unwrap_or_default());
                let traces = Traces { drop_in_before, directories, ..Traces::default() };
                Some(InstalledRecord::of(origin, traces, tree))
            }
            (None, None) => None,
        }
    }
}
