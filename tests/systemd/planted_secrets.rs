//! Secrets of every kind, planted wherever one may lie: no output of any command shows one, nor what people wrote to the bot.

use std::process::Output;

use serde_json::json;

use crate::bench::program::{CONFIG, MODELS, PAYLOAD, UNIT};
use crate::bench::{HOME, Machine, said};

const DROP_INS: &str = ".config/systemd/user/openclaw-gateway.service.d";

/// Each in its place (see [`plant`]); what follows the number is its kind.
const SECRETS: [&str; 37] = [
    "S01-comment-Tok3n",
    "S02-gateway-T0ken",
    "S03-url-Passw0rd",
    "S04-query-K3y",
    "S05-api-K3y",
    "S06-plain-h3ader",
    "S07-bearer-h3ader",
    "S08-account-S3cret",
    "S09-account-S3cret",
    "S10-argument-T0ken",
    "S11-argument-Passw0rd",
    "S12-mcp-Env1ronment",
    "S13-webhook-T0ken",
    "S14-passphr4se of words",
    "S15-pwd-v4lue",
    "S16planted1nePEM",
    "S17planted2woPEM",
    "S18-c00kie",
    "S19-nested-T0ken",
    "S20-encoding-AESk3y",
    "S21-dropin-Passw0rd",
    "S22-proxy-Passw0rd",
    "S23-file-T0ken",
    "S24planted1neFilePEM",
    "S25-exec-T0ken",
    "S26-exec-Passw0rd",
    "S27-dotenv-S3cret",
    "S28-models-K3y",
    "S29-npmrc-T0ken",
    "S30-given-S3cret",
    "S31-given-T0ken",
    "S32-given-K3y",
    "S33-logged-Passw0rd",
    "S34-logged-c00kie",
    "S35-logged-auth0rization",
    "S36-client-S3cret",
    "S37-profile-K3y",
];

/// What stands in the log in another form, and what people and the bot said.
const FORMS: [&str; 9] = [
    // a secret of the config in base64, on its own and behind `joe:`, and for a URL
    "UzE1LXB3ZC12NGx1Z",
    "MxNS1wd2QtdjRsdW",
    "S14-passphr4se%20of",
    "joe's salary",
    "[salary]",
    "is 100 a day",
    "Dear Joe, your salary",
    "and a bonus",
    "pasted line",
];

#[test]
fn no_command_shows_one() {
    let machine = Machine::brisk();
    plant(&machine);
    let install = ["install", PAYLOAD, "--client-id=ding1", "--client-secret-file=given-s"];
    let install = [
        &install[..],
        &["--gateway-token-file=given-t", "--api-key-file=given-k", "--gateway-auth=token"],
        &["--base-url=http://joe:S03-url-Passw0rd@model.example:8080/v1?key=S04-query-K3y"],
        &["--model=gpt-5.4", "--yes"],
    ]
    .concat();
    let newer = machine.connector("0.6.1");
    let bundle = format!("{HOME}/bundle.tgz");
    let upgrade = ["upgrade", &newer, "--yes"];
    every_way(&machine, &[&install[..], &["-n"]].concat());
    describe(&machine);
    look(&machine);
    trace(&machine, &[&install[..], &["--verbose"]].concat());
    trace(&machine, &["doctor", "--live"]);
    trace(&machine, &["status", "--live"]);
    add_accounts(&machine);
    look(&machine);
    every_way(&machine, &[&upgrade[..], &["-n"]].concat());
    once(&machine, &[&upgrade[..], &["--json"]].concat());
    every_way(&machine, &["rollback", "-n"]);
    once(&machine, &["rollback", "--yes", "--verbose"]);
    once(&machine, &install);
    every_way(&machine, &["uninstall", "-n"]);
    once(&machine, &["doctor", "--bundle", &bundle]);
    assert_clean("the bundle", &machine.shell("tar xzOf bundle.tgz"));
    errors(&machine, &install);
    records(&machine);
    once(&machine, &["uninstall", "--yes", "--verbose"]);
    once(&machine, &["recover", "--verbose"]);
    records(&machine);
}

