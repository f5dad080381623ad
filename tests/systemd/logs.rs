//! `logs` with a journal: since the gateway's start, across its restart, until Ctrl-C or the reader's end.

use std::io::{BufRead, BufReader};
use std::process::ChildStdout;

use crate::bench::program::{CONFIG, SECRET, UNIT, assert_exit, assert_says};
use crate::bench::{Machine, Running, said};

/// Holds while a journalctl of anybody's runs.
const JOURNALCTL_RUNS: &str = "grep -qsx journalctl /proc/[0-9]*/comm";

/// `logs` at work, with its lines.
struct Listening<'a> {
    running: Running<'a>,
    lines: BufReader<ChildStdout>,
}

impl<'a> Listening<'a> {
    fn to(machine: &'a Machine, options: &[&str]) -> Self {
        let mut running = machine.setup(&[&["logs"], options].concat()).start();
        let lines = BufReader::new(running.child.stdout.take().unwrap());
        Self { running, lines }
    }

    /// All lines up to the one that holds `text`.
    #[track_caller]
    fn until(&mut self, text: &str) -> String {
        let mut heard = String::new();
        loop {
            let begin = heard.len();
            let length = self.lines.read_line(&mut heard).unwrap();
            assert!(length > 0, "it ended without {text:?}:\n{heard}");
            if heard[begin..].contains(text) {
                return heard;
            }
        }
    }
}

