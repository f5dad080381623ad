//! Generations: the last three keep what they replaced, older ones only their records.

use std::path::{Path, PathBuf};

use super::error::TransactionError;
use super::journal::{Journal, Phase};
use super::records::Records;
use crate::fs::{Action, FileError, change, directory, exchange};

/// How many generations are kept of the trees that committed transactions replaced, and as many of
/// what others moved out of sight.
pub const KEPT: usize = 3;

/// How the name begins of what is no transaction any more, and about to be removed.
const CONDEMNED: &str = "condemned-";

/// How the name begins of what recovery has set aside, since it cannot be read.
pub(super) const UNREADABLE: &str = "unreadable-";

/// Removes what the committed transactions keep, but for the newest [`KEPT`] that keep a tree and
/// the newest [`KEPT`] that keep something moved out of sight: neither takes the other's place, and
/// those that changed only files take none.
pub fn prune(records: &Records) -> Result<(), TransactionError> {
    let mut committed: Vec<Journal> = records.journals()?;
    committed.retain(|journal| journal.phase() == Phase::Committed);
    // one that cannot be removed does not keep all others: the first error is told at the end
    let mut outcomes: Vec<Result<(), TransactionError>> = Vec::new();
    for what in [|journal: &Journal| vec![journal.slot()], Journal::quarantined] {
        let mut kept: Vec<(&Journal, Vec<PathBuf>)> =
            committed.iter().map(|journal| (journal, what(journal))).collect();
        for (_, paths) in &mut kept {
            paths.retain(|path| path.symlink_metadata().is_ok());
        }
        kept.retain(|(_, paths)| !paths.is_empty());
        for (journal, paths) in kept.iter().rev().skip(KEPT) {
            let trashed = paths.iter().map(|path| trash(path, &journal.trash()));
            outcomes.extend(trashed);
        }
    }
    outcomes.extend(committed.iter().map(|journal| remove_tree(&journal.trash())));
    outcomes.into_iter().collect()
}

/// What is pruned gets another name first: a kill must not leave the half of a tree where a
/// rollback would take it for a whole one.
fn trash(path: &Path, to: &Path) -> Result<(), TransactionError> {
    remove_tree(to)?;
    exchange::relocate(path, to)?;
    remove_tree(to)
}

/// Of a transaction that was undone only the record is worth keeping: its preimages are live again.
pub fn forget_contents(journal: &Journal) -> Result<(), TransactionError> {
    let tree = remove_tree(&journal.slot());
    remove_tree(&journal.directory().join("files")).and(tree)
}

/// Removes the directory of a transaction that has touched nothing, or of which nothing matters.
/// It leaves the transactions by one rename, which a full disk allows: what is half removed must not
/// be taken for a transaction that is open, and has lost a part.
pub fn discard(records: &Records, directory: &Path) -> Result<(), TransactionError> {
    let name = directory.file_name().unwrap_or_default().display();
    let condemned = records.root().join(format!("{CONDEMNED}{name}"));
    remove_tree(&condemned)?;
    // a disk that makes nothing durable any more is no reason to keep it
    let moved = exchange::relocate(directory, &condemned);
    let removed = remove_tree(&condemned);
    Ok(moved?).and(removed)
}

/// Removes what a run that died while it discarded has left.
pub(super) fn finish_discarding(records: &Records) -> Result<(), TransactionError> {
    let outcomes: Vec<_> = records.named(CONDEMNED)?.iter().map(|left| remove_tree(left)).collect();
    outcomes.into_iter().collect()
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
    let removed = match path.symlink_metadata() {
        Ok(found) if found.is_file() => change!(std::fs::remove_file(path)),
        _ => change!(std::fs::remove_dir_all(path)),
    };
    match removed {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(FileError::at(Action::Remove, path)(cause).into()),
        Ok(()) => Ok(directory::sync(path.parent().unwrap_or(Path::new("/")))?),
    }
}

/// Removes every transaction, and those that recovery has set aside: nothing can be rolled back
/// afterwards. The caller holds the lock. One that cannot be removed does not keep the others, with
/// the secrets in their preimages.
pub fn discard_all(records: &Records) -> Result<(), TransactionError> {
    let aside = records.named(UNREADABLE)?;
    let directories = records.ids()?.into_iter().map(|id| records.transactions().join(id));
    let all = directories.chain(aside);
    let outcomes: Vec<_> = all.map(|directory| discard(records, &directory)).collect();
    outcomes.into_iter().collect()
}
