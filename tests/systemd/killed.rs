//! `kill -9`: the next command finds the journal and takes back what was done, or finds it committed.

use crate::bench::program::{NEVER_READY, UNIT, Watched, assert_exit, assert_says};
use crate::bench::snapshot::{RECORDS, Snapshot};
use crate::bench::{Machine, said};

fn kill(running: Watched<'_>) {
    running.signal("KILL");
    running.end();
}

#[track_caller]
fn assert_recovers(machine: &Machine, before: &Snapshot) {
    let would = machine.setup(&["recover", "--dry-run"]).run();
    assert_exit(&would, 0);
    assert_says(&would, &["would be undone"]);
    let recovered = machine.setup(&["recover"]).run();
    assert_exit(&recovered, 0);
    assert_says(&recovered, &["was interrupted; it was undone"]);
    before.clone().without(RECORDS).assert_same(&machine.home().without(RECORDS));
    machine.assert_old_gateway_runs();
    assert_says(&machine.setup(&["recover"]).run(), &["Nothing to recover."]);
}

#[test]
fn while_the_gateway_stops() {
    let machine = Machine::brisk_with(&[], r#"{"stop_after": 2}"#, &[]);
    let before = machine.home();
    let running = machine.install(&[]).watch();
    machine.wait_for_state("deactivating");
    kill(running);
    assert_recovers(&machine, &before);
}

#[test]
fn while_its_health_is_watched() {
    let machine = Machine::brisk_with(&[], NEVER_READY, &[]);
    let before = machine.home();
    let running = machine.install_up_to_the_gate();
    kill(running);
    assert_recovers(&machine, &before);
}

#[test]
fn the_next_install_recovers_first_and_then_does_its_work() {
    let machine = Machine::brisk_with(&[], NEVER_READY, &[]);
    let running = machine.install_up_to_the_gate();
    kill(running);
    machine.let_the_gateway("{}");
    let done = machine.install(&[]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["was interrupted; it was undone", "DingTalk works here"]);
    let states: Vec<_> = machine.transactions().iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["committed", "undone"]);
    assert_eq!(machine.chat_status(), 400);
}

#[test]
fn what_somebody_has_edited_since_is_kept() {
    let machine = Machine::brisk_with(&[], NEVER_READY, &[]);
    let running = machine.install_up_to_the_gate();
    kill(running);
    machine.shell(
        "sed -i 's,/\\* the owner.s choice \\*/,/* edited since */,' ~/.openclaw/openclaw.json",
    );
    let recovered = machine.setup(&["recover"]).run();
    assert_exit(&recovered, 0);
    let config = machine.read_text(".openclaw/openclaw.json");
    assert!(config.contains("/* edited since */") && !config.contains("dingtalk"), "{config}");
    machine.assert_old_gateway_runs();
}

/// What systemd says of the unit it will say again: that does not keep the journal open.
#[test]
fn a_unit_that_has_gone_since_is_named_once() {
    let machine = Machine::brisk_with(&[], NEVER_READY, &[]);
    let before = machine.home();
    let running = machine.install_up_to_the_gate();
    kill(running);
    machine.shell(&format!(
        "systemctl --user stop {UNIT}; rm -r .config/systemd/user/{UNIT} .config/systemd/user/*.wants; systemctl --user daemon-reload"
    ));
    let recovered = machine.setup(&["recover"]).run();
    assert_exit(&recovered, 4);
    assert_says(&recovered, &[&format!("systemctl --user start {UNIT}: "), "could not be undone"]);
    assert_says(&machine.setup(&["recover"]).run(), &["Nothing to recover."]);
    let theirs = |home: Snapshot| home.without(RECORDS).without(".config/systemd/user");
    theirs(before).assert_same(&theirs(machine.home()));
}

/// Cut off at each of its renames, of which every one makes something visible: old or new, and whole.
#[test]
fn at_any_rename_the_home_is_whole_afterwards() {
    let machine = Machine::only_a_home();
    let old = machine.home().without(RECORDS);
    let mut committed = false;
    for turn in 1..100 {
        let injection = format!("inject=rename,renameat,renameat2:signal=KILL:when={turn}");
        let line = [
            "strace",
            "-f",
            "-o",
            "/dev/null",
            "-e",
            "trace=rename,renameat,renameat2",
            "-e",
            &injection,
            "openclaw-setup",
            "install",
            "payload/dingtalk-connector",
        ];
        let ended = machine
            .command(&line)
            .env("OPENCLAW_SETUP_CLIENT_ID", "ding-test-id")
            .env("OPENCLAW_SETUP_CLIENT_SECRET", "s3cret")
            .run();
        if ended.status.success() {
            committed = true;
            assert!(turn > 4, "so few renames? {turn}");
            break;
        }
        let recovered = machine.setup(&["recover"]).run();
        assert_exit(&recovered, 0);
        let states: Vec<_> =
            machine.transactions().iter().map(|one| one["state"].clone()).collect();
        if states.first().is_some_and(|state| state == "committed") {
            assert_exit(&machine.setup(&["verify"]).run(), 0);
            assert_says(&machine.install(&[]).run(), &["Nothing to do"]);
            committed = true;
            break;
        }
        old.assert_same(&machine.home().without(RECORDS));
    }
    assert!(committed, "it never came to an end");
    let verified = machine.setup(&["verify"]).run();
    assert_exit(&verified, 0);
    assert!(said(&verified).contains("0.6.0"));
}
