//! The connector's tree: is it there, whole, ours, and does OpenClaw accept it?

use std::path::{Path, PathBuf};

use super::config::{no_version, not_set_up};
use super::examination::tree::{Examined, Tree};
use super::{Check, Evidence, Examination, Finding, Severity, Verdict};
use crate::connector::manifest::Difference;
use crate::installation::paths::CONNECTOR;
use crate::language::{Explain, Language};
use crate::openclaw::version::Version;
use crate::plan::repair::Repair;
use crate::say;
use crate::transaction::step::Attributes;

/// The checks of this family.
pub const CHECKS: [Check; 11] = [
    Check {
        id: "plugin.present",
        severity: Severity::Error,
        english: "the connector's files are there",
        chinese: "连接器的文件齐全",
        judge: present,
    },
    Check {
        id: "plugin.checksum",
        severity: Severity::Warning,
        english: "the connector's tree is as it was installed",
        chinese: "连接器目录与安装时一致",
        judge: checksum,
    },
    Check {
        id: "plugin.version-truth",
        severity: Severity::Info,
        english: "all places tell the same version",
        chinese: "各处记录的版本一致",
        judge: version_truth,
    },
    Check {
        id: "plugin.deps",
        severity: Severity::Error,
        english: "the npm dependencies are there, in versions that work",
        chinese: "npm 依赖齐全且版本可用",
        judge: deps,
    },
    Check {
        id: "plugin.host-link",
        severity: Severity::Error,
        english: "the connector finds the OpenClaw that runs it",
        chinese: "连接器能找到运行它的 OpenClaw",
        judge: host_link,
    },
    Check {
        id: "plugin.ownership",
        severity: Severity::Error,
        english: "the tree belongs to the gateway's user",
        chinese: "目录属于网关的用户",
        judge: ownership,
    },
    Check {
        id: "plugin.mode-link",
        severity: Severity::Error,
        english: "no mode or link makes OpenClaw ignore the plugin",
        chinese: "没有会让 OpenClaw 忽略插件的权限或链接",
        judge: mode_link,
    },
    Check {
        id: "plugin.duplicate",
        severity: Severity::Error,
        english: "there is one copy of the plugin",
        chinese: "插件只有一份",
        judge: duplicate,
    },
    Check {
        id: "plugin.stray",
        severity: Severity::Error,
        english: "nothing in extensions/ makes the config invalid",
        chinese: "extensions/ 中没有会使配置失效的内容",
        judge: stray,
    },
    Check {
        id: "plugin.rival",
        severity: Severity::Warning,
        english: "nobody else takes the bot's messages",
        chinese: "没有其他程序接收同一机器人的消息",
        judge: rival,
    },
    Check {
        id: "plugin.load",
        severity: Severity::Error,
        english: "the running gateway has loaded the connector",
        chinese: "运行中的网关已加载连接器",
        judge: load,
    },
];

/// The first version that follows a symbolic link to a plugin.
const LINKS_ARE_FOLLOWED: Version = Version::of(2026, 4, 26);

fn present(examination: &Examination, language: Language) -> Verdict {
    if !examination.has_dingtalk() {
        return not_set_up(language);
    }
    let hint = say!(
        language,
        "Bring it back: openclaw-setup install (or openclaw-setup rollback, if one of our transactions took it away)",
        "重新安装：openclaw-setup install（若是本程序的事务移除的，可用 openclaw-setup rollback）"
    );
    let place = examination.picture.paths.connector.display().to_string();
    let silent = say!(
        language,
        "the bot is silent, or the gateway does not start",
        "机器人不回复，或网关无法启动"
    );
    let Some(tree) = &examination.tree else {
        let text = say!(language, "{place} does not exist", "{place} 不存在");
        return Finding::error(text, hint).about(place).seen_as(silent).into();
    };
    let flaws = [tree.package.as_ref().err(), tree.manifest.as_ref().err()];
    let mut findings: Vec<Finding> = flaws
        .into_iter()
        .flatten()
        .map(|flaw| Finding::error(flaw.problem(language), hint.clone()))
        .collect();
    let missing = tree.examined.iter().filter(|file| file.decides && file.attributes.is_none());
    findings.extend(missing.map(|file| {
        let path = file.path.display();
        let text = say!(language, "the entry {path} is missing", "缺少入口文件 {path}");
        Finding::error(text, hint.clone()).about(path.to_string())
    }));
    Verdict::Found(findings.into_iter().map(|finding| finding.seen_as(silent.clone())).collect())
}

