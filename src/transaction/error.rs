//! What can go wrong with a transaction.

use std::path::{Path, PathBuf};

use crate::fs::FileError;
use crate::language::{Explain, Kind, Problem};
use crate::systemd::Verb;

/// A transaction that did not go through: what somebody decides by, and everything else.
#[derive(Debug)]
pub enum TransactionError {
    /// Another run holds the lock.
    Busy {
        /// What that run wrote about itself.
        holder: String,
    },
    /// A file operation failed, or what it is about belongs to somebody else.
    File(FileError),
    /// Nothing can be told of a transaction, since what it wrote about itself cannot be read.
    Unreadable {
        /// The file of the journal.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// What undo would put back is no longer where it was kept.
    Lost {
        /// Where it was kept.
        kept: PathBuf,
    },
    /// Any other.
    Other(Problem),
}

/// Something that undo could not put back.
#[derive(Debug)]
pub struct Leftover {
    /// The file, tree or unit.
    pub subject: String,
    /// Where its old state is kept, if it is a file or tree.
    pub kept: Option<PathBuf>,
    /// Why.
    pub cause: Box<dyn Explain>,
}

impl Leftover {
    /// One line for the report.
    pub fn text(&self) -> String {
        let (subject, cause) = (&self.subject, self.cause.message());
        if let Some(kept) = &self.kept {
            let kept = kept.display();
            say!("{subject}: {cause} (its old state is kept in {kept})", subject, cause, kept)
        } else {
            say!("{subject}: {cause}", subject, cause)
        }
    }
}

impl From<FileError> for TransactionError {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl From<Problem> for TransactionError {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl Explain for TransactionError {
    fn problem(&self) -> Problem {
        match self {
            Self::Busy { holder } => {
                let message = say!("another openclaw-setup is running here ({holder})", holder);
                let hint = say!("Wait until it has finished, then run the command again.");
                Problem::new("transaction.busy", message, hint).of_kind(Kind::Busy)
            }
            Self::File(error) => error.problem(),
            Self::Unreadable { path, reason } => {
                let hint = say!(
                    "Nothing was touched. To keep that transaction aside and go on: openclaw-setup recover"
                );
                Problem::new("transaction.unreadable", unreadable(path, reason), hint)
            }
            Self::Lost { kept } => {
                let message = say!(
                    "its old state is lost: {kept} no longer exists, or has changed",
                    kept = kept.display()
                );
                let hint = say!(
                    "Its present state stays. If the old one is needed, look in your backups."
                );
                Problem::new("transaction.lost", message, hint)
            }
            Self::Other(problem) => problem.clone(),
        }
    }
}

/// A file is no longer as it was when the plan was made.
pub(super) fn changed(path: &Path) -> Problem {
    let path = path.display();
    let message = say!("{path} was changed by others while this command was running", path);
    let hint = say!("Nothing written by others was overwritten. Run the command again.");
    Problem::new("transaction.changed-meanwhile", message, hint).of_kind(Kind::Changed)
}

/// Somebody else writes a file again and again, so that nothing can be put back in between.
pub(super) fn contended(path: &Path) -> Problem {
    let path = path.display();
    let message = say!("another program keeps writing {path}", path);
    let hint = say!("Stop it; to see which one it is: sudo fuser -v {path}", path);
    Problem::new("transaction.contended", message, hint).of_kind(Kind::Passing)
}

/// The journal cannot be read.
pub(super) fn damaged(path: &Path, reason: &str) -> Problem {
    let hint =
        say!("Nothing was touched. Keep the directory that holds it and ask for help with it.");
    Problem::new("transaction.damaged", unreadable(path, reason), hint)
}

fn unreadable(path: &Path, reason: &str) -> String {
    say!("{path} cannot be read: {reason}", path = path.display(), reason)
}

/// The operator asked to stop.
pub(crate) fn interrupted() -> Problem {
    let hint = say!("Run the command again.");
    let problem = Problem::new("transaction.interrupted", say!("interrupted"), hint);
    problem.of_kind(Kind::Interrupted)
}

/// A job of the unit ended otherwise than well, in systemd's word.
pub(super) fn job(verb: Verb, unit: &str, outcome: &str) -> Problem {
    let verb = verb.name();
    let message = say!("systemd's job to {verb} {unit} ended with: {outcome}", verb, unit, outcome);
    let hint = say!("Look at its log: journalctl --user -u {unit} -n 50", unit);
    Problem::new("transaction.job", message, hint)
}

/// A step leads to where no plan for this installation leads, in a journal if it is not just planned.
pub(super) fn foreign(subject: &str, journal: Option<&Path>) -> Problem {
    let (message, hint) = if let Some(journal) = journal {
        let message = say!(
            "journal refused: {journal} has a step that no plan for this installation has: {subject}",
            journal = journal.display(),
            subject
        );
        (message, refused_hint(journal))
    } else {
        let hint = say!(
            "Nothing was touched. Look at who owns that path, at its mode and at links on the way: namei -l"
        );
        let message =
            say!("the plan would change something outside this installation: {subject}", subject);
        (message, hint)
    };
    Problem::new("transaction.foreign-step", message, hint)
}

/// What was written by a newer program.
pub(super) fn newer_format(path: &Path, format: u32) -> Problem {
    let message = say!(
        "{path} has format {format}, written by a newer openclaw-setup",
        path = path.display(),
        format
    );
    let hint = say!(
        "Nothing was touched. Update openclaw-setup and run the command again: sudo apt install --only-upgrade openclaw-setup"
    );
    Problem::new("transaction.newer-format", message, hint)
}

/// The connector's place and our records are on two file systems.
pub(super) fn other_file_system(live: &Path, records: &Path) -> Problem {
    let message = say!(
        "{live} is on another file system than {records}, so the tree cannot be swapped in one step",
        live = live.display(),
        records = records.display()
    );
    let hint = say!(
        "Let {live} be a directory of the same file system as OpenClaw's state directory: findmnt -T {live}",
        live = live.parent().unwrap_or(live).display()
    );
    Problem::new("transaction.other-file-system", message, hint)
}

/// An earlier transaction is unfinished and could not be taken back.
pub(super) fn unrecovered(id: &str, left: &[Leftover]) -> Problem {
    let texts: Vec<_> = left.iter().map(Leftover::text).collect();
    let message = say!(
        "transaction {id} is unfinished and could not be rolled back: {left}",
        id,
        left = texts.join("; ")
    );
    let passing = left.iter().find(|left| left.cause.kind() == Kind::Passing);
    let hint = passing.map_or_else(
        || say!("Remove the cause named above, then run: openclaw-setup recover"),
        |first| say!("{hint_lines}\nThen: openclaw-setup recover", hint_lines = first.cause.hint()),
    );
    Problem::new("transaction.unrecovered", message, hint).of_kind(Kind::Unfinished)
}

/// The directory of a transaction that cannot be taken back as it stands, moved out of the records.
fn refused_hint(journal: &Path) -> String {
    let directory = journal.parent().unwrap_or(journal);
    let state_dir = directory.ancestors().nth(3).unwrap_or(directory);
    let id = directory.file_name().unwrap_or_default().display();
    let beside = state_dir.join(format!("openclaw-setup.refused-{id}"));
    let (directory, beside) = (directory.display(), beside.display());
    say!(
        "Nothing was touched. If you had started that command with other places (--profile, OPENCLAW_CONFIG_PATH, …), give the same again.\nElse do not trust it; move it away: mv {directory} {beside}",
        directory,
        beside
    )
}
