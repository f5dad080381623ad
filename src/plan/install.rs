//! The plan of `install`: what differs between the picture and a machine on which DingTalk works.

use std::path::PathBuf;

use super::config::{self, Draft, Wish};
use super::error::PlanError;
use super::note::Note;
use super::{Plan, PlanFailure};
use crate::connector::npm::Pin;
use crate::connector::{Sha256, TreeManifest};
use crate::installation::picture::Picture;
use crate::installation::program::option_of;
use crate::installation::service::{Managed, ServicePicture};
use crate::openclaw::document::{Document, Edit, Value};
use crate::openclaw::include::{ChangedFile, ConfigSet};
use crate::openclaw::keys::KeyChange;
use crate::openclaw::version::{CONFIG_HAS_A_LOCK, Version};
use crate::settings::{Secret, Settings};
use crate::systemd::drop_in::{self, Assigned};
use crate::systemd::environment::{Bypass, Environment};
use crate::transaction::journal::UnitBefore;
use crate::transaction::step::{FileStep, Role, Step, TreeSide, TreeStep};

/// The version whose rules apply where OpenClaw's own is not known.
const ASSUMED: Version = Version::of(2026, 3, 13);

/// What is asked for.
#[derive(Debug)]
pub struct Request<'a> {
    /// What the operator gave.
    pub settings: &'a Settings,
    /// The config with its includes.
    pub config: &'a ConfigSet,
    /// The connector that is to be installed.
    pub payload: PayloadFacts<'a>,
    /// The tree that stands there now.
    pub live: Option<&'a LiveTree>,
    /// Start the gateway even if it did not run.
    pub start: bool,
    /// Used where a new gateway token is needed.
    pub fresh_token: &'a Secret,
    /// The time, RFC 3339 with milliseconds.
    pub now: &'a str,
}

/// What a plan needs to know of the payload.
#[derive(Debug)]
pub struct PayloadFacts<'a> {
    /// Version in its `package.json`.
    pub version: &'a str,
    /// Its identity.
    pub digest: Sha256,
    /// Its tree, before npm dependencies.
    pub tree: &'a TreeManifest,
    /// The pins, where npm dependencies will be fetched.
    pub dependencies: Option<Vec<Pin>>,
    /// The schema of its channel block.
    pub channel_schema: Option<&'a serde_json::Value>,
    /// Nothing vouched for it.
    pub unverified: bool,
}

/// The connector tree that is live.
#[derive(Debug)]
pub struct LiveTree {
    /// Version in its `package.json`, if it has one.
    pub version: Option<String>,
    /// Everything in it.
    pub manifest: TreeManifest,
}

/// Makes the plan.
pub fn plan(picture: &Picture, request: &Request<'_>) -> Result<Plan, PlanFailure> {
    if let Some(variable) = picture.read_only {
        return Err(PlanError::ReadOnly { variable }.into());
    }
    let config = request.config;
    let mut notes = first_notes(picture, request, config);
    let tree = tree_step(picture, request);
    let draft = config_draft(picture, request, config.effective())?;
    let files = config_files(picture, config, &draft)?;
    let models = models_file(picture, request, config.effective(), &mut notes)?;
    let (drop_in, bypass) = drop_in_step(picture, &mut notes);
    notes.extend(draft.notes);
    if tree.is_some() {
        notes.extend(request.payload.dependencies.clone().map(|pins| Note::Dependencies { pins }));
    }
    let before = request.live.map(|live| live.version.clone().unwrap_or_default());
    let mut plan = Plan {
        command: "install",
        connector: (before, Some(request.payload.version.to_owned())),
        unit: unit_before(picture),
        bypass,
        drop_in_before: drop_in_before(picture),
        adopts: tree.is_none() && !is_recorded(picture, request),
        steps: Vec::new(),
        notes,
    };
    let changes = Changes { tree, drop_in, config: files, models };
    plan.steps = in_order(picture, changes, request.start, &mut plan.notes);
    Ok(plan)
}

/// The changes of files, before they are put in order with the unit's jobs.
struct Changes {
    tree: Option<TreeStep>,
    drop_in: Option<FileStep>,
    config: Vec<FileStep>,
    models: Option<FileStep>,
}

