//! Why the user manager could not be asked, or would not obey.

use std::fmt::Display;

use crate::fs::own;
use crate::language::{Explain, Kind, Problem};

/// Everything that can go wrong between us and `systemd --user`. A step is what was being done, in
/// the reader's words.
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
        step: String,
    },
    /// The connection or the manager went away while we were using it.
    Died {
        /// What was being done.
        step: String,
        /// What the connection said last.
        reason: String,
    },
    /// The operator asked us to stop.
    Interrupted {
        /// What was being done.
        step: String,
    },
    /// Anything else.
    Other(Problem),
}

/// Whether nobody is at the socket: neither is it closed to us, nor did our own call fail.
pub(super) fn is_absence(cause: &std::io::Error) -> bool {
    use std::io::ErrorKind::{Interrupted, PermissionDenied, WouldBlock};
    !matches!(cause.kind(), Interrupted | PermissionDenied | WouldBlock)
}

/// Nobody is at this place.
pub(super) fn absent(place: &str, reason: &dyn Display) -> ManagerError {
    ManagerError::Absent { uid: own::acting(), looked: vec![format!("{place}: {reason}")] }
}

/// The socket could not be connected to.
pub(super) fn unopened(place: &str, cause: &std::io::Error) -> ManagerError {
    if is_absence(cause) { absent(place, cause) } else { refused(place, cause) }
}

/// What is there is not ours alone, as the message says: somebody else could answer.
pub(super) fn foreign(message: String) -> ManagerError {
    let us = own::name_of(own::acting());
    let hint = say!(
        "Nothing was asked of it. DBUS_SESSION_BUS_ADDRESS or XDG_RUNTIME_DIR may be another user's: su keeps them. Run the command in a login of {us}: su - {us}\nFor another user's OpenClaw, as root: --user NAME",
        us
    );
    ManagerError::Other(Problem::new("systemd.refused", message, hint).of_kind(Kind::Passing))
}

/// The manager's socket is there and turns us away.
pub(super) fn refused(place: &str, reason: &dyn Display) -> ManagerError {
    let message = say!("the user manager at {place} refuses this process: {reason}", place, reason);
    let hint = say!("run as the user who owns that manager; as root, use --user NAME");
    let problem = Problem::new("systemd.refused", message, hint);
    ManagerError::Other(problem.of_kind(Kind::Passing))
}

/// What systemd has said of the unit it will say again.
fn about_unit(code: &'static str, message: String, hint: String) -> ManagerError {
    ManagerError::Other(Problem::new(code, message, hint))
}

/// systemd knows no unit of this name.
pub(super) fn no_such_unit(unit: &str) -> ManagerError {
    let message = say!("systemd knows no user unit named {unit}", unit);
    let hint = say!("let OpenClaw write its unit:\nopenclaw gateway install");
    about_unit("systemd.no-such-unit", message, hint)
}

/// The unit is masked, so nothing can start it.
pub(super) fn unit_masked(unit: &str) -> ManagerError {
    let message = say!("the unit {unit} is masked, so nothing can start it", unit);
    about_unit("systemd.unit-masked", message, format!("systemctl --user unmask {unit}"))
}

/// systemd could not parse the unit file.
pub(super) fn unit_broken(unit: &str, reason: &str) -> ManagerError {
    let message = say!("systemd cannot read the unit file of {unit}: {reason}", unit, reason);
    let hint = say!("find the line with:\nsystemd-analyze --user verify {unit}", unit);
    about_unit("systemd.unit-broken", message, hint)
}

/// The manager said no, for a reason that has no name of its own here.
pub(super) fn rejected(step: &str, reason: &dyn Display) -> ManagerError {
    let message = say!("the systemd user manager refused ({step}): {reason}", step, reason);
    let hint = say!("look at the manager's own messages:\njournalctl --user -n 50");
    about_unit("systemd.rejected", message, hint)
}

/// logind did not switch lingering on or off.
pub(super) fn linger_refused(uid: u32, verb: &str, reason: &dyn Display) -> ManagerError {
    let message =
        say!("logind refused to {verb} lingering for uid {uid}: {reason}", verb, uid, reason);
    let command = format!("sudo loginctl {verb}-linger $(id -un {uid})");
    about_unit("systemd.linger-refused", message, say!("As root: {command}", command))
}

/// A program of systemd's could not be run.
pub(super) fn cannot_run(program: &str, reason: &dyn Display) -> ManagerError {
    let message = say!("cannot run {program}: {reason}", program, reason);
    let problem = Problem::new("systemd.cannot-run", message, say!("install the package systemd"));
    ManagerError::Other(problem.of_kind(Kind::Passing))
}

impl Explain for ManagerError {
    fn problem(&self) -> Problem {
        match self {
            Self::Absent { uid, looked } => {
                let message = say!(
                    "no systemd user manager answers for uid {uid} ({looked})",
                    uid,
                    looked = looked.join("; ")
                );
                let hint = say!(
                    "log in as that user, or keep their manager running without a login:\nloginctl enable-linger $(id -un {uid})",
                    uid
                );
                Problem::new("systemd.absent", message, hint).of_kind(Kind::Passing)
            }
            Self::Hung { step } => {
                let message =
                    say!("the systemd user manager did not answer in time while {step}", step);
                let hint = say!(
                    "See whether it is alive and what it is doing, then run the command again: systemctl --user status; as root, a dead one is started by: systemctl restart user@$(id -u NAME)"
                );
                Problem::new("systemd.hung", message, hint).of_kind(Kind::Passing)
            }
            Self::Died { step, reason } => {
                let message =
                    say!("the systemd user manager went away while {step}: {reason}", step, reason);
                let hint = say!("log in again, then:\nopenclaw-setup recover");
                Problem::new("systemd.died", message, hint).of_kind(Kind::Passing)
            }
            Self::Interrupted { step } => {
                let message = say!("interrupted while {step}", step);
                let problem =
                    Problem::new("systemd.interrupted", message, say!("run the command again"));
                problem.of_kind(Kind::Interrupted)
            }
            Self::Other(problem) => problem.clone(),
        }
    }
}
