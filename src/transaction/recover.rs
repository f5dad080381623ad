//! After a death of the program: what it left is taken back, or was committed already.

use super::error::{self, Leftover, TransactionError};
use super::generations::{self, UNREADABLE};
use super::journal::{Journal, Phase};
use super::records::Records;
use super::service::Service;
use super::undo;
use crate::fs::exchange;
use crate::openclaw::config_lock::ConfigLock;
use crate::progress::Progress;
use crate::transaction::step::{FileStep, Step};

/// What recovery found and did.
#[derive(Debug)]
pub struct Recovery {
    /// The transaction that was taken back.
    pub id: String,
    /// The command that it belonged to.
    pub command: String,
    /// What could not be put back, because somebody else has changed it since.
    pub left: Vec<Leftover>,
}

/// Takes back the transaction that an earlier run left open. `None`: there was none. The caller holds
/// the lock.
pub fn recover(
    records: &Records,
    service: &mut dyn Service,
    progress: &dyn Progress,
) -> Result<Option<Recovery>, TransactionError> {
    let pending = records.pending()?;
    pending.map(|mut journal| finish(&mut journal, service, progress)).transpose()
}

/// Moves transactions whose journals cannot be read out of the way: nobody can tell what they did,
/// and no other command goes on beside them. Each is kept whole. The caller holds the lock.
pub fn set_aside_unreadable(records: &Records) -> Result<Vec<Leftover>, TransactionError> {
    let mut left = Vec::new();
    for (id, cause) in records.unreadable()? {
        let kept = records.root().join(format!("{UNREADABLE}{id}"));
        exchange::relocate(&records.transactions().join(&id), &kept)?;
        left.push(Leftover { subject: id, kept: Some(kept), cause: cause.into() });
    }
    Ok(left)
}

fn finish(
    journal: &mut Journal,
    service: &mut dyn Service,
    progress: &dyn Progress,
) -> Result<Recovery, TransactionError> {
    remove_dead_locks(journal);
    let left = undo::undo(journal, service, progress);
    let (id, command) = (journal.intent().id.clone(), journal.intent().command.clone());
    if journal.phase() == Phase::Open {
        return Err(error::unrecovered(&id, &left).into());
    }
    Ok(Recovery { id, command, left })
}

/// OpenClaw would wait for a lock on its config that the dead run has left; it takes one that stays
/// for stale in half a minute.
fn remove_dead_locks(journal: &Journal) {
    for step in &journal.intent().steps {
        if let Step::File(FileStep { lock: Some(lock), .. }) = step {
            let _ = ConfigLock::remove_dead(lock);
        }
    }
}

/// Sweeps away what preparations and undone transactions have left; what cannot go, because somebody
/// has made it theirs, is in nobody's way, and does not keep the rest. What was only prepared has
/// touched nothing: a run died while it staged. Contents of an undone transaction are still there if
/// a run died, or the disk failed, while they were removed. The caller holds the lock.
pub fn sweep(records: &Records) -> Result<(), TransactionError> {
    let mut outcomes = vec![generations::finish_discarding(records)];
    for id in records.ids()? {
        let directory = records.transactions().join(id);
        match Journal::read(&directory)? {
            None => outcomes.push(generations::discard(records, &directory)),
            Some(journal) if journal.phase() == Phase::Undone && !journal.has_leftovers() => {
                outcomes.push(generations::forget_contents(&journal));
            }
            Some(_) => {}
        }
    }
    outcomes.into_iter().collect()
}
