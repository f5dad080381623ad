//! The pipeline of every command that changes something: look, plan, show and confirm, lock, stage,
//! switch, prove, commit.

use serde_json::{Map, Value};

use super::context::Context;
use super::failure::{self, Exit, Failure};
use super::prove::{self, Prover, is_connected, returns};
use super::recover;
use crate::cli::ProofOptions;
use crate::connector::TreeManifest;
use crate::doctor::{CHECKS, Diagnosis, diagnose};
use crate::fs::is_absent;
use crate::health::{Proof, Rung};
use crate::language::Explain;
use crate::plan::note::Note;
use crate::plan::{Plan, error, render};
use crate::report::journald::{self, Ending};
use crate::report::screen::Bar;
use crate::report::{Console, Mark, json};
use crate::settings::prompt;
use crate::snapshot::Snapshot;
use crate::snapshot::installation::Installation;
use crate::systemd::UserManager;
use crate::transaction::apply::{Preparation, Watch};
use crate::transaction::error::Leftover;
use crate::transaction::generations;
use crate::transaction::journal::{FORMAT, Intent};
use crate::transaction::records::Held;
use crate::transaction::recover::Recovery;
use crate::transaction::service::GatewayUnit;
use crate::transaction::step::Step;

/// What a command would change, and all that is its own about it.
pub(super) struct Change<'a> {
    pub(super) installation: Installation,
    pub(super) plan: Plan,
    /// What was found, for whoever is asked to confirm.
    pub(super) found: Option<String>,
    pub(super) stage: Option<Stage<'a>>,
    /// A gateway that is unhealthy afterwards is reported, and is no reason to undo the rest.
    pub(super) tolerates_illness: bool,
    /// How far it shall be proved.
    pub(super) proof: ProofOptions,
    /// Our records go at last, when nothing needs them any more.
    pub(super) purges: bool,
    /// The live tree, if it has been hashed.
    pub(super) live: Option<TreeManifest>,
}

/// Makes all that is slow in the transaction's own directory, with the gateway still running; the
/// step that becomes known by that is done before the gateway starts.
pub(super) type Stage<'a> =
    Box<dyn FnOnce(&Change<'_>, &Preparation, &Bar) -> Result<Option<Step>, Failure> + 'a>;

impl Change<'_> {
    /// Nothing to stage, and a healthy gateway afterwards.
    pub(super) fn of(installation: Installation, plan: Plan) -> Self {
        let (found, stage, tolerates_illness, purges) = (None, None, false, false);
        let (proof, live) = (ProofOptions::default(), None);
        Self { installation, plan, found, stage, tolerates_illness, proof, purges, live }
    }
}

/// How an execution ended.
pub(super) enum Outcome {
    /// `--dry-run`: nothing was done.
    Planned,
    /// All is as it should be, and seen to work so far.
    NothingToDo(Proof),
    /// Committed under this id, and proved so far.
    Done(String, Proof),
}

/// What was planned, and how it ended.
pub(super) struct Executed {
    pub(super) plan: Plan,
    pub(super) outcome: Outcome,
    /// What is found on a machine on which nothing had to be changed.
    pub(super) found: Option<(Snapshot, Diagnosis)>,
    /// The earlier run that was taken back first.
    recovery: Option<Recovery>,
}

/// Carries out what `look` finds to do.
///
/// What an earlier run left unfinished is recovered first. Then everything that can fail without
/// the lock is tried without it, so that a failure leaves no trace; then the lock is taken, and
/// looked again if another run came in between.
pub(super) fn execute<'a>(
    context: &Context,
    command: &str,
    look: &mut dyn FnMut() -> Result<Change<'a>, Failure>,
) -> Result<Executed, Failure> {
    let (manager, mut recovery) = (context.manager()?, None);
    match carry_out(context, manager.as_ref(), command, look, &mut recovery) {
        Ok(executed) => Ok(Executed { recovery, ..executed }),
        Err(failure) => Err(failure.after(recovery)),
    }
}

