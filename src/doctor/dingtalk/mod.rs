//! DingTalk's side, as far as this machine knows it.

mod answer;

use super::skipped::{not_set_up, unreadable};
use super::{Check, Evidence, Examination, Finding, Severity, Verdict};
use crate::doctor::examination::outside::Asked;
use crate::installation::paths::CONNECTOR;
use crate::language::Language;
use crate::openclaw::document::{KeyPath, Value};
use crate::say;
use crate::settings::placeholder::is_placeholder;

/// The checks of this family.
pub const CHECKS: [Check; 2] = [
    Check {
        id: "dingtalk.credentials",
        severity: Severity::Error,
        english: "the bot's id and secret are filled in (--live: and accepted)",
        chinese: "已填写机器人的 clientId 与 clientSecret（--live：且有效）",
        judge: credentials,
    },
    Check {
        id: "dingtalk.stream",
        severity: Severity::Error,
        english: "the Stream connection to DingTalk comes about (--live: tried)",
        chinese: "能与钉钉建立 Stream 连接（--live：实际尝试）",
        judge: stream,
    },
];

fn credentials(examination: &Examination, language: Language) -> Verdict {
    if examination.config.is_err() {
        return unreadable(language);
    }
    let Some(channel) = examination.channel() else { return not_set_up(language) };
    let has_accounts = channel
        .get(&["accounts"])
        .and_then(Value::as_object)
        .is_some_and(|accounts| !accounts.is_empty());
    let findings = ["clientId", "clientSecret"].into_iter().filter_map(|key| {
        let value = channel.get(&[key]);
        let text = match value {
            None if has_accounts => return None,
            None | Some(Value::Null) => {
                say!(language, "{key} of the bot is missing", "缺少机器人的 {key}")
            }
            Some(Value::String(text)) if is_placeholder(text) => say!(
                language,
                "{key} of the bot still holds a placeholder",
                "机器人的 {key} 仍是占位文字"
            ),
            Some(_) => return None,
        };
        let path = ["channels", CONNECTOR, key];
        let hint = say!(
            language,
            "Fill it in: openclaw-setup install --client-id ID --client-secret-file FILE",
            "请填写：openclaw-setup install --client-id ID --client-secret-file FILE"
        );
        Some(
            Finding::error(text, hint)
                .about(KeyPath::from(&path).to_string())
                .seen_as(say!(
                    language,
                    "the bot is silent (400 or 401 in the log)",
                    "机器人不回复（日志中有 400 或 401）"
                ))
                .proven_by([Evidence::of_key(examination, &path)]),
        )
    });
    let mut findings: Vec<Finding> = findings.collect();
    if findings.is_empty() {
        findings = answer::refused(examination, language);
    }
    Verdict::Found(findings)
}

fn stream(examination: &Examination, language: Language) -> Verdict {
    if examination.tree.is_none() {
        return not_set_up(language);
    }
    let tried = answer::without_stream(examination, language);
    if !tried.is_empty() {
        return Verdict::Found(tried);
    }
    let was_asked = matches!(examination.outside.dingtalk, Asked::Answered(_));
    if examination.log.lines == 0 && !was_asked {
        return Verdict::Skipped(say!(
            language,
            "no log of the gateway was found; to ask DingTalk itself: --live",
            "未找到网关日志；如需直接探测钉钉，请加 --live"
        ));
    }
    if examination.log.about("dingtalk.stream").next().is_none() {
        return Verdict::well();
    }
    Finding::error(
        say!(
            language,
            "the connector could not open its Stream connection to DingTalk",
            "连接器无法与钉钉建立 Stream 连接"
        ),
        console_hint(language),
    )
    .about(format!("channels.{CONNECTOR}"))
    .seen_as(say!(language, "the bot does not answer", "机器人不回复"))
    .into()
}

/// What to look at in DingTalk's console.
fn console_hint(language: Language) -> String {
    say!(
        language,
        "In DingTalk's console: the app is published, its message mode is Stream, the id and secret are this app's, and no IP whitelist excludes this machine. Then: openclaw gateway restart",
        "请在钉钉后台确认：应用已发布、消息接收模式为 Stream、clientId 与 clientSecret 属于该应用、IP 白名单未排除本机。然后：openclaw gateway restart"
    )
}
