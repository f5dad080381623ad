//! The snapshot: everything read that a check may want, changing nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{adaptation, repair_source};
use crate::command::context::Context;
use crate::command::failure::Failure;
use crate::connector::installed::InstalledRecord;
use crate::connector::manifest::Deviation;
use crate::connector::{PACKAGE_JSON, PLUGIN_JSON, TreeManifest};
use crate::fs::lock::Lock;
use crate::fs::own;
use crate::health::port::{Listener, Owner, described, process_of};
use crate::health::{
    ChannelQuestion, Endpoint, LogSource, Readiness, asked_for_channel, gateway_log, mark_connected,
};
use crate::language::{Explain, Kind, Problem};
use crate::openclaw::document::{Document, Value};
use crate::openclaw::include::{ConfigError, ConfigSet};
use crate::report::screen::Bar;
use crate::snapshot::files::{PrivateFile, backups};
use crate::snapshot::host::Host;
use crate::snapshot::installation::Installation;
use crate::snapshot::log::{Log, Since};
use crate::snapshot::other_plugins::OtherPlugins;
use crate::snapshot::paths::{CONNECTOR, real};
use crate::snapshot::service::{Managed, OtherUnit, Process, Service, other_units};
use crate::snapshot::tree::Tree;
use crate::snapshot::{
    Answers, Outside, Part, Pending, Snapshot, Unseen, accounts_of, channel_is_on, seen,
};
use crate::systemd::{ManagerError, Unit, UserManager};
use crate::timeout::Deadline;
use crate::transaction::error::TransactionError;
use crate::transaction::journal::Phase;

/// How long one probe of the gateway may take: it is on loopback.
const PROBE: Duration = Duration::from_secs(3);

/// How long the log may take to be read.
const LOG: Duration = Duration::from_secs(10);

/// How long a start may take until it is refused, with the wait before the next, in µs.
const A_START: u64 = 300_000_000;

/// How much of the log is read where no unit tells when the gateway was started, in µs.
const AN_HOUR: u64 = 3_600_000_000;

/// Looks at everything. A manager that does not answer is a finding, not a failure.
pub(in crate::command) fn look(context: &Context) -> Result<Snapshot, Failure> {
    look_knowing(context, None)
}

/// The same, where the live tree may just have been hashed.
pub(super) fn look_knowing(
    context: &Context,
    live: Option<&TreeManifest>,
) -> Result<Snapshot, Failure> {
    let manager = context.manager();
    let deadline = context.deadline();
    let seen = manager.and_then(|manager| {
        let service = context.service(manager.as_ref(), deadline)?;
        Ok((manager, service))
    });
    let (manager, service, manager_error) = match seen {
        Ok((manager, service)) => (manager, service, None),
        Err(error) if error.kind() == Kind::Interrupted => return Err(error.into()),
        Err(error) => (None, Service::Unmanaged, Some(error)),
    };
    let (installation, config) = context.observe_what_can_be_seen(service);
    let other_units = running_units(context, &installation, manager.as_ref(), deadline);
    let snapshot = examine(context, installation, config, (manager_error, live), deadline)?;
    Ok(Snapshot { other_units, ..snapshot })
}

/// Other gateways' units that run, or are started over and over.
fn running_units(
    context: &Context,
    installation: &Installation,
    manager: Option<&UserManager>,
    deadline: Deadline,
) -> Vec<OtherUnit> {
    let paths = &installation.paths;
    let mut units = other_units(&paths.unit_dir, &paths.unit, &installation.account.home);
    units.retain(|unit| {
        let name = unit.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let asked = manager.filter(|_| !unit.of_system);
        let asked = asked.and_then(|manager| manager.unit(name, deadline, &context.interrupt).ok());
        asked.map_or_else(|| process_of(name, unit.of_system).is_some(), |unit| unit.is_up())
    });
    units
}

