//! The order of a plan's changes: at no moment an invalid OpenClaw on disk.

use std::path::{Path, PathBuf};

use super::PlanFailure;
use super::config::forbidden;
use super::note::Note;
use crate::connector::adaptation::Adapted;
use crate::fs::replace::FileState;
use crate::openclaw::CONFIG_HAS_A_LOCK;
use crate::openclaw::document::{Edit, Value};
use crate::openclaw::include::{ChangedFile, ConfigSet};
use crate::snapshot::installation::Installation;
use crate::snapshot::service::Service;
use crate::snapshot::tree::LiveTree;
use crate::timeout::USUAL;
use crate::transaction::journal::UnitBefore;
use crate::transaction::step::{FileStep, Role, Step, TreeSide, TreeStep};

/// The changes of a plan, before they are put in order with the unit's jobs.
#[derive(Debug, Default)]
pub struct Changes {
    /// The connector's tree.
    pub tree: Option<TreeStep>,
    /// The unit's drop-ins.
    pub drop_ins: Vec<FileStep>,
    /// The config and its includes.
    pub config: Vec<FileStep>,
    /// The agent model file.
    pub models: Option<FileStep>,
    /// Our record, where it is known already.
    pub record: Option<FileStep>,
    /// Modes, owners, moves, and files of the tree that are written anew.
    pub others: Vec<Step>,
    /// Directories that go when nothing is left in them.
    pub directories: Vec<PathBuf>,
}

impl Changes {
    /// Whether nothing at all would change; directories alone are no reason for a transaction.
    pub fn is_empty(&self) -> bool {
        let Self { tree, drop_ins, config, models, record, others, directories: _ } = self;
        tree.is_none()
            && drop_ins.is_empty()
            && config.is_empty()
            && models.is_none()
            && record.is_none()
            && others.is_empty()
    }
}

/// Stop → tree → drop-in → `Reload` → config → start: OpenClaw refuses a config that names a
/// channel whose plugin is not there, and its own restart on a changed config cannot race ours.
pub fn arrival(installation: &Installation, changes: Changes) -> Vec<Step> {
    arrival_after(installation, Vec::new(), changes)
}

/// The same where a connector takes another's place: the config goes before the tree if the
/// standing connector's schema lets the coming channel block be. So no config is on disk that the
/// connector beside it forbids, neither on the way there nor when the steps are undone. (No order
/// could do that where each connector forbids a key of the other's block.)
pub fn replacement(
    installation: &Installation,
    mut changes: Changes,
    standing: Option<&LiveTree>,
    coming: Option<&Value>,
) -> Vec<Step> {
    let takes_a_place = changes.tree.as_ref().is_some_and(|tree| tree.before.is_some());
    let config_first = takes_a_place && standing.zip(coming).is_some_and(accepts);
    let first = if config_first { std::mem::take(&mut changes.config) } else { Vec::new() };
    arrival_after(installation, first, changes)
}

fn accepts((tree, block): (&LiveTree, &Value)) -> bool {
    tree.channel_schema.as_ref().is_none_or(|schema| forbidden(schema, block).is_empty())
}

fn arrival_after(installation: &Installation, first: Vec<FileStep>, changes: Changes) -> Vec<Step> {
    let Changes { tree, drop_ins, config, models, record, others, directories } = changes;
    let mut steps: Vec<Step> = first.into_iter().map(Step::File).collect();
    if tree.as_ref().is_some_and(|tree| tree.after.is_some()) {
        steps.extend(creation(&installation.missing_extensions));
    }
    steps.extend(tree.map(Step::Tree));
    steps.extend(others);
    if drop_ins.iter().any(|file| file.after.is_some()) {
        steps.extend(creation(&installation.missing_unit_dirs));
    }
    steps.extend(reloaded(installation, drop_ins));
    steps.extend(config.into_iter().chain(models).chain(record).map(Step::File));
    steps.extend(directory_removal(&directories));
    around_with_jobs(installation, steps)
}

/// Stop → config → tree → drop-in → `Reload` → start: the mirror.
pub fn removal(installation: &Installation, changes: Changes) -> Vec<Step> {
    let Changes { tree, drop_ins, config, models, record, others, directories } = changes;
    let mut steps: Vec<Step> = config.into_iter().chain(models).map(Step::File).collect();
    steps.extend(tree.map(Step::Tree));
    steps.extend(others);
    steps.extend(reloaded(installation, drop_ins));
    steps.extend(record.map(Step::File));
    steps.extend(directory_removal(&directories));
    around_with_jobs(installation, steps)
}

fn reloaded(installation: &Installation, drop_ins: Vec<FileStep>) -> Vec<Step> {
    let has_to = !drop_ins.is_empty() && installation.service.managed().is_some();
    drop_ins.into_iter().map(Step::File).chain(has_to.then_some(Step::Reload)).collect()
}

fn creation(missing: &[PathBuf]) -> impl Iterator<Item = Step> + '_ {
    missing.iter().map(|path| Step::Directory { path: path.clone(), mode: 0o755 })
}

/// Innermost first.
fn directory_removal(directories: &[PathBuf]) -> Vec<Step> {
    let mut directories = directories.to_vec();
    directories.sort_by_key(|path| std::cmp::Reverse(path.components().count()));
    directories.into_iter().map(|path| Step::RemoveDirectory { path, mode: 0o755 }).collect()
}

