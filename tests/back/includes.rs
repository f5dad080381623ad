//! A config that is spread over files by `$include`: each key goes back in the file where it lives.

use crate::bench::Machine;
use crate::bench::program::{CONFIG, CONNECTOR, assert_exit};

pub(crate) const CHANNELS: &str = ".openclaw/parts/channels.json5";
const GATEWAY: &str = ".openclaw/parts/gateway.json5";

/// The channels and the gateway live in files of their own.
pub(crate) fn spread() -> Machine {
    let machine = Machine::only_a_home();
    machine.write(
        CONFIG,
        "{\n  // spread over files\n  channels: {$include: './parts/channels.json5'},\n  gateway: {$include: './parts/gateway.json5'},\n}\n",
    );
    machine.write(CHANNELS, "{\n  // my channels\n  defaults: {},\n}\n");
    machine.write(GATEWAY, "{\n  // my gateway\n  port: 18789,\n}\n");
    machine
}

fn installed(machine: &Machine) {
    assert_exit(&machine.install(&[]).run(), 0);
    assert!(machine.read_text(CHANNELS).contains("dingtalk-connector"));
    assert!(machine.read_text(GATEWAY).contains("chatCompletions"));
}

#[test]
fn an_uninstall_leaves_every_file_as_it_was() {
    let machine = spread();
    let before = machine.home();
    installed(&machine);
    machine.done(&["uninstall"]);
    before.assert_same(&machine.theirs());
}

#[test]
fn a_rollback_leaves_every_file_as_it_was() {
    let machine = spread();
    let before = machine.home();
    installed(&machine);
    let with = machine.theirs();
    machine.done(&["rollback"]);
    before.assert_same(&machine.theirs());
    machine.done(&["rollback"]);
    with.assert_same(&machine.theirs());
}

#[test]
fn a_migration_and_its_way_back() {
    let machine = spread();
    installed(&machine);
    let before = machine.theirs();
    let strict = machine.strict_connector("0.8.0");
    assert_exit(&machine.upgrade(&strict, &[]).run(), 0);
    assert!(!machine.read_text(CHANNELS).contains("gatewayUrl"));
    machine.done(&["rollback"]);
    before.assert_same(&machine.theirs().without("payloads"));
}

#[test]
fn an_edit_in_one_file_stays_and_ours_goes_from_it() {
    for command in ["rollback", "uninstall"] {
        let machine = spread();
        let before = machine.read_text(CHANNELS);
        installed(&machine);
        machine.edit(CHANNELS, "defaults: {}", "defaults: {}, /* mine */ irc: {}");
        machine.edit(GATEWAY, "// my gateway", "// my gateway, still");
        machine.done(&[command]);
        assert!(!machine.has(CONNECTOR));
        let expected = before.replace("defaults: {}", "defaults: {}, /* mine */ irc: {}");
        assert_eq!(machine.read_text(CHANNELS), expected, "{command}");
        assert_eq!(
            machine.read_text(GATEWAY),
            "{\n  // my gateway, still\n  port: 18789,\n}\n",
            "{command}"
        );
        machine.assert_config_valid();
    }
}
