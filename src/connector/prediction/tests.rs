//! The prediction against every cell that was measured, and by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;
use crate::connector::Package;
use crate::connector::catalogue::Basis;
use crate::connector::imports::imports;

const RUNTIME: &str =
    r#"const channelRuntimeModule = await import("openclaw/plugin-sdk/channel-runtime") as any;"#;
const LATER: &str =
    r#"    const { loadConfig } = await import("openclaw/plugin-sdk/config-runtime");"#;
const METADATA: &str = r#""install": {"npmSpec": "x"}"#;

/// Version, entry, metadata, and the text of each module by its path.
type Connector<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)]);

/// The measured connectors: their entry, what else stands below `openclaw` in their package.json, and
/// what their modules import of the host, as read in their repository.
const CONNECTORS: [Connector<'static>; 6] = [
    ("0.6.0", "plugin.ts", "", &[]),
    ("0.7.10", "plugin.ts", "", &[]),
    (
        "0.8.3",
        "index.ts",
        "",
        &[(
            "src/reply-dispatcher.ts",
            "import {\n  createReplyPrefixOptions,\n} from \"openclaw/plugin-sdk\";\ncreateReplyPrefixOptions({})",
        )],
    ),
    (
        "0.8.13",
        "index.ts",
        "",
        &[
            (
                "src/channel.ts",
                "import {\n  buildChannelConfigSchema,\n} from \"openclaw/plugin-sdk/core\";\nbuildChannelConfigSchema()",
            ),
            (
                "src/onboarding.ts",
                "import { promptSingleChannelSecretInput } from \"openclaw/plugin-sdk/setup\";\npromptSingleChannelSecretInput()",
            ),
            ("src/reply-dispatcher.ts", RUNTIME),
            ("src/gateway-methods.ts", LATER),
        ],
    ),
    ("0.8.20", "dist/index.mjs", METADATA, &BUNDLED),
    ("0.8.21-beta.0", "dist/index.mjs", METADATA, &BUNDLED),
];

const BUNDLED: [(&str, &str); 3] = [
    (
        "dist/message-handler.mjs",
        r#"const { createReplyPrefixOptions, logTypingFailure } = await import("openclaw/plugin-sdk/channel-runtime");"#,
    ),
    ("dist/gateway-methods.mjs", LATER),
    (
        "dist/runtime.mjs",
        r#"				const { promptSingleChannelSecretInput: promptSecret } = await import("openclaw/plugin-sdk/setup");"#,
    ),
];

/// Which of the modules that these connectors ask for an OpenClaw exports, as read in the package.json
/// of each that was measured.
fn exported(openclaw: Version) -> &'static [&'static str] {
    const ALL: [&str; 5] = ["", "/core", "/setup", "/config-runtime", "/channel-runtime"];
    match openclaw {
        early if early < Version::of(2026, 3, 22) => &ALL[..2],
        late if late >= Version::of(2026, 8, 1) => &ALL[1..4],
        _ => &ALL,
    }
}

fn predict(
    (version, entry, metadata, files): Connector<'_>,
    (openclaw, subpaths): (Version, &[&str]),
) -> Prediction {
    let place = tempfile::tempdir().unwrap();
    let targets = subpaths.iter().map(|path| format!(r#""./plugin-sdk{path}": "./m.js""#));
    let host = format!(r#"{{"exports": {{{}}}}}"#, targets.collect::<Vec<_>>().join(","));
    std::fs::write(place.path().join("package.json"), host).unwrap();
    std::fs::write(place.path().join("m.js"), "export { createReplyPrefixOptions };\n").unwrap();
    let metadata = if metadata.is_empty() { "" } else { &format!(", {metadata}") };
    let package = format!(
        r#"{{"name": "x", "version": "{version}", "openclaw": {{"extensions": ["./{entry}"]{metadata}}},
        "peerDependencies": {{"openclaw": ">=2026.3.1"}}}}"#
    );
    let package = Package::parse(Some(package.as_bytes()), Path::new("/x")).unwrap();
    let found: BTreeMap<_, _> =
        files.iter().map(|(path, text)| ((*path).to_owned(), imports(text))).collect();
    let text = |path: &str| {
        files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned())
    };
    let connector = Original { imports: &found, package: &package, text: &text };
    let exports = Exports::of(place.path()).unwrap();
    let host = Host { version: openclaw, exports: Some(&exports) };
    Prediction::of(&connector, host, &Catalogue::built_in()).unwrap()
}

