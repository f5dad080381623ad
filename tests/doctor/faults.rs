//! Faults beyond the page's five, each made for real on a machine that was healthy before.

use crate::bench::{Machine, said};
use crate::patient::{
    Found, UNIT, document, edit, files, fix, found, healthy, healthy_behind_a_proxy, new_since, of,
    plain_config, set, speak, start, stop,
};

/// One fault.
struct Fault {
    name: &'static str,
    /// Makes it; the gateway is stopped and nothing starts it.
    make: fn(&Machine),
    /// What `doctor` must name, and nothing else: (check, severity).
    named: &'static [(&'static str, &'static str)],
    /// What happens to it.
    cure: Cure,
}

#[derive(PartialEq)]
enum Cure {
    /// `--fix` mends it whole, and `rollback` brings it back.
    Fix,
    /// It is named; a person has to mend it.
    Advice,
}

const LOOP: (&str, &str) = ("service.crashloop", "error");
const TREE: &str = ".openclaw/extensions/dingtalk-connector";

/// Goes through the faults, one after the other, on one machine.
fn go_through(machine: &Machine, faults: &[Fault]) {
    plain_config(machine);
    machine.shell("chmod 600 ~/.openclaw/openclaw.json; systemctl --user restart openclaw-gateway");
    machine.wait_ready();
    let well = found(machine);
    stop(machine);
    machine.shell("mkdir ~/kept; cp -a ~/.openclaw ~/.config ~/kept/");
    for fault in faults {
        (fault.make)(machine);
        start_or_fail(machine);
        let named = new_since(&well, &found(machine));
        assert_eq!(named, set(fault.named), "{}: {:#}", fault.name, document(machine, &[]));
        if fault.cure == Cure::Fix {
            mend(machine, fault, &well);
        }
        machine.shell(&format!("systemctl --user stop {UNIT}"));
        by_root(machine, "rm -rf /home/tester/.openclaw /home/tester/.config");
        machine.shell(&format!(
            "cp -a ~/kept/.openclaw ~/kept/.config ~/; systemctl --user daemon-reload; \
             systemctl --user reset-failed {UNIT} 2>/dev/null || true"
        ));
    }
}

fn mend(machine: &Machine, fault: &Fault, well: &Found) {
    let broken = files(machine);
    let told = fix(machine, &[]);
    let rest = new_since(well, &found(machine));
    assert_eq!(rest, set(&[]), "{} is not mended: {told}", fault.name);
    // 401: the gateway is in token mode, and we have shown none
    assert!(matches!(machine.chat_status(), 400 | 401), "{}: {told}", fault.name);
    machine.ask(&["openclaw-setup", "rollback", "--yes"]);
    assert_eq!(files(machine), broken, "{} is not brought back", fault.name);
}

/// Starts the gateway and waits until it is ready, or has failed for the first time.
fn start_or_fail(machine: &Machine) {
    machine.shell(&format!(
        r"systemctl --user daemon-reload
        systemctl --user start {UNIT} || exit 0
        for i in $(seq 200); do
          state=$(systemctl --user show --value -p SubState {UNIT})
          [ $state != auto-restart ] && [ $state != failed ] || exit 0
          (exec 3<>/dev/tcp/127.0.0.1/18789) 2>/dev/null && exit 0
          (exec 3<>/dev/tcp/127.0.0.1/18790) 2>/dev/null && exit 0
          sleep 0.05
        done; exit 1"
    ));
}

fn shell(machine: &Machine, script: &str) {
    machine.shell(script);
}

fn by_root(machine: &Machine, script: &str) {
    machine.command(&["bash", "-euc", script]).by_root().ask();
}

#[test]
fn the_plugins_tree_is_not_accepted() {
    go_through(
        &healthy(),
        &[
            Fault {
                name: "anybody may write the tree",
                make: |m| shell(m, &format!("chmod 777 ~/{TREE}")),
                named: &[
                    ("plugin.mode-link", "error"),
                    ("config.channel-orphan", "error"),
                    ("plugin.checksum", "warning"),
                    LOOP,
                ],
                cure: Cure::Fix,
            },
            Fault {
                name: "anybody may write the entry",
                make: |m| shell(m, &format!("chmod 666 ~/{TREE}/plugin.ts")),
                named: &[
                    ("plugin.mode-link", "error"),
                    ("config.channel-orphan", "error"),
                    ("plugin.checksum", "warning"),
                    LOOP,
                ],
                cure: Cure::Fix,
            },
            Fault {
                name: "the manifest has a hard link",
                make: |m| shell(m, &format!("ln ~/{TREE}/plugin.ts ~/twin.ts")),
                named: &[("plugin.mode-link", "error"), ("config.channel-orphan", "error"), LOOP],
                cure: Cure::Fix,
            },
        ],
    );
}