/// Stop → tree → drop-in → `Reload` → config → start: never an invalid OpenClaw on disk, and the
/// gateway's own restart on a changed config cannot race ours.
fn in_order(picture: &Picture, changes: Changes, start: bool, notes: &mut Vec<Note>) -> Vec<Step> {
    let Changes { tree, drop_in, config, models } = changes;
    let mut steps = Vec::new();
    if tree.is_some() {
        steps.extend(directories(&picture.missing_extensions));
    }
    steps.extend(tree.map(Step::Tree));
    if let Some(drop_in) = drop_in {
        steps.extend(directories(&picture.missing_unit_dirs));
        steps.push(Step::File(drop_in));
        steps.extend(picture.service.managed().map(|_| Step::Reload));
    }
    steps.extend(config.into_iter().chain(models).map(Step::File));
    let Some(managed) = picture.service.managed() else { return steps };
    let unit = managed.unit.name.clone();
    let (runs, exists) = (managed.unit.is_up(), managed.has_unit());
    if runs && !steps.is_empty() {
        steps.insert(0, Step::Stop { unit: unit.clone() });
        steps.push(Step::Start { unit });
    } else if !runs && exists && start {
        steps.push(Step::Start { unit });
    } else if !runs && exists {
        notes.push(Note::NotRunning { unit });
    }
    steps
}

fn directories(missing: &[PathBuf]) -> impl Iterator<Item = Step> + '_ {
    missing.iter().map(|path| Step::Directory { path: path.clone(), mode: 0o755 })
}

fn first_notes(picture: &Picture, request: &Request<'_>, config: &ConfigSet) -> Vec<Note> {
    let mut notes = Vec::new();
    if picture.program.version.is_none() {
        notes.push(Note::VersionUnknown);
    }
    if request.payload.unverified {
        notes.push(Note::Unverified);
    }
    notes.extend(config.warnings().into_iter().map(|(file, duplicate)| Note::DuplicateKey {
        file,
        key: duplicate.key.to_string(),
        line: duplicate.effective.line,
        column: duplicate.effective.column,
    }));
    match &picture.service {
        ServicePicture::Unmanaged => {
            notes.push(Note::NoManager { user: picture.account.name.clone() });
        }
        ServicePicture::Managed(managed) if !managed.has_unit() => {
            notes.push(Note::NoUnit { unit: managed.unit.name.clone() });
        }
        ServicePicture::Managed(_) => {}
    }
    notes
}

/// Whether the record already tells of this very payload.
fn is_recorded(picture: &Picture, request: &Request<'_>) -> bool {
    picture.record.as_ref().is_some_and(|record| record.payload == request.payload.digest)
}

/// No step where the live tree is what this payload became, or already is this payload.
fn tree_step(picture: &Picture, request: &Request<'_>) -> Option<TreeStep> {
    let live = request.live;
    let as_recorded = |live: &LiveTree| {
        let record = picture.record.as_ref().filter(|_| is_recorded(picture, request));
        record.is_some_and(|record| record.tree.deviations(&live.manifest).is_empty())
    };
    let is_payload = |live: &LiveTree| {
        request.payload.dependencies.is_none()
            && request.payload.tree.deviations(&live.manifest).is_empty()
    };
    if live.is_some_and(|live| as_recorded(live) || is_payload(live)) {
        return None;
    }
    let side = |version: String| TreeSide { version, identity: None };
    Some(TreeStep {
        live: picture.paths.connector.clone(),
        before: live.map(|live| side(live.version.clone().unwrap_or_else(|| "?".to_owned()))),
        after: Some(side(request.payload.version.to_owned())),
    })
}

fn config_draft<'a>(
    picture: &Picture,
    request: &Request<'_>,
    effective: &'a Value,
) -> Result<Draft<'a>, PlanError> {
    let command = picture.service.command();
    let wish = Wish {
        settings: request.settings,
        openclaw: picture.program.version.unwrap_or(ASSUMED),
        connector: &picture.paths.connector,
        connector_version: request.payload.version,
        channel_schema: request.payload.channel_schema,
        port: picture.port,
        bind_option: option_of(command, "--bind"),
        token_in_unit: picture.service.variable("OPENCLAW_GATEWAY_TOKEN").is_some(),
        fresh_token: request.fresh_token,
        now: request.now,
        file: &picture.paths.config,
    };
    config::edits(effective, &wish)
}

