//! The story of every command that changes something: look, plan, ask, lock, apply, commit.

use serde_json::{Map, Value};

use super::context::Context;
use super::failure::{self, Exit, Failure};
use super::recover;
use crate::language::Explain;
use crate::plan::{Plan, render};
use crate::report::Mark;
use crate::report::bar::Bar;
use crate::report::json;
use crate::say;
use crate::settings::prompt;
use crate::systemd::UserManager;
use crate::transaction::apply::{Preparation, Watch};
use crate::transaction::generations;
use crate::transaction::journal::{FORMAT, Intent};
use crate::transaction::records::Held;
use crate::transaction::service::{GatewayUnit, ServiceError};

/// What a command asks for, and what is its own about getting there.
pub(super) trait Undertaking {
    /// One look at the machine, with the plan that was made from it.
    type Prospect;

    /// The command's name, for the lock's holder.
    fn name(&self) -> &'static str;

    /// Observes the machine and makes the plan; changes nothing.
    fn look(&mut self) -> Result<Self::Prospect, Failure>;

    /// The plan of a prospect.
    fn plan<'p>(&self, prospect: &'p Self::Prospect) -> &'p Plan;

    /// Brings everything slow into the transaction's own directory while the gateway still runs,
    /// and completes the plan with what is known only then. Where nothing is brought, nothing.
    fn prepare(
        &self,
        _prospect: &mut Self::Prospect,
        _preparation: &Preparation,
        _bar: &Bar,
    ) -> Result<(), Failure> {
        Ok(())
    }

    /// Judges what was done; an error undoes it.
    fn verify(&self, prospect: &Self::Prospect, bar: &Bar) -> Result<(), ServiceError>;

    /// What is said when there is nothing to do.
    fn nothing_to_do(&self) -> String;

    /// What is said when it is done, after the transaction's id.
    fn done(&self, prospect: &Self::Prospect, id: &str) -> String;

    /// Whether there is something to do beside the plan.
    fn has_more_to_do(&self) -> bool {
        false
    }

    /// The last thing under the lock, after the commit.
    fn afterwards(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Carries an undertaking out.
///
/// What an earlier run left unfinished is recovered first. Then everything that can fail without
/// the lock is tried without it, so that a failure leaves no trace; then the lock is taken, and
/// the plan made again if another run came in between.
pub(super) fn undertake<U: Undertaking>(
    context: &Context,
    manager: Option<&UserManager>,
    undertaking: &mut U,
) -> Result<Exit, Failure> {
    let mut held = recover_first(context, manager, undertaking.name())?;
    context.records.prove_places()?;
    let seen = context.records.latest()?;
    let mut prospect = look(context, undertaking)?;
    if context.dry_run {
        return Ok(show(context, undertaking, &prospect));
    }
    if undertaking.plan(&prospect).is_empty() && !undertaking.has_more_to_do() {
        return Ok(nothing(context, undertaking, &prospect));
    }
    if !undertaking.plan(&prospect).is_empty() {
        confirm(context, undertaking.plan(&prospect))?;
    }
    if held.is_none() {
        held = Some(context.lock(undertaking.name())?);
        let recovered = recover::pending(context, manager)?;
        if recovered.is_some() || context.records.latest()? != seen {
            prospect = look(context, undertaking)?;
            // a yes was said to another plan
            if !undertaking.plan(&prospect).is_empty() {
                confirm(context, undertaking.plan(&prospect))?;
            }
        }
    }
    if undertaking.plan(&prospect).is_empty() {
        undertaking.afterwards()?;
        drop(held);
        return Ok(nothing(context, undertaking, &prospect));
    }
    let id = apply(context, manager, undertaking, &mut prospect)?;
    prune(context);
    undertaking.afterwards()?;
    drop(held);
    Ok(done(context, undertaking, &prospect, &id))
}

/// A plan that leads out of the installation, or to what is somebody else's, is none.
fn look<U: Undertaking>(context: &Context, undertaking: &mut U) -> Result<U::Prospect, Failure> {
    let prospect = undertaking.look()?;
    context.records.accept(&undertaking.plan(&prospect).steps, None)?;
    Ok(prospect)
}

/// An unfinished transaction is taken back before anything is looked at: what it left is neither
/// the old state nor the new one. A dry run only says so.
fn recover_first(
    context: &Context,
    manager: Option<&UserManager>,
    command: &str,
) -> Result<Option<Held>, Failure> {
    let Some(pending) = context.records.pending()? else { return Ok(None) };
    if context.dry_run {
        let (id, earlier) = (&pending.intent().id, &pending.intent().command);
        context.console.tell_marked(
            Mark::Hint,
            &say!("{earlier} ({id}) was cut off; a real run undoes it first, and this plan may then differ", earlier, id),
        );
        return Ok(None);
    }
    let held = context.lock(command)?;
    recover::pending(context, manager)?;
    Ok(Some(held))
}

/// What is committed is done: old generations that stay cost space, nothing else.
fn prune(context: &Context) {
    if let Err(error) = generations::prune(&context.records) {
        context.console.tell(&error.message());
    }
}

fn apply<U: Undertaking>(
    context: &Context,
    manager: Option<&UserManager>,
    undertaking: &U,
    prospect: &mut U::Prospect,
) -> Result<String, Failure> {
    let bar = Bar::on(context.console);
    let preparation = Preparation::open(&context.records)?;
    undertaking.prepare(prospect, &preparation, &bar)?;
    let prospect = &*prospect;
    let intent = intent(undertaking.plan(prospect), preparation.id());
    let mut service =
        GatewayUnit::new(manager, &context.paths.unit, context.patience, &context.interrupt);
    let patience = context.patience.span();
    let watch = Watch { interrupt: &context.interrupt, progress: &bar, patience };
    let mut verify = || undertaking.verify(prospect, &bar);
    let journal = preparation
        .switch(intent, &mut service, &watch, &mut verify)
        .map_err(failure::of_transaction)?;
    Ok(journal.intent().id.clone())
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

/// On a terminal the plan is shown and a yes is asked for; elsewhere starting the command is one.
fn confirm(context: &Context, plan: &Plan) -> Result<(), Failure> {
    let console = context.console;
    notes(context, plan);
    if context.yes || console.json || !prompt::can_ask() {
        return Ok(());
    }
    console.tell(&render::text(plan));
    match prompt::confirm(&say!("Go ahead?"), &context.interrupt) {
        Ok(true) => Ok(()),
        _ => Err(Failure::declined()),
    }
}

fn notes(context: &Context, plan: &Plan) {
    plan.notes.iter().for_each(|note| context.console.note(note));
}

fn show<U: Undertaking>(context: &Context, undertaking: &U, prospect: &U::Prospect) -> Exit {
    let (console, plan) = (context.console, undertaking.plan(prospect));
    if plan.is_empty() {
        return nothing(context, undertaking, prospect);
    }
    console.result(&render::text(plan));
    notes(context, plan);
    document(context, plan, |body| body.insert("dryRun".to_owned(), true.into()));
    Exit::Done
}

fn nothing<U: Undertaking>(context: &Context, undertaking: &U, prospect: &U::Prospect) -> Exit {
    notes(context, undertaking.plan(prospect));
    context.console.result(&undertaking.nothing_to_do());
    document(context, undertaking.plan(prospect), |_| None);
    Exit::Done
}

fn done<U: Undertaking>(
    context: &Context,
    undertaking: &U,
    prospect: &U::Prospect,
    id: &str,
) -> Exit {
    context.console.tell_marked(Mark::Good, &undertaking.done(prospect, id));
    document(context, undertaking.plan(prospect), |body| {
        body.insert("transaction".to_owned(), id.into())
    });
    Exit::Done
}

fn document(
    context: &Context,
    plan: &Plan,
    more: impl FnOnce(&mut Map<String, Value>) -> Option<Value>,
) {
    let mut body = render::json(plan);
    more(&mut body);
    context.console.document(&json::document(plan.command, true, body));
}
