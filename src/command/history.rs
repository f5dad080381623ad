//! `history`: the past transactions, newest first.

use serde_json::json;

use super::context::Context;
use super::failure::{Exit, Failure};
use crate::report::{json, table::Table};
use crate::say;
use crate::transaction::generations::size_on_disk;
use crate::transaction::journal::{Journal, Phase};

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let mut journals = context.records.journals()?;
    journals.reverse();
    if journals.is_empty() {
        context.console.result(&say!("No transactions yet."));
    } else {
        context.console.result(&table(&journals).text());
    }
    let transactions: Vec<_> = journals.iter().map(as_json).collect();
    let body = json!({"transactions": transactions});
    context.console.document(&json::document("history", true, body));
    Ok(Exit::Done)
}

fn table(journals: &[Journal]) -> Table {
    let mut table = Table::default();
    for journal in journals {
        let intent = journal.intent();
        let versions = versions(journal);
        let size = indicatif::HumanBytes(size_on_disk(journal.directory()));
        let (command, started) = (&intent.command, &intent.started);
        let state = state(journal.phase());
        table.row(&intent.id, format!("{started}  {command}  {versions}  {state}  {size}"));
    }
    table
}

fn versions(journal: &Journal) -> String {
    match &journal.intent().connector {
        (Some(from), Some(to)) if from != to => format!("{from} → {to}"),
        (_, Some(to)) => to.clone(),
        (Some(from), None) => format!("{from} → –"),
        (None, None) => "–".to_owned(),
    }
}

/// The word for a phase.
pub(super) fn state(phase: Phase) -> String {
    match phase {
        Phase::Open => say!("unfinished"),
        Phase::Committed => say!("done"),
        Phase::Undone => say!("undone"),
    }
}

pub(super) fn as_json(journal: &Journal) -> serde_json::Value {
    let intent = journal.intent();
    json!({
        "id": intent.id,
        "started": intent.started,
        "command": intent.command,
        "connector": {"from": intent.connector.0, "to": intent.connector.1},
        "state": journal.phase(),
        "bytes": size_on_disk(journal.directory()),
    })
}
