//! The plan of `rollback`: the state before a past transaction, as far as it is still ours to
//! restore.
//!
//! One file on its way back: byte for byte if nobody has touched it since, else key by key.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::note::Note;
use super::order::{self, Changes};
use super::{Plan, PlanFailure, error};
use crate::fs::exchange::Identity;
use crate::fs::replace::FileState;
use crate::language::Problem;
use crate::openclaw::document::{Document, Value};
use crate::openclaw::keys::{self, Images, WayBack};
use crate::snapshot::installation::Installation;
use crate::snapshot::paths::CONNECTOR;
use crate::snapshot::tree::LiveTree;
use crate::systemd::drop_in::{self, Assigned};
use crate::systemd::environment::{Bypass, Environment};
use crate::transaction::step::{Attributes, FileStep, Role, Step, TreeSide, TreeStep};

/// One past transaction, newest first in a [`Request`].
#[derive(Debug)]
pub struct Past {
    /// Its id.
    pub id: String,
    /// The connector's version before it.
    pub connector_before: Option<String>,
    /// Its steps.
    pub steps: Vec<PastStep>,
}

/// One step of a past transaction; where it is one of a file, with that file's two images.
#[derive(Debug)]
pub struct PastStep {
    /// The step.
    pub step: Step,
    /// The file before.
    pub before: Option<FileState>,
    /// The file after.
    pub after: Option<FileState>,
}

/// What is asked for, and how the disk stands.
#[derive(Debug)]
pub struct Request<'a> {
    /// The transactions to go back before, newest first.
    pub past: Vec<Past>,
    /// The files of those transactions as they stand now.
    pub current: Vec<(PathBuf, Option<FileState>)>,
    /// The identity of the live tree, and the version that it tells.
    pub live: Option<(Identity, String)>,
    /// Every tree that transactions keep: where, and its identity.
    pub kept: Vec<(PathBuf, Identity)>,
    /// What is known of the live tree, for the remark on the user's own changes.
    pub live_tree: Option<&'a LiveTree>,
    /// The attributes, as they stand now, of everything whose attributes were changed.
    pub attributes: Vec<(PathBuf, Attributes)>,
    /// Whether the user lingers.
    pub lingers: Option<bool>,
    /// Of the places between which something was moved: those where something stands now.
    pub standing: Vec<PathBuf>,
    /// Where the trees are kept.
    pub transactions: PathBuf,
}

/// Makes the plan.
pub fn plan(installation: &Installation, request: &Request<'_>) -> Result<Plan, PlanFailure> {
    error::refuse_read_only(installation)?;
    let mut notes: Vec<Note> = order::slow_stop(installation).into_iter().collect();
    let mut changes = Changes { tree: tree(request)?, ..Changes::default() };
    let connector_stays = match &changes.tree {
        Some(tree) => tree.after.is_some(),
        None => request.live.is_some(),
    };
    let mut in_tree = Vec::new();
    for (path, current) in &request.current {
        let step = file_back(request, path, current.as_ref(), connector_stays, &mut notes);
        match step.as_ref().map(|step| step.role) {
            Some(Role::DropIn) => changes.drop_ins.extend(step),
            Some(Role::Config) => changes.config.extend(step),
            Some(Role::Models) => changes.models = step,
            Some(Role::Record) => changes.record = step,
            // where a tree comes back, what is in it comes with it
            Some(Role::Connector) if changes.tree.is_some() => {}
            Some(Role::Connector) => in_tree.extend(step.map(Step::File)),
            None => {}
        }
    }
    changes.others = others(request, &mut notes);
    changes.others.extend(in_tree);
    changes.directories = created_directories(request);
    if changes.tree.is_some() {
        notes.extend(deviations(installation, request));
    }
    // the tree first where one comes back, the config first where the tree goes
    let goes = changes.tree.as_ref().is_some_and(|tree| tree.after.is_none());
    let is_empty = changes.is_empty();
    let steps = if goes {
        order::removal(installation, changes)
    } else {
        let coming = coming_channel(&changes.config);
        order::replacement(installation, changes, request.live_tree, coming.as_ref())
    };
    let steps = if is_empty { Vec::new() } else { steps };
    let before = request.past.last().and_then(|past| past.connector_before.clone());
    Ok(Plan {
        command: "rollback",
        connector: (request.live.as_ref().map(|(_, version)| version.clone()), before),
        unit: order::unit_before(installation),
        steps: linger(request).into_iter().chain(steps).collect(),
        notes,
        ..Plan::default()
    })
}

/// The channel block that the files of the config will hold.
fn coming_channel(config: &[FileStep]) -> Option<Value> {
    config.iter().find_map(|file| {
        let document = Document::parse(&file.path, &file.contents.after.as_ref()?.bytes).ok()?;
        document.value().get(&["channels", CONNECTOR]).cloned()
    })
}

