//! How a command ends: its exit code, and what it says when it fails.

use signal_hook::consts::{SIGHUP, SIGTERM};

use crate::interrupt::Interrupt;
use crate::language::{Explain, Kind};
use crate::report::{Console, json};
use crate::transaction::apply;
use crate::transaction::error::{Leftover, interrupted};

/// The exit codes, as the manual page lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// Failed, or a no; everything is as it was.
    Failed = 1,
    /// The command line, or a setting, is wrong.
    Usage = 2,
    /// Problems were found.
    Problems = 3,
    /// Failed, and something could not be undone.
    LeftBehind = 4,
    /// Another run holds the lock.
    Busy = 5,
    /// `apply --check`: something would change.
    WouldChange = 6,
    /// Interrupted by SIGHUP, as the next two are by SIGINT and SIGTERM; everything is as it was.
    HungUp = 129,
    /// Ctrl-C.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

impl Exit {
    pub(super) fn code(self) -> u8 {
        self as u8
    }

    /// An interrupt by the signal that it was.
    pub(super) fn by_signal(self, interrupt: &Interrupt) -> Self {
        match (self, interrupt.signal()) {
            (Self::Interrupted, Some(SIGHUP)) => Self::HungUp,
            (Self::Interrupted, Some(SIGTERM)) => Self::Terminated,
            _ => self,
        }
    }
}

/// Why a command failed.
#[derive(Debug)]
pub(super) struct Failure {
    exit: Exit,
    cause: Box<dyn Explain>,
    left: Vec<Leftover>,
    undone: bool,
    /// What is left is tried again by the next recovery.
    open: bool,
    /// What the checks find here now, where they were asked.
    findings: Option<serde_json::Value>,
}

impl Failure {
    /// The operator's input is at fault, unless they only stopped giving it.
    pub(super) fn usage(cause: impl Into<Box<dyn Explain>>) -> Self {
        let failure = Self::from(cause.into());
        match failure.exit {
            Exit::Interrupted => failure,
            _ => Self { exit: Exit::Usage, ..failure },
        }
    }

    /// The same with what the checks find here now.
    pub(super) fn with_findings(self, findings: serde_json::Value) -> Self {
        Self { findings: Some(findings), ..self }
    }

    /// What was done stays: the command has failed only to say what is left.
    pub(super) fn after_the_commit(self) -> Self {
        Self { exit: Exit::Problems, ..self }
    }

    /// Why, for whoever takes back what was done.
    pub(super) fn into_cause(self) -> Box<dyn Explain> {
        self.cause
    }

    /// An interrupt by the signal that it was.
    pub(super) fn by_signal(self, interrupt: &Interrupt) -> Self {
        Self { exit: self.exit.by_signal(interrupt), ..self }
    }

    /// Says it: what went wrong, what was undone, what is left.
    pub(super) fn report(&self, command: &str, console: Console) -> Exit {
        if self.is_no_more_than_a_stop() {
            console.eprint(&say!("Cancelled; nothing was changed."));
        } else {
            console.error(&*self.cause);
        }
        if self.undone {
            console.print(&self.undone_text());
        }
        if self.exit == Exit::Problems {
            console.print(&say!("  What this command has changed stays."));
        }
        for leftover in &self.left {
            console.eprint(&format!("  • {}", leftover.text()));
        }
        if !self.left.is_empty() {
            console.eprint(&self.prospects());
        }
        console.document(&self.document(command));
        self.exit
    }

    /// Stopped by the operator before anything was done: what has been committed, or undone, tells more.
    fn is_no_more_than_a_stop(&self) -> bool {
        let is_stopped = matches!(self.cause.kind(), Kind::Cancelled | Kind::Interrupted);
        is_stopped && !self.undone && self.exit != Exit::Problems
    }

    fn undone_text(&self) -> String {
        if self.left.is_empty() {
            say!("  Everything that this command had changed was undone.")
        } else {
            say!("  What this command had changed was undone, except:")
        }
    }

    /// What becomes of the rest.
    fn prospects(&self) -> String {
        if self.open {
            say!(
                "  The rest is tried again by openclaw-setup recover, and first of all by every command that changes something."
            )
        } else {
            say!("  This is final: no later command tries it again.")
        }
    }

    fn document(&self, command: &str) -> serde_json::Value {
        let left: Vec<_> = self.left.iter().map(Leftover::text).collect();
        let mut body = serde_json::json!({
            "error": json::error(&*self.cause),
            "exitCode": self.exit.code(),
            "undone": self.undone,
            "left": left,
        });
        if let Some(findings) = &self.findings {
            body["findings"] = findings.clone();
        }
        json::document(command, false, body)
    }
}

impl From<Box<dyn Explain>> for Failure {
    fn from(cause: Box<dyn Explain>) -> Self {
        let exit = match cause.kind() {
            Kind::Busy => Exit::Busy,
            Kind::Unfinished => Exit::LeftBehind,
            Kind::Interrupted => Exit::Interrupted,
            Kind::Cancelled | Kind::Changed | Kind::Passing | Kind::Lasting => Exit::Failed,
        };
        Self { exit, cause, left: Vec::new(), undone: false, open: false, findings: None }
    }
}

impl<E: Explain + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::from(Box::<dyn Explain>::from(error))
    }
}

/// A transaction that failed after its switch began.
pub(super) fn of_transaction(failure: apply::Failure) -> Failure {
    let exit = match (failure.left.is_empty(), failure.interrupted) {
        (false, _) => Exit::LeftBehind,
        (true, true) => Exit::Interrupted,
        (true, false) => Exit::Failed,
    };
    let cause = if failure.interrupted { interrupted().into() } else { failure.cause };
    Failure { exit, cause, left: failure.left, undone: true, open: failure.open, findings: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Problem;

    #[test]
    fn what_was_committed_is_never_called_unchanged() {
        let stopped = |kind| {
            let problem = Problem::new("x", String::new(), String::new()).of_kind(kind);
            Failure::from(Box::<dyn Explain>::from(problem))
        };
        for kind in [Kind::Interrupted, Kind::Cancelled] {
            assert!(stopped(kind).is_no_more_than_a_stop(), "{kind:?}");
            assert!(!stopped(kind).after_the_commit().is_no_more_than_a_stop(), "{kind:?}");
            let undone = Failure { undone: true, ..stopped(kind) };
            assert!(!undone.is_no_more_than_a_stop(), "{kind:?}");
        }
        assert!(!stopped(Kind::Lasting).is_no_more_than_a_stop());
    }
}
