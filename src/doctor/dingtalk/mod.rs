//! DingTalk's side, as far as this machine knows it.

mod answer;

use std::collections::BTreeSet;

use super::proxy::dingtalk::is_in_the_way;
use super::{Evidence, Finding, Snapshot, Verdict, missed};
use crate::health::Rung;
use crate::openclaw::document::{KeyPath, Value};
use crate::settings::Setting;
use crate::snapshot::bots::Bot;
use crate::snapshot::paths::CONNECTOR;

/// The keys of a bot, and what stands for them on the way in.
const BOT: [(&str, Setting); 2] =
    [("clientId", Setting::ClientId), ("clientSecret", Setting::ClientSecret)];

pub(super) fn credentials(snapshot: &Snapshot) -> Verdict {
    let bots = snapshot.bots();
    let mut seen = BTreeSet::new();
    let places = bots.iter().flat_map(|bot| BOT.map(|(key, setting)| (bot, key, setting)));
    let mut findings: Vec<Finding> = places
        .filter(|(bot, key, _)| seen.insert(KeyPath::from(bot.path(key).as_slice()).to_string()))
        .filter_map(|(bot, key, setting)| unfilled(snapshot, bot, key, setting))
        .collect();
    if findings.is_empty() {
        findings = answer::refused(snapshot);
    }
    Ok(findings)
}

/// A value that the connector does not find, or cannot use.
fn unfilled(
    snapshot: &Snapshot,
    bot: &Bot<'_>,
    key: &'static str,
    setting: Setting,
) -> Option<Finding> {
    let path = bot.path(key);
    let finding = match bot.get(key) {
        None => missing(snapshot, &path),
        Some(Value::Object(_)) => unreadable(snapshot, &path)?,
        Some(_) => Finding::of_value(snapshot, setting, &path)?,
    };
    let name = KeyPath::from(path.as_slice());
    let options = "--client-id ID --client-secret-file FILE";
    let hint = if bot.account.is_some() {
        say!("Fill it in: openclaw config set {name} VALUE", name)
    } else {
        say!("Fill it in: openclaw-setup install {options}", options)
    };
    Some(finding.hint(hint).symptom(say!("the bot is silent (400 or 401 in the log)")))
}

fn missing(snapshot: &Snapshot, path: &[&str]) -> Finding {
    let key = KeyPath::from(path).to_string();
    let evidence = Evidence::of_key(snapshot, path);
    Finding::error(say!("{key} is missing", key)).about(key).evidence([evidence])
}

/// A secret that is kept elsewhere: connectors before 0.8.0 read only a text.
fn unreadable(snapshot: &Snapshot, path: &[&str]) -> Option<Finding> {
    let connector = snapshot.connector().filter(|_| snapshot.speaks_http())?;
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
    let heard = snapshot.log.about("dingtalk.stream").next();
    let heard =
        heard.map(|_| say!("the connector could not open its Stream connection to DingTalk"));
    let missed = missed(snapshot, Rung::Connected, "dingtalk.stream", &["dingtalk"]);
    let Some(message) = missed.or(heard) else { return Ok(Vec::new()) };
    if is_in_the_way(snapshot) {
        return Err(say!("the proxy is in the way (proxy.dingtalk)"));
    }
    Finding::error(message)
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
