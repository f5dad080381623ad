//! What the program remembers: `verify`, `history`, `recover`, and who may read it. In both languages.

use serde_json::json;

use crate::bench::program::{CONNECTOR, SECRET, assert_exit, assert_says, json as document};
use crate::bench::snapshot::RECORDS;
use crate::bench::{HOME, Machine, said};

fn installed() -> Machine {
    let machine = Machine::only_a_home();
    assert_exit(&machine.install(&[]).run(), 0);
    machine
}

#[test]
fn verify_finds_what_is_changed_missing_and_not_ours() {
    let machine = installed();
    assert_exit(&machine.setup(&["verify"]).run(), 0);
    machine.shell(&format!(
        "cd {CONNECTOR}; echo >>plugin.ts; rm openclaw.plugin.json; touch extra.js; chmod 755 package.json"
    ));
    let found = machine.setup(&["verify"]).run();
    assert_exit(&found, 3);
    for (word, file) in [
        ("changed", "plugin.ts"),
        ("missing", "openclaw.plugin.json"),
        ("extra", "extra.js"),
        ("permissions changed", "package.json"),
    ] {
        assert_says(&found, &[&format!("{word}: {HOME}/{CONNECTOR}/{file}")]);
    }
    let found = machine.setup(&["verify", "--json"]).run();
    assert_exit(&found, 3);
    assert_eq!(document(&found)["deviations"].as_array().unwrap().len(), 4);
}

#[test]
fn verify_where_nothing_was_installed() {
    let machine = Machine::only_a_home();
    let before = machine.home();
    let found = machine.setup(&["verify"]).run();
    assert_exit(&found, 3);
    assert_says(&found, &["has installed no connector here"]);
    before.assert_untouched(&machine.home());
}

#[test]
fn installing_again_repairs_what_verify_finds() {
    let machine = installed();
    machine.shell(&format!("cd {CONNECTOR}; rm plugin.ts; touch extra.js"));
    assert_exit(&machine.install(&[]).run(), 0);
    assert_exit(&machine.setup(&["verify"]).run(), 0);
    assert!(!machine.has(format!("{CONNECTOR}/extra.js")));
}

#[test]
fn history_lists_the_newest_first() {
    let machine = installed();
    assert_exit(&machine.install(&["--session-timeout", "700000"]).run(), 0);
    let history = machine.transactions();
    assert_eq!(history.len(), 2);
    assert!(history[0]["id"].as_str() > history[1]["id"].as_str(), "{history:?}");
    assert_eq!(history[1]["connector"], json!({"from": null, "to": "0.6.0"}));
    assert_eq!(history[0]["state"], "committed");
    assert_says(&machine.setup(&["history"]).run(), &["install", "0.6.0", "done"]);
}

#[test]
fn history_of_a_machine_without_any() {
    let machine = Machine::only_a_home();
    let before = machine.home();
    assert_says(&machine.setup(&["history"]).run(), &["No transactions yet."]);
    assert_says(&machine.setup(&["recover"]).run(), &["Nothing to recover."]);
    before.assert_untouched(&machine.home());
}

#[test]
fn only_the_owner_may_read_the_records() {
    let machine = installed();
    let open = machine.shell(&format!("find {RECORDS} -perm /077"));
    assert_eq!(open, "");
    let with_secret = machine.shell(&format!("grep -rlF {SECRET} ~ || true"));
    for file in with_secret.lines() {
        assert_eq!(machine.shell(&format!("stat -c %a {file}")), "600", "{file}");
    }
}

#[test]
fn the_last_three_generations_keep_their_trees() {
    let machine = installed();
    for version in 1..=4 {
        machine.shell(&format!(
            "cd payload/dingtalk-connector; echo // {version} >>plugin.ts; sha256sum *.json plugin.ts >SHA256SUMS"
        ));
        assert_exit(&machine.install(&[]).run(), 0);
    }
    assert_eq!(machine.shell(&format!("ls -d {RECORDS}/transactions/*/tree | wc -l")), "3");
    assert_eq!(machine.transactions().len(), 5);
}

#[test]
fn both_languages() {
    let machine = Machine::only_a_home();
    let chinese =
        machine.setup(&["install", "payload/dingtalk-connector", "--lang", "zh-CN"]).run();
    assert_exit(&chinese, 2);
    assert_says(&chinese, &["错误：缺少必需的设置", "OPENCLAW_SETUP_CLIENT_ID"]);
    let by_locale = machine.setup(&["history"]).env("LC_ALL", "zh_CN.UTF-8").run();
    assert_says(&by_locale, &["尚无事务记录。"]);
    let done = machine.install(&["--lang", "zh-CN"]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["连接器 0.6.0 已安装", "未验证"]);
    assert!(!said(&done).contains("DingTalk works"), "{}", said(&done));
    assert_says(&machine.install(&["--lang", "zh"]).run(), &["无需改动"]);
    assert_says(&machine.setup(&["verify", "--lang", "zh-CN"]).run(), &["均与安装时一致"]);
    assert_says(&machine.install(&["--lang", "en"]).run(), &["Nothing to do"]);
}
