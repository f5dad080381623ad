//! A connector's life on whichever OpenClaw `OPENCLAW_SETUP_TEST_OPENCLAW` is, with sample connectors that import what the
//! real ones of their version import (tests/bench/connectors).

use std::path::Path;

use serde_json::Value;

use crate::bench::program::{CONFIG, CONNECTOR, DROP_IN, assert_exit, assert_says, json};
use crate::bench::{Machine, furnished_with_openclaw, openclaw_version, real_openclaw, said};

/// What is known of the sample connectors on one OpenClaw, as of the real ones of the same version.
struct Known {
    openclaw: &'static str,
    /// Answers as it comes.
    answers: &'static str,
    /// So does this one, to which it is upgraded.
    newer: &'static str,
    /// Is refused.
    fails: &'static str,
    /// Answers when it is adapted.
    adapted: Option<&'static str>,
}

const KNOWN: [Known; 4] = [
    Known {
        openclaw: "2026.3.13",
        answers: "0.6.0",
        newer: "0.8.3",
        fails: "0.8.13",
        adapted: None,
    },
    Known {
        openclaw: "2026.4.9",
        answers: "0.8.13",
        newer: "0.8.20",
        fails: "0.8.3",
        adapted: None,
    },
    Known {
        openclaw: "2026.7.35",
        answers: "0.8.3",
        newer: "0.8.13",
        fails: "0.6.0",
        adapted: Some("0.8.20"),
    },
    Known {
        openclaw: "2026.9.6",
        answers: "0.9.0",
        newer: "0.9.1",
        fails: "0.8.13",
        adapted: Some("0.8.20"),
    },
];

/// On a busy machine a gateway needs more than a minute.
pub(super) const PATIENCE: &str = "--timeout=280";

#[test]
fn install_upgrade_rollback_uninstall() {
    let known = here();
    let machine = machine_with_a_secret();
    let before = meaning(&machine);

    install(&machine, &payload(&machine, known.answers));
    the_bot_answers(&machine, known.answers);
    assert!(machine.setup(&["verify"]).run().status.success());
    let secret = meaning(&machine)["channels"]["dingtalk-connector"]["clientSecret"].clone();
    assert_eq!(secret, "sandbox-client-secret");

    patiently(&machine, &["upgrade", &payload(&machine, known.newer)]);
    the_bot_answers(&machine, known.newer);
    patiently(&machine, &["rollback"]);
    the_bot_answers(&machine, known.answers);
    patiently(&machine, &["uninstall"]);
    expect_valid(&machine);
    assert_eq!(meaning(&machine), before);
    assert!(!machine.has(DROP_IN) && !machine.has(CONNECTOR));
}

