//! Whether this connector answers on this OpenClaw: what the catalogue knows of the pair.

use super::{Finding, Severity, Snapshot, Verdict};
use crate::connector::catalogue::Answer;
use crate::say;

pub(super) fn matrix(snapshot: &Snapshot) -> Verdict {
    let Some(connector) = snapshot.connector() else { return Ok(Vec::new()) };
    let Some(openclaw) = snapshot.openclaw() else {
        return Err(say!("OpenClaw's version is not known"));
    };
    let installation = &snapshot.installation;
    let catalogue = &installation.catalogue;
    let (Some(known), Some(problem)) = (
        catalogue.known(&connector, openclaw),
        catalogue.clash(&connector, openclaw, Some(&connector)),
    ) else {
        return Ok(Vec::new());
    };
    let severity = if known.answer == Answer::Fails { Severity::Error } else { Severity::Warning };
    let package = snapshot.tree.as_ref().map(|tree| tree.path.join("package.json"));
    let program = installation.program.package.as_ref();
    Finding::of(severity, problem.message)
        .hint(problem.hint)
        .symptom(known.seen)
        .read(
            package.map(|path| path.display().to_string()).unwrap_or_default(),
            format!("version {connector}"),
        )
        .read(
            program.map_or_else(|| "OpenClaw".to_owned(), |path| path.display().to_string()),
            format!("version {openclaw}"),
        )
        .into()
}
