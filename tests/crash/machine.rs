//! I1 and I10 on a machine with a real user manager: killed at any message on the bus or start of
//! a child, then `recover`: files of the old state or the new one, and a gateway that runs again.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Output;

use super::bench::{Machine, said};
use super::state::State;
use super::sweep::sample;

const INSTALL: &str =
    "install ~/payload/0.6.0 --client-id id-1 --client-secret-file ~/secret --yes --lang en";
/// With no pause before a restart the health gate has settled sooner.
const FURNISH_MORE: &str = r#"
printf 'a-secret' >~/secret; chmod 600 ~/secret
sed -i 's/^RestartSec=.*/RestartSec=0/' ~/.config/systemd/user/openclaw-gateway.service
for version in 0.6.0 0.7.0; do
  tree=~/payload/$version
  cp -R ~/payload/dingtalk-connector $tree
  sed -i "s/\"version\": \"0.6.0\"/\"version\": \"$version\"/" $tree/*.json
  rm $tree/SHA256SUMS
  (cd $tree && find . -type f -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >../SUMS && mv ../SUMS SHA256SUMS)
done"#;
const REMEMBER: &str = "mkdir ~/old; cp -a ~/.openclaw ~/.config ~/old";
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
/// System calls, and what strace shows of those that count.
type Calls = (&'static str, &'static str);
const MESSAGES: Calls = ("sendmsg", "");
/// A thread is cloned, too, but its end is no signal.
const CHILDREN: Calls = ("clone,clone3", "SIGCHLD");
/// Nothing else is said in this way before the gateway is asked.
const FIRST_QUESTION: Calls = ("sendto", "/readyz");
/// The gateway can still be started.
const SPOIL: &str = r"
sed -i 's/^Environment=.*/Environment=no_proxy=intranet/' ~/.config/systemd/user/openclaw-gateway.service.d/override.conf
systemctl --user daemon-reload
cp -a ~/.openclaw/extensions/dingtalk-connector ~/.openclaw/extensions/dingtalk-connector.bak.20260101
sed -i '/chatCompletions/,/}/ s/true/false/' ~/.openclaw/openclaw.json";

#[test]
fn i1_i10_a_kill_at_any_message_on_the_bus_is_recovered_and_the_gateway_runs() {
    Kills::of("install", &[], INSTALL).at(MESSAGES, 15, 9);
}

#[test]
fn i1_i10_a_kill_at_any_child_start_is_recovered_and_the_gateway_runs() {
    Kills::of("install", &[], INSTALL).at(CHILDREN, 1, 1);
}

/// Without a bus each question is a `systemctl`.
#[test]
fn i1_i10_without_a_bus_a_kill_at_any_child_start_is_recovered_and_the_gateway_runs() {
    let machine = Machine::furnished();
    machine.remove_bus();
    Kills::on(machine, "install without a bus", &[], INSTALL).at(CHILDREN, 8, 5);
}

#[test]
fn i1_i10_an_upgrade_killed_at_any_message_on_the_bus_is_recovered_and_the_gateway_runs() {
    Kills::of("upgrade", &[INSTALL], "upgrade ~/payload/0.7.0 --yes").at(MESSAGES, 15, 14);
}

#[test]
fn i1_i10_an_uninstall_killed_at_any_message_on_the_bus_is_recovered_and_the_gateway_runs() {
    Kills::of("uninstall", &[INSTALL], "uninstall --yes").at(MESSAGES, 15, 14);
}

#[test]
fn i1_i10_a_rollback_killed_at_any_message_on_the_bus_is_recovered_and_the_gateway_runs() {
    let before = [INSTALL, "upgrade ~/payload/0.7.0 --yes"];
    Kills::of("rollback", &before, "rollback").at(MESSAGES, 15, 14);
}

/// The install has started the new gateway and asks for the first time whether it is healthy.
#[test]
fn i1_i10_a_recovery_killed_at_any_message_on_the_bus_is_recovered_and_the_gateway_runs() {
    Kills::of("install", &[], INSTALL).cut_off(FIRST_QUESTION).at(MESSAGES, 10, 4);
}

/// A drop-in, a second copy of the connector, a config.
#[test]
fn i1_i10_a_repair_killed_at_any_message_on_the_bus_is_recovered_and_the_gateway_runs() {
    let machine = Machine::furnished();
    let before = format!("openclaw-setup {INSTALL}\n{SPOIL}");
    Kills::after(machine, "doctor --fix", before, "doctor --fix --yes").at(MESSAGES, 15, 14);
}

