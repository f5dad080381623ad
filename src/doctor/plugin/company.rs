//! What stands beside the plugin and takes its place or its messages.

use crate::doctor::{Evidence, Finding, Snapshot, Verdict};
use crate::plan::repair::Repair;
use crate::say;
use crate::snapshot::paths::CONNECTOR;

pub(in crate::doctor) fn duplicate(snapshot: &Snapshot) -> Verdict {
    if let Some(cause) = &snapshot.other_plugins.unreadable {
        return Verdict::Skipped(cause.clone());
    }
    let extensions = &snapshot.installation.paths.extensions;
    let findings = snapshot.other_plugins.copies.iter().map(|copy| {
        let path = copy.display().to_string();
        let movable = copy.starts_with(extensions);
        Finding::error(
            say!("{path} is a second copy of {CONNECTOR}; which of them OpenClaw loads is left to chance", path, CONNECTOR),
            say!("Move it out of OpenClaw's sight (it stays in the transaction): openclaw-setup doctor --fix plugin.duplicate"),
        )
        .about(path.clone())
        .symptom(say!("“duplicate plugin id” in the log; double or lost replies, or an older connector answers"))
        .read(path, format!("id {CONNECTOR}"))
        .repaired_by(movable.then(|| Repair::MoveOut { path: copy.clone() }))
    });
    Verdict::Found(findings.collect())
}

pub(in crate::doctor) fn stray(snapshot: &Snapshot) -> Verdict {
    if let Some(cause) = &snapshot.other_plugins.unreadable {
        return Verdict::Skipped(cause.clone());
    }
    let broken = snapshot.other_plugins.broken.iter();
    let findings = broken.map(|path| {
        let shown = path.display().to_string();
        Finding::error(
            say!("{shown} looks like a plugin and is none that OpenClaw can read: OpenClaw calls its whole config invalid for it", shown),
            say!("Move it out of OpenClaw's sight (it stays in the transaction): openclaw-setup doctor --fix plugin.stray"),
        )
        .about(shown.clone())
        .symptom("plugin manifest not found")
        .read(shown, say!("no readable openclaw.plugin.json"))
        .repaired_by([Repair::MoveOut { path: path.clone() }])
    });
    Verdict::Found(findings.collect())
}

pub(in crate::doctor) fn rival(snapshot: &Snapshot) -> Verdict {
    let ours = snapshot.channel().and_then(|channel| channel.get(&["clientId"]));
    let rival = snapshot.key(&["channels", "dingtalk", "clientId"]);
    if ours.is_none() || rival != ours {
        return Verdict::well();
    }
    let path = ["channels", "dingtalk", "clientId"];
    Finding::warning(
        say!("channels.dingtalk (another plugin) uses the same clientId: DingTalk spreads the bot's messages over both"),
        say!("Switch one of them off: openclaw config set channels.dingtalk.enabled false"),
    )
    .about("channels.dingtalk")
    .symptom(say!("messages get lost at random"))
    .evidence([Evidence::of_key(snapshot, &path)])
    .into()
}
