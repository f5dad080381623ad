//! DingTalk's side, as far as this machine knows it, and what DingTalk itself answers where `--live`
//! has asked it.

use std::collections::BTreeSet;

use super::proxy::{is_in_the_way, passes};
use super::{Evidence, Finding, Snapshot, Verdict, missed};
use crate::health::Rung;
use crate::language::word;
use crate::openclaw::document::{KeyPath, Value};
use crate::outside::dingtalk::{BotAnswers, refusal};
use crate::outside::{Answer, Route};
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
        findings = refused(snapshot);
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
    let key = KeyPath::from(path);
    Finding::error(say!("{key} is missing", key)).about_key(snapshot, path)
}

/// A secret that is kept elsewhere: connectors before 0.8.0 read only a text.
fn unreadable(snapshot: &Snapshot, path: &[&str]) -> Option<Finding> {
    let connector = snapshot.connector().filter(|_| snapshot.speaks_http())?;
    let key = KeyPath::from(path);
    let text = say!(
        "connector {connector} reads {key} only as a text: the secret's source is not looked up",
        connector,
        key
    );
    Some(Finding::error(text).about_key(snapshot, path))
}

pub(super) fn stream(snapshot: &Snapshot) -> Verdict {
    let tried = without_stream(snapshot);
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

/// One account: its HTTP answers on the route that leads to DingTalk, and its direct ones. The Stream
/// connection always goes directly: the connector's WebSocket knows no proxy.
struct Account<'e> {
    http: &'e BotAnswers,
    direct: &'e BotAnswers,
}

/// What was answered for each account; empty where nothing was asked.
fn bots(snapshot: &Snapshot) -> Vec<Account<'_>> {
    let answers = snapshot.outside.dingtalk().unwrap_or_default();
    let direct = answers.iter().filter(|bot| bot.route() == Route::Direct);
    direct.map(|direct| Account { http: best_of(direct, answers), direct }).collect()
}

/// The direct answers, or those through the proxy where only it leads to DingTalk.
fn best_of<'a>(direct: &'a BotAnswers, answers: &'a [BotAnswers]) -> &'a BotAnswers {
    let other =
        answers.iter().find(|bot| bot.route() == Route::Proxied && bot.account == direct.account);
    other.filter(|bot| !direct.token.has_arrived() && bot.token.has_arrived()).unwrap_or(direct)
}

impl Account<'_> {
    fn refusal(&self) -> Option<String> {
        refusal(&self.http.token)
    }

    /// Where only the proxy leads to a ticket, no handshake can be tried: that the server answers
    /// is all that can be known.
    fn has_stream(&self) -> bool {
        let stream = &self.direct.stream;
        let stands = if self.direct.open.status == Some(200) {
            stream.status == Some(101)
        } else {
            stream.has_arrived()
        };
        self.http.open.status == Some(200) && stands
    }

    fn path(&self) -> String {
        match &self.http.account {
            None => format!("channels.{CONNECTOR}"),
            Some(account) => format!("channels.{CONNECTOR}.accounts.{account}"),
        }
    }
}

/// Accounts whose id and secret DingTalk does not take.
fn refused(snapshot: &Snapshot) -> Vec<Finding> {
    let told = |bot: Account<'_>| {
        let finding = Finding::error(bot.refusal()?)
            .hint(if bot.http.account.is_none() { say!("Copy both from the app's “Credentials” page in DingTalk's console: openclaw-setup install --client-id ID --client-secret-file FILE") } else { say!("Copy clientId and clientSecret from the app's “Credentials” page in DingTalk's console into {path}", path = bot.path()) })
            .about(bot.path())
            .symptom(say!("the bot is silent (400 or 401 in the log)"))
            .evidence(bot.http.all().map(Evidence::from));
        Some(finding)
    };
    bots(snapshot).into_iter().filter_map(told).collect()
}

/// Accounts for which no Stream connection comes about.
fn without_stream(snapshot: &Snapshot) -> Vec<Finding> {
    let lacking = bots(snapshot).into_iter();
    lacking
        .filter(|bot| bot.refusal().is_none() && !bot.has_stream())
        .map(|bot| {
            let (message, hint) = explained(&bot, snapshot);
            let proxied = (bot.http.route() == Route::Proxied).then(|| bot.http.all());
            Finding::error(message)
                .hint(hint)
                .about(bot.path())
                .symptom(say!("the bot does not answer"))
                .evidence(bot.direct.all().map(Evidence::from))
                .evidence(proxied.into_iter().flatten().map(Evidence::from))
        })
        .collect()
}

fn explained(bot: &Account<'_>, snapshot: &Snapshot) -> (String, String) {
    let asked = [&bot.http.open, &bot.direct.stream];
    if let Some((stage, code)) = asked.into_iter().find_map(Answer::failure) {
        let stage = word(stage);
        let message =
            say!("DingTalk's Stream cannot be reached: {stage} fails ({code})", stage, code);
        return (message, unreachable_hint(snapshot));
    }
    match bot.http.open.status {
        Some(200) => (
            say!(
                "DingTalk grants a Stream connection, but the handshake fails: HTTP {status}",
                status = bot.direct.stream.status.unwrap_or_default()
            ),
            say!(
                "Something between this machine and DingTalk does not let WebSockets through: ask whoever runs the network."
            ),
        ),
        status => (
            say!(
                "DingTalk refuses a Stream connection (HTTP {status}): {complaint}",
                status = status.unwrap_or_default(),
                complaint = bot.http.open.complaint()
            ),
            console_hint(),
        ),
    }
}

fn unreachable_hint(snapshot: &Snapshot) -> String {
    if passes(snapshot.outside.dingtalk().unwrap_or_default(), Route::Proxied) == Some(true) {
        return say!(
            "DingTalk can be reached only through the proxy, but the connector's WebSocket does not support proxies: allow this machine to reach wss-open-connection.dingtalk.com:443, or use a transparent proxy (TUN)."
        );
    }
    say!(
        "Allow this machine to reach api.dingtalk.com, oapi.dingtalk.com and wss-open-connection.dingtalk.com, port 443."
    )
}
