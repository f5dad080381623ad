//! The plan of `install` and `upgrade`: what differs between the installation and a machine on which
//! DingTalk works with this connector.

use std::path::PathBuf;

use super::config::{self, Draft, Wish};
use super::note::Note;
use super::order::{self, Changes};
use super::repair::host_of;
use super::{Plan, PlanFailure, bypass, error};
use crate::connector::adaptation::{Change, Refit};
use crate::connector::catalogue::Catalogue;
use crate::connector::imports::HOST_LINK;
use crate::connector::installed::Traces;
use crate::connector::npm::Pin;
use crate::connector::release::{Generation, Habit};
use crate::connector::{Release, Sha256, TreeManifest};
use crate::health::Expectations;
use crate::language::Problem;
use crate::openclaw::Version;
use crate::openclaw::document::{Document, Edit, Value};
use crate::openclaw::include::ConfigSet;
use crate::openclaw::keys::{self, KeyChange};
use crate::settings::{Secret, Settings};
use crate::snapshot::installation::Installation;
use crate::snapshot::paths::CONNECTOR;
use crate::snapshot::tree::LiveTree;
use crate::systemd::drop_in::{self, Assigned};
use crate::systemd::environment::Bypass;
use crate::transaction::step::{FileStep, Role, Step, TreeStep};

/// The version whose rules apply where OpenClaw's own is not known.
const ASSUMED: Version = Version::of(2026, 3, 13);

const CHANNEL: [&str; 2] = ["channels", CONNECTOR];

/// Which of the two commands it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Make DingTalk work, whatever was there.
    Install,
    /// Bring another connector where one is.
    Upgrade {
        /// An older one, too.
        allow_downgrade: bool,
    },
}

impl Purpose {
    /// The command's name.
    pub fn command(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Upgrade { .. } => "upgrade",
        }
    }

    /// `upgrade` needs something to upgrade; that is said before anything is asked for.
    pub fn refuse_without(self, live: Option<&LiveTree>) -> Result<(), Problem> {
        match (self, live) {
            (Self::Upgrade { .. }, None) => Err(error::nothing_installed()),
            _ => Ok(()),
        }
    }
}

/// What is asked for.
#[derive(Debug)]
pub struct Request<'a> {
    /// Which of the two commands it is.
    pub purpose: Purpose,
    /// A gateway that does not run is started.
    pub start: bool,
    /// What the operator gave.
    pub settings: &'a Settings,
    /// The config with its includes.
    pub config: &'a ConfigSet,
    /// The connector that is to be installed.
    pub payload: PayloadFacts<'a>,
    /// How it has to be adapted; `None`: it stands, and stays.
    pub changes: Option<Vec<Change>>,
    /// The tree that stands there now.
    pub live: Option<&'a LiveTree>,
    /// Goes on although the catalogue knows that this pair does not work.
    pub force_incompatible: bool,
    /// Where an old tree will be kept.
    pub transactions: PathBuf,
    /// Used where a new gateway token is needed.
    pub fresh_token: &'a Secret,
    /// The time, RFC 3339 with milliseconds.
    pub now: &'a str,
}

impl Request<'_> {
    fn version(&self) -> Option<semver::Version> {
        semver::Version::parse(self.payload.version).ok()
    }

    /// Which release the payload is by its code.
    fn release(&self, catalogue: &Catalogue) -> Option<Release> {
        catalogue.release(self.payload.version, |path| self.payload.tree.sha256(path))
    }

    /// What it needs, heeds and does.
    fn generation(&self, catalogue: &Catalogue) -> Generation {
        catalogue.generation(self.release(catalogue).map(|release| release.version).as_ref())
    }

    /// The version that the connector that stands says it has.
    fn standing(&self) -> Option<semver::Version> {
        semver::Version::parse(self.live?.version.as_deref()?).ok()
    }

    /// Which release that is by its code.
    fn standing_release(&self, catalogue: &Catalogue) -> Option<semver::Version> {
        Some(self.live?.release(catalogue)?.version)
    }
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

