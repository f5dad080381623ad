//! `doctor --fix`: every safe repair of the chosen checks, as one transaction; then what is left.

use std::path::PathBuf;

use super::{ending_of, live, view};
use crate::cli::Doctor;
use crate::command::context::Context;
use crate::command::execute::{Change, Executed, Outcome, Stage, execute};
use crate::command::failure::{Exit, Failure};
use crate::command::look;
use crate::command::stage::Work;
use crate::doctor::plugin::rewritten;
use crate::doctor::{Check, Diagnosis, Finding, config, diagnose};
use crate::fs::replace::FileState;
use crate::health::{ChatAnswer, Expectations};
use crate::openclaw::document::{self, Edit};
use crate::plan::fix::{self as planning, Request};
use crate::plan::repair::{Reinstall, Repair};
use crate::report::{Mark, json};
use crate::snapshot::paths::CONNECTOR;
use crate::snapshot::{Outside, Snapshot};

/// Runs `doctor --fix`.
pub(super) fn run(
    context: &Context,
    options: &Doctor,
    checks: &[&'static Check],
) -> Result<Exit, Failure> {
    let (mut found, mut answers) = (Diagnosis::default(), None);
    let executed = execute(context, "doctor", &mut || {
        let snapshot = look(context, options, checks, &mut answers)?;
        found = diagnosed(options, checks, &snapshot);
        let change = change(context, snapshot, &found)?;
        Ok(Change { proof: options.proof, ..change })
    })?;
    let (fixed, left) = match executed.outcome {
        Outcome::Done(..) => {
            let snapshot = look(context, options, checks, &mut None);
            let left = snapshot.map(|snapshot| diagnose(checks, &snapshot));
            let left = left.map_err(Failure::after_the_commit)?;
            (found.without(&left), left)
        }
        Outcome::Planned if !executed.plan.is_empty() => found.split(),
        _ => (Diagnosis::default(), found),
    };
    Ok(report(context, options, &executed, &fixed, &left))
}

/// Looks; who has answered `--live` before is not asked again.
fn look(
    context: &Context,
    options: &Doctor,
    checks: &[&'static Check],
    answers: &mut Option<Outside>,
) -> Result<Snapshot, Failure> {
    let mut snapshot = look::look(context)?;
    match answers {
        Some(answers) => snapshot.outside = answers.clone(),
        None if options.live => live::ask_for(context, options, checks, &mut snapshot)?,
        None => {}
    }
    *answers = Some(snapshot.outside.clone());
    Ok(snapshot)
}

/// The findings with their repairs; an old config is brought back only on request.
fn diagnosed(options: &Doctor, checks: &[&'static Check], snapshot: &Snapshot) -> Diagnosis {
    let mut diagnosis = diagnose(checks, snapshot);
    let restoration = options.restore_config.then(|| config::restoration(snapshot)).flatten();
    for (check, finding) in &mut diagnosis.findings {
        if ["config.syntax", "config.accepted"].contains(&check.id) {
            finding.repairs.extend(restoration.clone());
        }
    }
    diagnosis
}

fn change<'a>(
    context: &'a Context,
    mut snapshot: Snapshot,
    diagnosis: &Diagnosis,
) -> Result<Change<'a>, Failure> {
    if let Some(unseen) = snapshot.installation.unseen.drain(..).next() {
        return Err(unseen.error.into());
    }
    let repairs = diagnosis.repairs();
    // where errors remain that cannot be repaired here, the gateway is perhaps not healthy
    let is_whole = !diagnosis.leaves_errors() && snapshot.config.is_ok();
    let live = shown_version(&snapshot);
    let reinstall = Reinstall::of(&snapshot.installation, live.as_deref(), &repairs);
    let request = Request {
        repairs: &repairs,
        config: snapshot.config.as_ref().ok(),
        contents: &contents(&snapshot, &repairs)?,
        expectations: if is_whole {
            expectations(&snapshot, &repairs)
        } else {
            Expectations::default()
        },
        live,
        deviations: snapshot.deviations.as_deref().unwrap_or_default(),
        reinstall: reinstall.as_ref(),
        transactions: context.records.transactions(),
    };
    let plan = planning::plan(&snapshot.installation, &request)?;
    Ok(Change {
        found: Some(view::text(diagnosis, context.console)),
        stage: reinstall.map(|reinstall| staging(context, reinstall)),
        tolerates_illness: !is_whole,
        ..Change::of(snapshot.installation, plan)
    })
}

fn staging(context: &Context, reinstall: Reinstall) -> Stage<'_> {
    Box::new(move |change, preparation, bar| {
        let slot = &preparation.slot();
        let work = Work { context, installation: &change.installation, slot, bar };
        work.stage_anew(&reinstall)
    })
}

