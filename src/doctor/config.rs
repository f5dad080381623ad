//! The config: can OpenClaw read it, does it accept the channel, does anything in it have no effect?
//!
//! Keys of the channel that its connector forbids, or does not read.

use std::path::PathBuf;

use super::{Evidence, Finding, Severity, Snapshot, Verdict};
use crate::health::Readiness;
use crate::language::Explain;
use crate::openclaw::document::{ConfigError, Edit, KeyPath, Place, Value};
use crate::openclaw::{CHANNEL_SCHEMA_IS_ENFORCED, UNKNOWN_CHANNELS_ARE_TOLERATED, Version};
use crate::plan::config::Forbidden;
use crate::plan::repair::Repair;
use crate::settings::Setting;
use crate::snapshot::files::{Backup, written_by};
use crate::snapshot::log::{LOG_PATTERNS, LogPattern};
use crate::snapshot::paths::CONNECTOR;
use crate::transaction::step::Attributes;

pub(super) fn syntax(snapshot: &Snapshot) -> Verdict {
    let path = snapshot.installation.paths.config.display().to_string();
    let mut repair = None;
    let (message, hint) = match &snapshot.config {
        Err(error) if error.is_slip => {
            repair = Some(Repair::Syntax { path: error.path.clone() });
            (error.message(), String::new())
        }
        Err(error) => (error.message(), error.hint()),
        Ok(_) if !snapshot.has_config() => (
            say!("{path} is empty: OpenClaw does not start with it", path),
            say!("Set OpenClaw up again: openclaw onboard"),
        ),
        Ok(_) => return Ok(Vec::new()),
    };
    let finding = Finding::error(message).hint(hint).about(path).repaired_by(repair).symptom(say!(
        "SyntaxError: the gateway does not start, and nearly every openclaw command refuses"
    ));
    offering_restoration(snapshot, finding).into()
}

fn offering_restoration(snapshot: &Snapshot, finding: Finding) -> Finding {
    let Some(backup) = restorable(snapshot) else { return finding };
    let time = crate::snapshot::log::time_text(backup.modified_usec);
    finding
        .hint(say!("Or return to its newest valid version, of {time}: openclaw-setup doctor --fix --restore-config", time))
        .read(backup.path.display().to_string(), time)
}

/// What `install` refuses by (`plan::error::read_only`), told before anybody tries.
pub(super) fn read_only(snapshot: &Snapshot) -> Verdict {
    let variable = snapshot.installation.read_only.map(|variable| {
        Finding::warning(say!(
            "{variable} is set: install, upgrade and doctor --fix will refuse",
            variable
        ))
        .hint(say!("Make changes where the config is managed."))
        .read(variable, "1")
    });
    Ok(variable.into_iter().collect())
}

/// The newest valid version of a config that cannot be used: brought back only on request.
pub fn restoration(snapshot: &Snapshot) -> Option<Repair> {
    restorable(snapshot).map(|backup| Repair::RestoreConfig { from: backup.path.clone() })
}

fn restorable(snapshot: &Snapshot) -> Option<&Backup> {
    let lasting = |error: &ConfigError| error.code() == "config.syntax";
    let is_unreadable =
        !snapshot.has_config() && snapshot.config.as_ref().err().is_none_or(lasting);
    let later = later_openclaw(snapshot).filter(|later| later.is_refused);
    let fits = |backup: &&Backup| {
        let is_earlier = |later: &Later| backup.openclaw.is_some_and(|own| own <= later.runs);
        backup.is_valid && (is_unreadable || later.as_ref().is_some_and(is_earlier))
    };
    snapshot.backups.iter().find(fits)
}

/// A config that a later OpenClaw than the one that runs has written.
pub(super) struct Later {
    pub(super) wrote: Version,
    pub(super) runs: Version,
    /// The one that runs refuses its form.
    pub(super) is_refused: bool,
}

pub(super) fn later_openclaw(snapshot: &Snapshot) -> Option<Later> {
    let (wrote, runs) = (written_by(snapshot.effective()?)?, snapshot.openclaw()?);
    let is_refused = !snapshot.log.refused_config.is_empty() && !is_ready(snapshot);
    (wrote > runs).then_some(Later { wrote, runs, is_refused })
}

