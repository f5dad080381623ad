//! Doing the steps of a plan: prepare, switch, commit; whatever fails is taken back.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::bounds::NEVER;
use super::error::{Leftover, TransactionError, changed, interrupted, other_file_system};
use super::journal::{Event, Intent, Journal, Phase};
use super::records::Records;
use super::service::{Service, ServiceError};
use super::step::{Attributes, FileStep, Step, TreeStep};
use super::{generations, undo};
use crate::fs::exchange::{self, Identity};
use crate::fs::replace::FileState;
use crate::fs::{directory, replace};
use crate::interrupt::Interrupt;
use crate::language::{Explain, Kind, Localized};
use crate::openclaw::config_lock::{ConfigLock, TIMEOUT};
use crate::progress::Progress;
use crate::systemd::logind;

/// A transaction that is being prepared: nothing that anybody uses has been touched.
///
/// Dropped before [`Preparation::switch`], it leaves no trace.
#[derive(Debug)]
pub struct Preparation {
    records: Records,
    directory: PathBuf,
    id: String,
    begun: bool,
}

/// A transaction that failed, and what came of taking it back.
#[derive(Debug)]
pub struct Failure {
    /// Why it failed.
    pub cause: Box<dyn Explain>,
    /// Whether the operator stopped it.
    pub interrupted: bool,
    /// What could not be taken back; empty: everything was.
    pub left: Vec<Leftover>,
    /// Whether the journal stays open, so that a recovery tries what is left again.
    pub open: bool,
}

/// What watches and may stop a transaction.
pub struct Watch<'a> {
    /// The operator's signal.
    pub interrupt: &'a Interrupt,
    /// Where finished steps are told.
    pub progress: &'a dyn Progress,
    /// How long OpenClaw may hold its lock on the config.
    pub timeout: Duration,
}

impl Preparation {
    /// Opens a transaction's directory, named by the time. The caller holds the lock.
    pub fn open(records: &Records) -> Result<Self, TransactionError> {
        let stamp = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
        let mut id = id_after(records.ids()?.last(), stamp);
        let mut directory = records.transactions().join(&id);
        // only a directory that was made just now is ours: never write into another's journal
        while !directory::create(&directory, 0o700)? {
            id = id_after(Some(&id), id.clone());
            directory = records.transactions().join(&id);
        }
        Ok(Self { records: records.clone(), directory, id, begun: false })
    }

    /// The id that the transaction will have.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The transaction's own directory (0700).
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the new connector tree is staged.
    pub fn slot(&self) -> PathBuf {
        self.directory.join("tree")
    }

    /// Does the steps of `intent`, then `verify`, then commits. On any failure, or when the
    /// operator interrupts, everything is undone in reverse and the old state runs again.
    pub fn switch(
        mut self,
        mut intent: Intent,
        service: &mut dyn Service,
        watch: &Watch<'_>,
        verify: &mut dyn FnMut() -> Result<(), ServiceError>,
    ) -> Result<Journal, Failure> {
        self.identify_trees(&mut intent).map_err(Failure::before_the_switch)?;
        note_directories(&mut intent);
        note_real_places(&mut intent);
        if watch.interrupt.is_raised() {
            return Err(Failure::before_the_switch(interrupted()));
        }
        let mut journal =
            Journal::begin(&self.directory, intent).map_err(Failure::before_the_switch)?;
        self.begun = true;
        let outcome = apply_all(&journal, service, watch)
            .and_then(|()| verify())
            .and_then(|()| journal.close(Phase::Committed).map_err(Into::into));
        match outcome {
            Ok(()) => Ok(journal),
            Err(cause) => Err(take_back(&mut journal, service, watch, cause)),
        }
    }

    /// Trees move by renames: that is found out while the gateway still runs.
    fn expect_one_file_system(&self, live: &Path) -> Result<(), TransactionError> {
        if device_above(live) == device_above(&self.slot()) {
            return Ok(());
        }
        Err(other_file_system(live, &self.directory).into())
    }

    /// Notes which directory is which, so that after any death the disk itself tells whether the
    /// swap has happened.
    fn identify_trees(&self, intent: &mut Intent) -> Result<(), TransactionError> {
        for step in &mut intent.steps {
            if let Step::Tree(tree) = step {
                self.expect_one_file_system(&tree.live)?;
                if let Some(before) = &mut tree.before {
                    before.identity = Identity::of(&tree.live)?;
                }
                let slot = tree.slot.clone().unwrap_or_else(|| self.slot());
                if let Some(after) = &mut tree.after {
                    after.identity = Identity::of(&slot)?;
                }
            }
        }
        Ok(())
    }
}

/// An id that sorts after the last one, even within one second or when the clock was set back.
fn id_after(last: Option<&String>, stamp: String) -> String {
    const STAMP: usize = "20261122-113914".len();
    match last {
        Some(last) if *last >= stamp && last.is_char_boundary(STAMP) => {
            let (base, turn) = last.split_at(STAMP);
            let turn = turn.trim_start_matches('-').parse::<u32>().unwrap_or(1) + 1;
            // four digits would sort before three
            if turn < 1000 { format!("{base}-{turn:03}") } else { id_after(Some(last), next(base)) }
        }
        _ => stamp,
    }
}

/// The second after; one that is no time stays, with a word after it that sorts last.
fn next(stamp: &str) -> String {
    const FORM: &str = "%Y%m%d-%H%M%S";
    let after = jiff::civil::DateTime::strptime(FORM, stamp)
        .ok()
        .and_then(|time| time.checked_add(jiff::Span::new().seconds(1)).ok());
    after.map_or_else(|| format!("{stamp}-~"), |time| time.strftime(FORM).to_string())
}

