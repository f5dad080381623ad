//! A gateway that does not come up with the new state: everything is undone, and the old one runs again.

use std::time::{Duration, Instant};

use crate::bench::program::{PAYLOAD, UNIT, assert_exit, assert_says};
use crate::bench::snapshot::RECORDS;
use crate::bench::{Machine, said};

/// Installs on a machine whose gateway has these faults as soon as the connector is configured; fails unless `install` says
/// why, takes everything back and lets the old gateway run.
#[track_caller]
fn assert_undone(faults: &str, reason: &[&str]) {
    let machine = Machine::brisk();
    machine.let_the_gateway(&format!("{{\"only_with_connector\": true, {faults}}}"));
    let before = machine.home();
    let failed = machine.install(&["--timeout", "5"]).run();
    assert_exit(&failed, 1);
    assert_says(&failed, reason);
    assert_says(&failed, &["Everything that this command had changed was undone."]);
    assert!(!said(&failed).contains(crate::bench::program::SECRET), "{}", said(&failed));
    before.without(RECORDS).assert_same(&machine.home().without(RECORDS));
    machine.assert_old_gateway_runs();
    assert_eq!(machine.property(UNIT, "NeedDaemonReload"), "no");
    assert_eq!(machine.variable_of_the_gateway("no_proxy"), None);
    assert_eq!(machine.transactions()[0]["state"], "undone");
    assert_exit(&machine.setup(&["verify"]).run(), 3);
}

#[test]
fn it_refuses_to_start() {
    assert_undone(
        r#""refuse": "Gateway failed to start: the moon is wrong""#,
        &["Gateway failed to start: the moon is wrong"],
    );
}

#[test]
fn it_dies_and_dies_again() {
    assert_undone(r#""stream": "silent", "crash_after": 0.3"#, &[UNIT]);
}

#[test]
fn it_is_never_ready() {
    assert_undone(r#""never_ready": true"#, &["not ready"]);
}

#[test]
fn it_never_listens() {
    assert_undone(r#""listen_after": 600"#, &["127.0.0.1:18789"]);
}

#[test]
fn it_runs_but_cannot_load_the_connector() {
    assert_undone(r#""plugin": "fails""#, &["failed to load", "plugin.ts"]);
}

#[test]
fn it_runs_without_a_word_of_the_connector() {
    assert_undone(r#""plugin": "silent""#, &["dingtalk-connector"]);
}

#[test]
fn it_comes_up_late_and_that_is_well() {
    let machine = Machine::brisk();
    machine
        .let_the_gateway(r#"{"only_with_connector": true, "listen_after": 2, "ready_after": 1}"#);
    assert_exit(&machine.install(&[]).run(), 0);
    assert_eq!(machine.chat_status(), 400);
}

#[test]
fn it_finds_its_config_invalid() {
    let machine = Machine::brisk();
    // what OpenClaw itself refuses, in a part that is none of ours
    machine.shell(&format!(
        "systemctl --user stop {UNIT}; sed -i 's/\"tools\"/\"toolz\"/' ~/.openclaw/openclaw.json"
    ));
    let before = machine.home();
    let failed = machine.install(&["--start"]).run();
    assert_exit(&failed, 1);
    assert_says(&failed, &["Unrecognized key: \"toolz\"", "was undone"]);
    before.without(RECORDS).assert_same(&machine.home().without(RECORDS));
    assert_ne!(machine.property(UNIT, "ActiveState"), "active", "it did not run before");
}

#[test]
fn the_old_tree_of_an_upgrade_comes_back() {
    let machine = Machine::set_up();
    machine.shell("cd payload/dingtalk-connector; echo @@ >>plugin.ts; sha256sum *.json plugin.ts >SHA256SUMS");
    let before = machine.home().without(RECORDS);
    let failed = machine.install(&[]).run();
    assert_exit(&failed, 1);
    assert_says(&failed, &["failed to load", "was undone"]);
    before.assert_same(&machine.home().without(RECORDS));
    assert_exit(&machine.setup(&["verify"]).run(), 0);
    machine.wait_ready();
    assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
}

/// Answers that never come out of the socket are no reason to wait for longer than was allowed.
#[test]
fn no_answer_can_be_read() {
    let machine = Machine::set_up();
    for (error, timeout, command, limit) in [
        ("EINTR", "1", &["status"][..], 5),
        ("EINTR", "3", &["install", PAYLOAD, "--session-timeout", "700000"], 15),
        ("EIO", "3", &["install", PAYLOAD, "--session-timeout", "700000"], 15),
    ] {
        let inject = format!("inject=recvfrom:error={error}:when=1+");
        let strace = ["strace", "-f", "-o", "/dev/null", "-e", &inject];
        let program = ["openclaw-setup", "--timeout", timeout];
        let begin = Instant::now();
        let ended = machine.command(&[&strace, &program[..], command].concat()).run();
        let took = begin.elapsed();
        assert!(took < Duration::from_secs(limit), "{command:?} {error}: {took:?}");
        if command[0] == "install" {
            assert_exit(&ended, 1);
            assert_says(&ended, &["does not answer like an OpenClaw gateway"]);
        }
    }
}
