//! What messages must say, and must not: a table of what was once wrong.

use serde_json::json;

use super::cases::needs_network;
use super::machine::{Machine, adapted};
use crate::connector::Sha256;
use crate::doctor::CHECKS;
use crate::language::Language;
use crate::openclaw::Version;
use crate::outside::provider::{ProviderAnswers, Unasked};
use crate::outside::{Answer, Route, Stage};
use crate::systemd::environment::UnitFile;

/// A fault, the check that tells it, and words that stand in what it tells, and words that do not.
type Row = (fn(&mut Machine), &'static str, &'static [&'static str], &'static [&'static str]);

const TABLE: &[Row] = &[
    (
        |m| {
            m.managed().unit.name = "openclaw-gateway-work.service".to_owned();
            let path = m.snapshot.installation.paths.drop_in.with_file_name("a.conf");
            m.managed().unit_files.push(UnitFile { path, text: "[Service]\n".to_owned() });
        },
        "proxy.dropin",
        &["restart openclaw-gateway-work.service"],
        &[],
    ),
    (|m| dead(m, Stage::Tcp), "llm.reach", &["the proxy", "cannot be reached"], &["baseUrl"]),
    (|m| dead(m, Stage::Dns), "llm.reach", &["the proxy", "cannot be reached"], &["baseUrl"]),
    (|m| dead(m, Stage::Proxy), "llm.reach", &["ask whoever runs it to allow"], &["baseUrl"]),
    (
        |m| {
            m.snapshot.repair_source.movable = false;
            m.deviate("plugin.ts");
        },
        "plugin.checksum",
        &["sudo chown"],
        &["--fix"],
    ),
    (
        |m| m.set("models.providers", json!({"a\u{200b}": {"api": "openai"}})),
        "llm.api-mode",
        &["models.providers[\"a"],
        &["\\u{"],
    ),
    (
        |m| m.adapted_before(Version::of(2026, 4, 9), None),
        "compat.matrix",
        &["adapted for OpenClaw 2026.9.6", "for OpenClaw 2026.4.9 no adaptation", "doctor --fix"],
        &[],
    ),
    (
        |m| m.adapted_before(Version::of(2026, 8, 2), adapted().adapted),
        "compat.matrix",
        &["OpenClaw 2026.8.2 needs another adaptation", "doctor --fix compat.matrix"],
        &[],
    ),
    (
        |m| {
            m.adapted_before(Version::of(2026, 3, 13), None);
            m.snapshot.refit = Ok(None);
        },
        "compat.matrix",
        &["0.8.20 does not answer on OpenClaw 2026.3.13 (measured)", "dingtalk-connector@0.8.3"],
        &["--fix", "no adaptation"],
    ),
    (
        needs_network,
        "compat.matrix",
        &["does not start without a network", "an adaptation is known", "doctor --fix"],
        &["not to answer"],
    ),
    (
        |m| {
            m.connector("0.7.6");
            m.set("channels.dingtalk-connector.dmPolicy", json!("allowlist"));
            m.set("channels.dingtalk-connector.allowFrom", json!(["me"]));
            m.set("channels.dingtalk-connector.accounts.a.groupPolicy", json!("open"));
        },
        "channel.access-open",
        &["0.7.6 heeds dmPolicy only where allowFrom names somebody"],
        &["groupPolicy"],
    ),
    (
        |m| {
            m.snapshot.installation.program.package = Some("/a".into());
            m.set("meta.lastTouchedVersion", json!("2026.9.6"));
        },
        "host.openclaw",
        &["runs OpenClaw 2026.3.13 (/a)", "the later 2026.9.6"],
        &[],
    ),
];

fn dead(machine: &mut Machine, stage: Stage) {
    let answer = |route, stage| Answer {
        subject: "https://llm.example".to_owned(),
        route,
        stages: Vec::new(),
        status: None,
        failed_stage: Some(stage),
        failed_code: Some("ECONNREFUSED".to_owned()),
        body: String::new(),
        is_completion: false,
    };
    let reach = vec![answer(Route::Direct, Stage::Dns), answer(Route::Proxied, stage)];
    let completion = Err(Unasked::Unreachable);
    let answers = ProviderAnswers { reach, route: Route::Proxied, completion };
    machine.snapshot.outside.provider = Some(Ok(answers));
}

#[test]
fn a_message_names_what_it_is_about_and_nothing_else() {
    Language::English.choose();
    for (number, (fault, id, says, never)) in TABLE.iter().enumerate() {
        let mut machine = Machine::healthy();
        fault(&mut machine);
        let check = CHECKS.iter().find(|check| check.id == *id).unwrap();
        let findings = check.verdict(&machine.snapshot).unwrap();
        let told = findings.iter().flat_map(|found| [&*found.message, &*found.hint]);
        let told = told.collect::<Vec<_>>().join("\n");
        assert!(says.iter().all(|text| told.contains(text)), "{number} {id}: {told}");
        assert!(!never.iter().any(|text| told.contains(text)), "{number} {id}: {told}");
    }
}

/// An included file that ends with the same keys is not where the key stands.
#[test]
fn evidence_cites_the_file_that_has_the_effect() {
    let mut machine = Machine::healthy();
    let folder = machine.snapshot.installation.paths.config.parent().unwrap().to_owned();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("other.json5", "{\n gateway: {auth: {mode: 'token'}}}");
    write("first.json5", "{\n\n auth: {mode: 'token'}}");
    write("second.json5", "{\n\n\n auth: {mode: 'none'}}");
    machine.write(
        r#"{"x": {"$include": "./other.json5"}, "gateway": {"$include": ["./first.json5", "./second.json5"]}}"#,
    );
    let (file, place) = machine.snapshot.place(&["gateway", "auth", "mode"]);
    assert!(file.ends_with("second.json5"), "{file:?}");
    assert!(place.unwrap().to_string().starts_with('4'));
    let (file, _) = machine.snapshot.place(&["gateway", "bind"]);
    assert!(file.ends_with("openclaw.json"), "{file:?}");
}

#[test]
fn a_namesake_of_what_was_measured_is_not_said_to_be_it() {
    let mut machine = Machine::healthy();
    machine.connector("0.6.0");
    machine.openclaw(Some(Version::of(2026, 4, 9)));
    let catalogue = machine.snapshot.installation.catalogue.clone();
    machine.tree().release = catalogue.release("0.6.0", |_| Some(Sha256::of(b"patched")));
    let check = CHECKS.iter().find(|check| check.id == "compat.matrix").unwrap();
    let [finding] = &check.verdict(&machine.snapshot).unwrap()[..] else { panic!() };
    let namesake = "measured with another program of this version";
    assert!(finding.message.contains(namesake), "{}", finding.message);
}

/// A tree that is another release by its code is judged by that, and what its files say is shown.
#[test]
fn evidence_shows_what_a_file_says_and_not_what_was_concluded() {
    let mut machine = Machine::healthy();
    machine.connector("0.8.13");
    machine.openclaw(Some(Version::of(2026, 4, 9)));
    let code = "43e21c5806fa835df0ca7aa47aeb64faed4eb79808c3240c5ec1c48098b4e213";
    let digest = |path: &str| (path == "plugin.ts").then(|| code.parse().unwrap());
    let catalogue = machine.snapshot.installation.catalogue.clone();
    machine.tree().release = catalogue.release("0.8.13", digest);
    let check = CHECKS.iter().find(|check| check.id == "compat.matrix").unwrap();
    let [finding] = &check.verdict(&machine.snapshot).unwrap()[..] else { panic!() };
    assert!(finding.message.contains("connector 0.6.0"), "{}", finding.message);
    let package = finding.evidence.iter().find(|found| found.place.ends_with("package.json"));
    assert_eq!(package.unwrap().fact, "version 0.8.13");
}
