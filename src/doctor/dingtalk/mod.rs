//! DingTalk's side, as far as this machine knows it.

mod answer;

use super::proxy::dingtalk::is_in_the_way;
use super::{Evidence, Finding, Snapshot, Verdict};
use crate::openclaw::document::{KeyPath, Value};
use crate::say;
use crate::settings::placeholder::is_placeholder;
use crate::snapshot::paths::CONNECTOR;

pub(super) fn credentials(snapshot: &Snapshot) -> Verdict {
    let Some(channel) = snapshot.channel() else { return Ok(Vec::new()) };
    let has_accounts = channel
        .get(&["accounts"])
        .and_then(Value::as_object)
        .is_some_and(|accounts| !accounts.is_empty());
    let findings = ["clientId", "clientSecret"].into_iter().filter_map(|key| {
        let value = channel.get(&[key]);
        let text = match value {
            None if has_accounts => return None,
            None | Some(Value::Null) => say!("{key} of the bot is missing", key),
            Some(Value::String(text)) if is_placeholder(text) => {
                say!("{key} of the bot still holds a placeholder", key)
            }
            Some(_) => return None,
        };
        let path = ["channels", CONNECTOR, key];
        let hint =
            say!("Fill it in: openclaw-setup install --client-id ID --client-secret-file FILE");
        Some(
            Finding::error(text)
                .hint(hint)
                .about(KeyPath::from(&path).to_string())
                .symptom(say!("the bot is silent (400 or 401 in the log)"))
                .evidence([Evidence::of_key(snapshot, &path)]),
        )
    });
    let mut findings: Vec<Finding> = findings.collect();
    if findings.is_empty() {
        findings = answer::refused(snapshot);
    }
    Ok(findings)
}

pub(super) fn stream(snapshot: &Snapshot) -> Verdict {
    let tried = answer::without_stream(snapshot);
    if !tried.is_empty() {
        return Ok(tried);
    }
    let was_asked = snapshot.outside.dingtalk().is_some();
    if snapshot.log.lines == 0 && !was_asked {
        return Err(say!("no log of the gateway was found; to ask DingTalk itself: --live"));
    }
    if snapshot.log.about("dingtalk.stream").next().is_none() {
        return Ok(Vec::new());
    }
    if is_in_the_way(snapshot) {
        return Err(say!("the proxy is in the way (proxy.dingtalk)"));
    }
    Finding::error(say!("the connector could not open its Stream connection to DingTalk"))
        .hint(console_hint())
        .about(format!("channels.{CONNECTOR}"))
        .symptom(say!("the bot does not answer"))
        .into()
}

/// What to look at in DingTalk's console.
fn console_hint() -> String {
    say!(
        "In DingTalk's console: the app is published, its message mode is Stream, the id and secret are this app's, and no IP whitelist excludes this machine. Then: openclaw gateway restart"
    )
}
