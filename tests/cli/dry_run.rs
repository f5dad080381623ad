//! `--dry-run`: the whole plan, and nothing done.

use std::process::Output;

use serde_json::{Value, json};

use crate::bench::program::{SECRET, assert_exit, assert_says, json as document};
use crate::bench::{HOME, Machine, said};

#[track_caller]
fn assert_no_secret_in(output: &Output) {
    let said = said(output);
    assert!(!said.contains(SECRET) && !said.contains("sandbox-api-key"), "{said}");
}

#[test]
fn every_file_is_shown_with_its_difference_and_nothing_changes() {
    let machine = Machine::only_a_home();
    let before = machine.home();
    let shown = machine.install(&["--dry-run"]).run();
    assert_exit(&shown, 0);
    assert_says(
        &shown,
        &[
            &format!("install connector 0.6.0 into {HOME}/.openclaw/extensions/dingtalk-connector"),
            &format!("create {HOME}/.config/systemd/user/openclaw-gateway.service.d/override.conf"),
            "no_proxy=127.0.0.1,localhost,::1,[::1]",
            &format!("edit {HOME}/.openclaw/openclaw.json"),
            "chatCompletions",
            "loginctl enable-linger",
        ],
    );
    assert_no_secret_in(&shown);
    before.assert_untouched(&machine.home());
}

#[test]
fn the_same_as_data() {
    let machine = Machine::only_a_home();
    let before = machine.home();
    let shown = machine.install(&["--dry-run", "--json"]).run();
    assert_exit(&shown, 0);
    let plan = document(&shown);
    let head = ["schemaVersion", "command", "ok", "dryRun", "changes"].map(|key| plan[key].clone());
    assert_eq!(json!(head), json!([1, "install", true, true, true]));
    assert_eq!(plan["connector"], json!({"from": null, "to": "0.6.0"}));
    let steps = plan["steps"].as_array().unwrap();
    let config = steps.iter().find(|step| step["role"] == "config").unwrap();
    assert_eq!(config["path"], format!("{HOME}/.openclaw/openclaw.json"));
    assert!(config["diff"].as_str().unwrap().contains("dingtalk-connector"), "{config}");
    let codes: Vec<&Value> =
        plan["notes"].as_array().unwrap().iter().map(|note| &note["code"]).collect();
    for code in ["no-manager", "auth-none", "other-release"] {
        assert!(codes.contains(&&json!(code)), "{code}: {codes:?}");
    }
    assert_no_secret_in(&shown);
    before.assert_untouched(&machine.home());
}

#[test]
fn a_refusal_is_data_too() {
    let machine = Machine::only_a_home();
    let refused = machine.setup(&["install", "payload/dingtalk-connector", "--json"]).run();
    assert_exit(&refused, 2);
    let refusal = document(&refused);
    assert_eq!(refusal["ok"], false);
    assert_eq!(refusal["error"]["code"], "setting.missing");
    assert_eq!(refusal["exitCode"], 2);
}

#[test]
fn the_only_thing_on_standard_output_is_the_document() {
    let machine = Machine::only_a_home();
    let done = machine.install(&["--json"]).run();
    assert_exit(&done, 0);
    let done = document(&done);
    assert_eq!((&done["ok"], &done["changes"]), (&json!(true), &json!(true)));
    assert!(done["transaction"].is_string(), "{done}");
}
