//! Taking a transaction back, deciding from the disk and never from guesses.
//!
//! Every step may or may not have happened. For each the disk knows: a file has its old image, its
//! new one, or a stranger's; a tree is told by the identity of its directory. So undo may be cut
//! off at any point and begun again.

use std::path::Path;

use super::attributes;
use super::error::{Leftover, TransactionError};
use super::generations;
use super::journal::{Journal, Phase};
use super::service::Service;
use super::step::{Attributes, FileStep, Role, Step, TreeStep};
use crate::fs::exchange::{self, Identity};
use crate::fs::image::FileState;
use crate::fs::{FileError, directory, replace};
use crate::language::{Language, Localized};
use crate::openclaw::config_lock::ConfigLock;
use crate::openclaw::keys;
use crate::progress::Progress;
use crate::say;

/// Undoes every step in reverse and starts the old state again if it ran before. Returns what could
/// not be taken back; the journal is closed unless a fault of the disk stands in the way.
pub fn undo(
    journal: &mut Journal,
    service: &mut dyn Service,
    progress: &dyn Progress,
) -> Vec<Leftover> {
    let mut left = Vec::new();
    reopen(journal, &mut left);
    let touched = was_touched(journal);
    if touched && concerns_the_unit(journal) {
        quiet(service, &mut left);
    }
    let mut retry = false;
    for (number, step) in journal.intent().steps.iter().enumerate().rev() {
        match take_back(journal, number, step) {
            Ok(Outcome::TakenBack) => progress.finished(&TakenBack(step)),
            Ok(Outcome::NothingToDo) => {}
            Ok(Outcome::Kept(leftover)) => left.push(leftover),
            Err(cause) => {
                retry = true;
                left.push(Leftover { subject: subject(step), kept: None, cause: cause.into() });
            }
        }
    }
    restart(journal, service, touched, &mut left);
    if !retry {
        if let Err(cause) = journal.close(Phase::Undone) {
            left.push(Leftover {
                subject: journal.intent().id.clone(),
                kept: None,
                cause: cause.into(),
            });
        } else if left.is_empty() {
            // nothing is lost if this fails: pruning comes by again
            let _ = generations::forget_contents(journal);
        }
    }
    left
}

/// A commit may fail after its rename: then the state on disk says "committed" while everything is
/// taken back, and a death in between would leave a mixture that nobody recovers.
fn reopen(journal: &mut Journal, left: &mut Vec<Leftover>) {
    if journal.is_unsure()
        && let Err(cause) = journal.close(Phase::Open)
    {
        let subject = journal.intent().id.clone();
        left.push(Leftover { subject, kept: None, cause: cause.into() });
    }
}

enum Outcome {
    TakenBack,
    NothingToDo,
    Kept(Leftover),
}

/// Whether any file or tree is (or may be) no longer in its old state, or the unit was started.
fn was_touched(journal: &Journal) -> bool {
    let begun = journal.begun().unwrap_or_default();
    journal.intent().steps.iter().enumerate().any(|(number, step)| match step {
        Step::File(file) => !matches!(
            read(file), Ok(now) if now.as_ref().map(FileState::image) == file.before
        ),
        Step::Tree(tree) => {
            !matches!(Identity::of(&tree.live), Ok(now) if now == identity(tree.before.as_ref()))
        }
        Step::Start { .. } => begun.contains(&number),
        Step::Attributes { path, before, .. } => {
            !matches!(attributes::of(path), Ok(now) if now == *before)
        }
        Step::Move { from, .. } => from.symlink_metadata().is_err(),
        Step::Stop { .. }
        | Step::Reload
        | Step::Directory { .. }
        | Step::RemoveDirectory { .. } => false,
    })
}

fn concerns_the_unit(journal: &Journal) -> bool {
    journal.intent().steps.iter().any(|step| matches!(step, Step::Stop { .. } | Step::Start { .. }))
}

/// Stops the gateway that runs with the new state. If that fails, the files are put back under it
/// all the same: a restart later finds them whole.
fn quiet(service: &mut dyn Service, left: &mut Vec<Leftover>) {
    if service.is_active().unwrap_or(true)
        && let Err(cause) = service.stop()
    {
        left.push(Leftover { subject: "stop".to_owned(), kept: None, cause });
    }
}

fn restart(journal: &Journal, service: &mut dyn Service, touched: bool, left: &mut Vec<Leftover>) {
    let intent = journal.intent();
    if touched
        && intent.steps.iter().any(|step| matches!(step, Step::Reload))
        && let Err(cause) = service.reload()
    {
        left.push(Leftover { subject: "daemon-reload".to_owned(), kept: None, cause });
    }
    let Some(unit) = &intent.unit else { return };
    let unit_stopped = !service.is_active().unwrap_or(false);
    if unit.was_active
        && unit_stopped
        && let Err(cause) = service.start()
    {
        left.push(Leftover { subject: unit.name.clone(), kept: None, cause });
    }
}