#[test]
fn something_else_lies_in_extensions() {
    go_through(
        &healthy(),
        &[
            Fault {
                name: "a copy",
                make: |m| shell(m, &format!("cp -a ~/{TREE} ~/{TREE}.bak.20260101")),
                named: &[("plugin.duplicate", "error")],
                cure: Cure::Fix,
            },
            Fault {
                name: "half a plugin",
                make: |m| {
                    shell(
                        m,
                        r#"mkdir ~/.openclaw/extensions/half; echo '{"openclaw": {"extensions": ["./x.ts"]}}' >~/.openclaw/extensions/half/package.json"#,
                    );
                },
                named: &[("plugin.stray", "error"), LOOP],
                cure: Cure::Fix,
            },
            Fault {
                name: "a stage of OpenClaw's own installer",
                make: |m| shell(m, "mkdir ~/.openclaw/extensions/.openclaw-install-stage-abc"),
                named: &[("host.leftovers", "warning")],
                cure: Cure::Fix,
            },
        ],
    );
}

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
                named: &[("config.allowlist", "error"), LOOP],
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
                named: &[("llm.models-json", "error")],
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
fn the_proxy_again() {
    go_through(
        &healthy_behind_a_proxy(),
        &[
            Fault {
                name: "the page's own one-line override",
                make: |m| {
                    m.write(DROP_IN, "[Service]Environment=\"no_proxy=127.0.0.1,localhost,::1\"Environment=\"NO_PROXY=127.0.0.1,localhost,::1\"");
                },
                named: &[("proxy.dropin", "error"), ("proxy.loopback", "error")],
                cure: Cure::Fix,
            },
            Fault {
                name: "an empty no_proxy wins",
                make: |m| {
                    m.write(DROP_IN, "[Service]\nEnvironment=no_proxy=\nEnvironment=NO_PROXY=127.0.0.1,localhost,::1,[::1]\n");
                },
                named: &[("proxy.case-clash", "warning"), ("proxy.loopback", "error")],
                cure: Cure::Fix,
            },
            Fault {
                name: "a later drop-in takes it back",
                make: |m| {
                    m.write(
                        ".config/systemd/user/openclaw-gateway.service.d/zz.conf",
                        "[Service]\nEnvironment=no_proxy=corp.example\n",
                    );
                },
                named: &[
                    ("proxy.dropin", "error"),
                    ("proxy.loopback", "error"),
                    ("proxy.case-clash", "warning"),
                ],
                cure: Cure::Advice,
            },
            Fault {
                name: "the proxy comes from .env",
                make: |m| {
                    shell(
                        m,
                        "sed -i /proxy=/d ~/.config/systemd/user/openclaw-gateway.service; rm ~/.config/systemd/user/openclaw-gateway.service.d/override.conf",
                    );
                    m.write(".openclaw/.env", "http_proxy=http://127.0.0.1:9\n");
                    shell(m, "chmod 600 ~/.openclaw/.env");
                },
                named: &[("proxy.loopback", "error")],
                cure: Cure::Fix,
            },
            Fault {
                name: "a SOCKS proxy",
                make: |m| {
                    m.write(
                        ".config/systemd/user/openclaw-gateway.service.d/socks.conf",
                        "[Service]\nEnvironment=https_proxy=socks5://127.0.0.1:1080\n",
                    );
                },
                named: &[("proxy.socks", "warning")],
                cure: Cure::Advice,
            },
        ],
    );
}

const DROP_IN: &str = ".config/systemd/user/openclaw-gateway.service.d/override.conf";

#[test]
fn a_drop_in_that_systemd_has_not_read() {
    let machine = healthy();
    let well = found(&machine);
    machine.write(
        ".config/systemd/user/openclaw-gateway.service.d/more.conf",
        "[Service]\nEnvironment=MORE=1\n",
    );
    assert_eq!(new_since(&well, &found(&machine)), set(&[("proxy.dropin", "error")]));
    fix(&machine, &[]);
    assert_eq!(found(&machine), well);
}

