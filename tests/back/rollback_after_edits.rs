//! I5: `rollback` after the user (or OpenClaw) has edited in between. A key that we set returns only if it still has our value.

use serde_json::json;

use super::room::{assert_an_edited_drop_in_keeps_the_edits, remarks};
use crate::bench::Machine;
use crate::bench::program::{CONFIG, CONNECTOR, DROP_IN, MODELS, assert_exit, assert_says};
use crate::bench::snapshot::RECORDS;

#[test]
fn other_keys_and_comments_stay() {
    let machine = Machine::only_a_home();
    let before = machine.read_text(CONFIG);
    assert_exit(&machine.install(&[]).run(), 0);
    machine.edit(CONFIG, "\"profile\": \"minimal\"", "\"profile\": \"full\"");
    machine.edit(CONFIG, "/* the owner's choice */", "/* chosen anew */");
    let done = machine.setup(&["rollback", "--json"]).run();
    assert_exit(&done, 0);
    assert!(!remarks(&done).contains(&"keys-kept".to_owned()));
    let expected = before.replace("minimal", "full").replace("the owner's choice", "chosen anew");
    assert_eq!(machine.read_text(CONFIG), expected);
    assert!(!machine.has(CONNECTOR) && !machine.has(DROP_IN));
}

/// `openclaw config set` writes the whole file anew: plain JSON, no comments, its own order.
#[test]
fn openclaw_has_rewritten_the_whole_file() {
    let machine = Machine::only_a_home();
    let mut before = machine.meaning();
    assert_exit(&machine.install(&[]).run(), 0);
    let mut config = machine.meaning();
    config["tools"]["profile"] = json!("full");
    config["meta"]["lastTouchedAt"] = json!("2026-04-01T00:00:00.000Z");
    machine.write(CONFIG, serde_json::to_string_pretty(&config).unwrap());
    machine.done(&["rollback"]);
    before["tools"]["profile"] = json!("full");
    before["meta"]["lastTouchedAt"] = json!("2026-04-01T00:00:00.000Z");
    assert_eq!(machine.meaning(), before);
    machine.assert_config_valid();
}

#[test]
fn a_key_of_ours_that_was_changed_stays_and_is_named() {
    let machine = Machine::home_with_dingtalk();
    machine.edit(CONFIG, "\"mode\": \"none\"", "\"mode\": \"token\", \"token\": \"mine\"");
    let changed = machine.theirs();
    let done = machine.setup(&["rollback"]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["left as they are", "gateway.auth.mode"]);
    let config = machine.meaning();
    assert_eq!(config["gateway"]["auth"], json!({"mode": "token", "token": "mine"}));
    assert_eq!(config["gateway"]["http"], json!(null));
    machine.assert_config_valid();
    machine.done(&["rollback"]);
    changed.assert_same(&machine.theirs());
}

/// OpenClaw refuses a channel without its connector: where the tree goes, the channel goes with it.
#[test]
fn a_channel_that_was_changed_goes_with_its_connector_and_is_named() {
    let machine = Machine::home_with_dingtalk();
    machine.edit(CONFIG, "\"sessionTimeout\": 1800000", "\"sessionTimeout\": 5, groups: {a: 1}");
    let changed = machine.theirs();
    let done = machine.setup(&["rollback"]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["channels.dingtalk-connector"]);
    assert!(!machine.has(CONNECTOR));
    assert_eq!(machine.meaning()["channels"], json!(null));
    machine.assert_config_valid();
    machine.done(&["rollback"]);
    changed.assert_same(&machine.theirs());
}

#[test]
fn a_channel_that_was_changed_stays_where_the_connector_stays() {
    let machine = Machine::home_with_dingtalk();
    let newer = machine.connector("0.7.0");
    assert_exit(&machine.upgrade(&newer, &[]).run(), 0);
    machine.edit(CONFIG, "\"sessionTimeout\": 1800000", "\"sessionTimeout\": 5");
    machine.done(&["rollback"]);
    assert_eq!(machine.live_version().as_deref(), Some("0.6.0"));
    let config = machine.meaning();
    assert_eq!(config["channels"]["dingtalk-connector"]["sessionTimeout"], 5);
    assert_eq!(config["plugins"]["installs"]["dingtalk-connector"]["version"], "0.6.0");
}

#[test]
fn a_list_of_plugins_that_was_extended_loses_only_ours() {
    let machine = Machine::only_a_home();
    machine.shell("cd .openclaw; mkdir -p extensions; for id in one two; do cp -R ../payload/dingtalk-connector extensions/$id; sed -i \"s/\\\"id\\\": .*/\\\"id\\\": \\\"$id\\\",/\" extensions/$id/openclaw.plugin.json; done");
    machine.edit(CONFIG, "  \"tools\"", "  plugins: {allow: ['one']},\n  \"tools\"");
    assert_exit(&machine.install(&[]).run(), 0);
    machine.edit(CONFIG, "'dingtalk-connector']", "'dingtalk-connector', 'two']");
    machine.done(&["rollback"]);
    assert_eq!(machine.meaning()["plugins"]["allow"], json!(["one", "two"]));
    machine.assert_config_valid();
}