/// The file system of the nearest directory above a path that exists.
fn device_above(path: &Path) -> Option<u64> {
    path.ancestors().skip(1).find_map(|above| Some(above.symlink_metadata().ok()?.dev()))
}

/// Only a directory that is there can be removed, and undo gives it the mode that it has.
fn note_directories(intent: &mut Intent) {
    intent.steps.retain_mut(|step| match step {
        Step::RemoveDirectory { path, mode } => match path.symlink_metadata() {
            // one that no plan would make again stays
            Ok(attributes) if attributes.is_dir() && attributes.mode() & NEVER == 0 => {
                *mode = attributes.mode() & 0o7777;
                true
            }
            _ => false,
        },
        _ => true,
    });
}

/// A link on the way that is there now is the operator's own; one that is planted from here on is
/// not followed.
fn note_real_places(intent: &mut Intent) {
    for step in &mut intent.steps {
        match step {
            Step::Attributes { path, .. }
            | Step::Directory { path, .. }
            | Step::RemoveDirectory { path, .. } => *path = directory::with_real_parent(path),
            Step::Move { from, to } => {
                *from = directory::with_real_parent(from);
                *to = to.as_deref().map(directory::with_real_parent);
            }
            _ => {}
        }
    }
}

impl Drop for Preparation {
    fn drop(&mut self) {
        if !self.begun {
            // what stays after a failed clean-up is swept by the next run's recovery
            let _ = generations::discard(&self.records, &self.directory);
        }
    }
}

impl Failure {
    fn before_the_switch(cause: impl Into<Box<dyn Explain>>) -> Self {
        let cause = cause.into();
        let interrupted = cause.kind() == Kind::Interrupted;
        Self { cause, interrupted, left: Vec::new(), open: false }
    }
}

fn take_back(
    journal: &mut Journal,
    service: &mut dyn Service,
    watch: &Watch<'_>,
    cause: Box<dyn Explain>,
) -> Failure {
    // a signal that comes from here on is not why it failed
    let interrupted = watch.interrupt.is_raised();
    let left = undo::undo(journal, service, watch.progress);
    Failure { cause, interrupted, left, open: journal.phase() == Phase::Open }
}

fn apply_all(
    journal: &Journal,
    service: &mut dyn Service,
    watch: &Watch<'_>,
) -> Result<(), ServiceError> {
    for (number, step) in journal.intent().steps.iter().enumerate() {
        if watch.interrupt.is_raised() {
            return Err(interrupted().into());
        }
        journal.note(number, Event::Begin)?;
        if let Err(error) = apply(journal, step, service, watch.timeout) {
            if error.kind() == Kind::Changed {
                journal.note(number, Event::Refused)?;
            }
            return Err(error);
        }
        journal.note(number, Event::Done)?;
        watch.progress.finished(&step.text());
    }
    Ok(())
}

fn apply(
    journal: &Journal,
    step: &Step,
    service: &mut dyn Service,
    timeout: Duration,
) -> Result<(), ServiceError> {
    match step {
        Step::Stop { .. } => service.stop(),
        Step::Start { .. } => service.start(),
        Step::Reload => service.reload(),
        Step::Directory { path, mode } => {
            directory::create(path, *mode)?;
            Ok(())
        }
        Step::RemoveDirectory { path, .. } => {
            directory::remove_if_empty(path)?;
            Ok(())
        }
        Step::Tree(tree) => apply_tree(tree, &journal.slot_of(tree)),
        Step::File(file) => apply_file(file, &journal.intent().id, timeout),
        Step::Attributes { path, before, after } => {
            if Attributes::of(path)? != *before {
                return Err(changed(path).into());
            }
            Ok(after.give(path)?)
        }
        Step::Linger { user, uid, on } => {
            if logind::lingers(user) == Some(*on) {
                return Err(changed(&logind::note_of(user)).into());
            }
            Ok(logind::set_linger(*uid, *on)?)
        }
        Step::Move { from, to } => {
            let to = to.clone().unwrap_or_else(|| journal.quarantine(from));
            Ok(exchange::relocate(from, &to)?)
        }
    }
}

fn apply_tree(tree: &TreeStep, slot: &Path) -> Result<(), ServiceError> {
    let expected = tree.before.as_ref().and_then(|before| before.identity);
    if Identity::of(&tree.live)? != expected {
        return Err(changed(&tree.live).into());
    }
    exchange::swap(&tree.live, slot)?;
    Ok(())
}

/// Compare and swap: what somebody else has written since the plan was made is never overwritten.
fn apply_file(file: &FileStep, id: &str, timeout: Duration) -> Result<(), ServiceError> {
    let _lock = ConfigLock::take_if_any(file.lock.as_deref(), timeout.min(TIMEOUT))?;
    let current = FileState::read(&file.path)?.map(|state| state.image());
    let (before, after) = (file.contents.before.as_ref(), file.contents.after.as_ref());
    if current == file.before && replace::change(&file.path, before, after, id)? {
        return Ok(());
    }
    Err(changed(&file.path).into())
}

#[cfg(test)]
mod tests {
    use super::id_after;

    #[test]
    fn an_id_always_sorts_after_the_one_before() {
        let stamp = || "20261122-113914".to_owned();
        assert_eq!(id_after(None, stamp()), stamp());
        assert_eq!(id_after(Some(&"20261122-113913".to_owned()), stamp()), stamp());
        let mut last = stamp();
        for _ in 0..2500 {
            let next = id_after(Some(&last), stamp());
            assert!(next > last, "{next} after {last}");
            last = next;
        }
        let from_the_future = "20271122-113914".to_owned();
        assert!(id_after(Some(&from_the_future), stamp()) > from_the_future);
    }
}