/// The bus comes back when somebody connects to it.
const KILL_BUS: &str = r#"[ "$bus" = 0 ] || kill -KILL "$bus""#;
/// It takes messages and never answers; the manager itself does.
const HANG_BUS: &str = r#"[ "$bus" = 0 ] || kill -STOP "$bus""#;
const EXECUTE_ANEW: &str = "systemctl --user daemon-reexec";
/// The new gateway ends at once, so all is undone.
const REFUSED: &str = r#"{"only_with_connector": true, "refuse": "no"}"#;

#[test]
fn i10_an_install_goes_on_though_the_bus_is_killed_at_any_message() {
    Kills::of("install", &[], INSTALL).losing_its_way(KILL_BUS, 0, 4);
}

#[test]
fn i10_an_install_goes_on_though_the_bus_hangs_from_any_message_on() {
    Kills::of("install", &[], INSTALL).losing_its_way(HANG_BUS, 0, 12);
}

#[test]
fn i10_an_install_goes_on_though_the_manager_is_executed_anew_at_any_message() {
    Kills::of("install", &[], INSTALL).losing_its_way(EXECUTE_ANEW, 0, 6);
}

#[test]
fn i10_an_install_that_fails_is_undone_though_the_bus_is_killed_at_any_message() {
    Kills::that_fail().losing_its_way(KILL_BUS, 1, 4);
}

#[test]
fn i10_an_install_that_fails_is_undone_though_the_manager_is_executed_anew_at_any_message() {
    Kills::that_fail().losing_its_way(EXECUTE_ANEW, 1, 6);
}

#[test]
fn i10_an_uninstall_goes_on_though_the_bus_is_killed_at_any_message() {
    Kills::of("uninstall", &[INSTALL], "uninstall --yes").losing_its_way(KILL_BUS, 0, 8);
}

#[test]
fn i10_a_recovery_goes_on_though_the_bus_is_killed_at_any_message() {
    Kills::of("install", &[], INSTALL).cut_off(FIRST_QUESTION).losing_its_way(KILL_BUS, 0, 3);
}

/// A command on a machine, to be killed again and again.
struct Kills {
    name: &'static str,
    machine: Machine,
    before: String,
    line: String,
    old: State,
    committed: usize,
    /// Its new state is the old one.
    recovers: bool,
}

impl Kills {
    /// The command, and those that lead to its old state.
    fn of(name: &'static str, before: &[&str], command: &str) -> Self {
        Self::on(Machine::furnished(), name, before, command)
    }

    /// The same on this machine.
    fn on(machine: Machine, name: &'static str, before: &[&str], command: &str) -> Self {
        let before: Vec<String> =
            before.iter().map(|line| format!("openclaw-setup {line}\n")).collect();
        Self::after(machine, name, before.concat(), command)
    }

    /// The same, after a shell script.
    fn after(machine: Machine, name: &'static str, before: String, command: &str) -> Self {
        machine.shell(FURNISH_MORE);
        machine.shell(REMEMBER);
        machine.shell(&before);
        let (old, committed) = (state(&machine), committed(&machine));
        let line = format!("openclaw-setup {command}");
        Self { name, machine, before, line, old, committed, recovers: false }
    }

    /// An install whose gateway does not come up.
    fn that_fail() -> Self {
        let machine = Machine::furnished();
        machine.let_the_gateway(REFUSED);
        let line = format!("openclaw-setup {INSTALL} || [ $? = 1 ]");
        Self { line, recovers: true, ..Self::on(machine, "install that fails", &[], INSTALL) }
    }

    /// The recovery of this command, which is always killed at the first of those calls.
    fn cut_off(self, calls: Calls) -> Self {
        let (call, number) = self.points(calls).swap_remove(0);
        let killed = format!("{} || [ $? = 137 ]\n", strace_killing(&call, number, &self.line));
        let before = self.before.clone() + &killed;
        let line = "openclaw-setup recover --lang en".to_owned();
        let recovery = Self { name: "recovery", before, line, recovers: true, ..self };
        recovery.reset();
        assert_ne!(state(&recovery.machine), recovery.old, "the command had not begun");
        recovery
    }

