//! Before the switch, with the gateway still running: the new tree, complete and durable, and the
//! record that tells of it.

use std::os::fd::AsFd;

use super::Prospect;
use super::connector::{self, Coming};
use crate::command::context::Context;
use crate::command::failure::Failure;
use crate::connector::host_link::link_host;
use crate::connector::installed::InstalledRecord;
use crate::connector::{TreeManifest, npm};
use crate::fs::durable;
use crate::fs::stage::Stage;
use crate::plan::renewal::host_of;
use crate::report::bar::Bar;
use crate::snapshot::installation::Installation;
use crate::transaction::apply::Preparation;
use crate::transaction::journal::private;
use crate::transaction::step::{FileStep, Role, Step};

/// Brings the new tree into the transaction's slot; without a new tree, the live one is what the
/// record will tell of.
pub(super) fn stage(
    context: &Context,
    prospect: &Prospect,
    preparation: &Preparation,
    bar: &Bar,
) -> Result<TreeManifest, Failure> {
    let Coming::Payload(payload) = &prospect.coming else {
        return live_manifest(context, prospect, bar);
    };
    if !prospect.plan.replaces_tree() {
        return live_manifest(context, prospect, bar);
    }
    let mut stage = Stage::create(&preparation.slot())?;
    payload.stage(&mut stage, &context.interrupt, bar)?;
    let tree = if payload.needs_dependencies() {
        let registry = connector::registry(context, &prospect.installation);
        npm::install_dependencies(&stage, payload.package(), &registry, &context.interrupt, bar)?
    } else {
        payload.tree().clone()
    };
    let tree = match host_of(&prospect.installation, &payload.package().version) {
        None => tree,
        Some(host) => {
            link_host(&mut stage, &host)?;
            let slot = &preparation.slot();
            TreeManifest::scan_at(stage.as_fd(), slot, &context.interrupt, bar)?
        }
    };
    durable::sync_tree(stage.as_fd(), &preparation.slot(), &context.interrupt)?;
    Ok(tree)
}

fn live_manifest(
    context: &Context,
    prospect: &Prospect,
    bar: &Bar,
) -> Result<TreeManifest, Failure> {
    let live = &prospect.installation.paths.connector;
    Ok(TreeManifest::scan(live, &context.interrupt, bar)?)
}

/// Our record changes in the same transaction as what it tells of; it is written before the start.
pub(super) fn add_record(context: &Context, prospect: &mut Prospect, tree: TreeManifest) {
    let record = InstalledRecord::of(prospect.coming.origin(), prospect.plan.traces.clone(), tree);
    prospect.plan.add_before_start(recording(context, &prospect.installation, &record));
}

/// The step that writes our record.
pub(in crate::command) fn recording(
    context: &Context,
    installation: &Installation,
    record: &InstalledRecord,
) -> Step {
    let (old, new) = (installation.record_file.clone(), private(record.to_bytes()));
    let path = context.records.installed();
    Step::File(FileStep::new(Role::Record, path, old, Some(new)))
}
