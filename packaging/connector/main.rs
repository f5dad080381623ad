//! Makes the tree of a payload package: a connector from any source, judged and verified as
//! `install` does it, with its npm dependencies and a list of checksums that names every file.
//!
//! `cargo run --example payload -- SOURCE DIR [--sha256 HEX] [--allow-unverified]`
//!
//! `DIR` must not exist. Prints the connector's version.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program of its own")]

use std::ffi::OsStr;
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use openclaw_setup::connector::catalogue::Catalogue;
use openclaw_setup::connector::manifest::Node;
use openclaw_setup::connector::npm::{self, Registry};
use openclaw_setup::connector::{
    Checks, Limits, Payload, SHA256SUMS, Sha256, Source, TreeManifest,
};
use openclaw_setup::fs::Action;
use openclaw_setup::fs::stage::{Stage, sync_tree};
use openclaw_setup::interrupt::Interrupt;
use openclaw_setup::language::{Explain, Localized};
use openclaw_setup::progress::Unwatched;
use openclaw_setup::timeout::Deadline;

/// npm may have a hundred packages to fetch.
const TIMEOUT: Duration = Duration::from_secs(900);

/// Makes the tree of a payload package
#[derive(Parser)]
struct Wanted {
    /// Directory, archive, or npm:NAME[@VERSION]
    source: String,
    /// The tree to make; must not exist
    directory: PathBuf,
    /// SHA-256 of the archive
    #[arg(long)]
    sha256: Option<Sha256>,
    /// A list in the format of sha256sum(1)
    #[arg(long)]
    checksums: Option<PathBuf>,
    /// Take a connector that has no checksum at all
    #[arg(long)]
    allow_unverified: bool,
}

fn main() -> ExitCode {
    let wanted = Wanted::parse();
    match make(&wanted) {
        Ok(version) => {
            println!("{version}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}", error.message());
            eprintln!("{}", error.hint());
            ExitCode::FAILURE
        }
    }
}

fn make(wanted: &Wanted) -> Result<String, Box<dyn Explain>> {
    let interrupt = Interrupt::listening().unwrap_or_default();
    let registry = Registry::new(std::env::vars_os(), None, false, Deadline::after(TIMEOUT));
    let source = Source::resolve(Some(OsStr::new(&wanted.source)), Path::new("/nonexistent"))?;
    let checks = Checks {
        sha256: wanted.sha256,
        checksums: wanted.checksums.clone(),
        allow_unverified: wanted.allow_unverified,
        limits: Limits::default(),
    };
    let payload = Payload::open(&source, &checks, &registry, &interrupt, &Unwatched)?;
    let mut stage = Stage::create(&wanted.directory)?;
    payload.stage(&mut stage, &interrupt, &Unwatched)?;
    let tree = if payload.needs_dependencies() {
        let pins = Catalogue::newest().pins(&payload.package);
        for pin in &pins {
            eprintln!("{}", pin.text());
        }
        npm::install_dependencies(
            &mut stage,
            (&payload.package, &pins),
            &registry,
            &interrupt,
            &Unwatched,
        )?
    } else {
        payload.tree.clone()
    };
    let list = wanted.directory.join(SHA256SUMS);
    write_list(&list, &tree).map_err(Action::Write.failed(&list))?;
    sync_tree(stage.as_fd(), &wanted.directory, &interrupt)?;
    // a stage is its owner's alone; a package is everybody's
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&wanted.directory, open)
        .map_err(Action::Write.failed(&wanted.directory))?;
    Ok(payload.package.version.clone())
}

/// In the format of sha256sum(1): a name with a backslash or a line end is escaped, and marked.
fn write_list(path: &Path, tree: &TreeManifest) -> std::io::Result<()> {
    let lines = tree.iter().filter_map(|(name, node)| match node {
        Node::File { sha256, .. } => {
            let escaped = name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
            let mark = if escaped == *name { "" } else { "\\" };
            Some(format!("{mark}{sha256}  {escaped}\n"))
        }
        _ => None,
    });
    fs::write(path, lines.collect::<String>())?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}
