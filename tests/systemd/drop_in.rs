//! The bypass: merged into what is there, effective in the process, and seen when something undoes it.

use crate::bench::program::{BYPASS, DROP_IN, UNIT, assert_exit, assert_says};
use crate::bench::{HOME, Machine};

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

const FOLDER: &str = ".config/systemd/user/openclaw-gateway.service.d";
const LAST: &str = ".config/systemd/user/openclaw-gateway.service.d/zz-openclaw-setup.conf";
const VARIABLES: &str = ".config/systemd/user/openclaw-gateway.service.d/zz-openclaw-setup.env";
const PROXY: &str = "Environment=HTTP_PROXY=http://127.0.0.1:9 HTTPS_PROXY=http://127.0.0.1:9\n";

fn drop_in(machine: &Machine, name: &str, lines: &str) {
    machine.write(format!("{FOLDER}/{name}"), format!("[Service]\n{lines}"));
}

/// The recipe of many public guides: what is there is enough for undici and a connector that calls 127.0.0.1.
#[test]
fn what_suffices_is_left_as_it_is_and_taken_for_well() {
    let machine = Machine::brisk();
    let theirs = "127.0.0.1,localhost,::1";
    drop_in(&machine, "proxy.conf", &format!("{PROXY}Environment=NO_PROXY={theirs}\n"));
    assert_exit(&machine.install(&[]).run(), 0);
    assert_eq!(machine.variable_of_the_gateway("NO_PROXY").as_deref(), Some(theirs));
    assert_eq!(machine.variable_of_the_gateway("no_proxy"), None);
    assert!(!machine.has(DROP_IN) && !machine.has(LAST));
    assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
    let found = machine.run(&["openclaw-setup", "doctor", "proxy", "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!(found["findings"], serde_json::json!([]), "{found}");
}

/// Whoever overrides `override.conf`: ours goes where it wins, is enough the next time, and goes with an uninstallation.
#[track_caller]
fn assert_won(machine: &Machine, merged: &str, ours: &[&str]) {
    let before = machine.home();
    assert_exit(&machine.install(&[]).run(), 0);
    assert_eq!(bypass(machine), merged);
    for file in [DROP_IN, LAST, VARIABLES] {
        assert_eq!(machine.has(file), ours.contains(&file), "{file}");
    }
    assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
    assert_says(&machine.install(&[]).run(), &["Nothing to do"]);
    assert_exit(&machine.run(&["openclaw-setup", "rollback", "-y"]), 0);
    let records = crate::bench::snapshot::RECORDS;
    let without = |home: crate::bench::snapshot::Snapshot| home.without(records);
    without(before.clone()).assert_same(&without(machine.home()));
    assert_exit(&machine.install(&[]).run(), 0);
    assert_exit(&machine.run(&["openclaw-setup", "uninstall", "--purge", "-y"]), 0);
    for file in [DROP_IN, LAST, VARIABLES] {
        assert!(!machine.has(file), "{file} is left");
    }
}

#[test]
fn a_drop_in_that_is_read_later_is_overridden_by_one_that_is_read_last() {
    let machine = Machine::brisk();
    // never read by systemd before: the installation's own reload brings it into force
    drop_in(&machine, "zz-corporate.conf", &format!("{PROXY}Environment=no_proxy=intra.example\n"));
    assert_won(&machine, &format!("intra.example,{BYPASS}"), &[LAST]);
}

#[test]
fn a_list_in_an_environment_file_is_overridden_by_one_that_is_read_last() {
    let machine = with_environment_file("no_proxy=intra.example\nhttp_proxy=http://127.0.0.1:9\n");
    assert_won(&machine, &format!("intra.example,{BYPASS}"), &[LAST, VARIABLES]);
}

/// What no file of ours overrides is refused while the gateway runs, by file and line; `doctor` says the same.
#[test]
fn what_nothing_overrides_is_named_before_anything_is_touched() {
    let machine = Machine::brisk();
    machine.write(".openclaw/late.env", "no_proxy=intra.example\n");
    for (name, lines, line) in [
        ("zzz.conf", &format!("{PROXY}EnvironmentFile=%h/.openclaw/late.env\n"), 3),
        ("10-unset.conf", &format!("{PROXY}UnsetEnvironment=no_proxy NO_PROXY\n"), 3),
    ] {
        drop_in(&machine, name, lines);
        machine.shell(&format!("systemctl --user daemon-reload; systemctl --user restart {UNIT}"));
        machine.wait_ready();
        let before = machine.home();
        let place = format!("{HOME}/{FOLDER}/{name}:{line}");
        for arguments in [&[][..], &["--dry-run"]] {
            let refused = machine.install(arguments).run();
            assert_exit(&refused, 1);
            assert_says(&refused, &[&place, "no_proxy"]);
        }
        before.assert_untouched(&machine.home());
        assert_says(&machine.run(&["openclaw-setup", "doctor", "proxy"]), &[&place]);
        machine.shell(&format!("rm ~/{FOLDER}/{name}"));
    }
}

#[test]
fn hosts_that_are_asked_for_join_the_bypass_and_leave_with_it() {
    let machine = Machine::brisk();
    assert_exit(&machine.install(&["--no-proxy", "a.lan,b.lan"]).run(), 0);
    assert_eq!(bypass(&machine), format!("a.lan,b.lan,{BYPASS}"));
    for hosts in ["b.lan", "A.LAN,127.0.0.1"] {
        assert_says(&machine.install(&["--no-proxy", hosts]).run(), &["Nothing to do"]);
    }
    assert_exit(&machine.install(&["--no-proxy", "c.lan"]).run(), 0);
    assert_eq!(bypass(&machine), format!("a.lan,b.lan,{BYPASS},c.lan"));
    assert_exit(&machine.run(&["openclaw-setup", "uninstall", "-y"]), 0);
    assert!(!machine.has(DROP_IN));

    // no proxy, so nothing else stands in the way
    drop_in(&machine, "10-unset.conf", "UnsetEnvironment=NO_PROXY\n");
    machine.shell("systemctl --user daemon-reload");
    let before = machine.home();
    let refused = machine.install(&["--no-proxy", "a.lan"]).run();
    assert_exit(&refused, 1);
    assert_says(&refused, &["no_proxy cannot be given a.lan", "10-unset.conf:2"]);
    before.assert_untouched(&machine.home());
    assert_exit(&machine.install(&[]).run(), 0);
}
