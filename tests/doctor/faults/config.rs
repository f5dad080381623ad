//! The config: what keeps the plugin out, misleads or exposes.

use serde_json::{Value, json};

use super::{Cure, Fault, LOOP, TREE, by_root, go_through, shell};
use crate::bench::said;
use crate::patient::{document, edit, fix, healthy, of, plain_config, stop};

#[test]
fn the_config_keeps_the_plugin_out() {
    go_through(
        &healthy(),
        &[
            Fault {
                name: "an allow list without it",
                make: |m| {
                    edit(m, "c['plugins']['allow']=['telegram']; c['channels']['telegram']={}");
                },
                named: &[("config.allowlist", "error"), ("config.accepted", "error"), LOOP],
                cure: Cure::Advice,
            },
            Fault {
                name: "a deny list with it",
                make: |m| edit(m, "c['plugins']['deny']=['dingtalk-connector']"),
                named: &[("config.allowlist", "error")],
                cure: Cure::Fix,
            },
            Fault {
                name: "its entry is switched off",
                make: |m| edit(m, "c['plugins']['entries']['dingtalk-connector']['enabled']=False"),
                named: &[("config.allowlist", "error")],
                cure: Cure::Fix,
            },
            Fault {
                name: "the channel is switched off",
                make: |m| edit(m, "c['channels']['dingtalk-connector']['enabled']=False"),
                named: &[("config.allowlist", "warning")],
                cure: Cure::Advice,
            },
        ],
    );
}

#[test]
fn openclaw_itself_refuses_the_config() {
    go_through(
        &healthy(),
        &[
            Fault {
                name: "a section that OpenClaw does not know",
                make: |m| edit(m, "c['htpp']={}"),
                named: &[("config.accepted", "error"), LOOP],
                cure: Cure::Advice,
            },
            Fault {
                name: "nothing is in it",
                make: |m| m.write(".openclaw/openclaw.json", ""),
                named: &[("config.syntax", "error"), LOOP],
                cure: Cure::Advice,
            },
            Fault {
                name: "another plugin's entry leads out of its folder",
                make: |m| {
                    shell(
                        m,
                        r#"cd ~/.openclaw/extensions; mkdir other; ln -s ../../out.ts other/index.ts; touch ~/.openclaw/out.ts
                        echo '{"openclaw": {"extensions": ["./index.ts"]}}' >other/package.json
                        echo '{"id": "other", "configSchema": {}}' >other/openclaw.plugin.json"#,
                    );
                },
                named: &[("plugin.stray", "error"), LOOP],
                cure: Cure::Fix,
            },
        ],
    );
}

/// Waiting for its next start, starting, refused: the reason is the same at any moment.
#[test]
fn its_reason_is_the_headline_at_any_moment() {
    let machine = healthy();
    plain_config(&machine);
    stop(&machine);
    edit(&machine, "c['agents']['list']=[{'id':'main','thinking':'adaptive'}]");
    super::start_or_fail(&machine);
    for _ in 0..4 {
        machine.shell("sleep 1.9");
        let document = document(&machine, &[]);
        let first = &document["findings"][0];
        assert_eq!(first["checkId"], "config.accepted", "{document:#}");
        let told = first.to_string();
        assert!(told.contains("agents.list.0: Unrecognized key") && told.contains("thinking"));
        assert!(told.contains(".openclaw/openclaw.json:"), "{told}");
        assert!(!document.to_string().contains("rollback"), "{document:#}");
    }
    let install = machine.run(&["openclaw-setup", "install", "--yes", "--lang", "en"]);
    assert_eq!(install.status.code(), Some(3), "{}", said(&install));
    let told = said(&install);
    assert!(told.contains("does not work") && told.contains("agents.list.0"), "{told}");
    stop(&machine);
    let document = document(&machine, &[]);
    assert_eq!(document["findings"][0]["checkId"], "config.accepted", "{document:#}");
}

