//! What a connector imports and what an OpenClaw exports, and the change that follows from both.

use super::*;
use crate::connector::catalogue::Catalogue;
use crate::connector::imports::imports;
use crate::connector::manifest::Permissions;
use crate::connector::prediction::Prediction;

const GONE: &str = "openclaw/plugin-sdk/channel-runtime";
const MODULE: &str = r#"import { b } from "./b.mjs";
const { createTypingCallbacks } = await import("openclaw/plugin-sdk/channel-runtime");
"#;
const PACKAGE: &str = "{\n  \"name\": \"x\",\n  \"openclaw\": {\n    \"extensions\": [\"./dist/a.mjs\"],\n    \"install\": {\"npmSpec\": \"x\"}\n  }\n}\n";

fn adaptation() -> Adaptation {
    serde_json::from_str(
        r#"{"id": "x", "connector": "*", "openclaw": "*", "metadata": ["openclaw.install", "openclaw.channel"], "imports": [{
            "from": "openclaw/plugin-sdk/channel-runtime",
            "to": {"openclaw/plugin-sdk/channel-reply-pipeline": ["createTypingCallbacks"]}}]}"#,
    )
    .unwrap()
}

/// A host that exports these subpaths, all with one name.
fn host(subpaths: &[&str], name: &str) -> (tempfile::TempDir, Exports) {
    let place = tempfile::tempdir().unwrap();
    let targets = subpaths.iter().map(|path| format!(r#""./plugin-sdk/{path}": "./m.js""#));
    let package = format!(r#"{{"exports": {{{}}}}}"#, targets.collect::<Vec<_>>().join(","));
    std::fs::write(place.path().join(PACKAGE_JSON), package).unwrap();
    std::fs::write(place.path().join("m.js"), format!("export {{ {name} }};\n")).unwrap();
    let exports = Exports::of(place.path()).unwrap();
    (place, exports)
}

fn adapted(module: &str, exports: Option<&Exports>) -> Result<Vec<Change>, Problem> {
    let host = Host { version: Version::of(2026, 9, 6), exports };
    with(module, |connector| adaptation().changes(connector, host))
}

/// A connector of this one module.
fn with<T>(module: &str, judge: impl FnOnce(&Original<'_>) -> T) -> T {
    let found = BTreeMap::from([("dist/a.mjs".to_owned(), imports(module))]);
    let text = |path: &str| match path {
        "dist/a.mjs" => Some(module.to_owned()),
        PACKAGE_JSON => Some(PACKAGE.to_owned()),
        _ => None,
    };
    let package =
        br#"{"name": "x", "version": "0.8.20", "openclaw": {"extensions": ["./dist/a.mjs"]}}"#;
    let package = Package::parse(Some(package), Path::new("/x")).unwrap();
    judge(&Original { imports: &found, text: &text, package: &package })
}

#[test]
fn an_import_is_led_to_a_file_beside_it_and_metadata_goes() {
    let (_place, exports) = host(&["channel-reply-pipeline"], "createTypingCallbacks");
    let changes = adapted(MODULE, Some(&exports)).unwrap();
    let [module, beside, package] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!((&*module.path, module.old.as_deref()), ("dist/a.mjs", Some(MODULE)));
    let led = MODULE.replace(GONE, "./openclaw-setup-channel-runtime.mjs");
    assert_eq!(module.new.as_deref(), Some(&*led));
    assert_eq!((&*beside.path, &beside.old), ("dist/openclaw-setup-channel-runtime.mjs", &None));
    let export =
        "export { createTypingCallbacks } from \"openclaw/plugin-sdk/channel-reply-pipeline\";\n";
    assert!(beside.new.as_ref().unwrap().ends_with(export), "{beside:?}");
    assert_eq!(&*package.path, PACKAGE_JSON);
    assert_eq!(
        package.new.as_deref(),
        Some(
            "{\n  \"name\": \"x\",\n  \"openclaw\": {\n    \"extensions\": [\"./dist/a.mjs\"]\n  }\n}\n"
        )
    );
    let extent = Adapted::of(&changes, Version::of(2026, 9, 6)).unwrap().extent();
    assert_eq!(extent.text(), "adapted for OpenClaw 2026.9.6: 2 files changed, 1 added");
}

/// 0.8.3 is written in TypeScript and takes everything from the bare SDK, which is gone.
#[test]
fn what_a_connector_takes_from_the_bare_sdk_is_led_to_its_parts() {
    const ENTRY: &str = include_str!("../../../tests/bench/connectors/0.8.3/index.ts");
    let parts = ["channel-feedback", "channel-reply-pipeline", "runtime-store", "setup"];
    let names = "createPluginRuntimeStore, createReplyPrefixOptions, createTypingCallbacks, logTypingFailure, promptSingleChannelSecretInput";
    let (_place, exports) = host(&parts, names);
    let (catalogue, version) = (Catalogue::built_in(), Version::of(2026, 9, 6));
    let found = BTreeMap::from([("index.ts".to_owned(), imports(ENTRY))]);
    let text = |path: &str| (path == "index.ts").then(|| ENTRY.to_owned());
    let package = br#"{"name": "x", "version": "0.8.3"}"#;
    let package = Package::parse(Some(package), Path::new("/x")).unwrap();
    let connector = Original { imports: &found, text: &text, package: &package };
    let known = catalogue.adaptations(&semver::Version::new(0, 8, 3), version);
    let [adaptation] = known[..] else { panic!("{known:?}") };
    let host = Host { version, exports: Some(&exports) };
    let changes = adaptation.changes(&connector, host).unwrap();
    let [entry, beside] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(&*beside.path, "openclaw-setup-plugin-sdk.ts");
    let left = imports(entry.new.as_deref().unwrap());
    assert!(!left.iter().any(Import::asks_the_host), "{left:?}");
}

#[test]
fn a_host_that_exports_the_old_name_needs_no_new_one() {
    let (_place, exports) = host(&["channel-runtime"], "createTypingCallbacks");
    let paths = adapted(MODULE, Some(&exports)).unwrap().into_iter().map(|change| change.path);
    assert_eq!(paths.collect::<Vec<_>>(), [PACKAGE_JSON]);
    let unused = MODULE.replace(GONE, "openclaw/plugin-sdk/core");
    assert_eq!(adapted(&unused, None).unwrap().len(), 1);
    let types = format!("import type {{ T }} from \"{GONE}\";");
    assert_eq!(adapted(&types, None).unwrap().len(), 1);
}

#[test]
fn nothing_is_guessed() {
    let taken = MODULE.replace("{ createTypingCallbacks }", "{ createTypingCallbacks, other }");
    let (_a, nowhere) = host(&["core"], "createTypingCallbacks");
    let (_b, renamed) = host(&["channel-reply-pipeline"], "somethingElse");
    let (_c, present) = host(&["channel-reply-pipeline"], "createTypingCallbacks");
    for (module, exports, why) in [
        (MODULE, Some(&nowhere), "exports neither"),
        (MODULE, Some(&renamed), "does not export createTypingCallbacks"),
        (MODULE, None, "cannot be read"),
        (&taken, Some(&present), "it takes other from"),
    ] {
        let refused = adapted(module, exports).unwrap_err();
        assert_eq!(refused.code, "compat.adaptation");
        assert!(refused.message.contains(why), "{}", refused.message);
    }
}

/// An adaptation proves where it leads to; the rest of an adapted connector is judged as any other.
#[test]
fn what_an_adapted_connector_imports_beside_is_held_against_the_host() {
    let (_place, exports) = host(&["channel-reply-pipeline"], "createTypingCallbacks");
    let host = Host { version: Version::of(2026, 10, 1), exports: Some(&exports) };
    let also_gone = format!("import \"openclaw/plugin-sdk/gone\";\n{MODULE}");
    for (module, is_certain) in [(MODULE, false), (&also_gone, true)] {
        let changes = adapted(module, Some(&exports)).unwrap();
        let catalogue = Catalogue::built_in();
        let found =
            with(module, |connector| Prediction::of_changed(connector, &changes, host, &catalogue));
        assert_eq!(found.unwrap().is_certain, is_certain, "{module}");
    }
}

#[test]
fn what_was_adapted_is_told_from_what_came_and_goes_back_to_it() {
    let (_place, exports) = host(&["channel-reply-pipeline"], "createTypingCallbacks");
    let wanted = adapted(MODULE, Some(&exports)).unwrap();
    let was = Adapted::of(&wanted, Version::of(2026, 9, 6)).unwrap();
    let stands = |path: &str| wanted.iter().find(|change| change.path == path)?.new.clone();
    assert_eq!(due(Some(&was), &wanted, &stands), []);
    let back = due(Some(&was), &[], &stands);
    let news: Vec<_> = back.iter().map(|change| change.new.as_deref()).collect();
    assert_eq!(news, [Some(MODULE), None, Some(PACKAGE)]);
    assert_eq!(was.original("dist/a.mjs", stands).as_deref(), Some(MODULE));
    assert_eq!(was.original("dist/openclaw-setup-channel-runtime.mjs", stands), None);
    let node = |text: &str| Node::File {
        size: text.len() as u64,
        sha256: Sha256::of(text.as_bytes()),
        mode: Permissions::PLAIN,
    };
    let came = [("dist/a.mjs", MODULE), (PACKAGE_JSON, PACKAGE), ("other", "x")];
    let came: TreeManifest =
        came.into_iter().map(|(path, text)| (path.to_owned(), node(text))).collect();
    let mut live = came.clone();
    for change in &wanted {
        live.insert(change.path.clone(), node(change.new.as_deref().unwrap()));
    }
    assert_eq!(was.undone_in(&live), came);
}

#[test]
fn the_changes_are_made_in_the_stage() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::create(&folder.path().join("stage")).unwrap();
    for name in ["a/x.js", "b.js"] {
        let mut file = stage.file(Path::new(name), true).unwrap();
        file.write(b"old").unwrap();
        file.finish();
    }
    let change = |path: &str, old: Option<&str>, new: Option<&str>| Change {
        path: path.to_owned(),
        old: old.map(str::to_owned),
        new: new.map(str::to_owned),
    };
    let changes = [
        change("a/x.js", Some("old"), Some("new")),
        change("b.js", Some("old"), None),
        change("a/c.js", None, Some("c")),
    ];
    make(&changes, &mut stage).unwrap();
    let read = |name: &str| std::fs::read_to_string(stage.path().join(name)).ok();
    assert_eq!(read("a/x.js").as_deref(), Some("new"));
    assert_eq!((read("b.js"), read("a/c.js").as_deref()), (None, Some("c")));
    let mode =
        |name: &str| stage.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("a/x.js"), mode("a/c.js")), (0o755, 0o644));
}
