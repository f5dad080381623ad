//! Ctrl-C in each phase: 130, everything as it was, and the gateway runs.

use crate::bench::program::{NEVER_READY, UNIT, Watched, assert_exit, assert_says};
use crate::bench::snapshot::{RECORDS, Snapshot};
use crate::bench::{Machine, said};

/// Presses Ctrl-C, and fails unless everything is as before.
#[track_caller]
fn assert_undone(machine: &Machine, before: Snapshot, running: Watched<'_>) {
    running.signal("INT");
    let ended = running.end();
    assert_exit(&ended, 130);
    let told = said(&ended);
    assert!(
        told.contains("Cancelled; nothing was changed.") || told.contains("was undone"),
        "{told}"
    );
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

const SIGNALS: [(&str, i32); 3] = [("INT", 130), ("TERM", 143), ("HUP", 129)];

/// Fails unless everything is as before and nothing is pending.
#[track_caller]
fn assert_as_it_was(machine: &Machine, before: &Snapshot) {
    before.clone().without(RECORDS).assert_same(&machine.home().without(RECORDS));
    machine.assert_old_gateway_runs();
    assert_eq!(machine.property(UNIT, "Result"), "success");
    assert_says(&machine.setup(&["recover"]).run(), &["Nothing to recover."]);
}

/// The second signal comes while the gateway still stops.
#[test]
fn two_signals_are_as_one_and_the_code_says_which() {
    let machine = Machine::brisk_with(&[], r#"{"stop_after": 1}"#, &[]);
    let before = machine.home();
    for (signal, code) in SIGNALS {
        let running = machine.install(&[]).watch();
        machine.wait_for_state("deactivating");
        running.signal_twice(signal);
        let ended = running.end();
        assert_exit(&ended, code);
        assert_says(&ended, &["interrupted", "was undone"]);
        assert_as_it_was(&machine, &before);
    }
}

/// After each line that the program says on its way there, and after each on its way back.
#[test]
fn two_signals_after_any_step_leave_everything_as_it_was() {
    let machine = Machine::brisk_with(&[], NEVER_READY, &[]);
    let before = machine.home();
    let steps = |word: &str| {
        let running = machine.install_up_to_the_gate();
        running.signal("INT");
        let said = said(&running.end());
        said.lines().filter(|line| line.contains(word)).count()
    };
    let undone = steps("undone: ");
    let done = steps("✓ ") - undone;
    assert!(done > 5 && undone > 3, "{done} {undone}");
    let mut turn = 0;
    for (word, count) in [("✓ ", done), ("undone: ", undone)] {
        for nth in 1..=count {
            let (signal, code) = SIGNALS[turn % SIGNALS.len()];
            turn += 1;
            let mut running = if word == "✓ " {
                machine.install(&[]).watch()
            } else {
                let running = machine.install_up_to_the_gate();
                running.signal(signal);
                running
            };
            (0..nth).for_each(|_| running.until(word));
            running.signal_twice(signal);
            assert_exit(&running.end(), code);
            assert_as_it_was(&machine, &before);
        }
    }
}

/// Nothing of this run has begun: the earlier one is taken back all the same, and that is told.
#[test]
fn signals_during_a_recovery_wait_for_its_end() {
    let machine = Machine::brisk_with(&[], NEVER_READY, &[]);
    let before = machine.home();
    for (signal, _) in SIGNALS {
        let running = machine.install_up_to_the_gate();
        running.signal("KILL");
        running.end();
        let mut running = machine.setup(&["recover"]).watch();
        running.until("undone: ");
        running.signal_twice(signal);
        let ended = running.end();
        assert_exit(&ended, 0);
        assert_says(&ended, &["was interrupted; it was undone"]);
        assert_as_it_was(&machine, &before);
    }
}

/// With nothing begun a second signal ends at once what does not listen.
#[test]
fn before_anything_has_begun_each_signal_ends_it_with_its_code() {
    let machine = with_a_large_payload();
    let before = machine.home();
    for (signal, code) in SIGNALS {
        let mut running = machine.install(&["--verbose"]).watch();
        running.until("dingtalk-connector …");
        running.signal_twice(signal);
        assert_exit(&running.end(), code);
        before.assert_same(&machine.home());
    }
}