/// Files of `apply` with a secret inside: one that is taken, one that is refused, one that is broken.
fn describe(machine: &Machine) {
    let described = |allow: bool, end: &str| {
        format!(
            "{{connector: {{source: '{HOME}/{PAYLOAD}'}}, allowInlineSecrets: {allow}, settings: {{clientId: 'ding1', \
             apiKey: {{file: 'given-k'}}, baseUrl: 'http://model.example:8080', clientSecret: '{}'{end}",
            SECRETS[29]
        )
    };
    machine.write("taken.json5", described(true, "}}"));
    machine.write("refused.json5", described(false, "}}"));
    machine.write("broken.json5", described(true, " '}}"));
    machine.shell("chmod 600 *.json5");
    for file in ["taken.json5", "refused.json5", "broken.json5"] {
        every_way(machine, &["apply", file, "--check", "--diff"]);
    }
    let done = machine.setup(&["apply", "taken.json5", "--check"]).run();
    assert_eq!(done.status.code(), Some(6), "{}", said(&done));
}

/// The channel of two bots more: the gateway starts with one only when the connector is there.
fn add_accounts(machine: &Machine) {
    let accounts = json!({"a": {"clientId": "ding1", "clientSecret": SECRETS[7]}, "b": {"clientId": "ding2", "clientSecret": SECRETS[8]}, "c": {"clientId": "ding3", "clientSecret": SECRETS[35]}});
    let config = machine.read_text(CONFIG);
    let with =
        config.replacen("\"clientId\"", &format!("\"accounts\": {accounts}, \"clientId\""), 1);
    assert_ne!(with, config);
    machine.write(CONFIG, with);
}

/// The journal; beside it only backups hold secrets: its preimages, and in `installed.json` the
/// values that `uninstall` puts back. Nobody else may read those.
fn records(machine: &Machine) {
    let journal =
        machine.shell("cd .openclaw/openclaw-setup/transactions; cat */intent.json */state; cat */progress */left || true");
    assert!(journal.contains("committed"), "{journal}");
    assert_clean("the journal", &journal);
    let open = machine.shell("find .openclaw/openclaw-setup \\( -name installed.json -o -name '*.old' -o -name '*.new' \\) -perm /077");
    assert_eq!(open, "");
}

/// Everything that only looks.
fn look(machine: &Machine) {
    for command in [
        &["status"][..],
        &["doctor"],
        &["doctor", "--fix", "-n"],
        &["verify"],
        &["history"],
        &["logs", "--since", "1h"],
        &["recover", "-n"],
        &["status", "--live"],
        &["status", "--metrics"],
        &["doctor", "--live"],
        &["doctor", "--list"],
        &["upgrade", "--for-openclaw", "2026.9.6"],
        &["explain", "gateway.auth"],
    ] {
        every_way(machine, command);
    }
    for endless in [&["logs", "-f", "--since", "1h"][..], &["status", "--watch"]] {
        for more in [&[][..], &["--json"]] {
            let command =
                [&["timeout", "--signal=INT", "4", "openclaw-setup"], endless, more].concat();
            let shown = said(&machine.command(&command).run());
            assert!(!shown.is_empty(), "{command:?}");
            assert_clean(&command.join(" "), &shown);
        }
    }
}