fn examine(
    context: &Context,
    mut installation: Installation,
    config: Result<ConfigSet, ConfigError>,
    (manager_error, live): (Option<ManagerError>, Option<&TreeManifest>),
    deadline: Deadline,
) -> Result<Snapshot, Failure> {
    let mut unseen = std::mem::take(&mut installation.unseen);
    unseen.extend(not_for_us(context, &installation));
    let effective = config.as_ref().ok().map(ConfigSet::effective);
    let service = installation.service.managed();
    let main = service.and_then(|managed| managed.unit.main_pid);
    let is_up = service.is_some_and(|managed| managed.unit.is_up());
    let listener = Listener::look(installation.port);
    let other = listener.other_than(main, &installation.paths.unit).filter(|_| !is_up);
    let other = other.filter(|(uid, _)| is_a_gateway(&installation, *uid, deadline));
    let pid = other.and_then(|(_, holder)| holder).map(|holder| holder.pid);
    let process = main.or(pid).map(Process::look);
    let host = host(context, &installation, process.as_ref(), deadline);
    let kept = backups(&installation.paths.config);
    let tree = Tree::look(&installation.paths.connector, &installation.catalogue);
    let compared = installation.record.as_ref().map(|record| deviations(context, record, live));
    let deviations = unless_interrupted(&mut unseen, Part::Tree, compared.transpose())?;
    let models = installation.models.as_ref();
    let channel = effective.and_then(|effective| effective.get(&["channels", CONNECTOR]));
    let source = repair_source::Question {
        installation: &installation,
        tree: tree.as_ref(),
        deviations: deviations.as_deref(),
        is_configured: channel.is_some(),
    }
    .answer(context);
    let repair_source = unless_interrupted(&mut unseen, Part::Other, source)?;
    let pending = seen(&mut unseen, Part::Records, pending(context));
    let is_own = other.is_some_and(|(uid, _)| uid == installation.account.uid);
    let answers = ((is_up || is_own) && !deadline.has_passed())
        .then(|| answers(&installation, effective, tree.as_ref(), deadline));
    let mut log = log(context, &installation, config.as_ref().ok(), host.now_usec, deadline);
    let is_ready = answers.as_ref().is_some_and(|found| found.readiness == Readiness::Ready);
    if is_up && is_ready && tree.is_some() && effective.is_some_and(channel_is_on) {
        ask_what_the_log_leaves_open(context, &installation, process.as_ref(), &mut log);
    }
    let standing = adaptation::of_standing(&installation);
    Ok(Snapshot {
        answers,
        refit: standing.refit,
        prediction: standing.prediction,
        repair_source,
        models: models.and_then(|(path, state)| Document::parse(path, &state.bytes).ok()),
        tree,
        deviations,
        other_plugins: other_plugins(&installation, effective),
        private_files: PrivateFile::look(&private_paths(
            &installation,
            config.as_ref().ok(),
            &kept,
        )),
        backups: kept,
        elsewhere: other
            .map(|(uid, holder)| described(holder.map_or(&[], std::slice::from_ref), uid)),
        other_units: Vec::new(),
        listener,
        log,
        pending,
        outside: Outside::default(),
        process,
        host,
        installation: Installation { unseen: each_once(unseen), ..installation },
        config,
        manager_error,
    })
}

fn host(
    context: &Context,
    installation: &Installation,
    process: Option<&Process>,
    deadline: Deadline,
) -> Host {
    let path = path_of_service(process, installation.service.managed());
    Host::look(
        &context.account.name,
        &installation.paths.state_dir,
        installation.service.command(),
        path,
        (deadline, &context.interrupt),
    )
}

fn other_plugins(installation: &Installation, effective: Option<&Value>) -> OtherPlugins {
    let places = other_places(installation, effective);
    OtherPlugins::look(&installation.paths.extensions, &places, &installation.paths.connector)
}

/// Whether whoever listens answers as OpenClaw does. Nothing secret is sent.
fn is_a_gateway(installation: &Installation, uid: u32, deadline: Deadline) -> bool {
    let endpoint = Endpoint::new(installation.port, None, Owner { uid, unit: None });
    let readiness = endpoint.readiness(deadline.remaining().min(PROBE));
    matches!(readiness, Readiness::Ready | Readiness::NotReady { .. })
}