    /// The old state again. It is arrived at anew, as a copied tree is not the tree that a
    /// rollback looks for.
    fn reset(&self) {
        self.machine.shell(RESET);
        self.machine.wait_ready();
        self.machine.shell(&self.before);
    }

    /// Kills it at a sample of those system calls, of which there are `fewest` or more.
    fn at(&self, calls: Calls, fewest: usize, step: usize) {
        let points = self.points(calls);
        let new = state(&self.machine);
        assert_eq!(self.old == new, self.recovers, "{}", self.name);
        assert!(points.len() >= fewest, "only {points:?}");
        let all = points.len();
        let points = sample(points, step);
        let (missed, killed): (Vec<_>, Vec<_>) =
            points.iter().partition(|point| !self.killed_near(point, &new));
        let (name, killed) = (self.name, killed.len());
        println!("  {name}, kill at {}: {killed} of {all} points, 0 bad states", calls.0);
        assert!(missed.is_empty(), "{name}: {missed:?} never came");
    }

    /// Kills it there. How often the health gate looks at the unit in the end is not the same each
    /// time: where it has ended before, at one of the calls that came before.
    fn killed_near(&self, (call, number): &(String, usize), new: &State) -> bool {
        (1..=*number).rev().step_by(3).any(|number| self.killed(&(call.clone(), number), new))
    }

    /// Does this to the way to the manager when a message has been sent, at a sample of all: the
    /// command comes to the end that it has without.
    fn losing_its_way(&self, deed: &str, code: i32, step: usize) {
        let points = self.points(MESSAGES);
        let new = state(&self.machine);
        let all = points.len();
        let points = sample(points, step);
        for (_, number) in &points {
            self.lost_its_way(deed, *number, code, &new);
        }
        println!("  {}, {deed}: {} of {all} messages, 0 bad ends", self.name, points.len());
    }

    fn lost_its_way(&self, deed: &str, number: usize, code: i32, new: &State) {
        let Self { name, machine, line, .. } = self;
        self.reset();
        let line = line.trim_end_matches(" || [ $? = 1 ]");
        let output = machine.run(&["bash", "-c", &losing(deed, number, line)]);
        let place = format!("{name}, {deed} at message {number}: {}", said(&output));
        assert_eq!(output.status.code(), Some(code), "{place}");
        let difference = state(machine).difference(new);
        assert!(difference.is_empty(), "{place}{difference:#?}");
        // a manager that is executed anew just now cannot be asked
        let look = "until systemctl --user --quiet is-active openclaw-gateway; do sleep 0.02; done";
        let is_up = machine.run(&["timeout", "60", "bash", "-c", look]).status.success();
        let status = machine.run(&["systemctl", "--user", "status", "openclaw-gateway"]);
        assert!(is_up, "{place}{}", said(&status));
        machine.wait_ready();
        let has_chat = machine.read_text(".openclaw/openclaw.json").contains("chatCompletions");
        assert_eq!(machine.chat_status(), if has_chat { 400 } else { 404 }, "{place}");
    }

    /// Does the command, and lists those calls, by name and number in their thread.
    fn points(&self, (calls, shown): Calls) -> Vec<(String, usize)> {
        let line = &self.line;
        self.machine
            .shell(&format!("strace -f -qq -o ~/log -e trace={calls} -e signal=none {line}"));
        let log = self.machine.read_text("log");
        let mut counts = BTreeMap::new();
        let mut points = BTreeSet::new();
        for line in log.lines() {
            let Some((thread, rest)) = line.split_once(char::is_whitespace) else { continue };
            let Some((call, words)) = rest.trim_start().split_once('(') else { continue };
            if calls.split(',').any(|known| known == call) {
                let count = counts.entry((thread, call)).or_insert(0);
                *count += 1;
                if words.contains(shown) {
                    points.insert((call.to_owned(), *count));
                }
            }
        }
        points.into_iter().collect()
    }

    /// Kills it there and recovers. Returns whether it came to that.
    fn killed(&self, point: &(String, usize), new: &State) -> bool {
        let Self { name, machine, line, .. } = self;
        let (call, number) = point;
        self.reset();
        let output = machine.run(&["bash", "-c", &strace_killing(call, *number, line)]);
        let is_killed = output.status.signal() == Some(9);
        assert!(is_killed || output.status.success(), "{name} {point:?}: {}", said(&output));
        machine.shell("openclaw-setup recover --lang en");
        let is_new = match committed(machine) - self.committed {
            0 => false,
            1 => true,
            more => panic!("{name} {point:?}: {more} transactions more"),
        };
        let difference = state(machine).difference(if is_new { new } else { &self.old });
        assert!(difference.is_empty(), "{name} {point:?}, {is_new}: {difference:#?}");
        // a gateway whose config was changed by hand ends, and systemd starts it again
        machine.wait_for_state("active");
        machine.wait_ready();
        is_killed
    }
}