#[test]
fn keys_and_secrets() {
    go_through(
        &healthy(),
        &[
            Fault {
                name: "the gateway wants another token",
                make: |m| {
                    edit(
                        m,
                        "c['gateway']['auth']={'mode':'token','token':'the-gateways-own'}; c['channels']['dingtalk-connector']['gatewayToken']='another-one'",
                    );
                },
                named: &[("gateway.auth", "error")],
                cure: Cure::Fix,
            },
            Fault {
                name: "a Chinese placeholder as token",
                make: |m| {
                    edit(
                        m,
                        "c['channels']['dingtalk-connector']['gatewayToken']='你的gatewayToken'",
                    );
                },
                named: &[("gateway.auth", "error")],
                cure: Cure::Fix,
            },
            Fault {
                name: "the model file has the old key",
                make: |m| {
                    m.write(".openclaw/agents/main/agent/models.json", r#"{"providers": {"openai": {"baseUrl": "http://model.example:8080", "apiKey": "the-old-key", "api": "openai-completions", "models": []}}}"#);
                },
                named: &[],
                cure: Cure::Advice,
            },
            Fault {
                name: "a word for the interface that OpenClaw does not know",
                make: |m| edit(m, "c['models']['providers']['openai']['api']='openai-completion'"),
                named: &[("llm.api-mode", "error"), LOOP],
                cure: Cure::Fix,
            },
            Fault {
                name: "others may read the config",
                make: |m| {
                    by_root(m, "chmod 755 /home /home/tester");
                    shell(m, "chmod 755 ~/.openclaw; chmod 644 ~/.openclaw/openclaw.json");
                },
                named: &[("config.secret-perms", "warning")],
                cure: Cure::Fix,
            },
        ],
    );
}

#[test]
fn settings_that_mislead_or_expose() {
    go_through(
        &healthy(),
        &[
            Fault {
                name: "a rival with the same clientId",
                make: |m| {
                    edit(
                        m,
                        "c['channels']['dingtalk']={'clientId':c['channels']['dingtalk-connector']['clientId']}",
                    );
                },
                named: &[("plugin.rival", "warning"), ("config.accepted", "error"), LOOP],
                cure: Cure::Advice,
            },
            Fault {
                name: "access rules that nobody looks at",
                make: |m| {
                    edit(
                        m,
                        "c['channels']['dingtalk-connector'].update(dmPolicy='allowlist',allowFrom=['me'],groupPolicy='allowlist')",
                    );
                },
                named: &[("channel.access-open", "warning")],
                cure: Cure::Advice,
            },
            Fault {
                name: "a gatewayUrl that nobody reads",
                make: |m| {
                    edit(
                        m,
                        "c['channels']['dingtalk-connector']['gatewayUrl']='http://10.0.0.7:9999'",
                    );
                },
                named: &[("config.key-inert", "warning")],
                cure: Cure::Advice,
            },
            Fault {
                name: "no auth behind tailscale serve",
                make: |m| edit(m, "c['gateway']['tailscale']['mode']='serve'"),
                named: &[("gateway.auth", "error")],
                cure: Cure::Advice,
            },
            Fault {
                name: "TLS on, which this connector does not speak",
                make: |m| edit(m, "c['gateway']['tls']={'enabled':True}"),
                named: &[("gateway.port", "error")],
                cure: Cure::Advice,
            },
            Fault {
                name: "gateway.port moved, the unit not",
                make: |m| edit(m, "c['gateway']['port']=19000"),
                named: &[("gateway.port", "warning")],
                cure: Cure::Advice,
            },
            Fault {
                name: "placeholders left in",
                make: |m| {
                    edit(
                        m,
                        "c['channels']['dingtalk-connector']['clientSecret']='你的钉钉clientSecret'; c['models']['providers']['openai']['apiKey']='你的API_KEY'",
                    );
                },
                named: &[("dingtalk.credentials", "error"), ("llm.credentials", "error")],
                cure: Cure::Advice,
            },
            Fault {
                name: "another port than the connector calls",
                make: |m| {
                    shell(
                        m,
                        "sed -i 's/--port 18789/--port 18790/' ~/.config/systemd/user/openclaw-gateway.service",
                    );
                    edit(
                        m,
                        "c['gateway']['port']=18790; c['channels']['dingtalk-connector']['gatewayUrl']='http://127.0.0.1:18790'",
                    );
                },
                named: &[("gateway.port", "error")],
                cure: Cure::Advice,
            },
        ],
    );
}

#[test]
fn a_newer_openclaw_enforces_the_connectors_schema() {
    let machine = healthy();
    plain_config(&machine);
    stop(&machine);
    let script = format!(
        r#"sed -i 's/2026.3.13/2026.5.20/' ~/.local/lib/node_modules/openclaw/package.json
        sed -i 's/"version": "0.6.0"/"version": "0.8.13"/' ~/{TREE}/package.json ~/{TREE}/openclaw.plugin.json
        sed -i 's/"configSchema"/"channelConfigs": {{"dingtalk-connector": {{"schema": {{"type": "object", "additionalProperties": false, "properties": {{"enabled": {{}}, "clientId": {{}}, "clientSecret": {{}}, "systemPrompt": {{}}, "accounts": {{"additionalProperties": {{"additionalProperties": false}}}}}}}}}}}}, &/' ~/{TREE}/openclaw.plugin.json"#
    );
    edit(
        &machine,
        "c['channels']['dingtalk-connector']['accounts']={'a':{'systemPrompt':'be kind'}}",
    );
    // such an OpenClaw does not start
    machine.shell(&script);
    let document = document(&machine, &["config.legacy-keys", "group"]);
    let named = of(&document);
    assert!(named.contains(&("config.legacy-keys".to_owned(), "error".to_owned())), "{document:#}");
    assert!(
        named.contains(&("group.visible-replies".to_owned(), "warning".to_owned())),
        "{document:#}"
    );
    assert!(document.to_string().contains("accounts.a.systemPrompt"), "{document:#}");
    let told = fix(&machine, &["config.legacy-keys"]);
    let config = machine.read_text(".openclaw/openclaw.json");
    let meaning: Value = serde_json::from_str(&config).unwrap();
    let channel = &meaning["channels"]["dingtalk-connector"];
    assert_eq!(
        (&channel["systemPrompt"], &channel["accounts"]["a"]),
        (&json!("be kind"), &json!({}))
    );
    let rule = json!({"mode": "idle", "idleMinutes": 30});
    assert_eq!(meaning["session"]["resetByChannel"]["dingtalk-connector"], rule);
    assert!(!config.contains("gatewayUrl") && !config.contains("sessionTimeout"), "{told}{config}");
    assert!(config.contains("a-secret-of-dingtalk"), "the secret stays");
    machine.roll_back();
    assert!(machine.read_text(".openclaw/openclaw.json").contains("gatewayUrl"));
}
