//! Our own directory below OpenClaw's state directory: lock, transactions, installed record.

use std::path::{Path, PathBuf};

use super::bounds::{Bounds, Outside};
use super::error::{self, TransactionError};
use super::journal::{INTENT, Journal, Phase};
use super::step::Step;
use crate::connector::installed::InstalledRecord;
use crate::fs::lock::{Attempt, Lock};
use crate::fs::replace::FileState;
use crate::fs::{Action, FileError, change, directory, is_absent, own};

/// How often the directory may vanish under a run that is about to lock it: each time another run
/// has ended.
const ATTEMPTS: usize = 1000;

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
            let _ = change!(std::fs::remove_file(records.lock_file()));
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
    /// Where steps may lead: one of these has to accept each. None: anywhere.
    bounds: Vec<Bounds>,
}

impl Records {
    /// The records below a state directory. Nothing is created yet.
    pub fn below(state_dir: &Path) -> Self {
        Self { root: state_dir.join("openclaw-setup"), bounds: Vec::new() }
    }

    /// The same, whose journals are taken only for what a plan within these bounds could have.
    #[must_use]
    pub fn within(self, bounds: impl Into<Vec<Bounds>>) -> Self {
        Self { bounds: bounds.into(), ..self }
    }

    /// Fails unless the records, as far as there are any, and the state directory are ours alone:
    /// what others could write there is no record of ours. Returns whether there are any.
    pub fn prove(&self) -> Result<bool, TransactionError> {
        let state_dir = self.root.parent().unwrap_or(&self.root);
        let is_there = own::directory(state_dir)?;
        own::place(state_dir)?;
        Ok(is_there && own::directory(&self.root)? && own::directory(&self.transactions())?)
    }

    /// Fails where what a plan may change is somebody else's.
    pub fn prove_places(&self) -> Result<(), TransactionError> {
        Ok(self.bounds.iter().take(1).try_for_each(Bounds::prove)?)
    }

    /// Fails unless all steps are such as a plan for this installation could have; `journal` is what
    /// has them, if they are not just planned.
    pub fn accept(&self, steps: &[Step], journal: Option<&Path>) -> Result<(), TransactionError> {
        steps.iter().try_for_each(|step| self.accept_step(step, journal))
    }

    fn accept_step(&self, step: &Step, journal: Option<&Path>) -> Result<(), TransactionError> {
        // the state directory, too, may have been moved and linked to since
        let judge =
            |bounds: &Bounds| bounds.judge(step, &Self::below(&bounds.state_dir).root).err();
        let mut refusals = self.bounds.iter().map(judge);
        match refusals.next().flatten() {
            None => Ok(()),
            Some(_) if refusals.any(|refusal| refusal.is_none()) => Ok(()),
            Some(Outside::NotOurs(error)) => Err(error.into()),
            Some(Outside::Foreign(subject)) => Err(error::foreign(&subject, journal).into()),
        }
    }

    /// The same for a journal.
    pub fn accept_journal(&self, journal: &Journal) -> Result<(), TransactionError> {
        let path = journal.directory().join(INTENT);
        let (id, name) = (&journal.intent().id, journal.directory().file_name());
        if name != Some(id.as_ref()) {
            return Err(error::foreign(id, Some(&path)).into());
        }
        self.accept(&journal.intent().steps, Some(&path))
    }