/// Makes the plan.
pub fn plan(installation: &Installation, request: &Request<'_>) -> Result<Plan, PlanFailure> {
    error::refuse_read_only(installation)?;
    refuse_wrong_direction(request)?;
    refuse_incompatible(installation, request)?;
    refuse_out_of_reach(installation, request)?;
    let effective = request.config.effective();
    let mut notes = order::surrounding_notes(installation, request.config);
    notes.extend(installation.catalogue.faults().map(Note::catalogue_unusable));
    if request.payload.unverified {
        notes.push(Note::unverified());
    }
    let release = request.release(&installation.catalogue);
    notes.extend(release.and_then(|release| release.remark).map(Note::other_release));
    let draft = config_draft(installation, request, effective)?;
    notes.extend(draft.notes);
    let models = models_file(installation, request, effective, &mut notes)?;
    let bypass = bypassed(installation, request, effective)?;
    if bypass.repaired {
        notes.push(Note::drop_in_repaired(&installation.drop_in.0));
    }
    let tree = tree_step(installation, request);
    if tree.is_some() {
        notes.extend(request.payload.dependencies.as_deref().map(Note::dependencies));
        let link = installation.paths.connector.join(HOST_LINK);
        let host = host_of(installation, request.payload.version);
        notes.extend(host.map(|host| Note::host_linked(&link, &host)));
        notes.extend(order::deviation_note(installation, request.live, &request.transactions));
    }
    let adopts = tree.is_none() && !is_recorded(installation, request);
    let traces = traces(installation, effective, &draft.edits, models.as_ref(), bypass.list);
    let config = order::config_files(installation, request.config, &draft.edits)?;
    let models = models.map(|models| models.step);
    let coming = draft.edits.iter().fold(effective.clone(), |value, edit| edit.applied_to(&value));
    let drop_ins = bypass.steps;
    let changes = Changes { tree, drop_ins, config, models, ..Changes::default() };
    let mut plan = Plan {
        command: request.purpose.command(),
        connector: (
            request.live.map(LiveTree::shown_version),
            Some(request.payload.version.to_owned()),
        ),
        unit: order::unit_before(installation),
        expectations: Expectations {
            chat: request.generation(&installation.catalogue).has(Habit::NeedsEndpoint),
            bypass: bypass.routing.bypasses_loopback(),
            connector: Some(CONNECTOR.to_owned()),
        },
        traces,
        adopts,
        steps: order::replacement(installation, changes, request.live, coming.get(&CHANNEL)),
        notes,
    };
    start_if_asked(installation, request, &mut plan);
    Ok(plan)
}

/// Refuses where a proxy would take the connector's requests to the gateway whatever we write, and
/// where the hosts that are asked for cannot be kept in `no_proxy`.
fn bypassed(
    installation: &Installation,
    request: &Request<'_>,
    effective: &Value,
) -> Result<bypass::Outcome, Problem> {
    let also = Bypass::of_value(request.settings.no_proxy.as_deref().unwrap_or_default());
    let mut bypass = bypass::plan(installation, Some(effective), &also);
    let needs_it = request.generation(&installation.catalogue).has(Habit::NeedsBypass);
    let blocks = needs_it && bypass.routing.blocks_the_connector();
    let refusal = bypass.refusal.take().filter(|_| blocks).or_else(|| bypass.unkept.take());
    refusal.map_or(Ok(bypass), Err)
}

/// `upgrade` goes backward only when told to.
fn refuse_wrong_direction(request: &Request<'_>) -> Result<(), Problem> {
    let Purpose::Upgrade { allow_downgrade } = request.purpose else { return Ok(()) };
    match (request.standing(), request.version()) {
        (Some(from), Some(to)) if to < from && !allow_downgrade => {
            Err(error::downgrade(&from.to_string(), &to.to_string()))
        }
        _ => Ok(()),
    }
}

/// A pair that is known not to answer is not tried on a gateway that may be at work.
fn refuse_incompatible(installation: &Installation, request: &Request<'_>) -> Result<(), Problem> {
    let Some(release) = request.release(&installation.catalogue) else { return Ok(()) };
    let standing = request.standing();
    let clash =
        installation.program.version.filter(|_| !request.force_incompatible).and_then(|openclaw| {
            installation.catalogue.clash(&release, openclaw, standing.as_ref())
        });
    clash.map_or(Ok(()), |problem| Err(error::incompatible(problem)))
}

/// A gateway that did not run is started only where that is asked for.
fn start_if_asked(installation: &Installation, request: &Request<'_>, plan: &mut Plan) {
    let Some(managed) = installation.service.managed().filter(|managed| managed.has_unit()) else {
        return;
    };
    if managed.unit.is_up() {
        return;
    }
    let unit = managed.unit.name.clone();
    if request.start {
        plan.steps.push(Step::Start { unit });
    } else {
        plan.notes.push(Note::not_running(&unit));
    }
}

/// Whether the record already tells of this very payload.
fn is_recorded(installation: &Installation, request: &Request<'_>) -> bool {
    installation
        .record
        .as_ref()
        .is_some_and(|record| record.origin.payload == request.payload.digest)
}

