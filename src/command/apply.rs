//! `apply`: brings about what a file describes, by the commands that there are: `install`, `upgrade`
//! where another version stands, `uninstall` where none shall.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::context::Context;
use super::execute::{Executed, Outcome};
use super::failure::{Exit, Failure};
use super::{doctor, install, uninstall};
use crate::cli::{Apply, Uninstall};
use crate::plan::render;
use crate::report::json as documents;
use crate::settings::desired;

pub(super) fn run(mut context: Context, options: &Apply) -> Result<Exit, Failure> {
    let file = std::path::absolute(&options.file).unwrap_or_else(|_| options.file.clone());
    let mut desired =
        desired::read(&file, &context.surroundings, context.deadline()).map_err(Failure::usage)?;
    context.dry_run |= options.check;
    context.spares_the_gateway = !desired.restart;
    let executed = match desired.connector.take() {
        Some(connector) => install::as_described(&context, &file, desired, &connector)?,
        None => uninstall::carry_out(&context, &Uninstall { keep_config: false, purge: false })?,
    };
    report(&context, options, &file, &executed)
}

fn report(
    context: &Context,
    options: &Apply,
    file: &Path,
    executed: &Executed,
) -> Result<Exit, Failure> {
    let (console, plan, file) = (context.console, &executed.plan, file.display());
    let nothing = say!("Nothing to do: this machine is as {file} describes it.", file);
    let (exit, body) = match &executed.outcome {
        Outcome::Planned if !plan.is_empty() => {
            let shown = if options.check && !options.diff { render::outline } else { render::text };
            console.result(&shown(plan));
            plan.notes.iter().for_each(|note| console.note(note));
            (if options.check { Exit::WouldChange } else { Exit::Done }, executed.body())
        }
        Outcome::NothingToDo(_) if plan.connector.1.is_some() => {
            doctor::as_found(context, executed, &nothing)?
        }
        Outcome::Planned | Outcome::NothingToDo(_) => {
            (executed.print(context, &nothing, |_| String::new()), executed.body())
        }
        Outcome::Done(..) => {
            if options.diff {
                console.result(&render::text(plan));
            }
            let done = |id: &str| {
                say!(
                    "This machine is as {file} describes it. To take it back: openclaw-setup rollback {id}",
                    file,
                    id
                )
            };
            (executed.print(context, &nothing, done), executed.body())
        }
    };
    console.document(&documents::document(
        "apply",
        !matches!(exit, Exit::Problems | Exit::LeftBehind),
        document(executed, body),
    ));
    executed.forget(context);
    Ok(exit)
}

/// What configuration management asks for first: was anything changed (with `--check`: would it be),
/// by which transaction, and how far is it proved; the plan for itself.
fn document(executed: &Executed, mut body: Map<String, Value>) -> Value {
    let plan = ["changes", "connector", "steps", "notes"];
    let plan = plan.into_iter().filter_map(|key| Some((key.to_owned(), body.shift_remove(key)?)));
    let plan: Map<_, _> = plan.collect();
    let rung = body.get("proof").and_then(|proof| proof.get("reached")).cloned();
    let mut document = Map::new();
    document.insert("changed".to_owned(), (!executed.plan.is_empty()).into());
    document.insert("rung".to_owned(), rung.unwrap_or_default());
    document.insert("transaction".to_owned(), Value::Null);
    document.extend(body);
    document.insert("plan".to_owned(), json!(plan));
    Value::Object(document)
}
