//! OpenClaw itself is exchanged beneath an installed connector, in its own place as npm does it, and comes back.

use crate::bench::program::{CONFIG, assert_exit, assert_says, json};
use crate::bench::{HOME, Machine, PROXY, behind_a_proxy, real_openclaw, said};
use crate::every_version::{PATIENCE, expect_valid, install, payload, the_bot_answers};

const CONNECTOR: &str = "0.8.3";

#[test]
fn after_an_upgrade_and_a_return_of_openclaw_the_bot_is_one_command_away() {
    let earlier = real_openclaw();
    let later = std::env::var("OPENCLAW_SETUP_TEST_OPENCLAW_LATER")
        .expect("OPENCLAW_SETUP_TEST_OPENCLAW_LATER names the directory of a later OpenClaw: run `make test-openclaw-all`");
    let machine = behind_a_proxy(&[&earlier, &later]);
    machine.furnish(&["--openclaw", &earlier, "--proxy", PROXY]);
    machine.shell("umask 077; echo sandbox-client-secret >client-secret");
    install(&machine, &payload(&machine, CONNECTOR));
    the_bot_answers(&machine, CONNECTOR);
    let channel = machine.config()["channels"].clone();

    stop(&machine);
    by_root(&machine, &format!("mount --bind {later} {earlier}"));
    // as OpenClaw's own `update` does; a sandbox has no systemd of the system that could be asked about services
    machine.shell("OPENCLAW_SERVICE_REPAIR_POLICY=external .local/bin/openclaw doctor --fix --non-interactive");
    machine.shell("systemctl --user start openclaw-gateway");
    machine.wait_ready();
    expect_valid(&machine);
    assert_eq!(machine.config()["channels"], channel, "its secret among them");
    assert_exit(&machine.setup(&["verify"]).run(), 0);
    named(&machine, &[("compat.matrix", "doctor --fix")]);
    fix(&machine, &[]);
    the_bot_answers(&machine, CONNECTOR);
    assert_eq!(machine.config()["channels"], channel);

    stop(&machine);
    by_root(&machine, &format!("umount {earlier}"));
    machine.shell("systemctl --user start openclaw-gateway");
    machine.wait_until("journalctl --user -u openclaw-gateway | grep -q 'Unrecognized key'");
    named(&machine, &[("compat.matrix", "doctor --fix"), ("config.accepted", "--restore-config")]);
    fix(&machine, &["--restore-config"]);
    the_bot_answers(&machine, CONNECTOR);
    assert_eq!(machine.config()["channels"], channel);
    assert!(machine.read_text(CONFIG).contains("\"installs\""), "as it was before the upgrade");
}

/// For what exchanges OpenClaw in its own place.
fn by_root(machine: &Machine, script: &str) {
    machine.command(&["bash", "-euc", script]).by_root().ask();
}

fn stop(machine: &Machine) {
    machine.shell(&format!("cd {HOME}; systemctl --user stop openclaw-gateway"));
}

/// Each of these checks finds an error, and its hint says this.
fn named(machine: &Machine, expected: &[(&str, &str)]) {
    let doctor = machine.setup(&["doctor", "--json"]).run();
    assert_exit(&doctor, 3);
    let document = json(&doctor);
    let findings = document["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (check, hint) in expected {
        let is_meant = |finding: &&serde_json::Value| {
            finding["checkId"] == *check && finding["severity"] == "error"
        };
        let finding =
            findings.iter().find(is_meant).unwrap_or_else(|| panic!("{check}: {}", said(&doctor)));
        assert!(finding["fixHint"].to_string().contains(hint), "{finding:#}");
    }
}

fn fix(machine: &Machine, more: &[&str]) {
    let line = [&["doctor", "--fix", "--yes", "--lang=en", PATIENCE], more].concat();
    let fixed = machine.setup(&line).run();
    assert_exit(&fixed, 0);
    assert_says(&fixed, &["DingTalk works here: the bot is connected, and the model answers."]);
}
