//! The plan of `doctor --fix`: the repairs that the findings ask for, as one transaction.

use std::path::{Path, PathBuf};

use super::note::Note;
use super::order::{self, Changes};
use super::repair::{Base, Reinstall, Repair};
use super::{Plan, PlanFailure, bypass, error};
use crate::connector::imports::HOST_LINK;
use crate::connector::manifest::Deviation;
use crate::fs::replace::FileState;
use crate::health::Expectations;
use crate::openclaw::document::Document;
use crate::openclaw::include::ConfigSet;
use crate::snapshot::installation::Installation;
use crate::snapshot::tree::Modules;
use crate::systemd::environment::Bypass;
use crate::transaction::step::{Attributes, FileStep, Role, Step};

/// What is asked for.
#[derive(Debug)]
pub struct Request<'a> {
    /// The repairs, in the order of the findings.
    pub repairs: &'a [Repair],
    /// The config, where it can be read.
    pub config: Option<&'a ConfigSet>,
    /// Contents that repairs need: a config to restore, a file to be given its own inode.
    pub contents: &'a [(PathBuf, FileState)],
    /// What the gateway must show afterwards.
    pub expectations: Expectations,
    /// The version of the connector that stands there, or `?`; `None` where nothing does.
    pub live: Option<String>,
    /// How its tree differs from our record.
    pub deviations: &'a [Deviation],
    /// The tree that takes its place, where the repairs ask for one.
    pub reinstall: Option<&'a Reinstall>,
    /// Where the old tree will be kept.
    pub transactions: PathBuf,
}

/// Makes the plan.
pub fn plan(installation: &Installation, request: &Request<'_>) -> Result<Plan, PlanFailure> {
    let repairs = request.repairs;
    if !repairs.is_empty() {
        error::refuse_read_only(installation)?;
    }
    let mut notes = Vec::new();
    let bypass = bypassed(installation, request);
    if bypass.as_ref().is_some_and(|bypass| bypass.repaired) {
        notes.push(Note::drop_in_repaired(&installation.drop_in.0));
    }
    let holds = bypass.as_ref().is_some_and(|bypass| bypass.routing.bypasses_loopback());
    let live = request.live.as_deref();
    notes.extend(
        request.reinstall.iter().flat_map(|reinstall| notes_of(reinstall, installation, request)),
    );
    let mut changes = Changes {
        tree: request.reinstall.map(|reinstall| reinstall.step(installation, live)),
        drop_ins: bypass.map(|bypass| bypass.steps).unwrap_or_default(),
        config: config_steps(installation, request)?,
        models: models_step(installation, repairs)?,
        others: others(installation, request),
        ..Changes::default()
    };
    fold_attributes(&mut changes);
    let restarts = repairs.contains(&Repair::Restart) && installation.service.managed().is_some();
    let mut steps = order::arrival(installation, changes);
    if restarts && !steps.iter().any(|step| matches!(step, Step::Reload)) {
        steps = order::restarted(installation, steps);
    }
    let repairs_what_runs =
        |step: &Step| matches!(step, Step::File(_) | Step::Move { .. } | Step::Tree(_));
    if steps.iter().any(repairs_what_runs) {
        order::revive(installation, &mut steps);
    }
    // first: nothing has to stop for it, and where logind refuses, nothing has been touched
    steps.splice(0..0, repairs.contains(&Repair::Linger).then(|| lingering(installation)));
    let reinstalled = request.reinstall.map(|reinstall| reinstall.version.clone());
    Ok(Plan {
        command: "doctor",
        connector: (request.live.clone(), reinstalled.or_else(|| request.live.clone())),
        unit: order::unit_before(installation),
        expectations: Expectations { bypass: holds, ..request.expectations.clone() },
        steps,
        notes,
        ..Plan::default()
    })
}

fn lingering(installation: &Installation) -> Step {
    Step::Linger {
        user: installation.account.name.clone(),
        uid: installation.account.uid,
        on: true,
    }
}

/// What there is to say of a tree that is made anew.
fn notes_of(
    reinstall: &Reinstall,
    installation: &Installation,
    request: &Request<'_>,
) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Base::LocalPayload(stock) = &reinstall.base {
        notes.push(Note::tree_renewed(&stock.place));
        let kept = &request.transactions;
        let paths = request.deviations.len();
        if installation.record.is_none() && request.live.is_some() {
            notes.push(Note::tree_unrecorded(kept));
        } else if request.live.is_some() && paths > 0 {
            notes.push(Note::tree_deviates(paths, kept));
        }
    } else if request.repairs.contains(&Repair::RealTree) {
        notes.push(Note::link_replaced(&installation.paths.connector));
    }
    if let Modules::Fetched { pins } = &reinstall.modules {
        notes.push(Note::dependencies(pins));
    }
    let relinks = request.repairs.contains(&Repair::LinkHost);
    if let Some(host) = reinstall.host.as_deref().filter(|_| relinks) {
        let link = installation.paths.connector.join(HOST_LINK);
        notes.push(Note::host_linked(&link, host));
    }
    notes
}

fn config_steps(
    installation: &Installation,
    request: &Request<'_>,
) -> Result<Vec<FileStep>, PlanFailure> {
    if let Some(step) = restored_config(installation, request) {
        return Ok(vec![step]);
    }
    let edits = wanted(request.repairs, |repair| match repair {
        Repair::Config(edit) => Some(edit.clone()),
        _ => None,
    });
    match request.config {
        Some(config) if !edits.is_empty() => order::config_files(installation, config, &edits),
        _ => Ok(Vec::new()),
    }
}