fn errors(machine: &Machine, install: &[&str]) {
    once(machine, &["install", "http://joe:S03-url-Passw0rd@host/x.tgz", "-n"]);
    once(machine, &["install", "https://host/x.tgz?access_token=S13-webhook-T0ken", "-n"]);
    once(machine, &["--nope=http://joe:S03-url-Passw0rd@host"]);
    machine.let_the_gateway(
        r#"{"refuse": "Gateway failed to start: bad token S31-given-T0ken, Cookie: a=S34-logged-c00kie"}"#,
    );
    machine.write(".openclaw/broken", machine.read(CONFIG));
    once(machine, &[install, &["--session-timeout=60000"]].concat());
    machine.shell(&format!("sed -i 's/\"hooks\"/\"hooks/' {CONFIG}"));
    for command in ["status", "doctor", "uninstall", "logs"] {
        once(machine, &[command, "--verbose"]);
    }
    machine.shell(&format!("mv .openclaw/broken {CONFIG}; rm .openclaw/stand-in.json"));
    machine.shell(&format!("systemctl --user restart {UNIT} || true"));
}

fn every_way(machine: &Machine, command: &[&str]) {
    for more in [&[][..], &["--json", "--verbose"], &["--verbose", "--lang", "zh-CN"]] {
        once(machine, &[command, more].concat());
    }
}

fn once(machine: &Machine, command: &[&str]) {
    let done = machine.setup(command).run();
    assert_clean(&command.join(" "), &said(&done));
}

/// Also what its children are given.
fn trace(machine: &Machine, command: &[&str]) {
    let strace = [
        "strace",
        "-f",
        "-s",
        "100000",
        "-v",
        "-e",
        "trace=execve",
        "-o",
        "trace",
        "openclaw-setup",
    ];
    let done: Output = machine.command(&[&strace, command].concat()).run();
    assert_clean(&command.join(" "), &said(&done));
    let own = machine.read_text("trace");
    // its own arguments were given to it, with the address that the test puts there
    let children: Vec<&str> = own.lines().skip(1).map(without_openclaws_own).collect();
    assert!(!children.is_empty(), "{command:?} has started nothing");
    assert_clean("the children", &children.join("\n"));
}

/// OpenClaw's own command line is given the environment of its gateway, which it needs.
fn without_openclaws_own(line: &str) -> &str {
    let environment = line.find("], [").filter(|_| line.contains("\"gateway\", \"call\""));
    environment.map_or(line, |at| &line[..at])
}

#[track_caller]
fn assert_clean(what: &str, text: &str) {
    for hidden in SECRETS.into_iter().chain(FORMS) {
        assert!(!text.contains(hidden), "{hidden} is in what {what} says:\n{text}");
    }
}

fn plant(machine: &Machine) {
    for (name, secret) in
        [("given-s", SECRETS[29]), ("given-t", SECRETS[30]), ("given-k", SECRETS[31])]
    {
        machine.write(name, format!("{secret}\n"));
    }
    machine.write(".npmrc", format!("//registry.npmjs.org/:_authToken={}\n", SECRETS[28]));
    machine.write(".openclaw/.env", format!("BOT_SECRET={}\n", SECRETS[26]));
    machine.write("secret.env", format!(
        "API_TOKEN={}\nTLS_PRIVATE_KEY=\"-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\"\n",
        SECRETS[22], SECRETS[23]
    ));
    let provider = json!({"providers": {"openai": {"apiKey": SECRETS[27], "baseUrl": "http://model.example:8080", "api": "openai-responses", "models": []}}});
    machine.write(MODELS, provider.to_string());
    let profiles = json!({"profiles": {"openai:default": {"type": "api_key", "provider": "openai", "key": SECRETS[36]}}});
    machine.write(MODELS.replace("models", "auth-profiles"), profiles.to_string());
    machine.shell("chmod 600 given-? .npmrc .openclaw/.env secret.env; chmod 600 .openclaw/agents/main/agent/models.json");
    write_config(machine);
    write_unit(machine);
    let lines = json!([
        ["gateway/ws", "407: http://joe:S03-url-Passw0rd@model.example passwd=S33-logged-Passw0rd"],
        ["gateway/ws", "sent Cookie: sid=S34-logged-c00kie; a=b"],
        ["gateway/ws", "authorization: token S35-logged-auth0rization"],
        ["gateway/ws", "Proxy-Authorization: Basic am9lOlMxNS1wd2QtdjRsdWU="],
        [
            "gateway/ws",
            "as UzE1LXB3ZC12NGx1ZQ== and am9lOlMxNS1wd2QtdjRsdWU= and S14-passphr4se%20of%20words"
        ],
        ["gateway/ws", "key S16planted1nePEM\nS17planted2woPEM"],
        [
            "gateway/channels/dingtalk-connector",
            "[DingTalk] 收到消息: joe's salary\n[salary] is 100 a day\n2020-01-01T00:00:00.000+00:00 [gateway] pasted line"
        ],
        [
            "gateway/channels/dingtalk-connector",
            "[DingTalk] Gateway chunk #1: \"Dear Joe, your salary\nand a bonus\""
        ],
        ["gateway/ws", "with the key S37-profile-K3y"],
        ["gateway/ws", "spoken"],
    ]);
    machine.let_the_gateway(&json!({"say": lines}).to_string());
    machine.shell(&format!("systemctl --user daemon-reload; systemctl --user restart {UNIT}"));
    machine.wait_ready();
    let heard = said(&machine.setup(&["logs"]).run());
    assert!(heard.contains("spoken") && heard.contains("收到消息 ***"), "{heard}");
}

