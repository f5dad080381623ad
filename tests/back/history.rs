//! `history`, and what is kept of the past: three trees, and the record of everything.

use serde_json::json;

use crate::bench::program::{assert_exit, assert_says};
use crate::bench::snapshot::RECORDS;
use crate::bench::{HOME, Machine};

fn kept_trees(machine: &Machine) -> Vec<String> {
    let script = format!(
        "cd {RECORDS}/transactions; for tree in */tree; do test ! -d $tree || grep -ho '\"version\": \"[^\"]*\"' $tree/package.json; done"
    );
    let told = machine.shell(&script);
    let mut versions: Vec<_> =
        told.lines().map(|line| line.split('"').nth(3).unwrap().to_owned()).collect();
    versions.sort();
    versions
}

#[test]
fn every_transaction_with_time_command_versions_state_and_size() {
    let machine = Machine::home_with_dingtalk();
    let newer = machine.connector("0.7.0");
    assert_exit(&machine.upgrade(&newer, &[]).run(), 0);
    machine.done(&["rollback"]);
    machine.done(&["uninstall"]);
    let history = machine.transactions();
    let told: Vec<_> = history
        .iter()
        .map(|one| {
            json!([one["command"], one["connector"]["from"], one["connector"]["to"], one["state"]])
        })
        .collect();
    assert_eq!(
        told,
        [
            json!(["uninstall", "0.6.0", null, "committed"]),
            json!(["rollback", "0.7.0", "0.6.0", "committed"]),
            json!(["upgrade", "0.6.0", "0.7.0", "committed"]),
            json!(["install", null, "0.6.0", "committed"]),
        ]
    );
    let text = machine.setup(&["history"]).run();
    assert_exit(&text, 0);
    for one in &history {
        let (id, started) = (one["id"].as_str().unwrap(), one["started"].as_str().unwrap());
        let started: jiff::Timestamp = started.parse().unwrap();
        let local = started.strftime("%Y-%m-%d %H:%M:%S +00:00").to_string();
        assert_says(&text, &[id, &local, "local time"]);
        let bytes = machine.shell(&format!(
            "find {RECORDS}/transactions/{id} -type f -printf '%s\\n' | awk '{{s += $1}} END {{print s}}'"
        ));
        assert_eq!(one["bytes"].to_string(), bytes);
    }
    assert_says(&text, &["0.6.0 → 0.7.0", "0.7.0 → 0.6.0", "0.6.0 → –", "done", "KiB"]);
}

#[test]
fn the_last_three_trees_are_kept_and_older_ones_leave_their_records() {
    let machine = Machine::home_with_dingtalk();
    for number in 1..=4 {
        let newer = machine.connector(&format!("0.7.{number}"));
        assert_exit(&machine.upgrade(&newer, &[]).run(), 0);
    }
    assert_eq!(kept_trees(&machine), ["0.7.1", "0.7.2", "0.7.3"]);
    assert_eq!(machine.transactions().len(), 5);
}

#[test]
fn a_transaction_without_a_tree_takes_no_trees_place() {
    let machine = Machine::home_with_dingtalk();
    let newer = machine.connector("0.7.0");
    assert_exit(&machine.upgrade(&newer, &[]).run(), 0);
    for timeout in ["1801000", "1802000", "1803000", "1804000"] {
        let settings = ["install", &newer, "--session-timeout", timeout];
        machine.done(&settings);
    }
    assert_eq!(kept_trees(&machine), ["0.6.0"]);
    let upgrade = machine.transactions()[4]["id"].as_str().unwrap().to_owned();
    machine.done(&["rollback", &upgrade]);
    assert_eq!(machine.live_version().as_deref(), Some("0.6.0"));
}

#[test]
fn what_doctor_moved_away_is_kept_three_times_and_a_rollback_says_what_is_not() {
    let machine = Machine::home_with_dingtalk();
    let newer = machine.connector("0.7.0");
    assert_exit(&machine.upgrade(&newer, &[]).run(), 0);
    let place = |number| match number {
        1 => ".openclaw/extensions/stray-1.js".to_owned(),
        number => format!(".openclaw/extensions/stray-{number}"),
    };
    for number in 1..=5 {
        let script = if number == 1 { place(1) } else { format!("{}/index.js", place(number)) };
        machine.write(script, "");
        machine.setup(&["doctor", "--fix"]).run();
        assert!(!machine.has(place(number)));
    }
    let kept = machine.shell(&format!("cd {RECORDS}/transactions; ls */aside-*/index.js"));
    assert_eq!(kept.lines().count(), 3, "{kept}");
    let all = machine.shell(&format!("cd {RECORDS}/transactions; ls -d */aside-*"));
    assert_eq!(all.lines().count(), 3, "{all}");
    assert_eq!(kept_trees(&machine), ["0.6.0"], "they take no tree's place");
    let first = machine.transactions()[4]["id"].as_str().unwrap().to_owned();
    let told = machine.done(&["rollback", &first]);
    for number in 1..=5 {
        let gone = format!("{HOME}/{} cannot be restored", place(number));
        assert_eq!(told.contains(&gone), number < 3, "{told}");
        assert_eq!(machine.has(place(number)), number >= 3, "{number}");
    }
}
