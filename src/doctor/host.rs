//! The machine: Node.js, ffprobe, space, and what was left lying about.

use super::config::{Later, later_openclaw};
use super::{Evidence, Finding, Severity, Snapshot, Verdict};
use crate::connector::admits;
use crate::plan::repair::Repair;
use crate::snapshot::Pending;

pub(super) fn node(snapshot: &Snapshot) -> Verdict {
    let Some(found) = &snapshot.host.node else {
        return Err(say!("the unit's Node.js, or its version, is not known"));
    };
    let Some(openclaw) = snapshot.openclaw() else {
        return Err(say!("OpenClaw's version is not known"));
    };
    let needed = snapshot.installation.catalogue.node_for(openclaw);
    let Some(needed) = needed.filter(|needed| !admits(needed, found)) else {
        return Ok(Vec::new());
    };
    let place = snapshot.installation.program.node.as_ref();
    let place = place.map_or_else(|| "node".to_owned(), |path| path.display().to_string());
    Finding::error(say!(
        "OpenClaw {openclaw} needs Node.js {needed}; its unit starts {found}",
        openclaw,
        needed,
        found
    ))
    .hint(say!("Install it, then let the unit use it: openclaw gateway install --force"))
    .about(place.clone())
    .symptom(say!("syntax errors at the start of the gateway"))
    .read(format!("{place} --version"), found.clone())
    .into()
}

pub(super) fn openclaw(snapshot: &Snapshot) -> Verdict {
    let program = &snapshot.installation.program;
    let (Some(package), Some(version)) = (&program.package, program.version) else {
        return Err(say!("OpenClaw's version is not known"));
    };
    let package = package.display().to_string();
    let other = program.other.as_ref().map(|(path, other)| {
        let path = path.display().to_string();
        Finding::info(say!(
            "the unit runs OpenClaw {version} ({package}), and the command openclaw is {other} ({path})",
            version,
            package,
            other,
            path
        ))
        .hint(say!("If the unit shall run the other one: openclaw gateway install --force"))
        .read(path, format!("version {other}"))
    });
    // config.accepted tells of one that is refused
    let later = later_openclaw(snapshot).filter(|later| !later.is_refused);
    let later = later.map(|Later { wrote, .. }| {
        Finding::info(say!(
            "the unit runs OpenClaw {version} ({package}), and the later {wrote} was the last to write its config",
            version,
            package,
            wrote
        ))
        .hint(say!("Nothing needs to be done if OpenClaw was set back on purpose. To see which others are here: which -a openclaw"))
        .symptom("Config was last written by a newer OpenClaw")
        .evidence([Evidence::of_key(snapshot, &["meta", "lastTouchedVersion"])])
    });
    let unit = |finding: Finding| finding.read(package.clone(), format!("version {version}"));
    Ok(other.into_iter().chain(later).map(unit).collect())
}

pub(super) fn ffprobe(snapshot: &Snapshot) -> Verdict {
    if !snapshot.speaks_http() {
        return Err(say!("connectors from 0.8.0 on bring their own"));
    }
    let Some(path) = &snapshot.host.path else {
        return Err(say!("the PATH of the gateway is not known"));
    };
    if snapshot.host.ffprobe.is_some() {
        return Ok(Vec::new());
    }
    Finding::info(say!(
        "ffprobe is not on the gateway's PATH: audio and video messages fail, text works"
    ))
    .hint("sudo apt install ffmpeg")
    .about("ffprobe")
    .read("PATH", path.clone())
    .into()
}

/// What kept us from looking, and what would keep a command from changing something.
pub(super) fn access(snapshot: &Snapshot) -> Verdict {
    let findings = snapshot.installation.unseen.iter().map(|unseen| {
        let severity = if unseen.part.is_some() { Severity::Error } else { Severity::Warning };
        Finding::of(severity, unseen.error.message()).hint(unseen.error.hint())
    });
    Ok(findings.collect())
}

/// The smallest room that is worth a word, in bytes: connector 0.6.0 with its dependencies.
const ROOM: u64 = 85 * 1024 * 1024;

pub(super) fn space(snapshot: &Snapshot) -> Verdict {
    let Some(free) = snapshot.host.free else {
        return Err(say!("the file system does not report its free space"));
    };
    let tree = snapshot.tree.as_ref().map_or(0, |tree| tree.bytes);
    let needed = (2 * tree).max(2 * ROOM);
    if free >= needed {
        return Ok(Vec::new());
    }
    let place = snapshot.installation.paths.state_dir.display().to_string();
    let mebi = |bytes: u64| bytes / (1024 * 1024);
    let (free, needed) = (mebi(free), mebi(needed));
    Finding::warning(say!(
        "{free} MiB are free where {place} is; an installation that can be rolled back needs {needed} MiB",
        free,
        place,
        needed
    ))
    .hint(format!("df -h {place}; du -xh --max-depth=2 {place} | sort -h | tail"))
    .about(place.clone())
    .symptom("ENOSPC")
    .read(place, format!("{free} MiB"))
    .into()
}

pub(super) fn leftovers(snapshot: &Snapshot) -> Verdict {
    let mut findings = Vec::new();
    if let Some(Pending { id, command, .. }) = snapshot.pending.as_ref().filter(|p| !p.at_work) {
        let text = say!("{command} ({id}) was interrupted", command, id);
        findings.push(
            Finding::error(text)
                .hint("openclaw-setup recover")
                .about(id.clone())
                .read(format!("transactions/{id}/state"), "open"),
        );
    }
    let repairs_stray = |path: &std::path::PathBuf| !snapshot.other_plugins.broken.contains(path);
    for stage in snapshot.other_plugins.stages.iter().filter(|path| repairs_stray(path)) {
        let path = stage.display().to_string();
        findings.push(
            Finding::warning(say!(
                "{path} was left by an interrupted openclaw plugins install; OpenClaw scans it",
                path
            ))
            .about(path.clone())
            .read(path, "OpenClaw")
            .repaired_by([Repair::MoveOut { path: stage.clone() }]),
        );
    }
    Ok(findings)
}
