//! npm dependencies with the real npm and its registry: pinned, proven, and without a trace.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod payload_corpus;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use openclaw_setup::connector::catalogue::Catalogue;
use openclaw_setup::connector::npm::{Registry, install_dependencies};
use openclaw_setup::connector::{Checks, NpmSpec, Payload, Sha256, Source, TreeManifest};
use openclaw_setup::fs::stage::Stage;
use openclaw_setup::interrupt::Interrupt;
use openclaw_setup::language::Explain;
use openclaw_setup::progress::Unwatched;
use openclaw_setup::timeout::Deadline;
use payload_corpus::{PLUGIN, open, trusting};

const DEPENDENCIES: &str = r#"{"name":"test-connector","version":"1.0.0",
    "openclaw":{"extensions":["./index.ts"]},
    "dependencies":{"dingtalk-stream":"^2.1.4","openclaw":"^2026.3.0","which":"2.0.2"},
    "devDependencies":{"is-number":"7.0.0"},
    "peerDependencies":{"is-odd":"3.0.1"}}"#;

/// A connector that would have npm fetched through a mirror of its own, were it asked.
fn connector(root: &Path) -> Payload {
    let dir = root.join("connector");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("package.json"), DEPENDENCIES).unwrap();
    fs::write(dir.join("openclaw.plugin.json"), PLUGIN).unwrap();
    fs::write(dir.join("index.ts"), "export default {};\n").unwrap();
    fs::write(dir.join(".npmrc"), "registry=http://127.0.0.1:9/\n").unwrap();
    fs::write(dir.join("package-lock.json"), "{\"lockfileVersion\":3}\n").unwrap();
    open(&dir, &trusting()).unwrap()
}

fn registry(offline: bool) -> Registry {
    let timeout = Deadline::after(Duration::from_secs(300));
    Registry::new(std::env::vars_os(), None, offline, timeout)
}

fn staged(payload: &Payload, path: &Path) -> Stage {
    let mut stage = Stage::create(path).unwrap();
    payload.stage(&mut stage, &Interrupt::never(), &Unwatched).unwrap();
    stage
}

fn version_of(stage: &Path, package: &str) -> String {
    let path = stage.join("node_modules").join(package).join("package.json");
    let package: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    package["version"].as_str().unwrap().to_string()
}

#[test]
fn dependencies_are_pinned_and_leave_nothing_but_node_modules() {
    let home = tempfile::tempdir().unwrap();
    let payload = connector(home.path());
    assert!(payload.needs_dependencies());
    let path = home.path().join("stage");
    let mut stage = staged(&payload, &path);
    let tree = install_dependencies(
        &mut stage,
        (&payload.package, &Catalogue::built_in().pins(&payload.package)),
        &registry(false),
        &Interrupt::never(),
        &Unwatched,
    )
    .unwrap();

    assert_eq!(version_of(&path, "dingtalk-stream"), "2.1.4");
    assert_eq!(version_of(&path, "which"), "2.0.2");
    for absent in ["openclaw", "is-number", "is-odd", ".package-lock.json"] {
        assert!(tree.get(&format!("node_modules/{absent}")).is_none(), "{absent}");
    }
    // beside node_modules, the tree is the verified payload and nothing else
    let beside: TreeManifest = tree
        .iter()
        .filter(|(path, _)| !path.starts_with("node_modules"))
        .map(|(path, node)| (path, node.clone()))
        .collect();
    assert_eq!(payload.tree.deviations(&beside), []);
    let scanned = TreeManifest::scan(&path, &Interrupt::never(), &Unwatched).unwrap();
    assert_eq!(tree.deviations(&scanned), []);
    let link = fs::read_link(path.join("node_modules/.bin/node-which")).unwrap();
    assert_eq!(link, Path::new("../which/bin/node-which"));
    assert!(tree.get("node_modules/which/bin/node-which").is_some());
}