fn is_ready(snapshot: &Snapshot) -> bool {
    snapshot.answers.as_ref().is_some_and(|found| found.readiness == Readiness::Ready)
}

/// What OpenClaw itself says, as far as no other check says it better.
pub(super) fn accepted(snapshot: &Snapshot) -> Verdict {
    if snapshot.log.lines == 0 {
        return Err(say!("no log of the gateway was found"));
    }
    let unit = &snapshot.installation.paths.unit;
    let runs = is_ready(snapshot);
    let reasons = snapshot.log.refused_config.iter();
    if let Some(Later { wrote, runs, is_refused: true }) = later_openclaw(snapshot) {
        let message = say!(
            "OpenClaw {runs} refuses its config: OpenClaw {wrote} has brought it into a later form",
            runs,
            wrote
        );
        let seen = reasons.map(|reason| {
            let (file, place) = place_of(snapshot, reason);
            Evidence::in_file(&file, place, reason.clone())
        });
        let finding = Finding::error(message)
            .hint(say!(
                "Bring OpenClaw {wrote} back, or correct the config, then: systemctl --user restart {unit}",
                wrote,
                unit
            ))
            .symptom("Config invalid")
            .evidence(seen);
        return offering_restoration(snapshot, finding).into();
    }
    let findings = reasons.filter(|reason| !is_explained(snapshot, reason)).map(|reason| {
        let (file, place) = place_of(snapshot, reason);
        let finding = if runs {
            Finding::warning(say!(
                "OpenClaw refuses its config, and goes on with the one before: {reason}",
                reason
            ))
        } else {
            Finding::error(say!("OpenClaw refuses its config: {reason}", reason))
        };
        finding
            .hint(say!("Correct it there, then: systemctl --user restart {unit}", unit))
            .about(file.display().to_string())
            .symptom("Config invalid")
            .evidence([Evidence::in_file(&file, place, reason.clone())])
    });
    Ok(findings.collect())
}

fn is_explained(snapshot: &Snapshot, reason: &str) -> bool {
    let means = |pattern: &&LogPattern| pattern.words.iter().all(|word| reason.contains(word));
    let checks = LOG_PATTERNS
        .iter()
        .filter(means)
        .flat_map(|pattern| super::CHECKS.iter().filter(|check| check.id == pattern.check));
    let finds = |check: &super::Check| check.verdict(snapshot).is_ok_and(|found| !found.is_empty());
    checks.into_iter().any(finds)
}

/// The place of `agents.list.0: Unrecognized key: "thinking"`, as near as it can be found.
fn place_of(snapshot: &Snapshot, reason: &str) -> (PathBuf, Option<Place>) {
    let (path, what) = reason.split_once(": ").unwrap_or(("", reason));
    let mut path: Vec<&str> = path.split('.').filter(|part| *part != "<root>").collect();
    let key = what.strip_prefix("Unrecognized key: ");
    path.extend(key.map(|key| key.trim_matches('"')));
    snapshot.place(&path)
}

/// OpenClaw says only "unknown channel id"; why its plugin is not found, it does not say.
pub(super) fn channel_orphan(snapshot: &Snapshot) -> Verdict {
    let causes = super::plugin::hidden_because(snapshot);
    if causes.is_empty() {
        return Ok(Vec::new());
    }
    let named = snapshot.key(&["plugins", "entries", CONNECTOR]).is_some();
    let tolerated =
        snapshot.openclaw().is_some_and(|version| version >= UNKNOWN_CHANNELS_ARE_TOLERATED);
    let severity = if named && tolerated { Severity::Warning } else { Severity::Error };
    let causes = causes.join("; ");
    Finding::of(severity, say!("the config has the channel {CONNECTOR}, but OpenClaw does not find its plugin: {causes}", CONNECTOR, causes))
        .hint(say!("Never remove the entry: the bot's secret would go with it. To bring the plugin back: openclaw-setup install"))
        .about("channels.dingtalk-connector")
        .symptom(format!("unknown channel id: {CONNECTOR}"))
        .evidence([Evidence::of_key(snapshot, &["plugins", "entries", CONNECTOR, "enabled"])])
        .repaired_by(super::plugin::unhiding(snapshot))
        .into()
}

