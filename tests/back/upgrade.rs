//! `upgrade`: to another connector, and by itself back to the old one when the new one does not work.

use serde_json::json;

use super::room::remarks;
use crate::bench::program::{
    CONFIG, CONNECTOR, DROP_IN, UNIT, assert_exit, assert_says, json as document,
};
use crate::bench::snapshot::RECORDS;
use crate::bench::{HOME, Machine, said};

#[test]
fn to_a_newer_one_and_the_bot_answers() {
    let machine = Machine::set_up();
    let newer = machine.connector("0.7.0");
    let old = machine.theirs();
    let done = machine.upgrade(&newer, &[]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["0.7.0", "openclaw-setup rollback"]);
    assert_eq!(machine.live_version().as_deref(), Some("0.7.0"));
    assert!(machine.read_text(CONFIG).contains("\"0.7.0\""));
    assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
    assert_exit(&machine.setup(&["verify"]).run(), 0);
    assert_eq!(machine.transactions()[0]["connector"], json!({"from": "0.6.0", "to": "0.7.0"}));
    assert!(!machine.done(&["upgrade", &newer, "--dry-run"]).contains(DROP_IN));

    machine.done(&["rollback"]);
    old.assert_same(&machine.theirs());
    assert_eq!(machine.message("again")["reply"], "The agent heard: again");
}

#[test]
fn one_that_is_known_not_to_answer_here_is_refused_before_anything_changes() {
    let machine = Machine::set_up();
    let failing = machine.connector("0.8.20");
    let before = (machine.theirs(), machine.property(UNIT, "InvocationID"));
    for command in [["upgrade", "--yes"], ["upgrade", "--dry-run"], ["install", "--json"]] {
        let refused = machine.setup(&[&command[..], &[&failing]].concat()).run();
        assert_exit(&refused, 1);
        let clash = "connector 0.8.20 does not answer on OpenClaw 2026.3.13";
        assert_says(&refused, &[clash, "0.8.3", "--force-incompatible"]);
    }
    before.0.assert_same(&machine.theirs());
    assert_eq!(machine.property(UNIT, "InvocationID"), before.1);
    assert_exit(&machine.upgrade(&failing, &["--force-incompatible"]).run(), 0);
    assert_eq!(machine.live_version().as_deref(), Some("0.8.20"));
}

/// Whoever changes a setting does not want another connector with it: not the newer one that lies
/// ready, and not where the connector was put there by hand.
#[test]
fn a_change_of_settings_leaves_the_connector_alone() {
    let machine = Machine::set_up();
    machine.connector("0.7.0");
    machine.shell(
        "mkdir -p stock/dingtalk-connector; cp -R payloads/0.7.0 stock/dingtalk-connector/0.7.0
         rm -rf .openclaw/openclaw-setup",
    );
    let stock = format!("{HOME}/stock");
    let change = ["install", "--session-timeout", "600000"];
    let done = machine.setup(&change).env("OPENCLAW_SETUP_PAYLOADS", &stock).run();
    assert_exit(&done, 0);
    assert_eq!(machine.live_version().as_deref(), Some("0.6.0"));
    assert!(machine.read_text(CONFIG).contains("600000"));
    let moved = machine.setup(&["upgrade"]).env("OPENCLAW_SETUP_PAYLOADS", &stock).run();
    assert_exit(&moved, 0);
    assert_eq!(machine.live_version().as_deref(), Some("0.7.0"));
}

#[test]
fn one_that_cannot_be_loaded_gives_way_to_the_old_one() {
    let machine = Machine::set_up();
    let broken = machine.broken_connector("0.7.0");
    let old = machine.theirs();
    let failed = machine.upgrade(&broken, &[]).run();
    assert_exit(&failed, 1);
    assert_says(
        &failed,
        &["ParseError", "plugin.ts", "Everything that this command had changed was undone."],
    );
    old.assert_same(&machine.theirs());
    assert_eq!(machine.property(UNIT, "ActiveState"), "active");
    assert_eq!(machine.property(UNIT, "NeedDaemonReload"), "no");
    assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
    assert_eq!(machine.transactions()[0]["state"], "undone");
    assert_exit(&machine.setup(&["verify"]).run(), 0);
}

