//! I1 and I10 on a machine with a real user manager: killed at any message on the bus, then
//! `recover`: files of the old state or the new one, and a gateway that runs again.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;

use super::bench::{Machine, said};
use super::state::State;
use super::sweep::sample;

const INSTALL: &str = "openclaw-setup install ~/payload/dingtalk-connector --client-id id-1 --client-secret-file ~/secret --yes --lang en";
/// With no pause before a restart the health gate has settled sooner.
const REMEMBER: &str = r"
printf 'a-secret' >~/secret; chmod 600 ~/secret
sed -i 's/^RestartSec=.*/RestartSec=0/' ~/.config/systemd/user/openclaw-gateway.service
mkdir ~/old; cp -a ~/.openclaw ~/.config ~/old";
const RESET: &str = r"
systemctl --user stop openclaw-gateway
rm -rf ~/.openclaw ~/.config; cp -a ~/old/. ~
systemctl --user daemon-reload
systemctl --user start openclaw-gateway";
/// What the gateway itself does not write.
const MANAGED: [&str; 4] = [
    ".openclaw/openclaw.json",
    ".openclaw/extensions",
    ".openclaw/openclaw-setup/installed.json",
    ".config/systemd/user",
];

#[test]
fn i1_i10_a_kill_at_any_message_on_the_bus_is_recovered_and_the_gateway_runs() {
    let machine = Machine::furnished();
    machine.shell(REMEMBER);
    let (old, messages) = (state(&machine), messages(&machine));
    let new = state(&machine);
    assert_ne!(old, new);
    assert!(messages >= 15, "only {messages} messages");
    let points = sample((1..=messages).collect::<Vec<_>>(), 6);
    let mut killed = 0;
    for number in &points {
        reset(&machine);
        let strace = format!(
            "strace -f -qq -o /dev/null -e trace=sendmsg -e inject=sendmsg:signal=KILL:when={number} {INSTALL}"
        );
        let output = machine.run(&["bash", "-c", &strace]);
        // the health gate looks a little more or less often: the last messages may never come
        let is_killed = output.status.signal() == Some(9);
        assert!(is_killed || output.status.success(), "message {number}: {}", said(&output));
        killed += usize::from(is_killed);
        machine.shell("openclaw-setup recover --lang en");
        let committed = machine.shell("openclaw-setup history --json").contains("\"committed\"");
        let difference = state(&machine).difference(if committed { &new } else { &old });
        assert!(difference.is_empty(), "message {number}, {committed}: {difference:#?}");
        let active = machine.property("openclaw-gateway.service", "ActiveState");
        assert_eq!(active, "active", "message {number}");
        machine.wait_ready();
    }
    println!("  kill at a message on the bus: {killed} of {messages} points, 0 bad states");
    assert!(killed * 4 >= points.len() * 3, "only {killed} of {points:?}");
}

/// Installs, and counts the messages of the thread that sends most.
fn messages(machine: &Machine) -> usize {
    machine.shell(&format!("strace -f -qq -o ~/log -e trace=sendmsg -e signal=none {INSTALL}"));
    let log = machine.read_text("log");
    let threads = log.lines().filter(|line| line.contains("sendmsg("));
    let mut counts = std::collections::BTreeMap::new();
    for thread in threads.filter_map(|line| line.split_whitespace().next()) {
        *counts.entry(thread).or_insert(0) += 1;
    }
    counts.into_values().max().unwrap_or_default()
}

fn reset(machine: &Machine) {
    machine.shell(RESET);
    machine.wait_ready();
}

fn state(machine: &Machine) -> State {
    let roots: Vec<PathBuf> = MANAGED.iter().map(|path| machine.outside(path)).collect();
    State::of(&roots.iter().map(PathBuf::as_path).collect::<Vec<_>>())
}

/// The step in which the manager hangs is made long; the manager is stopped when it has begun.
const SLOWLY: &str =
    "strace -f -qq -o /dev/null -e trace=renameat2 -e inject=renameat2:delay_enter=2000000:when=1";
const IN_THE_MIDDLE: &str = r#"until grep -qs '"step":1,' ~/.openclaw/openclaw-setup/transactions/*/progress; do sleep 0.02; done"#;

#[test]
fn i10_a_manager_that_hangs_in_the_middle_leaves_whole_files_in_time() {
    let machine = Machine::furnished();
    machine.shell(REMEMBER);
    let old = state(&machine);
    let line = format!("{SLOWLY} {INSTALL} --timeout 2");
    let began = std::time::Instant::now();
    let running = machine.command(&["bash", "-c", &line]).start();
    machine.shell(IN_THE_MIDDLE);
    machine.signal_manager("STOP");
    let output = running.wait();
    machine.signal_manager("CONT");
    assert!(matches!(output.status.code(), Some(1 | 4)), "{}", said(&output));
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
    let difference = state(&machine).difference(&old);
    assert!(difference.is_empty(), "{}{difference:#?}", said(&output));
    machine.shell("openclaw-setup recover --lang en");
    let active = machine.property("openclaw-gateway.service", "ActiveState");
    assert_eq!(active, "active", "after the recovery");
    machine.wait_ready();
    println!("  a manager that hangs in the middle: {}, recovered later", output.status);
}
