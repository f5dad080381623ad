//! How a connector has to be adapted for the OpenClaw that runs here: looked at, nothing changed.

use std::path::Path;

use semver::Version;

use crate::connector::adaptation::{Change, Host, Original, Refit, due};
use crate::connector::imports::{Exports, imports, reached};
use crate::connector::{PACKAGE_JSON, Package, Payload};
use crate::fs::foreign;
use crate::language::Problem;
use crate::snapshot::installation::Installation;

/// What a payload needs.
pub(super) fn of_payload(
    installation: &Installation,
    payload: &Payload,
) -> Result<Vec<Change>, Problem> {
    let (imports, version) = (&payload.imports, payload.package.version.as_str());
    wanted(installation, &Original { imports, version, text: &|path| payload.text(path) })
}

/// What the tree that stands needs, with what is recorded of how it was adapted already; `None`
/// where it is as it shall be.
pub(super) fn of_standing(installation: &Installation) -> Result<Option<Refit>, Problem> {
    let root = &installation.paths.connector;
    let now = |path: &str| text(&root.join(path));
    let recorded = installation.record.as_ref().and_then(|record| record.adapted.as_ref());
    let came = |path: &str| match recorded {
        Some(recorded) => recorded.original(path, now),
        None => now(path),
    };
    let package = Package::parse(came(PACKAGE_JSON).as_deref().map(str::as_bytes), root);
    let Ok(package) = package else { return Ok(None) };
    let found = reached(&package, |path| Some(imports(&came(path)?)));
    let original = Original { imports: &found, version: &package.version, text: &came };
    let wanted = wanted(installation, &original)?;
    let changes = due(recorded, &wanted, &now);
    let Refit { adapted, .. } = Refit::of(&wanted, installation.program.version);
    Ok((!changes.is_empty()).then_some(Refit { changes, adapted }))
}

fn text(path: &Path) -> Option<String> {
    String::from_utf8(foreign::glance(path)?).ok()
}

fn wanted(installation: &Installation, connector: &Original<'_>) -> Result<Vec<Change>, Problem> {
    let openclaw = installation.program.version.zip(Version::parse(connector.version).ok());
    let Some((openclaw, version)) = openclaw else { return Ok(Vec::new()) };
    let adaptations = installation.catalogue.adaptations(&version, openclaw);
    if adaptations.is_empty() {
        return Ok(Vec::new());
    }
    let exports = installation.program.package.as_deref().and_then(Exports::of);
    let host = Host { version: openclaw, exports: exports.as_ref() };
    let changes = adaptations.iter().map(|adaptation| adaptation.changes(connector, host));
    Ok(changes.collect::<Result<Vec<_>, _>>()?.concat())
}
