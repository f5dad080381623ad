//! What DingTalk itself answers, where `--live` has asked it.

use crate::doctor::examination::outside::Asked;
use crate::doctor::proxy::dingtalk::{evidence, passes};
use crate::doctor::{Examination, Finding};
use crate::installation::paths::CONNECTOR;
use crate::language::Language;
use crate::outside::dingtalk::BotAnswers;
use crate::outside::{Outcome, Way};
use crate::say;

/// One account: its HTTP answers on the way that leads to DingTalk, and its direct ones. The Stream
/// connection always goes directly: the connector's WebSocket knows no proxy.
struct Told<'e> {
    http: &'e BotAnswers,
    direct: &'e BotAnswers,
}

/// What was answered for each account; empty where nothing was asked.
fn bots(examination: &Examination) -> Vec<Told<'_>> {
    let Asked::Answered(answers) = &examination.outside.dingtalk else { return Vec::new() };
    let direct = answers.iter().filter(|bot| bot.way == Way::Direct);
    direct.map(|direct| Told { http: best_of(direct, answers), direct }).collect()
}

/// The direct answers, or those through the proxy where only it leads to DingTalk.
fn best_of<'a>(direct: &'a BotAnswers, answers: &'a [BotAnswers]) -> &'a BotAnswers {
    let other = answers.iter().find(|bot| bot.way == Way::Proxied && bot.account == direct.account);
    other.filter(|bot| !direct.token.has_arrived() && bot.token.has_arrived()).unwrap_or(direct)
}

impl Told<'_> {
    /// In DingTalk's own words: a firewall's block page refuses, too, and so does DingTalk an address
    /// that is not on the app's list.
    fn is_refused(&self) -> bool {
        let code = self.http.token.json()["code"].as_str().map(str::to_owned);
        let concerns_the_bot = code.is_some_and(|code| !code.contains("WhiteList"));
        concerns_the_bot && matches!(self.http.token.status(), Some(400 | 401 | 403))
    }

    /// Where only the proxy leads to a ticket, no handshake can be tried: that the server answers
    /// is all that can be known.
    fn has_stream(&self) -> bool {
        let stream = &self.direct.stream;
        let stands = if self.direct.open.status() == Some(200) {
            stream.status() == Some(101)
        } else {
            stream.has_arrived()
        };
        self.http.open.status() == Some(200) && stands
    }

    fn path(&self) -> String {
        match &self.http.account {
            None => format!("channels.{CONNECTOR}"),
            Some(account) => format!("channels.{CONNECTOR}.accounts.{account}"),
        }
    }
}

/// Accounts whose id and secret DingTalk does not take.
pub(super) fn refused(examination: &Examination, language: Language) -> Vec<Finding> {
    let told = |bot: Told<'_>| {
        Finding::error(
            say!(
                language,
                "DingTalk does not take the bot's id and secret: {}",
                "钉钉不接受机器人的 clientId 与 clientSecret：{}",
                bot.http.token.complaint()
            ),
            match &bot.http.account {
                None => say!(
                    language,
                    "Copy both from the app's “Credentials” page in DingTalk's console: openclaw-setup install --client-id ID --client-secret-file FILE",
                    "请从钉钉后台的应用“凭证”页复制：openclaw-setup install --client-id ID --client-secret-file FILE"
                ),
                Some(_) => say!(
                    language,
                    "Copy clientId and clientSecret from the app's “Credentials” page in DingTalk's console into {}",
                    "请从钉钉后台的应用“凭证”页复制 clientId 与 clientSecret，填入 {}",
                    bot.path()
                ),
            },
        )
        .about(bot.path())
        .seen_as(say!(
            language,
            "the bot is silent (400 or 401 in the log)",
            "机器人不回复（日志中有 400 或 401）"
        ))
        .proven_by(evidence(bot.http))
    };
    bots(examination).into_iter().filter(Told::is_refused).map(told).collect()
}

/// Accounts for which no Stream connection comes about.
pub(super) fn without_stream(examination: &Examination, language: Language) -> Vec<Finding> {
    let lacking = bots(examination).into_iter();
    lacking
        .filter(|bot| !bot.is_refused() && !bot.has_stream())
        .map(|bot| {
            let (message, hint) = explained(&bot, examination, language);
            Finding::error(message, hint)
                .about(bot.path())
                .seen_as(say!(language, "the bot does not answer", "机器人不回复"))
                .proven_by(evidence(bot.direct))
                .proven_by(
                    (bot.http.way == Way::Proxied)
                        .then(|| evidence(bot.http))
                        .into_iter()
                        .flatten(),
                )
        })
        .collect()
}

fn explained(bot: &Told<'_>, examination: &Examination, language: Language) -> (String, String) {
    let asked = [&bot.http.open, &bot.direct.stream].into_iter();
    let mut failures = asked.filter_map(|answer| match &answer.outcome {
        Outcome::Failed { stage, code } => Some((stage.name(), code)),
        Outcome::Answered { .. } => None,
    });
    if let Some((stage, code)) = failures.next() {
        let message = say!(
            language,
            "DingTalk's Stream cannot be reached: {stage} fails ({code})",
            "无法访问钉钉 Stream：{stage} 阶段失败（{code}）"
        );
        return (message, unreachable_hint(examination, language));
    }
    match bot.http.open.status() {
        Some(200) => (
            say!(
                language,
                "DingTalk grants a Stream connection, and the handshake fails: HTTP {}",
                "钉钉同意建立 Stream 连接，但握手失败：HTTP {}",
                bot.direct.stream.status().unwrap_or_default()
            ),
            say!(
                language,
                "Something between this machine and DingTalk does not let WebSockets through: ask whoever runs the network.",
                "本机与钉钉之间的设备不放行 WebSocket：请联系网络管理员。"
            ),
        ),
        status => (
            say!(
                language,
                "DingTalk grants no Stream connection (HTTP {}): {}",
                "钉钉拒绝建立 Stream 连接（HTTP {}）：{}",
                status.unwrap_or_default(),
                bot.http.open.complaint()
            ),
            super::console_hint(language),
        ),
    }
}

fn unreachable_hint(examination: &Examination, language: Language) -> String {
    let Asked::Answered(answers) = &examination.outside.dingtalk else { return String::new() };
    if passes(answers, Way::Proxied) == Some(true) {
        return say!(
            language,
            "Only the proxy leads to DingTalk, and the connector's WebSocket knows no proxy: this machine must be let out to wss-open-connection.dingtalk.com:443, or a transparent proxy (TUN) be used.",
            "只有经代理才能访问钉钉，而连接器的 WebSocket 不支持代理：必须允许本机访问 wss-open-connection.dingtalk.com:443，或使用透明代理（TUN）。"
        );
    }
    say!(
        language,
        "This machine must be let out to api.dingtalk.com, oapi.dingtalk.com and wss-open-connection.dingtalk.com, port 443.",
        "必须允许本机访问 api.dingtalk.com、oapi.dingtalk.com 与 wss-open-connection.dingtalk.com 的 443 端口。"
    )
}
