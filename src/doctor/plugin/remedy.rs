//! What `--fix` does about a damaged tree, and where it can do nothing, what the operator can.

use crate::connector::adaptation::{Change, Refit};
use crate::connector::{NODE_MODULES, PACKAGE_JSON, Verification};
use crate::doctor::Snapshot;
use crate::plan::repair::Repair;
use crate::snapshot::repair_source::Npm;

/// A repair, or what to do by hand where there is none.
pub(super) type Remedy = Result<Repair, String>;

/// Put the tree back, from a payload that is proven to be what was installed.
pub(super) fn reinstalling(snapshot: &Snapshot) -> Remedy {
    movable(snapshot)?;
    let payload = snapshot.repair_source.stock.clone();
    payload.map(Repair::Reinstall).ok_or_else(|| by_hand(snapshot))
}

/// Give paths the permissions back that they had: nothing else is other than it was.
pub(super) fn restoring_modes(snapshot: &Snapshot) -> Vec<Repair> {
    let modes = snapshot.repair_source.modes.iter().cloned();
    modes.map(|(path, before, after)| Repair::Attributes { path, before, after }).collect()
}

/// The repair alone, for a check that finds what a damaged tree brings about.
pub(super) fn reinstallation(snapshot: &Snapshot) -> Option<Repair> {
    let stock = snapshot.repair_source.stock.as_ref().filter(|_| snapshot.repair_source.movable)?;
    Some(Repair::Reinstall(stock.clone()))
}

/// Bring the npm dependencies in order: from the payload where the tree has lost what that
/// brought, else with npm.
pub(super) fn fetching(snapshot: &Snapshot) -> Remedy {
    movable(snapshot)?;
    let lost = snapshot.deviations.iter().flatten().any(|deviation| {
        deviation.path.starts_with(NODE_MODULES) || deviation.path == PACKAGE_JSON
    });
    if lost && snapshot.repair_source.stock.is_some() {
        return reinstalling(snapshot);
    }
    if let Some(hint) = without_npm(snapshot) {
        return Err(hint);
    }
    let package = snapshot.tree.as_ref().and_then(|tree| tree.package.as_ref().ok());
    let catalogue = &snapshot.installation.catalogue;
    let repair = package.map(|package| Repair::FetchDependencies { pins: catalogue.pins(package) });
    repair.ok_or_else(|| by_hand(snapshot))
}

/// Why npm cannot be asked now, and what to do about that.
fn without_npm(snapshot: &Snapshot) -> Option<String> {
    match snapshot.repair_source.npm {
        Npm::There => None,
        Npm::Forbidden => Some(say!(
            "The npm dependencies have to come from the npm registry, and --offline forbids that. Without it: openclaw-setup doctor"
        )),
        Npm::Missing => Some(say!(
            "The npm dependencies have to be fetched, and there is no npm here. Install it: sudo apt install npm, then: openclaw-setup doctor"
        )),
    }
}

/// Copy the tree that stands there, or that the link there leads to, and swap the copy in.
pub(super) fn copying(snapshot: &Snapshot, repair: Repair) -> Remedy {
    movable(snapshot)?;
    let is_readable = snapshot.tree.as_ref().is_some_and(|tree| tree.package.is_ok());
    if is_readable { Ok(repair) } else { Err(by_hand(snapshot)) }
}

/// Adapt a copy of the tree that stands there, as our record knows it, and swap the copy in.
pub(in crate::doctor) fn adapting(snapshot: &Snapshot, refit: &Refit) -> Remedy {
    movable(snapshot)?;
    let deviates = |change: &Change| {
        snapshot.deviations.iter().flatten().any(|deviation| deviation.path == change.path)
    };
    let is_known = snapshot.deviations.is_some() && !refit.changes.iter().any(deviates);
    let repair = is_known.then(|| Repair::Adapt(refit.clone()));
    repair.ok_or_else(|| say!("Install it again: openclaw-setup install"))
}

/// No local payload is what was installed: a person has to bring it.
fn by_hand(snapshot: &Snapshot) -> String {
    if snapshot.repair_source.needs_npm.is_some()
        && let Some(hint) = without_npm(snapshot)
    {
        return hint;
    }
    if let Some(unfit) = &snapshot.repair_source.unfit {
        let (message, hint) = (&unfit.message, &unfit.hint);
        return say!("It cannot be made whole from its copy: {message}. {hint}", message, hint);
    }
    let Some(record) = &snapshot.installation.record else {
        return say!("Install it again: openclaw-setup install");
    };
    let (place, version) = (&record.origin.place, &record.origin.version);
    let checked = match &record.origin.verification {
        Verification::Sha256 => " --sha256 HEX".to_owned(),
        Verification::Checksums { list } => format!(" --checksums {}", list.display()),
        Verification::NpmIntegrity { .. } => String::new(),
        Verification::Nothing => " --allow-unverified".to_owned(),
    };
    say!(
        "No copy on this machine is proven to be connector {version} as it was installed. Install it again: openclaw-setup install {place}{checked}",
        version,
        place,
        checked
    )
}

/// A tree of somebody else cannot be moved away by this user: the command that changes that.
fn movable(snapshot: &Snapshot) -> Result<(), String> {
    if snapshot.repair_source.movable {
        return Ok(());
    }
    let place = snapshot.installation.paths.connector.display();
    let (uid, gid) = (snapshot.installation.account.uid, snapshot.installation.account.gid);
    Err(say!(
        "The tree belongs to somebody else. First: sudo chown -R {uid}:{gid} {place}, then: openclaw-setup doctor",
        uid,
        gid,
        place
    ))
}
