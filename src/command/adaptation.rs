//! How a connector has to be adapted for the OpenClaw that runs here: looked at, nothing changed.

use std::path::Path;

use semver::Version as Semver;

use crate::connector::adaptation::{Change, Host, Original, Refit, due};
use crate::connector::catalogue::Basis;
use crate::connector::imports::{Exports, imports, reached};
use crate::connector::prediction::Prediction;
use crate::connector::{PACKAGE_JSON, Package, Payload, Sha256};
use crate::fs::foreign;
use crate::language::Problem;
use crate::openclaw::Version;
use crate::snapshot::installation::Installation;

/// What a payload needs.
pub(super) fn of_payload(
    installation: &Installation,
    payload: &Payload,
) -> Result<Vec<Change>, Problem> {
    judge(payload, |connector| wanted(installation, connector))
}

/// What is expected of a payload that nobody has tried on this OpenClaw.
pub(super) fn prediction_of_payload(
    installation: &Installation,
    payload: &Payload,
) -> Option<Prediction> {
    judge(payload, |connector| predicted(installation, connector))
}

fn judge<T>(payload: &Payload, judge: impl FnOnce(&Original<'_>) -> T) -> T {
    let text = |path: &str| payload.text(path);
    judge(&Original { imports: &payload.imports, package: &payload.package, text: &text })
}

/// What is found of the tree that stands.
pub(super) struct Standing {
    /// What it needs, with what is recorded of how it was adapted already; `None` where it is as it
    /// shall be.
    pub(super) refit: Result<Option<Refit>, Problem>,
    /// What is expected of it where nobody has tried it on this OpenClaw.
    pub(super) prediction: Option<Prediction>,
}

/// Looks at the tree that stands.
pub(super) fn of_standing(installation: &Installation) -> Standing {
    let root = &installation.paths.connector;
    let now = |path: &str| text(&root.join(path));
    let recorded = installation.record.as_ref().and_then(|record| record.adapted_in(now));
    let came = |path: &str| match recorded {
        Some(recorded) => recorded.original(path, now),
        None => now(path),
    };
    let package = Package::parse(came(PACKAGE_JSON).as_deref().map(str::as_bytes), root);
    let Ok(package) = package else { return Standing { refit: Ok(None), prediction: None } };
    let found = reached(&package, |path| Some(imports(&came(path)?)));
    let original = Original { imports: &found, package: &package, text: &came };
    let refit = wanted(installation, &original).map(|wanted| {
        let changes = due(recorded, &wanted, &now);
        let Refit { adapted, .. } = Refit::of(&wanted, installation.program.version);
        // taking an adaptation back mends nothing where the connector fails as it comes
        let mends = adapted.is_some()
            || pair(installation, &original).is_none_or(|(connector, _)| {
                installation.catalogue.may_work(&connector, installation.program.version)
            });
        (!changes.is_empty() && mends).then_some(Refit { changes, adapted })
    });
    Standing { refit, prediction: predicted(installation, &original) }
}

fn text(path: &Path) -> Option<String> {
    String::from_utf8(foreign::glance(path)?).ok()
}

/// The pair, where both versions are known: the connector's by its code.
fn pair(installation: &Installation, connector: &Original<'_>) -> Option<(Semver, Version)> {
    let digest = |path: &str| Some(Sha256::of((connector.text)(path)?.as_bytes()));
    let release = installation.catalogue.release(&connector.package.version, digest)?;
    Some((release.version, installation.program.version?))
}

fn exports(installation: &Installation) -> Option<Exports> {
    installation.program.package.as_deref().and_then(Exports::of)
}

fn predicted(installation: &Installation, connector: &Original<'_>) -> Option<Prediction> {
    let (version, openclaw) = pair(installation, connector)?;
    let catalogue = &installation.catalogue;
    if catalogue.known(&version, openclaw).is_some() {
        return None;
    }
    let exports = exports(installation);
    Prediction::of(connector, Host { version: openclaw, exports: exports.as_ref() }, catalogue)
}

fn wanted(installation: &Installation, connector: &Original<'_>) -> Result<Vec<Change>, Problem> {
    let Some((version, openclaw)) = pair(installation, connector) else { return Ok(Vec::new()) };
    let catalogue = &installation.catalogue;
    let instead = || {
        let record = installation.record.as_ref();
        let standing = record.and_then(|record| Semver::parse(&record.origin.version).ok());
        catalogue.instead(openclaw, standing.as_ref(), &version)
    };
    let refuse_impossible = |found: Option<Prediction>| match found {
        Some(found) if found.is_certain => {
            Err(Problem::new("compat.matrix", found.text(&version, openclaw), instead()))
        }
        _ => Ok(()),
    };
    refuse_impossible(predicted(installation, connector))?;
    let adaptations = catalogue.adaptations(&version, openclaw);
    if adaptations.is_empty() {
        return Ok(Vec::new());
    }
    let exports = exports(installation);
    let host = Host { version: openclaw, exports: exports.as_ref() };
    let changes = adaptations.iter().map(|adaptation| adaptation.changes(connector, host));
    let changes = changes.collect::<Result<Vec<_>, _>>().map_err(|problem| {
        let hint = format!("{}\n{}", instead(), problem.hint);
        Problem { hint, ..problem }
    })?;
    let changes = changes.concat();
    let known = catalogue.expected(&version, openclaw);
    if known.is_none_or(|known| known.basis != Basis::Measured) {
        // an adaptation proves what it leads to, and nothing of what else is imported
        refuse_impossible(Prediction::of_changed(connector, &changes, host, catalogue))?;
    }
    Ok(changes)
}
