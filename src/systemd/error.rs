//! Why the user manager could not be asked, or would not obey.

use super::Verb;
use crate::language::{Explain, Language};
use crate::say;

/// What was being done when the manager failed us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Opening the bus.
    Connect,
    /// Asking the manager about itself.
    AskManager,
    /// Reading the state of a unit.
    ReadUnit(String),
    /// Re-reading all unit files.
    Reload,
    /// Waiting for a job that somebody else has queued on this unit.
    WaitForOthers(String),
    /// Our own job on a unit.
    Job(Verb, String),
    /// Clearing a unit's failed state.
    ResetFailed(String),
    /// Asking logind whether the manager may run without a login.
    Linger,
}

impl Step {
    fn text(&self, language: Language) -> String {
        match self {
            Self::Connect => say!(language, "connecting to it", "建立连接"),
            Self::AskManager => say!(language, "asking for its properties", "查询其属性"),
            Self::ReadUnit(unit) => say!(language, "reading {unit}", "读取 {unit}"),
            Self::Reload => say!(language, "reloading unit files", "重新加载单元文件"),
            Self::WaitForOthers(unit) => {
                say!(language, "waiting for another job on {unit}", "等待 {unit} 上的其他任务")
            }
            Self::Job(verb, unit) => {
                let (english, chinese) = match verb {
                    Verb::Start => ("starting", "启动"),
                    Verb::Stop => ("stopping", "停止"),
                    Verb::Restart => ("restarting", "重启"),
                };
                say!(language, "{english} {unit}", "{chinese} {unit}")
            }
            Self::ResetFailed(unit) => {
                say!(language, "resetting {unit}", "重置 {unit} 的失败状态")
            }
            Self::Linger => {
                say!(language, "asking logind to let it linger", "请求 logind 设置 linger")
            }
        }
    }
}

/// Everything that can go wrong between us and `systemd --user`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManagerError {
    /// No user manager answers at any of the places where one may be: nobody is logged in and
    /// lingering is off, or this machine runs no systemd.
    Absent {
        /// The user whose manager was looked for.
        uid: u32,
        /// Each place, with what was found there.
        looked: Vec<String>,
    },
    /// The deadline passed without an answer.
    Hung {
        /// What was being done.
        step: Step,
    },
    /// The manager's socket is there and turns us away.
    Refused {
        /// The socket or bus address.
        place: String,
        /// What it said.
        reason: String,
    },
    /// The connection or the manager went away while we were using it.
    Died {
        /// What was being done.
        step: Step,
        /// What the connection said last.
        reason: String,
    },
    /// The operator asked us to stop.
    Interrupted {
        /// What was being done.
        step: Step,
    },
    /// systemd knows no unit of this name.
    NoSuchUnit {
        /// The unit.
        unit: String,
    },
    /// The unit is masked, so nothing can start it.
    UnitMasked {
        /// The unit.
        unit: String,
    },
    /// systemd could not parse the unit file.
    UnitBroken {
        /// The unit.
        unit: String,
        /// systemd's own words.
        reason: String,
    },
    /// The manager said no, for a reason that has no variant of its own.
    Rejected {
        /// What was being done.
        step: Step,
        /// The manager's own words.
        reason: String,
    },
    /// logind did not switch lingering on or off.
    LingerRefused {
        /// The user.
        uid: u32,
        /// `enable` or `disable`.
        verb: &'static str,
        /// What the bus, logind or polkit said.
        reason: String,
    },
    /// A program of systemd's could not be run.
    CannotRun {
        /// The program.
        program: String,
        /// What the kernel said.
        reason: String,
    },
}

