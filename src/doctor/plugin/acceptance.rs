//! What makes OpenClaw pass over a plugin: owners, modes, links.

use std::path::{Path, PathBuf};

use super::{copying, reinstallation};
use crate::doctor::{Finding, Snapshot, Verdict};
use crate::openclaw::Version;
use crate::plan::repair::Repair;
use crate::snapshot::tree::{Examined, Tree};
use crate::transaction::step::Attributes;

/// The first version that follows a symbolic link to a plugin.
const LINKS_ARE_FOLLOWED: Version = Version::of(2026, 4, 26);

/// The user as whom the gateway runs.
fn gateway_uid(snapshot: &Snapshot) -> u32 {
    let of_process = snapshot.process.as_ref().and_then(|process| process.uid);
    of_process.unwrap_or(snapshot.installation.account.uid)
}

fn foreign<'a>(snapshot: &Snapshot, tree: &'a Tree) -> Vec<(&'a Examined, Attributes)> {
    let uid = gateway_uid(snapshot);
    let owned = tree.examined.iter().filter(|file| file.decides);
    owned
        .filter_map(|file| Some((file, file.attributes?)))
        .filter(|(_, found)| found.uid != uid && found.uid != 0)
        .collect()
}

pub(in crate::doctor) fn ownership(snapshot: &Snapshot) -> Verdict {
    let Some(tree) = &snapshot.tree else { return Ok(Vec::new()) };
    let uid = gateway_uid(snapshot);
    let may_change = snapshot.installation.account.uid == 0;
    let gid = snapshot.installation.account.gid;
    let findings = foreign(snapshot, tree).into_iter().map(|(file, found)| {
        let (path, owner) = (file.path.display(), found.uid);
        let after = Attributes { uid, gid, ..found };
        Finding::error(say!("{path} belongs to uid {owner}; OpenClaw runs as uid {uid} and loads only its own or root's", path, owner, uid))
            .hint(format!("sudo chown -R {uid}:{gid} {}", tree.path.display()))
            .about(path.to_string())
            .symptom("blocked plugin candidate: suspicious ownership")
            .read(path.to_string(), found.to_string())
            .repaired_by(may_change.then(|| Repair::Attributes {
                path: file.path.clone(),
                before: found,
                after,
            }))
    });
    Ok(findings.collect())
}

pub(in crate::doctor) fn mode_link(snapshot: &Snapshot) -> Verdict {
    let Some(tree) = &snapshot.tree else { return Ok(Vec::new()) };
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(linked_root(snapshot, tree));
    for file in &tree.examined {
        findings.extend(world_writable(snapshot, file));
        findings.extend(hard_linked(file));
        findings.extend(escaping(snapshot, file));
    }
    let vanished =
        say!("the channel vanishes (unknown channel id); the log says “blocked plugin candidate”");
    Ok(findings.into_iter().map(|finding| finding.symptom(vanished.clone())).collect())
}

fn ignores_links(snapshot: &Snapshot) -> bool {
    snapshot.openclaw().is_none_or(|version| version < LINKS_ARE_FOLLOWED)
}

fn linked_root(snapshot: &Snapshot, tree: &Tree) -> Option<Finding> {
    let target = tree.link.as_ref().filter(|_| ignores_links(snapshot))?.display().to_string();
    let path = tree.path.display().to_string();
    Some(
        Finding::error(say!(
            "{path} is a symbolic link; OpenClaw before 2026.4.26 ignores it",
            path
        ))
        .about(path.clone())
        .read(path, format!("-> {target}"))
        .remedied(copying(snapshot, Repair::RealTree)),
    )
}

fn world_writable(snapshot: &Snapshot, file: &Examined) -> Option<Finding> {
    let found = file.attributes.filter(|found| file.decides && found.mode & 0o002 != 0)?;
    let (path, mode) = (file.path.display().to_string(), found.mode);
    let account = snapshot.installation.account.uid;
    let repair = Repair::Attributes {
        path: file.path.clone(),
        before: found,
        after: Attributes { mode: mode & !0o022, ..found },
    };
    Some(
        Finding::error(say!(
            "{path} can be written by anybody (mode {mode}): OpenClaw does not load it",
            path,
            mode = format!("{mode:04o}")
        ))
        .hint(format!("chmod go-w {path}"))
        .about(path.clone())
        .read(path, found.to_string())
        .repaired_by((account == 0 || account == found.uid).then_some(repair)),
    )
}