/// What is called certain is so in every cell. Not foretold are the 400 and 403 that the gateway
/// answers to connectors before 0.8 (14 cells), and names of the bare module, which a proxy serves
/// (0.8.3 from 2026.3.24 on: 4 cells).
#[test]
fn held_against_every_measured_cell() {
    let catalogue = Catalogue::built_in();
    let (mut right, mut all) = (0, 0);
    let openclaws: BTreeSet<_> = catalogue.openclaws().collect();
    for connector in CONNECTORS {
        let version = Semver::parse(connector.0).unwrap();
        for openclaw in openclaws.iter().copied() {
            let known = catalogue.known(&version, openclaw);
            let Some(known) = known.filter(|known| known.basis == Basis::Measured) else {
                continue;
            };
            let found = predict(connector, (openclaw, exported(openclaw)));
            let pair = (connector.0, openclaw);
            assert!(!found.is_certain || known.answer == Answer::Fails, "{pair:?}: {found:?}");
            let is_right = found.answer == known.answer;
            assert!(is_right || found.answer == Answer::Answers, "{pair:?}: {found:?}");
            all += 1;
            right += usize::from(is_right);
        }
    }
    assert_eq!((right, all), (53, 71), "right of all");
}

#[test]
fn only_what_cannot_be_loaded_is_certain() {
    let now = Version::of(2026, 12, 1);
    let judged = |path: &str, text: &str| {
        let found = predict(("0.9.0", "index.mjs", "", &[(path, text)]), (now, &["/core"]));
        (found.is_certain, found.has_doubts())
    };
    for (path, text, expected) in [
        ("a.mjs", r#"import * as gone from "openclaw/plugin-sdk/gone""#, (true, true)),
        ("a.mjs", r#"import "openclaw/plugin-sdk/gone""#, (true, true)),
        ("a.mjs", r#"const a = require("openclaw/plugin-sdk/gone")"#, (true, true)),
        ("a.mjs", r#"const a = () => import("openclaw/plugin-sdk/gone")"#, (false, true)),
        ("a.mjs", "  const a = await import(\"openclaw/plugin-sdk/gone\")", (false, true)),
        ("a.ts", r#"import { Type } from "openclaw/plugin-sdk/gone""#, (false, true)),
        ("a.ts", r#"import type { Type } from "openclaw/plugin-sdk/gone""#, (false, false)),
        ("a.mjs", r#"import { a as b } from "openclaw/plugin-sdk/gone"; b()"#, (true, true)),
        ("a.mjs", r#"import { unused } from "openclaw/plugin-sdk/gone""#, (true, true)),
        ("a.mjs", r#"createRequire(import.meta.url)("openclaw/plugin-sdk/gone")"#, (true, true)),
        ("a.mjs", r#"  createRequire(import.meta.url)("openclaw/plugin-sdk/gone")"#, (false, true)),
        ("a.mjs", r#"var a = __require("openclaw/plugin-sdk/gone")"#, (true, true)),
        ("a.mjs", r#"import { gone } from "openclaw/plugin-sdk/core""#, (true, true)),
        ("a.ts", r#"import { gone } from "openclaw/plugin-sdk/core"; gone()"#, (false, false)),
        ("a.mjs", r#"const { gone } = await import("openclaw/plugin-sdk/core")"#, (false, false)),
    ] {
        assert_eq!(judged(path, text), expected, "{path}: {text}");
    }
    let old = predict(("0.9.0", "index.mjs", "", &[]), (Version::of(2026, 2, 1), &["/core"]));
    let text = old.text(&Semver::new(0, 9, 0), Version::of(2026, 2, 1));
    assert!(
        text.contains("it asks for OpenClaw >=2026.3.1") && text.contains("import.meta"),
        "{text}"
    );
    assert_eq!((old.answer, old.is_certain), (Answer::Fails, false));
}
