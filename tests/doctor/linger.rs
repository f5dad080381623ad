//! Lingering, switched by the real logind, which asks the real polkit.

use crate::bench::{Machine, said};
use crate::patient::{UNIT, document, fix, healthy, of};

const NOTE: &str = "/var/lib/systemd/linger/tester";

/// A system bus with logind on it, which starts polkit when it is asked; who lingers is noted in an
/// empty folder, and `$1` is a rule of the administrator's.
const LOGIND: &str = r#"
mountpoint -q /var/lib/systemd || mount -t tmpfs -o mode=755 tmpfs /var/lib/systemd
mkdir -p /run/dbus /run/systemd/seats /run/systemd/users /run/systemd/sessions /run/systemd/inhibit
mount -t tmpfs -o mode=755 tmpfs /etc/polkit-1/rules.d
echo "$1" >/etc/polkit-1/rules.d/10-test.rules
dbus-daemon --system --fork --nopidfile
setsid /lib/systemd/systemd-logind >/run/logind.log 2>&1 </dev/null &
until busctl --system --acquired list | grep -q org.freedesktop.login1; do sleep 0.02; done"#;

const NO: &str = r#"polkit.addRule(function(action) {
    if (action.id.indexOf("org.freedesktop.login1.") == 0) return polkit.Result.NO;
});"#;

/// A machine on which DingTalk works, and logind with this rule.
fn machine(rule: &str) -> Machine {
    let machine = healthy();
    machine.command(&["bash", "-euc", LOGIND, "logind", rule]).by_root().ask();
    machine
}

fn is_off(machine: &Machine) -> bool {
    let document = document(machine, &["service.linger"]);
    of(&document).contains(&("service.linger".to_owned(), "warning".to_owned()))
}

#[test]
fn it_is_switched_on_and_off_again_under_a_gateway_that_runs_on() {
    let machine = machine("");
    let process = machine.property(UNIT, "MainPID");
    assert!(is_off(&machine) && !machine.has(NOTE));
    let shown = said(&machine.run(&["openclaw-setup", "doctor", "--fix", "-n", "service.linger"]));
    assert!(shown.contains("tester") && !machine.has(NOTE), "{shown}");
    let told = fix(&machine, &["service.linger"]);
    assert!(machine.has(NOTE) && !is_off(&machine), "{told}");
    assert_eq!(machine.property(UNIT, "MainPID"), process, "{told}");
    machine.roll_back();
    assert!(!machine.has(NOTE));
    machine.roll_back();
    assert!(machine.has(NOTE), "forward again");
    assert_eq!(machine.property(UNIT, "MainPID"), process);
    // together with a repair for which the gateway has to stop
    machine.roll_back();
    machine.shell("chmod 777 ~/.openclaw/extensions/dingtalk-connector");
    fix(&machine, &[]);
    assert!(machine.has(NOTE));
    assert_ne!(machine.property(UNIT, "MainPID"), process);
    machine.roll_back();
    assert!(!machine.has(NOTE));
}

#[test]
fn a_run_that_dies_with_it_switched_on_is_recovered() {
    let machine = machine("");
    fix(&machine, &["service.linger"]);
    assert!(machine.has(NOTE));
    machine.shell("cd ~/.openclaw/openclaw-setup/transactions; echo open >$(ls | tail -n 1)/state");
    machine.ask(&["openclaw-setup", "recover"]);
    assert!(!machine.has(NOTE));
}

#[test]
fn what_fails_afterwards_takes_it_back() {
    let machine = machine("");
    machine.shell("chmod 777 ~/.openclaw/extensions/dingtalk-connector");
    machine.let_the_gateway(r#"{"refuse": "no, thank you"}"#);
    let output = machine.run(&["openclaw-setup", "doctor", "--fix", "--yes", "--lang", "en"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("undone: let tester's services run"), "{}", said(&output));
    assert!(!machine.has(NOTE));
}

#[test]
fn where_it_is_not_permitted_the_one_line_for_root_is_told() {
    let machine = machine(NO);
    let told = fix(&machine, &["service.linger"]);
    assert!(told.contains("sudo loginctl enable-linger tester"), "{told}");
    assert!(told.contains("Nothing here has a safe repair"), "{told}");
    assert!(!machine.has(NOTE));
}

#[test]
fn root_needs_no_permission() {
    let machine = Machine::start_with(&["--uid", "0"]);
    machine.command(&["bash", "-euc", LOGIND, "logind", NO]).by_root().ask();
    machine.furnish(&[]);
    fix(&machine, &["service.linger"]);
    let on = machine.shell("ls /var/lib/systemd/linger");
    machine.roll_back();
    let off = machine.shell("ls /var/lib/systemd/linger");
    assert_eq!((on.lines().count(), off.as_str()), (1, ""));
}
