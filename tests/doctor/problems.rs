//! The page's five problems, made for real.

use crate::bench::{Machine, said};
use crate::patient::{
    document, edit, files, fix, found, healthy, healthy_behind_a_proxy, new_since, of,
    plain_config, set, speak, start, stop,
};

/// The fault is named and nothing beside it; `--fix` mends it; `rollback` brings it back as it was.
fn mended_and_brought_back(
    machine: &Machine,
    healthy: &crate::patient::Found,
    named: &[(&str, &str)],
) {
    assert_eq!(new_since(healthy, &found(machine)), set(named));
    let broken = files(machine);
    let told = fix(machine, &[]);
    assert_eq!(new_since(healthy, &found(machine)), set(&[]), "{told}");
    assert_eq!(machine.chat_status(), 400);
    machine.roll_back();
    assert_eq!(files(machine), broken);
}

#[test]
fn problem_1_fetch_failed() {
    let machine = healthy_behind_a_proxy();
    let well = found(&machine);
    assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
    stop(&machine);
    machine.shell("rm ~/.config/systemd/user/openclaw-gateway.service.d/override.conf");
    start(&machine);
    assert_eq!(machine.message("hello")["error"], "fetch failed");
    let document = document(&machine, &["proxy.loopback"]);
    let evidence = document["findings"][0]["evidence"].to_string();
    assert!(evidence.contains("/environ") && evidence.contains("http_proxy=http://127.0.0.1:9"));
    mended_and_brought_back(&machine, &well, &[("proxy.loopback", "error")]);
}

/// What the provider has, only `--live` knows: `live.rs` mends it.
#[test]
fn problem_2_no_reply() {
    let machine = healthy();
    let well = found(&machine);
    plain_config(&machine);
    edit(&machine, "c['models']['providers']['openai']['api']='openai-responses'");
    machine.shell("chmod 600 ~/.openclaw/openclaw.json");
    assert_eq!(new_since(&well, &found(&machine)), set(&[("llm.api-mode", "warning")]));
    let document = document(&machine, &["llm.api-mode"]);
    let finding = &document["findings"][0];
    assert!(finding["evidence"].to_string().contains("openclaw.json:"), "{finding:#}");
    assert!(finding["fixHint"].to_string().contains("doctor --live llm"), "{finding:#}");
    let before = files(&machine);
    fix(&machine, &[]);
    assert_eq!(files(&machine), before, "what nobody has measured stays");
}

#[test]
fn problem_3_gateway_error_404() {
    let machine = healthy();
    let well = found(&machine);
    plain_config(&machine);
    stop(&machine);
    edit(&machine, "c['gateway']['http']['endpoints']['chatCompletions']['enabled']=False");
    start(&machine);
    assert_eq!(machine.chat_status(), 404);
    let document = document(&machine, &["gateway"]);
    assert!(document.to_string().contains("HTTP 404"), "{document:#}");
    mended_and_brought_back(&machine, &well, &[("gateway.endpoint", "error")]);
}

#[test]
fn problem_4_a_broken_config() {
    let machine = healthy();
    plain_config(&machine);
    machine.shell("cp -p ~/.openclaw/openclaw.json ~/.openclaw/openclaw.json.bak");
    machine.shell(r#"sed -i 's/"port": 18789,/"port": 18789/' ~/.openclaw/openclaw.json"#);
    let broken = machine.read(".openclaw/openclaw.json");
    let document = document(&machine, &[]);
    let finding = &document["findings"][0];
    assert_eq!(finding["checkId"], "config.syntax");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("a comma is missing") && message.contains('^'), "{message}");
    assert!(finding["fixHint"].as_str().unwrap().contains("--restore-config"));
    assert!(
        of(&document).iter().all(|(id, severity)| severity != "error" || id == "config.syntax")
    );

    let shown = machine.run(&["openclaw-setup", "doctor", "--fix", "--dry-run"]);
    assert!(said(&shown).contains("+    \"port\": •••,"), "{}", said(&shown));
    assert_eq!(machine.read(".openclaw/openclaw.json"), broken);
    fix(&machine, &[]);
    assert_eq!(
        machine.read(".openclaw/openclaw.json"),
        machine.read(".openclaw/openclaw.json.bak")
    );
    machine.roll_back();
    assert_eq!(machine.read(".openclaw/openclaw.json"), broken);

    // a gateway that is started into a broken config again and again is not started any more
    machine.shell("systemctl --user reset-failed");
    machine.shell(r#"sed -i 's/"port": 18789/"port" 18789/' ~/.openclaw/openclaw.json"#);
    let broken = machine.read(".openclaw/openclaw.json");
    let unasked = machine.run(&["openclaw-setup", "doctor", "--fix", "--yes"]);
    assert_eq!(unasked.status.code(), Some(3), "{}", said(&unasked));
    assert_eq!(machine.read(".openclaw/openclaw.json"), broken, "only on request");
    fix(&machine, &["--restore-config"]);
    assert_eq!(
        machine.read(".openclaw/openclaw.json"),
        machine.read(".openclaw/openclaw.json.bak")
    );
    machine.roll_back();
    assert_eq!(machine.read(".openclaw/openclaw.json"), broken);
}

#[test]
fn problem_5_the_model_does_not_answer() {
    let machine = healthy();
    let well = found(&machine);
    speak(&machine, "agent", "LLM request timed out.");
    stop(&machine);
    start(&machine);
    assert_eq!(new_since(&well, &found(&machine)), set(&[("llm.reach", "warning")]));
}

/// A newer OpenClaw's unit is not started again after a config that is refused (exit code 78), nor too
/// often in five minutes.
#[test]
fn a_unit_that_systemd_has_given_up_is_started_again() {
    let machine = healthy();
    plain_config(&machine);
    machine.write(
        ".config/systemd/user/openclaw-gateway.service.d/30-newer.conf",
        "[Unit]\nStartLimitBurst=1\nStartLimitIntervalSec=300\n[Service]\nRestartPreventExitStatus=1 78\n",
    );
    machine.shell(r#"sed -i 's/"port": 18789,/"port": 18789/' ~/.openclaw/openclaw.json"#);
    machine
        .shell("systemctl --user daemon-reload; systemctl --user restart openclaw-gateway || true");
    machine.wait_for_state("failed");
    machine.shell("! systemctl --user start openclaw-gateway");
    fix(&machine, &[]);
    machine.wait_ready();
    assert_eq!(machine.chat_status(), 400);
}
