//! `verify`: hashes the installed connector against the manifest that was recorded at installation.

use serde_json::json;

use super::context::Context;
use super::failure::{Exit, Failure};
use super::look::deviations;
use crate::language::Localized;
use crate::report::Mark;
use crate::report::json;
use crate::say;
use crate::snapshot::paths;

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let tree = paths::real(&context.paths.connector);
    let Some(record) = context.records.installed_record()?.1 else {
        return Ok(nothing_recorded(context));
    };
    let deviations = deviations(context, &record)?;
    let console = &context.console;
    let (version, files) = (&record.origin.version, record.tree.sizes().count());
    let place = tree.display();
    if deviations.is_empty() {
        let text = say!(
            "connector {version}: all {files} files are as installed ({place})",
            version,
            files,
            place
        );
        console.good_result(&console.marked(Mark::Good, &text));
    }
    for deviation in &deviations {
        let text = format!("{}: {}", deviation.kind.text(), tree.join(&deviation.path).display());
        console.result(&console.marked(Mark::Bad, &text));
    }
    let connector = json!({"version": version, "payload": record.origin.payload});
    let body = json!({"connector": connector, "files": files, "deviations": deviations});
    console.document(&json::document("verify", deviations.is_empty(), body));
    Ok(if deviations.is_empty() { Exit::Done } else { Exit::Problems })
}

fn nothing_recorded(context: &Context) -> Exit {
    let console = &context.console;
    let text = say!(
        "openclaw-setup has installed no connector here, so there is nothing to compare with."
    );
    console.result(&console.marked(Mark::Bad, &text));
    console.document(&json::document("verify", false, json!({"connector": null})));
    Exit::Problems
}
