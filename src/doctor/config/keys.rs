//! Keys of the channel that its connector forbids, or does not read.

use crate::doctor::{Evidence, Finding, Severity, Snapshot, Verdict};
use crate::openclaw::document::{Edit, KeyPath, Value};
use crate::openclaw::version::CHANNEL_SCHEMA_IS_ENFORCED;
use crate::plan::repair::Repair;
use crate::say;
use crate::settings::Setting;
use crate::snapshot::paths::CONNECTOR;

const CHANNEL: [&str; 2] = ["channels", CONNECTOR];

/// Keys that the installed manifest's own schema forbids, as paths below the channel.
fn forbidden_keys(snapshot: &Snapshot) -> Option<Vec<Vec<String>>> {
    let manifest = snapshot.tree.as_ref()?.manifest.as_ref().ok()?;
    let schema = manifest.channel_schema.as_ref()?;
    let channel = snapshot.channel()?;
    let mut found = forbidden(channel, schema);
    let account_schema = schema.pointer("/properties/accounts/additionalProperties");
    let accounts = channel.get(&["accounts"]).and_then(Value::as_object);
    for (name, account) in accounts.into_iter().flatten() {
        let keys = account_schema.map(|schema| forbidden(account, schema)).unwrap_or_default();
        found.extend(keys.into_iter().map(|key| {
            let mut path = vec!["accounts".to_owned(), name.clone()];
            path.extend(key);
            path
        }));
    }
    Some(found)
}

fn forbidden(block: &Value, schema: &serde_json::Value) -> Vec<Vec<String>> {
    if schema["additionalProperties"] != false {
        return Vec::new();
    }
    let known = |key: &String| schema["properties"].get(key).is_some();
    let keys = block.as_object().into_iter().flat_map(|block| block.keys());
    keys.filter(|key| !known(key)).map(|key| vec![key.clone()]).collect()
}

pub(in crate::doctor) fn legacy_keys(snapshot: &Snapshot) -> Verdict {
    let Some(keys) = forbidden_keys(snapshot) else {
        return Err(say!("this connector brings no schema for its channel"));
    };
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let enforced = snapshot.openclaw().is_none_or(|version| version >= CHANNEL_SCHEMA_IS_ENFORCED);
    let severity = if enforced { Severity::Error } else { Severity::Info };
    let path = |key: &Vec<String>| {
        let mut path: Vec<&str> = CHANNEL.to_vec();
        path.extend(key.iter().map(String::as_str));
        KeyPath::from(path.as_slice())
    };
    let names = keys.iter().map(|key| key.join(".")).collect::<Vec<_>>().join(", ");
    let evidence = keys.iter().map(|key| {
        let path: Vec<&str> = CHANNEL.into_iter().chain(key.iter().map(String::as_str)).collect();
        Evidence::of_key(snapshot, &path)
    });
    let repairs = keys.iter().map(|key| Repair::Config(Edit::remove(path(key))));
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
