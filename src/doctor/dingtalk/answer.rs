//! What DingTalk itself answers, where `--live` has asked it.

use crate::doctor::proxy::dingtalk::passes;
use crate::doctor::{Evidence, Finding, Snapshot};
use crate::language::word;
use crate::outside::dingtalk::{BotAnswers, refusal};
use crate::outside::{Answer, Route};
use crate::snapshot::paths::CONNECTOR;

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
pub(super) fn refused(snapshot: &Snapshot) -> Vec<Finding> {
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
pub(super) fn without_stream(snapshot: &Snapshot) -> Vec<Finding> {
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
            super::console_hint(),
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
