//! Our own directory below OpenClaw's state directory: lock, transactions, installed record.

use std::path::{Path, PathBuf};

use super::error::TransactionError;
use super::journal::{Journal, Phase};
use crate::fs::lock::{Attempt, Lock};
use crate::fs::{Action, FileError, directory, is_absent};

/// The lock on the records. When it is let go and nothing was ever recorded, the records vanish:
/// a run that fails before its switch leaves no trace.
#[derive(Debug)]
pub struct Held {
    records: Records,
    _lock: Lock,
}

impl Drop for Held {
    fn drop(&mut self) {
        let records = &self.records;
        let is_bare = directory::remove_if_empty(&records.transactions()).unwrap_or(false);
        if is_bare && is_absent(&records.installed()) {
            // the lock file goes while it is held: whoever opens it now finds a new one
            let _ = std::fs::remove_file(records.lock_file());
            let _ = directory::remove_if_empty(&records.root);
        }
    }
}

/// Where our records lie: `<state dir>/openclaw-setup`, mode 0700.
///
/// It is on the file system of the live tree, so that trees move by renames, and outside
/// `extensions/`, which OpenClaw scans (dot-directories too).
#[derive(Debug, Clone)]
pub struct Records {
    root: PathBuf,
}

impl Records {
    /// The records below a state directory. Nothing is created yet.
    #[must_use]
    pub fn below(state_dir: &Path) -> Self {
        Self { root: state_dir.join("openclaw-setup") }
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The record of what is installed, with the manifest of the tree.
    #[must_use]
    pub fn installed(&self) -> PathBuf {
        self.root.join("installed.json")
    }

    /// The directory of the transactions.
    #[must_use]
    pub fn transactions(&self) -> PathBuf {
        self.root.join("transactions")
    }

    /// The file whose lock means that a run is at work.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Creates the directories and takes the lock, or says who holds it.
    pub fn lock(&self, command: &str) -> Result<Held, TransactionError> {
        directory::create(&self.root, 0o700)?;
        directory::create(&self.transactions(), 0o700)?;
        let holder = format!("pid {}, {command}", std::process::id());
        match Lock::attempt(&self.lock_file(), &holder)? {
            Attempt::Taken(lock) => Ok(Held { records: self.clone(), _lock: lock }),
            Attempt::HeldBy(holder) => Err(TransactionError::Busy { holder }),
        }
    }

    /// The ids of all transaction directories, oldest first.
    pub fn ids(&self) -> Result<Vec<String>, TransactionError> {
        let directory = self.transactions();
        let entries = match std::fs::read_dir(&directory) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(FileError::at(Action::Read, &directory))?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.map_err(FileError::at(Action::Read, &directory))?;
            if let Ok(id) = entry.file_name().into_string() {
                ids.push(id);
            }
        }
        ids.sort();
        Ok(ids)
    }

    /// All journals, oldest first; directories without an intent are preparations that never
    /// became a transaction, and are passed over.
    pub fn journals(&self) -> Result<Vec<Journal>, TransactionError> {
        let mut journals = Vec::new();
        for id in self.ids()? {
            journals.extend(Journal::read(&self.transactions().join(id))?);
        }
        Ok(journals)
    }

    /// The newest transaction and how far it has come: a plan that was made while another run was
    /// in the middle of one is worth nothing after its end.
    pub fn latest(&self) -> Result<Option<(String, Phase)>, TransactionError> {
        let newest = self.journals()?.pop();
        Ok(newest.map(|journal| (journal.intent().id.clone(), journal.phase())))
    }

    /// The transaction that an earlier run left unfinished.
    pub fn pending(&self) -> Result<Option<Journal>, TransactionError> {
        let mut journals = self.journals()?;
        journals.retain(|journal| journal.phase() == Phase::Open);
        Ok(journals.pop())
    }
}
