//! Whether this connector answers on this OpenClaw: what the catalogue knows of the pair.

use semver::Version as Semver;

use super::plugin::adapting;
use super::{Finding, Severity, Snapshot, Verdict};
use crate::connector::PACKAGE_JSON;
use crate::connector::adaptation::{Adapted, Refit};
use crate::connector::catalogue::{Answer, Known};
use crate::language::Problem;
use crate::openclaw::Version;

/// A catalogue that cannot be used is said to be so, whatever stands in its place.
pub(super) fn catalogue(snapshot: &Snapshot) -> Verdict {
    let faults = snapshot.installation.catalogue.faults();
    Ok(faults.map(|fault| Finding::warning(fault.message).hint(fault.hint)).collect())
}

pub(super) fn matrix(snapshot: &Snapshot) -> Verdict {
    let Some(release) = snapshot.release() else { return Ok(Vec::new()) };
    let connector = release.version.clone();
    let Some(openclaw) = snapshot.openclaw() else {
        return Err(say!("OpenClaw's version is not known"));
    };
    let installation = &snapshot.installation;
    let catalogue = &installation.catalogue;
    let known = catalogue.known(&connector, openclaw).map(|known| known.of(&release));
    let adapted = installation.record.as_ref().and_then(|record| record.adapted.as_ref());
    let clash = catalogue.clash(&release, openclaw, Some(&connector));
    let problem = match (&snapshot.refit, adapted, known) {
        (Ok(Some(refit)), Some(adapted), _) => Some(ill_adapted(adapted, refit, openclaw)),
        (Ok(Some(_)), None, Some(known)) => Some(not_adapted(&connector, openclaw, known)),
        (Err(problem), _, _) => Some(problem.clone()),
        _ => clash,
    };
    let Some(problem) = problem else {
        let doubtful = snapshot.prediction.as_ref().filter(|prediction| prediction.has_doubts());
        let text = doubtful.map(|prediction| prediction.text(&connector, openclaw));
        let hint = say!("Ask it whether it answers: openclaw-setup status --live");
        return Ok(text.map(|text| Finding::info(text).hint(hint)).into_iter().collect());
    };
    let is_slow = known.is_some_and(|known| known.answer == Answer::NeedsNetwork);
    let severity = if is_slow { Severity::Warning } else { Severity::Error };
    let package = snapshot.tree.as_ref().map(|tree| tree.path.join(PACKAGE_JSON));
    let says = snapshot.connector().unwrap_or_else(|| connector.clone());
    let program = installation.program.package.as_ref();
    let finding = Finding::of(severity, problem.message).hint(problem.hint);
    let finding = match &snapshot.refit {
        Ok(Some(refit)) => finding.remedied(adapting(snapshot, refit)),
        _ => finding,
    };
    let finding = match release.remark {
        Some(remark) => finding.read(installation.paths.connector.display().to_string(), remark),
        None => finding,
    };
    let seen = known.map(|known| known.seen).filter(|seen| !seen.is_empty());
    seen.into_iter()
        .fold(finding, Finding::symptom)
        .read(
            package.map(|path| path.display().to_string()).unwrap_or_default(),
            format!("version {says}"),
        )
        .read(
            program.map_or_else(|| "OpenClaw".to_owned(), |path| path.display().to_string()),
            format!("version {openclaw}"),
        )
        .into()
}

/// As it comes it fails, and the catalogue knows an adaptation.
fn not_adapted(connector: &Semver, openclaw: Version, known: Known<'_>) -> Problem {
    let known = known.text(connector, openclaw);
    let message = say!("{known}; an adaptation is known", known);
    Problem::new("compat.matrix", message, String::new())
}

/// It was adapted for another OpenClaw than this one.
fn ill_adapted(adapted: &Adapted, refit: &Refit, openclaw: Version) -> Problem {
    let was = &adapted.openclaw;
    let message = if refit.adapted.is_some() {
        say!(
            "the connector is adapted for OpenClaw {was}, and OpenClaw {openclaw} needs another adaptation",
            was,
            openclaw
        )
    } else {
        say!(
            "the connector is adapted for OpenClaw {was}, and for OpenClaw {openclaw} no adaptation is known to be needed",
            was,
            openclaw
        )
    };
    Problem::new("compat.matrix", message, String::new())
}
