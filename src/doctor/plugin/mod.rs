//! The connector's tree: is it there, whole, ours, and does OpenClaw accept it?
//!
//! `node_modules`: the npm dependencies, and the link to the OpenClaw that runs the connector. What
//! `--fix` does about a damaged tree, and where it can do nothing, what the operator can.

pub(super) mod acceptance;

use super::{Evidence, Finding, Snapshot, Verdict, missed};
use crate::connector::adaptation::{Change, Refit};
use crate::connector::imports::HOST_LINK;
use crate::connector::npm::Resolution;
use crate::connector::release::Habit;
use crate::connector::{NODE_MODULES, PACKAGE_JSON, Verification};
use crate::health::Rung;
use crate::language::{Explain, Localized};
use crate::openclaw::PLUGINS_RUN_CAPTURED;
use crate::plan::repair::Repair;
use crate::snapshot::paths::CONNECTOR;
use crate::snapshot::tree::{Npm, Tree};

pub use acceptance::rewritten;
pub(super) use acceptance::{hidden_because, unhiding};

pub(super) fn present(snapshot: &Snapshot) -> Verdict {
    let remedy = reinstalling(snapshot);
    let place = snapshot.installation.paths.connector.display().to_string();
    let silent = say!("the bot is silent, or the gateway does not start");
    let Some(tree) = &snapshot.tree else {
        let text = say!("{place} does not exist", place);
        return Finding::error(text).about(place).symptom(silent).remedied(remedy).into();
    };
    let flaws = [tree.package.as_ref().err(), tree.manifest.as_ref().err()];
    let mut findings: Vec<Finding> =
        flaws.into_iter().flatten().map(|flaw| Finding::error(flaw.message())).collect();
    let missing = tree.examined.iter().filter(|file| file.decides && file.attributes.is_none());
    findings.extend(missing.map(|file| {
        let path = file.path.display();
        let text = say!("the entry {path} is missing", path);
        Finding::error(text).about(path.to_string())
    }));
    let told = |finding: Finding| finding.symptom(silent.clone()).remedied(remedy.clone());
    Ok(findings.into_iter().map(told).collect())
}

/// How many deviating paths are listed.
const LISTED: usize = 10;

pub(super) fn checksum(snapshot: &Snapshot) -> Verdict {
    let Some(deviations) = &snapshot.deviations else {
        return Err(say!(
            "openclaw-setup did not install this connector, so there is no list to compare with"
        ));
    };
    if deviations.is_empty() {
        return Ok(Vec::new());
    }
    let count = deviations.len();
    let tree = &snapshot.installation.paths.connector;
    let listed = deviations.iter().take(LISTED).map(|deviation| {
        Evidence::in_file(&tree.join(&deviation.path), None, deviation.kind.text())
    });
    let finding = Finding::warning(say!(
        "{count} paths of the connector's tree are not as they were installed",
        count
    ))
    .hint(say!("List them all: openclaw-setup verify"))
    .about(tree.display().to_string())
    .symptom(say!("works on another machine and not here, although the version is the same"))
    .evidence(listed);
    let modes = restoring_modes(snapshot);
    if modes.is_empty() {
        return finding.remedied(reinstalling(snapshot)).into();
    }
    finding.repaired_by(modes).into()
}

pub(super) fn version_truth(snapshot: &Snapshot) -> Verdict {
    let Some(tree) = &snapshot.tree else { return Ok(Vec::new()) };
    let (Ok(package), Ok(manifest)) = (&tree.package, &tree.manifest) else {
        return Ok(Vec::new());
    };
    let version = package.version.as_str();
    let record = snapshot.text(&["plugins", "installs", CONNECTOR, "version"]);
    let told = manifest.version.as_deref();
    let differs = |other: Option<&str>| other.is_some_and(|other| other != version);
    let is_known = snapshot.release().is_some_and(|release| release.is_known);
    if !(differs(told) && !is_known || differs(record)) {
        return Ok(Vec::new());
    }
    let path = ["plugins", "installs", CONNECTOR, "version"];
    Finding::info(say!("the recorded versions of the connector disagree; its package.json says {version}", version))
        .hint(say!("openclaw plugins list shows the manifest's, plugins.installs the package's. To make the record true: openclaw-setup install"))
        .about(tree.path.display().to_string())
        .read(tree.path.join("package.json").display().to_string(), version)
        .read(tree.path.join("openclaw.plugin.json").display().to_string(), told.unwrap_or("–"))
        .evidence(record.map(|_| Evidence::of_key(snapshot, &path)))
        .into()
}

