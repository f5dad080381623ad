//! The end of a command that took back an earlier, interrupted one first: what that has left counts.

use super::recover::died_in;
use crate::bench::Machine;
use crate::bench::program::{assert_exit, assert_says, json};

/// What somebody has written into a channel of ours goes with its connector, and is named.
fn edited(machine: &Machine) {
    machine.edit(".openclaw/openclaw.json", "\"sessionTimeout\": 1800000", "\"sessionTimeout\": 5");
}

/// The command itself has failed before it did anything: what the recovery has left counts all the same.
#[test]
fn what_a_recovery_has_left_is_the_end_of_a_command_that_fails_after_it() {
    for (leaves, code) in [(false, 2), (true, 4)] {
        let (machine, _) = died_in("install");
        if leaves {
            edited(&machine);
        }
        let refused = machine.setup(&["install", "payload/dingtalk-connector", "--json"]).run();
        assert_exit(&refused, code);
        assert_says(&refused, &["An earlier install (", "was undone"]);
        let left = json(&refused)["left"].to_string();
        assert_eq!(left.contains("channels.dingtalk-connector"), leaves, "{left}");
    }
}

/// The command itself has done its work.
#[test]
fn what_a_recovery_has_left_is_the_end_of_a_command_that_succeeds_after_it() {
    for command in ["install", "uninstall", "doctor --fix config.read-only"] {
        let (machine, _) = died_in("install");
        edited(&machine);
        let done = if command == "install" {
            machine.install(&["--json"]).run()
        } else {
            let words: Vec<_> = command.split(' ').chain(["--yes", "--json"]).collect();
            machine.setup(&words).run()
        };
        assert_exit(&done, 4);
        assert_says(&done, &["An earlier install (", "was undone, except what is named above."]);
        let document = json(&done);
        assert_eq!(document["ok"], false, "{document:#}");
        assert!(document["left"].to_string().contains("channels.dingtalk-connector"));
        assert_eq!(machine.live_version().is_some(), command == "install");
        assert!(machine.done(&["recover"]).contains("Nothing to recover."));
    }
}
