//! What an installation asks of the bus, of the disk and of other programs: numbers that do not depend on the machine.

use crate::bench::program::{PAYLOAD, SECRET, UNIT, assert_exit};
use crate::bench::{HOME, Machine};

/// `strace` with the calls that count; the bus is spoken to by `sendmsg`.
const COUNTED: &str = "trace=sendmsg,fsync,fdatasync,syncfs,execve";

/// With a restart of the gateway and the whole proof.
#[test]
fn an_installation_makes_do_with_few_calls_flushes_and_programs() {
    let machine = Machine::brisk();
    let run = machine.property(UNIT, "InvocationID");
    let payload = format!("{HOME}/{PAYLOAD}");
    let strace = ["strace", "-f", "-qq", "-s", "300", "-o", "counted", "-e", "signal=none", "-e"];
    let line = [COUNTED, "openclaw-setup", "install", &payload, "--client-id", "ding-test-id"];
    let line = [&strace[..], &line].concat();
    let done = machine.command(&line).env("OPENCLAW_SETUP_CLIENT_SECRET", SECRET).run();
    assert_exit(&done, 0);
    assert_ne!(machine.property(UNIT, "InvocationID"), run, "it was restarted");

    let log = machine.read_text("counted");
    let count = |what: &dyn Fn(&str) -> bool| log.lines().filter(|line| what(line)).count();
    // little endian, a method call; whether a manager that takes its time is still there is asked besides
    let is_call = |line: &str| line.contains(r#"iov_base="l\1"#) && !line.contains("GetNameOwner");
    let before = log.lines().take_while(|line| !line.contains("StartUnit"));
    let calls = before.filter(|line| is_call(line)).count() + 1;
    assert!((10..=16).contains(&calls), "{calls} method calls:\n{log}");
    // from then on the gateway is looked at, with one call each time
    let others = log.lines().skip_while(|line| !line.contains("StartUnit")).skip(1);
    let looks = ["GetAll", "RemoveMatch"];
    let others = others.filter(|line| is_call(line) && !looks.iter().any(|it| line.contains(it)));
    assert_eq!(others.collect::<Vec<_>>(), [""; 0]);
    let flushes = count(&|line| line.contains("sync("));
    // setsid becomes the program; the first is ours
    let starts = |line: &str| line.contains("execve(") && line.ends_with("= 0");
    let programs = count(&|line| starts(line) && !line.contains("/setsid\"")) - 1;
    assert!((10..=40).contains(&flushes), "{flushes} flushes:\n{log}");
    assert!((1..=4).contains(&programs), "{programs} programs:\n{log}");
}
