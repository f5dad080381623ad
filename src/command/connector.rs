//! The connector's two sides: the payload that is to be installed, and the tree that is live.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use semver::Version;

use super::adaptation;
use super::context::Context;
use super::failure::Failure;
use crate::connector::adaptation::Change;
use crate::connector::catalogue::Catalogue;
use crate::connector::installed::{InstalledRecord, Origin, Traces};
use crate::connector::npm::{self, Registry};
use crate::connector::{
    Checks, DEFAULT_PACKAGE, DEFAULT_PAYLOADS, NpmSpec, Payload, Source, TreeManifest,
    Verification, stocked,
};
use crate::fs::exchange::Identity;
use crate::language::Problem;
use crate::plan::error::{ill_adapted, incompatible};
use crate::plan::install::PayloadFacts;
use crate::plan::note::Note;
use crate::progress::Progress;
use crate::report::screen::Bar;
use crate::snapshot::installation::Installation;
use crate::snapshot::paths::CONNECTOR;
use crate::snapshot::tree::{LiveTree, channel_schema_of, version_of};
use crate::transaction::step::TreeStep;

/// How long npm's registry has for its first word: all is said within five seconds.
const FIRST_WORD: Duration = Duration::from_millis(3500);

/// The connector that shall be live afterwards.
pub(super) enum Candidate {
    /// That of a payload.
    Payload(Box<Payload>),
    /// The one that is installed.
    Installed(Box<InstalledRecord>),
}

impl Candidate {
    /// Opens and judges the payload that is wanted. A connector that stands and may work here
    /// stays where it is as good: whoever changes a setting does not want another one with it.
    pub(super) fn find(
        context: &Context,
        wanted: &Wanted<'_>,
        installation: &Installation,
        live: Option<&LiveTree>,
    ) -> Result<Self, Failure> {
        if wanted.may_stay
            && let Some(record) = standing(installation, live, wanted)
            && wanted.version.is_none_or(|version| record.origin.version == version.to_string())
        {
            return Ok(Self::Installed(Box::new(record)));
        }
        let named = named(wanted, &payloads(context), installation, live)?;
        let (registry, bar) = (registry(context, installation), Bar::on(context.console));
        let expect_reachable = |needed: &str| {
            bar.begin(&say!("asking npm's registry"), None);
            let patience = context.timeout.span_instead_of(FIRST_WORD);
            let reached = registry.expect_reachable(needed, patience, &context.interrupt);
            bar.end();
            reached
        };
        if let Source::Npm(spec) = &named {
            expect_reachable(&format!("npm:{spec}"))?;
        }
        let payload = Payload::open(&named, wanted.checks, &registry, &context.interrupt, &bar)?;
        wanted.expect_version(&payload)?;
        if payload.needs_dependencies() && !matches!(named, Source::Npm(_)) {
            let package = &payload.package;
            if context.offline {
                let wanted = (package, &*installation.catalogue.pins(package));
                npm::expect_cached(wanted, &registry, &context.interrupt, &bar)?;
            } else {
                expect_reachable(&format!("node_modules ({}@{})", package.name, package.version))?;
            }
        }
        Ok(Self::Payload(Box::new(payload)))
    }

    /// Its version.
    pub(super) fn version(&self) -> &str {
        match self {
            Self::Payload(payload) => &payload.package.version,
            Self::Installed(record) => &record.origin.version,
        }
    }

    /// Where it comes from.
    pub(super) fn origin(&self) -> Origin {
        match self {
            Self::Payload(payload) => origin(payload),
            Self::Installed(record) => record.origin.clone(),
        }
    }

    /// How it has to be adapted; `None`: it stands, and stays.
    pub(super) fn changes(
        &self,
        installation: &Installation,
        forced: bool,
    ) -> Result<Option<Vec<Change>>, Failure> {
        let Self::Payload(payload) = self else {
            let unfit = unfit(installation).filter(|_| !forced);
            return unfit.map_or(Ok(None), |problem| Err(refusal(problem)));
        };
        match adaptation::of_payload(installation, payload) {
            Err(_) if forced => Ok(Some(Vec::new())),
            changes => Ok(Some(changes.map_err(refusal)?)),
        }
    }