#[test]
fn a_gateway_that_refuses_to_start_gives_way_to_the_old_state() {
    let machine = Machine::set_up();
    let newer = machine.connector("0.7.0");
    machine.let_the_gateway(r#"{"refuse": "Gateway failed to start: the moon is wrong"}"#);
    let old = machine.theirs();
    let failed = machine.upgrade(&newer, &["--timeout", "8", "--json"]).run();
    assert_exit(&failed, 1);
    assert_says(&failed, &["Gateway failed to start: the moon is wrong"]);
    let failure = document(&failed);
    assert_eq!(
        json!([failure["undone"], failure["left"], failure["exitCode"]]),
        json!([true, [], 1])
    );
    old.assert_same(&machine.theirs());
}

#[test]
fn an_older_one_only_when_it_is_asked_for() {
    let machine = Machine::home_with_dingtalk();
    let older = machine.connector("0.5.9");
    let old = machine.home();
    let refused = machine.upgrade(&older, &[]).run();
    assert_exit(&refused, 1);
    assert_says(&refused, &["0.5.9 is older than the installed 0.6.0", "--allow-downgrade"]);
    old.assert_untouched(&machine.home());

    assert_exit(&machine.upgrade(&older, &["--allow-downgrade"]).run(), 0);
    assert_eq!(machine.live_version().as_deref(), Some("0.5.9"));
}

#[test]
fn where_nothing_is_installed() {
    let machine = Machine::only_a_home();
    machine.edit(
        CONFIG,
        "  \"tools\"",
        "  channels: {},\n  // clientId and clientSecret are not here\n  \"tools\"",
    );
    let old = machine.home();
    let refused = machine.upgrade("payload/dingtalk-connector", &[]).run();
    assert_exit(&refused, 1);
    assert_says(&refused, &["no DingTalk connector is installed here", "openclaw-setup install"]);
    old.assert_same(&machine.home());
}

#[test]
fn to_the_one_that_is_there_already() {
    let machine = Machine::home_with_dingtalk();
    let old = machine.home();
    assert!(machine.done(&["upgrade", "payload/dingtalk-connector"]).contains("Nothing to do"));
    old.assert_untouched(&machine.home());
}

#[test]
fn the_same_version_with_other_content_is_another_connector() {
    let machine = Machine::home_with_dingtalk();
    machine.shell("cd payload/dingtalk-connector; echo '// rebuilt' >>plugin.ts; sha256sum *.json plugin.ts >SHA256SUMS");
    machine.done(&["upgrade", "payload/dingtalk-connector"]);
    assert!(machine.read_text(format!("{CONNECTOR}/plugin.ts")).contains("// rebuilt"));
}

#[test]
fn keys_that_the_new_schema_forbids_are_shown_taken_out_and_brought_back() {
    let machine = Machine::only_a_home();
    assert_exit(&machine.install(&["--gateway-auth", "token"]).run(), 0);
    machine.edit(
        CONFIG,
        "\"sessionTimeout\": 1800000",
        "\"sessionTimeout\": 1800000, // half an hour\n      systemPrompt: 'mine', dmPolicy: 'open'",
    );
    let strict = machine.strict_connector("0.8.0");
    let old = machine.theirs();

    let planned = machine.upgrade(&strict, &["--dry-run"]).run();
    assert_exit(&planned, 0);
    let forbidden = ["gatewayToken", "gatewayUrl", "sessionTimeout", "systemPrompt"];
    assert_says(&planned, &forbidden);
    assert_says(&planned, &["removed from the channel"]);
    old.assert_untouched(&machine.theirs());
    let token = machine.meaning()["gateway"]["auth"]["token"].clone();
    assert!(!said(&planned).contains(token.as_str().unwrap()), "{}", said(&planned));

    let done = machine.upgrade(&strict, &["--json"]).run();
    assert_exit(&done, 0);
    assert!(remarks(&done).contains(&"keys-taken-out".to_owned()));
    let channel = machine.meaning()["channels"]["dingtalk-connector"].clone();
    let keys: Vec<&str> = channel.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["enabled", "clientId", "clientSecret", "dmPolicy"]);
    assert_eq!(machine.meaning()["gateway"]["auth"]["token"], token, "the gateway's own stays");
    assert!(machine.done(&["upgrade", &strict]).contains("Nothing to do"));

    machine.done(&["rollback"]);
    old.assert_same(&machine.theirs());
}