/// What is closed to us, or somebody else's: nothing of that ends the look.
fn not_for_us(context: &Context, installation: &Installation) -> Vec<Unseen> {
    let paths = &installation.paths;
    let tree = |name| (Part::Tree, paths.connector.join(name));
    let places = [
        (Part::Tree, paths.extensions.clone()),
        tree(PACKAGE_JSON),
        tree(PLUGIN_JSON),
        (Part::DropIns, paths.unit_dir.join(format!("{}.d", paths.unit))),
    ];
    let closed = places.iter().filter_map(|(part, path)| Some((*part, own::barrier(path)?)));
    let closed = closed.map(|(part, error)| Unseen { part: Some(part), error: error.into() });
    let records = context.records.faults().into_iter();
    let records = records.map(|error| Unseen { part: Some(Part::Records), error: error.into() });
    let models = installation.models.as_ref().map(|(path, _)| path.as_path());
    let owners = [Some(paths.extensions.as_path()), models].into_iter().flatten();
    let owners = owners.filter_map(|path| own::owner(path).err().map(Into::into));
    let theirs = context.records.prove_places().err().map(Into::into).into_iter().chain(owners);
    let theirs = theirs.map(|error| Unseen { part: None, error });
    records.chain(closed).chain(theirs).collect()
}

/// What kept us from looking first.
fn each_once(mut unseen: Vec<Unseen>) -> Vec<Unseen> {
    let mut said = BTreeSet::new();
    unseen.sort_by_key(|unseen| unseen.part.is_none());
    unseen.retain(|unseen| said.insert(unseen.error.message()));
    unseen
}

/// What cannot be looked at is noted; an operator who stops the look ends it.
fn unless_interrupted<T: Default>(
    unseen: &mut Vec<Unseen>,
    part: Part,
    found: Result<T, Problem>,
) -> Result<T, Problem> {
    match found {
        Err(problem) if problem.kind == Kind::Interrupted => Err(problem),
        found => Ok(seen(unseen, part, found)),
    }
}

/// How the live tree differs from its record; a tree that is gone lacks everything. `live` is the
/// tree, if it has just been hashed.
pub(super) fn deviations(
    context: &Context,
    record: &InstalledRecord,
    live: Option<&TreeManifest>,
) -> Result<Vec<Deviation>, Problem> {
    if let Some(live) = live {
        return Ok(record.tree.deviations(live));
    }
    let tree = real(&context.paths.connector);
    let found = if tree.is_dir() {
        TreeManifest::scan(&tree, &context.interrupt, &Bar::on(context.console))?
    } else {
        TreeManifest::default()
    };
    Ok(record.tree.deviations(&found))
}

fn path_of_service(process: Option<&Process>, service: Option<&Managed>) -> Option<String> {
    let of_process = process.and_then(|process| process.environment.as_ref());
    match of_process {
        Some(environment) => environment.get("PATH").map(str::to_owned),
        None => service?.effective_environment().get("PATH").map(str::to_owned),
    }
}

/// Where else OpenClaw looks for plugins: `plugins.load.paths`, the workspace, its own package.
fn other_places(installation: &Installation, effective: Option<&Value>) -> Vec<PathBuf> {
    let home = &installation.account.home;
    let expand = |text: &str| match text.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => PathBuf::from(text),
    };
    let text = |path: &[&str]| effective.and_then(|value| value.get(path)).and_then(Value::as_str);
    let listed = effective
        .and_then(|value| value.get(&["plugins", "load", "paths"]))
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let mut places: Vec<PathBuf> = listed.filter_map(Value::as_str).map(expand).collect();
    let workspace = text(&["agents", "defaults", "workspace"]).map(expand);
    places.extend(workspace.map(|workspace| workspace.join(".openclaw/extensions")));
    let package = installation.program.package.iter();
    places.extend(
        package.flat_map(|package| {
            ["extensions", "dist/extensions"].map(|folder| package.join(folder))
        }),
    );
    places.retain(|place| place.is_absolute());
    places
}

