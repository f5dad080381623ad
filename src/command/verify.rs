//! `verify`: hashes the installed connector against the manifest that was recorded at installation.

use serde_json::json;

use super::context::Context;
use super::failure::{Exit, Failure};
use super::look::deviations;
use crate::connector::adaptation::Adapted;
use crate::connector::installed::InstalledRecord;
use crate::language::Localized;
use crate::report::Mark;
use crate::report::json;
use crate::snapshot::paths;

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let tree = paths::real(&context.paths.connector);
    let Some(record) = context.records.installed_record()?.1 else {
        return Ok(nothing_recorded(context));
    };
    let deviations = deviations(context, &record, None)?;
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
    if let Some(adapted) = &record.adapted {
        console.good_result(&console.marked(Mark::Hint, &adapted.extent().text()));
        let came = adapted.undone_in(&record.tree);
        for path in adapted.changed.keys() {
            let digest = came.sha256(path).map(|digest| digest.to_string()).unwrap_or_default();
            let path = tree.join(path).display().to_string();
            console.good_result(&say!("{path}: as it came it had sha256 {digest}", path, digest));
        }
        if record.came_as_the_payload() {
            let text = say!("without the adaptation these are the payload's own bytes");
            console.good_result(&console.marked(Mark::Good, &text));
        }
    }
    let connector = json!({
        "version": version,
        "payload": record.origin.payload,
        "adapted": record.adapted.as_ref().map(|adapted| adapted_json(adapted, &record)),
    });
    let body = json!({"connector": connector, "files": files, "deviations": deviations});
    console.document(&json::document("verify", deviations.is_empty(), body));
    Ok(if deviations.is_empty() { Exit::Done } else { Exit::Problems })
}

/// Each adapted file with its digest as it came and as it was installed.
fn adapted_json(adapted: &Adapted, record: &InstalledRecord) -> serde_json::Value {
    let came = adapted.undone_in(&record.tree);
    let files = adapted.changed.keys().chain(&adapted.added).map(|path| {
        let (original, adapted) = (came.sha256(path), record.tree.sha256(path));
        json!({"path": path, "original": original, "adapted": adapted})
    });
    json!({
        "openclaw": adapted.openclaw,
        "files": files.collect::<Vec<_>>(),
        "payloadProved": record.came_as_the_payload(),
    })
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
