//! The machine before DingTalk works here, and the faults that the stand-in can show: what the other tests build on.

use std::process::Stdio;

use crate::bench::{self, Machine, said};

const UNIT: &str = "openclaw-gateway.service";

#[test]
fn a_furnished_machine_runs_a_gateway_without_the_chat_endpoint() {
    let machine = Machine::furnished();
    assert_eq!(machine.property(UNIT, "ActiveState"), "active");
    assert_eq!(machine.property(UNIT, "UnitFileState"), "enabled");
    assert_eq!(machine.chat_status(), 404);
}

#[test]
fn a_gateway_that_is_set_up_by_hand_answers_400_and_the_bot_replies() {
    let machine = Machine::furnished();
    set_up_by_hand(&machine);
    assert_eq!(machine.chat_status(), 400);
    assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
    assert!(
        machine
            .shell(&format!("journalctl --user -u {UNIT} -o cat"))
            .contains("[dingtalk-connector] [default]")
    );
}

#[test]
fn without_the_bypass_the_proxy_eats_the_connectors_own_call() {
    let machine = Machine::start();
    machine.furnish(&["--proxy", "http://127.0.0.1:9"]);
    set_up_by_hand(&machine);
    assert_eq!(machine.message("hello")["error"], "fetch failed");
    machine.write(
        ".config/systemd/user/openclaw-gateway.service.d/override.conf",
        "[Service]\nEnvironment=no_proxy=127.0.0.1\n",
    );
    machine.shell(&format!("systemctl --user daemon-reload; systemctl --user restart {UNIT}"));
    machine.wait_ready();
    assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
}

#[test]
fn a_channel_without_its_connector_keeps_the_gateway_from_starting() {
    let machine = Machine::furnished();
    machine.shell("systemctl --user stop openclaw-gateway");
    machine.shell(r#"sed -i 's/^  "tools"/  "channels": {"dingtalk-connector": {}}, "tools"/' ~/.openclaw/openclaw.json"#);
    let answer = machine.run(&[".local/bin/openclaw", "config", "validate", "--json"]);
    assert_eq!(answer.status.code(), Some(1));
    assert!(said(&answer).contains("unknown channel id: dingtalk-connector"), "{}", said(&answer));
}

#[test]
fn a_gateway_told_to_refuse_does_not_listen() {
    let machine = Machine::start();
    machine.let_the_gateway(r#"{"refuse": "no, thank you"}"#);
    machine.furnish(&["--no-start"]);
    let answer = machine.run(&[
        "bash",
        "-c",
        "$(sed -n 's/^ExecStart=//p' ~/.config/systemd/user/openclaw-gateway.service)",
    ]);
    assert_eq!((answer.status.code(), said(&answer).as_str()), (Some(1), "no, thank you\n"));
}

#[test]
fn a_command_can_be_interrupted() {
    let machine = Machine::start();
    let mut running = machine
        .command(&["bash", "-c", "trap 'exit 130' INT; echo begun; while :; do sleep 0.1; done"])
        .start();
    let mut begun = [0; 6];
    std::io::Read::read_exact(running.child.stdout.as_mut().unwrap(), &mut begun).unwrap();
    running.signal("INT");
    assert_eq!(running.wait().status.code(), Some(130));
}

#[test]
fn a_stopped_manager_answers_nobody() {
    let machine = Machine::start();
    machine.signal_manager("STOP");
    let answer = machine.run(&["timeout", "1", "systemctl", "--user", "is-system-running"]);
    assert_eq!(answer.status.code(), Some(124));
}

#[test]
fn without_the_bus_the_private_socket_still_answers() {
    let machine = Machine::start();
    machine.remove_bus();
    assert!(!machine.has("/run/user/1000/bus"));
    assert_eq!(machine.ask(&["systemctl", "--user", "is-system-running"]), "running");
}

#[test]
fn without_a_manager_there_is_no_bus_but_a_home() {
    let machine = Machine::start_with(&["--no-manager"]);
    machine.furnish(&["--no-start"]);
    assert!(machine.has(".config/systemd/user/openclaw-gateway.service"));
    assert!(!machine.run(&["systemctl", "--user", "is-system-running"]).status.success());
}

#[test]
fn the_managers_own_environment_can_be_given() {
    let machine = Machine::start_with(&["--manager-env", "http_proxy=http://proxy.example:3128"]);
    assert!(
        machine
            .shell("systemctl --user show-environment")
            .contains("http_proxy=http://proxy.example:3128")
    );
}

#[test]
fn the_program_is_on_the_path() {
    let machine = Machine::start();
    assert_eq!(machine.shell("command -v openclaw-setup"), "/run/sandbox/bin/openclaw-setup");
}

#[test]
fn a_test_body_can_run_inside() {
    bench::inside(|| {
        assert_eq!(std::env::var("HOME").unwrap(), bench::HOME);
        let state = std::process::Command::new("systemctl")
            .args(["--user", "is-system-running"])
            .stdout(Stdio::null())
            .status();
        assert!(state.unwrap().success());
    });
}

/// The page's steps, as a person would do them.
fn set_up_by_hand(machine: &Machine) {
    machine.shell(
        r#"
        systemctl --user stop openclaw-gateway
        mkdir -p ~/.openclaw/extensions
        cp -R ~/payload/dingtalk-connector ~/.openclaw/extensions/
        sed -i -e 's/^    "mode": "local",/&\n    "auth": {"mode": "none"}, "http": {"endpoints": {"chatCompletions": {"enabled": true}}},/' \
          -e 's/^  "tools"/  "channels": {"dingtalk-connector": {"clientId": "id", "clientSecret": "secret"}},\n&/' ~/.openclaw/openclaw.json
        systemctl --user start openclaw-gateway"#,
    );
    machine.wait_ready();
}

#[test]
fn every_change_of_a_home_is_seen() {
    let machine = Machine::start_with(&["--no-manager", "--no-journal"]);
    machine.shell("echo 1 >file; mkdir directory; ln -s file link");
    for change in [
        "echo 2 >file",
        "chmod 600 file",
        "rm file",
        "chmod 700 directory",
        "touch directory/new",
        "ln -sfn directory link",
        "rm link; echo 1 >link",
    ] {
        let before = machine.home();
        before.assert_untouched(&machine.home());
        machine.shell(change);
        let after = machine.home();
        let compared = std::panic::catch_unwind(|| before.assert_same(&after));
        assert!(compared.is_err(), "{change}");
    }
    let before = machine.home();
    machine.shell("cp -p link copy; mv copy link");
    let after = machine.home();
    before.assert_same(&after);
    assert!(std::panic::catch_unwind(|| before.assert_untouched(&after)).is_err());
}
