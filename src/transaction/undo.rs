//! Taking a transaction back, deciding from the disk and never from guesses.
//!
//! Every step may or may not have happened. For each the disk knows: a file has its old image, its
//! new one, or a stranger's; a tree is told by the identity of its directory. So undo may be cut
//! off at any point and begun again.

use std::path::Path;
use std::time::Duration;

use super::error::{Leftover, TransactionError, changed, contended};
use super::generations;
use super::journal::{Journal, Phase};
use super::leftover::{self, identity, salvage};
use super::service::Service;
use super::step::{Attributes, FileStep, Role, Step, TreeStep};
use crate::fs::error::{Cause, FileError};
use crate::fs::exchange::{self, Identity};
use crate::fs::replace::FileState;
use crate::fs::{directory, exists, replace};
use crate::language::{Explain, Kind, Localized};
use crate::openclaw::config_lock::{ConfigLock, TIMEOUT};
use crate::openclaw::keys::{self, Images, WayBack};
use crate::progress::Progress;
use crate::systemd::{ManagerError, logind};
use crate::timeout::Deadline;

/// How long it is tried to put a file back that somebody else writes again and again.
const PERSISTENCE: Duration = Duration::from_secs(10);

/// How long a file may take that somebody else is writing in place.
const WRITING: Duration = Duration::from_millis(100);

/// How often it is looked at meanwhile.
const LOOKS: u32 = 20;

/// Undoes every step in reverse and starts the old state again if it ran before. Returns what could
/// not be taken back; the journal is closed unless what stands in the way may pass (a full disk, a
/// right that we could give ourselves, a silent manager): then a later recovery goes on.
pub fn undo(
    journal: &mut Journal,
    service: &mut dyn Service,
    progress: &dyn Progress,
) -> Vec<Leftover> {
    service.begin_undo();
    let mut left = Vec::new();
    let activity = say!("undoing the changes; Ctrl-C does not stop this");
    progress.begin(&activity, None);
    let touched = was_touched(journal);
    if touched && concerns_the_unit(journal) {
        stop_for_undo(service, &mut left);
    }
    let mut retry = false;
    for (number, step) in journal.intent().steps.iter().enumerate().rev() {
        let outcome = undo_step(journal, number, step, &mut left);
        match outcome.map_err(|cause| leftover::by_owner(journal, step, cause)) {
            Ok(Outcome::TakenBack) => {
                progress.finished(&say!("undone: {step}", step = step.text()));
            }
            Ok(Outcome::NothingToDo) => {}
            Ok(Outcome::Kept(leftover)) => left.push(leftover),
            Err(cause) if cause.kind() == Kind::Passing => {
                retry = true;
                left.push(leftover::of(journal, number, step, cause));
            }
            // what this transaction never came to is a stranger's, and no business of the undo
            Err(cause) if !is_anothers(&cause) && !was_begun(journal, number) => {}
            Err(cause) => left.push(leftover::of(journal, number, step, cause)),
        }
    }
    progress.begin(&activity, None);
    retry |= restart(journal, service, &mut left);
    if !retry && let Err(cause) = close(journal, &left) {
        let subject = journal.intent().id.clone();
        left.push(Leftover { subject, kept: None, cause: cause.into() });
    }
    progress.end();
    left
}

/// It could not even be looked at: perhaps its old content is in no other place than with us.
fn is_anothers(cause: &TransactionError) -> bool {
    matches!(cause, TransactionError::File(FileError { cause: Cause::NotOurs(..), .. }))
}

fn was_begun(journal: &Journal, number: usize) -> bool {
    journal.begun().map_or(true, |begun| begun.contains(&number))
}

