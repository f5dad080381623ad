//! The bypass: merged into what is there, effective in the process, and seen when something undoes it.

use crate::bench::program::{BYPASS, DROP_IN, UNIT, assert_exit, assert_says};
use crate::bench::{HOME, Machine, said};

/// The page's drop-in as it arrives by copy and paste: its line ends are lost.
const DAMAGED: &str = include_str!("page/override.conf");

const OF_THE_USER: &str = "# my own settings\n[Unit]\nDescription=My gateway\n\n[Service]\nNice=5\nEnvironment=\"no_proxy=.corp.example,10.0.0.0/8\"\n; the end\nMemoryMax=2G\n";

/// What the process has in both spellings, which have to be the same.
#[track_caller]
fn bypass(machine: &Machine) -> String {
    let [lower, upper] = ["no_proxy", "NO_PROXY"].map(|name| machine.variable_of_the_gateway(name));
    assert_eq!(lower, upper);
    lower.expect("the gateway's process has no bypass")
}

fn with_drop_in(text: &str) -> Machine {
    let machine = Machine::brisk();
    machine.write(DROP_IN, text);
    machine.shell(&format!("systemctl --user daemon-reload; systemctl --user restart {UNIT}"));
    machine.wait_ready();
    machine
}

#[test]
fn every_other_line_of_the_users_drop_in_stays() {
    let machine = with_drop_in(OF_THE_USER);
    assert_exit(&machine.install(&[]).run(), 0);
    let merged = format!(".corp.example,10.0.0.0/8,{BYPASS}");
    assert_eq!(bypass(&machine), merged);
    let text = machine.read_text(DROP_IN);
    let ours = |line: &&str| line.contains("no_proxy=") || line.contains("NO_PROXY=");
    let others: Vec<&str> = text.lines().filter(|line| !ours(line)).collect();
    let before: Vec<&str> = OF_THE_USER.lines().filter(|line| !ours(line)).collect();
    assert_eq!(others, before, "{text}");
    assert_eq!(machine.property(UNIT, "Nice"), "5");
    assert_eq!(machine.property(UNIT, "Description"), "My gateway");
}

#[test]
fn the_damaged_one_line_form_is_repaired() {
    let machine = with_drop_in(DAMAGED);
    assert_eq!(
        machine.variable_of_the_gateway("no_proxy"),
        None,
        "systemd ignores the damaged file"
    );
    let done = machine.install(&[]).run();
    assert_exit(&done, 0);
    assert_says(&done, &[&format!("{HOME}/{DROP_IN} had lost its line breaks")]);
    assert_eq!(bypass(&machine), BYPASS);
    assert_eq!(
        machine.read_text(DROP_IN).trim_end(),
        format!("[Service]\nEnvironment=\"no_proxy={BYPASS}\"\nEnvironment=\"NO_PROXY={BYPASS}\"")
    );
}

#[test]
fn a_list_in_the_managers_environment_is_extended() {
    let options = [
        "--manager-env",
        "http_proxy=http://127.0.0.1:9",
        "--manager-env",
        "no_proxy=intra.example",
    ];
    let machine = Machine::brisk_with(&options, "", &[]);
    assert_exit(&machine.install(&[]).run(), 0);
    assert_eq!(bypass(&machine), format!("intra.example,{BYPASS}"));
    assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
}

#[test]
fn a_list_in_the_unit_and_a_percent_sign_are_kept() {
    let machine = Machine::brisk_with(&[], "", &["--proxy", "http://127.0.0.1:9"]);
    machine.shell(&format!(
        "sed -i 's/^Environment=TMPDIR.*/&\\nEnvironment=NO_PROXY=odd%%name.example/' ~/.config/systemd/user/{UNIT}; systemctl --user daemon-reload"
    ));
    assert_exit(&machine.install(&[]).run(), 0);
    assert_eq!(bypass(&machine), format!("odd%name.example,{BYPASS}"));
    assert!(machine.read_text(DROP_IN).contains("odd%%name.example"));
    assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
}

/// A machine whose unit reads this file of variables.
fn with_environment_file(text: &str) -> Machine {
    let machine = Machine::brisk();
    machine.write(".openclaw/gateway.env", text);
    machine.write(
        ".config/systemd/user/openclaw-gateway.service.d/20-env.conf",
        "[Service]\nEnvironmentFile=%h/.openclaw/gateway.env\n",
    );
    machine.shell(&format!("systemctl --user daemon-reload; systemctl --user restart {UNIT}"));
    machine.wait_ready();
    machine
}

#[test]
fn a_proxy_in_an_environment_file_is_bypassed() {
    let machine =
        with_environment_file("http_proxy=http://127.0.0.1:9\nHTTPS_PROXY='http://127.0.0.1:9'\n");
    assert_exit(&machine.install(&[]).run(), 0);
    assert_eq!(bypass(&machine), BYPASS);
    assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
}

/// Fails unless `install` is refused with the culprit's name and everything is as it was.
#[track_caller]
fn assert_undone_because_of(machine: &Machine, culprit: &str) {
    let before = machine.home();
    let refused = machine.install(&[]).run();
    assert_exit(&refused, 1);
    assert_says(&refused, &[culprit, "no_proxy", "was undone"]);
    let records = crate::bench::snapshot::RECORDS;
    before.without(records).assert_same(&machine.home().without(records));
    assert!(!said(&refused).contains("DingTalk works here"));
    machine.assert_old_gateway_runs();
}

#[test]
fn an_environment_file_that_undoes_the_bypass_is_named() {
    let machine = with_environment_file("no_proxy=intra.example\n");
    assert_undone_because_of(&machine, &format!("{HOME}/.openclaw/gateway.env"));
}

#[test]
fn a_later_drop_in_that_undoes_the_bypass_is_named() {
    let machine = Machine::brisk();
    let later = ".config/systemd/user/openclaw-gateway.service.d/zz-corporate.conf";
    machine.write(later, "[Service]\nEnvironment=no_proxy=intra.example NO_PROXY=intra.example\n");
    machine.shell("systemctl --user daemon-reload");
    assert_undone_because_of(&machine, &format!("{HOME}/{later}"));
}
