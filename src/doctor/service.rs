//! The unit and its manager: reachable, enabled, able to start, and not flapping.

use super::{Check, Evidence, Examination, Finding, Severity, Verdict};
use crate::installation::service::ServicePicture;
use crate::language::{Explain, Language};
use crate::openclaw::version::Version;
use crate::plan::repair::Repair;
use crate::say;
use crate::systemd::{ActiveState, LoadState};

/// The checks of this family.
pub const CHECKS: [Check; 4] = [
    Check {
        id: "service.bus",
        severity: Severity::Error,
        english: "the systemd user manager can be reached",
        chinese: "能够连接 systemd 用户管理器",
        judge: bus,
    },
    Check {
        id: "service.linger",
        severity: Severity::Warning,
        english: "the gateway lives on after logout",
        chinese: "注销后网关仍会运行",
        judge: linger,
    },
    Check {
        id: "service.unit",
        severity: Severity::Error,
        english: "the gateway's unit is there, enabled, and starts what is installed",
        chinese: "网关服务单元存在、已启用，且启动的是已安装的程序",
        judge: unit,
    },
    Check {
        id: "service.crashloop",
        severity: Severity::Error,
        english: "the gateway stays up",
        chinese: "网关没有反复重启",
        judge: crashloop,
    },
];

fn bus(examination: &Examination, language: Language) -> Verdict {
    if let Some(error) = &examination.manager_error {
        return Finding::error(error.problem(language), error.remedy(language))
            .seen_as("Failed to connect to bus")
            .into();
    }
    let ServicePicture::Unmanaged = examination.picture.service else { return Verdict::well() };
    let account = &examination.picture.account;
    let (name, uid) = (&account.name, account.uid);
    Finding::error(
        say!(
            language,
            "no systemd user manager runs for {name} (uid {uid})",
            "{name}（uid {uid}）没有正在运行的 systemd 用户管理器"
        ),
        say!(
            language,
            "Start it, now and at every boot: sudo loginctl enable-linger {name}\nAs root for that user: openclaw-setup --user {name} doctor",
            "立即并在每次开机时启动：sudo loginctl enable-linger {name}\n以 root 身份代为操作：openclaw-setup --user {name} doctor"
        ),
    )
    .about(format!("/run/user/{uid}"))
    .seen_as("Failed to connect to bus: No medium found")
    .read(format!("/run/user/{uid}"), say!(language, "no bus, no systemd/private", "没有 bus，也没有 systemd/private"))
    .into()
}

fn linger(examination: &Examination, language: Language) -> Verdict {
    let name = &examination.picture.account.name;
    match examination.host.lingers {
        Some(true) => Verdict::well(),
        None => Verdict::Skipped(say!(
            language,
            "this system has no /var/lib/systemd",
            "此系统没有 /var/lib/systemd"
        )),
        Some(false) => Finding::warning(
            say!(
                language,
                "lingering is off for {name}: the gateway ends with the last logout and does not start at boot",
                "{name} 未启用 linger：最后一个会话注销后网关就会停止，开机也不会自动启动"
            ),
            if examination.host.may_linger {
                say!(
                    language,
                    "Switch it on: openclaw-setup doctor --fix service.linger",
                    "启用：openclaw-setup doctor --fix service.linger"
                )
            } else {
                format!("sudo loginctl enable-linger {name}")
            },
        )
        .repaired_by(examination.host.may_linger.then_some(Repair::Linger))
        .about(format!("/var/lib/systemd/linger/{name}"))
        .seen_as(say!(language, "the bot dies after logout", "注销后机器人停止工作"))
        .read(format!("/var/lib/systemd/linger/{name}"), say!(language, "does not exist", "不存在"))
        .into(),
    }
}

const REINSTALL: &str = "openclaw gateway install --force";

fn unit(examination: &Examination, language: Language) -> Verdict {
    let Some(managed) = examination.picture.service.managed() else {
        return Verdict::Skipped(say!(
            language,
            "no user manager answers (service.bus)",
            "没有可用的用户管理器（见 service.bus）"
        ));
    };
    let (unit, name) = (&managed.unit, &managed.unit.name);
    let load_state = |finding: Finding| {
        let state = match &unit.load_state {
            LoadState::NotFound => "not-found".to_owned(),
            LoadState::Masked => "masked".to_owned(),
            LoadState::BadSetting => "bad-setting".to_owned(),
            other => format!("{other:?}"),
        };
        finding.about(name.clone()).read(format!("{name} LoadState"), state)
    };
    match unit.load_state {
        LoadState::NotFound => {
            let text = say!(language, "there is no unit {name}", "不存在服务单元 {name}");
            return load_state(Finding::error(text, "openclaw gateway install".to_owned())).into();
        }
        LoadState::Masked => {
            let text = say!(
                language,
                "{name} is masked: nothing can start it",
                "{name} 已被屏蔽（masked），无法启动"
            );
            let hint = format!("systemctl --user unmask {name}");
            return load_state(Finding::error(text, hint)).into();
        }
        LoadState::Loaded | LoadState::Other(_) => {}
        LoadState::BadSetting | LoadState::Error => {
            let why = unit.load_error.as_deref().unwrap_or("–");
            let text = say!(
                language,
                "systemd cannot load {name}: {why}",
                "systemd 无法加载 {name}：{why}"
            );
            return load_state(Finding::error(text, REINSTALL.to_owned())).into();
        }
    }
    let mut findings = missing_programs(examination, name, language);
    if unit.unit_file_state == "disabled" {
        findings.push(
            Finding::warning(
                say!(
                    language,
                    "{name} is not enabled: it does not start at boot, and openclaw gateway restart refuses",
                    "{name} 未启用：开机不会启动，openclaw gateway restart 也会拒绝执行"
                ),
                format!("systemctl --user enable {name}"),
            )
            .about(name.clone())
            .read(format!("{name} UnitFileState"), "disabled"),
        );
    }
    findings.extend(other_version(examination, name, language));
    Verdict::Found(findings)
}

