//! `logs` where there is no journal: OpenClaw's own files, written to, cut off, rotated, one a day.

use std::io::{BufRead, BufReader};
use std::process::ChildStdout;

use crate::bench::program::{CONFIG, SECRET, assert_exit, assert_says, json as document};
use crate::bench::{Machine, Running, said};

const FOLDER: &str = "/tmp/openclaw";
const DAY: &str = "/tmp/openclaw/openclaw-2026-03-13.log";
const NEXT_DAY: &str = "/tmp/openclaw/openclaw-2026-03-14.log";
const LAST_DAY: &str = "/tmp/openclaw/openclaw-2026-03-15.log";

/// Adds a line to a log file, as OpenClaw does.
fn log(machine: &Machine, file: &str, speaker: &str, text: &str) {
    let name = serde_json::json!({"subsystem": speaker}).to_string();
    let entry = serde_json::json!({"0": name, "1": text, "time": "2026-03-13T10:00:00.000+00:00"});
    machine.ask(&[
        "bash",
        "-euc",
        r#"mkdir -p "$(dirname "$1")"; echo "$2" >>"$1""#,
        "log",
        file,
        &entry.to_string(),
    ]);
}

fn with_a_log() -> Machine {
    let machine = Machine::only_a_home();
    log(&machine, DAY, "gateway", "listening");
    log(&machine, DAY, "gateway/channels/dingtalk-connector", "[default] starting");
    machine
}

/// `logs --follow` with its lines.
struct Follower<'a> {
    running: Running<'a>,
    lines: BufReader<ChildStdout>,
}

impl<'a> Follower<'a> {
    fn of(machine: &'a Machine, more: &[&str]) -> Self {
        let mut running = machine.setup(&[&["logs", "--follow"], more].concat()).start();
        let lines = BufReader::new(running.child.stdout.take().unwrap());
        Self { running, lines }
    }

    fn next(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }

    /// Fails unless the next line ends like this.
    #[track_caller]
    fn expect(&mut self, end: &str) {
        let line = self.next();
        assert!(line.trim_end().ends_with(end), "{end:?} expected, {line:?} came");
    }
}

#[test]
fn a_log_file_is_shown_with_time_and_speaker() {
    let machine = with_a_log();
    let shown = machine.setup(&["logs"]).env("TZ", "Asia/Shanghai").run();
    assert_exit(&shown, 0);
    assert_eq!(
        String::from_utf8_lossy(&shown.stdout),
        "2026-03-13T18:00:00.000+08:00 [gateway] listening\n\
         2026-03-13T18:00:00.000+08:00 [dingtalk-connector] [default] starting\n"
    );
    assert_says(&shown, &["Not in the journal", DAY]);
    let last = machine.setup(&["logs", "--lines", "1", "--lang", "zh-CN", "--quiet"]).run();
    assert_eq!(said(&last).lines().count(), 1, "{}", said(&last));
    assert_says(&last, &["[default] starting"]);
}

#[test]
fn each_line_is_an_object_in_json() {
    let machine = with_a_log();
    let shown = machine.setup(&["logs", "--json"]).run();
    let text = String::from_utf8_lossy(&shown.stdout);
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines[1],
        serde_json::json!({
            "time": "2026-03-13T10:00:00.000000Z",
            "speaker": "dingtalk-connector",
            "text": "[default] starting",
        })
    );
    assert_eq!(lines.len(), 2);
}

#[test]
fn nothing_since_then_is_said_and_is_no_error() {
    let machine = with_a_log();
    let shown = machine.setup(&["logs", "--since", "1h"]).run();
    assert_exit(&shown, 0);
    assert_eq!(shown.stdout, b"", "{}", said(&shown));
    assert_says(&shown, &["Nothing has been logged since 20"]);
    let shown = machine.setup(&["logs", "--since", "2026-03-13"]).run();
    assert_eq!(String::from_utf8_lossy(&shown.stdout).lines().count(), 2, "{}", said(&shown));
}

