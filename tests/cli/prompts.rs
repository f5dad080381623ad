//! The program on a terminal: it asks for what is missing, and does not show a secret.

use rexpect::session::PtySession;

use super::terminal::{
    GONE, LEFT, TTY, as_read, as_written, echo_after, exit_code, of_columns, on_a_terminal,
};
use crate::bench::Machine;
use crate::bench::program::{CONFIG, CONNECTOR, PAYLOAD, SECRET, assert_exit};
use crate::bench::snapshot::RECORDS;

/// A secret is typed only when its echo is off: the prompt is written a moment before.
pub(crate) fn type_secret(machine: &Machine, terminal: &mut PtySession, secret: &str) {
    let script = format!("until stty -aF $(cat {TTY}) | grep -q -- '-echo '; do sleep 0.02; done");
    machine.command(&["timeout", "30", "bash", "-c", &script]).by_root().ask();
    terminal.send_line(secret).unwrap();
}

/// An installation that is to be told both values of its bot.
fn typing(machine: &Machine) -> PtySession {
    let mut terminal = on_a_terminal(machine, &["install", PAYLOAD]);
    terminal.exp_string("Show the QR code? [Y/n]").unwrap();
    terminal.send_line("n").unwrap();
    terminal
}

#[test]
fn what_is_missing_is_asked_for_and_a_secret_is_not_echoed() {
    let machine = Machine::only_a_home();
    let mut terminal = typing(&machine);
    terminal.exp_string("client id (AppKey)").unwrap();
    terminal.send_line("ding-typed").unwrap();
    terminal.exp_string("client secret").unwrap();
    type_secret(&machine, &mut terminal, SECRET);
    let mut shown = terminal.exp_string("Go ahead?").unwrap();
    terminal.send_line("y").unwrap();
    shown += &terminal.exp_string(GONE).unwrap();
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(shown.contains("create directory"), "the plan is shown before the question:\n{shown}");
    let config = machine.read_text(CONFIG);
    assert!(config.contains("ding-typed") && config.contains(SECRET), "{config}");
}

#[test]
fn what_cannot_be_right_is_said_at_the_prompt_and_asked_for_again() {
    let machine = Machine::only_a_home();
    let mut terminal = typing(&machine);
    for (typed, told) in
        [("", ""), ("your-client-id", "placeholder"), ("ding，1", "“，”"), ("ding 1", "a blank")]
    {
        terminal.exp_string("client id (AppKey)").unwrap();
        terminal.send_line(typed).unwrap();
        terminal.exp_string(&as_read(told)).unwrap();
    }
    terminal.exp_string("client id (AppKey)").unwrap();
    terminal.send_line("ding-typed").unwrap();
    for (typed, told) in [("<secret>", "placeholder"), ("s3cr\u{a0}et", "U+00A0")] {
        terminal.exp_string("client secret").unwrap();
        type_secret(&machine, &mut terminal, typed);
        let said = terminal.exp_string(told).unwrap();
        assert!(!said.contains(typed), "{said}");
    }
    terminal.exp_string("client secret").unwrap();
    type_secret(&machine, &mut terminal, SECRET);
    terminal.exp_string("Go ahead? [Y/n]").unwrap();
}

const CANCELLED: &str = "Cancelled; nothing was changed.";

/// The earlier run was taken back, which is a change.
#[test]
fn a_stop_after_a_recovery_says_what_was_undone() {
    let machine = Machine::only_a_home();
    assert_exit(&machine.install(&[]).run(), 0);
    machine.shell(&format!("echo open | tee {RECORDS}/transactions/*/state"));
    let arguments = ["install", PAYLOAD, "--client-id", "ding1"];
    for told in ["Cancelled; nothing was changed, except:", CANCELLED] {
        let mut terminal = on_a_terminal(&machine, &arguments);
        terminal.exp_string("client secret").unwrap();
        terminal.send_control('c').unwrap();
        let said = terminal.exp_string(GONE).unwrap();
        assert!(said.contains(told), "{said}");
        assert_eq!(said.contains("An earlier install ("), told != CANCELLED, "{said}");
        assert_eq!(exit_code(&machine), "130\n");
    }
}

#[test]
fn a_no_cancels_and_leaves_everything_as_it_is() {
    let machine = Machine::only_a_home();
    let before = machine.home();
    // a whole word, Ctrl-D and Ctrl-C; what is neither yes nor no is asked again
    for (answer, code) in [("maybe\nNo\n", "1\n"), ("\x04", "1\n"), ("\x03", "130\n")] {
        let mut terminal = on_a_terminal(&machine, &["install", PAYLOAD, "--client-id", "ding1"]);
        terminal.exp_string("client secret").unwrap();
        type_secret(&machine, &mut terminal, SECRET);
        terminal.exp_string("Go ahead?").unwrap();
        terminal.send(answer).unwrap();
        terminal.flush().unwrap();
        let said = terminal.exp_string(GONE).unwrap();
        assert!(said.contains(CANCELLED) && !said.contains("error"), "{said}");
        assert_eq!(exit_code(&machine), code);
        before.assert_same(&machine.home());
    }
}