    /// What is to be said where nobody has tried it on this OpenClaw, or where it is forced to be
    /// without the adaptation that it would need.
    pub(super) fn doubt(
        &self,
        installation: &Installation,
        tree: Option<&TreeStep>,
    ) -> Option<Note> {
        let Self::Payload(payload) = self else {
            return unfit(installation).map(|problem| Note::not_adapted(problem.message));
        };
        tree?;
        let Some(prediction) = adaptation::prediction_of_payload(installation, payload) else {
            let refused = adaptation::of_payload(installation, payload).err();
            return refused.map(|problem| Note::not_adapted(problem.message));
        };
        let version = semver::Version::parse(&payload.package.version).ok()?;
        Some(Note::predicted(prediction.text(&version, installation.program.version?)))
    }

    /// What the plan needs to know of it.
    pub(super) fn facts<'a>(
        &'a self,
        catalogue: &Catalogue,
        live: Option<&'a LiveTree>,
    ) -> PayloadFacts<'a> {
        match self {
            Self::Payload(payload) => PayloadFacts {
                version: &payload.package.version,
                digest: payload.digest(),
                tree: &payload.tree,
                dependencies: payload
                    .needs_dependencies()
                    .then(|| catalogue.pins(&payload.package)),
                channel_schema: payload.plugin.channel_schema.as_ref(),
                unverified: payload.verification == Verification::Nothing,
            },
            // it is judged as it stands
            Self::Installed(record) => PayloadFacts {
                version: live.and_then(|live| live.version.as_deref()).unwrap_or("?"),
                digest: record.origin.payload,
                tree: live.map_or(&record.tree, |live| &live.manifest),
                dependencies: None,
                channel_schema: live.and_then(|live| live.channel_schema.as_ref()),
                unverified: false,
            },
        }
    }
}

/// Which connector is wanted.
pub(super) struct Wanted<'a> {
    pub(super) source: Option<&'a str>,
    /// Exactly this one.
    pub(super) version: Option<&'a Version>,
    pub(super) checks: &'a Checks,
    /// The one that stands will do, where it is of that version and may work.
    pub(super) may_stay: bool,
    /// Nothing but settings is to be changed: the one that we have installed stays, whatever it is.
    pub(super) is_of_settings: bool,
    /// Even if it is known not to work.
    pub(super) forced: bool,
}

impl Wanted<'_> {
    fn expect_version(&self, payload: &Payload) -> Result<(), Problem> {
        let found = &payload.package.version;
        let Some(version) = self.version.filter(|version| version.to_string() != *found) else {
            return Ok(());
        };
        let place = payload.origin().display();
        let message = say!("{place} holds version {found}, not {version}", place, found, version);
        let hint =
            say!("Name a source of version {version}, or the version that it holds.", version);
        Err(Problem::new("payload.other-version", message, hint))
    }
}

/// The source that is named; else, of what a package brought, the version that is, or the best for
/// this OpenClaw; else that of npm's. What answers here is not exchanged for an older one.
fn named(
    wanted: &Wanted<'_>,
    payloads: &Path,
    installation: &Installation,
    live: Option<&LiveTree>,
) -> Result<Source, Failure> {
    if wanted.source.is_some() {
        let mut source = Source::resolve(wanted.source.map(OsStr::new), payloads)?;
        if let Source::Npm(NpmSpec { version: version @ None, .. }) = &mut source {
            *version = wanted.version.map(Version::to_string);
        }
        return Ok(source);
    }
    let (catalogue, openclaw) = (&installation.catalogue, installation.program.version);
    let standing = live.and_then(|live| live.release(catalogue)).map(|release| release.version);
    let answering = standing
        .filter(|standing| openclaw.is_some_and(|openclaw| catalogue.answers(standing, openclaw)));
    let fitting = |mut versions: Vec<Version>| {
        versions.retain(|version| answering.as_ref().is_none_or(|standing| version >= standing));
        wanted.version.cloned().or_else(|| catalogue.best(versions, openclaw))
    };
    let stock = stocked(payloads)?;
    let best = fitting(stock.iter().map(|(version, _)| version.clone()).collect());
    let place = best.and_then(|best| stock.into_iter().find(|(version, _)| *version == best));
    if let Some((_, place)) = place {
        return Ok(Source::Directory(place));
    }
    let version = fitting(openclaw.map_or_else(Vec::new, |_| catalogue.connectors().collect()));
    let version = version.map(|version| version.to_string());
    Ok(Source::Npm(NpmSpec { name: DEFAULT_PACKAGE.to_owned(), version }))
}