/// A connector that lives inside the gateway needs no endpoint, and no gateway without auth.
#[test]
fn what_only_the_old_generation_needed_goes_back_or_is_told() {
    let machine = Machine::brisk();
    let bare = machine.theirs();
    assert_exit(&machine.install(&["--gateway-auth", "none"]).run(), 0);
    assert_eq!(machine.chat_status(), 400);
    machine.edit(
        CONFIG,
        "\"sessionTimeout\": 1800000",
        "\"sessionTimeout\": 1800000, \"dmPolicy\": \"allowlist\"",
    );
    let old = machine.theirs();
    let later = machine.connector("0.8.3");
    let done = machine.upgrade(&later, &["--json"]).run();
    assert_exit(&done, 0);
    for code in ["settings-given-back", "auth-unneeded", "access-heeded"] {
        assert!(remarks(&done).contains(&code.to_owned()), "{code}: {}", said(&done));
    }
    let gateway = machine.meaning()["gateway"].clone();
    assert_eq!((gateway.get("http"), &gateway["auth"]["mode"]), (None, &json!("none")));
    assert_eq!(machine.chat_status(), 404);
    assert!(machine.done(&["upgrade", &later]).contains("Nothing to do"));

    machine.done(&["rollback"]);
    old.assert_same(&machine.theirs().without("payloads"));
    machine.done(&["upgrade", &later]);
    machine.done(&["uninstall"]);
    bare.assert_same(&machine.theirs().without("payloads"));
}

#[test]
fn uninstalling_after_a_migration_leaves_nothing_of_either() {
    let machine = Machine::only_a_home();
    let old = machine.theirs();
    assert_exit(&machine.install(&[]).run(), 0);
    let strict = machine.strict_connector("0.8.0");
    assert_exit(&machine.upgrade(&strict, &[]).run(), 0);
    machine.done(&["uninstall"]);
    old.assert_same(&machine.theirs().without("payloads"));
}

#[test]
fn what_the_user_changed_in_the_tree_is_kept_and_told() {
    let machine = Machine::home_with_dingtalk();
    let newer = machine.connector("0.7.0");
    machine.shell(&format!("echo '// my own patch' >>{CONNECTOR}/plugin.ts"));
    let patched = machine.theirs();
    let done = machine.upgrade(&newer, &[]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["1 path", &format!("{RECORDS}/transactions")]);
    assert!(!machine.read_text(format!("{CONNECTOR}/plugin.ts")).contains("my own patch"));
    machine.assert_kept("plugin.ts", "my own patch");
    machine.done(&["rollback"]);
    patched.assert_same(&machine.theirs());
}

#[test]
fn a_connector_that_was_put_there_by_hand_is_kept_and_told() {
    let machine = Machine::only_a_home();
    machine.set_up_by_hand();
    let newer = machine.connector("0.7.0");
    let by_hand = machine.theirs();
    let done = machine.upgrade(&newer, &[]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["was not installed by openclaw-setup", RECORDS]);
    assert_eq!(machine.live_version().as_deref(), Some("0.7.0"));
    assert_eq!(machine.meaning()["channels"]["dingtalk-connector"]["clientId"], "by-hand");
    machine.done(&["rollback"]);
    by_hand.assert_same(&machine.theirs());
}
