//! The config: can OpenClaw read it, does it accept the channel, does anything in it have no effect?

mod keys;

use super::skipped::{not_set_up, unreadable};
use super::{Check, Evidence, Examination, Finding, Severity, Verdict};
use crate::installation::paths::CONNECTOR;
use crate::language::{Explain, Language};
use crate::openclaw::document::{Edit, KeyPath, Value};
use crate::openclaw::version::UNKNOWN_CHANNELS_ARE_TOLERATED;
use crate::plan::repair::Repair;
use crate::say;
use crate::transaction::step::Attributes;

/// The checks of this family.
pub const CHECKS: [Check; 7] = [
    Check {
        id: "config.syntax",
        severity: Severity::Error,
        english: "OpenClaw can read its config",
        chinese: "OpenClaw 能读取其配置",
        judge: syntax,
    },
    Check {
        id: "config.channel-orphan",
        severity: Severity::Error,
        english: "the configured channel has its plugin",
        chinese: "已配置的频道有对应的插件",
        judge: channel_orphan,
    },
    Check {
        id: "config.legacy-keys",
        severity: Severity::Error,
        english: "the connector's schema accepts the channel's keys",
        chinese: "频道中的键符合连接器的 schema",
        judge: keys::legacy_keys,
    },
    Check {
        id: "config.key-inert",
        severity: Severity::Warning,
        english: "no key of the channel misleads by having no effect",
        chinese: "频道中没有不起作用、误导人的键",
        judge: keys::key_inert,
    },
    Check {
        id: "config.allowlist",
        severity: Severity::Error,
        english: "the plugin is allowed and switched on",
        chinese: "插件已被允许并启用",
        judge: allowlist,
    },
    Check {
        id: "config.secret-perms",
        severity: Severity::Warning,
        english: "nobody else can read files with secrets",
        chinese: "含机密的文件不能被他人读取",
        judge: secret_perms,
    },
    Check {
        id: "config.include",
        severity: Severity::Info,
        english: "what OpenClaw's own next write would flatten",
        chinese: "OpenClaw 下次自行写配置时会丢失的写法",
        judge: include,
    },
];

fn syntax(examination: &Examination, language: Language) -> Verdict {
    let Err(error) = &examination.config else { return Verdict::well() };
    let mut finding = Finding::error(error.problem(language), error.remedy(language))
        .about(examination.picture.paths.config.display().to_string())
        .seen_as(say!(
            language,
            "SyntaxError: the gateway does not start, and nearly every openclaw command refuses",
            "JSON 语法错误（SyntaxError）：网关无法启动，几乎所有 openclaw 命令都会拒绝执行"
        ));
    let newest = examination.backups.iter().find(|backup| backup.is_valid);
    if let Some(backup) = newest.filter(|_| error.code() != "config.missing") {
        let time = super::examination::log::time_text(backup.modified_usec);
        finding.hint.push('\n');
        finding.hint.push_str(&say!(
            language,
            "Or return to its newest valid version, of {time}: openclaw-setup doctor --fix --restore-config",
            "或恢复到最近一个有效版本（{time}）：openclaw-setup doctor --fix --restore-config"
        ));
        finding = finding.read(backup.path.display().to_string(), time);
    }
    finding.into()
}

/// The newest valid version of a config that cannot be read: brought back only on request.
#[must_use]
pub fn restoration(examination: &Examination) -> Option<Repair> {
    let syntax = examination.config.as_ref().err().filter(|error| error.code() == "config.syntax");
    syntax?;
    let newest = examination.backups.iter().find(|backup| backup.is_valid)?;
    Some(Repair::RestoreConfig { from: newest.path.clone() })
}

/// OpenClaw says only "unknown channel id"; why its plugin is not found, it does not say.
fn channel_orphan(examination: &Examination, language: Language) -> Verdict {
    if examination.config.is_err() {
        return unreadable(language);
    }
    if examination.channel().is_none() {
        return not_set_up(language);
    }
    let causes = super::plugin::hidden_because(examination, language);
    if causes.is_empty() {
        return Verdict::well();
    }
    let named = examination.key(&["plugins", "entries", CONNECTOR]).is_some();
    let tolerated =
        examination.openclaw().is_some_and(|version| version >= UNKNOWN_CHANNELS_ARE_TOLERATED);
    let severity = if named && tolerated { Severity::Warning } else { Severity::Error };
    let causes = causes.join("; ");
    Finding::of(
        severity,
        say!(
            language,
            "the config has the channel {CONNECTOR}, but OpenClaw does not find its plugin: {causes}",
            "配置中有频道 {CONNECTOR}，但 OpenClaw 找不到其插件：{causes}"
        ),
        say!(
            language,
            "Repair the plugin (never remove the entry: the bot's secret would go with it): openclaw-setup doctor --fix, or bring it back with openclaw-setup install",
            "请修复插件（不要删除配置项，否则机器人的密钥会一并丢失）：openclaw-setup doctor --fix，或重新安装 openclaw-setup install"
        ),
    )
    .about("channels.dingtalk-connector")
    .seen_as(format!("unknown channel id: {CONNECTOR}"))
    .proven_by([Evidence::of_key(examination, &["plugins", "entries", CONNECTOR, "enabled"])])
    .repaired_by(super::plugin::unhiding(examination, language))
    .into()
}

