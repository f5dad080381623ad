//! Ctrl-C in each phase: 130, everything as it was, and the gateway runs.

use crate::bench::Machine;
use crate::bench::program::{NEVER_READY, UNIT, Watched, assert_exit, assert_says};
use crate::bench::snapshot::{RECORDS, Snapshot};

/// Presses Ctrl-C, and fails unless everything is as before.
#[track_caller]
fn assert_undone(machine: &Machine, before: Snapshot, running: Watched<'_>) {
    running.signal("INT");
    let ended = running.end();
    assert_exit(&ended, 130);
    assert_says(&ended, &["interrupted"]);
    before.without(RECORDS).assert_same(&machine.home().without(RECORDS));
    machine.assert_old_gateway_runs();
    assert_eq!(machine.shell(&format!("ls {RECORDS}/transactions/*/tree 2>/dev/null || true")), "");
}

/// A machine whose payload takes a while to read: 600 MB, a hole in the file system.
fn with_a_large_payload() -> Machine {
    let machine = Machine::brisk();
    machine.shell(
        "cd payload/dingtalk-connector; mkdir -p assets; truncate -s 600M assets/large.bin; sha256sum *.json plugin.ts assets/large.bin >SHA256SUMS",
    );
    machine
}

#[test]
fn while_the_payload_is_read() {
    let machine = with_a_large_payload();
    let before = machine.home();
    let mut running = machine.install(&["--verbose"]).watch();
    running.until("dingtalk-connector …");
    assert_undone(&machine, before, running);
    assert!(!machine.has(RECORDS), "nothing had begun");
}

#[test]
fn while_the_payload_is_staged() {
    let machine = with_a_large_payload();
    let before = machine.home();
    let mut running = machine.install(&["--verbose"]).watch();
    running.until("dingtalk-connector …");
    running.until("dingtalk-connector …");
    assert_undone(&machine, before, running);
}

/// npm and what it has started, by the names that they give themselves.
fn npms(machine: &Machine) -> String {
    machine.shell("cat /proc/[0-9]*/comm 2>/dev/null | grep -E '^(npm|node)' || true")
}

#[test]
fn while_npm_fetches_what_the_connector_needs() {
    let machine = Machine::brisk();
    machine.shell(
        r#"cd payload/dingtalk-connector; sed -i '0,/{/s//{"dependencies": {"slow": "1.0.0"},/' package.json; sha256sum *.json plugin.ts >SHA256SUMS"#,
    );
    let settings = machine.hold_the_registry();
    let order = machine.install(&[]);
    let running =
        settings.iter().fold(order, |order, (name, value)| order.env(name, value)).watch();
    machine.wait_until("[ -s asked ]");
    assert_ne!(npms(&machine), "");
    machine.shell("rm asked");
    let before = machine.home().without(RECORDS);
    assert_undone(&machine, before, running);
    assert_eq!(npms(&machine), "");
    assert_eq!(machine.transactions(), [] as [serde_json::Value; 0]);
}

#[test]
fn while_the_gateway_stops() {
    let machine = Machine::brisk_with(&[], r#"{"stop_after": 2}"#, &[]);
    let before = machine.home();
    let running = machine.install(&[]).watch();
    machine.wait_for_state("deactivating");
    assert_undone(&machine, before, running);
}

#[test]
fn while_the_gateway_starts() {
    let machine = Machine::brisk();
    machine.write(
        ".config/systemd/user/openclaw-gateway.service.d/20-slow.conf",
        "[Service]\nExecStartPre=/bin/sh -c '! grep -q dingtalk %h/.openclaw/openclaw.json || sleep 20'\n",
    );
    machine.shell("systemctl --user daemon-reload");
    let before = machine.home();
    let running = machine.install(&[]).watch();
    machine.wait_for_state("activating");
    assert_undone(&machine, before, running);
}

#[test]
fn while_its_health_is_watched() {
    let machine = Machine::brisk_with(&[], NEVER_READY, &[]);
    let before = machine.home();
    let running = machine.install_up_to_the_gate();
    assert_undone(&machine, before, running);
}

#[test]
fn a_terminal_that_goes_away_is_no_different() {
    let machine = Machine::brisk_with(&[], NEVER_READY, &[]);
    let before = machine.home();
    let running = machine.install_up_to_the_gate();
    running.signal("HUP");
    assert_exit(&running.end(), 130);
    before.without(RECORDS).assert_same(&machine.home().without(RECORDS));
    machine.assert_old_gateway_runs();
}

#[test]
fn a_second_ctrl_c_ends_it_at_once_and_recover_does_the_rest() {
    let machine = Machine::brisk_with(&[], r#"{"stop_after": 3}"#, &[]);
    let before = machine.home();
    let running = machine.install(&[]).watch();
    machine.wait_for_state("deactivating");
    running.signal("INT");
    running.signal("INT");
    assert_exit(&running.end(), 130);
    machine.setup(&["recover"]).ask();
    before.without(RECORDS).assert_same(&machine.home().without(RECORDS));
    machine.assert_old_gateway_runs();
    assert_eq!(machine.property(UNIT, "Result"), "success");
}
