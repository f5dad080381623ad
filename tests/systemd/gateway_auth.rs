//! The gateway's own credential, wherever OpenClaw finds it: handed on as a reference, shown to nobody, replaced for nobody.

use std::path::Path;

use openclaw_setup::openclaw::document::Document;
use serde_json::{Value, json};

use crate::bench::program::{CONFIG, UNIT, assert_exit, assert_says};
use crate::bench::{Machine, said};

const TOKEN: &str = "t0ken-of-the-gateway";

/// A machine whose config was edited while the gateway was down.
fn edited(furnish: &str, edit: impl FnOnce(&mut Value)) -> Machine {
    let machine = Machine::brisk();
    machine
        .shell(&format!("systemctl --user stop {UNIT}; {furnish}; systemctl --user daemon-reload"));
    change(&machine, edit);
    machine.shell(&format!("systemctl --user start {UNIT}"));
    machine.wait_ready();
    machine
}

fn change(machine: &Machine, edit: impl FnOnce(&mut Value)) {
    let text = machine.read_text(CONFIG);
    let document = Document::parse(Path::new(CONFIG), text.as_bytes()).unwrap();
    let mut config = document.value().to_json();
    edit(&mut config);
    machine.write(CONFIG, config.to_string());
}

#[track_caller]
fn errors(machine: &Machine) -> Vec<Value> {
    let found = machine.run(&["openclaw-setup", "doctor", "--json", "gateway", "dingtalk"]);
    let found: Value = serde_json::from_slice(&found.stdout).unwrap();
    let findings = found["findings"].as_array().unwrap().clone();
    findings.into_iter().filter(|finding| finding["severity"] == "error").collect()
}

/// 0.6.0 and accounts alone: nothing is asked for, the token is referred to where that connector reads it, and stays whose it is.
#[test]
fn accounts_are_served_with_a_token_that_the_config_does_not_hold() {
    let dotenv =
        format!("echo OPENCLAW_GATEWAY_TOKEN={TOKEN} >.openclaw/.env; chmod 600 .openclaw/.env");
    let file = format!(
        "echo LAST={} >gw.env; sed -i 's|^Environment=TMPDIR.*|&\\nEnvironmentFile=%h/gw.env|' .config/systemd/user/{UNIT}",
        &TOKEN[2..]
    );
    for (furnish, auth, written) in [
        (dotenv, json!({}), "${OPENCLAW_GATEWAY_TOKEN}"),
        (file, json!({"mode": "token", "token": "t0${LAST}"}), "t0${LAST}"),
    ] {
        let furnish = format!(
            "{furnish}; mkdir -p .openclaw/extensions; cp -R payload/dingtalk-connector .openclaw/extensions/"
        );
        let machine = edited(&furnish, |config| {
            config["gateway"]["auth"] = auth.clone();
            let sales = json!({"clientId": "ding1", "clientSecret": "s"});
            let accounts = json!({"sales": sales, "off": {"enabled": false}});
            config["channels"]["dingtalk-connector"]["accounts"] = accounts;
        });
        let done = machine.setup(&["install", "payload/dingtalk-connector", "--yes"]).run();
        assert_exit(&done, 0);
        assert!(!said(&done).contains(TOKEN), "{}", said(&done));
        let after = machine.config();
        let channel = &after["channels"]["dingtalk-connector"];
        assert_eq!(channel["accounts"]["sales"]["gatewayToken"], written);
        assert_eq!(channel["accounts"]["off"], json!({"enabled": false}));
        assert_eq!(channel.get("clientId"), None);
        assert_eq!(after["gateway"]["auth"], auth, "it is others' too");
        assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
        assert_eq!(errors(&machine), Vec::<Value>::new());
        // each account is judged by itself
        change(&machine, |config| {
            let channel = &mut config["channels"]["dingtalk-connector"];
            channel["gatewayToken"] = json!("for nobody");
            channel["accounts"]["sales"].as_object_mut().unwrap().remove("gatewayToken");
        });
        let found = errors(&machine);
        let about = "channels.dingtalk-connector.accounts.sales.gatewayToken";
        assert!(found.iter().any(|finding| finding["path"] == about), "{found:?}");
        machine.run(&["openclaw-setup", "doctor", "--fix", "-y", "gateway.auth"]);
        assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
    }
}

/// 0.8 and later live inside the gateway: its mode and its endpoint are nobody's business.
#[test]
fn a_connector_inside_the_gateway_needs_neither_endpoint_nor_token() {
    let machine = edited("true", |config| {
        config["gateway"]["auth"] = json!({"mode": "token", "token": TOKEN});
    });
    let before = machine.config()["gateway"].clone();
    let place = machine.connector("0.8.3");
    let done = machine
        .setup(&["install", &place, "--client-id", "ding1", "--client-secret-file", "-", "--yes"])
        .input("s")
        .run();
    assert_exit(&done, 0);
    assert_eq!(machine.config()["gateway"], before);
    assert_eq!(machine.config()["channels"]["dingtalk-connector"].get("gatewayToken"), None);
    assert_eq!(errors(&machine), Vec::<Value>::new());
}

/// What `doctor` calls an error, `install` refuses by the same words.
#[test]
fn a_connector_that_calls_another_port_is_refused_before_anything_is_touched() {
    let machine = Machine::brisk_with(&[], "", &["--port", "19789"]);
    let before = machine.home();
    let words = "connector 0.6.0 always calls port 18789, and the gateway is on 19789";
    for more in [&[][..], &["--dry-run"]] {
        let refused = machine.install(more).run();
        assert_exit(&refused, 1);
        assert_says(&refused, &[words]);
    }
    before.assert_untouched(&machine.home());
}