/// The connector that stands: as it was recorded, or, where nothing is recorded, as it is; unless it
/// may be exchanged and is known not to work on this OpenClaw, is not adapted as it would have to be,
/// or is not what was recorded.
fn standing(
    installation: &Installation,
    live: Option<&LiveTree>,
    wanted: &Wanted<'_>,
) -> Option<InstalledRecord> {
    let (live, forced) = (live?, wanted.forced);
    if wanted.is_of_settings && installation.record.is_some() {
        return installation.record.clone();
    }
    let release = live.release(&installation.catalogue)?.version;
    if !forced && !installation.catalogue.may_work(&release, installation.program.version) {
        return None;
    }
    if !forced && !matches!(adaptation::of_standing(installation).refit, Ok(None)) {
        return None;
    }
    if let Some(record) = &installation.record {
        return record.tree.deviations(&live.manifest).is_empty().then(|| record.clone());
    }
    let origin = Origin {
        name: CONNECTOR.to_owned(),
        version: live.shown_version(),
        payload: live.manifest.digest(),
        place: installation.paths.connector.display().to_string(),
        verification: Verification::Nothing,
        installed_at: now(),
    };
    Some(InstalledRecord::of(origin, Traces::default(), live.manifest.clone()))
}

/// Why the connector that stands does not answer here without being adapted anew, if so.
fn unfit(installation: &Installation) -> Option<Problem> {
    let refit = adaptation::of_standing(installation).refit;
    refit.map_or_else(Some, |refit| refit.map(|_| ill_adapted()))
}

fn refusal(problem: Problem) -> Failure {
    let is_known = problem.code == "compat.matrix";
    if is_known { incompatible(problem).into() } else { problem.into() }
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Where the connector of a payload comes from, installed now.
pub(super) fn origin(payload: &Payload) -> Origin {
    Origin {
        name: payload.package.name.clone(),
        version: payload.package.version.clone(),
        payload: payload.digest(),
        place: payload.origin().display().to_string(),
        verification: payload.verification.clone(),
        installed_at: now(),
    }
}

/// Where packages put payloads.
pub(super) fn payloads(context: &Context) -> PathBuf {
    let elsewhere = context.surroundings.path("OPENCLAW_SETUP_PAYLOADS");
    elsewhere.unwrap_or_else(|| PathBuf::from(DEFAULT_PAYLOADS))
}

/// npm as the gateway's own Node.js has it, else that of the PATH.
pub(super) fn registry(context: &Context, installation: &Installation) -> Registry {
    let environment = context.surroundings.iter().map(|(name, value)| (name.into(), value.clone()));
    let node = installation.program.node.as_deref();
    Registry::new(environment, node, context.offline, context.deadline())
}

/// Hashes what stands where the connector goes.
pub(super) fn live_tree(
    context: &Context,
    installation: &Installation,
) -> Result<Option<LiveTree>, Failure> {
    let path = &installation.paths.connector;
    if Identity::of(path)?.is_none() {
        return Ok(None);
    }
    let scanned = TreeManifest::scan(path, &context.interrupt, &Bar::on(context.console));
    if scanned.is_err() && Identity::of(path)?.is_none() {
        // another run, which holds the lock, has taken it away meanwhile: we look again under the lock
        return Ok(None);
    }
    let scanned = scanned?;
    // one copy of what may be long
    let same = installation.record.as_ref().filter(|record| record.tree == scanned);
    let manifest = same.map_or(scanned, |record| record.tree.clone());
    let (version, channel_schema) = (version_of(path), channel_schema_of(path));
    Ok(Some(LiveTree { version, channel_schema, manifest }))
}