    /// What is recorded as installed, and the file that it stands in. A damaged record is none: the
    /// tree is treated as somebody else's.
    pub fn installed_record(
        &self,
    ) -> Result<(Option<FileState>, Option<InstalledRecord>), TransactionError> {
        self.prove()?;
        let path = self.installed();
        let file = own::read(&path)?;
        let record = file.as_ref().map(|file| InstalledRecord::read(&file.bytes)).transpose();
        let record = record.map_err(|format| error::newer_format(&path, format))?;
        Ok((file, record.flatten()))
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The record of what is installed, with the manifest of the tree.
    pub fn installed(&self) -> PathBuf {
        self.root.join("installed.json")
    }

    /// The directory of the transactions.
    pub fn transactions(&self) -> PathBuf {
        self.root.join("transactions")
    }

    /// The file whose lock means that a run is at work.
    pub fn lock_file(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Creates the directories and takes the lock, or says who holds it.
    pub fn lock(&self, command: &str) -> Result<Held, TransactionError> {
        let holder = format!("pid {}, {command}", std::process::id());
        let mut attempts = 0..ATTEMPTS;
        loop {
            match self.attempt(&holder) {
                // a run that had nothing to record has taken the directory away
                Err(TransactionError::File(error))
                    if error.is_missing() && attempts.next().is_some() => {}
                outcome => return outcome,
            }
        }
    }

    fn attempt(&self, holder: &str) -> Result<Held, TransactionError> {
        self.prove()?;
        directory::create(&self.root, 0o700)?;
        own::directory(&self.root)?;
        own::file(&self.lock_file())?;
        let attempt = Lock::attempt(&self.lock_file(), holder).inspect_err(|_| {
            // the last inode: the lock has none, and who holds none leaves no trace
            let _ = directory::remove_if_empty(&self.root);
        })?;
        match attempt {
            Attempt::Taken(lock) => {
                let held = Held { records: self.clone(), _lock: lock };
                // only now: nobody else takes it away any more
                directory::create(&self.transactions(), 0o700)?;
                own::directory(&self.transactions())?;
                Ok(held)
            }
            Attempt::HeldBy(holder) => Err(TransactionError::Busy { holder }),
        }
    }

    /// The ids of all transaction directories, oldest first.
    pub fn ids(&self) -> Result<Vec<String>, TransactionError> {
        self.names_in(&self.transactions())
    }

    /// What lies in the directory itself under names that begin so.
    pub(super) fn named(&self, beginning: &str) -> Result<Vec<PathBuf>, TransactionError> {
        let mut names = self.names_in(&self.root)?;
        names.retain(|name| name.starts_with(beginning));
        Ok(names.iter().map(|name| self.root.join(name)).collect())
    }

    fn names_in(&self, directory: &Path) -> Result<Vec<String>, TransactionError> {
        self.prove()?;
        let entries = match std::fs::read_dir(directory) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(FileError::at(Action::Read, directory))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(FileError::at(Action::Read, directory))?;
            names.extend(entry.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }

    /// All journals, oldest first; what was only prepared never became a transaction, and
    /// is passed over.
    pub fn journals(&self) -> Result<Vec<Journal>, TransactionError> {
        let mut journals = Vec::new();
        for id in self.ids()? {
            journals.extend(Journal::read(&self.transactions().join(id))?);
        }
        Ok(journals)
    }

    /// The transactions whose journals cannot be read, and why.
    pub fn unreadable(&self) -> Result<Vec<(String, TransactionError)>, TransactionError> {
        let mut unreadable = Vec::new();
        for id in self.ids()? {
            match Journal::read(&self.transactions().join(&id)) {
                Err(error @ TransactionError::Unreadable { .. }) => unreadable.push((id, error)),
                outcome => drop(outcome?),
            }
        }
        Ok(unreadable)
    }

    /// Everything that keeps a command from going by the transactions.
    pub fn faults(&self) -> Vec<TransactionError> {
        let ids = match self.prove().and_then(|_| self.ids()) {
            Ok(ids) => ids,
            Err(error) => return vec![error],
        };
        let mut faults: Vec<TransactionError> =
            own::file(&self.lock_file()).err().map(Into::into).into_iter().collect();
        for id in ids {
            let directory = self.transactions().join(id);
            faults.extend(Journal::read(&directory).err());
            faults.extend(own::barrier(&directory.join("tree")).map(Into::into));
        }
        faults.extend(self.pending().err());
        faults
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
        let pending = journals.pop();
        pending.iter().try_for_each(|journal| self.accept_journal(journal))?;
        Ok(pending)
    }
}

#[cfg(test)]
mod tests {
    use super::Records;
    use crate::transaction::error::TransactionError;

    /// Who lets the lock go takes bare records away, just when others are about to lock them.
    #[test]
    fn whoever_comes_while_bare_records_go_finds_the_lock_or_its_holder() {
        let home = tempfile::tempdir().unwrap();
        let records = Records::below(&home.path().canonicalize().unwrap());
        let come = || {
            for _ in 0..400 {
                match records.lock("test") {
                    Ok(_held) => assert!(records.transactions().is_dir()),
                    Err(TransactionError::Busy { .. }) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(come))));
        assert!(!records.root().exists());
    }
}