/// The same steps with a `Reload`, for a manager that has not read what stands on the disk.
pub fn restarted(installation: &Installation, mut steps: Vec<Step>) -> Vec<Step> {
    if steps.is_empty() {
        return around_with_jobs(installation, vec![Step::Reload]);
    }
    let start = steps.iter().position(|step| matches!(step, Step::Start { .. }));
    steps.insert(start.unwrap_or(steps.len()), Step::Reload);
    steps
}

/// A gateway that had failed for what is repaired now is started, too.
pub fn revive(installation: &Installation, steps: &mut Vec<Step>) {
    let failed = |managed: &&crate::snapshot::service::Managed| {
        managed.unit.active_state == crate::systemd::ActiveState::Failed
    };
    if let Some(managed) = installation.service.managed().filter(failed) {
        steps.push(Step::Start { unit: managed.unit.name.clone() });
    }
}

/// A gateway that runs is stopped first and started last.
fn around_with_jobs(installation: &Installation, mut steps: Vec<Step>) -> Vec<Step> {
    let running = installation.service.managed().filter(|managed| managed.unit.is_up());
    if let Some(managed) = running.filter(|_| !steps.is_empty()) {
        let unit = managed.unit.name.clone();
        steps.insert(0, Step::Stop { unit: unit.clone() });
        // the plan was made of what lies on the disk
        if managed.has_unread_files() && !steps.iter().any(|step| matches!(step, Step::Reload)) {
            steps.push(Step::Reload);
        }
        steps.push(Step::Start { unit });
    }
    steps
}

/// The step that puts the tree of one version, if any, in place of another's.
pub(super) fn tree(
    installation: &Installation,
    before: Option<String>,
    after: Option<String>,
) -> TreeStep {
    let side = |version| TreeSide { version, identity: None, adapted: None };
    let live = installation.paths.connector.clone();
    let adapted = installation.record.as_ref().and_then(|record| record.adapted.as_ref());
    let before =
        before.map(side).map(|side| TreeSide { adapted: adapted.map(Adapted::extent), ..side });
    TreeStep { live, before, after: after.map(side), slot: None, changes: Vec::new() }
}

/// The step that gives a file other bytes; none where they are the same.
pub(super) fn rewritten(
    role: Role,
    path: &Path,
    state: &FileState,
    bytes: &[u8],
) -> Option<FileStep> {
    let after = || Some(state.with_bytes(bytes.to_vec()));
    (*bytes != **state.bytes)
        .then(|| FileStep::new(role, path.to_owned(), Some(state.clone()), after()))
}

/// The gateway's unit before, where there is one.
pub fn unit_before(installation: &Installation) -> Option<UnitBefore> {
    let managed = installation.service.managed().filter(|managed| managed.has_unit())?;
    Some(UnitBefore { name: managed.unit.name.clone(), was_active: managed.unit.is_up() })
}

/// The files that edits of the config change, with everything that is needed to take them back.
pub fn config_files(
    installation: &Installation,
    config: &ConfigSet,
    edits: &[Edit],
) -> Result<Vec<FileStep>, PlanFailure> {
    let changed = config.edit(edits)?;
    let step = |file: ChangedFile| {
        let ChangedFile { path, old, new } = file;
        let before = match installation.config_files.get(&path) {
            Some(attributes) => attributes.with_bytes(old),
            None => installation.new_file(old, 0o600),
        };
        let after = before.with_bytes(new);
        let step = FileStep::new(Role::Config, path, Some(before), Some(after));
        FileStep { lock: config_lock(installation), ..step }
    };
    Ok(changed.into_iter().map(step).collect())
}

/// OpenClaw's own lock on its config, where its version has one, or is not known: an older one does
/// not mind the file.
pub(super) fn config_lock(installation: &Installation) -> Option<PathBuf> {
    let has_lock = installation.program.version.is_none_or(|version| version >= CONFIG_HAS_A_LOCK);
    has_lock.then(|| {
        let mut path = installation.paths.config.clone().into_os_string();
        path.push(".lock");
        path.into()
    })
}

/// What there is to say of the surroundings, whatever the plan.
pub fn surrounding_notes(installation: &Installation, config: &ConfigSet) -> Vec<Note> {
    let mut notes = Vec::new();
    if installation.program.version.is_none() {
        notes.push(Note::version_unknown());
    }
    notes.extend(config.warnings().into_iter().map(|(file, duplicate)| {
        let place = (duplicate.effective.line, duplicate.effective.column);
        Note::duplicate_key(&file, place, &duplicate.key.to_string())
    }));
    match &installation.service {
        Service::Unmanaged => {
            notes.push(Note::no_manager(&installation.account.name));
        }
        Service::Managed(managed) if !managed.has_unit() => {
            notes.push(Note::no_unit(&managed.unit.name));
        }
        Service::Managed(_) => {}
    }
    notes.extend(slow_stop(installation));
    notes
}

/// A unit that runs and is allowed more time to stop than we usually wait.
pub fn slow_stop(installation: &Installation) -> Option<Note> {
    let unit = &installation.service.managed()?.unit;
    let allowed = unit.timeout_stop.filter(|allowed| unit.is_up() && *allowed > USUAL)?;
    Some(Note::slow_to_stop(&unit.name, allowed.as_secs()))
}

/// The user's own changes to the tree are never silently destroyed: the old tree is kept.
pub fn deviation_note(
    installation: &Installation,
    live: Option<&LiveTree>,
    transactions: &Path,
) -> Option<Note> {
    let live = live?;
    let Some(record) = &installation.record else {
        return Some(Note::tree_unrecorded(transactions));
    };
    let paths = record.tree.deviations(&live.manifest).len();
    (paths > 0).then(|| Note::tree_deviates(paths, transactions))
}