pub(super) fn allowlist(snapshot: &Snapshot) -> Verdict {
    let ours = Value::from(CONNECTOR);
    let list = |name| snapshot.key(&["plugins", name]).and_then(Value::as_array);
    let is_false = |path: &[&str]| snapshot.key(path) == Some(&Value::from(false));
    let mut findings = Vec::new();
    let entry = ["plugins", "entries", CONNECTOR, "enabled"];
    if list("allow").is_some_and(|list| !list.is_empty() && !list.contains(&ours)) {
        let edit = Edit::append(["plugins", "allow"], ours.clone());
        let text = say!(
            "plugins.allow names other plugins and not {CONNECTOR}: OpenClaw does not load it",
            CONNECTOR
        );
        findings.push(switched(snapshot, text, &["plugins", "allow"], edit));
    }
    if list("deny").is_some_and(|list| list.contains(&ours)) {
        let edit = Edit::withdraw(["plugins", "deny"], ours);
        let text = say!("plugins.deny names {CONNECTOR}: OpenClaw does not load it", CONNECTOR);
        findings.push(switched(snapshot, text, &["plugins", "deny"], edit));
    }
    if is_false(&entry) {
        let edit = Edit::set(entry, true);
        let text = say!(
            "plugins.entries.{CONNECTOR}.enabled is false: OpenClaw does not load it",
            CONNECTOR
        );
        findings.push(switched(snapshot, text, &entry, edit));
    }
    findings.extend(switched_off_whole(snapshot));
    Ok(findings)
}

fn switched(snapshot: &Snapshot, text: String, path: &[&str], edit: Edit) -> Finding {
    Finding::error(text)
        .about_key(snapshot, path)
        .symptom(say!("the bot is silent; the log says “plugin disabled (not in allowlist)”"))
        .repaired_by([Repair::Config(edit)])
}

/// Somebody may have meant these: they are told and left.
fn switched_off_whole(snapshot: &Snapshot) -> Vec<Finding> {
    let keys: [(&[&str], Severity); 2] = [
        (&["plugins", "enabled"], Severity::Error),
        (&["channels", CONNECTOR, "enabled"], Severity::Warning),
    ];
    let off = keys.into_iter().filter(|(path, _)| snapshot.key(path) == Some(&Value::from(false)));
    off.map(|(path, severity)| {
        let key = KeyPath::from(path).to_string();
        Finding::of(severity, say!("{key} is false: the bot is switched off", key))
            .hint(say!("If that is not what you want: openclaw config set {key} true", key))
            .about_key(snapshot, path)
    })
    .collect()
}

/// A mode that lets others read; harmless where a directory above keeps them out.
pub(super) fn secret_perms(snapshot: &Snapshot) -> Verdict {
    let open = snapshot.private_files.iter().filter(|file| file.attributes.mode & 0o077 != 0);
    let findings = open.map(|file| {
        let (path, mode) = (file.path.display(), file.attributes.mode);
        let severity = if file.shielded { Severity::Info } else { Severity::Warning };
        let after = Attributes { mode: 0o600, ..file.attributes };
        let ours = file.attributes.uid == snapshot.installation.account.uid;
        let repair = Repair::Attributes { path: file.path.clone(), before: file.attributes, after };
        Finding::of(
            severity,
            say!("{path} may hold secrets and has mode {mode}", path, mode = format!("{mode:04o}")),
        )
        .hint(format!("chmod 600 {path}"))
        .about(path.to_string())
        .read(path.to_string(), format!("{}", file.attributes))
        .repaired_by((ours && !file.shielded).then_some(repair))
    });
    Ok(findings.collect())
}

