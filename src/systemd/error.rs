//! Why the user manager could not be asked, or would not obey.

use super::Verb;
use crate::language::{Explain, Kind};
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
    /// Reading the properties of a unit, or of the manager itself.
    pub(super) fn reading(unit: Option<&str>) -> Self {
        unit.map_or(Self::AskManager, |unit| Self::ReadUnit(unit.to_owned()))
    }

    fn text(&self) -> String {
        match self {
            Self::Connect => say!("connecting to it"),
            Self::AskManager => say!("asking for its properties"),
            Self::ReadUnit(unit) => say!("reading {unit}", unit),
            Self::Reload => say!("reloading unit files"),
            Self::WaitForOthers(unit) => say!("waiting for another job on {unit}", unit),
            Self::Job(verb, unit) => match verb {
                Verb::Start => say!("starting {unit}", unit),
                Verb::Stop => say!("stopping {unit}", unit),
            },
            Self::ResetFailed(unit) => say!("resetting {unit}", unit),
            Self::Linger => say!("asking logind to let it linger"),
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
    fn problem(&self) -> crate::language::Problem {
        crate::language::Problem::new(self.code(), self.message(), self.hint()).of_kind(self.kind())
    }

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

    /// What systemd has said of the unit it will say again; a manager that did not answer may yet.
    fn kind(&self) -> Kind {
        match self {
            Self::Interrupted { .. } => Kind::Interrupted,
            Self::Absent { .. }
            | Self::Hung { .. }
            | Self::Refused { .. }
            | Self::Died { .. }
            | Self::CannotRun { .. } => Kind::Passing,
            Self::NoSuchUnit { .. }
            | Self::UnitMasked { .. }
            | Self::UnitBroken { .. }
            | Self::Rejected { .. }
            | Self::LingerRefused { .. } => Kind::Lasting,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Absent { uid, looked } => {
                let looked = looked.join("; ");
                say!("no systemd user manager answers for uid {uid} ({looked})", uid, looked)
            }
            Self::Hung { step } => {
                let step = step.text();
                say!("the systemd user manager did not answer in time while {step}", step)
            }
            Self::Refused { place, reason } => {
                say!("the user manager at {place} refuses this process: {reason}", place, reason)
            }
            Self::Died { step, reason } => {
                let step = step.text();
                say!("the systemd user manager went away while {step}: {reason}", step, reason)
            }
            Self::Interrupted { step } => {
                let step = step.text();
                say!("interrupted while {step}", step)
            }
            Self::Rejected { step, reason } => {
                let step = step.text();
                say!("the systemd user manager refused ({step}): {reason}", step, reason)
            }
            Self::LingerRefused { uid, verb, reason } => say!(
                "logind refused to {verb} lingering for uid {uid}: {reason}",
                verb,
                uid,
                reason
            ),
            Self::CannotRun { program, reason } => {
                say!("cannot run {program}: {reason}", program, reason)
            }
            about_a_unit => about_a_unit.problem_of_the_unit(),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Absent { uid, .. } => say!(
                "log in as that user, or keep their manager running without a login:\nloginctl enable-linger $(id -un {uid})",
                uid
            ),
            Self::Hung { .. } => say!(
                "See whether it lives and what it does, then run the command again: systemctl --user status; as root, a dead one is started by: systemctl restart user@$(id -u NAME)"
            ),
            Self::Refused { .. } => {
                say!("run as the user who owns that manager; as root, use --user NAME")
            }
            Self::Died { .. } => say!("log in again, then:\nopenclaw-setup recover"),
            Self::Interrupted { .. } => say!("run the command again"),
            Self::NoSuchUnit { .. } => {
                say!("let OpenClaw write its unit:\nopenclaw gateway install")
            }
            Self::UnitMasked { unit } => say!("systemctl --user unmask {unit}", unit),
            Self::UnitBroken { unit, .. } => {
                say!("find the line with:\nsystemd-analyze --user verify {unit}", unit)
            }
            Self::Rejected { .. } => {
                say!("look at the manager's own messages:\njournalctl --user -n 50")
            }
            Self::LingerRefused { uid, verb, .. } => {
                let command = format!("sudo loginctl {verb}-linger $(id -un {uid})");
                say!("As root: {command}", command)
            }
            Self::CannotRun { .. } => say!("install the package systemd"),
        }
    }
}

impl ManagerError {
    fn problem_of_the_unit(&self) -> String {
        match self {
            Self::NoSuchUnit { unit } => say!("systemd knows no user unit named {unit}", unit),
            Self::UnitMasked { unit } => {
                say!("the unit {unit} is masked, so nothing can start it", unit)
            }
            Self::UnitBroken { unit, reason } => {
                say!("systemd cannot read the unit file of {unit}: {reason}", unit, reason)
            }
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

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
            let [english, chinese] = both.map(|language| {
                language.choose();
                error.message()
            });
            assert!(!english.is_empty() && english != chinese, "{error:?}");
            assert!(!error.hint().is_empty(), "{error:?}");
            assert!(errors[..at].iter().all(|other| other.code() != error.code()), "{error:?}");
        }
    }
}
