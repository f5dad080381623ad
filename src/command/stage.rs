//! Before the switch, with the gateway still running: the new tree, complete and durable in the
//! transaction's slot, and the record that tells of it.

use std::os::fd::AsFd;
use std::path::Path;

use super::connector::{origin, registry};
use super::context::Context;
use super::failure::Failure;
use crate::connector::adaptation::{self, Change};
use crate::connector::imports::{HOST_LINK, link_host};
use crate::connector::installed::{InstalledRecord, Origin, Traces};
use crate::connector::{
    Checks, CopyTree, NODE_MODULES, PACKAGE_JSON, Package, Payload, Source, TreeManifest, changed,
    npm,
};
use crate::fs::foreign;
use crate::fs::stage::{Stage, remove_tree, sync_tree};
use crate::plan::repair::{Base, Reinstall, host_of};
use crate::report::screen::Bar;
use crate::snapshot::installation::Installation;
use crate::snapshot::tree::{LocalPayload, Modules};
use crate::systemd::drop_in::assigned;
use crate::transaction::journal::private;
use crate::transaction::step::{FileStep, Role, Step};

/// One tree in the making.
pub(super) struct Work<'a> {
    pub(super) context: &'a Context,
    pub(super) installation: &'a Installation,
    pub(super) slot: &'a Path,
    pub(super) bar: &'a Bar,
}

