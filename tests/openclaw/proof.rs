//! The ladder of proof on the real OpenClaw: every rung reached, and what is said where one is not.

use std::process::Output;

use serde_json::Value;

use crate::bench::{Machine, furnished_with_openclaw, said};

const PAYLOAD: &str = "payload/dingtalk-connector";
const CONFIG: &str = ".openclaw/openclaw.json";
const SESSIONS: &str = ".openclaw/agents/main/sessions";
const WORKS: &str = "DingTalk works here: the bot is connected, and the model answers.";

/// The gateway that OpenClaw's own onboarding made keeps its token.
const TOKEN: &[&str] = &[];
const NONE: &[&str] = &["--gateway-auth", "none"];

#[test]
fn connectors_before_0_8_are_asked_over_the_chat_endpoint_without_a_token() {
    connectors_before_0_8_are_asked_over_the_chat_endpoint(NONE);
}

#[test]
fn connectors_before_0_8_are_asked_over_the_chat_endpoint_with_its_token() {
    connectors_before_0_8_are_asked_over_the_chat_endpoint(TOKEN);
}

fn connectors_before_0_8_are_asked_over_the_chat_endpoint(auth: &[&str]) {
    let machine = machine_with_a_secret();
    install(&machine, auth, 0, &[WORKS]);
    assert_eq!(machine.chat_status(), if auth == TOKEN { 401 } else { 400 });
    the_question_left_nothing(&machine);
    assert_eq!(machine.message("one")["reply"], "Hello from the model.");
    let theirs = machine.shell(&format!("cat {SESSIONS}/*.jsonl"));

    for (faults, code, cause) in [
        (r#"{"status": 401, "complaint": "no such key"}"#, "answer.refused-key", "401 no such key"),
        (
            r#"{"status": 404, "complaint": "no such model"}"#,
            "answer.not-found",
            "404 no such model",
        ),
        (r#"{"status": 503, "complaint": "out of order"}"#, "answer.provider", "503 out of order"),
    ] {
        machine.let_the_provider(faults);
        assert_eq!(asked(&machine), ("connected".to_owned(), code.to_owned()), "{cause}");
    }
    machine.let_the_provider("{}");
    assert_eq!(asked(&machine).0, "answers");
    the_question_left_nothing(&machine);
    assert_eq!(machine.shell(&format!("cat {SESSIONS}/*.jsonl")), theirs, "the user's session");

    machine.let_the_provider(r#"{"seconds": 600}"#);
    let silent = asked_within(&machine, "10");
    assert_eq!(silent, ("connected".to_owned(), "answer.silent".to_owned()));
    an_upgrade_after_which_only_the_bot_is_silent_is_taken_back(&machine);
}

/// The provider answers whoever asks it directly, and refuses what the agent asks.
fn an_upgrade_after_which_only_the_bot_is_silent_is_taken_back(machine: &Machine) {
    machine
        .let_the_provider(r#"{"status": 400, "complaint": "no tools here", "only_tools": true}"#);
    machine.shell(&format!(
        "cp -R {PAYLOAD} newer; rm newer/SHA256SUMS; sed -i 's/0\\.6\\.0/0.6.1/' newer/*.json"
    ));
    let line = ["openclaw-setup", "upgrade", "newer", "--allow-unverified", "--yes", "--lang=en"];
    let upgraded = machine.run(&line);
    assert_eq!(upgraded.status.code(), Some(1), "{}", said(&upgraded));
    let said = said(&upgraded);
    assert!(said.contains("no tools here") && said.contains("was undone"), "{said}");
    let tree = ".openclaw/extensions/dingtalk-connector/package.json";
    assert!(machine.read_text(tree).contains("0.6.0"));
}

#[test]
fn a_change_is_kept_or_taken_back_by_what_was_proved_without_a_token() {
    a_change_is_kept_or_taken_back_by_what_was_proved(NONE);
}

#[test]
fn a_change_is_kept_or_taken_back_by_what_was_proved_with_the_token() {
    a_change_is_kept_or_taken_back_by_what_was_proved(TOKEN);
}

fn a_change_is_kept_or_taken_back_by_what_was_proved(auth: &[&str]) {
    let machine = machine_with_a_secret();
    machine.let_the_provider(r#"{"status": 401, "complaint": "no such key"}"#);
    let change = [&["--session-timeout", "900000"], auth].concat();
    install(&machine, &change, 3, &["is installed", "not proved: the model answers", "401"]);
    let kept = machine.read_text(CONFIG);
    assert!(kept.contains("900000"), "{kept}");
    let change = ["--session-timeout", "600000", "--require-answer"];
    install(&machine, &change, 1, &["401", "was undone"]);
    assert_eq!(machine.read_text(CONFIG), kept);

    machine.write(".openclaw/dingtalk/refusal", "Request failed with status code 400");
    let refused = ["not proved: the bot is connected to DingTalk", "status code 400"];
    install(&machine, &["--session-timeout", "600000"], 3, &refused);
    a_connector_that_does_not_compile_is_taken_back(&machine);
    machine.shell("systemctl --user stop openclaw-gateway");
    let status = machine.run(&["openclaw-setup", "status", "--json"]);
    assert_eq!(document(&status)["proof"]["reached"], Value::Null, "{}", said(&status));
}

fn a_connector_that_does_not_compile_is_taken_back(machine: &Machine) {
    let (kept, running) = (machine.read_text(CONFIG), machine.chat_status());
    machine.shell(&format!(
        "cp -R {PAYLOAD} broken; rm broken/SHA256SUMS; sed -i 's/0\\.6\\.0/0.6.1/' broken/*.json
         echo 'const = ;' >>broken/plugin.ts"
    ));
    let line = ["openclaw-setup", "upgrade", "broken", "--allow-unverified", "--yes", "--lang=en"];
    let upgraded = machine.run(&line);
    assert_eq!(upgraded.status.code(), Some(1), "{}", said(&upgraded));
    let said = said(&upgraded);
    assert!(said.contains("ParseError") && said.contains("was undone"), "{said}");
    assert_eq!(machine.read_text(CONFIG), kept);
    machine.wait_ready();
    assert_eq!(machine.chat_status(), running);
}

#[test]
fn later_connectors_are_asked_through_the_agent_in_the_gateway() {
    let machine = machine_with_a_secret();
    allow_few_plugins(&machine);
    machine.shell(&format!(
        "cd {PAYLOAD}; rm SHA256SUMS; sed -i 's/0\\.6\\.0/0.8.3/' package.json openclaw.plugin.json"
    ));
    install(&machine, &["--allow-unverified"], 0, &[WORKS]);
    the_question_left_nothing(&machine);
    for (faults, seconds, code) in [
        (r#"{"status": 401, "complaint": "no such key"}"#, "60", "answer.refused-key"),
        (r#"{"status": 404, "complaint": "no such model"}"#, "60", "answer.not-found"),
        (r#"{"status": 503, "complaint": "out of order"}"#, "60", "answer.provider"),
        (r#"{"seconds": 600}"#, "30", "answer.silent"),
    ] {
        machine.let_the_provider(faults);
        let asked = asked_within(&machine, seconds);
        assert_eq!(asked, ("connected".to_owned(), code.to_owned()), "{faults}");
        the_question_left_nothing(&machine);
    }
}

/// The gateway waits 3 s for the command line's first word, which comes once it has loaded them.
#[test]
fn a_question_gets_through_though_plugins_load_for_longer_than_the_gateway_waits() {
    let machine = machine_with_a_secret();
    machine.shell(&format!(
        "cd {PAYLOAD}; rm SHA256SUMS; sed -i 's/0\\.6\\.0/0.8.3/' package.json openclaw.plugin.json
         echo 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5000);' >>plugin.ts"
    ));
    install(&machine, &["--allow-unverified"], 0, &[WORKS]);
    the_question_left_nothing(&machine);
    // on a busy machine the first word may come before this plugin's turn
    for _ in 0..6 {
        if machine.shell("journalctl --user").contains("handshake timeout") {
            return;
        }
        assert_eq!(asked(&machine), ("answers".to_owned(), String::new()));
        the_question_left_nothing(&machine);
    }
    panic!("the gateway never ceased to wait: {}", machine.shell("journalctl --user"));
}

/// As an operator may have it. OpenClaw's command line otherwise loads all of OpenClaw's plugins while it connects; on a busy
/// machine each question then takes a second start, and here the time for an answer is short.
fn allow_few_plugins(machine: &Machine) {
    machine.shell("systemctl --user stop openclaw-gateway");
    let mut config: Value = serde_json::from_slice(&machine.read(CONFIG)).unwrap_or_default();
    config["plugins"]["allow"] = serde_json::json!(["memory-core"]);
    machine.write(CONFIG, config.to_string());
    machine.shell("systemctl --user start openclaw-gateway");
    machine.wait_ready();
}

/// The highest rung that `status --live` has seen, and the code of what is in the way.
fn asked(machine: &Machine) -> (String, String) {
    asked_within(machine, "120")
}

fn asked_within(machine: &Machine, seconds: &str) -> (String, String) {
    let status =
        machine.run(&["openclaw-setup", "--timeout", seconds, "status", "--live", "--json"]);
    let proof = &document(&status)["proof"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    assert!(proof.is_object(), "{}", said(&status));
    (text(&proof["reached"]), text(&proof["cause"]["code"]))
}

/// Neither in OpenClaw's list nor among its transcripts.
fn the_question_left_nothing(machine: &Machine) {
    let left = machine.shell(&format!(
        "cd {SESSIONS}; grep -o 'openclaw-setup-[a-z]*' sessions.json *.jsonl || true; ls | grep deleted || true"
    ));
    assert_eq!(left, "");
}

fn install(machine: &Machine, options: &[&str], code: i32, says: &[&str]) {
    let line = ["openclaw-setup", "install", PAYLOAD, "--client-id", "ding-id-1"];
    let secret = ["--client-secret-file", "client-secret", "--yes", "--lang", "en"];
    let output = machine.run(&[&line[..], &secret, options].concat());
    assert_eq!(output.status.code(), Some(code), "{}", said(&output));
    let said = said(&output);
    assert!(says.iter().all(|text| said.contains(text)), "{says:?} in\n{said}");
}

fn machine_with_a_secret() -> Machine {
    let machine = furnished_with_openclaw();
    machine.shell("umask 077; echo sandbox-client-secret >client-secret");
    machine
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(output)))
}
