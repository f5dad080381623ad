//! What stands beside the plugin and takes its place or its messages.

use crate::doctor::{Evidence, Finding, Snapshot, Verdict};
use crate::plan::repair::Repair;
use crate::say;
use crate::snapshot::paths::CONNECTOR;

pub(in crate::doctor) fn duplicate(snapshot: &Snapshot) -> Verdict {
    if let Some(cause) = &snapshot.other_plugins.unreadable {
        return Err(cause.clone());
    }
    let extensions = &snapshot.installation.paths.extensions;
    let findings = snapshot.other_plugins.copies.iter().map(|copy| {
        let path = copy.display().to_string();
        let movable = copy.starts_with(extensions);
        let move_out = || Repair::MoveOut { path: copy.clone() };
        Finding::error(say!("{path} is a second copy of {CONNECTOR}; which one OpenClaw loads is undefined", path, CONNECTOR))
            .about(path.clone())
            .symptom(say!("“duplicate plugin id” in the log; double or lost replies, or an older connector answers"))
            .read(path.clone(), format!("id {CONNECTOR}"))
            .remedied(movable.then(move_out).ok_or_else(|| say!("Keep one of them: take {path} out of plugins.load.paths", path)))
    });
    Ok(findings.collect())
}

pub(in crate::doctor) fn stray(snapshot: &Snapshot) -> Verdict {
    if let Some(cause) = &snapshot.other_plugins.unreadable {
        return Err(cause.clone());
    }
    let broken = snapshot.other_plugins.broken.iter();
    let findings = broken.map(|path| {
        let shown = path.display().to_string();
        Finding::error(say!("{shown} looks like a plugin, but OpenClaw cannot read it and rejects its whole config because of it", shown))
            .about(shown.clone())
            .symptom("plugin manifest not found")
            .read(shown, say!("no readable openclaw.plugin.json, or an entry outside of the folder"))
            .repaired_by([Repair::MoveOut { path: path.clone() }])
    });
    Ok(findings.collect())
}

pub(in crate::doctor) fn rival(snapshot: &Snapshot) -> Verdict {
    let ours = snapshot.channel().and_then(|channel| channel.get(&["clientId"]));
    let rival = snapshot.key(&["channels", "dingtalk", "clientId"]);
    if ours.is_none() || rival != ours {
        return Ok(Vec::new());
    }
    let path = ["channels", "dingtalk", "clientId"];
    Finding::warning(say!("channels.dingtalk (another plugin) uses the same clientId: DingTalk spreads the bot's messages over both"))
        .hint(say!("Switch one of them off: openclaw config set channels.dingtalk.enabled false"))
        .about("channels.dingtalk")
        .symptom(say!("messages get lost at random"))
        .evidence([Evidence::of_key(snapshot, &path)])
        .into()
}