#[test]
fn a_question_leaves_nothing_though_the_model_is_silent() {
    let machine = machine_with_a_secret();
    install(&machine, &payload(&machine, here().answers));
    machine.let_the_provider(r#"{"seconds": 600}"#);
    let cause = || {
        let status = machine.setup(&["status", "--live", "--json", "--timeout=25"]).run();
        json(&status)["proof"]["cause"].clone()
    };
    // on a busy machine the gateway may not be reached in time
    let is_told = |cause: &Value| {
        !["gateway.not-told", "answer.no-road"].contains(&cause["code"].as_str().unwrap_or(""))
    };
    let told = std::iter::repeat_with(cause).take(4).find(is_told);
    let told = told.unwrap_or_default();
    assert_eq!(told["code"], "answer.silent", "{told}");
    let openclaw = ".local/bin/openclaw gateway call sessions.list --json";
    let listed = machine.shell(&format!("{openclaw} || {openclaw}"));
    assert!(listed.contains("sessions") && !listed.contains("openclaw-setup-"), "{listed}");
    let left = "cd .openclaw/agents/main/sessions && { grep -l openclaw-setup- *; ls | grep deleted; } || true";
    assert_eq!(machine.shell(left), "");
}

#[test]
fn a_connector_that_fails_here_is_refused_before_anything_changes() {
    let known = here();
    let machine = machine_with_a_secret();
    let config = machine.read(CONFIG);
    let payload = payload(&machine, known.fails);
    for more in [&[][..], &["--dry-run"]] {
        let refused = machine.run(&[&command(&payload)[..], more].concat());
        assert_exit(&refused, 1);
        assert_says(&refused, &[known.fails, known.openclaw]);
    }
    assert_eq!(machine.read(CONFIG), config);
    assert!(!machine.has(".openclaw/extensions") && !machine.has(DROP_IN));
}

#[test]
fn a_connector_that_fails_as_it_comes_answers_adapted() {
    let Known { adapted: Some(version), newer, .. } = *here() else { return };
    let machine = machine_with_a_secret();
    let adapted = payload(&machine, version);
    let refused = machine.run(&[&command(&adapted)[..], &["--no-adapt"]].concat());
    assert_exit(&refused, 1);
    assert_says(&refused, &["omit --no-adapt"]);
    let answers_adapted = || {
        the_bot_answers(&machine, version);
        let verified = json(&machine.setup(&["verify", "--json"]).run());
        assert_eq!(verified["connector"]["adapted"]["payloadProved"], true, "{verified}");
    };
    install(&machine, &adapted);
    answers_adapted();
    patiently(&machine, &["upgrade", "--allow-downgrade", &payload(&machine, newer)]);
    the_bot_answers(&machine, newer);
    patiently(&machine, &["rollback"]);
    answers_adapted();
    patiently(&machine, &["uninstall"]);
    expect_valid(&machine);
    assert!(!machine.has(CONNECTOR));
}

/// A real one, where there is one: its DingTalk is a stand-in behind TLS, from which nobody writes.
#[test]
fn a_real_connector_is_installed_proved_and_taken_away() {
    let Ok(payload) = std::env::var("OPENCLAW_SETUP_TEST_CONNECTOR") else { return };
    let (openclaw, folder) = (real_openclaw(), Path::new(&payload).parent().unwrap());
    let shown = ["--show", &openclaw, "--show", folder.to_str().unwrap()];
    let machine = Machine::start_with(&shown);
    machine.furnish(&["--openclaw", &openclaw]);
    machine.let_dingtalk(r#"{"listens": true}"#);
    machine.surround_with_dingtalk();
    machine.shell("umask 077; echo a-secret-of-dingtalk >client-secret");
    // the provider's name leads to this machine; earlier versions know no such key, and ask whom they are told to
    let allow = "models.providers.openai.request.allowPrivateNetwork true";
    machine.shell(&format!(".local/bin/openclaw config set {allow} || true"));
    let before = meaning(&machine);

    let mut line = command(&payload);
    line[3] = "--client-id=ding-id-of-a-real-one";
    let done = machine.run(&[&line[..], &["--allow-unverified"]].concat());
    assert_exit(&done, 0);
    assert_says(&done, &["DingTalk works here: the bot is connected, and the model answers."]);
    expect_valid(&machine);
    doctor_finds_nothing(&machine, &payload);
    let status = json(&machine.setup(&["status", "--live", "--json", PATIENCE]).run());
    assert_eq!(status["proof"]["reached"], "answers", "{status}");
    assert_exit(&machine.setup(&["uninstall", "--yes", PATIENCE]).run(), 0);
    expect_valid(&machine);
    assert_eq!(meaning(&machine), before);
    assert!(!machine.has(CONNECTOR));
}

/// 2026.9.6 takes care itself whom the gateway may ask.
#[test]
fn a_provider_that_openclaw_blocks_is_named_with_what_allows_it() {
    if openclaw_version() != "2026.9.6" {
        return;
    }
    let machine = machine_with_a_secret();
    install(&machine, &payload(&machine, here().answers));
    let set = |key: &str, value: &str| {
        let key = format!("models.providers.openai.{key}");
        machine.ask(&[".local/bin/openclaw", "config", "set", &key, value]);
    };
    set("baseUrl", "http://127.0.0.1:8080");
    set("request.allowPrivateNetwork", "false");
    // the gateway tries again and again before it gives up: nobody waits for an answer
    machine.write(".openclaw/dingtalk/inbox/one", "one");
    machine.wait_until("journalctl --user -u openclaw-gateway | grep -q SsrFBlockedError");
    let doctor = machine.setup(&["doctor", "llm.reach", "--json"]).run();
    let setting = "openclaw config set models.providers.openai.request.allowPrivateNetwork true";
    assert_says(&doctor, &["does not let the gateway ask provider openai", setting]);
    machine.shell(&format!(".local/bin/{setting}; systemctl --user restart openclaw-gateway"));
    machine.wait_ready();
    assert_eq!(machine.message("two")["reply"], "Hello from the model.");
    let doctor = json(&machine.setup(&["doctor", "llm.reach", "--json"]).run());
    assert_eq!(doctor["findings"], serde_json::json!([]), "{doctor:#}");
}

/// OpenClaw's own answers, the bot's, and doctor's.
pub(super) fn the_bot_answers(machine: &Machine, version: &str) {
    expect_valid(machine);
    for text in ["one", "two"] {
        assert_eq!(machine.message(text)["reply"], "Hello from the model.", "{version}: {text}");
    }
    doctor_finds_nothing(machine, version);
}

fn doctor_finds_nothing(machine: &Machine, connector: &str) {
    let doctor = machine.setup(&["doctor", "--json"]).run();
    let findings = json(&doctor)["findings"].as_array().cloned().unwrap_or_default();
    let bad = findings.iter().filter(|finding| finding["severity"] != "info");
    let bad: Vec<_> = bad.filter_map(|finding| finding["checkId"].as_str()).collect();
    // the sandbox has no logind, and a group's replies are the owner's choice
    let true_here = ["service.linger", "group.visible-replies"];
    assert!(bad.iter().all(|id| true_here.contains(id)), "{connector}: {}", said(&doctor));
}

fn here() -> &'static Known {
    let version = openclaw_version();
    let known = KNOWN.iter().find(|known| known.openclaw == version);
    known.unwrap_or_else(|| panic!("nothing is known here of OpenClaw {version}"))
}

/// A sample connector of that version.
pub(super) fn payload(machine: &Machine, version: &str) -> String {
    if version == "0.6.0" { "payload/dingtalk-connector".into() } else { machine.sample(version) }
}

/// The timeout of a conversation is the channel's or the gateway's own key, by version.
fn command(payload: &str) -> [&str; 9] {
    let (id, secret) = ("--client-id=ding-id-1", "--client-secret-file=client-secret");
    let timeout = "--session-timeout=600000";
    ["openclaw-setup", "install", payload, id, secret, timeout, "--yes", "--lang=en", PATIENCE]
}

fn patiently(machine: &Machine, words: &[&str]) {
    assert_exit(&machine.setup(&[words, &["--yes", PATIENCE]].concat()).run(), 0);
}

pub(super) fn install(machine: &Machine, payload: &str) {
    let done = machine.run(&command(payload));
    assert_exit(&done, 0);
    assert_says(&done, &["DingTalk works here: the bot is connected, and the model answers."]);
}

fn machine_with_a_secret() -> Machine {
    let machine = furnished_with_openclaw();
    machine.shell("umask 077; echo sandbox-client-secret >client-secret");
    machine
}

pub(super) fn expect_valid(machine: &Machine) {
    let validation = machine.run(&[".local/bin/openclaw", "config", "validate", "--json"]);
    assert_eq!(json(&validation)["valid"], true, "{}", said(&validation));
}

/// The config without OpenClaw's own stamp, which it renews whenever it writes.
fn meaning(machine: &Machine) -> Value {
    let mut config = machine.config();
    if let Some(members) = config.as_object_mut() {
        members.remove("meta");
    }
    config
}
