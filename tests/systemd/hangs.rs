//! Nothing holds a command up for longer than `--timeout`, whatever lies where a file should be,
//! and whatever the system answers.

use std::process::Output;
use std::time::{Duration, Instant};

use crate::bench::program::{CONFIG, CONNECTOR, DROP_IN, MODELS, PAYLOAD, UNIT, assert_exit, json};
use crate::bench::snapshot::RECORDS;
use crate::bench::{HOME, Machine, Running, said};

/// Files of other people's, for `place`, all in use.
const FILES: &str = r#"
mkdir -p "$(dirname ~/"$MODELS")"; [ -e ~/"$MODELS" ] || echo '{}' >~/"$MODELS"
echo A=b >~/env; echo B=c >~/.openclaw/.env; echo '{}' >~/answers; echo 's3cret' >~/secret
echo '{"ui": {}}' >~/.openclaw/more.json
sed -i '0,/{/s//{ "$include": ".\/more.json",/' ~/.openclaw/openclaw.json
printf '[Service]\nEnvironmentFile=%s/env\n' ~ >"$(dirname ~/"$DROP_IN")/30-env.conf"
chmod 600 ~/.openclaw/*.json ~/.openclaw/.env
systemctl --user daemon-reload"#;

/// `$1`: the file; `$2`: what comes in its place.
const PLACE: &str = r#"
cd; mv "$1" kept
case $2 in
fifo) mkfifo "$1" ;;
endless) ln -s /dev/zero "$1" ;;
directory) mkdir "$1" ;;
socket) cd "$(dirname "$1")"; /usr/bin/python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$(basename "$1")" ;;
esac"#;
const PUT_BACK: &str = r#"cd; rm -r "$1"; mv kept "$1""#;
const KINDS: [&str; 4] = ["fifo", "endless", "directory", "socket"];

/// What `install --dry-run` makes of it.
#[derive(Clone, Copy, PartialEq)]
enum Install {
    Stops,
    StopsAtPipes,
    GoesOn,
}
use Install::{GoesOn, Stops, StopsAtPipes};

#[test]
fn nothing_in_the_place_of_a_file_holds_a_command_up() {
    let machine = Machine::set_up();
    let names = format!("MODELS={MODELS}; DROP_IN={DROP_IN}\n");
    machine.shell(&(names + FILES));
    let tree = |name: &str| format!("{CONNECTOR}/{name}");
    let payload = |name: &str| format!("{PAYLOAD}/{name}");
    let unit = format!(".config/systemd/user/{UNIT}");
    for (file, check, install) in [
        ("env", "service.environment-file", Stops),
        (".openclaw/.env", "service.environment-file", StopsAtPipes),
        (CONFIG, "config.syntax", Stops),
        (".openclaw/more.json", "config.syntax", Stops),
        (MODELS, "host.access", Stops),
        (DROP_IN, "host.access", Stops),
        (&unit, "", GoesOn),
        (&tree("package.json"), "plugin.checksum", GoesOn),
        (&tree("openclaw.plugin.json"), "plugin.checksum", GoesOn),
        (&payload("package.json"), "", Stops),
        (&payload("openclaw.plugin.json"), "", Stops),
        (&payload("SHA256SUMS"), "", Stops),
        ("answers", "", Stops),
        ("secret", "", Stops),
    ] {
        for kind in KINDS {
            machine.ask(&["bash", "-euc", PLACE, "place", file, kind]);
            tried(&machine, file, kind, check, install);
            machine.ask(&["bash", "-euc", PUT_BACK, "put back", file]);
        }
    }
}

/// All at once: they change nothing.
fn tried(machine: &Machine, file: &str, kind: &str, check: &str, install: Install) {
    let status = limited(machine, "status");
    let doctor = limited(machine, "doctor --json");
    let dry_run = limited(
        machine,
        &format!("install {PAYLOAD} --dry-run --answers answers --client-secret-file secret"),
    );
    let [status, doctor, dry_run] = [status, doctor, dry_run].map(Running::wait);
    let place = format!("{kind} at {file}");
    for output in [&status, &doctor] {
        assert!(matches!(output.status.code(), Some(0 | 3)), "{place}: {}", said(output));
    }
    let findings = json(&doctor)["findings"].as_array().unwrap().clone();
    let of_check = findings.iter().filter(|finding| finding["checkId"] == check);
    let named = of_check.filter(|finding| finding.to_string().contains(file)).count();
    assert!(check.is_empty() || named > 0, "{place}: {findings:#?}");
    let stops = install == Stops || (install == StopsAtPipes && kind == "fifo");
    let codes = if stops { [1, 2] } else { [0, 0] };
    let code = dry_run.status.code().unwrap_or_default();
    let name = file.rsplit('/').next().unwrap();
    let is_named = !stops || said(&dry_run).contains(name);
    assert!(codes.contains(&code) && is_named, "{place}: {}", said(&dry_run));
}

/// With a limit on its memory, and killed where it does not end by itself.
fn limited<'a>(machine: &'a Machine, line: &str) -> Running<'a> {
    let script = format!(
        "ulimit -v 1000000; exec timeout -s KILL 20 openclaw-setup {line} --timeout 2 --lang en"
    );
    let command = machine.command(&["bash", "-c", &script]);
    command.env("OPENCLAW_SETUP_CLIENT_ID", "ding-test-id").start()
}

/// How long a command may take that is allowed a second for each of its phases: the look, the jobs,
/// the gate and the undo, and a busy machine.
const ENOUGH: Duration = Duration::from_secs(20);

/// A system call that is interrupted for ever, from that one of its thread on. Of `poll` the first
/// is Rust's own, before `main`.
#[test]
fn no_call_that_is_interrupted_for_ever_holds_a_command_up() {
    let machine = Machine::brisk();
    let before = machine.home().without(RECORDS);
    for fault in [
        "sendto:error=EINTR:when=1+",
        "sendmsg:error=EINTR:when=1+",
        "sendmsg:error=EINTR:when=12+",
        "sendmsg:error=EAGAIN:when=12+",
        "recvmsg:error=EINTR:when=1+",
        "recvmsg:error=EINTR:when=20+",
        "recvfrom:error=EINTR:when=1+",
        "connect:error=EAGAIN:when=1+",
        "connect:error=EINTR:when=1+",
        "poll:error=EINTR:when=2+",
    ] {
        for line in ["status", "doctor"] {
            let output = struck(&machine, fault, line);
            let goes_on = matches!(output.status.code(), Some(0 | 3));
            assert!(goes_on, "{fault}, {line}: {}", said(&output));
        }
        let line = format!("install {HOME}/{PAYLOAD} --yes");
        let output = struck(&machine, fault, &line);
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 1 | 4)), "{fault}: {}", said(&output));
        let last = if code == Some(0) { "rollback" } else { "recover" };
        assert_exit(&machine.setup(&[last, "--yes"]).run(), 0);
        before.assert_same(&machine.home().without(RECORDS));
        machine.assert_old_gateway_runs();
    }
}

fn struck(machine: &Machine, fault: &str, line: &str) -> Output {
    let call = fault.split(':').next().unwrap();
    let script = format!(
        "exec strace -f -qq -o /dev/null --seccomp-bpf -e trace={call} -e signal=none -e inject={fault} \
         timeout -s KILL 60 openclaw-setup {line} --timeout 1 --lang en"
    );
    let began = Instant::now();
    let command = machine.command(&["bash", "-c", &script]);
    let output = command
        .env("OPENCLAW_SETUP_CLIENT_ID", "ding-test-id")
        .env("OPENCLAW_SETUP_CLIENT_SECRET", "s3cret")
        .run();
    let took = began.elapsed();
    assert!(took < ENOUGH, "{fault}, {line}: {took:?}, {}", said(&output));
    output
}