#[test]
fn no_log_at_all_is_an_error_that_says_where_it_looked() {
    let machine = Machine::only_a_home();
    let shown = machine.setup(&["logs"]).run();
    assert_exit(&shown, 1);
    assert_says(&shown, &["there is no log", "openclaw-gateway.service", FOLDER, "status"]);
    assert_says(&machine.setup(&["logs", "-f", "--lang", "zh-CN"]).run(), &["没有日志", FOLDER]);
    let shown = machine.setup(&["logs", "--json"]).run();
    assert_eq!(document(&shown)["error"]["code"], "logs.absent");
    assert_eq!(
        String::from_utf8_lossy(&shown.stdout).lines().count(),
        1,
        "one line like any other"
    );
}

#[test]
fn a_file_that_the_config_names_is_read_instead() {
    let machine = with_a_log();
    let named = "/home/tester/gateway.log";
    machine.shell(&format!(
        r#"sed -i 's,^  "tools",  "logging": {{"file": "{named}"}}\, &,' {CONFIG}"#
    ));
    assert_says(&machine.setup(&["logs"]).run(), &["there is no log", named]);
    log(&machine, named, "gateway", "named");
    let mut follower = Follower::of(&machine, &[]);
    follower.expect("named");
    log(&machine, named, "gateway", "grown");
    follower.expect("grown");
}

#[test]
fn a_folder_of_another_user_is_not_read() {
    let machine = with_a_log();
    machine.command(&["chown", "-R", "0:0", FOLDER]).by_root().ask();
    assert_exit(&machine.setup(&["logs"]).run(), 1);
}

#[test]
fn secrets_and_messages_are_masked_also_a_secret_that_came_later() {
    let machine = with_a_log();
    assert_exit(&machine.install(&[]).run(), 0);
    log(&machine, DAY, "gateway", &format!("refused with {SECRET}"));
    log(&machine, DAY, "gateway/channels/dingtalk-connector", "收到消息: dear bot");
    let mut follower = Follower::of(&machine, &["--lines", "2"]);
    follower.expect("[gateway] refused with ***");
    follower.expect("[dingtalk-connector] 收到消息 ***");
    let another = "An0ther-S3cret-of-the-bot";
    let changed = machine.install(&[]).env("OPENCLAW_SETUP_CLIENT_SECRET", another).run();
    assert_exit(&changed, 0);
    log(&machine, DAY, "gateway", &format!("neither {another} nor {SECRET}"));
    follower.expect("[gateway] neither *** nor ***");
}

#[test]
fn a_file_is_followed_through_growth_truncation_rotation_and_midnight() {
    let machine = with_a_log();
    let mut follower = Follower::of(&machine, &["--lines", "1"]);
    follower.expect("[default] starting");
    log(&machine, DAY, "gateway", "grown");
    follower.expect("grown");
    machine.shell(&format!("head -n 1 {DAY} >copy; cat copy >{DAY}"));
    follower.expect("listening");
    machine.shell(&format!("mv {DAY} /tmp/openclaw/old"));
    log(&machine, DAY, "gateway", "rotated");
    follower.expect("rotated");
    log(&machine, DAY, "gateway", "before midnight");
    log(&machine, NEXT_DAY, "gateway", "after it");
    log(&machine, LAST_DAY, "gateway", "and a day later");
    follower.expect("before midnight");
    follower.expect("after it");
    follower.expect("and a day later");
    machine.shell(&format!("rm -r {FOLDER}"));
    log(&machine, LAST_DAY, "gateway", "cleaned and made again");
    follower.expect("cleaned and made again");
    follower.running.signal("INT");
    assert_eq!(follower.next(), "");
    assert_exit(&follower.running.wait(), 0);
}

#[test]
fn a_reader_that_goes_away_is_no_error_and_ends_it() {
    let machine = with_a_log();
    let script = |options: &str| {
        format!("openclaw-setup logs {options} | head -n 1; echo \"${{PIPESTATUS[0]}}\"")
    };
    for options in ["", "--follow", "--follow --json"] {
        let shown = machine.shell(&script(options));
        assert_eq!(shown.lines().last(), Some("0"), "{options}: {shown}");
        assert_eq!(shown.lines().count(), 2, "{options}: {shown}");
    }
    let full = machine.run(&["bash", "-c", "openclaw-setup logs >/dev/full"]);
    assert_exit(&full, 1);
    assert_says(&full, &["the lines cannot be written"]);
}
