//! The second run: nothing to do, or somebody else at work.

use crate::bench::Machine;
use crate::bench::program::{UNIT, assert_exit, assert_says, json};

#[test]
fn a_second_install_writes_nothing_and_restarts_nothing() {
    let machine = Machine::set_up();
    let (home, run) = (machine.home(), machine.property(UNIT, "InvocationID"));
    let again = machine.install(&[]).run();
    assert_exit(&again, 0);
    assert_says(&again, &["Nothing to do"]);
    let archive =
        machine.setup(&["install", "payload/dingtalk-connector-0.6.0.tgz", "--json"]).run();
    assert_exit(&archive, 0);
    assert_eq!(json(&archive)["changes"], false);
    let shown = machine.install(&["--dry-run"]).run();
    assert_says(&shown, &["Nothing to do"]);
    home.assert_untouched(&machine.home());
    assert_eq!(machine.property(UNIT, "InvocationID"), run);
    assert_eq!(machine.transactions().len(), 1);
}

#[test]
fn two_at_once_do_the_work_once() {
    let machine = Machine::brisk();
    let (one, two) = (machine.install(&[]).start(), machine.install(&[]).start());
    let (one, two) = (one.wait(), two.wait());
    let mut codes = [one.status.code().unwrap(), two.status.code().unwrap()];
    codes.sort_unstable();
    let (one, two) = (crate::bench::said(&one), crate::bench::said(&two));
    assert!(codes == [0, 5] || codes == [0, 0], "{codes:?}\n{one}\n{two}");
    assert_eq!(machine.transactions().len(), 1, "{one}\n{two}");
    assert_eq!(machine.chat_status(), 400);
}

#[test]
fn who_comes_while_another_is_at_work_leaves_with_5() {
    let machine = Machine::brisk_with(&[], r#"{"stop_after": 2}"#, &[]);
    let first = machine.install(&[]).start();
    machine.wait_for_state("deactivating");
    let second = machine.install(&["--session-timeout", "700000"]).run();
    assert_exit(&second, 5);
    assert_says(&second, &["another openclaw-setup is running here", "install"]);
    assert_exit(&machine.setup(&["recover"]).run(), 5);
    assert_exit(&first.wait(), 0);
    assert_eq!(machine.chat_status(), 400);
}

/// Whoever changes one setting after the other starts the gateway more often than its unit allows.
#[test]
fn a_unit_that_has_used_up_its_starts_is_started_all_the_same() {
    let machine = Machine::brisk();
    machine.write(
        ".config/systemd/user/openclaw-gateway.service.d/20-limit.conf",
        "[Unit]\nStartLimitBurst=1\nStartLimitIntervalSec=300\n",
    );
    machine.shell("systemctl --user daemon-reload");
    for timeout in ["600000", "700000"] {
        assert_exit(&machine.install(&["--session-timeout", timeout]).run(), 0);
        assert_eq!(machine.chat_status(), 400);
    }
}
