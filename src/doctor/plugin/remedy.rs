//! What `--fix` does about a damaged tree, and where it can do nothing, what the operator can.

use crate::connector::{Verification, npm};
use crate::doctor::Snapshot;
use crate::plan::repair::Repair;
use crate::say;
use crate::snapshot::repair_source::Npm;

/// A repair, or none, with the hint that goes with it.
pub(super) struct Remedy {
    pub(super) repair: Option<Repair>,
    pub(super) hint: String,
}

/// Put the tree back, from a payload that is proven to be what was installed.
pub(super) fn reinstalling(snapshot: &Snapshot, check: &str) -> Remedy {
    if let Some(hint) = immovable(snapshot) {
        return Remedy { repair: None, hint };
    }
    match &snapshot.repair_source.stock {
        Some(stock) => Remedy {
            repair: Some(Repair::Reinstall(stock.clone())),
            hint: by_fix(check, &stock.place.display().to_string()),
        },
        None => Remedy { repair: None, hint: by_hand(snapshot, check) },
    }
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
    if let Some(hint) = immovable(snapshot) {
        return Remedy { repair: None, hint };
    }
    let lost = snapshot.deviations.iter().flatten().any(|deviation| {
        deviation.path.starts_with("node_modules") || deviation.path == "package.json"
    });
    if lost && snapshot.repair_source.stock.is_some() {
        return reinstalling(snapshot, "plugin.deps");
    }
    if let Some(hint) = without_npm(snapshot, "plugin.deps") {
        return Remedy { repair: None, hint };
    }
    let package = snapshot.tree.as_ref().and_then(|tree| tree.package.as_ref().ok());
    Remedy {
        repair: package.map(|package| Repair::FetchDependencies { pins: npm::pins(package) }),
        hint: say!(
            "Let npm fetch them (this asks the npm registry): openclaw-setup doctor --fix plugin.deps"
        ),
    }
}

/// Why npm cannot be asked now, and what to do about that.
fn without_npm(snapshot: &Snapshot, check: &str) -> Option<String> {
    match snapshot.repair_source.npm {
        Npm::There => None,
        Npm::Forbidden => Some(say!(
            "The npm dependencies have to come from the npm registry, and --offline forbids that. Without it: openclaw-setup doctor --fix {check}",
            check
        )),
        Npm::Missing => Some(say!(
            "The npm dependencies have to be fetched, and there is no npm here. Install it, then: sudo apt install npm && openclaw-setup doctor --fix {check}",
            check
        )),
    }
}

/// Copy the tree that stands there, or that the link there leads to, and swap the copy in.
pub(super) fn copying(snapshot: &Snapshot, repair: Repair, by_hand: String) -> Remedy {
    let is_readable = snapshot.tree.as_ref().is_some_and(|tree| tree.package.is_ok());
    match immovable(snapshot) {
        Some(hint) => Remedy { repair: None, hint },
        None => Remedy { repair: is_readable.then_some(repair), hint: by_hand },
    }
}

fn by_fix(check: &str, place: &str) -> String {
    say!(
        "Put it back from {place} (the tree that is there now is kept): openclaw-setup doctor --fix {check}",
        place,
        check
    )
}

/// No local payload is what was installed: a person has to bring it.
fn by_hand(snapshot: &Snapshot, check: &str) -> String {
    if snapshot.repair_source.needs_npm.is_some()
        && let Some(hint) = without_npm(snapshot, check)
    {
        return hint;
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
        "Nothing on this machine is proven to be connector {version} as it was installed. Install it again: openclaw-setup install {place}{checked}",
        version,
        place,
        checked
    )
}

/// A tree of somebody else cannot be moved away by this user.
fn immovable(snapshot: &Snapshot) -> Option<String> {
    if snapshot.repair_source.movable {
        return None;
    }
    let place = snapshot.installation.paths.connector.display();
    let (uid, gid) = (snapshot.installation.account.uid, snapshot.installation.account.gid);
    Some(say!(
        "The tree belongs to somebody else. First: sudo chown -R {uid}:{gid} {place}, then: openclaw-setup doctor --fix",
        uid,
        gid,
        place
    ))
}