fn write_config(machine: &Machine) {
    let config = json!({
        "models": {"mode": "merge", "providers": {"openai": {
            "apiKey": SECRETS[4],
            "baseUrl": format!("http://joe:{}@model.example:8080/v1?key={}", SECRETS[2], SECRETS[3]),
            "api": "openai-responses",
            "headers": {"X-Corp": SECRETS[5], "Authorization": format!("Bearer {}", SECRETS[6])},
            "models": [{"id": "gpt-5.4", "name": "gpt-5.4"}],
        }}},
        "agents": {"defaults": {"model": {"primary": "openai/gpt-5.4"}, "models": {"openai/gpt-5.4": {}}}},
        "gateway": {"port": 18789, "mode": "local", "bind": "loopback", "auth": {"mode": "token", "token": SECRETS[1]}},
        "hooks": {
            "servers": {"x": {"command": "npx", "args": ["-y", "server", "--token", SECRETS[9], format!("--password={}", SECRETS[10])], "env": {"CORP": SECRETS[11]}}},
            "webhookUrl": format!("https://oapi.example/robot/send?access_token={}", SECRETS[12]),
            "passphrase": SECRETS[13], "pwd": SECRETS[14],
            "private_key": format!("-----BEGIN PRIVATE KEY-----\n{}\n{}\n-----END PRIVATE KEY-----", SECRETS[15], SECRETS[16]),
            "cookie": format!("sid={}", SECRETS[17]),
            "list": [[{"token": [SECRETS[18]]}]],
            "encodingAESKey": SECRETS[19],
        },
    });
    let text = format!("// the token was {}\n{config:#}\n", SECRETS[0]);
    machine.write(CONFIG, text);
    machine.shell(&format!("chmod 600 {CONFIG}"));
}

fn write_unit(machine: &Machine) {
    let command = machine.shell(&format!("sed -n 's/^ExecStart=//p' .config/systemd/user/{UNIT}"));
    machine.write(format!("{DROP_INS}/20-secrets.conf"), format!(
        "[Service]\nEnvironment=\"DB_PASSWORD={} x\"\nEnvironment=http_proxy=http://joe:{}@10.0.0.1:3128\nEnvironmentFile=%h/secret.env\nExecStart=\nExecStart={command} --token {} --password={}\n",
        SECRETS[20], SECRETS[21], SECRETS[30], SECRETS[25]
    ));
    machine.write(
        format!("{DROP_INS}/override.conf"),
        format!(
            "[Service]\n# password {}\nEnvironment=OLD_TOKEN={} MORE_TOKEN={}\n",
            SECRETS[20], SECRETS[20], SECRETS[24]
        ),
    );
}
