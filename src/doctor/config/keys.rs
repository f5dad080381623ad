//! Keys of the channel that its connector forbids, or does not read.

use crate::doctor::{Evidence, Finding, Severity, Snapshot, Verdict};
use crate::openclaw::document::KeyPath;
use crate::openclaw::version::CHANNEL_SCHEMA_IS_ENFORCED;
use crate::plan::config::Forbidden;
use crate::plan::repair::Repair;
use crate::settings::Setting;
use crate::snapshot::paths::CONNECTOR;

const CHANNEL: [&str; 2] = ["channels", CONNECTOR];

pub(in crate::doctor) fn legacy_keys(snapshot: &Snapshot) -> Verdict {
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

pub(in crate::doctor) fn key_inert(snapshot: &Snapshot) -> Verdict {
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
            .about(KeyPath::from(&path).to_string())
            .symptom("fetch failed")
            .evidence([Evidence::of_key(snapshot, &path)])
    })
}
