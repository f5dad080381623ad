//! `doctor`: what is wrong, proven; `--fix` repairs it as one transaction.

mod bundle;
mod fix;
pub(in crate::command) mod live;
pub(in crate::command) mod view;

use serde_json::{Map, Value};

use super::context::Context;
use super::execute::Executed;
use super::failure::{Exit, Failure};
use super::look;
use crate::cli::Doctor;
use crate::doctor::{CHECKS, Check, Diagnosis, Severity, diagnose};
use crate::language::Problem;
use crate::report::json;
use crate::snapshot::Snapshot;

pub(super) fn run(context: &Context, options: &Doctor) -> Result<Exit, Failure> {
    let checks = chosen(&options.checks).map_err(Failure::usage)?;
    if options.list {
        return Ok(list(context, &checks));
    }
    if options.live && context.offline {
        return Err(Failure::usage(live_offline()));
    }
    if options.fix {
        return fix::run(context, options, &checks);
    }
    let mut snapshot = look::look(context)?;
    if options.live {
        live::ask_for(context, options, &checks, &mut snapshot)?;
    }
    let diagnosis = diagnose(&checks, &snapshot);
    if let Some(file) = &options.bundle {
        bundle::write(context, &snapshot, &diagnosis, file)?;
    }
    Ok(report(context, options, &snapshot, &diagnosis))
}

fn report(context: &Context, options: &Doctor, snapshot: &Snapshot, diagnosis: &Diagnosis) -> Exit {
    let console = context.console;
    if let Some(measured) = view::measured(snapshot) {
        console.good_result(&measured);
    }
    let text = if console.quiet {
        view::errors(diagnosis, console)
    } else {
        view::text(diagnosis, console)
    };
    if !text.is_empty() {
        console.result(&text);
    }
    let (ok, exit) = ending_of(diagnosis, options);
    console.document(&json::document("doctor", ok, view::json(diagnosis, snapshot)));
    exit
}

/// Findings about a gateway that does not run, which the operator may have chosen.
const CHOSEN: [&str; 3] = ["gateway.health", "service.bus", "service.unit"];

/// What every check finds now.
pub(super) fn everything(context: &Context) -> Result<(Snapshot, Diagnosis), Failure> {
    let snapshot = look::look(context)?;
    let diagnosis = diagnose(&CHECKS.iter().collect::<Vec<_>>(), &snapshot);
    Ok((snapshot, diagnosis))
}

/// The end of a run that has changed nothing, with what is found here now: that nothing is to be
/// changed does not mean that it works.
pub(super) fn report_as_found(
    context: &Context,
    executed: &Executed,
    nothing: &str,
) -> Result<Exit, Failure> {
    let (exit, body) = as_found(context, executed, nothing)?;
    let document = json::document(executed.plan.command, exit == Exit::Done, body);
    context.console.document(&document);
    executed.forget(context);
    Ok(exit)
}

/// The same as text, and the body of the JSON document.
pub(super) fn as_found(
    context: &Context,
    executed: &Executed,
    nothing: &str,
) -> Result<(Exit, Map<String, Value>), Failure> {
    let (snapshot, diagnosis) = match &executed.found {
        Some(found) => found,
        None => &everything(context)?,
    };
    let mut errors = diagnosis.clone();
    errors.findings.retain(|(check, finding)| {
        let is_chosen = !snapshot.is_up() && CHOSEN.contains(&check.id);
        finding.severity == Severity::Error && !is_chosen
    });
    let is_ill = executed.plan.is_empty() && !errors.findings.is_empty();
    let exit = if is_ill {
        let nothing = say!("Nothing to change, and yet it does not work:");
        let ended = executed.print(context, &nothing, |_| String::new());
        context.console.result(&view::brief(&errors, context.console).join("\n"));
        Exit::Problems.and(ended)
    } else {
        executed.print(context, nothing, |_| String::new())
    };
    let mut body = executed.body();
    body.insert("healthy".to_owned(), diagnosis.is_below(Severity::Error).into());
    body.insert("findings".to_owned(), view::findings_json(diagnosis));
    Ok((exit, body))
}

/// Whether all is well, and the exit code for it.
fn ending_of(diagnosis: &Diagnosis, options: &Doctor) -> (bool, Exit) {
    let least = if options.strict { Severity::Warning } else { Severity::Error };
    let ok = diagnosis.is_below(least);
    (ok, if ok { Exit::Done } else { Exit::Problems })
}

/// The checks that are named: by id, by family, or all.
fn chosen(names: &[String]) -> Result<Vec<&'static Check>, Problem> {
    if names.is_empty() {
        return Ok(CHECKS.iter().collect());
    }
    let mut checks: Vec<&'static Check> = Vec::new();
    for name in names {
        let before = checks.len();
        checks.extend(CHECKS.iter().filter(|check| check.id == name || check.family() == name));
        if checks.len() == before {
            return Err(unknown_check(name));
        }
    }
    Ok(checks)
}

fn list(context: &Context, checks: &[&'static Check]) -> Exit {
    let console = context.console;
    console.result(&view::list(checks));
    console.document(&json::document("doctor", true, view::list_json(checks)));
    Exit::Done
}

/// `--live --offline`.
pub(super) fn live_offline() -> Problem {
    let message = say!("--live connects to the outside, which --offline forbids");
    Problem::new("doctor.live-offline", message, say!("Omit one of the two."))
}

/// A check that does not exist.
fn unknown_check(name: &str) -> Problem {
    let hint = say!("List them: openclaw-setup doctor --list");
    Problem::new("doctor.unknown-check", say!("there is no check {name}", name), hint)
}
