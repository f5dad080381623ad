//! The ladder of proof: what is said of a bot, and with which exit code, on every rung that fails.

use serde_json::{Value, json};

use crate::bench::program::{CONFIG, PAYLOAD, UNIT, assert_exit, assert_says, json};
use crate::bench::{Machine, said};

/// Installs where the gateway, from the start with the connector on, has these faults.
fn installed_with(faults: &str, options: &[&str]) -> (Machine, std::process::Output) {
    let machine = Machine::brisk();
    machine.let_the_gateway(&format!("{{\"only_with_connector\": true, {faults}}}"));
    let done = machine.install(options).run();
    (machine, done)
}

fn proof(machine: &Machine, arguments: &[&str]) -> Value {
    json(&machine.setup(&[arguments, &["--json"]].concat()).run())["proof"].clone()
}

#[test]
fn an_answer_is_said_and_only_then_that_it_works() {
    let machine = Machine::brisk();
    let done = machine.install(&["--json"]).run();
    assert_exit(&done, 0);
    let document = json(&done);
    let whole = json!({"reached": "answers", "next": null, "chosen": false, "cause": null,
        "accounts": {"default": "connected"}});
    assert_eq!(document["proof"], whole);
    let notes = document["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note["code"] == "asks-the-model"), "{notes:?}");
    let again = machine.install(&[]).run();
    assert_exit(&again, 0);
    assert_says(&again, &["Nothing to do", "connected to DingTalk; not proved: the model answers"]);
}

#[test]
fn who_does_not_want_it_asked_is_told_what_is_not_proved() {
    let machine = Machine::brisk();
    let done = machine.install(&["--no-ask"]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["not proved: the model answers", "status --live"]);
    assert!(!said(&done).contains("works here") && !said(&done).contains("costs a few tokens"));
    assert_eq!(proof(&machine, &["status"])["reached"], "connected");
    let asked = machine.setup(&["status", "--live", "--json"]).run();
    assert_eq!(json(&asked)["proof"]["reached"], "answers", "{}", said(&asked));
    assert_exit(&machine.setup(&["status", "--live", "--offline"]).run(), 2);
}

#[test]
fn a_bot_that_is_not_connected_is_kept_and_named() {
    for (faults, said) in [
        (r#""stream": "refused""#, "status code 400"),
        (r#""stream": "silent""#, "no Stream connection to DingTalk stands for default"),
    ] {
        let (machine, done) = installed_with(faults, &[]);
        assert_exit(&done, 3);
        assert_says(&done, &["is installed", "not proved: the bot is connected to DingTalk", said]);
        assert_eq!(machine.chat_status(), 400, "it stays");
        assert_eq!(machine.transactions()[0]["state"], "committed");
        let seen = proof(&machine, &["status"]);
        assert_eq!((&seen["reached"], &seen["next"]), (&json!("loaded"), &json!("connected")));
        assert_exit(&machine.setup(&["status"]).run(), 3);
        assert_exit(&machine.setup(&["doctor", "dingtalk.stream"]).run(), 3);
        let again = machine.install(&["--json"]).run();
        assert_exit(&again, 3);
        assert_eq!(json(&again)["healthy"], false, "they agree");
    }
}

#[test]
fn a_model_that_does_not_answer_is_kept_and_named() {
    for (faults, options, said) in [
        (
            r#""answer": "LLM request failed: network connection error.""#,
            &[][..],
            "network connection error",
        ),
        (r#""answer": 503"#, &[], "503"),
        (r#""answer": "silent""#, &["--timeout", "8"], "nothing came back"),
    ] {
        let (machine, done) = installed_with(faults, options);
        assert_exit(&done, 3);
        assert_says(&done, &["connected to DingTalk; not proved: the model answers", said]);
        assert_eq!(machine.chat_status(), 400, "it stays");
    }
}

#[test]
fn whoever_requires_an_answer_gets_all_undone_without_one() {
    for faults in [r#""stream": "refused""#, r#""answer": 503"#] {
        let (machine, done) = installed_with(faults, &["--require-answer"]);
        assert_exit(&done, 1);
        assert_says(&done, &["was undone"]);
        machine.assert_old_gateway_runs();
    }
    let (_, done) = installed_with("", &["--require-answer", "--no-ask"]);
    assert_exit(&done, 2);
}

#[test]
fn an_answer_is_required_also_where_nothing_is_to_be_done() {
    let machine = Machine::brisk();
    assert_exit(&machine.install(&["--no-ask"]).run(), 0);
    let again = machine.install(&["--require-answer"]).run();
    assert_exit(&again, 0);
    assert_says(&again, &["Nothing to do", "the model answers"]);
    machine.let_the_gateway(r#"{"answer": 503}"#);
    machine.shell(&format!("systemctl --user restart {UNIT}"));
    machine.wait_ready();
    let silent = machine.install(&["--require-answer"]).run();
    assert_exit(&silent, 3);
    assert_says(&silent, &["Nothing to do", "not proved: the model answers"]);
}

#[test]
fn a_connection_that_an_upgrade_loses_takes_it_back() {
    let machine = Machine::set_up();
    let newer = machine.connector("0.6.1");
    let run = machine.property(UNIT, "InvocationID");
    machine.let_the_gateway(r#"{"stream": "refused"}"#);
    let failed = machine.setup(&["upgrade", &newer, "--yes"]).run();
    assert_exit(&failed, 1);
    assert_says(&failed, &["was undone"]);
    assert_ne!(machine.property(UNIT, "InvocationID"), run);
    machine.wait_ready();
    machine.wait_until(&format!(
        "journalctl --user -u {UNIT} --since -1min | grep -q 'channel exited'"
    ));
    assert_eq!(proof(&machine, &["status"])["next"], "connected");
    let kept = machine.setup(&["upgrade", &newer, "--yes"]).run();
    assert_exit(&kept, 3);
    assert_says(&kept, &["0.6.1 is installed"]);
}

/// Each account on its own: one that is refused is named, one that is switched off is not waited for.
#[test]
fn every_account_is_proved_on_its_own() {
    let machine = Machine::set_up();
    machine.shell(&format!("systemctl --user stop {UNIT}"));
    let accounts = json!({
        "sales": {"clientId": "ding2", "clientSecret": "s2"},
        "hr": {"clientId": "ding3", "clientSecret": "s3"},
        "old": {"enabled": false, "clientId": "ding4", "clientSecret": "s4"},
    });
    let with = format!("\"accounts\": {accounts}, \"clientId\"");
    machine.write(CONFIG, machine.read_text(CONFIG).replacen("\"clientId\"", &with, 1));
    machine.let_the_gateway(r#"{"stream": {"hr": "refused"}}"#);
    let done = machine.install(&["--start", "--session-timeout", "700000"]).run();
    assert_exit(&done, 3);
    assert_says(&done, &["hr: Request failed with status code 400"]);
    let seen = proof(&machine, &["status"]);
    assert_eq!(seen["accounts"], json!({"sales": "connected", "hr": "failed"}));
}

#[test]
fn what_the_operator_chose_is_no_failure_and_claims_nothing() {
    let machine = Machine::brisk_with(&[], "", &["--no-start"]);
    machine.shell("systemctl --user daemon-reload");
    let done = machine.install(&[]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["is installed", "not proved: the gateway runs", "does not run"]);
    let required = machine.setup(&["install", PAYLOAD, "--session-timeout", "700000"]);
    let required = required.run();
    assert_exit(&required, 0);
    assert!(!said(&required).contains("works here"), "{}", said(&required));
}
