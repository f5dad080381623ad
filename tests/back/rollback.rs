//! `rollback` where nothing else has changed: byte for byte, whatever the transaction was, and itself to be taken back.

use serde_json::json;

use crate::bench::program::{CONNECTOR, DROP_IN, UNIT, assert_exit, assert_says};
use crate::bench::snapshot::Snapshot;
use crate::bench::{Machine, said};

/// The states of a machine one after the other, and the id of the transaction after each.
struct Story {
    machine: Machine,
    states: Vec<Snapshot>,
    ids: Vec<String>,
}

impl Story {
    fn begin(machine: Machine) -> Self {
        Self { machine, states: Vec::new(), ids: Vec::new() }
    }

    #[track_caller]
    fn then(&mut self, act: impl FnOnce(&Machine) -> std::process::Output) {
        self.states.push(self.machine.theirs());
        assert_exit(&act(&self.machine), 0);
        self.ids.push(self.machine.newest());
    }

    /// Goes back to before transaction `number`.
    #[track_caller]
    fn back(&self, number: usize) {
        self.machine.done(&["rollback", &self.ids[number]]);
        self.states[number].assert_same(&self.machine.theirs());
    }
}

fn story() -> Story {
    let machine = Machine::only_a_home();
    let newer = machine.connector("0.7.0");
    let mut story = Story::begin(machine);
    story.then(|machine| machine.install(&[]).run());
    story.then(|machine| machine.upgrade(&newer, &[]).run());
    story.then(|machine| machine.setup(&["uninstall"]).run());
    story
}

#[test]
fn of_each_command_one_by_one() {
    let mut story = story();
    story.machine.done(&["rollback"]);
    story.states[2].assert_same(&story.machine.theirs());
    assert_exit(&story.machine.setup(&["verify"]).run(), 0);
    story.then(|machine| machine.setup(&["rollback"]).run());
    story.back(3);
    story.back(1);
    assert_exit(&story.machine.setup(&["verify"]).run(), 0);
}

#[test]
fn over_several_at_once_and_forward_again() {
    let mut story = story();
    story.back(0);
    assert!(!story.machine.has(CONNECTOR) && !story.machine.has(DROP_IN));
    story.then(|machine| machine.setup(&["rollback"]).run());
    story.back(1);
    assert_eq!(story.machine.live_version().as_deref(), Some("0.6.0"));
    let ends = &story.machine.transactions()[0];
    assert_eq!(ends["command"], "rollback");
    assert_eq!(ends["connector"]["to"], "0.6.0");
}

#[test]
fn a_rollback_of_a_rollback_of_a_rollback() {
    let machine = Machine::only_a_home();
    let mut story = Story::begin(machine);
    story.then(|machine| machine.install(&[]).run());
    let with = story.machine.theirs();
    for turn in 0..4 {
        story.machine.done(&["rollback"]);
        let expected = if turn % 2 == 0 { &story.states[0] } else { &with };
        expected.assert_same(&story.machine.theirs());
    }
}

#[test]
fn to_where_the_machine_already_is() {
    let machine = Machine::home_with_dingtalk();
    let id = machine.newest();
    machine.done(&["rollback", &id]);
    let there = machine.home();
    assert!(machine.done(&["rollback", &id]).contains("Nothing to do"));
    there.assert_untouched(&machine.home());
}

#[test]
fn shown_and_not_done() {
    let machine = Machine::home_with_dingtalk();
    let before = machine.home();
    let shown = machine.done(&["rollback", "--dry-run"]);
    assert!(shown.contains("remove connector 0.6.0 from"), "{shown}");
    assert!(shown.contains("openclaw.json"), "{shown}");
    before.assert_untouched(&machine.home());
}

#[test]
fn with_the_gateway_at_work() {
    let machine = Machine::brisk();
    let before = machine.home();
    assert_exit(&machine.install(&[]).run(), 0);
    machine.done(&["rollback"]);
    before.assert_same(&machine.theirs());
    machine.assert_old_gateway_runs();
    assert_eq!(machine.variable_of_the_gateway("no_proxy"), None);
    assert_eq!(machine.property(UNIT, "NeedDaemonReload"), "no");
}

#[test]
fn a_gateway_that_was_ill_then_is_no_reason_to_stay() {
    let machine = Machine::brisk();
    let before = machine.theirs().without(".openclaw/stand-in.json");
    assert_exit(&machine.install(&[]).run(), 0);
    machine.let_the_gateway(r#"{"refuse": "Gateway failed to start: the moon is wrong"}"#);
    let done = machine.setup(&["rollback", "--timeout", "8"]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["the moon is wrong", "Rolled back."]);
    before.assert_same(&machine.theirs().without(".openclaw/stand-in.json"));
    assert_eq!(machine.transactions()[0]["state"], "committed");
}

#[test]
fn where_there_is_nothing_to_go_back_to() {
    let machine = Machine::only_a_home();
    let before = machine.home();
    let refused = machine.setup(&["rollback"]).run();
    assert_exit(&refused, 1);
    assert_says(&refused, &["there is no transaction to roll back"]);
    before.assert_untouched(&machine.home());
}

#[test]
fn to_a_transaction_that_never_was_or_that_was_undone() {
    let machine = Machine::home_with_dingtalk();
    let broken = "payload/dingtalk-connector";
    machine.shell(&format!("chmod -R a-w {CONNECTOR}/.. "));
    let newer = machine.connector("0.7.0");
    let failed = machine.upgrade(&newer, &[]).run();
    assert_exit(&failed, 1);
    machine.shell(&format!("chmod -R u+w {CONNECTOR}/..; test -d {broken}"));
    let newest = &machine.transactions()[0];
    assert_eq!(newest["state"], "undone", "{}", said(&failed));
    let before = machine.home();
    for id in ["20200101-000000", "nonsense", newest["id"].as_str().unwrap()] {
        let refused = machine.setup(&["rollback", id]).run();
        assert_exit(&refused, 1);
        assert_says(&refused, &[id, "openclaw-setup history"]);
        before.assert_untouched(&machine.home());
    }
    machine.done(&["rollback"]);
    assert_eq!(machine.live_version(), None, "the newest completed one is the install");
}

#[test]
fn to_a_tree_that_is_no_longer_kept() {
    let machine = Machine::home_with_dingtalk();
    for number in 1..=4 {
        let newer = machine.connector(&format!("0.7.{number}"));
        assert_exit(&machine.upgrade(&newer, &[]).run(), 0);
    }
    let history = machine.transactions();
    let id = |number: usize| history[number]["id"].as_str().unwrap();
    let before = machine.home();
    let refused = machine.setup(&["rollback", id(3)]).run();
    assert_exit(&refused, 1);
    assert_says(&refused, &[id(3), "no longer kept", "openclaw-setup history"]);
    before.assert_untouched(&machine.home());

    machine.done(&["rollback", id(2)]);
    assert_eq!(machine.live_version().as_deref(), Some("0.7.1"));
    machine.done(&["rollback", id(4)]);
    assert_eq!(machine.live_version(), None, "to before the installation no tree is needed");
    assert_eq!(machine.transactions()[0]["connector"], json!({"from": "0.7.1", "to": null}));
}