fn config_files(
    picture: &Picture,
    config: &ConfigSet,
    draft: &Draft<'_>,
) -> Result<Vec<FileStep>, PlanFailure> {
    let changed = config.edit(&draft.edits)?;
    // a key can be taken back alone only where its path in the file is its path in the config
    let is_one_file = config.files().count() == 1;
    let keys = if is_one_file { key_changes(config.effective(), &draft.edits) } else { Vec::new() };
    let step = |file: ChangedFile| {
        let ChangedFile { path, old, new } = file;
        let attributes = picture.config_files.get(&path);
        let before = attributes.map_or_else(
            || picture.new_file(old.clone(), 0o600),
            |attributes| attributes.with_bytes(old.clone()),
        );
        let after = before.with_bytes(new);
        let step = FileStep::new(Role::Config, path, Some(before), Some(after));
        FileStep { keys: keys.clone(), lock: config_lock(picture), ..step }
    };
    Ok(changed.into_iter().map(step).collect())
}

fn config_lock(picture: &Picture) -> Option<PathBuf> {
    let has_lock = picture.program.version.is_some_and(|version| version >= CONFIG_HAS_A_LOCK);
    has_lock.then(|| {
        let mut path = picture.paths.config.clone().into_os_string();
        path.push(".lock");
        path.into()
    })
}

fn key_changes(effective: &Value, edits: &[Edit]) -> Vec<KeyChange> {
    let after = edits.iter().fold(effective.clone(), |value, edit| edit.applied_to(&value));
    let change = |edit: &Edit| {
        let path = edit.path().segments().to_vec();
        let value = |document: &Value| document.get(&path).map(Value::to_json);
        KeyChange { before: value(effective), after: value(&after), path: path.clone() }
    };
    edits.iter().map(change).collect()
}

fn models_file(
    picture: &Picture,
    request: &Request<'_>,
    effective: &Value,
    notes: &mut Vec<Note>,
) -> Result<Option<FileStep>, PlanFailure> {
    let Some((path, state)) = &picture.models else { return Ok(None) };
    let Ok(document) = Document::parse(path, &state.bytes) else {
        notes.push(Note::ModelsUnreadable { file: path.clone() });
        return Ok(None);
    };
    let (edits, remarks) =
        config::models_file_edits(path, document.value(), effective, request.settings);
    notes.extend(remarks);
    let edited = document.edit(&edits)?;
    let step = |bytes: &[u8]| {
        let after = state.with_bytes(bytes.to_vec());
        FileStep::new(Role::Models, path.clone(), Some(state.clone()), Some(after))
    };
    Ok((edited.bytes() != state.bytes).then(|| step(edited.bytes())))
}

fn unit_before(picture: &Picture) -> Option<UnitBefore> {
    let managed = picture.service.managed().filter(|managed| managed.has_unit())?;
    Some(UnitBefore { name: managed.unit.name.clone(), was_active: managed.unit.is_up() })
}

fn drop_in_before(picture: &Picture) -> Assigned {
    match &picture.record {
        Some(record) => record.drop_in_before.clone(),
        None => drop_in::assigned(&drop_in_text(picture).unwrap_or_default()),
    }
}

fn drop_in_text(picture: &Picture) -> Option<String> {
    let (_, state) = &picture.drop_in;
    state.as_ref().map(|state| String::from_utf8_lossy(&state.bytes).into_owned())
}

/// Every entry that is effective today, and every entry of the file itself, is kept: our two
/// assignments replace the earlier values of both names.
fn drop_in_step(picture: &Picture, notes: &mut Vec<Note>) -> (Option<FileStep>, Bypass) {
    let (path, state) = &picture.drop_in;
    let text = drop_in_text(picture);
    let bypass = wanted_bypass(picture, text.as_deref());
    let merged = drop_in::merged(text.as_deref(), &bypass);
    if merged.repaired {
        notes.push(Note::DropInRepaired { file: path.clone() });
    }
    let step = merged.changed.then(|| {
        let bytes = merged.text.into_bytes();
        let after = match state {
            Some(state) => state.with_bytes(bytes),
            None => picture.new_file(bytes, 0o644),
        };
        FileStep::new(Role::DropIn, path.clone(), state.clone(), Some(after))
    });
    (step, bypass)
}

fn wanted_bypass(picture: &Picture, text: Option<&str>) -> Bypass {
    let effective =
        picture.service.managed().map(Managed::effective_environment).unwrap_or_default();
    let own = drop_in::assigned(text.unwrap_or_default());
    let lists = [
        effective.get("no_proxy"),
        effective.get("NO_PROXY"),
        own.lower.as_deref(),
        own.upper.as_deref(),
    ];
    let all = lists.into_iter().flatten().collect::<Vec<_>>().join(",");
    Bypass::extending(&Environment::of_assignments([format!("no_proxy={all}")]))
}