fn saying(lines: &str) -> Machine {
    Machine::brisk_with(&[], &format!(r#"{{"say": {lines}}}"#), &[])
}

fn restart(machine: &Machine, faults: &str) {
    machine.let_the_gateway(faults);
    machine.shell(&format!("systemctl --user restart {UNIT}"));
    machine.wait_ready();
}

#[test]
fn what_was_said_since_the_gateways_start() {
    let machine = saying(r#"[["gateway/ws", "before the restart"]]"#);
    machine.wait_ready();
    restart(&machine, r#"{"say": [["gateway/ws", "after the restart"]]}"#);
    let shown = machine.setup(&["logs"]).run();
    assert_exit(&shown, 0);
    assert_says(&shown, &["[ws] after the restart", "[gateway] listening on ws://"]);
    assert!(!said(&shown).contains("before"), "{}", said(&shown));
    let all = machine.setup(&["logs", "--since", "1h", "--verbose"]).run();
    assert_says(&all, &["from the journal", "before the restart", "after the restart"]);
    assert_says(&all, &["[systemd] Stopped "]);
    let last = machine.setup(&["logs", "--since", "1h", "--lines", "2"]).run();
    assert_eq!(String::from_utf8_lossy(&last.stdout).lines().count(), 2, "{}", said(&last));
    machine.shell(&format!("systemctl --user stop {UNIT}"));
    assert_says(&machine.setup(&["logs"]).run(), &["after the restart", "received SIGTERM"]);
}

#[test]
fn follow_hears_the_next_start_and_ends_with_ctrl_c() {
    let machine = saying(r#"[["gateway/ws", "before the restart"]]"#);
    machine.wait_ready();
    let mut listening = Listening::to(&machine, &["-f"]);
    listening.until("before the restart");
    restart(&machine, r#"{"say": [["gateway/ws", "after the restart"]]}"#);
    let heard = listening.until("after the restart");
    assert!(heard.contains("received SIGTERM"), "{heard}");
    machine.wait_until(JOURNALCTL_RUNS);
    listening.running.signal("INT");
    assert_exit(&listening.running.wait(), 0);
    machine.wait_until(&format!("! {JOURNALCTL_RUNS}"));
}

#[test]
fn follow_alone_begins_with_what_comes() {
    let machine = saying(r#"[["gateway/ws", "before the restart"]]"#);
    machine.wait_ready();
    let mut listening = Listening::to(&machine, &["-f", "--lines", "0", "--json"]);
    machine.wait_until(JOURNALCTL_RUNS);
    restart(&machine, r#"{"say": [["gateway/ws", "after the restart"]]}"#);
    let heard = listening.until("after the restart");
    assert!(!heard.contains("before the restart"), "{heard}");
    for line in heard.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["time"].is_string() && line["text"].is_string(), "{line}");
    }
}

#[test]
fn follow_ends_when_nobody_reads_any_more() {
    let machine = saying("[]");
    machine.wait_ready();
    let script = "openclaw-setup logs --follow | head -n 1; echo ${PIPESTATUS[0]}";
    let shown = machine.shell(script);
    assert_eq!((shown.lines().count(), shown.lines().last()), (2, Some("0")), "{shown}");
}

#[test]
fn a_secret_that_the_gateway_speaks_and_a_message_of_several_lines_are_not_shown() {
    let machine = Machine::set_up();
    let lines = format!(
        r#"[["gateway/ws", "401 for {SECRET}"], ["gateway/channels/dingtalk-connector", "收到消息: dear bot,\nmy salary is"], ["gateway/ws", "spoken"]]"#
    );
    restart(&machine, &format!(r#"{{"say": {lines}}}"#));
    for options in [&["logs"][..], &["logs", "--json"]] {
        let shown = machine.setup(options).run();
        assert_says(&shown, &["401 for ***", "收到消息 ***", "spoken"]);
        for hidden in [SECRET, "dear bot", "salary"] {
            assert!(!said(&shown).contains(hidden), "{}", said(&shown));
        }
    }
}

/// Through a drop-in, a file that it names, and a new process with the manager's environment.
#[test]
fn a_secret_that_comes_later_through_the_unit_is_learnt_as_well() {
    let machine = saying("[]");
    let drop_in = format!(".config/systemd/user/{UNIT}.d/20-secret.conf");
    let elsewhere = "[Service]\nStandardOutput=null\nStandardError=null\n";
    machine.write(&drop_in, elsewhere);
    machine.shell("systemctl --user daemon-reload");
    restart(&machine, "{}");
    let mut listening = Listening::to(&machine, &["-f"]);
    listening.until("listening on");
    // said by somebody else, so that no start of the gateway lets everything be looked at anew
    let said = |text: &str| {
        let log = "$(ls -t /tmp/openclaw/openclaw-*.log | head -n 1)";
        machine.shell(&format!(r#"echo '{{"0":"{text}","time":"'$(date -Is)'"}}' >>{log}"#));
    };
    let from_drop_in =
        "Environment=API_TOKEN=l4ter-dropin\nEnvironmentFile=/home/tester/late[^a-q].*\n";
    machine.write("later.env", "OTHER_TOKEN=l4ter-file\n");
    machine.write(&drop_in, format!("{elsewhere}{from_drop_in}"));
    machine.shell("systemctl --user daemon-reload");
    said("has l4ter-dropin and l4ter-file");
    let heard = listening.until("has ");
    assert!(heard.contains("has *** and ***"), "{heard}");
    machine.write("later.env", "OTHER_TOKEN=l4test-file\n");
    said("has l4test-file");
    let heard = listening.until("has ");
    assert!(heard.contains("has ***"), "{heard}");
    machine.shell("systemctl --user set-environment MORE_TOKEN=l4ter-manager");
    restart(&machine, r#"{"say": [["gateway/ws", "has l4ter-manager"]]}"#);
    let heard = listening.until("[ws] has ");
    assert!(heard.contains("[ws] has ***"), "{heard}");
}

#[test]
fn a_gateway_whose_output_goes_elsewhere_is_read_from_its_file() {
    let machine = saying("[]");
    machine.write(
        format!(".config/systemd/user/{UNIT}.d/20-elsewhere.conf"),
        "[Service]\nStandardOutput=null\nStandardError=null\n",
    );
    machine.shell("systemctl --user daemon-reload");
    restart(&machine, r#"{"say": [["gateway/ws", "only in the file"]]}"#);
    let shown = machine.setup(&["logs"]).run();
    assert_says(&shown, &["[ws] only in the file", "/tmp/openclaw/openclaw-"]);
    let mut listening = Listening::to(&machine, &["-f"]);
    listening.until("only in the file");
    restart(&machine, r#"{"say": [["gateway/ws", "after the restart"]]}"#);
    listening.until("after the restart");
}

/// Two gateways of one user share the folder of the daily files.
#[test]
fn a_file_that_the_config_names_is_what_the_gate_and_doctor_judge() {
    let machine = Machine::set_up();
    let elsewhere = "[Service]\nStandardOutput=null\nStandardError=null\n";
    machine.write(format!(".config/systemd/user/{UNIT}.d/20-elsewhere.conf"), elsewhere);
    let logging = r#"sed -i 's,^  "tools",  "logging": {"file": "/home/tester/bot.log"}\, &,'"#;
    machine.shell(&format!("{logging} {CONFIG}; systemctl --user daemon-reload"));
    restart(&machine, r#"{"say": [["gateway/ws", "LLM request timed out"]]}"#);
    let failed = "dingtalk-connector failed to load from /home/other/plugin.ts: Error";
    machine.shell(&format!(
        "mkdir -p /tmp/openclaw; cd /tmp/openclaw; rm -f *; \
         echo '{{\"0\":\"{failed}\",\"time\":\"'$(date -Is -d +1minute)'\"}}' >openclaw-$(date +%F).log"
    ));
    let doctor = machine.setup(&["doctor", "--verbose"]).run();
    assert_says(&doctor, &["LLM request timed out"]);
    assert!(!said(&doctor).contains("/home/other"), "{}", said(&doctor));
    let changed = machine.install(&[]).env("OPENCLAW_SETUP_CLIENT_SECRET", "An0ther-S3cret").run();
    assert_exit(&changed, 0);
    assert_says(
        &machine.setup(&["logs"]).run(),
        &["/home/tester/bot.log", "[ws] LLM request timed out"],
    );
}

#[test]
fn what_was_logged_before_the_present_set_up_is_no_evidence() {
    let machine = Machine::set_up();
    restart(&machine, r#"{"say": [["gateway/ws", "LLM request timed out"]]}"#);
    machine.shell(&format!("systemctl --user stop {UNIT}"));
    assert_says(&machine.setup(&["doctor", "--verbose"]).run(), &["LLM request timed out"]);
    let changed = machine.install(&[]).env("OPENCLAW_SETUP_CLIENT_SECRET", "An0ther-S3cret").run();
    assert_says(&changed, &["openclaw.json"]);
    let doctor = machine.setup(&["doctor", "--verbose"]).run();
    assert!(!said(&doctor).contains("LLM request timed out"), "{}", said(&doctor));
}

#[test]
fn a_hung_manager_does_not_keep_the_log_away() {
    let machine = saying(r#"[["gateway/ws", "spoken"]]"#);
    machine.wait_ready();
    machine.signal_manager("STOP");
    let shown = machine.setup(&["logs"]).run();
    machine.signal_manager("CONT");
    assert_exit(&shown, 0);
    assert_says(&shown, &["[ws] spoken"]);
}

#[test]
fn a_program_that_dies_leaves_no_core_and_no_journalctl() {
    let machine = saying("[]");
    machine.wait_ready();
    let script = "ulimit -c unlimited 2>/dev/null || true; exec openclaw-setup logs --follow";
    let mut running = machine.command(&["bash", "-c", script]).start();
    let mut lines = BufReader::new(running.child.stdout.take().unwrap());
    lines.read_line(&mut String::new()).unwrap();
    let limits =
        machine.shell("cd $(dirname $(grep -lsx openclaw-setup /proc/[0-9]*/comm)); cat limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("1"), "{core}");
    running.signal("ABRT");
    assert!(!running.wait().status.success());
    assert_eq!(machine.shell("ls ~ | grep core || true"), "");
    machine.wait_until(&format!("! {JOURNALCTL_RUNS}"));
}
