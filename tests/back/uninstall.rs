//! `uninstall`: the mirror of `install`. What is ours goes, what we replaced returns, what is theirs stays.

use serde_json::json;

use super::room::{DROP_IN_OF_MINE, remarks, steps};
use crate::bench::program::{
    CONFIG, CONNECTOR, DROP_IN, MODELS, UNIT, assert_exit, assert_says, json as document,
};
use crate::bench::snapshot::RECORDS;
use crate::bench::{HOME, Machine, said};

#[test]
fn everything_is_as_it_was_before_the_installation() {
    let machine = Machine::brisk();
    let before = machine.home();
    assert_exit(&machine.install(&[]).run(), 0);
    machine.done(&["uninstall"]);
    before.assert_same(&machine.theirs());
    machine.assert_old_gateway_runs();
    assert_eq!(machine.variable_of_the_gateway("no_proxy"), None);
    assert_eq!(machine.property(UNIT, "NeedDaemonReload"), "no");
    assert_eq!(machine.transactions()[0]["connector"], json!({"from": "0.6.0", "to": null}));

    let again = machine.home();
    let started = machine.property(UNIT, "InvocationID");
    assert!(machine.done(&["uninstall"]).contains("Nothing to do"));
    again.assert_untouched(&machine.home());
    assert_eq!(machine.property(UNIT, "InvocationID"), started, "the gateway was left alone");
}

#[test]
fn the_config_loses_the_channel_before_the_tree_goes() {
    let machine = Machine::set_up();
    let before = machine.home();
    let plan = machine.setup(&["uninstall", "--dry-run", "--json"]).run();
    before.assert_untouched(&machine.home());
    assert_eq!(steps(&plan), ["stop", "config", "tree", "drop-in", "reload", "record", "start"]);
    assert_eq!(document(&plan)["connector"], json!({"from": "0.6.0", "to": null}));
}

