//! Faults beyond the page's five, each made for real on a machine that was healthy before.

mod config;
mod plugin;
mod proxy;
mod service;
mod tree;

use crate::bench::Machine;
use crate::patient::{
    Found, UNIT, answer, document, files, fix, found, new_since, of, plain_config, set, stop,
};

/// One fault.
struct Fault {
    name: &'static str,
    /// Makes it; the gateway is stopped and nothing starts it.
    make: fn(&Machine),
    /// What `doctor` must name, and nothing else: (check, severity).
    named: &'static [(&'static str, &'static str)],
    /// What happens to it.
    cure: Cure,
}

#[derive(PartialEq)]
enum Cure {
    /// `--fix` mends it whole, and `rollback` brings it back.
    Fix,
    /// It is named; a person has to mend it.
    Advice,
}

const LOOP: (&str, &str) = ("service.crashloop", "error");
const TREE: &str = ".openclaw/extensions/dingtalk-connector";

/// Goes through the faults, one after the other, on one machine.
fn go_through(machine: &Machine, faults: &[Fault]) {
    plain_config(machine);
    machine.shell("chmod 600 ~/.openclaw/openclaw.json; systemctl --user restart openclaw-gateway");
    machine.wait_ready();
    let well = found(machine);
    stop(machine);
    machine.shell("mkdir ~/kept; cp -a ~/.openclaw ~/.config ~/kept/");
    for fault in faults {
        (fault.make)(machine);
        start_or_fail(machine);
        let named = new_since(&well, &found(machine));
        assert_eq!(named, set(fault.named), "{}: {:#}", fault.name, document(machine, &[]));
        assert_all_agree(machine, fault.name);
        if fault.cure == Cure::Fix {
            mend(machine, fault, &well);
        }
        machine.shell(&format!("systemctl --user stop {UNIT}"));
        by_root(machine, "rm -rf /home/tester/.openclaw /home/tester/.config");
        machine.shell(&format!(
            "cp -a ~/kept/.openclaw ~/kept/.config ~/; systemctl --user daemon-reload; \
             systemctl --user reset-failed {UNIT} 2>/dev/null || true"
        ));
    }
}

/// `status`, `doctor` and a dry run of `install` find the same, and say the same of its health.
fn assert_all_agree(machine: &Machine, name: &str) {
    let doctor = document(machine, &[]);
    let status = answer(machine, &["status"]);
    let planned = answer(machine, &["install", "--dry-run", "--offline"]);
    for (command, other) in [("status", &status), ("install --dry-run", &planned)] {
        assert_eq!(of(other), of(&doctor), "{name}: {command}: {other:#}");
    }
    assert_eq!(status["ok"], doctor["ok"], "{name}");
    // a plan that cannot be made says why itself
    if planned["error"].is_null() {
        assert_eq!(planned["healthy"], doctor["ok"], "{name}: {planned:#}");
    }
}

fn mend(machine: &Machine, fault: &Fault, well: &Found) {
    let broken = files(machine);
    let told = fix(machine, &[]);
    let rest = new_since(well, &found(machine));
    assert_eq!(rest, set(&[]), "{} is not mended: {told}", fault.name);
    // 401: the gateway is in token mode, and we have shown none
    assert!(matches!(machine.chat_status(), 400 | 401), "{}: {told}", fault.name);
    machine.roll_back();
    assert_eq!(files(machine), broken, "{} is not brought back", fault.name);
}

/// Starts the gateway and waits until it is ready, or has failed for the first time.
fn start_or_fail(machine: &Machine) {
    machine.shell(&format!(
        r"systemctl --user daemon-reload
        systemctl --user start {UNIT} || exit 0
        for i in $(seq 200); do
          state=$(systemctl --user show --value -p SubState {UNIT})
          [ $state != auto-restart ] && [ $state != failed ] || exit 0
          (exec 3<>/dev/tcp/127.0.0.1/18789) 2>/dev/null && exit 0
          (exec 3<>/dev/tcp/127.0.0.1/18790) 2>/dev/null && exit 0
          sleep 0.05
        done; exit 1"
    ));
}

fn shell(machine: &Machine, script: &str) {
    machine.shell(script);
}

fn by_root(machine: &Machine, script: &str) {
    machine.command(&["bash", "-euc", script]).by_root().ask();
}