/// How many deviating paths are listed.
const LISTED: usize = 10;

fn checksum(examination: &Examination, language: Language) -> Verdict {
    let Some(deviations) = &examination.deviations else {
        return Verdict::Skipped(say!(
            language,
            "openclaw-setup did not install this connector, so there is no list to compare with",
            "此连接器不是由 openclaw-setup 安装的，没有可比对的清单"
        ));
    };
    if deviations.is_empty() {
        return Verdict::well();
    }
    let count = deviations.len();
    let tree = &examination.picture.paths.connector;
    let word = |kind| match kind {
        Difference::Missing => say!(language, "missing", "缺失"),
        Difference::Extra => say!(language, "not ours", "多出"),
        Difference::Changed => say!(language, "changed", "内容被改"),
        Difference::Mode => say!(language, "other permissions", "权限被改"),
        Difference::Type => say!(language, "other type", "类型被改"),
        Difference::Target => say!(language, "link leads elsewhere", "链接目标被改"),
    };
    let listed = deviations.iter().take(LISTED).map(|deviation| {
        Evidence::in_file(&tree.join(&deviation.path), None, word(deviation.kind))
    });
    Finding::warning(
        say!(
            language,
            "{count} paths of the connector's tree are not as they were installed",
            "连接器目录有 {count} 处与安装时不一致"
        ),
        say!(
            language,
            "List them all: openclaw-setup verify\nPut the tree back: openclaw-setup install",
            "查看全部：openclaw-setup verify\n恢复目录：openclaw-setup install"
        ),
    )
    .about(tree.display().to_string())
    .seen_as(say!(
        language,
        "works on another machine and not here, although the version is the same",
        "同一版本在别的机器上正常，在这里却不正常"
    ))
    .proven_by(listed)
    .into()
}

/// Releases whose package and manifest are known to differ: (package, manifest).
const KNOWN_MISMATCHES: [(&str, &str); 5] = [
    ("0.5.0", "0.4.0"),
    ("0.6.1", "0.6.0"),
    ("0.6.1", "0.7.0"),
    ("0.7.1", "0.7.2"),
    ("0.7.5", "0.7.4"),
];

fn version_truth(examination: &Examination, language: Language) -> Verdict {
    let Some(tree) = &examination.tree else { return not_set_up(language) };
    let (Ok(package), Ok(manifest)) = (&tree.package, &tree.manifest) else {
        return Verdict::Skipped(no_version(language));
    };
    let version = package.version.as_str();
    let record = examination.text(&["plugins", "installs", CONNECTOR, "version"]);
    let told = manifest.version.as_deref();
    let differs = |other: Option<&str>| other.is_some_and(|other| other != version);
    let is_known = told.is_some_and(|told| KNOWN_MISMATCHES.contains(&(version, told)));
    if !(differs(told) && !is_known || differs(record)) {
        return Verdict::well();
    }
    let path = ["plugins", "installs", CONNECTOR, "version"];
    Finding::info(
        say!(
            language,
            "the places that tell the connector's version disagree; its package.json says {version}",
            "记录连接器版本的几处不一致；其 package.json 为 {version}"
        ),
        say!(
            language,
            "openclaw plugins list shows the manifest's, plugins.installs the package's. To make the record true: openclaw-setup install",
            "openclaw plugins list 显示的是 manifest 的版本，plugins.installs 记录的是 package 的版本。更正记录：openclaw-setup install"
        ),
    )
    .about(tree.path.display().to_string())
    .read(tree.path.join("package.json").display().to_string(), version)
    .read(tree.path.join("openclaw.plugin.json").display().to_string(), told.unwrap_or("–"))
    .proven_by(record.map(|_| Evidence::of_key(examination, &path)))
    .into()
}

