//! The channel at work: its connection, and who may talk to the bot.

use semver::Version as Semver;

use super::{Finding, Severity, Snapshot, Verdict};
use crate::connector::release::{Generation, Habit};
use crate::openclaw::Version;
use crate::openclaw::document::Value;
use crate::snapshot::bots::{DM_POLICY, bots, heeded_rules};

/// The names under which the connector was published: of these the behaviour is known by version.
const PUBLISHED: [&str; 3] = [
    "@dingtalk-real-ai/dingtalk-connector",
    "@openclaw/dingtalk-connector",
    "@clawdbot/dingtalk-connector",
];

pub(super) fn restart_loop(snapshot: &Snapshot) -> Verdict {
    let Some(tree) = &snapshot.tree else { return Ok(Vec::new()) };
    let given_up =
        snapshot.log.about("channel.restart-loop").any(|heard| heard.sample.contains("giving up"));
    let seen = snapshot.log.about("channel.restart-loop").next().is_some();
    let published =
        tree.package.as_ref().is_ok_and(|package| PUBLISHED.contains(&package.name.as_str()));
    let by_version = published
        && snapshot.connector().is_some()
        && !snapshot.generation().has(Habit::StaysStarted);
    if !seen && !by_version {
        return Ok(Vec::new());
    }
    let version = snapshot.connector().map_or_else(|| "?".to_owned(), |v| v.to_string());
    let severity = if given_up { Severity::Error } else { Severity::Warning };
    let (message, hint) =
        if by_version { of_an_old_connector(&version) } else { of_another_cause() };
    Finding::of(severity, message)
        .hint(hint)
        .about(tree.path.display().to_string())
        .symptom(say!("“auto-restart attempt n/10”; replies get lost, or come late"))
        .read(tree.path.join("package.json").display().to_string(), format!("version {version}"))
        .into()
}

fn of_an_old_connector(version: &str) -> (String, String) {
    let message = say!(
        "connector {version} returns from its start at once: OpenClaw restarts the channel up to 10 times, and each time one more connection to DingTalk stays open",
        version
    );
    let hint = say!(
        "0.7.5 was the first without it. On OpenClaw before 2026.3.24: openclaw-setup upgrade npm:@dingtalk-real-ai/dingtalk-connector@0.8.3"
    );
    (message, hint)
}

fn of_another_cause() -> (String, String) {
    let message =
        say!("OpenClaw keeps restarting the connector's channel: its start fails, or it ends");
    let hint = say!(
        "The lines before it say why: openclaw-setup logs. Whether DingTalk accepts the bot: openclaw-setup doctor --live dingtalk"
    );
    (message, hint)
}

pub(super) fn access_open(snapshot: &Snapshot) -> Verdict {
    let Some(config) = snapshot.effective() else { return Ok(Vec::new()) };
    let Some(version) = snapshot.release().map(|release| release.version) else {
        return Ok(Vec::new());
    };
    let generation = snapshot.generation();
    let heeded = heeded_rules(config, &generation);
    // what is meant: that accounts have what the channel says beside them
    let meant = bots(config, true);
    let mut open = Vec::new();
    for bot in &meant {
        for key in bot.rules().filter(|key| !heeded.contains(&(bot.account, key))) {
            open.push((bot.path(key), unheeded(key, &version, &generation)));
        }
        let has_policy = bot.rules().any(|key| key == DM_POLICY);
        if bot.names_somebody() && !has_policy && !generation.has(Habit::HeedsAllowFrom) {
            open.push((bot.path("allowFrom"), unheeded(DM_POLICY, &version, &generation)));
        }
        if bot.get(DM_POLICY).and_then(Value::as_str) == Some("pairing") {
            let text =
                say!("dmPolicy pairing is not supported by the connector: it is treated as open");
            open.push((bot.path(DM_POLICY), text));
        }
    }
    open.sort();
    open.dedup();
    let finding = |(path, message): (Vec<&str>, String)| {
        Finding::warning(message)
            .hint(say!("Restrict who can see the bot in DingTalk's console, or upgrade to 0.8.3 or later, which enforces allowlist"))
            .symptom(say!("anybody may talk to the bot"))
            .about_key(snapshot, &path)
    };
    Ok(open.into_iter().map(finding).collect())
}

/// What becomes of a rule that this connector does not heed, as it stands.
fn unheeded(key: &str, version: &Semver, generation: &Generation) -> String {
    if key != DM_POLICY {
        say!("connector {version} never looks at groupPolicy: every group may use the bot", version)
    } else if generation.has(Habit::HeedsAllowFrom) {
        say!(
            "connector {version} heeds dmPolicy only where allowFrom names somebody (before 0.7.7, for an account: in its own block): everybody in the organisation may talk to the bot",
            version
        )
    } else {
        say!(
            "connector {version} never looks at dmPolicy and allowFrom: everybody in the organisation may talk to the bot",
            version
        )
    }
}

/// A version that surely has `messages.groupChat.visibleReplies`, with `message_tool` as default.
const REPLIES_ARE_HIDDEN: Version = Version::of(2026, 5, 4);

pub(super) fn visible_replies(snapshot: &Snapshot) -> Verdict {
    let Some(openclaw) = snapshot.openclaw().filter(|version| *version >= REPLIES_ARE_HIDDEN)
    else {
        return Err(say!("OpenClaw before 2026.5.4 shows every reply"));
    };
    let path = ["messages", "groupChat", "visibleReplies"];
    if snapshot.key(&path).is_some() {
        return Ok(Vec::new());
    }
    Finding::warning(say!("OpenClaw {openclaw} does not show plain replies in groups unless messages.groupChat.visibleReplies is automatic", openclaw))
        .hint("openclaw config set messages.groupChat.visibleReplies automatic")
        .symptom("任务执行完成（无文本输出）")
        .about_key(snapshot, &path)
        .into()
}
