//! `doctor --fix`: every safe repair of the chosen checks, as one undertaking of the engine.

use std::path::PathBuf;

use super::renew::Work;
use super::{live, view};
use crate::cli::Doctor;
use crate::command::context::Context;
use crate::command::failure::{Exit, Failure};
use crate::command::install::judge;
use crate::command::look;
use crate::command::undertaking::{Undertaking, undertake};
use crate::doctor::plugin::rewritten;
use crate::doctor::{Check, Diagnosis, config, diagnose};
use crate::fs::image::FileState;
use crate::health::{ChatAnswer, Expectations};
use crate::openclaw::document::{Change, Edit};
use crate::plan::Plan;
use crate::plan::mending::{self as planning, Request};
use crate::plan::renewal::Renewal;
use crate::plan::repair::Repair;
use crate::report::bar::Bar;
use crate::say;
use crate::snapshot::Snapshot;
use crate::snapshot::paths::CONNECTOR;
use crate::systemd::UserManager;
use crate::transaction::apply::Preparation;
use crate::transaction::service::ServiceError;

/// Runs `doctor --fix`.
pub(super) fn run(
    context: &Context,
    options: &Doctor,
    checks: &[&'static Check],
) -> Result<Exit, Failure> {
    let manager = context.manager()?;
    let mut mending = Mending { context, manager: manager.as_ref(), options, checks, left: false };
    let exit = undertake(context, manager.as_ref(), &mut mending)?;
    Ok(if exit == Exit::Done && mending.left { Exit::Problems } else { exit })
}

/// One run of `doctor --fix`.
struct Mending<'a> {
    context: &'a Context,
    manager: Option<&'a UserManager>,
    options: &'a Doctor,
    checks: &'a [&'static Check],
    /// Errors that no safe repair can mend.
    left: bool,
}

/// One look at the machine, and the plan.
struct Prospect {
    snapshot: Snapshot,
    renewal: Option<Renewal>,
    plan: Plan,
    leaves_errors: bool,
}

impl Mending<'_> {
    fn repairs(&self, snapshot: &Snapshot, diagnosis: &Diagnosis) -> Vec<Repair> {
        let mut repairs = diagnosis.repairs();
        if self.options.restore_config {
            repairs.extend(config::restoration(snapshot));
        }
        repairs
    }

    /// What the gateway must show afterwards: what it shows now, and what is repaired.
    fn expectations(
        snapshot: &Snapshot,
        diagnosis: &Diagnosis,
        repairs: &[Repair],
    ) -> Expectations {
        let opens = repairs.iter().any(|repair| {
            matches!(repair, Repair::Config(Edit { path, change: Change::Set(_) })
                if path.segments().last().is_some_and(|key| key == "gatewayToken")
                    || path.segments().contains(&"chatCompletions".to_owned()))
        });
        let is_open =
            snapshot.answers.as_ref().is_some_and(|answers| answers.chat == ChatAnswer::Open);
        let comes = repairs.iter().any(|repair| matches!(repair, Repair::Reinstall(_)));
        let whole = snapshot.channel_is_on() && (comes || snapshot.tree.is_some());
        let sound = !diagnosis.leaves_errors() && (whole && snapshot.config.is_ok());
        Expectations {
            chat: (opens || is_open) && !diagnosis.leaves_errors(),
            bypass: None,
            connector: sound.then(|| CONNECTOR.to_owned()),
        }
    }
}

impl Undertaking for Mending<'_> {
    type Prospect = Prospect;

    fn name(&self) -> &'static str {
        "doctor"
    }

    fn look(&mut self) -> Result<Prospect, Failure> {
        let manager = self.context.manager();
        let mut snapshot = look::look(self.context, manager)?;
        if self.options.live {
            live::ask(self.context, self.options, self.checks, &mut snapshot)?;
        }
        let diagnosis = diagnose(self.checks, &snapshot);
        let repairs = self.repairs(&snapshot, &diagnosis);
        let restores = repairs.iter().any(|repair| matches!(repair, Repair::RestoreConfig { .. }));
        self.left = diagnosis.leaves_errors() && !restores;
        self.context.console.tell(&view::text(&diagnosis, self.context.console));
        let live = shown_version(&snapshot);
        let renewal = Renewal::of(&snapshot.installation, live.as_deref(), &repairs);
        let request = Request {
            repairs: &repairs,
            config: snapshot.config.as_ref().ok(),
            contents: &contents(&snapshot, &repairs)?,
            expectations: Self::expectations(&snapshot, &diagnosis, &repairs),
            live,
            deviations: snapshot.deviations.as_deref().unwrap_or_default(),
            renewal: renewal.as_ref(),
            transactions: self.context.records.transactions(),
        };
        let plan = planning::plan(&snapshot.installation, &request)?;
        let leaves_errors = diagnosis.leaves_errors();
        Ok(Prospect { snapshot, renewal, plan, leaves_errors })
    }

    fn plan<'p>(&self, prospect: &'p Prospect) -> &'p Plan {
        &prospect.plan
    }

    fn prepare(
        &self,
        prospect: &mut Prospect,
        preparation: &Preparation,
        bar: &Bar,
    ) -> Result<(), Failure> {
        let Some(renewal) = &prospect.renewal else { return Ok(()) };
        let installation = &prospect.snapshot.installation;
        let work = Work { context: self.context, installation, renewal, bar };
        if let Some(record) = work.stage(preparation)? {
            prospect.plan.add_before_start(record);
        }
        Ok(())
    }

    /// Where errors remain that cannot be mended here, a gateway that is not healthy is told, and
    /// is no reason to take the repairs back.
    fn verify(&self, prospect: &Prospect, bar: &Bar) -> Result<(), ServiceError> {
        let installation = &prospect.snapshot.installation;
        match judge(self.context, self.manager, installation, &prospect.plan, bar) {
            Err(error) if prospect.leaves_errors && !self.context.interrupt.is_raised() => {
                self.context.console.tell(&error.message());
                Ok(())
            }
            verdict => verdict,
        }
    }

    fn nothing_to_do(&self) -> String {
        say!("Nothing here has a safe repair.")
    }

    fn done(&self, _: &Prospect, id: &str) -> String {
        say!("Repaired. To take it back: openclaw-setup rollback {id}", id)
    }
}

/// The version of the connector that stands there.
fn shown_version(snapshot: &Snapshot) -> Option<String> {
    let tree = snapshot.tree.as_ref()?;
    let version = tree.package.as_ref().map(|package| package.version.clone());
    Some(version.unwrap_or_else(|_| "?".to_owned()))
}

/// The files whose content a repair needs.
fn contents(snapshot: &Snapshot, repairs: &[Repair]) -> Result<Vec<(PathBuf, FileState)>, Failure> {
    let mut paths = rewritten(repairs);
    for repair in repairs {
        if let Repair::RestoreConfig { from } = repair {
            paths.push(from.clone());
            paths.extend(snapshot.installation.paths.config.canonicalize().ok());
        }
    }
    let mut contents = Vec::new();
    for path in paths {
        contents.extend(FileState::read(&path)?.map(|state| (path, state)));
    }
    Ok(contents)
}
