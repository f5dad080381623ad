//! Adding npm dependencies to a staged connector, without a trace but `node_modules`.
//!
//! npm runs in a scratch directory within the stage, with a `package.json` of our own making that
//! holds the pinned dependencies; what it made there is then copied as any tree is. So the
//! payload's verified `package.json` is never touched, a lock file or an `.npmrc` that the payload
//! brings has no say (the latter could name another registry), and nothing has to be put back.

use std::os::fd::AsFd;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::pins::{HOST, Pin, Resolution, pinned};
use super::program::Registry;
use crate::connector::copy_tree::CopyTree;
use crate::connector::entry::refuse_escapes;
use crate::connector::facts::{PACKAGE_JSON, Package};
use crate::connector::manifest::TreeManifest;
use crate::connector::reading::Watch;
use crate::connector::{NODE_MODULES, error};
use crate::fs::is_absent;
use crate::fs::stage::{Stage, remove_tree};
use crate::interrupt::Interrupt;
use crate::language::Problem;
use crate::progress::Progress;

const SCRATCH: &str = ".openclaw-setup-npm";

/// What `OpenClaw` 2026.3.13 does for a plugin, and what keeps the host out: connectors from 0.8.4
/// on name `openclaw` as a peer, which npm would install of its own accord.
const INSTALL: [&str; 11] = [
    "install",
    "--omit=dev",
    "--omit=peer",
    "--legacy-peer-deps",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-package-lock",
    "--no-workspaces",
    "--no-global",
    "--loglevel=error",
];

/// Fetches the dependencies that `package` declares, but for the pins, into the stage, and returns the
/// manifest of the finished tree. With `--offline` npm has its cache alone.
///
/// Whatever npm makes of it, the tree has the modes of a stage, no hard links, and no symbolic
/// link that leads out of it.
pub fn install_dependencies(
    stage: &mut Stage,
    (package, pins): (&Package, &[Pin]),
    registry: &Registry,
    interrupt: &Interrupt,
    progress: &dyn Progress,
) -> Result<TreeManifest, Problem> {
    let watch = Watch { interrupt, progress };
    let path = stage.path().join(SCRATCH);
    let scratch = Stage::create_in(stage.as_fd(), Path::new(SCRATCH), &path)?;
    let outcome = fill(scratch, &scratch_package(package, pins), registry, &INSTALL, watch)
        .and_then(|()| take_over(&path, stage, watch));
    let cleared = remove_tree(stage.as_fd(), Path::new(SCRATCH), &path);
    outcome.and(cleared)?;
    let tree = TreeManifest::scan_at(stage.as_fd(), stage.path(), interrupt, progress)?;
    refuse_escapes(&tree, stage.path())?;
    Ok(tree)
}

/// An error if npm cannot tell from its cache alone what `package` depends on. Whether the archives
/// are there, too, only [`install_dependencies`] finds out.
pub fn expect_cached(
    (package, pins): (&Package, &[Pin]),
    registry: &Registry,
    interrupt: &Interrupt,
    progress: &dyn Progress,
) -> Result<(), Problem> {
    let directory = tempfile::tempdir().map_err(error::temporary)?;
    let scratch = Stage::create(&directory.path().join(SCRATCH))?;
    let dry = [&INSTALL[..], &["--dry-run"]].concat();
    let package = scratch_package(package, pins);
    fill(scratch, &package, registry, &dry, Watch { interrupt, progress })
}

fn fill(
    mut scratch: Stage,
    package: &Value,
    registry: &Registry,
    install: &[&str],
    watch: Watch<'_>,
) -> Result<(), Problem> {
    let mut file = scratch.file(Path::new(PACKAGE_JSON), false)?;
    file.write(package.to_string().as_bytes())?;
    file.finish();
    watch.during(&say!("installing npm dependencies"), None, || {
        registry.npm(install, scratch.path(), watch.interrupt).map(drop)
    })
}

/// What npm may have linked from its cache becomes a file of its own: OpenClaw rejects hard links.
fn take_over(scratch: &Path, stage: &mut Stage, watch: Watch<'_>) -> Result<(), Problem> {
    let source = scratch.join(NODE_MODULES);
    // nothing but optional dependencies, and none for this machine
    if is_absent(&source) {
        return Ok(());
    }
    let copy = CopyTree {
        source: &source,
        place: Path::new(NODE_MODULES),
        // npm's own list names the mirror in use, which would make the same tree another one; and a
        // dependency may depend on the host in its turn
        left_out: &[".package-lock.json", HOST],
        moves: false,
        keeps_private: false,
    };
    copy.stage(stage, watch.interrupt, watch.progress)
}

/// The `package.json` that npm gets to see. Pins are overrides as well, so that they hold for
/// dependencies of dependencies.
fn scratch_package(package: &Package, pins: &[Pin]) -> Value {
    let mut overrides: Map<String, Value> = package.overrides.clone();
    for pin in pins {
        if let Resolution::Exactly(version) = &pin.resolution {
            overrides.insert(pin.name.clone(), version.as_str().into());
        }
    }
    json!({
        "name": "connector-dependencies",
        "version": "0.0.0",
        "private": true,
        "dependencies": pinned(pins, &package.dependencies),
        "optionalDependencies": pinned(pins, &package.optional_dependencies),
        "overrides": overrides,
    })
}