#[test]
fn a_failing_npm_leaves_the_stage_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let payload = connector(home.path());
    let path = home.path().join("stage");
    let mut stage = staged(&payload, &path);
    let unreachable = std::env::vars_os().filter(|(name, _)| name == "PATH").chain([
        ("HOME".into(), home.path().into()),
        ("npm_config_registry".into(), "http://127.0.0.1:9/".into()),
        ("npm_config_fetch_retries".into(), "0".into()),
    ]);
    let timeout = Deadline::after(Duration::from_secs(120));
    let registry = Registry::new(unreachable, None, false, timeout);
    let mut install = |registry: &Registry, interrupt: &Interrupt| {
        let wanted = (&payload.package, &[][..]);
        install_dependencies(&mut stage, wanted, registry, interrupt, &Unwatched).unwrap_err()
    };
    let error = install(&registry, &Interrupt::never());
    assert_eq!(error.code(), "payload.npm-failed");
    let problem = error.message();
    assert!(problem.contains("ECONNREFUSED"), "{problem}");
    assert!(!home.path().join(".npm/_logs").exists(), "npm logged into the user's home");
    let interrupt = Interrupt::never();
    interrupt.raise();
    assert_eq!(install(&registry, &interrupt).code(), "payload.interrupted");
    let late = Registry::new(std::env::vars_os(), None, false, Deadline::after(Duration::ZERO));
    assert_eq!(install(&late, &Interrupt::never()).code(), "payload.npm-timed-out");
    let nowhere = Registry::new([], None, false, timeout);
    assert_eq!(install(&nowhere, &Interrupt::never()).code(), "payload.npm-missing");
    let empty = [("npm_config_cache".into(), home.path().join("cache").into())];
    let offline = Registry::new(std::env::vars_os().chain(empty), None, true, timeout);
    let refused = install(&offline, &Interrupt::never());
    assert_eq!(refused.code(), "payload.npm-offline");
    assert!(refused.message().contains("ENOTCACHED"), "{}", refused.message());
    let scanned = TreeManifest::scan(&path, &Interrupt::never(), &Unwatched).unwrap();
    assert_eq!(payload.tree.deviations(&scanned), []);
}

#[test]
fn a_package_is_fetched_and_proven_by_its_integrity() {
    let open = |name: &str, version: Option<&str>, checks: &Checks, registry: &Registry| {
        let version = version.map(str::to_string);
        let source = Source::Npm(NpmSpec { name: name.to_string(), version });
        Payload::open(&source, checks, registry, &Interrupt::never(), &Unwatched)
            .map_err(|error| error.code())
    };
    let none = Checks::default();
    // it is proven and read, and only then found to be no connector
    let which = open("which", Some("2.0.2"), &none, &registry(false));
    assert_eq!(which.unwrap_err(), "payload.manifest-missing");
    let wrong = Checks { sha256: Some(Sha256::of(b"")), ..Checks::default() };
    let which = open("which", Some("2.0.2"), &wrong, &registry(false));
    assert_eq!(which.unwrap_err(), "payload.wrong-digest");
    let offline = open("which", None, &none, &registry(true));
    assert_eq!(offline.unwrap_err(), "payload.npm-offline");
    let rival = open("@soimy/dingtalk", Some("3.6.7"), &none, &registry(false));
    assert_eq!(rival.unwrap_err(), "payload.wrong-id");
}

#[test]
fn a_download_that_is_not_what_the_registry_published_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let npm = home.path().join("npm");
    // an npm that packs whatever it likes, as a compromised mirror would have it
    let script = r#"#!/bin/sh
case "$1" in
pack) printf hello > x-1.0.0.tgz; echo '[{"name":"x","version":"1.0.0"}]' ;;
view) echo '"sha512-AAAA"' ;;
esac
"#;
    // what we write ourselves is also open in a child that another test is just starting, and cannot be executed for so long
    let text = home.path().join("text");
    fs::write(&text, script).unwrap();
    assert!(Command::new("install").args([&text, &npm]).status().unwrap().success());
    let timeout = Deadline::after(Duration::from_secs(60));
    let environment = [("PATH".into(), "/usr/bin:/bin".into())];
    let node = home.path().join("node");
    let registry = Registry::new(environment, Some(&node), false, timeout);
    let source = Source::Npm(NpmSpec { name: "x".to_string(), version: None });
    openclaw_setup::language::Language::Chinese.choose();
    let opened =
        Payload::open(&source, &Checks::default(), &registry, &Interrupt::never(), &Unwatched);
    let error = opened.unwrap_err();
    assert_eq!(error.code(), "payload.npm-wrong-integrity");
    let problem = error.message();
    assert!(problem.contains("x@1.0.0") && problem.contains("sha512-AAAA"), "{problem}");

    let agreeing = script.replace("sha512-AAAA", SHA512_OF_HELLO);
    fs::write(&npm, agreeing).unwrap();
    let opened =
        Payload::open(&source, &Checks::default(), &registry, &Interrupt::never(), &Unwatched);
    // the five bytes are what was published, but no archive
    assert_eq!(opened.unwrap_err().code(), "payload.truncated");
}

const SHA512_OF_HELLO: &str = "sha512-m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==";