fn close(journal: &mut Journal, left: &[Leftover]) -> Result<(), TransactionError> {
    if !left.is_empty() {
        journal.note_leftovers(left)?;
    }
    journal.close(Phase::Undone)?;
    if left.is_empty() {
        // nothing is lost if this fails: each recovery sweeps what undone transactions keep
        let _ = generations::forget_contents(journal);
    }
    Ok(())
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
            FileState::read(&file.path), Ok(now) if now.as_ref().map(FileState::image) == file.before
        ),
        Step::Tree(tree) => {
            !matches!(Identity::of(&tree.live), Ok(now) if now == identity(tree.before.as_ref()))
        }
        Step::Start { .. } => begun.contains(&number),
        Step::Attributes { path, before, .. } => {
            !matches!(Attributes::of(path), Ok(now) if now == *before)
        }
        Step::Move { from, .. } => from.symlink_metadata().is_err(),
        Step::Stop { .. }
        | Step::Linger { .. }
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
fn stop_for_undo(service: &mut dyn Service, left: &mut Vec<Leftover>) {
    if service.is_active().unwrap_or(true)
        && let Err(cause) = service.stop()
    {
        left.push(Leftover { subject: "stop".to_owned(), kept: None, cause });
    }
}

/// Lets the manager read the old unit files and starts the gateway again if it ran. Returns whether
/// a later recovery has to try again, because the manager could not be asked.
fn restart(journal: &Journal, service: &mut dyn Service, left: &mut Vec<Leftover>) -> bool {
    let intent = journal.intent();
    let mut failures = Vec::new();
    if intent.steps.iter().any(|step| matches!(step, Step::Reload))
        && let Err(cause) = service.reload()
    {
        failures.push(("daemon-reload".to_owned(), cause));
    }
    if let Some(unit) = intent.unit.as_ref().filter(|unit| unit.was_active) {
        let started = match service.is_active() {
            Ok(true) => Ok(()),
            Ok(false) => service.start(),
            Err(cause) => Err(cause),
        };
        let command = format!("systemctl --user start {}", unit.name);
        failures.extend(started.err().map(|cause| (command, cause)));
    }
    let unasked = failures.iter().any(|(_, cause)| cause.kind() == Kind::Passing);
    let leftovers = failures.into_iter();
    left.extend(leftovers.map(|(subject, cause)| Leftover { subject, kept: None, cause }));
    unasked
}

fn undo_step(
    journal: &Journal,
    number: usize,
    step: &Step,
    left: &mut Vec<Leftover>,
) -> Result<Outcome, TransactionError> {
    match step {
        Step::File(file) => undo_file(journal, number, file, left),
        Step::Tree(tree) => undo_tree(journal, tree),
        // both were decided by the disk when the intent was written; the note of what was begun
        // may be lost in a power cut
        Step::Directory { path, .. } => {
            // what came in its place is somebody else's; it may stand where ours was never made
            if is_no_directory(path) {
                let was_made = journal.done()?.contains(&number);
                return if was_made { Err(changed(path).into()) } else { Ok(Outcome::NothingToDo) };
            }
            Ok(if exists(path)? && directory::remove_if_empty(path)? {
                Outcome::TakenBack
            } else {
                Outcome::NothingToDo
            })
        }
        Step::RemoveDirectory { path, mode } => Ok(if directory::create(path, *mode)? {
            Outcome::TakenBack
        } else {
            Outcome::NothingToDo
        }),
        Step::Attributes { path, before, after } => {
            undo_attributes(journal, number, path, (*before, *after))
        }
        Step::Move { from, to } => {
            let to = to.clone().unwrap_or_else(|| journal.quarantine(from));
            let [stands, lies] = [from, &to].map(|path| path.symlink_metadata().is_ok());
            if !stands && lies {
                exchange::relocate(&to, from)?;
                return Ok(Outcome::TakenBack);
            }
            // both: something else has come into its place; neither: it is lost
            if stands == lies && journal.done()?.contains(&number) {
                return Err(changed(from).into());
            }
            Ok(Outcome::NothingToDo)
        }
        // what this transaction never came to is the operator's own doing
        Step::Linger { .. } if !journal.begun()?.contains(&number) => Ok(Outcome::NothingToDo),
        Step::Linger { user, uid, on } => Ok(undo_linger(user, *uid, *on)),
        Step::Stop { .. } | Step::Start { .. } | Step::Reload => Ok(Outcome::NothingToDo),
    }
}

