//! `explain`: what an error code or a check means, and what to do.

use serde_json::{Value, json};

use super::failure::{Exit, Failure};
use crate::doctor::CHECKS;
use crate::explanation::{self, Entry};
use crate::language::{Problem, addressed, list};
use crate::report::console::Table;
use crate::report::{Console, json};

pub(super) fn run(console: Console, name: Option<&str>) -> Result<Exit, Failure> {
    let entries = explanation::all().filter(|entry| name.is_none_or(|name| entry.is_called(name)));
    let entries: Vec<_> = entries.collect();
    let text = match (&entries[..], name) {
        ([], Some(name)) => return Err(Failure::usage(unknown(name))),
        ([entry], _) => whole(entry),
        _ => index(&entries),
    };
    console.result(&text);
    let codes: Vec<_> = entries.iter().map(as_json).collect();
    console.document(&json::document("explain", true, json!({"codes": codes})));
    Ok(Exit::Done)
}

/// All that is to be said of one.
fn whole(entry: &Entry) -> String {
    let mut table = Table::default();
    table.row(say!("cause"), entry.cause());
    table.row(say!("remedy"), addressed(entry.remedy()));
    table.row(say!("example"), addressed(entry.example));
    let title = title(entry).map(|title| format!(": {title}")).unwrap_or_default();
    format!("{}{title}\n{}", entry.code, table.text())
}

/// One line of each.
fn index(entries: &[Entry]) -> String {
    let mut table = Table::default();
    for entry in entries {
        table.row(entry.code, title(entry).unwrap_or_else(|| entry.cause()));
    }
    table.text()
}

/// Of a check: what it looks for.
fn title(entry: &Entry) -> Option<&'static str> {
    CHECKS.iter().find(|check| check.id == entry.code).map(crate::doctor::Check::title)
}

fn as_json(entry: &Entry) -> Value {
    json!({
        "code": entry.code,
        "title": title(entry),
        "cause": entry.cause(),
        "remedy": addressed(entry.remedy()),
        "example": addressed(entry.example),
    })
}

fn unknown(name: &str) -> Problem {
    let all = say!("List them: openclaw-setup explain");
    let meant = explanation::similar(name);
    let hint = match list(&meant) {
        meant if meant.is_empty() => all,
        list => format!("{}\n{all}", say!("tip: did you mean {list}?", list)),
    };
    Problem::new("explain.unknown-code", say!("there is no error code or check {name}", name), hint)
}