/// The same; what was recovered is noted, since this command's own end does not take it back.
fn carry_out<'a>(
    context: &Context,
    manager: Option<&UserManager>,
    command: &str,
    look: &mut dyn FnMut() -> Result<Change<'a>, Failure>,
    recovery: &mut Option<Recovery>,
) -> Result<Executed, Failure> {
    let held = recover_first(context, manager, command, recovery)?;
    context.records.prove_places()?;
    let seen = context.records.latest()?;
    // a plan that leads out of the installation, or to what is somebody else's, is none
    let mut look = || {
        let mut change = look()?;
        context.records.accept(&change.plan.steps, None)?;
        let plan = &mut change.plan;
        if context.spares_the_gateway && plan.stops_the_gateway() {
            if !context.dry_run {
                return Err(error::restart_refused().into());
            }
            plan.notes.push(Note::restart_refused());
        }
        if plan.starts_the_gateway() && plan.connector.1.is_some() && !change.proof.no_ask {
            plan.notes.push(Note::asks_the_model());
        }
        Ok::<_, Failure>(change)
    };
    let mut change = look()?;
    let has_records_to_purge = change.purges && !is_absent(context.records.root());
    let ends = |change: Change<'_>, outcome, found| {
        Ok(Executed { plan: change.plan, outcome, found, recovery: None })
    };
    if context.dry_run {
        return ends(change, Outcome::Planned, None);
    }
    if change.plan.is_empty() && !has_records_to_purge {
        let (proof, found) = unchanged(context, &change)?;
        return ends(change, Outcome::NothingToDo(proof), found);
    }
    confirm(context, &change)?;
    let is_held = held.is_some();
    let _held = held.map_or_else(|| context.lock(command), Ok)?;
    if !is_held {
        *recovery = recover::pending(context, manager)?;
        if recovery.is_some() || context.records.latest()? != seen {
            change = look()?;
            // a yes was said to another plan
            confirm(context, &change)?;
        }
    }
    let (outcome, found) = if change.plan.is_empty() {
        let (proof, found) = unchanged(context, &change)?;
        (Outcome::NothingToDo(proof), found)
    } else {
        let (id, proof) = apply(context, manager, &mut change)?;
        (Outcome::Done(id, proof), None)
    };
    if change.purges {
        // what is removed stays so, and DingTalk with it
        let purged = generations::discard_all(&context.records).map_err(Failure::from);
        purged.map_err(Failure::after_the_commit)?;
    }
    ends(change, outcome, found)
}

/// An unfinished transaction is taken back before anything is looked at: what it left is neither
/// the old state nor the new one. A dry run only says so.
fn recover_first(
    context: &Context,
    manager: Option<&UserManager>,
    command: &str,
    recovery: &mut Option<Recovery>,
) -> Result<Option<Held>, Failure> {
    let Some(pending) = context.records.pending()? else { return Ok(None) };
    if context.dry_run {
        let (id, earlier) = (&pending.intent().id, &pending.intent().command);
        context.console.print_marked(
            Mark::Hint,
            &say!("{earlier} ({id}) was interrupted; a real run undoes it first, and this plan may then differ", earlier, id),
        );
        return Ok(None);
    }
    let held = context.lock(command)?;
    *recovery = recover::pending(context, manager)?;
    Ok(Some(held))
}

fn apply(
    context: &Context,
    manager: Option<&UserManager>,
    change: &mut Change<'_>,
) -> Result<(String, Proof), Failure> {
    let bar = Bar::on(context.console);
    let preparation = Preparation::open(&context.records)?;
    if let Some(stage) = change.stage.take()
        && let Some(step) = stage(change, &preparation, &bar)?
    {
        change.plan.add_before_start(step);
    }
    let intent = intent(&change.plan, preparation.id());
    let mut service =
        GatewayUnit::new(manager, &context.paths.unit, context.timeout, &context.interrupt);
    let timeout = context.timeout.span();
    let watch = Watch { interrupt: &context.interrupt, progress: &bar, timeout };
    let prover = Prover {
        context,
        manager,
        installation: &change.installation,
        plan: &change.plan,
        options: change.proof,
        was_connected: returns(&change.plan) && is_connected(context, &change.installation),
    };
    let tolerates = change.tolerates_illness && !change.proof.require_answer;
    let mut proof = Proof::default();
    let mut verify = || {
        proof = match prover.prove(&bar) {
            Err(error) if tolerates && !context.interrupt.is_raised() => {
                ill(context, prover.plan, &*error)
            }
            verdict => verdict?,
        };
        Ok(())
    };
    let (id, command) = (intent.id.clone(), intent.command.clone());
    let switched = preparation.switch(intent, &mut service, &watch, &mut verify);
    let ending = match &switched {
        Ok(_) => Ending::Done,
        Err(failure) if failure.left.is_empty() => Ending::Undone,
        Err(_) => Ending::LeftBehind,
    };
    journald::tell(ending, &command, &id);
    switched.map_err(failure::of_transaction)?;
    // what is committed is done: old generations that stay cost space, nothing else
    if let Err(error) = generations::prune(&context.records) {
        context.console.warn(&error);
    }
    Ok((id, proof))
}

/// How far a machine works on which nothing has to be changed.
fn unchanged(
    context: &Context,
    change: &Change<'_>,
) -> Result<(Proof, Option<(Snapshot, Diagnosis)>), Failure> {
    if change.plan.connector.1.is_none() {
        return Ok((Proof::default(), None));
    }
    let (snapshot, proof) = prove::as_it_is(context, change.proof, change.live.as_ref())?;
    let diagnosis = diagnose(&CHECKS.iter().collect::<Vec<_>>(), &snapshot);
    Ok((prove::seen(proof, &diagnosis), Some((snapshot, diagnosis))))
}

