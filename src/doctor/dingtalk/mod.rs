//! DingTalk's side, as far as this machine knows it.

mod answer;

use super::proxy::dingtalk::is_in_the_way;
use super::{Evidence, Finding, Snapshot, Verdict};
use crate::openclaw::document::{KeyPath, Value};
use crate::say;
use crate::settings::Setting;
use crate::snapshot::paths::CONNECTOR;

/// The keys of a bot, and what stands for them on the way in.
const BOT: [(&str, Setting); 2] =
    [("clientId", Setting::ClientId), ("clientSecret", Setting::ClientSecret)];

pub(super) fn credentials(snapshot: &Snapshot) -> Verdict {
    let Some(channel) = snapshot.channel() else { return Ok(Vec::new()) };
    let accounts = channel.get(&["accounts"]).and_then(Value::as_object);
    let names = accounts.into_iter().flatten().map(|(name, _)| vec!["accounts", name.as_str()]);
    let mut places: Vec<Vec<&str>> = names.collect();
    let has_accounts = !places.is_empty();
    places.push(Vec::new());
    let findings = places.iter().flat_map(|place| {
        BOT.iter().filter_map(move |(key, setting)| {
            let path = [&["channels", CONNECTOR], place.as_slice(), &[*key]].concat();
            match snapshot.key(&path) {
                // an account has what the channel has
                None | Some(Value::Null) => (!has_accounts).then(|| missing(snapshot, &path)),
                Some(Value::Object(_)) => unreadable(snapshot, &path),
                Some(_) => Finding::of_value(snapshot, *setting, &path),
            }
        })
    });
    let findings = findings.map(|finding| {
        let options = "--client-id ID --client-secret-file FILE";
        finding
            .hint(say!("Fill it in: openclaw-setup install {options}", options))
            .symptom(say!("the bot is silent (400 or 401 in the log)"))
    });
    let mut findings: Vec<Finding> = findings.collect();
    if findings.is_empty() {
        findings = answer::refused(snapshot);
    }
    Ok(findings)
}

fn missing(snapshot: &Snapshot, path: &[&str]) -> Finding {
    let key = KeyPath::from(path).to_string();
    let evidence = Evidence::of_key(snapshot, path);
    Finding::error(say!("{key} is missing", key)).about(key).evidence([evidence])
}

/// A secret that is kept elsewhere: connectors before 0.8.0 read only a text.
fn unreadable(snapshot: &Snapshot, path: &[&str]) -> Option<Finding> {
    let connector = snapshot.connector().filter(|_| snapshot.speaks_http() == Some(true))?;
    let key = KeyPath::from(path).to_string();
    let evidence = Evidence::of_key(snapshot, path);
    let text = say!(
        "connector {connector} reads {key} only as a text: the secret's source is not looked up",
        connector,
        key
    );
    Some(Finding::error(text).about(key).evidence([evidence]))
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