fn is_no_directory(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| !found.is_dir())
}

/// Where logind refuses, it would refuse again: a later recovery is not kept waiting for it.
fn undo_linger(user: &str, uid: u32, on: bool) -> Outcome {
    if logind::lingers(user) != Some(on) {
        return Outcome::NothingToDo;
    }
    let subject = logind::note_of(user).display().to_string();
    let kept = |cause: ManagerError| Leftover { subject, kept: None, cause: cause.into() };
    logind::set_linger(uid, !on)
        .map_or_else(|cause| Outcome::Kept(kept(cause)), |()| Outcome::TakenBack)
}

/// Attributes that somebody else has changed since are theirs.
fn undo_attributes(
    journal: &Journal,
    number: usize,
    path: &Path,
    (before, after): (Attributes, Attributes),
) -> Result<Outcome, TransactionError> {
    match Attributes::of(path)? {
        now if now == before || journal.refused()?.contains(&number) => Ok(Outcome::NothingToDo),
        now if is_of_either(now, before, after) => {
            before.give(path)?;
            Ok(Outcome::TakenBack)
        }
        _ => Err(changed(path).into()),
    }
}

/// The owner is given before the mode, there and back: a run that died in between left one of each,
/// and the kernel has cleared the set-id bits.
fn is_of_either(now: Attributes, before: Attributes, after: Attributes) -> bool {
    let owners = [before, after].map(|side| (side.uid, side.gid));
    let modes = [before, after].map(|side| side.mode & 0o1777);
    owners.contains(&(now.uid, now.gid)) && modes.contains(&(now.mode & 0o1777))
}

fn undo_file(
    journal: &Journal,
    number: usize,
    file: &FileStep,
    left: &mut Vec<Leftover>,
) -> Result<Outcome, TransactionError> {
    salvage(journal, number, file, left)?;
    // for what was never written, or is back already, nobody's lock is waited for
    if FileState::read(&file.path)?.as_ref().map(FileState::image) == file.before {
        return Ok(Outcome::NothingToDo);
    }
    let _lock = ConfigLock::take_if_any(file.lock.as_deref(), TIMEOUT)?;
    let end = Deadline::after(PERSISTENCE);
    while !end.has_passed() {
        if let Some(outcome) = write_back(journal, number, file)? {
            return Ok(outcome);
        }
        salvage(journal, number, file, left)?;
    }
    Err(contended(&file.path).into())
}

/// `None`: somebody else has written the file between the look at it and the write.
fn write_back(
    journal: &Journal,
    number: usize,
    file: &FileStep,
) -> Result<Option<Outcome>, TransactionError> {
    let current = FileState::read(&file.path)?;
    let image = current.as_ref().map(FileState::image);
    if image == file.before {
        return Ok(Some(Outcome::NothingToDo));
    }
    if image == file.after {
        let old = preimage(journal, number, file)?;
        let id = &journal.intent().id;
        let was_ours = replace::change(&file.path, current.as_ref(), old.as_ref(), id)?;
        return Ok(was_ours.then_some(Outcome::TakenBack));
    }
    let Some(theirs) = &current else { return Err(changed(&file.path).into()) };
    let back = without_ours(journal, number, file, theirs)?;
    if let Some(back) = back.filter(|_| !theirs.bytes.is_empty()) {
        return put_back(journal, number, file, theirs, back);
    }
    // what somebody is writing just now says nothing yet; two looks may both find it empty
    for _ in 0..LOOKS {
        std::thread::sleep(WRITING / LOOKS);
        if FileState::read(&file.path)? != current {
            return Ok(None);
        }
    }
    Err(changed(&file.path).into())
}

