//! `uninstall` where the user has gone on working since the installation: nothing of theirs is lost.

use serde_json::json;

use super::room::{assert_an_edited_drop_in_keeps_the_edits, remarks};
use crate::bench::Machine;
use crate::bench::program::{CONFIG, CONNECTOR, DROP_IN, assert_exit, assert_says};
use crate::bench::snapshot::RECORDS;

#[test]
fn other_keys_and_comments_stay() {
    let machine = Machine::only_a_home();
    let before = machine.read_text(CONFIG);
    assert_exit(&machine.install(&[]).run(), 0);
    let edits = [
        ("\"profile\": \"minimal\"", "\"profile\": \"full\""),
        ("/* the owner's choice */", "/* chosen anew */"),
        ("\"mode\": \"local\"", "\"mode\": \"local\", // mine"),
    ];
    for (old, new) in edits {
        machine.edit(CONFIG, old, new);
    }
    let done = machine.setup(&["uninstall", "--json"]).run();
    assert_exit(&done, 0);
    assert!(!remarks(&done).contains(&"keys-kept".to_owned()));
    let expected = edits.iter().fold(before, |text, (old, new)| text.replace(old, new));
    assert_eq!(machine.read_text(CONFIG), expected);
}

#[test]
fn a_key_of_ours_that_was_changed_stays_and_is_named() {
    let machine = Machine::home_with_dingtalk();
    machine.edit(CONFIG, "\"mode\": \"none\"", "\"mode\": \"token\", \"token\": \"mine\"");
    let done = machine.setup(&["uninstall"]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["left as they are", "gateway.auth.mode"]);
    let config = machine.meaning();
    assert_eq!(config["gateway"]["auth"], json!({"mode": "token", "token": "mine"}));
    assert_eq!(config["gateway"]["http"], json!(null));
    machine.assert_config_valid();
}

#[test]
fn the_channel_goes_with_all_that_was_written_into_it() {
    let machine = Machine::home_with_dingtalk();
    machine.edit(CONFIG, "\"sessionTimeout\": 1800000", "\"sessionTimeout\": 5, groups: {a: 1}");
    machine.done(&["uninstall"]);
    assert_eq!(machine.meaning()["channels"], json!(null));
    machine.assert_config_valid();
}

#[test]
fn a_list_of_plugins_keeps_what_was_added_to_it() {
    let machine = Machine::only_a_home();
    machine.shell("cd .openclaw; mkdir -p extensions; cp -R ../payload/dingtalk-connector extensions/other; sed -i 's/\"id\": .*/\"id\": \"other\",/; s/\"channels\": .*//' extensions/other/openclaw.plugin.json");
    machine.edit(
        CONFIG,
        "  \"tools\"",
        "  plugins: {allow: ['other'], deny: ['dingtalk-connector']},\n  \"tools\"",
    );
    let done = machine.install(&[]).run();
    assert_exit(&done, 0);
    machine.edit(CONFIG, "'dingtalk-connector']", "'dingtalk-connector', 'other' /* again */]");
    machine.done(&["uninstall"]);
    let plugins = machine.meaning()["plugins"].clone();
    assert_eq!(plugins["allow"], json!(["other", "other"]), "{plugins}");
    assert_eq!(plugins["entries"], json!(null));
}

#[test]
fn a_drop_in_keeps_what_was_added_to_it() {
    assert_an_edited_drop_in_keeps_the_edits("uninstall");
}

#[test]
fn an_entry_that_was_added_to_the_bypass_stays() {
    let machine = Machine::home_with_dingtalk();
    machine.edit(DROP_IN, "127.0.0.1,localhost", "127.0.0.1,intranet.example,localhost");
    machine.done(&["uninstall"]);
    let left = machine.read_text(DROP_IN);
    assert!(left.contains("no_proxy=intranet.example\""), "{left}");
    assert!(left.contains("NO_PROXY=intranet.example\"") && !left.contains("localhost"), "{left}");
}

#[test]
fn a_tree_that_was_changed_is_kept_and_told() {
    let machine = Machine::home_with_dingtalk();
    machine.shell(&format!(
        "echo '// my own patch' >>{CONNECTOR}/plugin.ts; echo note >{CONNECTOR}/NOTES.txt"
    ));
    let patched = machine.theirs();
    let done = machine.setup(&["uninstall"]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["2 paths", &format!("{RECORDS}/transactions")]);
    assert!(!machine.has(CONNECTOR));
    machine.assert_kept("plugin.ts", "my own patch");
    machine.assert_kept("NOTES.txt", "note");
    machine.done(&["rollback"]);
    patched.assert_same(&machine.theirs());
}

#[test]
fn another_plugin_beside_ours_stays() {
    let machine = Machine::home_with_dingtalk();
    machine.write(".openclaw/extensions/other/README", "mine");
    machine.done(&["uninstall"]);
    assert!(machine.has(".openclaw/extensions/other/README") && !machine.has(CONNECTOR));
}

#[test]
fn a_config_that_cannot_be_read_stops_it_untouched() {
    let machine = Machine::home_with_dingtalk();
    machine.edit(CONFIG, "\"tools\":", "\"tools\"");
    let before = machine.home();
    let refused = machine.setup(&["uninstall"]).run();
    assert_exit(&refused, 1);
    assert_says(&refused, &[CONFIG, "line "]);
    before.assert_same(&machine.home());
}