fn strace_killing(call: &str, number: usize, line: &str) -> String {
    format!(
        "strace -f -qq -o /dev/null -e trace={call} -e inject={call}:signal=KILL:when={number} {line}"
    )
}

/// The command is held when it has sent this message, until the deed is done. So may be what it
/// starts later, and it goes on at once.
fn losing(deed: &str, number: usize, line: &str) -> String {
    format!(
        r#"rm -f ~/held
strace -f -qq -o ~/held -e trace=sendmsg -e inject=sendmsg:signal=STOP:when={number} \
  {line} & command=$!
until grep -qs 'stopped by' ~/held || ! kill -0 $command 2>/dev/null; do sleep 0.02; done
bus=$(systemctl --user show --value -p MainPID dbus.service)
{deed}
while kill -0 $command 2>/dev/null; do
  kill -CONT $(awk '/stopped by/ {{print $1}}' ~/held) 2>/dev/null; sleep 0.05
done
wait $command; status=$?
[ "$bus" = 0 ] || kill -KILL "$bus"
exit $status"#
    )
}

/// How many transactions are committed.
fn committed(machine: &Machine) -> usize {
    machine.shell("openclaw-setup history --json").matches("\"committed\"").count()
}

fn state(machine: &Machine) -> State {
    let roots: Vec<PathBuf> = MANAGED.iter().map(|path| machine.outside(path)).collect();
    State::of(&roots.iter().map(PathBuf::as_path).collect::<Vec<_>>())
}

/// The step in which the manager hangs is made long; the manager is stopped when it has begun.
const SLOWLY: &str =
    "strace -f -qq -o /dev/null -e trace=renameat2 -e inject=renameat2:delay_enter=2000000:when=1";
const IN_THE_MIDDLE: &str =
    r#"grep -qs '"step":1,' ~/.openclaw/openclaw-setup/transactions/*/progress"#;

#[test]
fn i10_a_manager_that_hangs_in_the_middle_leaves_whole_files_in_time() {
    let machine = Machine::furnished();
    let output = old_though_the_manager_got(&machine, "STOP");
    machine.signal_manager("CONT");
    machine.shell("openclaw-setup recover --lang en");
    let active = machine.property("openclaw-gateway.service", "ActiveState");
    assert_eq!(active, "active", "after the recovery");
    machine.wait_ready();
    println!("  a manager that hangs in the middle: {}, recovered later", output.status);
}

#[test]
fn i10_a_manager_killed_in_the_middle_leaves_whole_files_in_time() {
    let machine = Machine::furnished();
    let output = old_though_the_manager_got(&machine, "KILL");
    let old = state(&machine);
    let recovery = machine.run(&["openclaw-setup", "recover", "--timeout", "2", "--lang", "en"]);
    assert!(matches!(recovery.status.code(), Some(1 | 4)), "{}", said(&recovery));
    assert!(said(&recovery).contains("systemd user manager"), "{}", said(&recovery));
    assert!(state(&machine).difference(&old).is_empty(), "{}", said(&recovery));
    println!("  a manager killed in the middle: {}", output.status);
}

/// Installs; the manager gets the signal when the files are about to be changed. What is managed
/// is as before.
fn old_though_the_manager_got(machine: &Machine, signal: &str) -> Output {
    machine.shell(FURNISH_MORE);
    let old = state(machine);
    let line = format!("{SLOWLY} openclaw-setup {INSTALL} --timeout 2");
    let began = std::time::Instant::now();
    let running = machine.command(&["bash", "-c", &line]).start();
    machine.wait_until(IN_THE_MIDDLE);
    machine.signal_manager(signal);
    let output = running.wait();
    assert!(matches!(output.status.code(), Some(1 | 4)), "{}", said(&output));
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
    let difference = state(machine).difference(&old);
    assert!(difference.is_empty(), "{}{difference:#?}", said(&output));
    output
}
