//! Carrying the plan out: stage with the gateway still running, then switch, then judge its health.

use std::os::fd::AsFd;

use serde_json::{Map, Value};

use super::{Errand, Prospect, connector, health};
use crate::command::failure::{self, Failure};
use crate::connector::installed::InstalledRecord;
use crate::connector::{Payload, TreeManifest, npm};
use crate::fs::durable;
use crate::fs::stage::Stage;
use crate::language::Language;
use crate::plan::{Plan, render};
use crate::report::bar::Bar;
use crate::transaction::apply::{Preparation, Watch};
use crate::transaction::generations;
use crate::transaction::journal::{FORMAT, Intent, private};
use crate::transaction::service::GatewayUnit;
use crate::transaction::step::{FileStep, Role, Step};

/// A plan that was carried out and committed.
pub(super) struct Done {
    /// The transaction's id.
    pub(super) id: String,
    plan: Plan,
}

impl Done {
    /// The body of the JSON document.
    pub(super) fn body(&self, language: Language) -> Map<String, Value> {
        let mut body = render::json(&self.plan, language);
        body.insert("transaction".to_owned(), self.id.clone().into());
        body
    }
}

pub(super) fn apply(errand: &Errand<'_>, mut prospect: Prospect) -> Result<Done, Failure> {
    let context = errand.context;
    let bar = Bar::on(context.console);
    let preparation = Preparation::open(&context.records)?;
    let tree = stage(errand, &prospect, &preparation, &bar)?;
    add_record(&mut prospect, tree, context.records.installed());
    let intent = intent(&prospect.plan, preparation.id());
    let unit = &context.paths.unit;
    let mut service =
        GatewayUnit::new(errand.manager.as_ref(), unit, context.timeout, &context.interrupt);
    let watch = Watch { interrupt: &context.interrupt, progress: &bar };
    let mut verify = || health::judge(errand, &prospect, &bar);
    let journal = preparation
        .switch(intent, &mut service, &watch, &mut verify)
        .map_err(failure::of_transaction)?;
    generations::prune(&context.records)?;
    Ok(Done { id: journal.intent().id.clone(), plan: prospect.plan })
}

/// Brings the new tree into the transaction's slot, complete and durable; without a new tree, the
/// live one is what the record will tell of.
fn stage(
    errand: &Errand<'_>,
    prospect: &Prospect,
    preparation: &Preparation,
    bar: &Bar,
) -> Result<TreeManifest, Failure> {
    let context = errand.context;
    let payload = &prospect.payload;
    if !prospect.plan.replaces_tree() {
        let live = &prospect.picture.paths.connector;
        return Ok(TreeManifest::scan(live, &context.interrupt, bar)?);
    }
    let mut stage = Stage::create(&preparation.slot())?;
    payload.stage(&mut stage, &context.interrupt, bar)?;
    let tree = if payload.needs_dependencies() {
        let registry = connector::registry(context, &prospect.picture);
        npm::install_dependencies(&stage, payload.package(), &registry, &context.interrupt, bar)?
    } else {
        payload.tree().clone()
    };
    durable::sync_tree(stage.as_fd(), &preparation.slot(), &context.interrupt)?;
    Ok(tree)
}

/// Our record changes in the same transaction as what it tells of; it is written before the start.
fn add_record(prospect: &mut Prospect, tree: TreeManifest, path: std::path::PathBuf) {
    let record = record(&prospect.payload, &prospect.plan, tree);
    let (old, new) = (prospect.picture.record_file.clone(), private(record.to_bytes()));
    let step = Step::File(FileStep::new(Role::Record, path, old, Some(new)));
    let steps = &mut prospect.plan.steps;
    let start = steps.iter().position(|step| matches!(step, Step::Start { .. }));
    steps.insert(start.unwrap_or(steps.len()), step);
}

fn record(payload: &Payload, plan: &Plan, tree: TreeManifest) -> InstalledRecord {
    InstalledRecord {
        format: InstalledRecord::current_format(),
        name: payload.package().name.clone(),
        version: payload.package().version.clone(),
        payload: payload.digest(),
        origin: payload.origin().display().to_string(),
        verification: payload.verification().clone(),
        installed_at: jiff::Timestamp::now().to_string(),
        drop_in_before: plan.drop_in_before.clone(),
        bypass: plan.bypass.value(),
        tree,
    }
}

fn intent(plan: &Plan, id: &str) -> Intent {
    Intent {
        format: FORMAT,
        id: id.to_owned(),
        command: plan.command.to_owned(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        started: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        connector: plan.connector.clone(),
        unit: plan.unit.clone(),
        steps: plan.steps.clone(),
    }
}