fn deps(examination: &Examination, language: Language) -> Verdict {
    let Some(tree) = &examination.tree else { return not_set_up(language) };
    let mut findings = Vec::new();
    let modules = tree.path.join("node_modules");
    let reinstall = say!(
        language,
        "Fetch them again: openclaw-setup install",
        "重新获取依赖：openclaw-setup install"
    );
    let lacking: Vec<&str> = tree
        .dependencies
        .iter()
        .filter(|dependency| dependency.found.is_none())
        .map(|dependency| dependency.name.as_str())
        .collect();
    if !lacking.is_empty() {
        let names = lacking.join(", ");
        let text =
            say!(language, "npm dependencies are missing: {names}", "缺少 npm 依赖：{names}");
        findings.push(
            Finding::error(text, reinstall.clone())
                .about(modules.display().to_string())
                .seen_as(format!("Cannot find module '{}'", lacking[0]))
                .read(modules.display().to_string(), names),
        );
    }
    let stream = tree.dependencies.iter().find(|dependency| dependency.name == "dingtalk-stream");
    if let Some(found) = stream.and_then(|stream| stream.found.as_deref()).filter(|v| *v == "2.1.5")
    {
        let place = modules.join("dingtalk-stream/package.json").display().to_string();
        let text = say!(
            language,
            "dingtalk-stream {found} cannot connect to DingTalk; 2.1.4 can",
            "dingtalk-stream {found} 无法连接钉钉，2.1.4 可以"
        );
        findings.push(
            Finding::error(text, reinstall)
                .about(place.clone())
                .seen_as(say!(language, "the bot never answers", "机器人不回复"))
                .read(place, found),
        );
    }
    Verdict::Found(findings)
}

fn host_link(examination: &Examination, language: Language) -> Verdict {
    let Some(tree) = &examination.tree else { return not_set_up(language) };
    match examination.connector_is_below(8, 17) {
        Some(false) => {}
        Some(true) => {
            return Verdict::Skipped(say!(
                language,
                "only connectors from 0.8.17 on need the link",
                "仅 0.8.17 及以上版本的连接器需要该链接"
            ));
        }
        None => return Verdict::Skipped(no_version(language)),
    }
    let Some(package) = &examination.picture.program.package else {
        return Verdict::Skipped(say!(
            language,
            "OpenClaw's package was not found",
            "未找到 OpenClaw 的安装位置"
        ));
    };
    if tree.host_link.as_ref() == package.canonicalize().ok().as_ref() {
        return Verdict::well();
    }
    let (link, host) = (tree.path.join("node_modules/openclaw"), package.display());
    let (shown, leads) = (link.display().to_string(), tree.host_link.as_ref());
    let leads = leads.map_or_else(|| "–".to_owned(), |path| path.display().to_string());
    Finding::error(
        say!(
            language,
            "{shown} does not lead to the OpenClaw that runs ({host})",
            "{shown} 没有指向正在运行的 OpenClaw（{host}）"
        ),
        format!("ln -sfn {host} {shown}"),
    )
    .about(shown.clone())
    .seen_as("Cannot find package 'openclaw' / Cannot find module 'openclaw/plugin-sdk/core'")
    .read(shown, leads)
    .into()
}

/// The user as whom the gateway runs.
fn gateway_uid(examination: &Examination) -> u32 {
    let of_process = examination.process.as_ref().and_then(|process| process.uid);
    of_process.unwrap_or(examination.picture.account.uid)
}

fn foreign<'a>(examination: &Examination, tree: &'a Tree) -> Vec<(&'a Examined, Attributes)> {
    let uid = gateway_uid(examination);
    let owned = tree.examined.iter().filter(|file| file.decides);
    owned
        .filter_map(|file| Some((file, file.attributes?)))
        .filter(|(_, found)| found.uid != uid && found.uid != 0)
        .collect()
}