fn deviations(installation: &Installation, request: &Request<'_>) -> Option<Note> {
    installation.record.as_ref()?;
    order::deviation_note(installation, request.live_tree, &request.transactions)
}

/// The tree that stood there before the oldest of the transactions, wherever it is kept now: each
/// swap leaves the tree that it took away in a transaction's slot.
fn tree(request: &Request<'_>) -> Result<Option<TreeStep>, Problem> {
    let steps =
        request.past.iter().flat_map(|past| past.steps.iter().map(move |step| (past, step)));
    let mut trees = steps.filter_map(|(past, past_step)| match &past_step.step {
        Step::Tree(tree) => Some((past, tree)),
        _ => None,
    });
    let Some(newest) = trees.next() else { return Ok(None) };
    let (oldest, first) = trees.next_back().unwrap_or(newest);
    let wanted = first.before.as_ref();
    let wanted_identity = wanted.and_then(|side| side.identity);
    let live = request.live.as_ref().map(|(identity, _)| *identity);
    if live == wanted_identity {
        return Ok(None);
    }
    let slot = match wanted_identity {
        None => None,
        Some(identity) => {
            let kept = request.kept.iter().find(|(_, known)| *known == identity);
            let lost = || error::tree_pruned(&oldest.id);
            Some(kept.ok_or_else(lost)?.0.clone())
        }
    };
    let before = request.live.as_ref().map(|(identity, version)| TreeSide {
        version: version.clone(),
        identity: Some(*identity),
        adapted: newest.1.adapted().cloned(),
    });
    let (live, after) = (first.live.clone(), wanted.cloned());
    Ok(Some(TreeStep { live, before, after, slot, changes: Vec::new() }))
}

/// Attributes and moves, the newest first: what somebody else has changed since stays.
fn others(request: &Request<'_>, notes: &mut Vec<Note>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut standing = request.standing.clone();
    for past in request.past.iter().flat_map(|past| past.steps.iter().rev()) {
        match &past.step {
            Step::Attributes { path, before, after } => {
                let now = request.attributes.iter().find(|(known, _)| known == path);
                match now.map(|(_, now)| *now) {
                    Some(now) if now == *after => steps.push(Step::Attributes {
                        path: path.clone(),
                        before: now,
                        after: *before,
                    }),
                    Some(now) if now == *before => {}
                    _ => notes.push(Note::file_kept(path)),
                }
            }
            Step::Move { from, to: Some(to) } => match moved_back(&mut standing, from, to) {
                Ok(step) => steps.push(step),
                Err(note) => notes.push(note),
            },
            _ => {}
        }
    }
    steps
}

/// Lingering as it was before the oldest of the transactions.
fn linger(request: &Request<'_>) -> Option<Step> {
    let steps = request.past.iter().flat_map(|past| past.steps.iter().rev());
    let mut switches = steps.filter_map(|past_step| match &past_step.step {
        Step::Linger { user, uid, on } => Some((user, *uid, *on)),
        _ => None,
    });
    let (user, uid, on) = switches.next_back().filter(|(_, _, on)| request.lingers == Some(*on))?;
    Some(Step::Linger { user: user.clone(), uid, on: !on })
}

/// What was moved `from` one place `to` another goes back if it is still there and the first place
/// is free, by then: `standing` follows the moves.
fn moved_back(standing: &mut [PathBuf], from: &PathBuf, to: &PathBuf) -> Result<Step, Note> {
    let Some(place) = standing.iter().position(|path| path == to) else {
        return Err(Note::move_pruned(from, to));
    };
    if standing.contains(from) {
        return Err(Note::file_kept(from));
    }
    standing[place].clone_from(from);
    Ok(Step::Move { from: to.clone(), to: Some(from.clone()) })
}

/// Directories that those transactions created go with them when nothing else is in them.
fn created_directories(request: &Request<'_>) -> Vec<PathBuf> {
    let steps = request.past.iter().flat_map(|past| &past.steps);
    steps
        .filter_map(|past_step| match &past_step.step {
            Step::Directory { path, .. } => Some(path.clone()),
            _ => None,
        })
        .collect()
}

/// What one past transaction did to one file.
struct Touch<'p> {
    file: &'p FileStep,
    before: Option<&'p FileState>,
    after: Option<&'p FileState>,
}

/// Byte for byte where nobody has touched the file since; else key by key, and what is no longer
/// ours stays and is told.
fn file_back(
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
    let WayBack { bytes, kept, gone } = keys::take_back(path, &theirs.bytes, &changes, leaving)?;
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
