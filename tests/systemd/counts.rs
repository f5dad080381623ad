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

/// Prints the memory that the largest process of a command had, in KiB.
const PEAK: &str = "import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

/// That it does not grow with their bytes is I11.
#[test]
fn memory_grows_by_less_than_two_kilobytes_for_each_file() {
    let machine = Machine::only_a_home();
    let commands = ["install", "install again", "verify"];
    let peaks = [200, 4200].map(|files| {
        let source = machine.shell(&format!(
            "cp -R payload/dingtalk-connector of-{files}; cd of-{files}; mkdir -p node_modules/package
             for n in $(seq {files}); do echo $n >node_modules/package/$n.js; done
             find . -type f ! -name SHA256SUMS -printf '%P\\n' | xargs sha256sum >sums
             mv sums SHA256SUMS; sed -i '/ sums$/d' SHA256SUMS; pwd"
        ));
        commands.map(|command| {
            let command = command.split_whitespace().next().unwrap();
            let line = ["python3", "-c", PEAK, "openclaw-setup", command];
            let install = [source.trim(), "--client-id", "ding-test-id", "--offline", "--yes"];
            let options = if command == "install" { &install[..] } else { &[] };
            let order = machine.command(&[&line[..], options].concat());
            let peak = order.env("OPENCLAW_SETUP_CLIENT_SECRET", SECRET).ask();
            peak.trim().parse::<u64>().unwrap()
        })
    });
    let [few, many] = peaks;
    for (command, (few, many)) in commands.iter().zip(few.into_iter().zip(many)) {
        let each = many.saturating_sub(few) * 1024 / 4000;
        assert!(few > 1000 && each < 2000, "{command}: {few} KiB, and {each} bytes for each file");
    }
}