fn ownership(examination: &Examination, language: Language) -> Verdict {
    let Some(tree) = &examination.tree else { return not_set_up(language) };
    let uid = gateway_uid(examination);
    let may_change = examination.picture.account.uid == 0;
    let gid = examination.picture.account.gid;
    let findings = foreign(examination, tree).into_iter().map(|(file, found)| {
        let (path, owner) = (file.path.display(), found.uid);
        let after = Attributes { uid, gid, ..found };
        Finding::error(
            say!(
                language,
                "{path} belongs to uid {owner}; OpenClaw runs as uid {uid} and loads only its own or root's",
                "{path} 属于 uid {owner}；OpenClaw 以 uid {uid} 运行，只加载自己或 root 的文件"
            ),
            format!("sudo chown -R {uid}:{gid} {}", tree.path.display()),
        )
        .about(path.to_string())
        .seen_as("blocked plugin candidate: suspicious ownership")
        .read(path.to_string(), found.to_string())
        .repaired_by(may_change.then(|| Repair::Attributes {
            path: file.path.clone(),
            before: found,
            after,
        }))
    });
    Verdict::Found(findings.collect())
}

fn mode_link(examination: &Examination, language: Language) -> Verdict {
    let Some(tree) = &examination.tree else { return not_set_up(language) };
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(linked_root(examination, tree, language));
    for file in &tree.examined {
        findings.extend(world_writable(examination, file, language));
        findings.extend(hard_linked(file, language));
        findings.extend(escaping(file, language));
    }
    let vanished = say!(
        language,
        "the channel vanishes (unknown channel id); the log says “blocked plugin candidate”",
        "频道消失（unknown channel id）；日志中有“blocked plugin candidate”"
    );
    Verdict::Found(findings.into_iter().map(|finding| finding.seen_as(vanished.clone())).collect())
}

fn ignores_links(examination: &Examination) -> bool {
    examination.openclaw().is_none_or(|version| version < LINKS_ARE_FOLLOWED)
}

fn linked_root(examination: &Examination, tree: &Tree, language: Language) -> Option<Finding> {
    let target = tree.link.as_ref().filter(|_| ignores_links(examination))?.display().to_string();
    let path = tree.path.display().to_string();
    Some(
        Finding::error(
            say!(
                language,
                "{path} is a symbolic link; OpenClaw before 2026.4.26 ignores it",
                "{path} 是符号链接；2026.4.26 之前的 OpenClaw 会忽略它"
            ),
            format!(
                "cp -aL {path} {path}.backup-copy && rm {path} && mv {path}.backup-copy {path}"
            ),
        )
        .about(path.clone())
        .read(path, format!("-> {target}")),
    )
}

fn world_writable(
    examination: &Examination,
    file: &Examined,
    language: Language,
) -> Option<Finding> {
    let found = file.attributes.filter(|found| file.decides && found.mode & 0o002 != 0)?;
    let (path, mode) = (file.path.display().to_string(), found.mode);
    let account = examination.picture.account.uid;
    let repair = Repair::Attributes {
        path: file.path.clone(),
        before: found,
        after: Attributes { mode: mode & !0o022, ..found },
    };
    Some(
        Finding::error(
            say!(
                language,
                "{path} can be written by anybody (mode {mode:04o}): OpenClaw does not load it",
                "{path} 任何人都可写（权限 {mode:04o}）：OpenClaw 不会加载它"
            ),
            format!("chmod go-w {path}"),
        )
        .about(path.clone())
        .read(path, found.to_string())
        .repaired_by((account == 0 || account == found.uid).then_some(repair)),
    )
}

fn hard_linked(file: &Examined, language: Language) -> Option<Finding> {
    let links = Some(file.links).filter(|links| *links > 1)?;
    let path = file.path.display().to_string();
    Some(
        Finding::error(
            say!(
                language,
                "{path} has {links} hard links: OpenClaw refuses it (a cp -l or a deduplicator made them)",
                "{path} 有 {links} 个硬链接：OpenClaw 拒绝加载（可能由 cp -l 或去重工具造成）"
            ),
            format!("cp -p {path} {path}.new && mv {path}.new {path}"),
        )
        .about(path.clone())
        .read(path, format!("nlink {links}"))
        .repaired_by([Repair::Unlink { path: file.path.clone() }]),
    )
}

