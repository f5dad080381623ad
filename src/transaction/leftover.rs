//! What undo could not put back: its name, and where its old content lies; and what lies beside a
//! file after a death.

use std::path::PathBuf;

use rustix::io::Errno;

use super::error::{Leftover, TransactionError, changed};
use super::journal::Journal;
use super::step::{FileStep, Step, TreeSide};
use crate::fs::exchange::Identity;
use crate::fs::replace::{Beside, FileState, Place};
use crate::fs::{is_absent, own};
use crate::language::{Explain, Kind};
use crate::systemd::logind;

/// A step that cannot be taken back, with the place where its old content lies, or that it is lost.
pub(super) fn of(
    journal: &Journal,
    number: usize,
    step: &Step,
    cause: TransactionError,
) -> Leftover {
    let (kept, cause) = match (cause, kept_place(journal, number, step)) {
        (lost @ TransactionError::Lost { .. }, _) => (None, lost),
        (cause, Some((kept, false))) if cause.kind() != Kind::Passing => {
            (None, TransactionError::Lost { kept })
        }
        (cause, place) => (place.map(|(kept, _)| kept), cause),
    };
    Leftover { subject: subject(step), kept, cause: cause.into() }
}

/// What somebody else's ownership keeps us from says whose it is: to try again does not help.
pub(super) fn by_owner(
    journal: &Journal,
    step: &Step,
    cause: TransactionError,
) -> TransactionError {
    let TransactionError::File(error) = &cause else { return cause };
    if !matches!(error.errno(), Some(Errno::ACCESS | Errno::PERM)) {
        return cause;
    }
    let places = match step {
        Step::Tree(tree) => vec![tree.live.clone(), journal.slot_of(tree)],
        Step::Move { from, to } => {
            vec![from.clone(), to.clone().unwrap_or_else(|| journal.quarantine(from))]
        }
        _ => Vec::new(),
    };
    let mut places = std::iter::once(&error.path).chain(&places);
    places.find_map(|place| own::obstacle(place)).map_or(cause, Into::into)
}

/// Where the old content of a step's subject is kept, and whether it is there. `None`: it has none.
fn kept_place(journal: &Journal, number: usize, step: &Step) -> Option<(PathBuf, bool)> {
    match step {
        Step::File(FileStep { before: Some(_), .. }) => {
            let place = journal.preimage_path(number);
            let is_there = !is_absent(&place);
            Some((place, is_there))
        }
        Step::Tree(tree) => {
            let before = identity(tree.before.as_ref())?;
            let slot = journal.slot_of(tree);
            let is_there = Identity::of(&slot).map_or(true, |now| now == Some(before));
            Some((slot, is_there))
        }
        Step::Move { from, to } => {
            let place = to.clone().unwrap_or_else(|| journal.quarantine(from));
            let is_there = place.symlink_metadata().is_ok();
            Some((place, is_there))
        }
        _ => None,
    }
}

/// Clears up what a death, or a writer between two of our renames, has left beside the file. What is
/// not ours goes back to its place; where somebody has written there since, it is kept and named.
pub(super) fn salvage(
    journal: &Journal,
    number: usize,
    file: &FileStep,
    left: &mut Vec<Leftover>,
) -> Result<(), TransactionError> {
    let place = match Place::of(&file.path, &journal.intent().id) {
        Err(error) if error.is_missing() => return Ok(()),
        place => place?,
    };
    place.sweep()?;
    let found = match place.look_beside()? {
        Beside::Nothing => return Ok(()),
        Beside::File(found) => Some(found),
        Beside::Other => None,
    };
    let is_ours = |state: Option<&FileState>| {
        let image = state.map(FileState::image);
        image == file.before || image == file.after
    };
    if found.is_some() && is_ours(found.as_ref()) {
        return Ok(place.clear()?);
    }
    let now = FileState::read(&file.path)?;
    if is_ours(now.as_ref()) && place.restore(now.as_ref(), found.as_ref())? {
        return Ok(());
    }
    let kept = match &found {
        Some(found) => journal.keep_theirs(number, found)?,
        None => place.beside(),
    };
    if found.is_some() {
        place.clear()?;
    }
    let (subject, cause) = (file.path.display().to_string(), changed(&file.path).into());
    left.push(Leftover { subject, kept: Some(kept), cause });
    Ok(())
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
        Step::Linger { user, .. } => logind::note_of(user).display().to_string(),
        Step::Reload => "daemon-reload".to_owned(),
    }
}

/// The directory that one side of a swap is.
pub(super) fn identity(side: Option<&TreeSide>) -> Option<Identity> {
    side.and_then(|side| side.identity)
}
