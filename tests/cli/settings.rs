//! Settings and the ways they come in: options, files, standard input, variables, answers.

use serde_json::{Value, json};

use crate::bench::program::{CONFIG, MODELS, PAYLOAD, SECRET, assert_exit, assert_says};
use crate::bench::{Machine, Order, said};

fn install<'a>(machine: &'a Machine, arguments: &[&str]) -> Order<'a> {
    machine.setup(&[&["install", PAYLOAD], arguments].concat())
}

/// The config with its comments, read by the reader that the gateway stand-in has for it.
fn config(machine: &Machine) -> Value {
    let script = "cd ~/.local/lib/node_modules/openclaw/dist; python3 -c 'import json, config; print(json.dumps(config.load()[0]))'";
    serde_json::from_str(&machine.shell(script)).unwrap()
}

fn channel(machine: &Machine) -> Value {
    config(machine)["channels"]["dingtalk-connector"].clone()
}

#[test]
fn every_option_lands_where_the_page_has_it() {
    let machine = Machine::only_a_home();
    machine.shell(
        "printf 's3cret-client\\n' >s; printf s3cret-token >t; printf 's3cret-key\\r\\n' >k",
    );
    let done = install(
        &machine,
        &[
            "--client-id",
            "ding1",
            "--client-secret-file",
            "s",
            "--gateway-token-file",
            "t",
            "--base-url",
            "https://api.example.com/v1",
            "--model",
            "qwen-9",
            "--api-key-file",
            "k",
            "--gateway-auth",
            "token",
            "--session-timeout",
            "60000",
        ],
    )
    .run();
    assert_exit(&done, 0);
    let config = config(&machine);
    assert_eq!(
        config["channels"]["dingtalk-connector"],
        json!({
            "enabled": true, "clientId": "ding1", "clientSecret": "s3cret-client", "gatewayToken": "s3cret-token",
            "gatewayUrl": "http://127.0.0.1:18789", "sessionTimeout": 60000,
        })
    );
    assert_eq!(config["gateway"]["auth"], json!({"mode": "token", "token": "s3cret-token"}));
    let provider = &config["models"]["providers"]["openai"];
    assert_eq!(provider["apiKey"], "s3cret-key");
    assert_eq!(provider["baseUrl"], "https://api.example.com/v1");
    assert_eq!(provider["api"], "openai-completions");
    assert_eq!(provider["models"][1], json!({"id": "qwen-9", "name": "qwen-9"}));
    assert_eq!(config["agents"]["defaults"]["model"]["primary"], "openai/qwen-9");
    assert_eq!(
        config["agents"]["defaults"]["models"],
        json!({"openai/gpt-5.4": {}, "openai/qwen-9": {}})
    );
    assert!(!said(&done).contains("s3cret"), "{}", said(&done));
}

#[test]
fn an_option_beats_a_variable_and_a_variable_the_answers() {
    let machine = Machine::only_a_home();
    machine.write(
        "answers.json5",
        "// mine\n{clientId: 'of-answers', clientSecret: 'of-answers', sessionTimeout: 100000,}",
    );
    machine.write("secret", "of-option");
    let options = ["--answers", "answers.json5", "--client-secret-file", "secret"];
    let done = install(&machine, &options)
        .env("OPENCLAW_SETUP_CLIENT_ID", "of-variable")
        .env("OPENCLAW_SETUP_CLIENT_SECRET", "of-variable")
        .run();
    assert_exit(&done, 0);
    let channel = channel(&machine);
    assert_eq!(
        [&channel["clientId"], &channel["clientSecret"], &channel["sessionTimeout"]],
        [&json!("of-variable"), &json!("of-option"), &json!(100_000)]
    );
}

