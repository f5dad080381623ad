//! One command on the real OpenClaw does the page's work, and every step of it is taken back.

use serde_json::Value;

use crate::bench::{Machine, furnished_with_openclaw, said};
use crate::doctor::not_ready;

const CONFIG: &str = ".openclaw/openclaw.json";
const MODELS: &str = ".openclaw/agents/main/agent/models.json";
const DROP_IN: &str = ".config/systemd/user/openclaw-gateway.service.d/override.conf";
const PAYLOAD: &str = "payload/dingtalk-connector";
const UNIT: &str = "openclaw-gateway.service";

#[test]
fn the_page_in_one_command_and_back_again() {
    let machine = machine_with_a_secret();
    let (config, models) = (machine.read(CONFIG), machine.read(MODELS));
    assert_eq!(machine.chat_status(), 404);

    install(&machine, &["--gateway-auth", "none"]);
    expect_valid(&machine);
    assert_eq!(machine.chat_status(), 400);
    for text in ["one", "two", "three"] {
        assert_eq!(machine.message(text)["reply"], "Hello from the model.", "{text}");
    }

    // the drop-in is what does it: without it the second message goes to the proxy
    machine.shell(&format!("rm {DROP_IN}; systemctl --user daemon-reload"));
    machine.shell(&format!("systemctl --user restart {UNIT}"));
    machine.wait_ready();
    assert_eq!(machine.message("four")["reply"], "Hello from the model.");
    assert_eq!(machine.message("five")["error"], "fetch failed");
    assert_eq!(not_ready(&machine), "proxy.loopback");

    install(&machine, &[]);
    assert_eq!(machine.message("six")["reply"], "Hello from the model.");
    assert_eq!(machine.message("seven")["reply"], "Hello from the model.");

    machine.shell(&format!(
        "systemctl --user stop {UNIT}; sed -i '/chatCompletions/,/}}/ s/true/false/' {CONFIG}; systemctl --user start {UNIT}"
    ));
    machine.wait_ready();
    assert_eq!(machine.chat_status(), 404);
    assert_eq!(not_ready(&machine), "gateway.endpoint");
    install(&machine, &[]);
    assert_eq!(machine.message("eight")["reply"], "Hello from the model.");

    let run = machine.property(UNIT, "InvocationID");
    assert!(install(&machine, &[]).contains("Nothing to do"));
    assert_eq!(machine.property(UNIT, "InvocationID"), run, "no restart");

    machine.ask(&["openclaw-setup", "uninstall", "--yes"]);
    expect_valid(&machine);
    assert_eq!(machine.chat_status(), 404);
    assert_eq!(meaning(&machine.read(CONFIG)), meaning(&config));
    assert!(!machine.has(DROP_IN));
    assert!(!machine.has(".openclaw/extensions/dingtalk-connector"));
    let provider = |bytes: &[u8]| meaning(bytes)["providers"]["openai"]["apiKey"].clone();
    assert_eq!(provider(&machine.read(MODELS)), provider(&models));
}

/// OpenClaw's own onboarding leaves a gateway in token mode: it stays so, and the connector gets
/// the token.
#[test]
fn a_gateway_with_a_token_keeps_it_and_the_bot_answers() {
    let machine = machine_with_a_secret();
    let token = meaning(&machine.read(CONFIG))["gateway"]["auth"]["token"].clone();
    assert!(token.is_string(), "the onboarding made one");
    let output = install(&machine, &[]);
    assert!(!output.contains(token.as_str().unwrap()), "{output}");
    let config = meaning(&machine.read(CONFIG));
    assert_eq!(config["gateway"]["auth"]["mode"], "token");
    assert_eq!(config["channels"]["dingtalk-connector"]["gatewayToken"], token);
    assert_eq!(machine.chat_status(), 401, "without the token nobody gets in");
    assert_eq!(machine.message("one")["reply"], "Hello from the model.");
    assert_eq!(machine.message("two")["reply"], "Hello from the model.");
}

/// `/readyz` answers 200 and `plugins list` says "loaded": only the gateway's own log tells.
#[test]
fn a_connector_that_does_not_compile_is_taken_back_with_openclaws_own_reason() {
    let machine = machine_with_a_secret();
    let config = machine.read(CONFIG);
    machine.shell(&format!("rm {PAYLOAD}/SHA256SUMS; echo 'const = ;' >> {PAYLOAD}/plugin.ts"));
    let output = machine.run(&command(&["--gateway-auth", "none", "--allow-unverified"]));
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("could not load the connector"), "{}", said(&output));
    assert!(said(&output).contains("ParseError"), "{}", said(&output));
    assert_eq!(machine.read(CONFIG), config, "byte for byte");
    assert!(!machine.has(DROP_IN));
    assert!(!machine.has(".openclaw/extensions"));
    machine.wait_ready();
    assert_eq!(machine.chat_status(), 404, "the old gateway runs");
}

fn command<'a>(options: &[&'a str]) -> Vec<&'a str> {
    let secret = "client-secret";
    let settings = ["--client-id", "sandbox-client-id", "--client-secret-file", secret, "--yes"];
    ["openclaw-setup", "install", PAYLOAD]
        .into_iter()
        .chain(settings)
        .chain(options.iter().copied())
        .collect()
}

fn machine_with_a_secret() -> Machine {
    let machine = furnished_with_openclaw();
    machine.shell("umask 077; echo sandbox-client-secret >client-secret");
    machine
}

fn install(machine: &Machine, options: &[&str]) -> String {
    let output = machine.run(&command(options));
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

fn expect_valid(machine: &Machine) {
    let validation = machine.ask(&[".local/bin/openclaw", "config", "validate", "--json"]);
    assert_eq!(meaning(validation.as_bytes())["valid"], true, "{validation}");
}

/// Without OpenClaw's own stamp, which it renews whenever it writes.
fn meaning(bytes: &[u8]) -> Value {
    let mut value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.remove("meta");
    }
    value
}
