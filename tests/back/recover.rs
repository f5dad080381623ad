//! `recover`, and the journal that it goes by: unfinished, newer than this program, damaged.

use super::room::remarks;
use crate::bench::program::{CONNECTOR, DROP_IN, assert_exit, assert_says, json};
use crate::bench::snapshot::{RECORDS, Snapshot};
use crate::bench::{HOME, Machine, said};

/// The newest transaction as a run leaves it that died directly before its commit.
fn unfinished(machine: &Machine) {
    let state = format!("{RECORDS}/transactions/{}/state", machine.newest());
    assert_eq!(machine.read_text(&state), "committed\n");
    machine.write(&state, "open\n");
}

/// A machine on which one of each command died directly before its commit, with the state before it.
pub(crate) fn died_in(command: &str) -> (Machine, Snapshot) {
    let machine = Machine::only_a_home();
    let newer = machine.connector("0.7.0");
    if command != "install" {
        assert_exit(&machine.install(&[]).run(), 0);
    }
    if command == "doctor" {
        machine.shell("chmod 777 .openclaw/extensions/dingtalk-connector/plugin.ts; mkdir .openclaw/extensions/half; : >.openclaw/extensions/half/index.js");
    }
    let before = machine.theirs();
    match command {
        "install" => assert_exit(&machine.install(&[]).run(), 0),
        "upgrade" => assert_exit(&machine.upgrade(&newer, &[]).run(), 0),
        "doctor" => {
            assert_exit(&machine.setup(&["doctor", "--fix", "plugin", "config", "--yes"]).run(), 0);
        }
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
        assert!(done.contains("was interrupted; it was undone"), "{done}");
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
        assert_says(&done, &["was interrupted; it was undone"]);
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

/// What cannot be read cannot be undone: `recover` keeps it aside, and the next command works.
#[test]
fn an_unreadable_journal_is_named_by_all_and_set_aside_by_recover() {
    for script in [
        r#"printf '{"format": 1, "id": ' >$T/intent.json"#,
        "echo '[]' >$T/intent.json",
        "rm $T/intent.json",
        "rm $T/intent.json $T/progress",
        "rm $T/state",
        "rm $T/state $T/progress",
        "rm $T/state $T/intent.json",
        "rm $T/intent.json; mkfifo $T/intent.json",
        "rm $T/state; mkdir $T/state",
        "echo perhaps >$T/state",
        ": >$T/state",
    ] {
        let (machine, _) = died_in("upgrade");
        let id = machine.newest();
        change(&machine, script);
        let before = machine.home();
        for (command, exit) in [("status", 3), ("history", 1), ("uninstall", 1), ("rollback", 1)] {
            let refused = machine.setup(&[command]).run();
            assert_exit(&refused, exit);
            assert_says(
                &refused,
                &[&id, "cannot be read", "Nothing was touched.", "openclaw-setup recover"],
            );
        }
        before.assert_same(&machine.home());
        let recovered = machine.setup(&["recover"]).run();
        assert_exit(&recovered, 4);
        let aside = format!("{RECORDS}/unreadable-{id}");
        assert_says(&recovered, &["nothing was put back", &aside]);
        assert!(machine.has(format!("{aside}/tree/plugin.ts")), "{script}");
        assert!(machine.done(&["recover"]).contains("Nothing to recover."));
        assert_exit(&machine.setup(&["uninstall"]).run(), 0);
        // its preimages hold secrets, too
        machine.done(&["uninstall", "--purge"]);
        assert!(!machine.has(RECORDS), "{script}");
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

/// What the world does between the death of a command and `recover`, which then ends with 4 and says these words; or with 0,
/// where nothing is missing. `$T` is the transaction's directory, `$C` the connector's tree, `$D` the drop-in's directory.
const CHANGES: &[(&str, &str, i32, &[&str])] = &[
    ("upgrade", "rm -r $C", 4, &["/extensions/dingtalk-connector: ", "kept in", "/tree)"]),
    ("upgrade", "rm -r .openclaw/extensions", 4, &["/extensions/dingtalk-connector: ", "/tree)"]),
    (
        "upgrade",
        "mv .openclaw/extensions away; ln -s ../away .openclaw/extensions",
        4,
        &["dingtalk-connector: ", "/tree)"],
    ),
    (
        "upgrade",
        "mv .openclaw/extensions away; : >.openclaw/extensions",
        4,
        &["dingtalk-connector: ", "/tree)"],
    ),
    (
        "upgrade",
        "mv $C away; ln -s ../../away $C",
        4,
        &["dingtalk-connector: ", "was changed", "/tree)"],
    ),
    ("upgrade", "mv $C away; cp -R away $C", 4, &["dingtalk-connector: ", "was changed", "/tree)"]),
    (
        "upgrade",
        "rm -r $T/tree",
        4,
        &["dingtalk-connector: its old state is lost: ", "/tree no longer exists"],
    ),
    (
        "upgrade",
        "rm -r $T/tree; mkdir $T/tree",
        4,
        &["dingtalk-connector: its old state is lost: "],
    ),
    ("upgrade", "rm -r $T/tree $C", 4, &["dingtalk-connector: its old state is lost: "]),
    ("install", "mkdir $T/tree", 4, &["/tree was changed by others"]),
    ("install", "rm -r $C", 0, &[]),
    ("install", "rm -r .openclaw/extensions", 0, &[]),
    ("install", "rm .openclaw/openclaw.json", 4, &["/openclaw.json: ", "was changed", ".old)"]),
    ("install", ": >.openclaw/openclaw.json", 4, &["/openclaw.json: ", "was changed", ".old)"]),
    (
        "install",
        "mv .openclaw/openclaw.json mine; ln -s ../mine .openclaw/openclaw.json",
        4,
        &["/openclaw.json: cannot read", ".old)"],
    ),
    (
        "install",
        "rm .openclaw/openclaw.json; mkdir .openclaw/openclaw.json",
        4,
        &["/openclaw.json: cannot read", ".old)"],
    ),
    (
        "install",
        "rm .openclaw/openclaw.json; mkfifo .openclaw/openclaw.json",
        4,
        &["/openclaw.json: cannot read", ".old)"],
    ),
    (
        "install",
        "rm $T/files/*.old",
        4,
        &["/openclaw.json: its old state is lost", ".old no longer exists"],
    ),
    (
        "install",
        "for old in $T/files/*.old; do echo >>$old; done",
        4,
        &["/openclaw.json: its old state is lost", "has changed\n"],
    ),
    ("install", "rm -r $T/files", 4, &["/openclaw.json: its old state is lost"]),
    ("install", "rm -r $T/files; : >$T/files", 4, &["/openclaw.json: its old state is lost"]),
    ("install", "rm -r $D", 0, &[]),
    (
        "upgrade",
        "mv .openclaw away; ln -s away .openclaw",
        4,
        &["dingtalk-connector: ", "kept in", "away/openclaw-setup/", "/tree)"],
    ),
    ("install", "mv $D away; ln -s ~/away $D", 4, &["/override.conf: cannot"]),
    ("install", "rm -r $D; : >$D", 4, &["/override.conf: cannot"]),
    (
        "install",
        "rm $D/override.conf; ln -s nowhere $D/override.conf",
        4,
        &["/override.conf: cannot read"],
    ),
    ("uninstall", "rm -r .config/systemd", 4, &["/override.conf: ", ".old)"]),
    (
        "uninstall",
        "mv .config/systemd/user away; ln -s ~/away .config/systemd/user",
        4,
        &["/override.conf: ", ".old)"],
    ),
    (
        "uninstall",
        "rm -r .config/systemd/user; : >.config/systemd/user",
        4,
        &["/override.conf: ", ".old)"],
    ),
    ("uninstall", "mkdir -p $D/override.conf", 4, &["/override.conf: cannot read", ".old)"]),
    ("uninstall", ": >.openclaw/extensions", 4, &["dingtalk-connector: ", "/tree)"]),
    ("uninstall", "mkdir -p $C; : >$C/mine", 4, &["dingtalk-connector: ", "was changed", "/tree)"]),
    ("uninstall", "rm -r $T/tree", 4, &["dingtalk-connector: its old state is lost: "]),
    ("doctor", "rm $C/plugin.ts", 4, &["/plugin.ts: cannot read"]),
    ("doctor", "rm $C/plugin.ts; mkdir -m 750 $C/plugin.ts", 4, &["/plugin.ts: "]),
    ("doctor", "rm -r $C", 4, &["/plugin.ts: cannot read"]),
    ("doctor", "mv $T/aside-* away", 4, &["/half: its old state is lost: "]),
    ("doctor", "mkdir .openclaw/extensions/half", 4, &["/half: ", "was changed", "/aside-"]),
];

/// The same by root, who takes what was ours.
const REOWNED: &[(&str, &str, i32, &[&str])] = &[
    ("install", "chown 0 .openclaw/openclaw.json", 4, &["/openclaw.json belongs to root", ".old)"]),
    (
        "install",
        "chown 1234 .openclaw/openclaw.json; chmod 644 .openclaw/openclaw.json",
        4,
        &["/openclaw.json belongs to 1234", ".old)"],
    ),
    ("install", "chown 0 $T/files", 4, &["/files belongs to root", "kept in", "/files/", ".old)"]),
    ("install", "chown 0 $D", 4, &[".service.d belongs to root"]),
    ("install", "chown 0 .config; chmod 700 .config", 4, &["/.config belongs to root"]),
    ("install", "chown 0 .openclaw/extensions", 4, &["/extensions belongs to root"]),
    ("install", ": >$C/x; chown -R 0 $C", 4, &["dingtalk-connector belongs to root"]),
    ("upgrade", "chown 0 $C", 4, &["dingtalk-connector belongs to root", "kept in", "/tree)"]),
    ("upgrade", "chown 0 $T/tree", 4, &["/tree belongs to root", "kept in", "/tree)"]),
    (
        "upgrade",
        "chown 0 .openclaw/extensions; chmod 700 .openclaw/extensions",
        4,
        &["/extensions belongs to root", "kept in", "/tree)"],
    ),
    // the tree itself moves: it is forgotten as far as it can be
    ("upgrade", "mkdir $C/theirs; : >$C/theirs/x; chown 0 $C/theirs", 0, &["cannot remove"]),
    ("uninstall", "chown 0 .config/systemd/user", 4, &["/user belongs to root", ".old)"]),
    (
        "uninstall",
        "mkdir .openclaw/extensions; chown 0 .openclaw/extensions",
        4,
        &["/extensions belongs to root", "/tree)"],
    ),
    ("doctor", "chown 0 $C/plugin.ts", 4, &["/plugin.ts was changed"]),
    ("doctor", "chown 0 .openclaw/extensions", 4, &["/extensions belongs to root", "/aside-"]),
    ("doctor", "chown 0 $T/aside-*", 4, &["/aside-", "belongs to root"]),
];

fn change(machine: &Machine, script: &str) {
    machine.shell(&placed(machine, script));
}

fn placed(machine: &Machine, script: &str) -> String {
    let drop_in = DROP_IN.strip_suffix("/override.conf").unwrap();
    let newest = machine.newest();
    format!("cd {HOME}; T={RECORDS}/transactions/{newest} C={CONNECTOR} D={drop_in}; {script}")
}

/// `recover` ends with 4 and the list, once: then the journal is closed.
#[track_caller]
fn assert_recovery_ends(
    (command, script, code, words): (&str, &str, i32, &[&str]),
    change: impl FnOnce(&Machine, &str),
) {
    let (machine, _) = died_in(command);
    change(&machine, script);
    let recovered = machine.setup(&["recover"]).run();
    let told = format!("{command}: {script}\n{}", said(&recovered));
    assert_eq!(recovered.status.code(), Some(code), "{told}");
    for word in words {
        assert!(said(&recovered).contains(word), "{word:?} is missing: {told}");
    }
    let again = machine.setup(&["recover"]).run();
    assert_eq!(again.status.code(), Some(0), "{told}{}", said(&again));
    assert!(said(&again).contains("Nothing to recover."), "{told}{}", said(&again));
    assert_eq!(machine.transactions()[0]["state"], "undone", "{told}");
}

#[test]
fn whatever_has_gone_between_death_and_recovery_the_journal_closes_and_says_what_is_left() {
    for row in &CHANGES[..CHANGES.len() / 2] {
        assert_recovery_ends(*row, change);
    }
}

#[test]
fn whatever_has_come_between_death_and_recovery_the_journal_closes_and_says_what_is_left() {
    for row in &CHANGES[CHANGES.len() / 2..] {
        assert_recovery_ends(*row, change);
    }
}

#[test]
fn whatever_has_another_owner_since_the_death_the_journal_closes_and_says_what_is_left() {
    for row in REOWNED {
        assert_recovery_ends(*row, |machine, script| machine.by_root(&placed(machine, script)));
    }
}

/// What may pass keeps the journal open, says how to go on, and is done once it has passed.
#[test]
fn what_may_pass_is_tried_again() {
    for (command, obstacle, relief, words) in [
        (
            "upgrade",
            "chmod 500 .openclaw/extensions",
            "chmod 755 .openclaw/extensions",
            "dingtalk-connector: cannot",
        ),
        ("install", "chmod 000 $T/files", "chmod 700 $T/files", ".old: Permission denied"),
    ] {
        let (machine, before) = died_in(command);
        let newest = machine.newest();
        change(&machine, obstacle);
        for _ in 0..2 {
            let refused = machine.setup(&["recover"]).run();
            assert_exit(&refused, 4);
            assert_says(
                &refused,
                &[&newest, "is unfinished", words, "Then: openclaw-setup recover"],
            );
        }
        assert_exit(&machine.setup(&["uninstall"]).run(), 4);
        change(&machine, relief);
        assert_exit(&machine.setup(&["recover"]).run(), 0);
        before.assert_same(&machine.theirs());
    }
}