fn hard_linked(file: &Examined) -> Option<Finding> {
    let links = Some(file.links).filter(|links| *links > 1)?;
    let path = file.path.display().to_string();
    Some(
        Finding::error(say!("{path} has {links} hard links: OpenClaw refuses it (a cp -l or a deduplicator made them)", path, links))
            .hint(format!("cp -p {path} {path}.new && mv {path}.new {path}"))
            .about(path.clone())
            .read(path, format!("nlink {links}"))
            .repaired_by([Repair::Unlink { path: file.path.clone() }]),
    )
}

fn escaping(snapshot: &Snapshot, file: &Examined) -> Option<Finding> {
    let path = file.escapes.then(|| file.path.display().to_string())?;
    Some(
        Finding::error(say!(
            "{path} leads out of the plugin's directory: OpenClaw refuses it",
            path
        ))
        .hint(say!("Install it again: openclaw-setup install"))
        .about(path)
        .repaired_by(reinstallation(snapshot)),
    )
}

/// Why OpenClaw does not discover the plugin at all, one phrase for each cause.
pub(in crate::doctor) fn hidden_because(snapshot: &Snapshot) -> Vec<String> {
    let Some(tree) = &snapshot.tree else {
        let place = snapshot.installation.paths.connector.display();
        return vec![say!("{place} does not exist", place)];
    };
    let mut causes: Vec<String> = Vec::new();
    causes.extend(tree.manifest.as_ref().err().map(crate::language::Explain::message));
    if tree.link.is_some() && ignores_links(snapshot) {
        causes.push(say!("it is a symbolic link"));
    }
    let mut note = |is: bool, text: String| {
        if is && !causes.contains(&text) {
            causes.push(text);
        }
    };
    note(
        tree.examined.iter().any(|file| file.decides && file.attributes.is_none()),
        say!("its entry file is missing"),
    );
    let writable = |file: &Examined| {
        file.decides && file.attributes.is_some_and(|found| found.mode & 0o002 != 0)
    };
    note(tree.examined.iter().any(writable), say!("anybody can write to it"));
    note(tree.examined.iter().any(|file| file.links > 1), say!("one of its files has hard links"));
    note(tree.examined.iter().any(|file| file.escapes), say!("its entry leads out of its folder"));
    note(!foreign(snapshot, tree).is_empty(), say!("it belongs to another user"));
    causes
}

/// The repairs after which OpenClaw discovers the plugin; empty where not every cause has one.
pub(in crate::doctor) fn unhiding(snapshot: &Snapshot) -> Vec<Repair> {
    let is_whole = |tree: &Tree| {
        tree.manifest.is_ok()
            && tree.examined.iter().all(|file| !file.decides || file.attributes.is_some())
    };
    if !snapshot.tree.as_ref().is_some_and(is_whole) {
        return reinstallation(snapshot).into_iter().collect();
    }
    let verdicts = [mode_link(snapshot), ownership(snapshot)];
    let findings = verdicts.into_iter().flat_map(|verdict| match verdict {
        Ok(findings) => findings,
        Err(_) => Vec::new(),
    });
    let repairs: Vec<Vec<Repair>> = findings.map(|finding| finding.repairs).collect();
    if repairs.iter().all(|repairs| !repairs.is_empty()) {
        repairs.into_iter().flatten().collect()
    } else {
        Vec::new()
    }
}

/// The paths whose content a repair needs.
pub fn rewritten(repairs: &[Repair]) -> Vec<PathBuf> {
    let paths = repairs.iter().filter_map(|repair| match repair {
        Repair::Unlink { path } => Some(path.as_path()),
        _ => None,
    });
    paths.map(Path::to_owned).collect()
}
