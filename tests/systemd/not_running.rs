//! A gateway that does not run, or is not there at all.

use crate::bench::Machine;
use crate::bench::program::{CONFIG, DROP_IN, UNIT, assert_exit, assert_says};

#[test]
fn it_is_not_started() {
    let machine = Machine::brisk_with(&[], "", &["--no-start"]);
    machine.shell("systemctl --user daemon-reload");
    let done = machine.install(&[]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["is not started", "--start"]);
    assert_eq!(machine.property(UNIT, "ActiveState"), "inactive");
    assert!(
        machine.property(UNIT, "DropInPaths").contains("override.conf"),
        "reloaded all the same"
    );
    assert!(machine.read_text(CONFIG).contains("dingtalk-connector"));
}

#[test]
fn with_start_it_is() {
    let machine = Machine::brisk_with(&[], "", &["--no-start"]);
    machine.shell("systemctl --user daemon-reload");
    assert_exit(&machine.install(&["--start"]).run(), 0);
    assert_eq!(machine.property(UNIT, "ActiveState"), "active");
    assert_eq!(machine.chat_status(), 400);
}

#[test]
fn with_start_a_machine_that_is_set_up_is_started_and_nothing_else() {
    let machine = Machine::set_up();
    machine.shell(&format!("systemctl --user stop {UNIT}"));
    let before = machine.home();
    let done = machine.install(&[]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["Nothing to do", "is not running"]);
    before.assert_untouched(&machine.home());
    assert_exit(&machine.install(&["--start"]).run(), 0);
    assert_eq!(machine.chat_status(), 400);
}

#[test]
fn a_unit_that_has_failed_is_started_all_the_same() {
    let machine = Machine::brisk_with(&[], r#"{"refuse": "not yet"}"#, &["--no-start"]);
    machine.shell(&format!("systemctl --user daemon-reload; systemctl --user start {UNIT}"));
    machine.wait_for_state("failed");
    machine.let_the_gateway("{}");
    assert_exit(&machine.install(&["--start"]).run(), 0);
    assert_eq!(machine.chat_status(), 400);
}

#[test]
fn without_a_unit_the_files_are_written_and_the_next_step_is_named() {
    let machine = Machine::brisk_with(&[], "", &["--no-start"]);
    machine.shell(&format!("rm ~/.config/systemd/user/{UNIT}; systemctl --user daemon-reload"));
    let done = machine.install(&[]).run();
    assert_exit(&done, 0);
    assert_says(&done, &[&format!("there is no unit {UNIT}"), "openclaw gateway install"]);
    assert!(machine.has(DROP_IN));
}

#[test]
fn a_masked_unit_cannot_be_started() {
    let machine = Machine::brisk_with(&[], "", &["--no-start"]);
    machine.shell(&format!(
        "mv ~/.config/systemd/user/{UNIT} away; systemctl --user --quiet mask {UNIT}; systemctl --user daemon-reload"
    ));
    let before = machine.home();
    let failed = machine.install(&["--start"]).run();
    assert_exit(&failed, 1);
    assert_says(&failed, &["systemctl --user unmask"]);
    let records = crate::bench::snapshot::RECORDS;
    before.without(records).assert_same(&machine.home().without(records));
}