/// The gateway's own log does not lie: `plugins list` and `/readyz` do (OpenClaw 2026.3.13).
pub(super) fn load(snapshot: &Snapshot) -> Verdict {
    if !snapshot.is_up() || snapshot.log.lines == 0 {
        return Err(say!("the gateway does not run, or its log cannot be read"));
    }
    let heard = snapshot.log.about("plugin.load").next().map(|heard| {
        let sample = &heard.sample;
        say!("the running gateway could not load the connector: {sample}", sample)
    });
    let Some(message) = heard
        .or_else(|| missed(snapshot, Rung::Loaded, "plugin.load", &["config", "plugin", "compat"]))
    else {
        return Ok(Vec::new());
    };
    let unit = &snapshot.installation.paths.unit;
    Finding::error(message)
        .hint(say!("compat.matrix and plugin.deps show the usual causes; the whole log: journalctl --user -u {unit} -n 50", unit))
        .about(snapshot.installation.paths.connector.display().to_string())
        .repaired_by(reinstallation(snapshot))
        .into()
}

pub(super) fn duplicate(snapshot: &Snapshot) -> Verdict {
    if let Some(cause) = &snapshot.other_plugins.unreadable {
        return Err(cause.clone());
    }
    let extensions = &snapshot.installation.paths.extensions;
    let findings = snapshot.other_plugins.copies.iter().map(|copy| {
        let path = copy.display().to_string();
        let movable = copy.starts_with(extensions);
        let move_out = || Repair::MoveOut { path: copy.clone() };
        Finding::error(say!("{path} is a second copy of {CONNECTOR}; which one OpenClaw loads is undefined", path, CONNECTOR))
            .about(path.clone())
            .symptom(say!("“duplicate plugin id” in the log; double or lost replies, or an older connector answers"))
            .read(path.clone(), format!("id {CONNECTOR}"))
            .remedied(movable.then(move_out).ok_or_else(|| say!("Keep one of them: take {path} out of plugins.load.paths", path)))
    });
    Ok(findings.collect())
}

pub(super) fn stray(snapshot: &Snapshot) -> Verdict {
    if let Some(cause) = &snapshot.other_plugins.unreadable {
        return Err(cause.clone());
    }
    let broken = snapshot.other_plugins.broken.iter();
    let findings = broken.map(|path| {
        let shown = path.display().to_string();
        Finding::error(say!("{shown} looks like a plugin, but OpenClaw cannot read it and rejects its whole config because of it", shown))
            .about(shown.clone())
            .symptom("plugin manifest not found")
            .read(shown, say!("no readable openclaw.plugin.json, or an entry outside of the folder"))
            .repaired_by([Repair::MoveOut { path: path.clone() }])
    });
    Ok(findings.collect())
}

pub(super) fn rival(snapshot: &Snapshot) -> Verdict {
    let ours = snapshot.channel().and_then(|channel| channel.get(&["clientId"]));
    let rival = snapshot.key(&["channels", "dingtalk", "clientId"]);
    if ours.is_none() || rival != ours {
        return Ok(Vec::new());
    }
    let path = ["channels", "dingtalk", "clientId"];
    Finding::warning(say!("channels.dingtalk (another plugin) uses the same clientId: DingTalk spreads the bot's messages over both"))
        .hint(say!("Switch one of them off: openclaw config set channels.dingtalk.enabled false"))
        .about("channels.dingtalk")
        .symptom(say!("messages get lost at random"))
        .evidence([Evidence::of_key(snapshot, &path)])
        .into()
}

pub(super) fn deps(snapshot: &Snapshot) -> Verdict {
    let Some(tree) = &snapshot.tree else { return Ok(Vec::new()) };
    let modules = tree.path.join(NODE_MODULES);
    let lacking: Vec<&str> = tree
        .dependencies
        .iter()
        .filter(|dependency| dependency.found.is_none())
        .map(|dependency| dependency.name.as_str())
        .collect();
    let remedy = fetching(snapshot);
    let mut findings = Vec::new();
    if !lacking.is_empty() {
        let names = lacking.join(", ");
        let text = say!("npm dependencies are missing: {names}", names);
        findings.push(
            Finding::error(text)
                .about(modules.display().to_string())
                .symptom(format!("Cannot find module '{}'", lacking[0]))
                .read(modules.display().to_string(), names),
        );
    }
    for (name, found, pinned) in wrong_versions(snapshot, tree) {
        let place = modules.join(&name).join("package.json").display().to_string();
        let text = say!("{name} {found} is known not to work, {pinned} works", name, found, pinned);
        findings.push(
            Finding::error(text)
                .about(place.clone())
                .symptom(say!("the bot never answers"))
                .read(place, found),
        );
    }
    let mended = |finding: Finding| finding.remedied(remedy.clone());
    Ok(findings.into_iter().map(mended).collect())
}

