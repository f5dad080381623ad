//! `verify`: hashes the installed connector against the manifest that was recorded at installation.

use serde_json::json;

use super::context::Context;
use super::failure::{Exit, Failure};
use crate::connector::TreeManifest;
use crate::connector::installed::InstalledRecord;
use crate::connector::manifest::{Deviation, Difference};
use crate::report::Mark;
use crate::report::bar::Bar;
use crate::report::json;
use crate::say;
use crate::snapshot::paths;

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let tree = paths::real(&context.paths.connector);
    let Some(record) = record(context)? else { return Ok(nothing_recorded(context)) };
    let deviations = deviations(context, &record)?;
    let console = &context.console;
    let (version, files) = (&record.origin.version, record.tree.size().files);
    let place = tree.display();
    if deviations.is_empty() {
        let text = say!(
            "connector {version}: all {files} files are as installed ({place})",
            version,
            files,
            place
        );
        console.result(&console.marked(Mark::Good, &text));
    }
    for deviation in &deviations {
        let text = format!("{}: {}", word(deviation.kind), tree.join(&deviation.path).display());
        console.result(&console.marked(Mark::Bad, &text));
    }
    let mut body = serde_json::Map::new();
    body.insert(
        "connector".to_owned(),
        json!({"version": version, "payload": record.origin.payload}),
    );
    body.insert("files".to_owned(), json!(files));
    body.insert("deviations".to_owned(), json!(deviations));
    console.document(&json::document("verify", deviations.is_empty(), body));
    Ok(if deviations.is_empty() { Exit::Done } else { Exit::Problems })
}

/// The record of what is installed.
pub(super) fn record(context: &Context) -> Result<Option<InstalledRecord>, Failure> {
    Ok(context.records.installed_record()?.1)
}

/// How the live tree differs from its record; a tree that is gone lacks everything.
pub(super) fn deviations(
    context: &Context,
    record: &InstalledRecord,
) -> Result<Vec<Deviation>, Failure> {
    let tree = paths::real(&context.paths.connector);
    let found = if tree.is_dir() {
        TreeManifest::scan(&tree, &context.interrupt, &Bar::on(context.console))?
    } else {
        TreeManifest::default()
    };
    Ok(record.tree.deviations(&found))
}

fn nothing_recorded(context: &Context) -> Exit {
    let console = &context.console;
    let text = say!(
        "openclaw-setup has installed no connector here, so there is nothing to compare with."
    );
    console.result(&console.marked(Mark::Bad, &text));
    let mut body = serde_json::Map::new();
    body.insert("connector".to_owned(), serde_json::Value::Null);
    console.document(&json::document("verify", false, body));
    Exit::Problems
}

fn word(difference: Difference) -> String {
    match difference {
        Difference::Missing => say!("missing"),
        Difference::Extra => say!("not ours"),
        Difference::Changed => say!("changed"),
        Difference::Mode => say!("other permissions"),
        Difference::Type => say!("other type"),
        Difference::Target => say!("link leads elsewhere"),
    }
}
