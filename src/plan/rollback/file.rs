//! One file on its way back: byte for byte if nobody has touched it since, else key by key.

use std::path::Path;

use super::Request;
use crate::fs::image::FileState;
use crate::installation::paths::CONNECTOR;
use crate::openclaw::document::{Document, Edit, KeyPath};
use crate::openclaw::keys;
use crate::plan::note::Note;
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
        (Role::Record, _) | (_, None) => None,
    };
    match (restored, current) {
        (Some(Some(bytes)), Some(theirs)) if bytes == theirs.bytes => None,
        (Some(Some(bytes)), Some(theirs)) => to(Some(theirs.with_bytes(bytes))),
        (Some(None), _) => to(None),
        _ => {
            notes.push(Note::FileKept { file: path.to_owned() });
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
fn by_keys(
    path: &Path,
    theirs: &FileState,
    touches: &[Touch<'_>],
    connector_stays: bool,
    notes: &mut Vec<Note>,
) -> Option<Vec<u8>> {
    let mut bytes = theirs.bytes.clone();
    let mut kept = Vec::new();
    for Touch { before, after, .. } in touches {
        let (text, left) = keys::take_back(path, &bytes, &(*before)?.bytes, &(*after)?.bytes)?;
        bytes = text;
        kept.extend(left.into_iter().filter(|key| !kept.contains(key)).collect::<Vec<_>>());
    }
    if !connector_stays {
        let blocks = blocks_without_connector(path, &bytes, touches)?;
        let document = Document::parse_any(path, &bytes).ok()?;
        bytes = document.edit(&blocks.edits).ok()?.bytes().to_vec();
        kept.retain(|key| !blocks.names.iter().any(|block| key.starts_with(block)));
        if !blocks.names.is_empty() {
            notes.push(Note::KeysGoWithConnector { keys: blocks.names });
        }
    }
    if !kept.is_empty() {
        notes.push(Note::KeysKept { keys: kept });
    }
    Some(bytes)
}

/// Blocks of the config that go with the connector.
#[derive(Default)]
struct Blocks {
    names: Vec<String>,
    edits: Vec<Edit>,
}

/// What is left, because somebody has changed it, of the blocks that came with the connector:
/// OpenClaw refuses a config that names a channel or a plugin which is not there.
fn blocks_without_connector(path: &Path, bytes: &[u8], touches: &[Touch<'_>]) -> Option<Blocks> {
    let read = |bytes: &[u8]| Some(Document::parse_any(path, bytes).ok()?.value().clone());
    let target = read(&touches.last()?.before?.bytes)?;
    let mut left = read(bytes)?;
    let mut blocks = Blocks::default();
    for Touch { before, after, .. } in touches {
        for key in keys::difference(&read(&(*before)?.bytes)?, &read(&(*after)?.bytes)?) {
            let Some(depth) = key.path.iter().position(|segment| segment == CONNECTOR) else {
                continue;
            };
            let block = &key.path[..=depth];
            if left.get(block).is_none() || target.get(block).is_some() {
                continue;
            }
            blocks.names.push(KeyPath::from(block).to_string());
            for edit in keys::removal(&left, block, keys::existing_part(&target, block)) {
                left = edit.applied_to(&left);
                blocks.edits.push(edit);
            }
        }
    }
    Some(blocks)
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
        Some(bypass) => Some(drop_in::merged(Some(&text), &bypass).text),
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