impl Work<'_> {
    /// The tree of `install`: the payload with what it needs.
    pub(super) fn stage_payload(
        &self,
        payload: &Payload,
        changes: &[Change],
    ) -> Result<TreeManifest, Failure> {
        let mut stage = self.unpacked(payload)?;
        let needs = payload.needs_dependencies();
        let modules = if needs { Modules::Fetched { pins: Vec::new() } } else { Modules::Brought };
        let fetched = self.add_modules(&mut stage, &payload.package, &modules)?;
        let host = host_of(self.installation, &payload.package.version);
        adaptation::make(changes, &mut stage)?;
        let known = fetched.or_else(|| (!needs).then(|| payload.tree.clone()));
        let known = known.filter(|_| changes.is_empty());
        self.finish(stage, host.as_deref(), known)
    }

    /// The tree of a repair; returns the step that writes our record, where that changes.
    pub(super) fn stage_anew(&self, reinstall: &Reinstall) -> Result<Option<Step>, Failure> {
        let (mut stage, package, origin) = match &reinstall.base {
            Base::LocalPayload(stock) => {
                let payload = self.open(stock)?;
                (self.unpacked(&payload)?, payload.package.clone(), Some(origin(&payload)))
            }
            Base::Live => {
                let (stage, package) = self.copied(reinstall)?;
                (stage, package, None)
            }
        };
        self.add_modules(&mut stage, &package, &reinstall.modules)?;
        if let Some(refit) = &reinstall.refit {
            adaptation::make(&refit.changes, &mut stage)?;
        }
        let tree = self.finish(stage, reinstall.host.as_deref(), None)?;
        let record = self.record(reinstall, tree, origin);
        let changed = record.filter(|record| Some(record) != self.installation.record.as_ref());
        Ok(changed.map(|record| recording(self.context, self.installation, &record)))
    }

    fn unpacked(&self, payload: &Payload) -> Result<Stage, Failure> {
        let mut stage = Stage::create(self.slot)?;
        payload.stage(&mut stage, &self.context.interrupt, self.bar)?;
        Ok(stage)
    }

    /// Links the host, makes the tree durable, and describes it where it is not `known` already.
    fn finish(
        &self,
        mut stage: Stage,
        host: Option<&Path>,
        known: Option<TreeManifest>,
    ) -> Result<TreeManifest, Failure> {
        if let Some(host) = host {
            link_host(&mut stage, host)?;
        }
        sync_tree(stage.as_fd(), self.slot, &self.context.interrupt)?;
        if let (None, Some(tree)) = (host, known) {
            return Ok(tree);
        }
        Ok(TreeManifest::scan_at(stage.as_fd(), self.slot, &self.context.interrupt, self.bar)?)
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
        Err(changed(&stock.place, ".").into())
    }

    fn copied(&self, reinstall: &Reinstall) -> Result<(Stage, Package), Failure> {
        let mut stage = Stage::create(self.slot)?;
        let source = &self.installation.paths.connector;
        let left_out: &[&str] = match (&reinstall.modules, &reinstall.host) {
            (Modules::Fetched { .. }, _) => &[NODE_MODULES],
            (_, Some(_)) => &[HOST_LINK],
            (_, None) => &[],
        };
        let moves = source.is_symlink();
        let place = Path::new("");
        let copy = CopyTree { source, place, left_out, moves, keeps_private: true };
        copy.stage(&mut stage, &self.context.interrupt, self.bar)?;
        let bytes = foreign::glance(&stage.path().join(PACKAGE_JSON));
        let package = Package::parse(bytes.as_deref(), source)?;
        Ok((stage, package))
    }

    /// Where npm was asked, it is known what the tree holds.
    fn add_modules(
        &self,
        stage: &mut Stage,
        package: &Package,
        modules: &Modules,
    ) -> Result<Option<TreeManifest>, Failure> {
        let interrupt = &self.context.interrupt;
        match modules {
            Modules::Brought => Ok(None),
            Modules::Kept => {
                let source = &self.installation.paths.connector.join(NODE_MODULES);
                let place = Path::new(NODE_MODULES);
                let copy =
                    CopyTree { source, place, left_out: &[], moves: false, keeps_private: true };
                copy.stage(stage, interrupt, self.bar)?;
                Ok(None)
            }
            Modules::Fetched { .. } => {
                let path = stage.path().join(NODE_MODULES);
                remove_tree(stage.as_fd(), Path::new(NODE_MODULES), &path)?;
                let registry = registry(self.context, self.installation);
                let wanted = (package, &*self.installation.catalogue.pins(package));
                let tree =
                    npm::install_dependencies(stage, wanted, &registry, interrupt, self.bar)?;
                Ok(Some(tree))
            }
        }
    }

    /// Of a copy only what is new in it is recorded anew: what somebody has changed by hand is no
    /// more ours than before.
    fn record(
        &self,
        reinstall: &Reinstall,
        tree: TreeManifest,
        origin: Option<Origin>,
    ) -> Option<InstalledRecord> {
        let refit = reinstall.refit.as_ref();
        let record = self.installation.record.clone().map(|mut record| {
            if let Some(refit) = refit {
                record.adapted.clone_from(&refit.adapted);
            }
            record
        });
        match (record, origin) {
            (Some(record), Some(_)) => Some(InstalledRecord { tree, ..record }),
            (Some(record), None) => {
                let parts = reinstall.changed_parts();
                let known = record.tree.clone();
                let tree = parts.fold(known, |known, part| known.with_part_of(&tree, part));
                Some(InstalledRecord { tree, ..record })
            }
            (None, Some(origin)) => {
                let directories = self.installation.missing_extensions.clone();
                // what stands in the drop-in is the operator's own: an uninstallation leaves it
                let (_, drop_in) = &self.installation.drop_in;
                let text = drop_in.as_ref().map(|state| String::from_utf8_lossy(&state.bytes));
                let drop_in_before = assigned(&text.unwrap_or_default());
                let traces = Traces { drop_in_before, directories, ..Traces::default() };
                let adapted = refit.and_then(|refit| refit.adapted.clone());
                Some(InstalledRecord { adapted, ..InstalledRecord::of(origin, traces, tree) })
            }
            (None, None) => None,
        }
    }
}

/// The step that writes our record.
pub(super) fn recording(
    context: &Context,
    installation: &Installation,
    record: &InstalledRecord,
) -> Step {
    let (old, new) = (installation.record_file.clone(), private(record.to_bytes()));
    let path = context.records.installed();
    Step::File(FileStep::new(Role::Record, path, old, Some(new)))
}
