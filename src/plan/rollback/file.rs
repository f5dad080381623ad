//! One file on its way back: byte for byte if nobody has touched it since, else key by key.

use std::path::Path;

use super::Request;
use crate::fs::image::FileState;
use crate::openclaw::way_back::{self, Images, WayBack};
use crate::plan::note::Note;
use crate::snapshot::paths::CONNECTOR;
use crate::systemd::drop_in::{self, Assigned};
use crate::systemd::environment::{Bypass, Environment};
use crate::transaction::step::{FileStep, Role, Step};

/// What one past transaction did to one file.
struct Touch<'p> {
    file: &'p FileStep,
    before: Option<&'p FileState>,
    after: Option<&'p FileState>,
}

/// Byte for byte where nobody has touched the file since; else key by key, and what is no longer
/// ours stays and is told.
pub(super) fn file(
    request: &Request<'_>,
    path: &Path,
    current: Option<&FileState>,
    connector_stays: bool,
    notes: &mut Vec<Note>,
) -> Option<FileStep> {
    let touches = touches(request, path);
    let (newest, oldest) = (touches.first()?, touches.last()?);
    let target = oldest.before;
    if current == target {
        return None;
    }
    let role = newest.file.role;
    let to = |after: Option<FileState>| {
        let step = FileStep::new(role, path.to_owned(), current.cloned(), after);
        Some(FileStep { lock: newest.file.lock.clone(), ..step })
    };
    if current == newest.after {
        return to(target.cloned());
    }
    let restored = match (role, current) {
        (Role::Config | Role::Models, Some(theirs)) => {
            by_keys(path, theirs, &touches, connector_stays, notes).map(Some)
        }
        (Role::DropIn, Some(theirs)) => Some(by_assignments(theirs, target, newest.after)),
        (Role::Record | Role::Connector, _) | (_, None) => None,
    };
    match (restored, current) {
        (Some(Some(bytes)), Some(theirs)) if bytes == *theirs.bytes => None,
        (Some(Some(bytes)), Some(theirs)) => to(Some(theirs.with_bytes(bytes))),
        (Some(None), _) => to(None),
        _ => {
            notes.push(Note::file_kept(path));
            None
        }
    }
}

/// What those transactions did to a file, newest first.
fn touches<'p>(request: &'p Request<'_>, path: &Path) -> Vec<Touch<'p>> {
    let steps = request.past.iter().flat_map(|past| &past.steps);
    steps
        .filter_map(|past_step| match &past_step.step {
            Step::File(file) if file.path == path => Some(Touch {
                file,
                before: past_step.before.as_ref(),
                after: past_step.after.as_ref(),
            }),
            _ => None,
        })
        .collect()
}

/// `None`: somebody has made a text of it that cannot be edited.
fn by_keys<'a>(
    path: &Path,
    theirs: &FileState,
    touches: &[Touch<'a>],
    connector_stays: bool,
    notes: &mut Vec<Note>,
) -> Option<Vec<u8>> {
    let images = |touch: &Touch<'a>| {
        Some(Images { before: &touch.before?.bytes, after: &touch.after?.bytes })
    };
    let changes: Vec<_> = touches.iter().map(images).collect::<Option<_>>()?;
    let leaving = (!connector_stays).then_some(CONNECTOR);
    let WayBack { bytes, kept, gone } =
        way_back::take_back(path, &theirs.bytes, &changes, leaving)?;
    if !gone.is_empty() {
        notes.push(Note::keys_go_with_connector(&gone));
    }
    if !kept.is_empty() {
        notes.push(Note::keys_kept(&kept));
    }
    Some(bytes)
}

/// Only our two assignments change in a drop-in that the user has edited since; every other line
/// stays. `None`: nothing is left in it.
fn by_assignments(
    theirs: &FileState,
    target: Option<&FileState>,
    after: Option<&FileState>,
) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(&theirs.bytes).into_owned();
    let assigned = |state: Option<&FileState>| {
        let text = state.map(|state| String::from_utf8_lossy(&state.bytes).into_owned());
        drop_in::assigned(&text.unwrap_or_default())
    };
    let (wanted, ours) = (assigned(target), assigned(after));
    let restored = match bypass_of(&wanted) {
        Some(bypass) => Some(drop_in::merged(Some(&text), &bypass)),
        None => match bypass_of(&ours) {
            Some(ours) => drop_in::without_bypass(&text, &ours, &wanted),
            None => Some(text),
        },
    };
    restored.map(String::into_bytes)
}

/// The bypass, where a drop-in has one in both spellings.
fn bypass_of(assigned: &Assigned) -> Option<Bypass> {
    let [lower, upper] = [assigned.lower.as_deref()?, assigned.upper.as_deref()?];
    let has_all = |value: &str| {
        let alone = Environment::of_assignments([format!("no_proxy={value}")]);
        Bypass::extending(&alone) == Bypass::of_value(value)
    };
    (has_all(lower) && has_all(upper)).then(|| Bypass::of_value(lower))
}