/// What the repairs of one kind want.
fn wanted<T>(repairs: &[Repair], of_kind: impl FnMut(&Repair) -> Option<T>) -> Vec<T> {
    repairs.iter().filter_map(of_kind).collect()
}

/// A config that cannot be read, in an earlier version or without its slips.
fn restored_config(installation: &Installation, request: &Request<'_>) -> Option<FileStep> {
    let restored = request.repairs.iter().find_map(|repair| match repair {
        Repair::RestoreConfig { from } => Some((&installation.paths.config, Some(from))),
        _ => None,
    });
    let corrected = request.repairs.iter().find_map(|repair| match repair {
        Repair::Syntax { path } => Some((path, None)),
        _ => None,
    });
    let (path, from) = restored.or(corrected)?;
    let path = path.canonicalize().ok()?;
    let before = content(request, &path)?;
    let bytes = match from {
        Some(from) => content(request, from)?.bytes,
        None => Document::corrected(&before.bytes)?.into(),
    };
    let after = before.with_bytes(bytes);
    let step = FileStep::new(Role::Config, path, Some(before), Some(after));
    Some(FileStep { lock: order::config_lock(installation), ..step })
}

fn content(request: &Request<'_>, path: &Path) -> Option<FileState> {
    request.contents.iter().find(|(known, _)| known == path).map(|(_, state)| state.clone())
}

fn models_step(
    installation: &Installation,
    repairs: &[Repair],
) -> Result<Option<FileStep>, PlanFailure> {
    let edits = wanted(repairs, |repair| match repair {
        Repair::Models(edit) => Some(edit.clone()),
        _ => None,
    });
    let Some((path, state)) = installation.models.as_ref().filter(|_| !edits.is_empty()) else {
        return Ok(None);
    };
    let Ok(document) = Document::parse(path, &state.bytes) else { return Ok(None) };
    let edited = document.edit(&edits)?;
    Ok(order::rewritten(Role::Models, path, state, edited.bytes()))
}

/// The proxy bypass, where the repairs ask for one.
fn bypassed(installation: &Installation, request: &Request<'_>) -> Option<bypass::Outcome> {
    let also = wanted(request.repairs, |repair| match repair {
        Repair::Bypass { also } => Some(also.value()),
        _ => None,
    });
    let config = request.config.map(ConfigSet::effective);
    let plan = || bypass::plan(installation, config, &Bypass::of_value(&also.join(",")));
    (!also.is_empty()).then(plan)
}

/// Where the tree is reinstalled, what is wrong with single files of it goes with it.
fn is_superseded(installation: &Installation, request: &Request<'_>, repair: &Repair) -> bool {
    let (Repair::Attributes { path, .. } | Repair::Unlink { path }) = repair else { return false };
    request.reinstall.is_some() && path.starts_with(&installation.paths.connector)
}

fn others(installation: &Installation, request: &Request<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let repairs = request.repairs.iter();
    for repair in repairs.filter(|repair| !is_superseded(installation, request, repair)) {
        let step = match repair {
            Repair::Attributes { path, before, after } => {
                let (path, before, after) = (path.clone(), *before, *after);
                add_attributes(&mut steps, path, before, after);
                None
            }
            Repair::Unlink { path } => content(request, path).map(|state| {
                let step =
                    FileStep::new(Role::Connector, path.clone(), Some(state.clone()), Some(state));
                Step::File(step)
            }),
            Repair::MoveOut { path } => Some(Step::Move { from: path.clone(), to: None }),
            _ => None,
        };
        steps.extend(step);
    }
    steps
}

/// Two repairs of the same path are one step: a mode and an owner.
fn add_attributes(steps: &mut Vec<Step>, path: PathBuf, before: Attributes, after: Attributes) {
    let known = steps.iter_mut().find_map(|step| match step {
        Step::Attributes { path: known, after, .. } if *known == path => Some(after),
        _ => None,
    });
    match known {
        Some(known) => {
            if after.mode != before.mode {
                known.mode = after.mode;
            }
            if (after.uid, after.gid) != (before.uid, before.gid) {
                (known.uid, known.gid) = (after.uid, after.gid);
            }
        }
        None => steps.push(Step::Attributes { path, before, after }),
    }
}

/// A file that is rewritten anyway gets its new attributes in the same step, which would otherwise
/// find it with others than it was planned with.
fn fold_attributes(changes: &mut Changes) {
    let mut others = std::mem::take(&mut changes.others);
    let wanted = others.iter().filter_map(|step| match step {
        Step::Attributes { path, after, .. } => Some((path.clone(), *after)),
        _ => None,
    });
    let wanted: Vec<(PathBuf, Attributes)> = wanted.collect();
    let in_tree = others.iter_mut().filter_map(|step| match step {
        Step::File(file) => Some(file),
        _ => None,
    });
    let files = changes.config.iter_mut().chain(&mut changes.models).chain(&mut changes.drop_ins);
    let mut folded = Vec::new();
    for file in files.chain(in_tree) {
        let found = wanted.iter().find(|(path, _)| *path == file.path);
        if let Some((path, after)) = found
            && let (Some(image), Some(state)) = (&mut file.after, &mut file.contents.after)
        {
            (image.mode, image.uid, image.gid) = (after.mode, after.uid, after.gid);
            (state.mode, state.uid, state.gid) = (after.mode, after.uid, after.gid);
            folded.push(path.clone());
        }
    }
    others.retain(|step| !matches!(step, Step::Attributes { path, .. } if folded.contains(path)));
    changes.others = others;
}
