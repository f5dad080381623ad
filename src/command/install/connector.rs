//! The connector's two sides: the payload that is to be installed, and the tree that is live.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::cli::Checksums;
use crate::command::context::Context;
use crate::command::failure::Failure;
use crate::connector::npm::{self, Registry};
use crate::connector::{
    Checks, DEFAULT_PAYLOADS, Limits, Payload, Source, TreeManifest, Verification,
};
use crate::fs::exchange::Identity;
use crate::installation::live_tree::{LiveTree, channel_schema_of, version_of};
use crate::installation::picture::Picture;
use crate::plan::install::PayloadFacts;
use crate::report::bar::Bar;

/// Opens and judges the payload that the command line names.
pub(super) fn open(
    context: &Context,
    source: Option<&str>,
    checksums: &Checksums,
    picture: &Picture,
) -> Result<Payload, Failure> {
    let source = Source::resolve(source.map(OsStr::new), &payloads(context))?;
    let checks = Checks {
        sha256: checksums.sha256,
        checksums: checksums.checksums.clone(),
        allow_unverified: checksums.allow_unverified,
        limits: Limits::default(),
    };
    let registry = registry(context, picture);
    Ok(Payload::open(&source, &checks, &registry, &context.interrupt, &Bar::on(context.console))?)
}

/// Where packages put payloads.
pub(in crate::command) fn payloads(context: &Context) -> PathBuf {
    let elsewhere = context.surroundings.path("OPENCLAW_SETUP_PAYLOADS");
    elsewhere.unwrap_or_else(|| PathBuf::from(DEFAULT_PAYLOADS))
}

/// npm as the gateway's own Node.js has it, else that of the PATH.
pub(in crate::command) fn registry(context: &Context, picture: &Picture) -> Registry {
    let environment = context.surroundings.iter().map(|(name, value)| (name.into(), value.clone()));
    let node = picture.program.node.as_deref();
    Registry::new(environment, node, context.offline, context.deadline())
}

/// What the plan needs to know of it.
pub(super) fn facts(payload: &Payload) -> PayloadFacts<'_> {
    PayloadFacts {
        version: &payload.package().version,
        digest: payload.digest(),
        tree: payload.tree(),
        dependencies: payload.needs_dependencies().then(|| npm::pins(payload.package())),
        channel_schema: payload.plugin().channel_schema.as_ref(),
        unverified: *payload.verification() == Verification::Nothing,
    }
}

/// Hashes what stands where the connector goes.
pub(in crate::command) fn live_tree(
    context: &Context,
    picture: &Picture,
) -> Result<Option<LiveTree>, Failure> {
    let path = &picture.paths.connector;
    if Identity::of(path)?.is_none() {
        return Ok(None);
    }
    let manifest = TreeManifest::scan(path, &context.interrupt, &Bar::on(context.console))?;
    let (version, channel_schema) = (version_of(path), channel_schema_of(path));
    Ok(Some(LiveTree { version, channel_schema, manifest }))
}
