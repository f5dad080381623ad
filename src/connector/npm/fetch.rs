//! Fetching a package from the npm registry, and proving that it is what the registry published.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha512};

use super::program::Registry;
use crate::connector::error;
use crate::connector::reading::Watch;
use crate::connector::source::NpmSpec;
use crate::fs::foreign;
use crate::language::Problem;

const SHA512: &str = "sha512-";

/// A package that was fetched and proven.
#[derive(Debug)]
pub(in crate::connector) struct Fetched {
    /// The `.tgz`.
    pub(in crate::connector) archive: PathBuf,
    /// The version that `spec` came to.
    pub(in crate::connector) version: String,
    /// The registry's value, `sha512-…`.
    pub(in crate::connector) integrity: String,
}

/// Fetches `spec` into the directory `into`, and checks the download's SHA-512 against the
/// registry's `dist.integrity`; npm's own word for it is not enough.
pub(in crate::connector) fn fetch(
    spec: &NpmSpec,
    into: &Path,
    registry: &Registry,
    watch: Watch<'_>,
) -> Result<Fetched, Problem> {
    registry.expect_online(&format!("npm:{spec}"))?;
    let wanted = spec.to_string();
    let pack = ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--", &wanted];
    let answer =
        watch.during(&say!("fetching {name}", name = format!("npm:{spec}")), None, || {
            registry.npm(&pack, into, watch.interrupt)
        })?;
    let command = format!("npm {}", pack.join(" "));
    let version =
        packed_version(&answer).ok_or_else(|| error::npm_answer(&command, "no version in it"))?;
    let archive =
        only_archive(into).ok_or_else(|| error::npm_answer(&command, "no archive came"))?;
    let package = format!("{}@{version}", spec.name);
    let expected = published_integrity(&package, into, registry, watch)?;
    let found = integrity_of(&archive)?;
    if expected.split_whitespace().all(|value| value != found) {
        return Err(error::npm_wrong_integrity(&package, &found, &expected));
    }
    Ok(Fetched { archive, version, integrity: found })
}

fn published_integrity(
    package: &str,
    directory: &Path,
    registry: &Registry,
    watch: Watch<'_>,
) -> Result<String, Problem> {
    let view = ["view", "--json", "--loglevel=error", "--", package, "dist.integrity"];
    let answer = registry.npm(&view, directory, watch.interrupt)?;
    match serde_json::from_str(&answer) {
        Ok(Value::String(integrity)) if integrity.contains(SHA512) => Ok(integrity),
        _ => Err(error::npm_no_integrity(package)),
    }
}

/// `npm pack --json` answers with a list of packages.
fn packed_version(answer: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    Some(answer.get(0)?.get("version")?.as_str()?.to_string())
}

/// The one archive in the directory. Its name in npm's answer is wrong for scoped packages in
/// some versions of npm, so it is not relied upon.
fn only_archive(directory: &Path) -> Option<PathBuf> {
    let mut archives = fs::read_dir(directory)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "tgz"));
    archives.next().filter(|_| archives.next().is_none())
}

fn integrity_of(archive: &Path) -> Result<String, Problem> {
    let mut file = foreign::open(archive).map_err(error::looking)?;
    let mut hash = Sha512::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        match file.read(&mut piece).map_err(error::reading(archive))? {
            0 => return Ok(format!("{SHA512}{}", STANDARD.encode(hash.finalize()))),
            read => hash.update(&piece[..read]),
        }
    }
}
