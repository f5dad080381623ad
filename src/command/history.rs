//! `history`: the past transactions, newest first.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use unicode_width::UnicodeWidthStr;

use super::context::Context;
use super::failure::{Exit, Failure};
use crate::connector::adaptation::Extent;
use crate::language::Localized;
use crate::report::console::Table;
use crate::report::json;
use crate::transaction::generations::size_on_disk;
use crate::transaction::journal::{Journal, Phase};
use crate::transaction::step::Step;

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let mut journals = context.records.journals()?;
    journals.reverse();
    if journals.is_empty() {
        context.console.good_result(&say!("No transactions yet."));
    } else {
        context.console.result(&table(&journals).text());
    }
    let transactions: Vec<_> = journals.iter().map(as_json).collect();
    let body = json!({"transactions": transactions});
    context.console.document(&json::document("history", true, body));
    Ok(Exit::Done)
}

/// Columns with a head, aligned; times as the reader's clock shows them.
fn table(journals: &[Journal]) -> Table {
    let mut rows = vec![[
        say!("ID"),
        say!("local time"),
        say!("command"),
        say!("connector"),
        say!("state"),
        say!("size"),
    ]];
    rows.extend(journals.iter().map(|journal| {
        let intent = journal.intent();
        let size = indicatif::HumanBytes(size_on_disk(journal.directory())).to_string();
        let (id, command) = (intent.id.clone(), intent.command.clone());
        [id, local(&intent.started), command, versions(journal), state(journal.phase()), size]
    }));
    let wide = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or_default();
    let widths: Vec<_> = (0..rows[0].len()).map(wide).collect();
    let mut table = Table::default();
    for [id, cells @ ..] in &rows {
        let padded = cells.iter().zip(&widths[1..]).map(|(cell, width)| {
            let gap = " ".repeat(width - cell.width());
            format!("{cell}{gap}")
        });
        let line = padded.collect::<Vec<_>>().join("  ");
        table.row(id, line.trim_end());
    }
    table
}

/// A time of the journal on the reader's clock, with its distance from UTC.
fn local(started: &str) -> String {
    let time = started.parse::<Timestamp>().map(|time| time.to_zoned(TimeZone::system()));
    time.map_or_else(
        |_| started.to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
    )
}

fn versions(journal: &Journal) -> String {
    let versions = match &journal.intent().connector {
        (Some(from), Some(to)) if from != to => format!("{from} → {to}"),
        (_, Some(to)) => to.clone(),
        (Some(from), None) => format!("{from} → –"),
        (None, None) => "–".to_owned(),
    };
    adapted(journal).map_or(versions.clone(), |extent| format!("{versions} ({})", extent.text()))
}

/// How the tree that it put there is adapted.
fn adapted(journal: &Journal) -> Option<&Extent> {
    journal.intent().steps.iter().find_map(|step| match step {
        Step::Tree(tree) => tree.adapted(),
        _ => None,
    })
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
        "adapted": adapted(journal),
        "state": journal.phase(),
        "bytes": size_on_disk(journal.directory()),
    })
}
