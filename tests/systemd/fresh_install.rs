//! The main job: a machine as the documentation finds it becomes the machine as the documentation leaves it.

use serde_json::{Value, json};

use crate::bench::program::{
    BYPASS, CONFIG, CONNECTOR, DROP_IN, MODELS, NEVER_READY, UNIT, assert_exit, assert_says,
};
use crate::bench::{Machine, PROXY, said};

/// The documented config with real values for its placeholders.
const PAGE_CONFIG: &str = include_str!("page/openclaw.json");
const PAGE_MODELS: &str = include_str!("page/models.json");

/// The page's machine before its steps: its provider, and nothing of the rest.
fn before_the_page() -> (Value, Value) {
    let mut config: Value = serde_json::from_str(PAGE_CONFIG).unwrap();
    let models: Value = serde_json::from_str(PAGE_MODELS).unwrap();
    for section in ["channels", "plugins"] {
        config.as_object_mut().unwrap().shift_remove(section);
    }
    for key in ["auth", "http"] {
        config["gateway"].as_object_mut().unwrap().shift_remove(key);
    }
    (config, models)
}

#[test]
fn the_config_afterwards_is_the_pages() {
    let machine = Machine::brisk();
    let (config, models) = before_the_page();
    machine.shell(&format!("systemctl --user stop {UNIT}"));
    machine.write(CONFIG, config.to_string());
    machine.write(MODELS, models.to_string());
    machine.shell(&format!("systemctl --user start {UNIT}"));
    machine.wait_ready();
    machine.write("client-secret", "page-test-secret\n");
    machine.write("gateway-token", "page-test-gateway-token\n");
    let done = machine
        .setup(&[
            "install",
            "payload/dingtalk-connector-0.6.0.tgz",
            "--client-id",
            "dingpagetestid",
            "--client-secret-file",
            "client-secret",
            "--gateway-token-file",
            "gateway-token",
        ])
        .run();
    assert_exit(&done, 0);

    let mut now = machine.config();
    let mut page: Value = serde_json::from_str(PAGE_CONFIG).unwrap();
    let installed_at = now["plugins"]["installs"]["dingtalk-connector"]["installedAt"].take();
    page["plugins"]["installs"]["dingtalk-connector"]["installedAt"].take();
    assert_eq!(now, page);
    assert!(installed_at.as_str().unwrap().ends_with('Z'), "{installed_at}");
    let models: Value = serde_json::from_slice(&machine.read(MODELS)).unwrap();
    assert_eq!(models, serde_json::from_str::<Value>(PAGE_MODELS).unwrap());
    assert_eq!(
        machine.read_text(DROP_IN),
        format!(
            "[Service]\nEnvironment=\"no_proxy={BYPASS}\"\nEnvironment=\"NO_PROXY={BYPASS}\"\n"
        )
    );
    let validation = machine.ask(&[".local/bin/openclaw", "config", "validate", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&validation).unwrap()["valid"], true);
    assert_eq!(machine.chat_status(), 400);
}

#[test]
fn the_bot_answers_behind_a_proxy_that_refuses_loopback() {
    let machine = Machine::start();
    machine.surround();
    machine.furnish(&["--proxy", PROXY]);
    let run_before = machine.property(UNIT, "InvocationID");
    let done = machine.install(&[]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["DingTalk works here"]);
    assert_ne!(machine.property(UNIT, "InvocationID"), run_before);
    assert_eq!(machine.property(UNIT, "NeedDaemonReload"), "no");
    for name in ["no_proxy", "NO_PROXY"] {
        assert_eq!(machine.variable_of_the_gateway(name).as_deref(), Some(BYPASS), "{name}");
    }
    assert_eq!(machine.variable_of_the_gateway("http_proxy").as_deref(), Some(PROXY));
    assert_eq!(machine.chat_status(), 400);
    assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
    assert!(!machine.has("proxy.log") || !machine.read_text("proxy.log").contains("127.0.0.1"));
}

#[test]
fn the_steps_are_told_in_the_order_that_never_leaves_an_invalid_openclaw() {
    let machine = Machine::brisk();
    let done = machine.install(&[]).run();
    assert_exit(&done, 0);
    let said = said(&done);
    let order = [
        "stop openclaw-gateway",
        CONNECTOR,
        "override.conf",
        "daemon-reload",
        CONFIG,
        "start openclaw-gateway",
        "Connector 0.6.0 is installed",
        "DingTalk works here",
    ];
    let mut rest = said.as_str();
    for step in order {
        let at = rest
            .find(step)
            .unwrap_or_else(|| panic!("{step} is missing, or comes too early:\n{said}"));
        rest = &rest[at + step.len()..];
    }
}

#[test]
fn an_older_tree_is_replaced_and_kept() {
    let machine = Machine::set_up();
    machine.shell(
        "cd payload/dingtalk-connector; sed -i 's/\"version\": \"0.6.0\"/\"version\": \"0.6.1\"/' *.json; echo // newer >>plugin.ts; sha256sum *.json plugin.ts >SHA256SUMS",
    );
    let done = machine.install(&[]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["replace connector 0.6.0 by 0.6.1"]);
    assert!(machine.read_text(format!("{CONNECTOR}/plugin.ts")).contains("// newer"));
    assert!(machine.read_text(CONFIG).contains("\"version\": \"0.6.1\""));
    assert_eq!(machine.transactions()[0]["connector"], json!({"from": "0.6.0", "to": "0.6.1"}));
    assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
}

/// `journalctl -x` explains them by the catalog of the package: each ending has an id of its own.
#[test]
fn every_transaction_leaves_an_entry_in_the_journal() {
    let machine = Machine::brisk();
    assert_exit(&machine.install(&[]).run(), 0);
    machine.let_the_gateway(NEVER_READY);
    let failed = machine.install(&["--session-timeout", "600000", "--timeout", "8"]).run();
    assert_exit(&failed, 1);
    for (ending, message_id) in [
        ("is done", "a45eaa679ecb47308ce9d6d56bcb78eb"),
        ("was undone", "5155b0861b2d4abd80f755bfb4f3b17c"),
    ] {
        let id = format!("MESSAGE_ID={message_id}");
        let entry = machine.ask(&["journalctl", "--user", "-o", "json", &id]);
        let entry: Value = serde_json::from_str(&entry).unwrap();
        let message = entry["MESSAGE"].as_str().unwrap();
        assert!(message.starts_with("install (") && message.ends_with(ending), "{entry:#}");
        assert_eq!(entry["OPENCLAW_SETUP_COMMAND"], "install");
        let catalog = include_str!("../../packaging/catalog/openclaw-setup.catalog");
        assert!(catalog.contains(&format!("-- {message_id}\n")));
    }
}
