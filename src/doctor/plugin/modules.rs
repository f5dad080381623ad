//! `node_modules`: the npm dependencies, and the link to the OpenClaw that runs the connector.

use super::remedy::{copying, fetching};
use crate::connector::NODE_MODULES;
use crate::connector::behaviour::Habit;
use crate::connector::host_link::HOST_LINK;
use crate::connector::npm::Resolution;
use crate::doctor::{Finding, Snapshot, Verdict};
use crate::openclaw::version::PLUGINS_RUN_CAPTURED;
use crate::plan::repair::Repair;
use crate::snapshot::tree::Tree;

pub(in crate::doctor) fn deps(snapshot: &Snapshot) -> Verdict {
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

pub(in crate::doctor) fn host_link(snapshot: &Snapshot) -> Verdict {
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