/// No step where the live tree stays, is what this payload became, or already is this payload.
fn tree_step(installation: &Installation, request: &Request<'_>) -> Option<TreeStep> {
    let (live, changes) = (request.live, request.changes.as_deref()?);
    let as_recorded = |live: &LiveTree| {
        let record = installation.record.as_ref().filter(|_| is_recorded(installation, request));
        record.is_some_and(|record| {
            record.tree.deviations(&live.manifest).is_empty() && record.is_adapted_by(changes)
        })
    };
    let is_payload = |live: &LiveTree| {
        request.payload.dependencies.is_none()
            && changes.is_empty()
            && host_of(installation, request.payload.version).is_none()
            && request.payload.tree.deviations(&live.manifest).is_empty()
    };
    if live.is_some_and(|live| as_recorded(live) || is_payload(live)) {
        return None;
    }
    let before = live.map(LiveTree::shown_version);
    let tree = order::tree(installation, before, Some(request.payload.version.to_owned()));
    let refit = Refit::of(changes, installation.program.version);
    Some(tree.with(&refit))
}

fn config_draft<'a>(
    installation: &Installation,
    request: &Request<'_>,
    effective: &'a Value,
) -> Result<Draft<'a>, Problem> {
    let environment = installation.next_environment(effective);
    let record = installation.record.as_ref();
    let wish = Wish {
        settings: request.settings,
        openclaw: installation.program.version.unwrap_or(ASSUMED),
        migrates: matches!(request.purpose, Purpose::Upgrade { .. }),
        connector: &installation.paths.connector,
        connector_version: request.payload.version,
        release: request.release(&installation.catalogue).map(|release| release.version),
        standing: request.standing_release(&installation.catalogue),
        catalogue: &installation.catalogue,
        ours: record.map(|record| record.traces.config.as_slice()).unwrap_or_default(),
        channel_schema: request.payload.channel_schema,
        port: installation.port,
        command: installation.service.command(),
        environment: &environment,
        fresh_token: request.fresh_token,
        now: request.now,
        file: &installation.paths.config,
    };
    config::edits(effective, &wish)
}

/// A gateway where this connector does not call.
fn refuse_out_of_reach(installation: &Installation, request: &Request<'_>) -> Result<(), Problem> {
    let Some(connector) = request.version() else { return Ok(()) };
    let does = request.generation(&installation.catalogue);
    let tls = request.config.effective().get(&["gateway", "tls", "enabled"]);
    let missed = error::port_missed(&connector, &does, installation.port);
    missed.or_else(|| error::tls_missed(&connector, &does, tls)).map_or(Ok(()), Err)
}

/// The agent model file's step with the keys that it changes.
struct Models {
    step: FileStep,
    keys: Vec<KeyChange>,
}

fn models_file(
    installation: &Installation,
    request: &Request<'_>,
    effective: &Value,
    notes: &mut Vec<Note>,
) -> Result<Option<Models>, PlanFailure> {
    let Some((path, state)) = &installation.models else { return Ok(None) };
    let Ok(document) = Document::parse(path, &state.bytes) else {
        notes.push(Note::models_unreadable(path));
        return Ok(None);
    };
    let edits = config::models_file_edits(document.value(), effective, request.settings);
    let edited = document.edit(&edits)?;
    let keys = keys::changes(document.value(), &edits);
    let step = order::rewritten(Role::Models, path, state, edited.bytes());
    Ok(step.map(|step| Models { step, keys }))
}

/// What we have changed outside the tree since we first came.
fn traces(
    installation: &Installation,
    effective: &Value,
    edits: &[Edit],
    models: Option<&Models>,
    bypass: Option<Bypass>,
) -> Traces {
    let earlier = installation.record.as_ref().map(|record| &record.traces);
    let none = Traces::default();
    let known = earlier.unwrap_or(&none);
    let mut directories = known.directories.clone();
    directories.extend(installation.missing_extensions.iter().cloned());
    directories.extend(installation.missing_unit_dirs.iter().cloned());
    let model_keys = models.map(|models| models.keys.clone()).unwrap_or_default();
    Traces {
        config: keys::accumulated(&known.config, keys::changes(effective, edits)),
        models: keys::accumulated(&known.models, model_keys),
        drop_in_before: earlier
            .map_or_else(|| assigned_before(installation), |traces| traces.drop_in_before.clone()),
        bypass: bypass.map_or_else(|| known.bypass.clone(), |bypass| bypass.value()),
        directories,
    }
}

fn assigned_before(installation: &Installation) -> Assigned {
    drop_in::assigned(&bypass::text(&installation.drop_in).unwrap_or_default())
}
