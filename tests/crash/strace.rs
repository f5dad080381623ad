//! strace as the hand of fate: it counts the system calls of a run, and lets one of them fail or
//! be the last.
//!
//! Its `when=` counts each system call by itself, and per thread.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal};

use super::bench::limit::{self, Limited};
use super::room::ROOT;

/// The system calls that change files.
const CHANGES: [&str; 26] = [
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "symlink",
    "symlinkat",
    "link",
    "linkat",
    "fsync",
    "fdatasync",
    "syncfs",
    "ftruncate",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchownat",
    "write",
    "pwrite64",
    "openat",
    "open",
    "creat",
];
/// Those that only look.
const LOOKS: [&str; 6] = ["openat", "openat2", "read", "statx", "newfstatat", "getdents64"];

/// One system call of a run, where something may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Point {
    /// The system call's name.
    pub(crate) call: String,
    /// The how-manieth of that name in its thread, from 1.
    pub(crate) number: u32,
    /// The call as strace shows it.
    pub(crate) shown: String,
}

/// What happens at a point.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    /// The program is killed; the call is not done.
    Death,
    /// The call fails with this error, this one time.
    Fails(&'static str),
    /// It fails from now on.
    FailsForEver(&'static str),
    /// The program gets this signal, and again at each such call from now on.
    Signals(&'static str),
}

/// Runs `command` and lists where it changes a file in the room.
pub(crate) fn changes(command: &Command, log: &Path) -> Vec<Point> {
    changes_with(command, log, &[])
}

/// The same, with faults in strace's own words.
pub(crate) fn changes_with(command: &Command, log: &Path, more: &[&str]) -> Vec<Point> {
    points(command, log, &CHANGES, more, &|call, line| {
        !call.starts_with("open") || line.contains("O_CREAT") || line.contains("O_TRUNC")
    })
}

/// Runs `command` and lists where it looks at a file in the room.
pub(crate) fn looks(command: &Command, log: &Path) -> Vec<Point> {
    points(command, log, &LOOKS, &[], &|_, line| !line.contains("O_CREAT"))
}

type Filter<'a> = &'a dyn Fn(&str, &str) -> bool;

fn points(
    command: &Command,
    log: &Path,
    calls: &[&str],
    more: &[&str],
    wanted: Filter,
) -> Vec<Point> {
    let trace = format!("trace={}", calls.join(","));
    let mut options = vec!["-y", "-e", "signal=none", "-e", &trace];
    options.extend(more.iter().flat_map(|more| ["-e", *more]));
    let output = limit::output(&mut under_strace(command, &options, log));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read(log).unwrap();
    listed(&String::from_utf8_lossy(&text), wanted)
}

fn listed(log: &str, wanted: Filter) -> Vec<Point> {
    let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut points = Vec::new();
    for line in log.lines() {
        let Some((process, shown)) = line.split_once(char::is_whitespace) else { continue };
        let shown = shown.trim_start();
        // a line that strace has cut into two because another thread came between
        let Some((call, _)) = shown.split_once('(') else { continue };
        if call.starts_with('<') || !call.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            continue;
        }
        let number = counts.entry((process, call)).or_default();
        *number += 1;
        if in_the_room(call, shown) && wanted(call, shown) {
            let (call, number, shown) = (call.to_owned(), *number, shown.to_owned());
            points.push(Point { call, number, shown });
        }
    }
    points
}

/// By a descriptor, or by a path; but what is written tells nothing about where to.
fn in_the_room(call: &str, shown: &str) -> bool {
    let by_descriptor = shown.contains(&format!("<{ROOT}/"));
    by_descriptor || (!call.contains("write") && shown.contains(&format!("\"{ROOT}/")))
}

/// The command, with `fate` waiting at `point`; more faults may be given in strace's own words.
pub(crate) fn struck(command: &Command, point: &Point, fate: Fate, more: &[&str]) -> Output {
    let Point { call, number, .. } = point;
    let inject = match fate {
        Fate::Death => format!("inject={call}:signal=KILL:when={number}"),
        Fate::Fails(error) => format!("inject={call}:error={error}:when={number}"),
        Fate::FailsForEver(error) => format!("inject={call}:error={error}:when={number}+"),
        Fate::Signals(signal) => format!("inject={call}:signal={signal}:when={number}+"),
    };
    let trace = format!("trace={call},renameat2");
    let mut options = vec!["-e", "signal=none", "-e", &trace, "-e", &inject];
    // stops at the traced calls only, which is faster; strace 6.1 then loses the signals it injects
    if !matches!(fate, Fate::Death | Fate::Signals(_)) {
        options.push("--seccomp-bpf");
    }
    options.extend(more.iter().flat_map(|more| ["-e", *more]));
    limit::output(&mut under_strace(command, &options, Path::new("/dev/null")))
}

/// Stops the command right behind `point`, does the `deed`, and lets it go on to its end. The deed
/// is not done where the command never comes there.
pub(crate) fn paused(command: &Command, point: &Point, deed: impl FnOnce()) -> Output {
    let Point { call, number, .. } = point;
    let (trace, inject) =
        (format!("trace={call}"), format!("inject={call}:signal=STOP:when={number}"));
    let options = ["-e", "signal=STOP", "-e", &trace, "-e", &inject];
    // strace writes into its standard input, a pipe to us, whose end comes with the program's
    let (lines, log) = io::pipe().unwrap();
    let mut strace = under_strace(command, &options, Path::new("/proc/self/fd/0"));
    let running = Limited::start(strace.stdin(log));
    drop(strace);
    let mut deed = Some(deed);
    for line in BufReader::new(lines).split(b'\n') {
        let line = String::from_utf8_lossy(&line.unwrap()).into_owned();
        if line.ends_with("--- stopped by SIGSTOP ---") {
            if let Some(deed) = deed.take() {
                deed();
            }
            let thread = line.split_once(' ').unwrap().0.parse().unwrap();
            rustix::process::kill_process(Pid::from_raw(thread).unwrap(), Signal::CONT).unwrap();
        }
    }
    running.wait()
}

fn under_strace(command: &Command, options: &[&str], log: &Path) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o"]).arg(log).args(options);
    strace.arg("--").arg(command.get_program()).args(command.get_args());
    strace.env_clear().current_dir("/").stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        strace.env(name, value.unwrap());
    }
    strace
}