/// What the gateway must show afterwards: what it shows now, and what is repaired.
fn expectations(snapshot: &Snapshot, repairs: &[Repair]) -> Expectations {
    let opens = repairs.iter().any(|repair| {
        matches!(repair, Repair::Config(Edit { path, change: document::Change::Set(_) })
            if path.segments().last().is_some_and(|key| key.starts_with("gateway"))
                || path.segments().contains(&"chatCompletions".to_owned()))
    });
    let is_open = snapshot.answers.as_ref().is_some_and(|answers| answers.chat == ChatAnswer::Open);
    let comes = repairs.iter().any(|repair| matches!(repair, Repair::Reinstall(_)));
    let loads = snapshot.channel_is_on() && (comes || snapshot.tree.is_some());
    Expectations {
        chat: (opens || is_open) && snapshot.speaks_http(),
        bypass: false,
        connector: loads.then(|| CONNECTOR.to_owned()),
    }
}

/// Two lists: what was (or would be) fixed, and what is left.
fn report(
    context: &Context,
    options: &Doctor,
    executed: &Executed,
    fixed: &Diagnosis,
    left: &Diagnosis,
) -> Exit {
    let console = context.console;
    let nothing = say!("Nothing here has a safe repair.");
    let undo = |id: &str| say!("To take it back: openclaw-setup rollback {id}", id);
    let ended = executed.print(context, &nothing, undo);
    if ended == Exit::Failed {
        return ended;
    }
    let is_done = matches!(executed.outcome, Outcome::Done(..));
    let (of_fixed, of_left) = if is_done {
        (say!("Fixed:"), say!("Still open:"))
    } else {
        (say!("Would be fixed:"), say!("Would stay open:"))
    };
    let line = |(check, finding): &(&'static Check, Finding)| {
        if is_done {
            console.marked(Mark::Good, &format!("{} {}", check.id, finding.message))
        } else {
            view::of_finding(check, finding, console)
        }
    };
    let lines: Vec<_> = fixed.findings.iter().map(line).collect();
    if !lines.is_empty() {
        console.result(&format!("{of_fixed}\n{}", lines.join("\n")));
    }
    if !lines.is_empty() && !left.findings.is_empty() {
        console.result(&of_left);
    }
    console.result(&view::text(left, console));
    let exit = ending_of(left, options).1.and(ended);
    let mut body = executed.body();
    body.insert("fixed".to_owned(), view::findings_json(fixed));
    body.insert("findings".to_owned(), view::findings_json(left));
    console.document(&json::document("doctor", exit == Exit::Done, body));
    executed.forget(context);
    exit
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
        match repair {
            Repair::RestoreConfig { from } => {
                paths.push(from.clone());
                paths.extend(snapshot.installation.paths.config.canonicalize().ok());
            }
            Repair::Syntax { path } => paths.extend(path.canonicalize().ok()),
            _ => {}
        }
    }
    let mut contents = Vec::new();
    for path in paths {
        contents.extend(FileState::read(&path)?.map(|state| (path, state)));
    }
    Ok(contents)
}
