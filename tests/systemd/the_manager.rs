//! The user manager absent, hung, reachable only by its private socket, or dying in the middle.

use std::time::{Duration, Instant};

use crate::bench::program::{BYPASS, DROP_IN, NEVER_READY, UNIT, assert_exit, assert_says};
use crate::bench::snapshot::RECORDS;
use crate::bench::{Machine, Running, said};

#[test]
fn absent_the_files_are_written_and_the_report_says_what_happens_next() {
    let machine = Machine::only_a_home();
    let done = machine.install(&[]).run();
    assert_exit(&done, 0);
    assert_says(&done, &["at the next login", "sudo loginctl enable-linger tester"]);
    assert!(machine.read_text(DROP_IN).contains(BYPASS));
    assert_exit(&machine.setup(&["verify"]).run(), 0);
}

#[test]
fn hung_it_ends_in_time_with_nothing_touched() {
    let machine = Machine::brisk();
    let before = machine.home();
    machine.signal_manager("STOP");
    let begin = Instant::now();
    let refused = machine.install(&["--timeout", "2"]).run();
    let took = begin.elapsed();
    machine.signal_manager("CONT");
    assert_exit(&refused, 1);
    assert_says(&refused, &["did not answer in time"]);
    assert!(took < Duration::from_secs(10), "{took:?}");
    before.assert_untouched(&machine.home());
    assert_exit(&machine.install(&[]).run(), 0);
}

#[test]
fn hung_in_the_middle_the_files_are_put_back_and_what_could_not_be_done_is_named() {
    let machine = Machine::brisk_with(&[], r#"{"stop_after": 2}"#, &[]);
    let before = machine.home().without(RECORDS);
    let running = machine.install(&["--timeout", "3"]).watch();
    machine.wait_for_state("deactivating");
    machine.signal_manager("STOP");
    let ended = running.end();
    machine.signal_manager("CONT");
    assert_exit(&ended, 4);
    assert_says(&ended, &["did not answer in time", UNIT, "tried again by openclaw-setup recover"]);
    before.assert_same(&machine.home().without(RECORDS));
    assert_exit(&machine.setup(&["recover"]).run(), 0);
    machine.assert_old_gateway_runs();
}

/// OpenClaw 2026.9.6 writes 330 s into its unit.
#[test]
fn a_unit_that_may_take_long_to_stop_is_told() {
    let machine = Machine::brisk();
    let told = || machine.install(&["--dry-run"]).run();
    assert!(!said(&told()).contains("TimeoutStopSec"), "{}", said(&told()));
    machine.write(
        ".config/systemd/user/openclaw-gateway.service.d/20-patient.conf",
        "[Service]\nTimeoutStopSec=330\n",
    );
    machine.shell("systemctl --user daemon-reload");
    assert_says(&told(), &["may take up to 330 s to stop", "--timeout"]);
}

/// Each of both jobs would end in time alone.
#[test]
fn stop_and_start_together_take_no_longer_than_allowed() {
    let machine = Machine::brisk_with(&[], r#"{"stop_after": 3}"#, &[]);
    machine.write(
        ".config/systemd/user/openclaw-gateway.service.d/20-slow.conf",
        "[Service]\nExecStartPre=/bin/sleep 3\n",
    );
    machine.shell("systemctl --user daemon-reload");
    let before = machine.home().without(RECORDS);
    let ended = machine.install(&["--timeout", "5"]).run();
    assert_exit(&ended, 1);
    assert_says(&ended, &["did not answer in time", "was undone"]);
    before.assert_same(&machine.home().without(RECORDS));
    machine.assert_old_gateway_runs();
}

/// Does this to the manager again and again until the file `stop` comes, then tells how often.
fn unsettled<'m>(machine: &'m Machine, deed: &str) -> Running<'m> {
    let script =
        format!("count=0; until [ -e stop ]; do {deed} && count=$((count + 1)); done; echo $count");
    machine.command(&["bash", "-c", &script]).start()
}

fn settled(machine: &Machine, unsettling: Running<'_>) -> u32 {
    machine.write("stop", "");
    let told = String::from_utf8(unsettling.wait().stdout).unwrap();
    told.trim().parse().unwrap()
}

#[test]
fn reloading_all_the_while_it_does_what_it_is_asked() {
    let machine = Machine::brisk();
    let newer = machine.connector("0.7.0");
    let unsettling = unsettled(&machine, "systemctl --user daemon-reload");
    assert_exit(&machine.install(&[]).run(), 0);
    for (arguments, chat) in
        [(&["upgrade", &newer][..], 400), (&["rollback"], 400), (&["uninstall"], 404)]
    {
        assert_exit(&machine.setup(arguments).run(), 0);
        machine.wait_ready();
        assert_eq!(machine.chat_status(), chat, "{arguments:?}");
    }
    let reloads = settled(&machine, unsettling);
    assert!(reloads > 10, "{reloads}");
}

