//! What stands beside the plugin and takes its place or its messages.

use crate::doctor::skipped::{not_set_up, unreadable};
use crate::doctor::{Evidence, Examination, Finding, Verdict};
use crate::installation::paths::CONNECTOR;
use crate::language::Language;
use crate::plan::repair::Repair;
use crate::say;

pub(super) fn duplicate(examination: &Examination, language: Language) -> Verdict {
    if let Some(cause) = &examination.neighbours.unreadable {
        return Verdict::Skipped(cause.clone());
    }
    let extensions = &examination.picture.paths.extensions;
    let findings = examination.neighbours.copies.iter().map(|copy| {
        let path = copy.display().to_string();
        let movable = copy.starts_with(extensions);
        Finding::error(
            say!(
                language,
                "{path} is a second copy of {CONNECTOR}; which of them OpenClaw loads is left to chance",
                "{path} 是 {CONNECTOR} 的另一份副本；OpenClaw 加载哪一份全凭偶然"
            ),
            say!(
                language,
                "Move it out of OpenClaw's sight (it stays in the transaction): openclaw-setup doctor --fix plugin.duplicate",
                "将其移出 OpenClaw 的扫描范围（保存在事务中）：openclaw-setup doctor --fix plugin.duplicate"
            ),
        )
        .about(path.clone())
        .seen_as(say!(
            language,
            "“duplicate plugin id” in the log; double or lost replies, or an older connector answers",
            "日志中有“duplicate plugin id”；重复回复、丢失回复，或由旧版本连接器应答"
        ))
        .read(path, format!("id {CONNECTOR}"))
        .repaired_by(movable.then(|| Repair::MoveOut { path: copy.clone() }))
    });
    Verdict::Found(findings.collect())
}

pub(super) fn stray(examination: &Examination, language: Language) -> Verdict {
    if let Some(cause) = &examination.neighbours.unreadable {
        return Verdict::Skipped(cause.clone());
    }
    let broken = examination.neighbours.broken.iter();
    let findings = broken.map(|path| {
        let shown = path.display().to_string();
        Finding::error(
            say!(
                language,
                "{shown} looks like a plugin and is none that OpenClaw can read: OpenClaw calls its whole config invalid for it",
                "{shown} 看似插件，但 OpenClaw 无法读取：OpenClaw 会因此判定整个配置无效"
            ),
            say!(
                language,
                "Move it out of OpenClaw's sight (it stays in the transaction): openclaw-setup doctor --fix plugin.stray",
                "将其移出 OpenClaw 的扫描范围（保存在事务中）：openclaw-setup doctor --fix plugin.stray"
            ),
        )
        .about(shown.clone())
        .seen_as("plugin manifest not found")
        .read(shown, say!(language, "no readable openclaw.plugin.json", "没有可读取的 openclaw.plugin.json"))
        .repaired_by([Repair::MoveOut { path: path.clone() }])
    });
    Verdict::Found(findings.collect())
}

pub(super) fn rival(examination: &Examination, language: Language) -> Verdict {
    let Some(effective) = examination.effective() else {
        return unreadable(language);
    };
    let ours = examination.channel().and_then(|channel| channel.get(&["clientId"]));
    let Some(ours) = ours else { return not_set_up(language) };
    let rival = effective.get(&["channels", "dingtalk", "clientId"]);
    if rival != Some(ours) {
        return Verdict::well();
    }
    let path = ["channels", "dingtalk", "clientId"];
    Finding::warning(
        say!(
            language,
            "channels.dingtalk (another plugin) uses the same clientId: DingTalk spreads the bot's messages over both",
            "channels.dingtalk（另一插件）使用了同一个 clientId：钉钉会把机器人的消息分散给两者"
        ),
        say!(
            language,
            "Switch one of them off: openclaw config set channels.dingtalk.enabled false",
            "请关闭其中一个：openclaw config set channels.dingtalk.enabled false"
        ),
    )
    .about("channels.dingtalk")
    .seen_as(say!(language, "messages get lost at random", "消息随机丢失"))
    .proven_by([Evidence::of_key(examination, &path)])
    .into()
}