/// Neither a word typed for a letter nor the plan is lost, whatever the volume.
#[test]
fn even_when_quiet_the_plan_is_shown_before_the_question_and_a_whole_word_is_read() {
    let machine = Machine::only_a_home();
    assert_exit(&machine.install(&[]).run(), 0);
    let mut terminal = on_a_terminal(&machine, &["rollback", "-q"]);
    let shown = terminal.exp_string("Go ahead? [Y/n]").unwrap();
    assert!(shown.contains("openclaw.json"), "{shown}");
    terminal.send_line("yes").unwrap();
    let said = terminal.exp_string(GONE).unwrap();
    assert!(!said.contains(LEFT), "{said}");
    assert_eq!(exit_code(&machine), "0\n");
    assert!(!machine.has(CONNECTOR));
}

/// What takes away the way back asks, and an empty line is a no; also where nothing but the records is left.
#[test]
fn a_purge_is_asked_about_and_is_no_by_default() {
    let machine = Machine::only_a_home();
    assert_exit(&machine.install(&[]).run(), 0);
    for removes_first in [false, true] {
        if removes_first {
            machine.run(&["openclaw-setup", "uninstall", "-y"]);
        }
        let before = machine.home();
        let mut terminal = on_a_terminal(&machine, &["uninstall", "--purge"]);
        terminal.exp_string("Nothing can be rolled back then. [y/N]").unwrap();
        terminal.send_line("").unwrap();
        let said = terminal.exp_string(GONE).unwrap();
        assert!(said.contains(CANCELLED), "{said}");
        before.assert_same(&machine.home());
    }
}

#[test]
fn ctrl_c_and_ctrl_d_at_a_question_leave_everything_as_it_is_and_the_terminal_with_its_echo() {
    let machine = Machine::only_a_home();
    let before = machine.home();
    for (given, question) in
        [(&[][..], "Show the QR code?"), (&["--client-id=ding1"], "client secret")]
    {
        for (key, code) in [('c', "130\n"), ('d', "1\n")] {
            let mut terminal = on_a_terminal(&machine, &[&["install", PAYLOAD], given].concat());
            terminal.exp_string(question).unwrap();
            terminal.send_control(key).unwrap();
            let said = terminal.exp_string(GONE).unwrap();
            assert!(said.contains(CANCELLED) && !said.contains("error"), "{said}");
            assert_eq!(exit_code(&machine), code);
            assert_eq!(echo_after(&machine), "echo \n");
            before.assert_same(&machine.home());
        }
    }
}

#[test]
fn with_yes_nothing_is_asked() {
    let machine = Machine::only_a_home();
    let mut terminal = on_a_terminal(&machine, &["install", PAYLOAD, "--yes"]);
    let shown = terminal.exp_string(GONE).unwrap();
    assert!(shown.contains("OPENCLAW_SETUP_CLIENT_SECRET"), "{shown}");
    assert_eq!(exit_code(&machine), "2\n");
}

#[test]
fn the_questions_are_chinese_where_the_reader_is() {
    let machine = Machine::only_a_home();
    let mut terminal = on_a_terminal(&machine, &["install", PAYLOAD, "--lang", "zh-CN"]);
    terminal.exp_string(&as_read("显示二维码吗？")).unwrap();
}

/// Help is for those who know what they want.
#[test]
fn without_a_command_it_tells_what_is_here_and_what_comes_next() {
    let machine = Machine::furnished();
    let before = machine.home();
    for (arguments, columns, told) in [
        (&[][..], 80, ["2026.3.13", "not installed", "Next: openclaw-setup install"]),
        (&["--lang", "zh-CN"], 40, ["2026.3.13", "未安装", "下一步：openclaw-setup install"]),
        (&["--state-dir", ".openclaw"], 200, ["2026.3.13", "not installed", " --state-dir "]),
    ] {
        let mut terminal = of_columns(&machine, columns, arguments, &[]);
        let shown = as_written(&terminal.exp_string(GONE).unwrap());
        assert!(told.iter().all(|told| shown.contains(told)), "{shown}");
        assert_eq!(shown.trim().lines().count(), 6, "{shown}");
        assert_eq!(exit_code(&machine), "0\n");
    }
    before.assert_untouched(&machine.home());
    machine.write(CONFIG, "{ broken");
    let mut terminal = on_a_terminal(&machine, &[]);
    let shown = terminal.exp_string(GONE).unwrap();
    assert!(shown.contains("Next: openclaw-setup doctor"), "{shown}");
    assert_eq!(exit_code(&machine), "3\n");
}