/// What was kept of the old file; what is no longer so is lost, and not looked for again.
fn preimage(
    journal: &Journal,
    number: usize,
    file: &FileStep,
) -> Result<Option<FileState>, TransactionError> {
    journal.preimage(number, file).map_err(|cause| match cause.kind() {
        Kind::Passing => cause,
        _ if is_anothers(&cause) => cause,
        _ => TransactionError::Lost { kept: journal.preimage_path(number) },
    })
}

/// Somebody else has written the file since: their edits stay, our keys go. `None`: it is no file
/// of keys, or none that can be edited.
fn without_ours(
    journal: &Journal,
    number: usize,
    file: &FileStep,
    theirs: &FileState,
) -> Result<Option<WayBack>, TransactionError> {
    if file.role != Role::Config {
        return Ok(None);
    }
    let images = preimage(journal, number, file)?.zip(journal.postimage(number, file)?);
    let Some((old, new)) = images else { return Ok(None) };
    let images = Images { before: &old.bytes, after: &new.bytes };
    Ok(keys::take_back(&file.path, &theirs.bytes, &[images], leaving(journal)))
}

/// The plugin that is not there in the old state.
fn leaving(journal: &Journal) -> Option<&str> {
    journal.intent().steps.iter().find_map(|step| match step {
        Step::Tree(tree) if tree.before.is_none() => tree.live.file_name()?.to_str(),
        _ => None,
    })
}

fn put_back(
    journal: &Journal,
    number: usize,
    file: &FileStep,
    theirs: &FileState,
    back: WayBack,
) -> Result<Option<Outcome>, TransactionError> {
    let WayBack { bytes, kept, gone } = back;
    let is_clean = kept.is_empty() && gone.is_empty();
    // it holds nothing of ours: our write never came, or somebody has taken it back already
    if bytes == *theirs.bytes {
        return Ok(Some(Outcome::NothingToDo));
    }
    let (path, keys) = (file.path.display(), [kept, gone.clone()].concat().join(", "));
    let mut left = Leftover {
        subject: format!("{path}: {keys}"),
        kept: file.before.as_ref().map(|_| journal.preimage_path(number)),
        cause: changed(&file.path).into(),
    };
    if !gone.is_empty() {
        left.kept = Some(journal.keep_theirs(number, theirs)?);
    }
    let (back, id) = (theirs.with_bytes(bytes), &journal.intent().id);
    if !replace::change(&file.path, Some(theirs), Some(&back), id)? {
        return Ok(None);
    }
    Ok(Some(if is_clean { Outcome::TakenBack } else { Outcome::Kept(left) }))
}

fn undo_tree(journal: &Journal, tree: &TreeStep) -> Result<Outcome, TransactionError> {
    let slot = journal.slot_of(tree);
    exchange::settle(&tree.live, &slot)?;
    let now = Identity::of(&tree.live)?;
    let (before, after) = (identity(tree.before.as_ref()), identity(tree.after.as_ref()));
    if now == before {
        return Ok(Outcome::NothingToDo);
    }
    if now != after {
        return Err(changed(&tree.live).into());
    }
    // a slot without the old tree must not take the new one's place
    if Identity::of(&slot)? != before {
        return Err(changed(&slot).into());
    }
    exchange::swap(&tree.live, &slot)?;
    Ok(Outcome::TakenBack)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_a_run_that_died_are_told_from_a_strangers() {
        let attributes = |mode, uid| Attributes { mode, uid, gid: 0 };
        let [before, after] = [attributes(0o4777, 1234), attributes(0o4755, 0)];
        for (mode, uid, ours) in [
            (0o4777, 1234, true),
            (0o4755, 0, true),
            // died on the way there, and on the way back
            (0o0777, 0, true),
            (0o0755, 1234, true),
            (0o0700, 0, false),
            (0o4755, 1000, false),
            (0o1755, 0, false),
        ] {
            let now = attributes(mode, uid);
            assert_eq!(is_of_either(now, before, after), ours, "{now}");
        }
    }
}