/// As an update of systemd's own package does to it.
#[test]
fn executed_anew_in_the_middle_it_goes_on() {
    let machine = Machine::brisk_with(&[], r#"{"stop_after": 2}"#, &[]);
    let running = machine.install(&[]).start();
    machine.wait_for_state("deactivating");
    machine.shell("systemctl --user daemon-reexec");
    assert_exit(&running.wait(), 0);
    assert_eq!(machine.chat_status(), 400);
}

/// Away more often than there, from the middle on.
#[test]
fn executed_anew_again_and_again_it_leaves_whole_files() {
    let machine = Machine::brisk_with(&[], r#"{"stop_after": 2}"#, &[]);
    let before = machine.home().without(RECORDS);
    let running = machine.install(&["--timeout", "20"]).start();
    machine.wait_for_state("deactivating");
    let unsettling = unsettled(&machine, "systemctl --user daemon-reexec");
    let ended = running.wait();
    let times = settled(&machine, unsettling);
    assert!(times > 5, "{times}");
    machine.shell("rm stop");
    assert_exit(&machine.setup(&["recover"]).run(), 0);
    if ended.status.success() {
        machine.wait_ready();
        assert_eq!(machine.chat_status(), 400);
    } else {
        assert!(matches!(ended.status.code(), Some(1 | 4)), "{}", said(&ended));
        before.assert_same(&machine.home().without(RECORDS));
        machine.assert_old_gateway_runs();
    }
}

/// An install to whose bus this is done while the gateway stops.
fn installed_though(deed: impl FnOnce(&Machine)) {
    let machine = Machine::brisk_with(&[], r#"{"stop_after": 2}"#, &[]);
    let running = machine.install(&[]).start();
    machine.wait_for_state("deactivating");
    deed(&machine);
    assert_exit(&running.wait(), 0);
    assert_eq!(machine.property(UNIT, "ActiveState"), "active");
    assert_eq!(machine.variable_of_the_gateway("no_proxy").as_deref(), Some(BYPASS));
    assert_eq!(machine.chat_status(), 400);
}

#[test]
fn its_bus_killed_in_the_middle_it_goes_on() {
    installed_though(|machine| machine.signal_bus("KILL"));
}

#[test]
fn its_bus_hung_in_the_middle_it_goes_on() {
    installed_though(|machine| machine.signal_bus("STOP"));
}

#[test]
fn its_bus_gone_in_the_middle_it_goes_on() {
    installed_though(Machine::remove_bus);
}

#[test]
fn its_bus_killed_before_the_undo_the_old_gateway_runs_again() {
    for signal in ["KILL", "STOP"] {
        let machine = Machine::brisk_with(&[], NEVER_READY, &[]);
        let before = machine.home().without(RECORDS);
        let mut running = machine.install(&["--timeout", "10"]).watch();
        running.until("start openclaw-gateway");
        machine.signal_bus(signal);
        let ended = running.end();
        assert_exit(&ended, 1);
        assert_says(&ended, &["was undone"]);
        before.assert_same(&machine.home().without(RECORDS));
        machine.assert_old_gateway_runs();
    }
}

#[test]
fn without_the_bus_its_private_socket_does() {
    let machine = Machine::brisk();
    machine.remove_bus();
    let done = machine.install(&[]).run();
    assert_exit(&done, 0);
    assert_eq!(machine.variable_of_the_gateway("no_proxy").as_deref(), Some(BYPASS));
    assert_eq!(machine.chat_status(), 400);
}

#[test]
fn in_a_session_without_any_variable_it_is_found() {
    let machine = Machine::brisk();
    let line = [
        "env",
        "-u",
        "DBUS_SESSION_BUS_ADDRESS",
        "-u",
        "XDG_RUNTIME_DIR",
        "openclaw-setup",
        "install",
        "payload/dingtalk-connector",
    ];
    let done = machine
        .command(&line)
        .env("OPENCLAW_SETUP_CLIENT_ID", "ding-test-id")
        .env("OPENCLAW_SETUP_CLIENT_SECRET", "s3cret")
        .run();
    assert_exit(&done, 0);
    assert_eq!(machine.chat_status(), 400);
}

#[test]
fn killed_in_the_middle_the_files_are_put_back_and_what_could_not_be_done_is_named() {
    let machine = Machine::brisk_with(&[], r#"{"stop_after": 2}"#, &[]);
    let before = machine.home().without(RECORDS);
    let running = machine.install(&["--timeout", "3"]).watch();
    machine.wait_for_state("deactivating");
    machine.signal_manager("KILL");
    let ended = running.end();
    assert_exit(&ended, 4);
    assert_says(&ended, &["went away", UNIT]);
    before.assert_same(&machine.home().without(RECORDS));
}