impl Explain for ManagerError {
    fn code(&self) -> &'static str {
        match self {
            Self::Absent { .. } => "systemd.absent",
            Self::Hung { .. } => "systemd.hung",
            Self::Refused { .. } => "systemd.refused",
            Self::Died { .. } => "systemd.died",
            Self::Interrupted { .. } => "systemd.interrupted",
            Self::NoSuchUnit { .. } => "systemd.no-such-unit",
            Self::UnitMasked { .. } => "systemd.unit-masked",
            Self::UnitBroken { .. } => "systemd.unit-broken",
            Self::Rejected { .. } => "systemd.rejected",
            Self::LingerRefused { .. } => "systemd.linger-refused",
            Self::CannotRun { .. } => "systemd.cannot-run",
        }
    }

    fn problem(&self, language: Language) -> String {
        match self {
            Self::Absent { uid, looked } => {
                let looked = looked.join("; ");
                say!(
                    language,
                    "no systemd user manager answers for uid {uid} ({looked})",
                    "uid {uid} 没有可用的 systemd 用户管理器（{looked}）"
                )
            }
            Self::Hung { step } => {
                let step = step.text(language);
                say!(
                    language,
                    "the systemd user manager did not answer in time while {step}",
                    "systemd 用户管理器未在限定时间内响应（{step}）"
                )
            }
            Self::Refused { place, reason } => say!(
                language,
                "the user manager at {place} refuses this process: {reason}",
                "{place} 的用户管理器拒绝了本进程：{reason}"
            ),
            Self::Died { step, reason } => {
                let step = step.text(language);
                say!(
                    language,
                    "the systemd user manager went away while {step}: {reason}",
                    "systemd 用户管理器在操作中消失（{step}）：{reason}"
                )
            }
            Self::Interrupted { step } => {
                let step = step.text(language);
                say!(language, "interrupted while {step}", "已中断（{step}）")
            }
            Self::Rejected { step, reason } => {
                let step = step.text(language);
                say!(
                    language,
                    "the systemd user manager refused ({step}): {reason}",
                    "systemd 用户管理器拒绝了操作（{step}）：{reason}"
                )
            }
            Self::LingerRefused { uid, verb, reason } => say!(
                language,
                "logind refused to {verb} lingering for uid {uid}: {reason}",
                "logind 拒绝为 uid {uid} 设置 linger（{verb}）：{reason}"
            ),
            Self::CannotRun { program, reason } => {
                say!(language, "cannot run {program}: {reason}", "无法运行 {program}：{reason}")
            }
            about_a_unit => about_a_unit.problem_of_the_unit(language),
        }
    }

    fn remedy(&self, language: Language) -> String {
        match self {
            Self::Absent { uid, .. } => say!(
                language,
                "log in as that user, or keep their manager running without a login:\n\
                 loginctl enable-linger $(id -un {uid})",
                "以该用户登录，或让其管理器在未登录时也保持运行：\n\
                 loginctl enable-linger $(id -un {uid})"
            ),
            Self::Hung { .. } => say!(
                language,
                "See whether it lives and what it does, then run the command again: systemctl --user status; as root, a dead one is started by: systemctl restart user@$(id -u NAME)",
                "请查看它是否存活、在做什么，然后重新运行本命令：systemctl --user status；若已死，由 root 启动：systemctl restart user@$(id -u 用户名)"
            ),
            Self::Refused { .. } => say!(
                language,
                "run as the user who owns that manager; as root, use --user NAME",
                "请以该管理器所属的用户运行；若是 root，请使用 --user NAME"
            ),
            Self::Died { .. } => say!(
                language,
                "log in again, then:\nopenclaw-setup recover",
                "重新登录后执行：\nopenclaw-setup recover"
            ),
            Self::Interrupted { .. } => {
                say!(language, "run the command again", "请重新运行本命令")
            }
            Self::NoSuchUnit { .. } => say!(
                language,
                "let OpenClaw write its unit:\nopenclaw gateway install",
                "让 OpenClaw 创建它的单元：\nopenclaw gateway install"
            ),
            Self::UnitMasked { unit } => {
                say!(language, "systemctl --user unmask {unit}", "systemctl --user unmask {unit}")
            }
            Self::UnitBroken { unit, .. } => say!(
                language,
                "find the line with:\nsystemd-analyze --user verify {unit}",
                "用以下命令定位出错的行：\nsystemd-analyze --user verify {unit}"
            ),
            Self::Rejected { .. } => say!(
                language,
                "look at the manager's own messages:\njournalctl --user -n 50",
                "查看管理器自己的日志：\njournalctl --user -n 50"
            ),
            Self::LingerRefused { uid, verb, .. } => {
                let command = format!("sudo loginctl {verb}-linger $(id -un {uid})");
                say!(language, "As root: {command}", "请由 root 执行：{command}")
            }
            Self::CannotRun { .. } => {
                say!(language, "install the package systemd", "请安装 systemd 软件包")
            }
        }
    }
}

impl ManagerError {
    fn problem_of_the_unit(&self, language: Language) -> String {
        match self {
            Self::NoSuchUnit { unit } => say!(
                language,
                "systemd knows no user unit named {unit}",
                "systemd 中没有名为 {unit} 的用户单元"
            ),
            Self::UnitMasked { unit } => say!(
                language,
                "the unit {unit} is masked, so nothing can start it",
                "单元 {unit} 已被屏蔽（masked），无法启动"
            ),
            Self::UnitBroken { unit, reason } => say!(
                language,
                "systemd cannot read the unit file of {unit}: {reason}",
                "systemd 无法解析 {unit} 的单元文件：{reason}"
            ),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_explains_itself_in_both_languages() {
        let step = Step::Job(Verb::Stop, "g.service".to_owned());
        let (unit, reason) = ("g.service".to_owned(), "because".to_owned());
        let errors = [
            ManagerError::Absent { uid: 7, looked: vec!["here: nothing".to_owned()] },
            ManagerError::Hung { step: step.clone() },
            ManagerError::Refused { place: "there".to_owned(), reason: reason.clone() },
            ManagerError::Died { step: step.clone(), reason: reason.clone() },
            ManagerError::Interrupted { step: step.clone() },
            ManagerError::NoSuchUnit { unit: unit.clone() },
            ManagerError::UnitMasked { unit: unit.clone() },
            ManagerError::UnitBroken { unit, reason: reason.clone() },
            ManagerError::Rejected { step, reason: reason.clone() },
            ManagerError::LingerRefused { uid: 7, verb: "enable", reason: reason.clone() },
            ManagerError::CannotRun { program: "systemctl".to_owned(), reason },
        ];
        for (at, error) in errors.iter().enumerate() {
            let both = [Language::English, Language::Chinese];
            let [english, chinese] = both.map(|language| error.problem(language));
            assert!(!english.is_empty() && english != chinese, "{error:?}");
            assert!(both.iter().all(|&language| !error.remedy(language).is_empty()), "{error:?}");
            assert!(errors[..at].iter().all(|other| other.code() != error.code()), "{error:?}");
        }
    }
}