/// A gateway that is unhealthy, which is told; without a connector there is nothing to prove of it.
fn ill(context: &Context, plan: &Plan, error: &dyn Explain) -> Proof {
    if plan.connector.1.is_some() {
        let rung = match error.code() {
            code if code.starts_with("gateway.connector-") => Rung::Loaded,
            "gateway.not-ready" | "gateway.no-listener" | "gateway.odd-answer" => Rung::Ready,
            _ => Rung::Running,
        };
        return Proof::before(rung, error.problem());
    }
    context.console.warn(error);
    Proof::default()
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
fn confirm(context: &Context, change: &Change<'_>) -> Result<(), Failure> {
    let plan = &change.plan;
    if plan.is_empty() && !change.purges {
        return Ok(());
    }
    let asks = !context.yes && !context.console.json && prompt::can_ask();
    // whoever is asked has to see what for, even when quiet
    let console = Console { quiet: context.console.quiet && !asks, ..context.console };
    change.found.iter().for_each(|found| console.print(found));
    plan.notes.iter().for_each(|note| console.note(note));
    if !asks {
        return Ok(());
    }
    if !plan.is_empty() {
        console.print(&render::text(plan));
    }
    let question = if change.purges {
        say!("Go ahead, and remove our records? Nothing can be rolled back then.")
    } else {
        say!("Go ahead?")
    };
    let by_default = plan.command != "uninstall";
    Ok(prompt::confirm(&question, by_default, &context.interrupt)?)
}

fn notes(context: &Context, plan: &Plan) {
    plan.notes.iter().for_each(|note| context.console.note(note));
}

fn told(context: &Context, proof: &Proof) -> Exit {
    prove::tell(context, proof);
    if proof.has_failed() { Exit::Problems } else { Exit::Done }
}

impl Executed {
    /// Says how it ended.
    pub(super) fn report(
        &self,
        context: &Context,
        nothing: &str,
        done: impl FnOnce(&str) -> String,
    ) -> Exit {
        let exit = self.print(context, nothing, done);
        let ok = exit == Exit::Done;
        context.console.document(&json::document(self.plan.command, ok, self.body()));
        self.forget(context);
        exit
    }

    /// Says it as text. What could not be taken back of an earlier run counts all the same.
    pub(super) fn print(
        &self,
        context: &Context,
        nothing: &str,
        done: impl FnOnce(&str) -> String,
    ) -> Exit {
        let exit = self.print_own(context, nothing, done);
        match &self.recovery {
            Some(recovery) if !recovery.left.is_empty() => {
                context.console.eprint(&failure::undone_first(recovery));
                Exit::LeftBehind
            }
            _ => exit,
        }
    }

    fn print_own(
        &self,
        context: &Context,
        nothing: &str,
        done: impl FnOnce(&str) -> String,
    ) -> Exit {
        let (console, plan) = (context.console, &self.plan);
        match &self.outcome {
            Outcome::Planned if !plan.is_empty() => {
                console.result(&render::text(plan));
                notes(context, plan);
            }
            Outcome::Planned => {
                notes(context, plan);
                console.good_result(nothing);
            }
            Outcome::NothingToDo(proof) => {
                notes(context, plan);
                console.result(nothing);
                return told(context, proof);
            }
            Outcome::Done(id, proof) => {
                console.print_marked(Mark::Good, &done(id));
                return told(context, proof);
            }
        }
        Exit::Done
    }

    /// Removes what the proof's question has left, now that all is told.
    pub(super) fn forget(&self, context: &Context) {
        if let Outcome::Done(_, proof) | Outcome::NothingToDo(proof) = &self.outcome {
            prove::forget(context, proof);
        }
    }

    /// The body of the JSON document.
    pub(super) fn body(&self) -> Map<String, Value> {
        let mut body = render::json(&self.plan);
        match &self.outcome {
            Outcome::Planned if !self.plan.is_empty() => {
                body.insert("dryRun".to_owned(), true.into());
            }
            Outcome::Done(id, proof) => {
                body.insert("transaction".to_owned(), id.as_str().into());
                body.insert("proof".to_owned(), prove::as_json(proof));
            }
            Outcome::NothingToDo(proof) => {
                body.insert("proof".to_owned(), prove::as_json(proof));
            }
            Outcome::Planned => {}
        }
        let left = self.recovery.iter().flat_map(|recovery| &recovery.left);
        let left: Vec<_> = left.map(Leftover::text).collect();
        if !left.is_empty() {
            body.insert("left".to_owned(), left.into());
        }
        body
    }
}
