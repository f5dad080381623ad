//! A room for a test: namespaces of its own for mounts and processes, in which `/run` is an empty
//! tmpfs. Nothing that is started in it outlives it.
//!
//! There the homes lie, and there is no bus and no user manager of anybody's: not even root's own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::bench::limit::{self, Watchdog};
use super::sweep::is_full;

/// Set for a test binary that already runs inside a room.
const INSIDE: &str = "OPENCLAW_SETUP_TEST_ROOM";
const MOVE_IN: &str = r#"mount -t tmpfs -o mode=755 tmpfs /run && cd / && exec "$@""#;

/// Waits until nothing holds the file system at `$1` any more, and unmounts it. What another thread
/// of the test starts holds all our files for a moment, between its fork and its exec; beside other
/// work that is long.
const LEAVE: &str = r#"leave() {
  for _ in {1..600}; do
    ! mountpoint -q "$1" || umount "$1" 2>/dev/null || { sleep 0.1; continue; }
    return 0
  done
  echo "$1 is still held by:" >&2
  find /proc/[0-9]*/{cwd,root,exe,fd} -lname "$1*" -printf '%p -> %l\n' >&2
  return 1
}
"#;
/// How a fault of the test's own arrangement begins: nothing is said about the program.
pub(crate) const NOT_ARRANGED: &str = "the arrangement failed: ";

/// Where everything of a test lies.
pub(crate) const ROOT: &str = "/run/crash";

/// Runs a test's body in a room of its own: the binary starts itself again there, with this test.
pub(crate) fn inside<F: FnOnce()>(body: F) {
    if std::env::var_os(INSIDE).is_some() {
        std::fs::create_dir(ROOT).unwrap();
        return body();
    }
    assert!(
        rustix::process::geteuid().is_root(),
        "this test mounts file systems, which needs root: run `make test`, or let packaging/sandbox/as-root.sh be cargo's runner"
    );
    let test = std::any::type_name::<F>().trim_end_matches("::{{closure}}");
    let test = test.split_once("::").expect("a closure is called after its function").1;
    let child = Command::new("unshare")
        .args([
            "--mount",
            "--propagation",
            "private",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
        ])
        .args(["--", "sh", "-euc", MOVE_IN, "room"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "yes")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (timeout, pid) = (Duration::from_secs(60 * minutes()), limit::pid_of(&child));
    let watchdog = Watchdog::over(timeout, move || {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    });
    let output = child.wait_with_output().unwrap();
    assert!(!watchdog.call_off(), "the room was not left after {timeout:?}");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "in the room: {said}");
    print!("{}", summary(&said));
}

/// Each trial in a room has a limit of its own; this is the limit of them all together.
fn minutes() -> u64 {
    if is_full() { 360 } else { 30 }
}

/// The lines of a sweep that tell how much it tried.
fn summary(said: &str) -> String {
    said.lines().filter(|line| line.starts_with("  ")).flat_map(|line| [line, "\n"]).collect()
}

/// A fresh place of that name in the room.
pub(crate) fn place(name: &str) -> PathBuf {
    let place = Path::new(ROOT).join(name);
    std::fs::create_dir_all(&place).unwrap();
    place
}

/// Runs a shell script that has to succeed; `$1`, `$2` … are the words.
pub(crate) fn shell(script: &str, words: &[&Path]) -> String {
    let with_leave = format!("{LEAVE}{script}");
    let mut bash = Command::new("bash");
    let output = limit::output(bash.args(["-euc", &with_leave, "room"]).args(words));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{NOT_ARRANGED}{script} {words:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