#[test]
fn a_secret_may_come_on_standard_input_or_in_a_file_that_a_variable_names() {
    let machine = Machine::only_a_home();
    machine.write("key", "k-of-file");
    let done = install(&machine, &["--client-id", "ding1", "--client-secret-file", "-"])
        .env("OPENCLAW_SETUP_API_KEY_FILE", "key")
        .input(format!("{SECRET}\n"))
        .run();
    assert_exit(&done, 0);
    assert_eq!(channel(&machine)["clientSecret"], SECRET);
    assert_eq!(config(&machine)["models"]["providers"]["openai"]["apiKey"], "k-of-file");
}

/// A descriptor that the shell has made for us is kept from our children, not from us.
#[test]
fn a_secret_may_come_out_of_a_pipe_or_a_file_that_the_shell_holds_open() {
    let machine = Machine::only_a_home();
    machine.shell(&format!(
        "printf piped >key; openclaw-setup install {PAYLOAD} --client-id ding1 \
           --client-secret-file <(sleep 0.3; echo {SECRET}) \
           --base-url https://api.example.com/v1 --model qwen-9 --api-key-file /dev/fd/9 9<key"
    ));
    assert_eq!(channel(&machine)["clientSecret"], SECRET);
    let provider = &config(&machine)["models"]["providers"]["openai"];
    assert_eq!(provider["apiKey"], "piped", "{provider}");
}

#[test]
fn what_is_in_the_config_already_need_not_be_given_and_is_kept() {
    let machine = Machine::only_a_home();
    let with_channel = machine.read_text(CONFIG).replace(
        "  \"tools\"",
        "  channels: {'dingtalk-connector': {clientId: 'mine', clientSecret: '${DING_SECRET}', sessionTimeout: 5, groups: {a: 1}}},\n  \"tools\"",
    );
    machine.write(CONFIG, with_channel);
    assert_exit(&install(&machine, &[]).run(), 0);
    let text = machine.read_text(CONFIG);
    for kept in ["clientId: 'mine'", "'${DING_SECRET}'", "sessionTimeout: 5", "groups: {a: 1}"] {
        assert!(text.contains(kept), "{kept} is missing in:\n{text}");
    }
}

#[test]
fn needed_and_missing_without_a_terminal() {
    let machine = Machine::only_a_home();
    let before = machine.home();
    let refused = install(&machine, &[]).run();
    assert_exit(&refused, 2);
    assert_says(
        &refused,
        &[
            "--client-id",
            "OPENCLAW_SETUP_CLIENT_ID",
            "\"clientId\"",
            "--client-secret-file",
            "OPENCLAW_SETUP_CLIENT_SECRET",
            "\"clientSecret\"",
        ],
    );
    before.assert_same(&machine.home());
}

#[test]
fn a_provider_that_openclaw_would_refuse_is_asked_for_what_it_lacks() {
    let machine = Machine::only_a_home();
    let without =
        machine.read_text(CONFIG).replace("\"baseUrl\": \"http://model.example:8080\", ", "");
    machine.write(CONFIG, without);
    let before = machine.home();
    let refused =
        install(&machine, &["--client-id", "a"]).env("OPENCLAW_SETUP_CLIENT_SECRET", "b").run();
    assert_exit(&refused, 2);
    assert_says(&refused, &["--base-url", "OPENCLAW_SETUP_BASE_URL", "\"baseUrl\""]);
    before.assert_same(&machine.home());
}

#[test]
fn placeholders_are_refused_wherever_they_come_from() {
    let machine = Machine::only_a_home();
    machine.write("answers", "{clientId: '你的钉钉clientId', clientSecret: 'x1'}");
    machine.write("secret", "<secret>");
    let before = machine.home();
    for (options, variable, named) in [
        (&["--client-id", "your-client-id"][..], "s", "--client-id"),
        (&["--client-id", "ding1"], "你的钉钉clientSecret", "--client-secret-file"),
        (&["--client-id", "ding1", "--client-secret-file", "secret"], "s", "--client-secret-file"),
        (&["--answers", "answers"], "s", "--client-id"),
    ] {
        let refused =
            install(&machine, options).env("OPENCLAW_SETUP_CLIENT_SECRET", variable).run();
        assert_exit(&refused, 2);
        assert_says(&refused, &[named, "placeholder"]);
        before.assert_same(&machine.home());
    }
}

