//! A machine on which DingTalk works, what `doctor` says of it, and its files as they stand.
#![allow(clippy::unwrap_used, reason = "where the bench fails, so does the test")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::bench::{Machine, said};

pub(crate) const UNIT: &str = "openclaw-gateway.service";

/// What one run of `doctor --json` found: (check, severity).
pub(crate) type Found = BTreeSet<(String, String)>;

/// A machine whose gateway is the stand-in, DingTalk set up by `install`.
pub(crate) fn healthy() -> Machine {
    let machine = Machine::furnished();
    set_up(&machine);
    machine
}

/// The same behind a proxy that the unit names.
pub(crate) fn healthy_behind_a_proxy() -> Machine {
    let machine = Machine::start();
    machine.furnish(&["--proxy", "http://127.0.0.1:9"]);
    set_up(&machine);
    machine
}

fn set_up(machine: &Machine) {
    machine
        .command(&[
            "openclaw-setup",
            "install",
            "payload/dingtalk-connector",
            "--client-id",
            "ding-id-1",
            "--client-secret-file",
            "-",
            "--yes",
        ])
        .input("a-secret-of-dingtalk")
        .ask();
}

/// The document of `doctor --json` with more arguments.
pub(crate) fn document(machine: &Machine, arguments: &[&str]) -> Value {
    answer(machine, &[&["doctor"], arguments].concat())
}

/// The document of a command.
pub(crate) fn answer(machine: &Machine, arguments: &[&str]) -> Value {
    let line = [&["openclaw-setup", "--json", "--lang", "en"], arguments].concat();
    let output = machine.run(&line);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)))
}

/// What it finds.
pub(crate) fn found(machine: &Machine) -> Found {
    of(&document(machine, &[]))
}

/// The findings of a document.
pub(crate) fn of(document: &Value) -> Found {
    let findings = document["findings"].as_array().unwrap_or_else(|| panic!("{document:#}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    findings.iter().map(|f| (text(&f["checkId"]), text(&f["severity"]))).collect()
}

/// Errors and warnings that are not in `before`.
pub(crate) fn new_since(before: &Found, now: &Found) -> Found {
    now.difference(before).filter(|(_, severity)| severity != "info").cloned().collect()
}

/// Pairs as a set.
pub(crate) fn set(pairs: &[(&str, &str)]) -> Found {
    pairs.iter().map(|(id, severity)| ((*id).to_owned(), (*severity).to_owned())).collect()
}

/// Every file that `--fix` may touch, with mode and content.
pub(crate) fn files(machine: &Machine) -> BTreeMap<String, String> {
    let script = r"
        find .openclaw .config/systemd -path .openclaw/openclaw-setup -prune -o -path .openclaw/logs -prune \
          -o -path .openclaw/dingtalk -prune -o -path .openclaw/identity -prune -o -path .openclaw/devices -prune \
          -o -printf '%p %y %m %l\n' |
        LC_ALL=C sort | while read -r path kind rest; do
          if [ $kind = f ]; then echo $path $kind $rest $(sha256sum <$path); else echo $path $kind $rest; fi
        done";
    let listing = machine.shell(script);
    listing
        .lines()
        .map(|line| {
            let (path, rest) = line.split_once(' ').unwrap();
            (path.to_owned(), rest.to_owned())
        })
        .collect()
}

/// Runs `doctor --fix` and expects it to end well.
pub(crate) fn fix(machine: &Machine, arguments: &[&str]) -> String {
    let line =
        [&["openclaw-setup", "doctor", "--fix", "--yes", "--lang", "en"], arguments].concat();
    let output = machine.run(&line);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", said(&output));
    said(&output)
}

/// Edits the config with a Python expression over `c`, as a person's own tool would.
pub(crate) fn edit(machine: &Machine, statement: &str) {
    let script = format!(
        "import json,os\np=os.path.expanduser('~/.openclaw/openclaw.json')\nc=json.load(open(p))\n{statement}\njson.dump(c,open(p,'w'),indent=2)\n"
    );
    machine.ask(&["/usr/bin/python3", "-c", &script]);
}

/// Stops the gateway.
pub(crate) fn stop(machine: &Machine) {
    machine.shell(&format!("systemctl --user stop {UNIT}"));
}

/// Reads unit files again and starts the gateway; waits until it is ready.
pub(crate) fn start(machine: &Machine) {
    machine.shell(&format!("systemctl --user daemon-reload; systemctl --user start {UNIT}"));
    machine.wait_ready();
}

/// Lets the gateway say a line from its next start on; before it is ready, so whoever waits for
/// that finds the line.
pub(crate) fn speak(machine: &Machine, subsystem: &str, text: &str) {
    let faults = serde_json::json!({"say": [[subsystem, text]]});
    machine.let_the_gateway(&faults.to_string());
}

/// A config without comments, so that the tests' own editing is easy.
pub(crate) fn plain_config(machine: &Machine) {
    machine.shell(
        "sed -i -e 's,^ *//.*,,' -e 's,/\\*.*\\*/,,' -e 's/},$/},/' ~/.openclaw/openclaw.json",
    );
    machine.shell(
        r#"/usr/bin/python3 - <<'PY'
import re, os, json
p = os.path.expanduser("~/.openclaw/openclaw.json")
t = open(p).read()
json.dump(json.loads(re.sub(r",(\s*[}\]])", r"\1", t)), open(p, "w"), indent=2)
PY"#,
    );
}
