//! The machine: Node.js, ffprobe, space, and what was left lying about.

use super::skipped::not_set_up;
use super::{Check, Examination, Finding, Severity, Verdict};
use crate::language::Language;
use crate::openclaw::version::Version;
use crate::plan::repair::Repair;
use crate::say;

/// The checks of this family.
pub const CHECKS: [Check; 4] = [
    Check {
        id: "host.node",
        severity: Severity::Error,
        english: "Node.js is new enough for this OpenClaw",
        chinese: "Node.js 版本满足此 OpenClaw 的要求",
        judge: node,
    },
    Check {
        id: "host.ffprobe",
        severity: Severity::Info,
        english: "ffprobe is there for audio and video",
        chinese: "有处理音视频所需的 ffprobe",
        judge: ffprobe,
    },
    Check {
        id: "host.space",
        severity: Severity::Warning,
        english: "there is room for one more copy of the connector",
        chinese: "磁盘空间足够再放一份连接器",
        judge: space,
    },
    Check {
        id: "host.leftovers",
        severity: Severity::Warning,
        english: "nothing unfinished lies about",
        chinese: "没有未完成的遗留物",
        judge: leftovers,
    },
];

/// The first OpenClaw that was seen to need Node.js 24.16.
const NEEDS_24: Version = Version::of(2026, 9, 6);

fn node(examination: &Examination, language: Language) -> Verdict {
    let Some(found) = &examination.host.node else {
        return Verdict::Skipped(say!(
            language,
            "the unit's Node.js is not known, or does not tell its version",
            "无法得知服务单元使用的 Node.js 或其版本"
        ));
    };
    let (Some(openclaw), Ok(version)) = (examination.openclaw(), semver::Version::parse(found))
    else {
        return Verdict::Skipped(say!(
            language,
            "OpenClaw's version is not known",
            "无法得知 OpenClaw 版本"
        ));
    };
    let needed = if openclaw >= NEEDS_24 { (24, 16) } else { (22, 16) };
    if (version.major, version.minor) >= needed {
        return Verdict::well();
    }
    let (major, minor) = needed;
    let place = examination.picture.program.node.as_ref();
    let place = place.map_or_else(|| "node".to_owned(), |path| path.display().to_string());
    Finding::error(
        say!(
            language,
            "OpenClaw {openclaw} needs Node.js {major}.{minor} or later; its unit starts {found}",
            "OpenClaw {openclaw} 需要 Node.js {major}.{minor} 及以上；其服务单元使用的是 {found}"
        ),
        say!(
            language,
            "Install it, then let the unit use it: openclaw gateway install --force",
            "安装新版本后让服务单元使用它：openclaw gateway install --force"
        ),
    )
    .about(place.clone())
    .seen_as(say!(language, "syntax errors at the start of the gateway", "网关启动时报语法错误"))
    .read(format!("{place} --version"), found.clone())
    .into()
}

fn ffprobe(examination: &Examination, language: Language) -> Verdict {
    if examination.tree.is_none() {
        return not_set_up(language);
    }
    if examination.speaks_http() != Some(true) {
        return Verdict::Skipped(say!(
            language,
            "connectors from 0.8.0 on bring their own",
            "0.8.0 及以上版本的连接器自带"
        ));
    }
    let Some(path) = &examination.host.path else {
        return Verdict::Skipped(say!(
            language,
            "the PATH of the gateway is not known",
            "无法得知网关的 PATH"
        ));
    };
    if examination.host.ffprobe.is_some() {
        return Verdict::well();
    }
    Finding::info(
        say!(
            language,
            "ffprobe is not on the gateway's PATH: audio and video messages fail, text works",
            "网关的 PATH 中没有 ffprobe：音视频消息会失败，文本消息不受影响"
        ),
        "sudo apt install ffmpeg".to_owned(),
    )
    .about("ffprobe")
    .read("PATH", path.clone())
    .into()
}

/// The smallest room that is worth a word, in bytes: connector 0.6.0 with its dependencies.
const ROOM: u64 = 85 * 1024 * 1024;

fn space(examination: &Examination, language: Language) -> Verdict {
    let Some(free) = examination.host.free else {
        return Verdict::Skipped(say!(
            language,
            "the file system does not tell its free space",
            "文件系统未提供可用空间信息"
        ));
    };
    let tree = examination.tree.as_ref().map_or(0, |tree| tree.bytes);
    let needed = (2 * tree).max(2 * ROOM);
    if free >= needed {
        return Verdict::well();
    }
    let place = examination.picture.paths.state_dir.display().to_string();
    let mebi = |bytes: u64| bytes / (1024 * 1024);
    let (free, needed) = (mebi(free), mebi(needed));
    Finding::warning(
        say!(
            language,
            "{free} MiB are free where {place} is; an installation with a way back needs {needed} MiB",
            "{place} 所在文件系统仅剩 {free} MiB；可回退的安装需要 {needed} MiB"
        ),
        format!("df -h {place}; du -xh --max-depth=2 {place} | sort -h | tail"),
    )
    .about(place.clone())
    .seen_as("ENOSPC")
    .read(place, format!("{free} MiB"))
    .into()
}

fn leftovers(examination: &Examination, language: Language) -> Verdict {
    let mut findings = Vec::new();
    if let Some((id, command)) = &examination.pending {
        let text = say!(language, "{command} ({id}) was cut off", "{command}（{id}）被中断");
        findings.push(
            Finding::warning(text, "openclaw-setup recover".to_owned())
                .about(id.clone())
                .read(format!("transactions/{id}/state"), "open"),
        );
    }
    let repairs_stray = |path: &std::path::PathBuf| !examination.neighbours.broken.contains(path);
    for stage in examination.neighbours.stages.iter().filter(|path| repairs_stray(path)) {
        let path = stage.display().to_string();
        findings.push(
            Finding::warning(
                say!(
                    language,
                    "{path} was left by an openclaw plugins install that did not end; OpenClaw scans it",
                    "{path} 是未完成的 openclaw plugins install 留下的；OpenClaw 会扫描它"
                ),
                say!(
                    language,
                    "Move it out of OpenClaw's sight: openclaw-setup doctor --fix host.leftovers",
                    "将其移出 OpenClaw 的扫描范围：openclaw-setup doctor --fix host.leftovers"
                ),
            )
            .about(path.clone())
            .read(path, "OpenClaw")
            .repaired_by([Repair::MoveOut { path: stage.clone() }]),
        );
    }
    Verdict::Found(findings)
}