fn take_back(journal: &Journal, number: usize, step: &Step) -> Result<Outcome, TransactionError> {
    match step {
        Step::File(file) => take_back_file(journal, number, file),
        Step::Tree(tree) => take_back_tree(journal, tree),
        Step::Directory { path, .. } => {
            if path.exists() && directory::remove_if_empty(path)? {
                return Ok(Outcome::TakenBack);
            }
            Ok(Outcome::NothingToDo)
        }
        Step::RemoveDirectory { path, mode } => {
            if directory::create(path, *mode)? {
                return Ok(Outcome::TakenBack);
            }
            Ok(Outcome::NothingToDo)
        }
        Step::Attributes { path, before, after } => take_back_attributes(path, *before, *after),
        Step::Move { from, to } => {
            let to = to.clone().unwrap_or_else(|| journal.aside(from));
            let moved = from.symlink_metadata().is_err() && to.symlink_metadata().is_ok();
            if moved {
                attributes::rename(&to, from)?;
                return Ok(Outcome::TakenBack);
            }
            Ok(Outcome::NothingToDo)
        }
        Step::Stop { .. } | Step::Start { .. } | Step::Reload => Ok(Outcome::NothingToDo),
    }
}

/// Attributes that somebody else has changed since are theirs.
fn take_back_attributes(
    path: &Path,
    before: Attributes,
    after: Attributes,
) -> Result<Outcome, TransactionError> {
    match attributes::of(path)? {
        now if now == before => Ok(Outcome::NothingToDo),
        now if now == after || is_between(now, before, after) => {
            attributes::give(path, before)?;
            Ok(Outcome::TakenBack)
        }
        _ => Ok(Outcome::Kept(Leftover {
            subject: path.display().to_string(),
            kept: None,
            cause: TransactionError::ChangedMeanwhile { path: path.to_owned() }.into(),
        })),
    }
}

/// The owner is given before the mode: a run that died in between left one of each.
fn is_between(now: Attributes, before: Attributes, after: Attributes) -> bool {
    (now.uid, now.gid) == (after.uid, after.gid) && now.mode & 0o1777 == before.mode & 0o1777
}

fn take_back_file(
    journal: &Journal,
    number: usize,
    file: &FileStep,
) -> Result<Outcome, TransactionError> {
    let id = &journal.intent().id;
    let _lock = ConfigLock::take_if_any(file.lock.as_deref())?;
    replace::sweep(&file.path, id)?;
    let current = read(file)?;
    let image = current.as_ref().map(FileState::image);
    if image == file.before {
        return Ok(Outcome::NothingToDo);
    }
    if image == file.after {
        let old = journal.preimage(number, file)?;
        replace::replace(&file.path, old.as_ref(), id)?;
        return Ok(Outcome::TakenBack);
    }
    // somebody else has written it since: their edits stay, our keys go
    if let (Role::Config, Some(theirs)) = (file.role, &current)
        && let Some((bytes, _)) = keys::take_back(&file.path, &theirs.bytes, &file.keys)
    {
        replace::replace(&file.path, Some(&theirs.with_bytes(bytes)), id)?;
        return Ok(Outcome::TakenBack);
    }
    Ok(Outcome::Kept(Leftover {
        subject: file.path.display().to_string(),
        kept: file.before.as_ref().map(|_| journal.preimage_path(number)),
        cause: TransactionError::ChangedMeanwhile { path: file.path.clone() }.into(),
    }))
}

fn take_back_tree(journal: &Journal, tree: &TreeStep) -> Result<Outcome, TransactionError> {
    let slot = journal.slot_of(tree);
    exchange::settle(&tree.live, &slot)?;
    let now = Identity::of(&tree.live)?;
    let (before, after) = (identity(tree.before.as_ref()), identity(tree.after.as_ref()));
    if now == before {
        return Ok(Outcome::NothingToDo);
    }
    if now == after {
        exchange::swap(&tree.live, &slot)?;
        return Ok(Outcome::TakenBack);
    }
    Ok(Outcome::Kept(Leftover {
        subject: tree.live.display().to_string(),
        kept: Some(slot),
        cause: TransactionError::ChangedMeanwhile { path: tree.live.clone() }.into(),
    }))
}

fn identity(side: Option<&super::step::TreeSide>) -> Option<Identity> {
    side.and_then(|side| side.identity)
}

/// A directory of a path that was never created holds no file.
fn read(file: &FileStep) -> Result<Option<FileState>, FileError> {
    match FileState::read(&file.path) {
        Err(error) if error.is_missing() => Ok(None),
        outcome => outcome,
    }
}

fn subject(step: &Step) -> String {
    match step {
        Step::File(file) => file.path.display().to_string(),
        Step::Tree(tree) => tree.live.display().to_string(),
        Step::Directory { path, .. }
        | Step::RemoveDirectory { path, .. }
        | Step::Attributes { path, .. }
        | Step::Move { from: path, .. } => path.display().to_string(),
        Step::Stop { unit } | Step::Start { unit } => unit.clone(),
        Step::Reload => "daemon-reload".to_owned(),
    }
}

/// A step that was undone, for the report.
#[derive(Debug)]
struct TakenBack<'a>(&'a Step);

impl Localized for TakenBack<'_> {
    fn text(&self, language: Language) -> String {
        let step = self.0.text(language);
        say!(language, "undone: {step}", "已撤销：{step}")
    }
}
