//! How a command ends: its exit code, and what it says when it fails.

use signal_hook::consts::{SIGHUP, SIGTERM};

use crate::interrupt::Interrupt;
use crate::language::{Explain, Kind};
use crate::report::{Console, json};
use crate::transaction::apply;
use crate::transaction::error::{Leftover, interrupted};
use crate::transaction::recover::Recovery;

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

    /// With what else is found at the end: what was left behind outweighs it.
    pub(super) fn and(self, other: Self) -> Self {
        if self == Self::Done || other == Self::LeftBehind { other } else { self }
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
    /// What has happened all the same, and stays.
    besides: Vec<String>,
    /// What the recovery of an earlier run has left, and has named.
    earlier: Vec<Leftover>,
    /// What the checks find here now, where they were asked.
    findings: Option<Box<serde_json::Value>>,
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
        Self { findings: Some(Box::new(findings)), ..self }
    }

    /// The same, but for what has happened all the same.
    pub(super) fn but_for(mut self, what: String) -> Self {
        self.besides.push(what);
        self
    }

    /// It came after an earlier run was taken back, and that stays so.
    pub(super) fn after(self, recovery: Option<Recovery>) -> Self {
        let Some(recovery) = recovery else { return self };
        let failure = self.but_for(undone_first(&recovery));
        if recovery.left.is_empty() {
            return failure;
        }
        Self { exit: Exit::LeftBehind, earlier: recovery.left, ..failure }
    }

    /// What was done stays: the command has failed only to say what is left.
    pub(super) fn after_the_commit(self) -> Self {
        Self { exit: Exit::Problems, ..self }
    }

    /// Whether what was done stays.
    pub(super) fn is_after_the_commit(&self) -> bool {
        self.exit == Exit::Problems
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
        match (self.is_no_more_than_a_stop(), self.besides.is_empty()) {
            (true, true) => console.eprint(&say!("Cancelled; nothing was changed.")),
            (true, false) => console.eprint(&say!("Cancelled; nothing was changed, except:")),
            (false, _) => console.error(&*self.cause),
        }
        if self.undone {
            console.print(&self.undone_text());
        }
        if self.is_after_the_commit() {
            console.print(&say!("  What this command has changed stays."));
        }
        for leftover in &self.left {
            console.eprint(&format!("  • {}", leftover.text()));
        }
        if !self.left.is_empty() {
            console.eprint(&self.prospects());
        }
        for what in &self.besides {
            console.eprint(&format!("  • {what}"));
        }
        console.document(&self.document(command));
        self.exit
    }

    /// Stopped by the operator before anything was done: what has been committed, or undone, tells more.
    fn is_no_more_than_a_stop(&self) -> bool {
        let is_stopped = matches!(self.cause.kind(), Kind::Cancelled | Kind::Interrupted);
        is_stopped && !self.undone && !self.is_after_the_commit()
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
        let left: Vec<_> = self.left.iter().chain(&self.earlier).map(Leftover::text).collect();
        let mut body = serde_json::json!({
            "error": json::error(&*self.cause),
            "exitCode": self.exit.code(),
            "undone": self.undone,
            "left": left,
        });
        if let Some(findings) = &self.findings {
            body["findings"].clone_from(findings);
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
        Self {
            exit,
            cause,
            left: Vec::new(),
            undone: false,
            open: false,
            besides: Vec::new(),
            earlier: Vec::new(),
            findings: None,
        }
    }
}

impl<E: Explain + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::from(Box::<dyn Explain>::from(error))
    }
}

/// An earlier run was taken back; what that has left is named already.
pub(super) fn undone_first(Recovery { id, command, left }: &Recovery) -> String {
    if left.is_empty() {
        return say!("An earlier {command} ({id}) was undone.", command, id);
    }
    say!("An earlier {command} ({id}) was undone, except what is named above.", command, id)
}

/// A transaction that failed after its switch began.
pub(super) fn of_transaction(failure: apply::Failure) -> Failure {
    let apply::Failure { cause, interrupted: is_interrupted, left, open } = failure;
    let exit = match (left.is_empty(), is_interrupted) {
        (false, _) => Exit::LeftBehind,
        (true, true) => Exit::Interrupted,
        (true, false) => Exit::Failed,
    };
    let cause = if is_interrupted { interrupted().into() } else { cause };
    Failure { exit, left, undone: true, open, ..Failure::from(cause) }
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
