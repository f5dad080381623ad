//! The real OpenClaw's log reads the same out of the journal and out of its own file.

use serde_json::Value;

use crate::bench::{Machine, furnished_with_openclaw, said};

const UNIT: &str = "openclaw-gateway.service";

#[test]
fn the_journal_and_the_file_tell_the_same() {
    let machine = furnished_with_openclaw();
    let in_journal = tells_that_it_listens(&machine);
    machine.write(
        format!(".config/systemd/user/{UNIT}.d/20-elsewhere.conf"),
        "[Service]\nStandardOutput=null\nStandardError=null\n",
    );
    machine.shell(&format!("systemctl --user daemon-reload; systemctl --user restart {UNIT}"));
    machine.wait_ready();
    let in_file = tells_that_it_listens(&machine);
    assert!(!in_journal.1 && in_file.1, "each out of its own place");
    assert_eq!(in_journal.0["speaker"], in_file.0["speaker"]);
}

/// The line, and whether it came out of a file.
fn tells_that_it_listens(machine: &Machine) -> (Value, bool) {
    let shown = machine.run(&["openclaw-setup", "logs", "--json"]);
    let text = String::from_utf8_lossy(&shown.stdout);
    let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let line = lines.find(|line| says(line).starts_with("listening on ws"));
    let line = line.unwrap_or_else(|| panic!("{}", said(&shown)));
    (line, String::from_utf8_lossy(&shown.stderr).contains("/tmp/openclaw/openclaw-"))
}

fn says(line: &Value) -> &str {
    line["text"].as_str().unwrap_or_default()
}