fn private_paths(
    installation: &Installation,
    config: Option<&ConfigSet>,
    kept: &[crate::snapshot::files::Backup],
) -> Vec<PathBuf> {
    let mut paths = vec![installation.paths.config.clone()];
    let included = config.into_iter().flat_map(ConfigSet::files);
    paths.extend(included.map(|(file, _)| file.to_owned()));
    paths.push(installation.paths.models.clone());
    paths.push(installation.paths.state_dir.join(".env"));
    paths.extend(kept.iter().map(|backup| backup.path.clone()));
    paths
}

fn answers(
    installation: &Installation,
    effective: Option<&Value>,
    tree: Option<&Tree>,
    deadline: Deadline,
) -> Answers {
    let release = tree.and_then(|tree| tree.release.as_ref());
    let owner = installation.owner_of_the_port();
    let endpoint = installation.endpoint(effective, release.map(|release| &release.version), owner);
    let timeout = || deadline.remaining().min(PROBE);
    Answers { readiness: endpoint.readiness(timeout()), chat: endpoint.chat(timeout()) }
}

/// Its last start, and of a unit that has ended by itself also the one before: while it starts
/// again it has not said anything yet.
fn log(
    context: &Context,
    installation: &Installation,
    config: Option<&ConfigSet>,
    now: u64,
    deadline: Deadline,
) -> Log {
    let name = &installation.paths.unit;
    let unit = installation.service.managed().map(|managed| &managed.unit);
    let started = unit.map(|unit| unit.main_start_usec).filter(|usec| *usec > 0);
    let mut start = started.unwrap_or_else(|| now.saturating_sub(AN_HOUR));
    if !unit.is_some_and(Unit::is_up) {
        start = start.max(changed_usec(context));
    }
    let restarts = unit.is_some_and(|unit| unit.n_restarts > 0);
    let from = if restarts { start.saturating_sub(A_START) } else { start };
    let files = config.into_iter().flat_map(ConfigSet::files).map(|(file, _)| file);
    let since = Since { start, config: files.filter_map(modified).max().unwrap_or_default() };
    let source = LogSource::of(name, config.map(ConfigSet::effective));
    let deadline = deadline.min(Deadline::after(LOG));
    let lines = gateway_log(&source, from, deadline, &context.interrupt);
    let accounts = config.map(|config| accounts_of(config.effective())).unwrap_or_default();
    Log::of(&lines, format!("log:{name}"), CONNECTOR, since, &accounts)
}

/// A log that is gone, or a connector that says nothing: the gateway itself knows its channels.
fn ask_what_the_log_leaves_open(
    context: &Context,
    installation: &Installation,
    process: Option<&Process>,
    log: &mut Log,
) {
    let command =
        installation.service.managed().and_then(|managed| managed.unit.exec_start.first());
    let environment = process.and_then(|process| process.environment.as_ref());
    let (Some(command), Some(environment)) = (command.filter(|_| log.is_silent()), environment)
    else {
        return;
    };
    let deadline = context.deadline().min(Deadline::after(LOG));
    let answer = asked_for_channel(CONNECTOR, command, environment, deadline, &context.interrupt);
    log.is_unanswered = answer == ChannelQuestion::Unanswered;
    if let ChannelQuestion::Listed { connected } = &answer {
        log.channel_spoke = true;
        mark_connected(&mut log.connections, connected);
    }
}

/// When a file was last written, µs since 1970.
fn modified(path: &Path) -> Option<u64> {
    let time = path.metadata().ok()?.modified().ok()?;
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_micros()).ok()
}

/// When the last change of the set-up began, in µs since 1970: what was logged before says nothing
/// of it. The intent is written just then, and tells the second only.
fn changed_usec(context: &Context) -> u64 {
    let mut journals = context.records.journals().unwrap_or_default();
    journals.retain(|journal| journal.phase() == Phase::Committed);
    let intent = journals.pop().map(|journal| journal.directory().join("intent.json"));
    intent.and_then(|intent| modified(&intent)).unwrap_or_default()
}

fn pending(context: &Context) -> Result<Option<Pending>, TransactionError> {
    let Some(journal) = context.records.pending()? else { return Ok(None) };
    let at_work = Lock::is_held(&context.records.lock_file())?;
    let (id, command) = (journal.intent().id.clone(), journal.intent().command.clone());
    Ok(Some(Pending { id, command, at_work }))
}
