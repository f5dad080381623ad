//! What can go wrong with a transaction.

use std::path::{Path, PathBuf};

use crate::fs::FileError;
use crate::fs::own::{NotOurs, OwnError};
use crate::language::{Explain, Kind};
use crate::say;
use crate::systemd::Verb;

/// A transaction that did not go through.
#[derive(Debug)]
pub enum TransactionError {
    /// Another run holds the lock.
    Busy {
        /// What that run wrote about itself.
        holder: String,
    },
    /// A file operation failed.
    File(FileError),
    /// Records, or what a plan would change, belong to somebody else or are open to others.
    NotOurs(NotOurs),
    /// A step leads to where no plan for this installation leads.
    Foreign {
        /// Where it leads, or what it would do there.
        subject: String,
        /// The journal that it stands in, if it is not just planned.
        journal: Option<PathBuf>,
    },
    /// A file is no longer as it was when the plan was made.
    ChangedMeanwhile {
        /// The file.
        path: PathBuf,
    },
    /// The journal was written by a newer program.
    NewerFormat {
        /// The journal.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
    /// The journal cannot be read.
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Why.
        reason: String,
    },
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
    /// The operator asked to stop.
    Interrupted,
    /// The connector's place and our records are on two file systems.
    OtherFileSystem {
        /// The connector's place.
        live: PathBuf,
        /// The transaction's directory.
        records: PathBuf,
    },
    /// A job of the unit ended otherwise than well.
    Job {
        /// What was asked.
        verb: Verb,
        /// Of which unit.
        unit: String,
        /// How it ended, in systemd's word.
        outcome: String,
    },
    /// An earlier transaction is unfinished and could not be taken back.
    Unrecovered {
        /// Its id.
        id: String,
        /// What stands in the way.
        left: Vec<Leftover>,
    },
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
    #[must_use]
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

impl From<OwnError> for TransactionError {
    fn from(error: OwnError) -> Self {
        match error {
            OwnError::NotOurs(error) => Self::NotOurs(error),
            OwnError::File(error) => Self::File(error),
        }
    }
}

impl Explain for TransactionError {
    fn problem(&self) -> crate::language::Problem {
        crate::language::Problem::new(self.code(), self.message(), self.hint()).of_kind(self.kind())
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "transaction.busy",
            Self::File(error) => error.code(),
            Self::NotOurs(error) => error.code(),
            Self::Foreign { .. } => "transaction.foreign-step",
            Self::ChangedMeanwhile { .. } => "transaction.changed-meanwhile",
            Self::Lost { .. } => "transaction.lost",
            Self::NewerFormat { .. } => "transaction.newer-format",
            Self::Damaged { .. } => "transaction.damaged",
            Self::Unreadable { .. } => "transaction.unreadable",
            Self::Interrupted => "transaction.interrupted",
            Self::OtherFileSystem { .. } => "transaction.other-file-system",
            Self::Job { .. } => "transaction.job",
            Self::Unrecovered { .. } => "transaction.unrecovered",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Busy { .. } => Kind::Busy,
            Self::File(error) => error.kind(),
            Self::ChangedMeanwhile { .. } => Kind::Changed,
            Self::Interrupted => Kind::Interrupted,
            Self::Unrecovered { .. } => Kind::Unfinished,
            _ => Kind::Lasting,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Busy { holder } => {
                say!("another openclaw-setup is at work here ({holder})", holder)
            }
            Self::File(error) => error.message(),
            Self::NotOurs(error) => error.message(),
            Self::Foreign { subject, journal: Some(journal) } => {
                let journal = journal.display();
                say!(
                    "journal refused: {journal} has a step that no plan for this installation has: {subject}",
                    journal,
                    subject
                )
            }
            Self::Foreign { subject, journal: None } => {
                say!("the plan would lead out of this installation: {subject}", subject)
            }
            Self::ChangedMeanwhile { path } => {
                let path = path.display();
                say!("{path} was changed by somebody else while this command was at work", path)
            }
            Self::NewerFormat { path, format } => {
                let path = path.display();
                say!("{path} has format {format}, written by a newer openclaw-setup", path, format)
            }
            Self::Damaged { path, reason } | Self::Unreadable { path, reason } => {
                let path = path.display();
                say!("{path} cannot be read: {reason}", path, reason)
            }
            Self::Lost { kept } => {
                let kept = kept.display();
                say!("its old state is lost: {kept} is gone, or not as it was kept", kept)
            }
            Self::Interrupted => say!("interrupted"),
            Self::OtherFileSystem { live, records } => {
                let (live, records) = (live.display(), records.display());
                say!(
                    "{live} is on another file system than {records}, so the tree cannot be swapped in one step",
                    live,
                    records
                )
            }
            Self::Job { verb, unit, outcome } => {
                let verb = verb.name();
                say!("systemd's job to {verb} {unit} ended with: {outcome}", verb, unit, outcome)
            }
            Self::Unrecovered { id, left } => {
                let left: Vec<_> = left.iter().map(Leftover::text).collect();
                let left = left.join("; ");
                say!("transaction {id} is unfinished and could not be taken back: {left}", id, left)
            }
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Busy { .. } => say!("Wait until it has finished, then run the command again."),
            Self::File(error) => error.hint(),
            Self::NotOurs(error) => error.hint(),
            Self::Foreign { journal, .. } => journal.as_deref().map_or_else(
                || say!("Nothing was touched. Look at who owns that path, at its mode and at links on the way: namei -l"),
                refused_hint,
            ),
            Self::ChangedMeanwhile { .. } => {
                say!("Nothing of theirs was overwritten. Run the command again.")
            }
            Self::NewerFormat { .. } => say!(
                "Nothing was touched. Update openclaw-setup and run the command again: sudo apt install --only-upgrade openclaw-setup"
            ),
            Self::Damaged { .. } => say!(
                "Nothing was touched. Keep the directory that holds it and ask for help with it."
            ),
            Self::Unreadable { .. } => say!(
                "Nothing was touched. To keep that transaction aside and go on: openclaw-setup recover"
            ),
            Self::Lost { .. } => {
                say!("It stays as it is now. Look for it in your backups, if it is needed.")
            }
            Self::Interrupted => say!("Run the command again when you like."),
            Self::OtherFileSystem { live, .. } => {
                let live = live.parent().unwrap_or(live).display();
                say!(
                    "Let {live} be a directory of the same file system as OpenClaw's state directory: findmnt -T {live}",
                    live
                )
            }
            Self::Job { unit, .. } => {
                say!("Look at its log: journalctl --user -u {unit} -n 50", unit)
            }
            Self::Unrecovered { left, .. } => {
                let first = left.iter().find(|left| left.cause.kind() == Kind::Passing);
                if let Some(first) = first.map(|left| left.cause.hint()) {
                    say!("{first}\nThen: openclaw-setup recover", first)
                } else {
                    say!("Remove the cause named above, then run: openclaw-setup recover")
                }
            }
        }
    }
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