/// Dependencies of which only one version is known to work: (name, the one that is there, it).
fn wrong_versions(snapshot: &Snapshot, tree: &Tree) -> Vec<(String, String, String)> {
    let package = tree.package.as_ref();
    let pins = package.map(|package| snapshot.installation.catalogue.pins(package));
    let pins = pins.unwrap_or_default();
    let wrong = pins.into_iter().filter_map(|pin| {
        let Resolution::Exactly(version) = pin.resolution else { return None };
        let there = tree.dependencies.iter().find(|dependency| dependency.name == pin.name)?;
        let found = there.found.clone().filter(|found| *found != version)?;
        Some((pin.name, found, version))
    });
    wrong.collect()
}

pub(super) fn host_link(snapshot: &Snapshot) -> Verdict {
    let Some(tree) = &snapshot.tree else { return Ok(Vec::new()) };
    if snapshot.connector().is_some() && !snapshot.generation().has(Habit::NeedsHostLink) {
        return Err(say!("only connectors from 0.8.17 on need the link"));
    }
    if snapshot.openclaw().is_some_and(|version| version >= PLUGINS_RUN_CAPTURED) {
        return Err(say!("OpenClaw from 2026.9.6 on needs no link"));
    }
    let Some(package) = &snapshot.installation.program.package else {
        return Err(say!("OpenClaw's package was not found"));
    };
    if tree.host_link.as_ref() == package.canonicalize().ok().as_ref() {
        return Ok(Vec::new());
    }
    let (link, host) = (tree.path.join(HOST_LINK), package.display());
    let (shown, leads) = (link.display().to_string(), tree.host_link.as_ref());
    let leads = leads.map_or_else(|| "–".to_owned(), |path| path.display().to_string());
    Finding::error(say!("{shown} does not point to the running OpenClaw ({host})", shown, host))
        .about(shown.clone())
        .symptom("Cannot find package 'openclaw' / Cannot find module 'openclaw/plugin-sdk/core'")
        .read(shown, leads)
        .remedied(copying(snapshot, Repair::LinkHost))
        .into()
}

/// A repair, or what to do by hand where there is none.
type Remedy = Result<Repair, String>;

/// Put the tree back, from a payload that is proven to be what was installed.
fn reinstalling(snapshot: &Snapshot) -> Remedy {
    movable(snapshot)?;
    let payload = snapshot.repair_source.stock.clone();
    payload.map(Repair::Reinstall).ok_or_else(|| by_hand(snapshot))
}

/// Give paths the permissions back that they had: nothing else is other than it was.
fn restoring_modes(snapshot: &Snapshot) -> Vec<Repair> {
    let modes = snapshot.repair_source.modes.iter().cloned();
    modes.map(|(path, before, after)| Repair::Attributes { path, before, after }).collect()
}

/// The repair alone, for a check that finds what a damaged tree brings about.
fn reinstallation(snapshot: &Snapshot) -> Option<Repair> {
    let stock = snapshot.repair_source.stock.as_ref().filter(|_| snapshot.repair_source.movable)?;
    Some(Repair::Reinstall(stock.clone()))
}

/// Bring the npm dependencies in order: from the payload where the tree has lost what that
/// brought, else with npm.
fn fetching(snapshot: &Snapshot) -> Remedy {
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
fn copying(snapshot: &Snapshot, repair: Repair) -> Remedy {
    movable(snapshot)?;
    let is_readable = snapshot.tree.as_ref().is_some_and(|tree| tree.package.is_ok());
    if is_readable { Ok(repair) } else { Err(by_hand(snapshot)) }
}

/// Adapt a copy of the tree that stands there, as our record knows it, and swap the copy in.
pub(super) fn adapting(snapshot: &Snapshot, refit: &Refit) -> Remedy {
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
