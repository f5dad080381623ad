//! The connector's tree: is it there, whole, ours, and does OpenClaw accept it?

mod acceptance;
mod company;
mod modules;
mod remedy;

use super::skipped::{no_version, not_set_up};
use super::{Check, Evidence, Examination, Finding, Severity, Verdict};
use crate::connector::manifest::Difference;
use crate::installation::paths::CONNECTOR;
use crate::language::{Explain, Language};
use crate::say;
use remedy::{Remedy, reinstallation, reinstalling, restoring_modes};

pub use acceptance::rewritten;
pub(super) use acceptance::{hidden_because, unhiding};

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
        judge: modules::deps,
    },
    Check {
        id: "plugin.host-link",
        severity: Severity::Error,
        english: "the connector finds the OpenClaw that runs it",
        chinese: "连接器能找到运行它的 OpenClaw",
        judge: modules::host_link,
    },
    Check {
        id: "plugin.ownership",
        severity: Severity::Error,
        english: "the tree belongs to the gateway's user",
        chinese: "目录属于网关的用户",
        judge: acceptance::ownership,
    },
    Check {
        id: "plugin.mode-link",
        severity: Severity::Error,
        english: "no mode or link makes OpenClaw ignore the plugin",
        chinese: "没有会让 OpenClaw 忽略插件的权限或链接",
        judge: acceptance::mode_link,
    },
    Check {
        id: "plugin.duplicate",
        severity: Severity::Error,
        english: "there is one copy of the plugin",
        chinese: "插件只有一份",
        judge: company::duplicate,
    },
    Check {
        id: "plugin.stray",
        severity: Severity::Error,
        english: "nothing in extensions/ makes the config invalid",
        chinese: "extensions/ 中没有会使配置失效的内容",
        judge: company::stray,
    },
    Check {
        id: "plugin.rival",
        severity: Severity::Warning,
        english: "nobody else takes the bot's messages",
        chinese: "没有其他程序接收同一机器人的消息",
        judge: company::rival,
    },
    Check {
        id: "plugin.load",
        severity: Severity::Error,
        english: "the running gateway has loaded the connector",
        chinese: "运行中的网关已加载连接器",
        judge: load,
    },
];

fn present(examination: &Examination, language: Language) -> Verdict {
    if !examination.has_dingtalk() {
        return not_set_up(language);
    }
    let Remedy { repair, hint } = reinstalling(examination, "plugin.present", language);
    let place = examination.picture.paths.connector.display().to_string();
    let silent = say!(
        language,
        "the bot is silent, or the gateway does not start",
        "机器人不回复，或网关无法启动"
    );
    let Some(tree) = &examination.tree else {
        let text = say!(language, "{place} does not exist", "{place} 不存在");
        return Finding::error(text, hint).about(place).seen_as(silent).repaired_by(repair).into();
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
    let told = |finding: Finding| finding.seen_as(silent.clone()).repaired_by(repair.clone());
    Verdict::Found(findings.into_iter().map(told).collect())
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
    let mut repairs = restoring_modes(examination);
    let mut hint = say!(
        language,
        "Give them their permissions back: openclaw-setup doctor --fix plugin.checksum",
        "恢复权限：openclaw-setup doctor --fix plugin.checksum"
    );
    if repairs.is_empty() {
        let whole = reinstalling(examination, "plugin.checksum", language);
        (repairs, hint) = (whole.repair.into_iter().collect(), whole.hint);
    }
    Finding::warning(
        say!(
            language,
            "{count} paths of the connector's tree are not as they were installed",
            "连接器目录有 {count} 处与安装时不一致"
        ),
        say!(
            language,
            "List them all: openclaw-setup verify\n{hint}",
            "查看全部：openclaw-setup verify\n{hint}"
        ),
    )
    .about(tree.display().to_string())
    .seen_as(say!(
        language,
        "works on another machine and not here, although the version is the same",
        "同一版本在别的机器上正常，在这里却不正常"
    ))
    .proven_by(listed)
    .repaired_by(repairs)
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
        return no_version(language);
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
    .repaired_by(reinstallation(examination))
    .into()
}
