//! Which npm dependencies are fetched otherwise than the connector declares, and why; ranges of
//! versions as npm reads them; and adding them to a staged connector, without a trace but `node_modules`.
//!
//! npm runs in a scratch directory within the stage, with a `package.json` of our own making that
//! holds the pinned dependencies; what it made there is then copied as any tree is. So the
//! payload's verified `package.json` is never touched, a lock file or an `.npmrc` that the payload
//! brings has no say (the latter could name another registry), and nothing has to be put back.

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::path::Path;

use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Registry;
use crate::connector::entry::refuse_escapes;
use crate::connector::facts::{PACKAGE_JSON, Package};
use crate::connector::manifest::TreeManifest;
use crate::connector::reading::Watch;
use crate::connector::{CopyTree, NODE_MODULES, error};
use crate::fs::is_absent;
use crate::fs::stage::{Stage, remove_tree};
use crate::interrupt::Interrupt;
use crate::language::{Localized, Problem};
use crate::progress::Progress;

/// What the gateway itself provides.
pub(in crate::connector) const HOST: &str = "openclaw";

/// A dependency of which a later version does not work: a row of the catalogue.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::connector) struct Pinned {
    package: String,
    version: String,
}

/// What is done instead of what is declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    /// Exactly this version is installed.
    Exactly(String),
    /// It is not installed at all.
    LeftOut,
}

/// One dependency that is not left to npm's choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pin {
    /// The package.
    pub name: String,
    /// The range that `package.json` declares.
    pub declared: String,
    /// What is done instead.
    pub resolution: Resolution,
}

impl Localized for Pin {
    fn text(&self) -> String {
        let (name, declared) = (&self.name, &self.declared);
        match &self.resolution {
            Resolution::Exactly(version) => say!(
                "{name} {version} instead of {declared}: a newer one is known not to work",
                name,
                version,
                declared
            ),
            Resolution::LeftOut => say!(
                "{name} is left out ({declared} declared): the gateway itself provides it",
                name,
                declared
            ),
        }
    }
}

/// What would be fetched otherwise than declared. Pure: for the plan as well as for the deed.
pub(in crate::connector) fn pins(known: &[Pinned], package: &Package) -> Vec<Pin> {
    let ranges = package.dependencies.iter().chain(&package.optional_dependencies);
    ranges
        .filter_map(|(name, declared)| {
            let resolution = if name == HOST {
                // connectors 0.8.0 to 0.8.7 list the host itself: 37,332 files for nothing
                Resolution::LeftOut
            } else {
                let pinned = known.iter().find(|pinned| pinned.package == *name)?;
                let floats = *declared != pinned.version && admits(declared, &pinned.version);
                Resolution::Exactly(floats.then(|| pinned.version.clone())?)
            };
            Some(Pin { name: name.clone(), declared: declared.clone(), resolution })
        })
        .collect()
}

/// `ranges` with the pins applied.
fn pinned(pins: &[Pin], ranges: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut ranges = ranges.clone();
    for pin in pins {
        match &pin.resolution {
            Resolution::LeftOut => drop(ranges.remove(&pin.name)),
            Resolution::Exactly(version) => {
                ranges.entry(pin.name.clone()).and_modify(|range| range.clone_from(version));
            }
        }
    }
    ranges
}

/// Whether npm's range admits the version. Tags and URLs admit nothing, but for `latest`, which
/// is what an unpinned dependency amounts to.
pub fn admits(range: &str, version: &str) -> bool {
    let Ok(version) = Version::parse(version) else { return false };
    let range = range.trim();
    range.is_empty()
        || range == "latest"
        || range.split("||").any(|alternative| alternative_admits(alternative.trim(), &version))
}

fn alternative_admits(alternative: &str, version: &Version) -> bool {
    if alternative.is_empty() {
        return true;
    }
    let comparators = match alternative.split_once(" - ") {
        Some((low, high)) => format!(">={}, <={}", low.trim(), high.trim()),
        None => joined_comparators(alternative),
    };
    VersionReq::parse(&comparators).is_ok_and(|requirement| requirement.matches(version))
}

/// npm separates comparators by blanks, may put blanks behind an operator, and takes a bare
/// version to mean exactly that one.
fn joined_comparators(alternative: &str) -> String {
    let mut comparators: Vec<String> = Vec::new();
    let mut operator = String::new();
    for word in alternative.split_whitespace() {
        operator.push_str(word);
        if word.ends_with(|last| "<>=^~".contains(last)) {
            continue;
        }
        let comparator = std::mem::take(&mut operator);
        let bare = comparator.trim_start_matches('v');
        comparators.push(if bare.starts_with(|first: char| first.is_ascii_digit()) {
            format!("={bare}")
        } else {
            comparator
        });
    }
    comparators.join(", ")
}

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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::connector::catalogue::Catalogue;

    fn pins(package: &Package) -> Vec<Pin> {
        Catalogue::built_in().pins(package)
    }

    fn package(dependencies: &str) -> Package {
        let text = format!(r#"{{"name":"c","version":"1.0.0","dependencies":{dependencies}}}"#);
        Package::parse(Some(text.as_bytes()), Path::new("/p")).unwrap()
    }

    #[test]
    fn the_stream_client_is_pinned_and_the_host_left_out() {
        let declared = r#"{"axios":"^1.6.0","dingtalk-stream":"^2.1.4","openclaw":"^2026.3.0"}"#;
        let package = package(declared);
        let resolutions: Vec<_> = pins(&package)
            .into_iter()
            .map(|pin| (pin.name, pin.declared, pin.resolution))
            .collect();
        assert_eq!(
            resolutions,
            [
                (
                    "dingtalk-stream".to_string(),
                    "^2.1.4".to_string(),
                    Resolution::Exactly("2.1.4".to_string())
                ),
                ("openclaw".to_string(), "^2026.3.0".to_string(), Resolution::LeftOut),
            ]
        );
        let wanted: Vec<_> = pinned(&pins(&package), &package.dependencies).into_iter().collect();
        assert_eq!(
            wanted,
            [
                ("axios".to_string(), "^1.6.0".to_string()),
                ("dingtalk-stream".to_string(), "2.1.4".to_string())
            ]
        );
    }

    #[test]
    fn what_the_connector_already_fixes_needs_no_pin() {
        for declared in [r#"{"dingtalk-stream":"2.1.4"}"#, r#"{"dingtalk-stream":"^2.2.0"}"#] {
            assert_eq!(pins(&package(declared)), [], "{declared}");
        }
    }

    #[test]
    fn npm_ranges_are_read_as_npm_reads_them() {
        for range in [
            "^2.1.4",
            "~2.1.0",
            "2.x",
            "2.1",
            "2",
            "*",
            "",
            "x",
            "latest",
            ">=2.0.0 <3",
            "2.1.4",
            ">= 2.1",
            "1.x || ^2.1.0",
            "2.0.0 - 2.2.0",
            "v2.1.4",
            "=2.1.4",
            "<=2.1.4",
            ">=1.22.3 <2 || >=2.1.0 <3",
        ] {
            assert!(admits(range, "2.1.4"), "{range}");
        }
        for range in [
            "^2.1.5",
            "2.1.5",
            "^1",
            "^3 || 2.1.3",
            "next",
            "https://x/y.tgz",
            "git+ssh://x",
            "file:../x",
            "npm:other@2.1.4",
            "2.1.5 - 3",
            ">2.1.4",
            "~2.0",
        ] {
            assert!(!admits(range, "2.1.4"), "{range}");
        }
    }
}