fn missing_programs(examination: &Examination, unit: &str, language: Language) -> Vec<Finding> {
    let missing = examination.host.missing_programs.iter();
    missing
        .map(|path| {
            let path = path.display().to_string();
            Finding::error(
                say!(
                    language,
                    "{unit} starts {path}, which does not exist",
                    "{unit} 要启动的 {path} 不存在"
                ),
                REINSTALL.to_owned(),
            )
            .about(path.clone())
            .seen_as("status=203/EXEC")
            .read(format!("{unit} ExecStart"), path)
        })
        .collect()
}

/// OpenClaw's own doctor asks for the same after an upgrade.
fn other_version(examination: &Examination, unit: &str, language: Language) -> Option<Finding> {
    let told = examination.picture.service.variable("OPENCLAW_SERVICE_VERSION")?;
    let package = examination.picture.program.package.as_ref()?;
    let installed = examination.openclaw()?;
    let differs = Version::parse(&told).is_some_and(|version| version != installed);
    differs.then(|| {
        Finding::info(
            say!(
                language,
                "{unit} was written by OpenClaw {told}, and {installed} is installed",
                "{unit} 由 OpenClaw {told} 写入，而已安装的是 {installed}"
            ),
            REINSTALL.to_owned(),
        )
        .about(unit.to_owned())
        .read(format!("{unit} OPENCLAW_SERVICE_VERSION"), told.clone())
        .read(package.join("package.json").display().to_string(), format!("version {installed}"))
    })
}

/// From here on automatic restarts are no coincidence: OpenClaw restarts itself once or twice when
/// its config changes.
const FLAPS: u32 = 3;

fn crashloop(examination: &Examination, language: Language) -> Verdict {
    let Some(managed) = examination.unit() else {
        return Verdict::Skipped(say!(
            language,
            "the gateway's unit is not known",
            "无法得知网关的服务单元"
        ));
    };
    let unit = &managed.unit;
    let name = &unit.name;
    let evidence = [
        Evidence { place: format!("{name} NRestarts"), fact: unit.n_restarts.to_string() },
        Evidence { place: format!("{name} Result"), fact: unit.result.clone() },
        Evidence {
            place: format!("{name} ExecMainStatus"),
            fact: unit.exec_main_status.to_string(),
        },
    ];
    let tail = examination
        .log
        .tail
        .iter()
        .rev()
        .take(5)
        .rev()
        .map(|line| Evidence { place: examination.log.source.clone(), fact: line.clone() });
    let hint = say!(
        language,
        "Mend what the other findings name. Meanwhile, stop it: systemctl --user stop {name}\nTo return to the state before the last change: openclaw-setup rollback",
        "请先处理其他检查报告的问题。在此期间可停止服务：systemctl --user stop {name}\n回到上次改动之前的状态：openclaw-setup rollback"
    );
    // OpenClaw ends itself with 0 when its config changes, and waits to be started again
    let ended_badly = unit.result != "success" || unit.exec_main_status != 0;
    let waits = unit.sub_state == "auto-restart" && (ended_badly || unit.n_restarts >= FLAPS);
    let loops = waits || unit.n_restarts >= FLAPS;
    let (restarts, result) = (unit.n_restarts, &unit.result);
    let text = if unit.active_state == ActiveState::Failed {
        say!(language, "{name} has failed ({result})", "{name} 已失败（{result}）")
    } else if waits {
        say!(
            language,
            "{name} ends and is started again, over and over ({restarts} times so far)",
            "{name} 不断退出并重启（目前 {restarts} 次）"
        )
    } else if loops {
        say!(
            language,
            "{name} was restarted {restarts} times by itself since it was started",
            "{name} 自启动以来已自动重启 {restarts} 次"
        )
    } else {
        return Verdict::well();
    };
    let down = unit.active_state == ActiveState::Failed || waits;
    let severity = if down { Severity::Error } else { Severity::Warning };
    Finding::of(severity, text, hint)
        .about(name.clone())
        .seen_as(say!(language, "the bot comes and goes", "机器人时好时坏"))
        .proven_by(evidence)
        .proven_by(tail)
        .into()
}
