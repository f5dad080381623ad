//! `doctor` and the real OpenClaw: what the stand-in only plays.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::bench::{Machine, furnished_with_openclaw, said};

const DROP_IN: &str = "~/.config/systemd/user/openclaw-gateway.service.d/override.conf";

#[test]
fn nothing_false_is_said_of_a_healthy_one_and_faults_are_mended() {
    let machine = furnished_with_openclaw();
    machine
        .command(&[
            "openclaw-setup",
            "install",
            "payload/dingtalk-connector",
            "--client-id",
            "ding-id-1",
            "--client-secret-file",
            "-",
            "--yes",
        ])
        .input("a-secret-of-dingtalk")
        .ask();
    assert_eq!(machine.message("one")["reply"], "Hello from the model.");
    assert_eq!(machine.message("two")["reply"], "Hello from the model.");
    // the sandbox has no logind: nobody lingers there, and that is the truth
    let truth = set(&["service.linger"]);
    assert_eq!(named(&machine), truth);
    the_provider_is_asked_the_way_the_gateway_goes(&machine);

    restarted(&machine, &format!("rm {DROP_IN}"));
    assert_eq!(machine.message("three")["reply"], "Hello from the model.");
    assert_eq!(machine.message("four")["error"], "fetch failed");
    assert_eq!(named(&machine), set(&["service.linger", "proxy.loopback"]));
    assert_eq!(not_ready(&machine), "proxy.loopback");
    fix(&machine);
    assert_eq!(named(&machine), truth);
    assert_eq!(machine.message("five")["reply"], "Hello from the model.");
    assert_eq!(machine.message("six")["reply"], "Hello from the model.");

    restarted(&machine, "sed -i '/chatCompletions/,/}/ s/true/false/' ~/.openclaw/openclaw.json");
    assert_eq!(not_ready(&machine), "gateway.endpoint");
    restarted_or_not(&machine, "chmod 777 ~/.openclaw/extensions/dingtalk-connector");
    let ill = named(&machine);
    let expected = ["plugin.mode-link", "config.channel-orphan", "plugin.checksum"];
    assert!(expected.iter().all(|id| ill.contains(*id)), "{ill:?}");
    fix(&machine);
    assert_eq!(named(&machine), truth);
    assert_eq!(machine.message("seven")["reply"], "Hello from the model.");
}

/// Only the proxy leads to the provider, and OpenClaw's own Node.js asks.
#[allow(clippy::unwrap_used, reason = "where the document has another shape, the test fails")]
fn the_provider_is_asked_the_way_the_gateway_goes(machine: &Machine) {
    let output = machine.run(&["openclaw-setup", "doctor", "--live", "--json", "llm"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["findings"], serde_json::json!([]), "{document:#}");
    let measured = document["measurements"].as_array().unwrap();
    let status =
        |way| measured.iter().filter(move |one| one["way"] == way).map(|one| &one["status"]);
    assert!(status("direct").all(Value::is_null), "{document:#}");
    assert_eq!(status("proxy").count(), 2, "{document:#}");
    assert!(status("proxy").all(|status| *status == 200), "{document:#}");
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

/// The checks with errors and warnings.
#[allow(clippy::unwrap_used, reason = "where the document has another shape, the test fails")]
fn named(machine: &Machine) -> BTreeSet<String> {
    let output = machine.run(&["openclaw-setup", "doctor", "--json", "--lang", "en"]);
    let document: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    let findings = document["findings"].as_array().unwrap().iter();
    let bad = findings.filter(|finding| finding["severity"] != "info");
    bad.map(|finding| finding["checkId"].as_str().unwrap().to_owned()).collect()
}

/// The gateway runs; the code of what keeps it from being ready for the bot, which is no success.
#[allow(clippy::unwrap_used, reason = "where the document has another shape, the test fails")]
pub(crate) fn not_ready(machine: &Machine) -> String {
    let output = machine.run(&["openclaw-setup", "status", "--json"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let proof = &document["proof"];
    assert_eq!(
        (&proof["reached"], &proof["next"]),
        (&"running".into(), &"ready".into()),
        "{proof}"
    );
    proof["cause"]["code"].as_str().unwrap().to_owned()
}

fn fix(machine: &Machine) {
    let output = machine.run(&["openclaw-setup", "doctor", "--fix", "--yes", "--lang", "en"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

fn restarted(machine: &Machine, script: &str) {
    restarted_or_not(machine, script);
    machine.wait_ready();
}

fn restarted_or_not(machine: &Machine, script: &str) {
    machine.shell(&format!(
        "systemctl --user stop openclaw-gateway; {script}; systemctl --user daemon-reload; systemctl --user start openclaw-gateway"
    ));
}