#[test]
fn over_several_transactions_each_key_is_named_once() {
    let machine = Machine::home_with_dingtalk();
    let first = machine.newest();
    assert_exit(&machine.install(&["--gateway-auth", "token"]).run(), 0);
    assert_exit(&machine.install(&["--gateway-auth", "none"]).run(), 0);
    machine.edit(CONFIG, "\"mode\": \"none\"", "\"mode\": \"password\", \"password\": \"mine\"");
    let done = machine.setup(&["rollback", &first]).run();
    assert_exit(&done, 0);
    let said = crate::bench::said(&done);
    assert_eq!(said.matches("gateway.auth.mode").count(), 1, "{said}");
    let config = machine.meaning();
    assert_eq!(config["gateway"]["auth"]["mode"], "password");
    assert_eq!(config["channels"], json!(null));
}

#[test]
fn a_config_that_was_taken_away_or_broken_is_left_and_told() {
    for damage in ["rm .openclaw/openclaw.json", "echo '{ broken' >.openclaw/openclaw.json"] {
        let machine = Machine::home_with_dingtalk();
        machine.shell(damage);
        let before = machine.has(CONFIG).then(|| machine.read(CONFIG));
        let done = machine.setup(&["rollback"]).run();
        assert_exit(&done, 0);
        assert_says(&done, &["openclaw.json", "left as it is"]);
        assert_eq!(machine.has(CONFIG).then(|| machine.read(CONFIG)), before);
    }
}

#[test]
fn a_drop_in_that_was_edited_keeps_the_edits() {
    assert_an_edited_drop_in_keeps_the_edits("rollback");
}

/// What was effective elsewhere had to be repeated in our drop-in; it goes again with our lines.
#[test]
fn entries_that_we_repeated_from_elsewhere_go_with_ours() {
    let machine = Machine::start_with(&["--manager-env", "no_proxy=corp.example"]);
    machine.furnish(&["--no-start"]);
    machine.shell("systemctl --user daemon-reload");
    assert_exit(&machine.install(&[]).run(), 0);
    let with_ours = machine.read_text(DROP_IN);
    assert!(with_ours.contains("corp.example"), "{with_ours}");
    machine.write(DROP_IN, format!("{with_ours}Nice=5\n"));
    machine.done(&["rollback"]);
    assert_eq!(machine.read_text(DROP_IN), "[Service]\nNice=5\n");
}

#[test]
fn a_tree_that_was_changed_is_kept_and_told() {
    let machine = Machine::home_with_dingtalk();
    let newer = machine.connector("0.7.0");
    assert_exit(&machine.upgrade(&newer, &[]).run(), 0);
    machine.shell(&format!("echo '// my own patch' >>{CONNECTOR}/plugin.ts"));
    let patched = machine.theirs();
    let done = machine.setup(&["rollback"]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["1 path", &format!("{RECORDS}/transactions")]);
    assert_eq!(machine.live_version().as_deref(), Some("0.6.0"));
    machine.assert_kept("plugin.ts", "my own patch");
    machine.done(&["rollback"]);
    patched.assert_same(&machine.theirs());
}

#[test]
fn a_tree_that_was_replaced_by_hand_is_kept_too() {
    let machine = Machine::home_with_dingtalk();
    let newer = machine.connector("0.7.0");
    assert_exit(&machine.upgrade(&newer, &[]).run(), 0);
    machine.shell(&format!("rm -r {CONNECTOR}; cp -R payload/dingtalk-connector {CONNECTOR}; echo '// by hand' >>{CONNECTOR}/plugin.ts"));
    machine.done(&["rollback"]);
    assert_eq!(machine.live_version().as_deref(), Some("0.6.0"));
    assert!(!machine.read_text(format!("{CONNECTOR}/plugin.ts")).contains("by hand"));
    machine.assert_kept("plugin.ts", "by hand");
}

#[test]
fn a_tree_that_was_taken_away_comes_back() {
    let machine = Machine::home_with_dingtalk();
    let newer = machine.connector("0.7.0");
    assert_exit(&machine.upgrade(&newer, &[]).run(), 0);
    machine.shell(&format!("rm -r {CONNECTOR}"));
    machine.done(&["rollback"]);
    assert_eq!(machine.live_version().as_deref(), Some("0.6.0"));
}

#[test]
fn a_model_file_that_openclaw_has_written_since_gets_back_its_key() {
    let machine = Machine::home_with_dingtalk();
    let models = r#"{"providers": {"openai": {"baseUrl": "http://model.example:8080", "apiKey": "sandbox-api-key", "models": []}}}"#;
    machine.write(MODELS, models);
    let rotated = machine.install(&[]).env("OPENCLAW_SETUP_API_KEY", "rotated-key").run();
    assert_exit(&rotated, 0);
    machine.edit(MODELS, "[]", "[{\"id\": \"regenerated\"}]");
    machine.done(&["rollback"]);
    assert_eq!(machine.read_text(MODELS), models.replace("[]", "[{\"id\": \"regenerated\"}]"));
}