fn allowlist(examination: &Examination, language: Language) -> Verdict {
    if examination.config.is_err() {
        return unreadable(language);
    }
    if !examination.has_dingtalk() {
        return not_set_up(language);
    }
    let ours = Value::from(CONNECTOR);
    let list = |name| examination.key(&["plugins", name]).and_then(Value::as_array);
    let is_false = |path: &[&str]| examination.key(path) == Some(&Value::from(false));
    let mut findings = Vec::new();
    let entry = ["plugins", "entries", CONNECTOR, "enabled"];
    if list("allow").is_some_and(|list| !list.is_empty() && !list.contains(&ours)) {
        let edit = Edit::append(["plugins", "allow"], ours.clone());
        let text = say!(
            language,
            "plugins.allow names other plugins and not {CONNECTOR}: OpenClaw does not load it",
            "plugins.allow 列出了其他插件而没有 {CONNECTOR}，OpenClaw 不会加载它"
        );
        findings.push(switched(examination, language, text, &["plugins", "allow"], edit));
    }
    if list("deny").is_some_and(|list| list.contains(&ours)) {
        let edit = Edit::withdraw(["plugins", "deny"], ours);
        let text = say!(
            language,
            "plugins.deny names {CONNECTOR}: OpenClaw does not load it",
            "plugins.deny 中有 {CONNECTOR}，OpenClaw 不会加载它"
        );
        findings.push(switched(examination, language, text, &["plugins", "deny"], edit));
    }
    if is_false(&entry) {
        let edit = Edit::set(entry, true);
        let text = say!(
            language,
            "plugins.entries.{CONNECTOR}.enabled is false: OpenClaw does not load it",
            "plugins.entries.{CONNECTOR}.enabled 为 false，OpenClaw 不会加载它"
        );
        findings.push(switched(examination, language, text, &entry, edit));
    }
    findings.extend(switched_off_whole(examination, language));
    Verdict::Found(findings)
}

fn switched(
    examination: &Examination,
    language: Language,
    text: String,
    path: &[&str],
    edit: Edit,
) -> Finding {
    let hint = say!(
        language,
        "Let it load: openclaw-setup doctor --fix config.allowlist",
        "允许加载：openclaw-setup doctor --fix config.allowlist"
    );
    Finding::error(text, hint)
        .about(KeyPath::from(path).to_string())
        .seen_as(say!(
            language,
            "the bot is silent; the log says “plugin disabled (not in allowlist)”",
            "机器人不回复；日志中有“plugin disabled (not in allowlist)”"
        ))
        .proven_by([Evidence::of_key(examination, path)])
        .repaired_by([Repair::Config(edit)])
}

/// Somebody may have meant these: they are told and left.
fn switched_off_whole(examination: &Examination, language: Language) -> Vec<Finding> {
    let keys: [(&[&str], Severity); 2] = [
        (&["plugins", "enabled"], Severity::Error),
        (&["channels", CONNECTOR, "enabled"], Severity::Warning),
    ];
    let off =
        keys.into_iter().filter(|(path, _)| examination.key(path) == Some(&Value::from(false)));
    off.map(|(path, severity)| {
        let key = KeyPath::from(path).to_string();
        Finding::of(
            severity,
            say!(
                language,
                "{key} is false: the bot is switched off",
                "{key} 为 false：机器人已被关闭"
            ),
            say!(
                language,
                "If that is not what you want: openclaw config set {key} true",
                "如非本意：openclaw config set {key} true"
            ),
        )
        .about(key)
        .proven_by([Evidence::of_key(examination, path)])
    })
    .collect()
}

/// A mode that lets others read; harmless where a directory above keeps them out.
fn secret_perms(examination: &Examination, language: Language) -> Verdict {
    let open = examination.private_files.iter().filter(|file| file.attributes.mode & 0o077 != 0);
    let findings = open.map(|file| {
        let (path, mode) = (file.path.display(), file.attributes.mode);
        let severity = if file.shielded { Severity::Info } else { Severity::Warning };
        let after = Attributes { mode: 0o600, ..file.attributes };
        let ours = file.attributes.uid == examination.picture.account.uid;
        let repair = Repair::Attributes { path: file.path.clone(), before: file.attributes, after };
        Finding::of(
            severity,
            say!(
                language,
                "{path} may hold secrets and has mode {mode:04o}",
                "{path} 可能含有机密，而其权限为 {mode:04o}"
            ),
            format!("chmod 600 {path}"),
        )
        .about(path.to_string())
        .read(path.to_string(), format!("{}", file.attributes))
        .repaired_by((ours && !file.shielded).then_some(repair))
    });
    Verdict::Found(findings.collect())
}

/// OpenClaw 2026.3.13's own writes resolve every include, and drop comments.
fn include(examination: &Examination, language: Language) -> Verdict {
    let Ok(config) = &examination.config else { return unreadable(language) };
    let mut seen = Vec::new();
    if config.files().count() > 1 {
        seen.push("$include");
    }
    let is_strict = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).is_ok();
    if !config.files().all(|(_, document)| is_strict(document.bytes())) {
        seen.push("JSON5");
    }
    if seen.is_empty() {
        return Verdict::well();
    }
    let what = seen.join(", ");
    let files = config.files().map(|(file, _)| Evidence::in_file(file, None, what.clone()));
    Finding::info(
        say!(
            language,
            "the config uses {what}: openclaw-setup keeps it as it is, but OpenClaw's own next write (openclaw config set, plugins install, doctor --fix) flattens includes and drops comments",
            "配置使用了 {what}：openclaw-setup 会原样保留，但 OpenClaw 自己下次写配置（openclaw config set、plugins install、doctor --fix）时会展开 include 并丢弃注释"
        ),
        say!(language, "Nothing has to be done.", "无需处理。"),
    )
    .proven_by(files)
    .into()
}
