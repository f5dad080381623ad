//! `recover`, and the journal that it goes by: unfinished, newer than this program, damaged.

use super::room::remarks;
use crate::bench::program::{assert_exit, assert_says, json};
use crate::bench::snapshot::{RECORDS, Snapshot};
use crate::bench::{Machine, said};

/// The newest transaction as a run leaves it that died directly before its commit.
fn unfinished(machine: &Machine) {
    let state = format!("{RECORDS}/transactions/{}/state", machine.newest());
    assert_eq!(machine.read_text(&state), "committed\n");
    machine.write(&state, "open\n");
}

/// A machine on which one of each command died directly before its commit, with the state before it.
fn died_in(command: &str) -> (Machine, Snapshot) {
    let machine = Machine::only_a_home();
    let newer = machine.connector("0.7.0");
    if command != "install" {
        assert_exit(&machine.install(&[]).run(), 0);
    }
    let before = machine.theirs();
    match command {
        "install" => assert_exit(&machine.install(&[]).run(), 0),
        "upgrade" => assert_exit(&machine.upgrade(&newer, &[]).run(), 0),
        command => assert_exit(&machine.setup(&[command]).run(), 0),
    }
    unfinished(&machine);
    (machine, before)
}

#[test]
fn whatever_died_is_taken_back() {
    for command in ["install", "upgrade", "uninstall", "rollback"] {
        let (machine, before) = died_in(command);
        let cut_off = machine.home();
        let would = machine.done(&["recover", "--dry-run"]);
        assert!(would.contains(&format!("{command} (")) && would.contains("would be undone"));
        cut_off.assert_untouched(&machine.home());
        let done = machine.done(&["recover"]);
        assert!(done.contains("had been cut off; it was undone"), "{done}");
        before.assert_same(&machine.theirs());
        assert_eq!(machine.transactions()[0]["state"], "undone");
        assert!(machine.done(&["recover"]).contains("Nothing to recover."));
    }
}

#[test]
fn commands_that_only_look_report_it_and_touch_nothing() {
    let (machine, _) = died_in("upgrade");
    let id = machine.newest();
    let before = machine.home();
    let status = machine.setup(&["status"]).run();
    assert_exit(&status, 3);
    assert_says(&status, &[&id, "openclaw-setup recover"]);
    let status = machine.setup(&["status", "--json"]).run();
    assert_exit(&status, 3);
    assert!(said(&status).contains(&id), "{}", json(&status));
    assert_says(&machine.setup(&["history"]).run(), &[&id, "unfinished"]);
    machine.setup(&["verify"]).run();
    before.assert_untouched(&machine.home());
}

#[test]
fn the_next_command_that_changes_something_recovers_first() {
    for next in ["install", "upgrade", "uninstall", "rollback"] {
        let (machine, _) = died_in("upgrade");
        let done = match next {
            "install" => machine.install(&[]).run(),
            "upgrade" => machine.upgrade("payloads/0.7.0", &[]).run(),
            next => machine.setup(&[next]).run(),
        };
        assert_exit(&done, 0);
        assert_says(&done, &["had been cut off; it was undone"]);
        let version = machine.live_version();
        match next {
            "install" => assert_eq!(version.as_deref(), Some("0.6.0")),
            "upgrade" => assert_eq!(version.as_deref(), Some("0.7.0")),
            _ => assert_eq!(version, None, "{next}"),
        }
    }
}

#[test]
fn what_was_edited_after_the_death_is_kept() {
    let (machine, _) = died_in("install");
    machine.edit(".openclaw/openclaw.json", "/* the owner's choice */", "/* edited since */");
    machine.done(&["recover"]);
    let config = machine.read_text(".openclaw/openclaw.json");
    assert!(config.contains("/* edited since */") && !config.contains("dingtalk"), "{config}");
    assert_eq!(machine.live_version(), None);
}

fn commands(machine: &Machine) -> Vec<std::process::Output> {
    vec![
        machine.install(&[]).run(),
        machine.upgrade("payloads/0.7.0", &[]).run(),
        machine.setup(&["uninstall"]).run(),
        machine.setup(&["rollback"]).run(),
        machine.setup(&["recover"]).run(),
        machine.setup(&["history"]).run(),
        machine.setup(&["status"]).run(),
    ]
}

#[test]
fn a_newer_format_is_refused_untouched() {
    let machine = Machine::home_with_dingtalk();
    machine.connector("0.7.0");
    let intent = format!("{RECORDS}/transactions/{}/intent.json", machine.newest());
    machine.edit(&intent, "\"format\": 1", "\"format\": 2");
    let before = machine.home();
    for refused in commands(&machine) {
        assert_exit(&refused, 1);
        assert_says(&refused, &[&intent, "format 2", "newer openclaw-setup", "Update"]);
    }
    before.assert_same(&machine.home());
}

#[test]
fn a_damaged_journal_is_named_and_left() {
    for (file, content) in
        [("intent.json", "{\"format\": 1, \"id\": "), ("intent.json", "[]"), ("state", "perhaps\n")]
    {
        let machine = Machine::home_with_dingtalk();
        machine.connector("0.7.0");
        let path = format!("{RECORDS}/transactions/{}/{file}", machine.newest());
        machine.write(&path, content);
        let before = machine.home();
        for refused in commands(&machine) {
            assert_exit(&refused, 1);
            assert_says(&refused, &[&path, "cannot be read", "Nothing was touched."]);
        }
        before.assert_same(&machine.home());
    }
}

#[test]
fn a_preimage_that_is_damaged_stops_a_rollback_untouched() {
    let machine = Machine::home_with_dingtalk();
    machine
        .shell(&format!("for file in {RECORDS}/transactions/*/files/*.old; do echo >>$file; done"));
    let before = machine.home();
    let refused = machine.setup(&["rollback"]).run();
    assert_exit(&refused, 1);
    assert_says(&refused, &["cannot be read", "digest"]);
    before.assert_same(&machine.home());
}

#[test]
fn a_preparation_that_never_became_a_transaction_is_swept() {
    let machine = Machine::home_with_dingtalk();
    machine.write(format!("{RECORDS}/transactions/20990101-000000/tree/plugin.ts"), "half");
    let done = machine.setup(&["uninstall", "--json"]).run();
    assert_exit(&done, 0);
    assert!(remarks(&done).iter().all(|code| code != "tree-deviates"));
    assert!(!machine.has(format!("{RECORDS}/transactions/20990101-000000")));
}

/// OpenClaw refuses a channel without its connector: what somebody wrote into ours goes with it, and is named.
#[test]
fn a_channel_that_was_edited_after_the_death_goes_with_its_connector() {
    let (machine, _) = died_in("install");
    machine.edit(".openclaw/openclaw.json", "\"sessionTimeout\": 1800000", "\"sessionTimeout\": 5");
    let recovered = machine.setup(&["recover"]).run();
    assert_exit(&recovered, 4);
    assert_says(&recovered, &["openclaw.json: channels.dingtalk-connector", "kept in"]);
    assert!(!machine.read_text(".openclaw/openclaw.json").contains("dingtalk"));
    machine.assert_config_valid();
    machine.assert_kept("*.theirs", "\"sessionTimeout\": 5");
    assert!(machine.done(&["recover"]).contains("Nothing to recover."));
}