fn escaping(file: &Examined, language: Language) -> Option<Finding> {
    let path = file.escapes.then(|| file.path.display().to_string())?;
    Some(
        Finding::error(
            say!(
                language,
                "{path} leads out of the plugin's directory: OpenClaw refuses it",
                "{path} 指向插件目录之外：OpenClaw 拒绝加载"
            ),
            say!(
                language,
                "Install it again: openclaw-setup install",
                "请重新安装：openclaw-setup install"
            ),
        )
        .about(path),
    )
}

/// Why OpenClaw does not discover the plugin at all, one phrase for each cause.
pub(super) fn hidden_because(examination: &Examination, language: Language) -> Vec<String> {
    let Some(tree) = &examination.tree else {
        let place = examination.picture.paths.connector.display();
        return vec![say!(language, "{place} does not exist", "{place} 不存在")];
    };
    let mut causes: Vec<String> = Vec::new();
    causes.extend(tree.manifest.as_ref().err().map(|flaw| flaw.problem(language)));
    if tree.link.is_some() && ignores_links(examination) {
        causes.push(say!(language, "it is a symbolic link", "它是符号链接"));
    }
    let mut note = |is: bool, text: String| {
        if is && !causes.contains(&text) {
            causes.push(text);
        }
    };
    note(
        tree.examined.iter().any(|file| file.decides && file.attributes.is_none()),
        say!(language, "its entry file is missing", "缺少入口文件"),
    );
    let writable = |file: &Examined| {
        file.decides && file.attributes.is_some_and(|found| found.mode & 0o002 != 0)
    };
    note(
        tree.examined.iter().any(writable),
        say!(language, "it can be written by anybody", "任何人都可写"),
    );
    note(
        tree.examined.iter().any(|file| file.links > 1),
        say!(language, "a file of it has hard links", "其中有文件存在硬链接"),
    );
    note(
        !foreign(examination, tree).is_empty(),
        say!(language, "it belongs to another user", "它属于其他用户"),
    );
    causes
}

fn duplicate(examination: &Examination, language: Language) -> Verdict {
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

fn stray(examination: &Examination, language: Language) -> Verdict {
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

fn rival(examination: &Examination, language: Language) -> Verdict {
    let Some(effective) = examination.effective() else {
        return super::config::unreadable(language);
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

/// The gateway's own log does not lie: `plugins list` and `/readyz` do (OpenClaw 2026.3.13).
fn load(examination: &Examination, language: Language) -> Verdict {
    if examination.tree.is_none() {
        return not_set_up(language);
    }
    if !examination.is_up() || examination.log.lines == 0 {
        return Verdict::Skipped(say!(
            language,
            "the gateway does not run, or its log cannot be read",
            "网关未运行，或无法读取其日志"
        ));
    }
    let Some(heard) = examination.log.about("plugin.load").next() else { return Verdict::well() };
    let unit = &examination.picture.paths.unit;
    Finding::error(
        say!(
            language,
            "the running gateway could not load the connector: {}",
            "运行中的网关未能加载连接器：{}",
            heard.sample
        ),
        say!(
            language,
            "compat.matrix and plugin.deps tell the usual causes; the whole log: journalctl --user -u {unit} -n 50",
            "常见原因见 compat.matrix 与 plugin.deps；完整日志：journalctl --user -u {unit} -n 50"
        ),
    )
    .about(examination.picture.paths.connector.display().to_string())
    .into()
}

/// The paths whose content a repair needs.
#[must_use]
pub fn rewritten(repairs: &[Repair]) -> Vec<PathBuf> {
    let paths = repairs.iter().filter_map(|repair| match repair {
        Repair::Unlink { path } => Some(path.as_path()),
        _ => None,
    });
    paths.map(Path::to_owned).collect()
}
