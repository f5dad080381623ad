//! Limits of the system: each is an error with its reason, and what was done is undone. Nothing dies of one.

use std::process::Output;

use super::room::steps;
use crate::bench::program::{CONFIG, assert_exit, assert_says};
use crate::bench::{HOME, Machine, said};

impl Machine {
    /// The program in a shell that has done `first`; with the settings of a bot.
    fn limited(&self, first: &str, line: &str) -> Output {
        let script = format!("{first}; exec openclaw-setup {line}");
        self.command(&["bash", "-euc", &script])
            .env("OPENCLAW_SETUP_CLIENT_ID", "ding-test-id")
            .env("OPENCLAW_SETUP_CLIENT_SECRET", "s3cret-of-limits")
            .run()
    }
}

#[test]
fn a_result_that_cannot_be_written_is_no_success() {
    let machine = Machine::home_with_dingtalk();
    for line in [
        "status",
        "history",
        "doctor",
        "doctor --fix --dry-run",
        "install --dry-run",
        "upgrade --dry-run payload/dingtalk-connector",
        "rollback --dry-run",
        "verify",
        "recover",
        "uninstall --dry-run",
        "completions bash",
        "--help",
        "--version",
    ] {
        for json in ["", " --json"] {
            let refused = machine.limited("exec >/dev/full", &format!("{line}{json}"));
            assert_exit(&refused, 1);
            assert_says(&refused, &["/dev/stdout", "No space left"]);
        }
    }
    let gone =
        machine.command(&["bash", "-c", "openclaw-setup history | true; echo ${PIPESTATUS[0]}"]);
    assert_eq!(gone.ask(), "0", "a reader that has gone away");
}

#[test]
fn a_change_whose_result_cannot_be_written_is_no_success_and_stays() {
    let machine = Machine::only_a_home();
    let payload = format!("{HOME}/payload/dingtalk-connector");
    let other = machine.altered_connector("9.9.9", "true");
    let before = machine.theirs();
    let lines = [
        (format!("install {payload}"), Some("0.6.0")),
        (format!("upgrade {other}"), Some("9.9.9")),
        ("rollback".to_owned(), Some("0.6.0")),
        ("uninstall".to_owned(), None),
    ];
    for (line, version) in lines {
        let refused = machine.limited("exec >/dev/full", &format!("{line} --json"));
        assert_exit(&refused, 1);
        assert_says(&refused, &["/dev/stdout", "No space left"]);
        assert_eq!(machine.live_version().as_deref(), version, "{line}");
        assert!(machine.done(&["recover"]).contains("Nothing to recover."), "{line}");
    }
    before.assert_same(&machine.theirs());
}

#[test]
fn a_limit_on_the_size_of_files_undoes_all() {
    let machine = Machine::only_a_home();
    machine.shell("head -c 300000 /dev/zero >payload/dingtalk-connector/large; cd payload/dingtalk-connector; sha256sum *.json plugin.ts large >SHA256SUMS");
    let before = machine.theirs();
    let install = format!("install {HOME}/payload/dingtalk-connector");
    for kib in [0, 1, 2, 4, 16, 64, 256] {
        let refused = machine.limited(&format!("ulimit -f {kib}"), &install);
        assert_exit(&refused, 1);
        assert_says(&refused, &["File too large", "ulimit -f"]);
        before.assert_same(&machine.theirs());
    }
    assert_exit(&machine.limited("ulimit -f 512", &install), 0);
}

#[test]
fn an_archive_that_cannot_be_written_whole_leaves_none() {
    let machine = Machine::only_a_home();
    let line = "doctor --bundle archive.tgz";
    let refused = machine.limited("ulimit -f 1", line);
    assert_exit(&refused, 1);
    assert_says(&refused, &["archive.tgz", "File too large"]);
    assert!(!machine.has("archive.tgz"));
    assert_says(&machine.limited("true", line), &["written: archive.tgz"]);
}

#[test]
fn few_file_descriptors_undo_all() {
    let machine = Machine::only_a_home();
    let before = machine.theirs();
    let install = format!("install {HOME}/payload/dingtalk-connector");
    let mut refused = 0;
    for limit in 4..16 {
        let output = machine.limited(&format!("ulimit -n {limit}"), &install);
        if output.status.success() {
            break;
        }
        // the loader itself may lack them
        if output.status.code() != Some(127) {
            assert_exit(&output, 1);
            refused += 1;
        }
        before.assert_same(&machine.theirs());
    }
    assert!(refused > 0);
}

/// Leaves so many inodes of `/home`.
fn leave_inodes(machine: &Machine, free: &str) {
    let script = format!(
        "used=$(df --output=iused /home | tail -n 1); mount -o remount,nr_inodes=$(({free})) /home"
    );
    machine.command(&["bash", "-euc", &script]).by_root().ask();
}

#[test]
fn inodes_that_run_out_undo_all() {
    let machine = Machine::home_with_dingtalk();
    assert!(!steps(&machine.setup(&["uninstall", "--dry-run", "--json"]).run()).is_empty());
    let before = machine.theirs();
    for free in 0..40 {
        leave_inodes(&machine, &format!("used + {free}"));
        let output = machine.setup(&["uninstall"]).run();
        leave_inodes(&machine, "100000");
        if output.status.success() {
            assert!(!machine.read_text(CONFIG).contains("dingtalk"));
            return;
        }
        assert_eq!(output.status.code(), Some(1), "{free} inodes: {}", said(&output));
        assert_says(&output, &["df -i"]);
        before.assert_same(&machine.theirs());
        assert!(machine.done(&["recover"]).contains("Nothing to recover."), "{free} inodes");
    }
    panic!("40 inodes are not enough");
}

#[test]
fn the_last_inode_is_given_back() {
    let machine = Machine::only_a_home();
    let before = machine.home();
    for free in 0..4 {
        leave_inodes(&machine, &format!("used + {free}"));
        let output = machine.install(&[]).run();
        leave_inodes(&machine, "100000");
        assert_eq!(output.status.code(), Some(1), "{free} inodes: {}", said(&output));
        before.assert_same(&machine.home());
    }
}