#[test]
fn what_we_replaced_returns() {
    let machine = Machine::only_a_home();
    machine.edit(
        CONFIG,
        "\"bind\": \"loopback\",",
        "\"bind\": \"loopback\",\n    auth: {mode: 'token', token: 'the-old-token'},\n    http: {endpoints: {chatCompletions: {enabled: false}}}, // not yet",
    );
    machine.write(MODELS, r#"{"providers": {"openai": {"baseUrl": "http://model.example:8080", "apiKey": "sandbox-api-key", "api": "openai-responses", "models": []}}}"#);
    let before = machine.home();
    let options =
        ["--gateway-auth", "none", "--base-url", "https://api.example.com/v1", "--model", "qwen-9"];
    let done = machine.install(&options).env("OPENCLAW_SETUP_API_KEY", "rotated-key").run();
    assert_exit(&done, 0);
    let config = machine.meaning();
    assert_eq!(config["gateway"]["auth"]["mode"], "none");
    assert_eq!(config["models"]["providers"]["openai"]["apiKey"], "rotated-key");
    assert!(machine.read_text(MODELS).contains("rotated-key"));
    machine.done(&["uninstall"]);
    before.assert_same(&machine.theirs());
}

#[test]
fn a_rotated_key_and_its_way_back() {
    let machine = Machine::home_with_dingtalk();
    let models = |key: &str| {
        format!(
            r#"{{"providers": {{"openai": {{"baseUrl": "http://model.example:8080", "apiKey": "{key}", "models": []}}, "mine": {{"apiKey": "m"}}}}}}"#
        )
    };
    machine.write(MODELS, models("sandbox-api-key"));
    let before = machine.theirs();
    let rotate = || machine.install(&[]).env("OPENCLAW_SETUP_API_KEY", "rotated-key").run();
    assert_exit(&rotate(), 0);
    assert_eq!(machine.read_text(MODELS), models("rotated-key"));
    machine.done(&["rollback"]);
    before.assert_same(&machine.theirs());

    assert_exit(&rotate(), 0);
    machine.edit(MODELS, "\"models\": []", "\"models\": [{\"id\": \"regenerated\"}]");
    machine.done(&["uninstall"]);
    assert_eq!(
        machine.read_text(MODELS),
        models("sandbox-api-key").replace("[]", "[{\"id\": \"regenerated\"}]")
    );
    assert_eq!(machine.meaning()["models"]["providers"]["openai"]["apiKey"], "sandbox-api-key");
}

#[test]
fn a_drop_in_that_was_there_before_is_as_it_was() {
    let machine = Machine::only_a_home();
    machine.write(DROP_IN, DROP_IN_OF_MINE);
    let before = machine.home();
    assert_exit(&machine.install(&[]).run(), 0);
    assert!(
        machine.read_text(DROP_IN).contains("no_proxy=127.0.0.1,localhost,::1,[::1],corp.example")
            || machine.read_text(DROP_IN).contains("corp.example,"),
        "{}",
        machine.read_text(DROP_IN)
    );
    machine.done(&["uninstall"]);
    before.assert_same(&machine.theirs());
}

#[test]
fn purge_takes_our_records_too() {
    let machine = Machine::only_a_home();
    let before = machine.home();
    assert_exit(&machine.install(&[]).run(), 0);
    machine.done(&["uninstall", "--purge"]);
    before.assert_same(&machine.home());
    assert!(machine.done(&["history"]).contains("No transactions yet."));
}

/// Bots that somebody else has added go with the channel, but not without a word, and not without a copy.
#[test]
fn accounts_that_were_added_are_named_before_they_go_and_kept() {
    for purge in [false, true] {
        let machine = Machine::home_with_dingtalk();
        let mut config = machine.meaning();
        let sales = json!({"clientId": "ding-sales", "clientSecret": "s3cret-of-sales"});
        config["channels"]["dingtalk-connector"]["accounts"] = json!({"sales": sales});
        machine.write(CONFIG, config.to_string());
        let arguments = if purge { &["uninstall", "--purge"][..] } else { &["uninstall"] };
        let planned = machine.setup(&[arguments, &["--dry-run"]].concat()).run();
        assert_says(&planned, &["added to it", "sales"]);
        assert!(!said(&planned).contains("s3cret-of-sales"), "{}", said(&planned));
        machine.done(arguments);
        assert_eq!(machine.meaning()["channels"], json!(null));
        if purge {
            let kept = machine.shell("ls .openclaw/dingtalk-connector-accounts-*.json");
            assert_eq!(machine.shell(&format!("stat -c %a {kept}")), "600");
            let copy: serde_json::Value = serde_json::from_slice(&machine.read(&kept)).unwrap();
            assert_eq!(copy["channels"]["dingtalk-connector"]["accounts"]["sales"], sales);
        } else {
            machine.done(&["rollback"]);
            assert_eq!(
                machine.meaning()["channels"]["dingtalk-connector"]["accounts"]["sales"],
                sales
            );
        }
    }
}

/// Nothing is undone for it, and so it is not told as if everything were as it was.
#[test]
fn records_that_cannot_be_removed_are_told_after_the_commit() {
    let machine = Machine::home_with_dingtalk();
    let script = format!(
        "cd {HOME}/{RECORDS}/transactions/*/files; mkdir locked; touch locked/file; chmod 755 locked"
    );
    machine.command(&["bash", "-euc", &script]).by_root().ask();
    let purged = machine.setup(&["uninstall", "--purge"]).run();
    assert_exit(&purged, 3);
    assert_says(&purged, &[RECORDS, "Permission denied", "What this command has changed stays."]);
    assert_eq!(machine.live_version(), None);
    assert!(!machine.read_text(CONFIG).contains("dingtalk"));
    assert!(!machine.has(format!("{RECORDS}/transactions")), "the others go all the same");
}

#[test]
fn purge_after_an_uninstall_without_it() {
    let machine = Machine::only_a_home();
    let before = machine.home();
    assert_exit(&machine.install(&[]).run(), 0);
    machine.done(&["uninstall"]);
    let kept = machine.home();
    machine.done(&["uninstall", "--purge", "--dry-run"]);
    kept.assert_untouched(&machine.home());
    machine.done(&["uninstall", "--purge"]);
    before.assert_same(&machine.home());
    let purged = machine.home();
    machine.done(&["uninstall", "--purge"]);
    purged.assert_untouched(&machine.home());
}

#[test]
fn the_channel_cannot_stay_on_an_openclaw_that_would_refuse_it() {
    let machine = Machine::home_with_dingtalk();
    let before = machine.home();
    let refused = machine.setup(&["uninstall", "--keep-config"]).run();
    assert_exit(&refused, 1);
    assert_says(
        &refused,
        &["this OpenClaw refuses a config that names a channel without its connector"],
    );
    before.assert_untouched(&machine.home());
}

#[test]
fn the_channel_stays_where_openclaw_tolerates_it() {
    let machine = Machine::only_a_home();
    machine.let_openclaw_be("2026.5.28", CONFIG);
    assert_exit(&machine.install(&[]).run(), 0);
    let channel = machine.meaning()["channels"].clone();
    machine.done(&["uninstall", "--keep-config"]);
    assert_eq!(machine.meaning()["channels"], channel);
    assert!(!machine.has(CONNECTOR) && !machine.has(DROP_IN));
    assert_eq!(machine.meaning()["gateway"]["auth"], json!(null));
}

#[test]
fn an_installation_by_hand_is_taken_out_and_kept() {
    let machine = Machine::only_a_home();
    machine.set_up_by_hand();
    let before = machine.theirs();
    let done = machine.setup(&["uninstall"]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["was not installed by openclaw-setup", &format!("{HOME}/{RECORDS}")]);
    assert!(!machine.has(CONNECTOR));
    machine.assert_kept("plugin.ts", "sample connector registered");
    let config = machine.meaning();
    assert_eq!(config["channels"]["dingtalk-connector"], json!(null));
    assert_eq!(config["plugins"]["entries"]["dingtalk-connector"], json!(null));
    assert_eq!(config["plugins"]["installs"]["dingtalk-connector"], json!(null));
    machine.assert_config_valid();
    assert!(machine.done(&["uninstall"]).contains("Nothing to do"));
    machine.done(&["rollback", &machine.newest()]);
    before.assert_same(&machine.theirs());
}

#[test]
fn what_was_set_by_hand_beside_the_connector_stays_and_is_told() {
    let machine = Machine::only_a_home();
    machine.set_up_by_hand();
    machine.edit(
        CONFIG,
        "\"bind\": \"loopback\",",
        "\"bind\": \"loopback\", auth: {mode: 'none'}, http: {endpoints: {chatCompletions: {enabled: true}}},",
    );
    machine.write(DROP_IN, DROP_IN_OF_MINE);
    let told = [
        "openclaw config unset gateway.auth.mode",
        "openclaw config unset gateway.http.endpoints.chatCompletions.enabled",
        &format!("{HOME}/{DROP_IN}"),
        &format!("systemctl --user edit {UNIT}"),
    ];
    let planned = machine.setup(&["uninstall", "--dry-run"]).run();
    assert_says(&planned, &told);
    assert_says(&planned, &["set by hand"]);
    let chinese = machine.setup(&["uninstall", "--dry-run", "--lang", "zh-CN"]).run();
    assert_says(&chinese, &told);
    assert_says(&chinese, &["手动设置"]);
    let data = machine.setup(&["uninstall", "--dry-run", "--json"]).run();
    let codes = remarks(&data);
    for code in ["keys-of-hand-stay", "bypass-of-hand-stays"] {
        assert!(codes.contains(&code.to_owned()), "{codes:?}");
    }

    let done = machine.setup(&["uninstall"]).run();
    assert_exit(&done, 0);
    assert_says(&done, &told);
    let gateway = machine.meaning()["gateway"].clone();
    assert_eq!(gateway["auth"]["mode"], "none");
    assert_eq!(gateway["http"]["endpoints"]["chatCompletions"]["enabled"], true);
    assert_eq!(machine.read_text(DROP_IN), DROP_IN_OF_MINE);
    assert!(!machine.done(&["uninstall"]).contains("set by hand"), "it is told once");
}

#[test]
fn of_our_own_installation_nothing_is_left_to_be_told() {
    let machine = Machine::home_with_dingtalk();
    let codes = remarks(&machine.setup(&["uninstall", "--json"]).run());
    assert!(codes.iter().all(|code| !code.contains("-of-hand-")), "{codes:?}");
}

#[test]
fn a_connector_whose_config_is_gone_already() {
    let machine = Machine::only_a_home();
    let before = machine.read_text(CONFIG);
    assert_exit(&machine.install(&[]).run(), 0);
    machine.write(CONFIG, &before);
    let done = machine.setup(&["uninstall", "--json"]).run();
    assert_exit(&done, 0);
    assert!(!remarks(&done).contains(&"keys-kept".to_owned()));
    assert!(!machine.has(CONNECTOR));
    assert_eq!(machine.read_text(CONFIG), before);
}

#[test]
fn a_config_that_something_else_manages() {
    let machine = Machine::home_with_dingtalk();
    let before = machine.home();
    for command in ["uninstall", "rollback"] {
        let refused = machine.setup(&[command]).env("OPENCLAW_CONFIG_READONLY", "1").run();
        assert_exit(&refused, 1);
        assert_says(&refused, &["OPENCLAW_CONFIG_READONLY"]);
        before.assert_untouched(&machine.home());
    }
}
