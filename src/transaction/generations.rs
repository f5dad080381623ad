//! Generations: the last three keep their trees, older ones only their records.

use std::path::Path;

use super::error::TransactionError;
use super::journal::{Journal, Phase};
use super::records::Records;
use crate::fs::{Action, FileError, directory, replace};

/// How many trees are kept of those that committed transactions replaced.
pub const KEPT: usize = 3;

/// Removes the trees of all but the newest [`KEPT`] committed transactions that keep one: those
/// that changed only files take no tree's place.
pub fn prune(records: &Records) -> Result<(), TransactionError> {
    let mut committed: Vec<Journal> = records.journals()?;
    committed.retain(|journal| journal.phase() == Phase::Committed && journal.slot().exists());
    for journal in committed.iter().rev().skip(KEPT) {
        remove_tree(&journal.slot())?;
    }
    Ok(())
}

/// Of a transaction that was undone only the record is worth keeping: its preimages are live again.
pub fn forget_contents(journal: &Journal) -> Result<(), TransactionError> {
    remove_tree(&journal.slot())?;
    remove_tree(&journal.directory().join("files"))
}

/// Removes the directory of a preparation that never became a transaction.
pub fn discard(directory: &Path) -> Result<(), TransactionError> {
    remove_tree(directory)
}

/// The bytes that a transaction keeps on disk.
pub fn size_on_disk(directory: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(directory) else { return 0 };
    entries
        .filter_map(Result::ok)
        .map(|entry| match entry.metadata() {
            Ok(attributes) if attributes.is_dir() => size_on_disk(&entry.path()),
            Ok(attributes) => attributes.len(),
            Err(_) => 0,
        })
        .sum()
}

/// `remove_dir_all` of the standard library follows no symbolic link, not even one that is planted
/// while it works (CVE-2022-21658).
fn remove_tree(path: &Path) -> Result<(), TransactionError> {
    match std::fs::remove_dir_all(path) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(FileError::at(Action::Remove, path)(cause).into()),
        Ok(()) => Ok(directory::sync(path.parent().unwrap_or(Path::new("/")))?),
    }
}

/// Removes every transaction: nothing can be rolled back afterwards. The caller holds the lock.
///
/// The intent goes first: what a kill leaves of the rest is swept like a preparation.
pub fn discard_all(records: &Records) -> Result<(), TransactionError> {
    for id in records.ids()? {
        let directory = records.transactions().join(id);
        replace::replace(&directory.join("intent.json"), None, "purge")?;
        remove_tree(&directory)?;
    }
    Ok(())
}
