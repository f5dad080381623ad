//! Adding npm dependencies to a staged connector, without a trace but `node_modules`.
//!
//! npm runs in a scratch directory within the stage, with a `package.json` of our own making that
//! holds the pinned dependencies; the finished `node_modules` is then moved up. So the payload's
//! verified `package.json` is never touched, a lock file or an `.npmrc` that the payload brings
//! has no say (the latter could name another registry), and nothing has to be put back.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, unlinkat};
use rustix::fs::{FileType, Mode, OFlags, RenameFlags, fchmod, fstat, renameat_with};
use rustix::io::Errno;
use serde_json::{Map, Value, json};

use super::super::activity::Activity;
use super::pins::{Resolution, pinned, pins};
use super::program::Registry;
use crate::connector::entry::{Fault, Refusal, refuse_escapes};
use crate::connector::error::PayloadError;
use crate::connector::facts::Package;
use crate::connector::manifest::{Permissions, TreeManifest};
use crate::connector::reading::Watch;
use crate::fs::beneath::{self, Listed};
use crate::fs::stage::{Deed, Stage, StageError, remove_tree};
use crate::interrupt::Interrupt;
use crate::progress::Progress;

const SCRATCH: &str = ".openclaw-setup-npm";
const NODE_MODULES: &str = "node_modules";

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

/// Fetches the dependencies that `package` declares, pinned as [`pins`] says, into the stage, and
/// returns the manifest of the finished tree.
///
/// Whatever npm makes of it, the tree has the modes of a stage, no hard links, and no symbolic
/// link that leads out of it.
pub fn install_dependencies(
    stage: &Stage,
    package: &Package,
    registry: &Registry,
    interrupt: &Interrupt,
    progress: &dyn Progress,
) -> Result<TreeManifest, PayloadError> {
    let watch = Watch { interrupt, progress };
    let needed = format!("node_modules ({}@{})", package.name, package.version);
    registry.expect_online(&needed)?;
    let path = stage.path();
    let scratch_path = path.join(SCRATCH);
    let scratch = Stage::create_in(stage.as_fd(), Path::new(SCRATCH), &scratch_path)?;
    let outcome = fill(scratch, package, registry, watch).and_then(|()| move_up(stage));
    let cleared = remove_tree(stage.as_fd(), Path::new(SCRATCH), &scratch_path);
    outcome?;
    cleared?;
    normalise(stage, watch)?;
    let tree = TreeManifest::scan_at(stage.as_fd(), path, interrupt, progress)?;
    refuse_escapes(&tree, path)?;
    Ok(tree)
}

fn fill(
    mut scratch: Stage,
    package: &Package,
    registry: &Registry,
    watch: Watch<'_>,
) -> Result<(), PayloadError> {
    let mut file = scratch.file(Path::new("package.json"), false)?;
    file.write(scratch_package(package).to_string().as_bytes())?;
    file.finish();
    watch.during(&Activity::InstallingDependencies, None, || {
        registry.npm(&INSTALL, scratch.path(), watch.interrupt)?;
        Ok(())
    })
}

/// The `package.json` that npm gets to see. Pins are overrides as well, so that they hold for
/// dependencies of dependencies.
fn scratch_package(package: &Package) -> Value {
    let mut overrides: Map<String, Value> = package.overrides.clone();
    for pin in pins(package) {
        if let Resolution::Exactly(version) = pin.resolution {
            overrides.insert(pin.name, Value::String(version));
        }
    }
    json!({
        "name": "connector-dependencies",
        "version": "0.0.0",
        "private": true,
        "dependencies": pinned(package, &package.dependencies),
        "optionalDependencies": pinned(package, &package.optional_dependencies),
        "overrides": overrides,
    })
}

fn move_up(stage: &Stage) -> Result<(), PayloadError> {
    let path = stage.path().join(NODE_MODULES);
    let scratch = open_directory(stage.as_fd(), Path::new(SCRATCH))
        .map_err(StageError::of(Deed::Create, &path))?;
    match renameat_with(&scratch, NODE_MODULES, stage, NODE_MODULES, RenameFlags::NOREPLACE) {
        // nothing but optional dependencies, and none for this machine
        Err(Errno::NOENT) => return Ok(()),
        moved => moved.map_err(StageError::of(Deed::Create, &path))?,
    }
    let modules = open_directory(stage.as_fd(), Path::new(NODE_MODULES))
        .map_err(StageError::of(Deed::Create, &path))?;
    // npm's own list names the mirror in use, which would make the same tree another one
    let hidden = Path::new(".package-lock.json");
    remove_tree(modules.as_fd(), hidden, &path.join(hidden))?;
    // a dependency may depend on the host in its turn
    let host = Path::new("openclaw");
    Ok(remove_tree(modules.as_fd(), host, &path.join(host))?)
}

fn normalise(stage: &Stage, watch: Watch<'_>) -> Result<(), PayloadError> {
    let path = stage.path().join(NODE_MODULES);
    match open_directory(stage.as_fd(), Path::new(NODE_MODULES)) {
        Ok(modules) => normalise_directory(&modules, &path, watch),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(StageError::of(Deed::Write, path)(cause).into()),
    }
}

fn normalise_directory(
    directory: &OwnedFd,
    path: &Path,
    watch: Watch<'_>,
) -> Result<(), PayloadError> {
    watch.ask()?;
    let failed = |cause: io::Error| StageError::of(Deed::Write, path)(cause);
    fchmod(directory, Mode::from_raw_mode(Permissions::OPEN.0))
        .map_err(|errno| failed(errno.into()))?;
    for listed in beneath::list(directory.as_fd()).map_err(failed)? {
        normalise_entry(directory, &listed, &path.join(&listed.name), watch)?;
    }
    Ok(())
}

fn normalise_entry(
    directory: &OwnedFd,
    listed: &Listed,
    path: &Path,
    watch: Watch<'_>,
) -> Result<(), PayloadError> {
    let here = Path::new(&listed.name);
    match listed.kind {
        FileType::Directory => {
            let below = open_directory(directory.as_fd(), here)
                .map_err(StageError::of(Deed::Write, path))?;
            normalise_directory(&below, path, watch)
        }
        FileType::RegularFile => {
            Ok(normalise_file(directory, here)
                .map_err(StageError::of::<io::Error>(Deed::Write, path))?)
        }
        FileType::Symlink => Ok(()),
        _ => Err(Refusal {
            payload: path.parent().unwrap_or(path).to_path_buf(),
            entry: listed.name.to_string_lossy().into_owned(),
            fault: Fault::UnknownKind,
        }
        .into()),
    }
}

fn normalise_file(directory: &OwnedFd, name: &Path) -> io::Result<()> {
    let file = beneath::open(directory.as_fd(), name, OFlags::RDONLY, Mode::empty())?;
    let stat = fstat(&file)?;
    let mode = Permissions::of_file(Permissions(stat.st_mode).executable());
    let mode = Mode::from_raw_mode(mode.0);
    if stat.st_nlink == 1 {
        return Ok(fchmod(&file, mode)?);
    }
    // npm may link from its cache; OpenClaw rejects hard links
    unlinkat(directory, name, AtFlags::empty())?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    let copy = beneath::open(directory.as_fd(), name, flags, Mode::RUSR | Mode::WUSR)?;
    fchmod(&copy, mode)?;
    let mut copy = File::from(copy);
    io::copy(&mut File::from(file), &mut copy)?;
    copy.flush()
}

fn open_directory(parent: BorrowedFd<'_>, name: &Path) -> io::Result<OwnedFd> {
    beneath::open(parent, name, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
}