#[test]
fn the_connector_is_another_than_it_should_be() {
    go_through(
        &healthy(),
        &[
            Fault {
                name: "the tree is gone",
                make: |m| shell(m, &format!("rm -r ~/{TREE}")),
                named: &[
                    ("plugin.present", "error"),
                    ("plugin.checksum", "warning"),
                    ("config.channel-orphan", "error"),
                    LOOP,
                ],
                cure: Cure::Advice,
            },
            Fault {
                name: "its entry is gone",
                make: |m| shell(m, &format!("rm ~/{TREE}/plugin.ts")),
                named: &[
                    ("plugin.present", "error"),
                    ("plugin.checksum", "warning"),
                    ("config.channel-orphan", "error"),
                    LOOP,
                ],
                cure: Cure::Advice,
            },
            Fault {
                name: "a file was edited",
                make: |m| shell(m, &format!("echo >>~/{TREE}/plugin.ts")),
                named: &[("plugin.checksum", "warning")],
                cure: Cure::Advice,
            },
            Fault {
                name: "it does not compile",
                make: |m| shell(m, &format!("echo @@ >>~/{TREE}/plugin.ts")),
                named: &[("plugin.checksum", "warning"), ("plugin.load", "error")],
                cure: Cure::Advice,
            },
            Fault {
                name: "a dependency is missing, another cannot connect",
                make: |m| {
                    shell(
                        m,
                        &format!(
                            r#"cd ~/{TREE}; sed -i 's/"private"/"dependencies": {{"axios": "1", "dingtalk-stream": "^2.1.4"}}, "private"/' package.json
                mkdir -p node_modules/dingtalk-stream; echo '{{"version": "2.1.5"}}' >node_modules/dingtalk-stream/package.json"#
                        ),
                    );
                },
                named: &[("plugin.checksum", "warning"), ("plugin.deps", "error")],
                cure: Cure::Advice,
            },
            Fault {
                name: "a version that this OpenClaw cannot load",
                make: |m| {
                    shell(
                        m,
                        &format!(
                            r#"sed -i 's/"version": "0.6.0"/"version": "0.8.13"/' ~/{TREE}/package.json"#
                        ),
                    );
                },
                named: &[("plugin.checksum", "warning"), ("compat.matrix", "error")],
                cure: Cure::Advice,
            },
            Fault {
                name: "a published version that leaks connections",
                make: |m| {
                    shell(m, &format!("sed -i s,@sandbox/,@openclaw/, ~/{TREE}/package.json"));
                },
                named: &[("plugin.checksum", "warning"), ("channel.restart-loop", "warning")],
                cure: Cure::Advice,
            },
            Fault {
                name: "it belongs to somebody else",
                make: |m| by_root(m, &format!("chown -R 1234 /home/tester/{TREE}")),
                named: &[("plugin.ownership", "error"), ("config.channel-orphan", "error"), LOOP],
                cure: Cure::Advice,
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
                named: &[("plugin.rival", "warning"), LOOP],
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
fn the_service_is_at_fault() {
    go_through(
        &healthy(),
        &[
            Fault {
                name: "it refuses to start",
                make: |m| m.let_the_gateway(r#"{"refuse": "no, thank you"}"#),
                named: &[LOOP],
                cure: Cure::Advice,
            },
            Fault {
                name: "its program is gone",
                make: |m| {
                    shell(
                        m,
                        "sed -i 's,dist/index.js,dist/gone.js,' ~/.config/systemd/user/openclaw-gateway.service",
                    );
                },
                named: &[LOOP, ("service.unit", "error")],
                cure: Cure::Advice,
            },
            Fault {
                name: "it is not enabled",
                make: |m| shell(m, "systemctl --user --quiet disable openclaw-gateway"),
                named: &[("service.unit", "warning")],
                cure: Cure::Advice,
            },
            Fault {
                name: "a second gateway's unit",
                make: |m| {
                    m.write(
                        ".config/systemd/user/clawdbot-gateway.service",
                        "[Service]\nExecStart=/usr/bin/clawdbot gateway --port 18789\n",
                    );
                },
                named: &[("gateway.listener", "warning")],
                cure: Cure::Advice,
            },
            Fault {
                name: "it says that it cannot reach DingTalk",
                make: |m| {
                    speak(
                        m,
                        "gateway/channels/dingtalk-connector",
                        "[default] startAccount: get endpoint failed",
                    );
                },
                named: &[("dingtalk.stream", "error")],
                cure: Cure::Advice,
            },
            Fault {
                name: "its channel is restarted over and over",
                make: |m| {
                    speak(
                        m,
                        "gateway/channels/dingtalk-connector",
                        "[default] auto-restart attempt 3/10 in 20s",
                    );
                },
                named: &[("channel.restart-loop", "warning")],
                cure: Cure::Advice,
            },
        ],
    );
}

#[test]
fn the_gateway_does_not_run() {
    let machine = healthy();
    let well = found(&machine);
    stop(&machine);
    assert_eq!(new_since(&well, &found(&machine)), set(&[("gateway.health", "error")]));
    let stranger = machine
        .command(&["/usr/bin/python3", "-m", "http.server", "18789", "--bind", "127.0.0.1"])
        .start();
    machine.wait_until("(: </dev/tcp/127.0.0.1/18789) 2>/dev/null");
    let named = new_since(&well, &found(&machine));
    stranger.signal("KILL");
    assert_eq!(named, set(&[("gateway.health", "error"), ("gateway.listener", "error")]));
    start(&machine);
}

#[test]
fn the_unit_is_missing_or_masked() {
    let machine = healthy();
    let well = found(&machine);
    stop(&machine);
    machine.shell(
        "mv ~/.config/systemd/user/openclaw-gateway.service ~/unit; systemctl --user daemon-reload",
    );
    assert_eq!(new_since(&well, &found(&machine)), set(&[("service.unit", "error")]));
    machine.shell("ln -s /dev/null ~/.config/systemd/user/openclaw-gateway.service; systemctl --user daemon-reload");
    let masked = new_since(&well, &found(&machine));
    assert!(masked.contains(&("service.unit".to_owned(), "error".to_owned())), "{masked:?}");
}

#[test]
fn repairs_after_which_the_gateway_is_not_healthy_are_taken_back() {
    let machine = healthy();
    stop(&machine);
    machine.shell(&format!("chmod 777 ~/{TREE}; cp -a ~/{TREE} ~/{TREE}.bak.20260101"));
    machine.let_the_gateway(r#"{"refuse": "no, thank you"}"#);
    start_or_fail(&machine);
    let broken = files(&machine);
    let failed = machine.run(&["openclaw-setup", "doctor", "--fix", "--yes", "--lang", "en"]);
    assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
    assert!(said(&failed).contains("undone: move"), "{}", said(&failed));
    assert_eq!(files(&machine), broken);
}

#[test]
fn there_is_no_user_manager() {
    let machine = Machine::start_with(&["--no-manager"]);
    machine.furnish(&["--no-start"]);
    let document = document(&machine, &["service"]);
    assert!(
        of(&document).contains(&("service.bus".to_owned(), "error".to_owned())),
        "{document:#}"
    );
    assert!(document["skipped"].to_string().contains("service.unit"));
}

#[test]
fn a_newer_openclaw_enforces_the_connectors_schema() {
    let machine = healthy();
    plain_config(&machine);
    stop(&machine);
    let script = format!(
        r#"sed -i 's/2026.3.13/2026.5.20/' ~/.local/lib/node_modules/openclaw/package.json
        sed -i 's/"version": "0.6.0"/"version": "0.8.13"/' ~/{TREE}/package.json ~/{TREE}/openclaw.plugin.json
        sed -i 's/"configSchema"/"channelConfigs": {{"dingtalk-connector": {{"schema": {{"type": "object", "additionalProperties": false, "properties": {{"enabled": {{}}, "clientId": {{}}, "clientSecret": {{}}}}}}}}}}, &/' ~/{TREE}/openclaw.plugin.json"#
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
    let told = fix(&machine, &["config.legacy-keys"]);
    let config = machine.read_text(".openclaw/openclaw.json");
    assert!(!config.contains("gatewayUrl") && !config.contains("sessionTimeout"), "{told}{config}");
    assert!(config.contains("a-secret-of-dingtalk"), "the secret stays");
    machine.ask(&["openclaw-setup", "rollback", "--yes"]);
    assert!(machine.read_text(".openclaw/openclaw.json").contains("gatewayUrl"));
}

#[test]
fn a_transaction_that_was_cut_off_is_named() {
    let machine = healthy();
    machine
        .shell("for t in ~/.openclaw/openclaw-setup/transactions/*/; do echo open >$t/state; done");
    let document = document(&machine, &["host.leftovers"]);
    assert!(document.to_string().contains("openclaw-setup recover"), "{document:#}");
    let status = machine.run(&["openclaw-setup", "recover"]);
    assert!(status.status.success(), "{}", said(&status));
}