#[test]
fn a_placeholder_in_the_config_counts_as_missing() {
    let machine = Machine::only_a_home();
    let page = machine.read_text(CONFIG).replace(
        "  \"tools\"",
        "  \"channels\": {\"dingtalk-connector\": {\"clientId\": \"你的钉钉clientId\", \"clientSecret\": \"s\"}},\n  \"tools\"",
    );
    machine.write(CONFIG, page);
    let refused = install(&machine, &[]).run();
    assert_exit(&refused, 2);
    assert_says(&refused, &["--client-id"]);
    assert!(!said(&refused).contains("--client-secret-file"), "{}", said(&refused));
}

#[test]
fn what_is_malformed_is_named_and_never_shown() {
    let machine = Machine::only_a_home();
    machine.write("bad-key.json5", "{clientId: 'a', klientSecret: 'hidden-value'}");
    machine.write("bad-syntax.json5", "{clientId: 'a' clientSecret: 'hidden-value'}");
    machine.write("token", "hidden-value-令牌");
    let before = machine.home();
    for (options, named) in [
        (&["--answers", "bad-key.json5"][..], "klientSecret"),
        (&["--answers", "bad-syntax.json5"], "bad-syntax.json5"),
        (&["--answers", "nowhere.json5"], "nowhere.json5"),
        (&["--client-id", "a", "--gateway-token-file", "token"], "--gateway-token-file"),
        (&["--client-id", "a", "--base-url", "www.example.com"], "--base-url"),
        (
            &["--client-id", "a", "--client-secret-file", "-", "--api-key-file", "-"],
            "standard input",
        ),
        (&["--client-id", "a", "--session-timeout", "30min"], "--session-timeout"),
        (&["--client-id", "a", "--gateway-auth", "password"], "--gateway-auth"),
        (&["--client-secret", "hidden-value"], "--client-secret"),
    ] {
        let refused = install(&machine, options).env("OPENCLAW_SETUP_CLIENT_SECRET", SECRET).run();
        assert_exit(&refused, 2);
        assert_says(&refused, &[named]);
        let shown = said(&refused).contains("hidden-value") && !options.contains(&"hidden-value");
        assert!(!shown, "{}", said(&refused));
        before.assert_same(&machine.home());
    }
}

#[test]
fn answers_that_others_may_read_are_remarked() {
    let machine = Machine::only_a_home();
    machine.write("answers", format!("{{clientId: 'ding1', clientSecret: '{SECRET}'}}"));
    machine.shell("chmod 644 answers");
    let done = install(&machine, &["--answers", "answers"]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["chmod 600"]);
}

#[test]
fn a_rotated_key_reaches_the_agent_model_file() {
    let machine = Machine::only_a_home();
    machine.write(MODELS, r#"{"providers": {"openai": {"baseUrl": "http://model.example:8080", "apiKey": "old-key", "api": "openai-responses", "models": []}}}"#);
    let done = install(&machine, &["--client-id", "ding1"])
        .env("OPENCLAW_SETUP_CLIENT_SECRET", SECRET)
        .env("OPENCLAW_SETUP_API_KEY", "new-key")
        .run();
    assert_exit(&done, 0);
    assert_eq!(
        machine.read_text(MODELS),
        r#"{"providers": {"openai": {"baseUrl": "http://model.example:8080", "apiKey": "new-key", "api": "openai-responses", "models": []}}}"#
    );
    assert_eq!(config(&machine)["models"]["providers"]["openai"]["apiKey"], "new-key");
    assert!(
        !said(&done).contains("new-key") && !said(&done).contains("old-key"),
        "{}",
        said(&done)
    );
}