/// OpenClaw 2026.3.13's own writes resolve every include, and drop comments.
pub(super) fn include(snapshot: &Snapshot) -> Verdict {
    let Ok(config) = &snapshot.config else { return Ok(Vec::new()) };
    let mut seen = Vec::new();
    if config.files().count() > 1 {
        seen.push("$include");
    }
    let is_strict = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).is_ok();
    if !config.files().all(|(_, document)| is_strict(document.bytes())) {
        seen.push("JSON5");
    }
    if seen.is_empty() {
        return Ok(Vec::new());
    }
    let what = seen.join(", ");
    let files = config.files().map(|(file, _)| Evidence::in_file(file, None, what.clone()));
    Finding::info(say!("the config uses {what}: openclaw-setup keeps it as it is, but OpenClaw's own next write (openclaw config set, plugins install, doctor --fix) flattens includes and drops comments", what))
        .hint(say!("Nothing needs to be done."))
        .evidence(files)
        .into()
}

const CHANNEL: [&str; 2] = ["channels", CONNECTOR];

pub(super) fn legacy_keys(snapshot: &Snapshot) -> Verdict {
    let manifest = snapshot.tree.as_ref().and_then(|tree| tree.manifest.as_ref().ok());
    let schema = manifest.and_then(|manifest| manifest.channel_schema.as_ref());
    let (Some(schema), Some(config)) = (schema, snapshot.effective()) else {
        return Err(say!("this connector brings no schema for its channel"));
    };
    let forbidden = Forbidden::of(schema, config);
    let keys = &forbidden.keys;
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let enforced = snapshot.openclaw().is_none_or(|version| version >= CHANNEL_SCHEMA_IS_ENFORCED);
    let severity = if enforced { Severity::Error } else { Severity::Info };
    let names = keys.iter().map(|key| key.join(".")).collect::<Vec<_>>().join(", ");
    let evidence = keys.iter().map(|key| {
        let path: Vec<&str> = CHANNEL.into_iter().chain(key.iter().map(String::as_str)).collect();
        Evidence::of_key(snapshot, &path)
    });
    let repairs = forbidden.edits().into_iter().map(Repair::Config);
    Finding::of(severity, say!("this connector's schema forbids {names} in its channel; OpenClaw does not name the keys when it refuses", names))
        .about("channels.dingtalk-connector")
        .symptom("must NOT have additional properties")
        .evidence(evidence)
        .repaired_by(repairs)
        .into()
}

pub(super) fn key_inert(snapshot: &Snapshot) -> Verdict {
    let (Some(channel), Some(release)) = (snapshot.channel(), snapshot.release()) else {
        return Ok(Vec::new());
    };
    let mut findings: Vec<Finding> = misleading_url(snapshot).into_iter().collect();
    if channel.get(&["sessionTimeout"]).is_some() && snapshot.speaks_http() {
        let path = [CHANNEL[0], CHANNEL[1], "sessionTimeout"];
        let found = Finding::of_value(snapshot, Setting::SessionTimeout, &path);
        findings.extend(found.map(|finding| {
            let finding = Finding { severity: Severity::Warning, ..finding };
            finding.hint(say!("Set it: openclaw-setup install --session-timeout 1800000"))
        }));
    }
    let version = release.version;
    for key in snapshot.installation.catalogue.unread_keys(&version) {
        if channel.get(&[key]).is_some() {
            findings.push(
                Finding::info(say!("connector {version} does not read {key}: it has no effect", version, key))
                    .hint(say!("Nothing needs to be done; to remove it: openclaw config unset channels.{CONNECTOR}.{key}", CONNECTOR, key))
                    .about(format!("channels.{CONNECTOR}.{key}"))
                    .evidence([Evidence::of_key(snapshot, &[CHANNEL[0], CHANNEL[1], key])]),
            );
        }
    }
    Ok(findings)
}

/// No version of the connector has ever read `gatewayUrl`; that misleads only where it says
/// something else than what the connector does.
fn misleading_url(snapshot: &Snapshot) -> Option<Finding> {
    let path = [CHANNEL[0], CHANNEL[1], "gatewayUrl"];
    let url = snapshot.text(&path)?;
    let port = snapshot.installation.port;
    let said = url.trim_end_matches('/');
    let truthful = ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|host| said == format!("http://{host}:{port}"));
    (!truthful).then(|| {
        Finding::warning(say!("gatewayUrl says {url}, but no connector version reads it; the gateway is on port {port}", url, port))
            .hint(say!("Do not rely on it; the check gateway.port says where the connector really calls."))
            .about_key(snapshot, &path)
            .symptom("fetch failed")
    })
}
