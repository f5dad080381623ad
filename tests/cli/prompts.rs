//! The program on a terminal: it asks for what is missing, and does not show a secret.

use rexpect::session::PtySession;

use super::terminal::{GONE, TTY, as_read, echo_after, exit_code, on_a_terminal};
use crate::bench::Machine;
use crate::bench::program::{CONFIG, PAYLOAD, SECRET, assert_exit};

/// A secret is typed only when its echo is off: the prompt is written a moment before.
fn type_secret(machine: &Machine, terminal: &mut PtySession, secret: &str) {
    let script = format!("until stty -aF $(cat {TTY}) | grep -q -- '-echo '; do sleep 0.02; done");
    machine.command(&["timeout", "30", "bash", "-c", &script]).by_root().ask();
    terminal.send_line(secret).unwrap();
}

#[test]
fn what_is_missing_is_asked_for_and_a_secret_is_not_echoed() {
    let machine = Machine::only_a_home();
    let mut terminal = on_a_terminal(&machine, &["install", PAYLOAD]);
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
fn a_placeholder_is_asked_for_again() {
    let machine = Machine::only_a_home();
    let mut terminal = on_a_terminal(&machine, &["install", PAYLOAD]);
    terminal.exp_string("client id (AppKey)").unwrap();
    terminal.send_line("your-client-id").unwrap();
    terminal.exp_string("placeholder").unwrap();
    terminal.exp_string("client id (AppKey)").unwrap();
    terminal.send_line("ding-typed").unwrap();
    terminal.exp_string("client secret").unwrap();
}

#[test]
fn a_no_cancels_and_leaves_everything_as_it_is() {
    let machine = Machine::only_a_home();
    let before = machine.home();
    // a whole word, and Ctrl-D; what is neither yes nor no is asked again
    for answer in ["maybe\nNo\n", "\x04"] {
        let mut terminal = on_a_terminal(&machine, &["install", PAYLOAD, "--client-id", "ding1"]);
        terminal.exp_string("client secret").unwrap();
        type_secret(&machine, &mut terminal, SECRET);
        terminal.exp_string("Go ahead?").unwrap();
        terminal.send(answer).unwrap();
        terminal.flush().unwrap();
        let said = terminal.exp_string(GONE).unwrap();
        assert!(
            said.contains("Cancelled; nothing was changed.") && !said.contains("error"),
            "{said}"
        );
        assert_eq!(exit_code(&machine), "1\n");
        before.assert_same(&machine.home());
    }
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
        assert!(said.contains("Cancelled; nothing was changed."), "{said}");
        before.assert_same(&machine.home());
    }
}

#[test]
fn ctrl_c_at_a_question_leaves_everything_as_it_is_and_the_terminal_with_its_echo() {
    let machine = Machine::only_a_home();
    let before = machine.home();
    for (given, question) in
        [(&[][..], "client id (AppKey)"), (&["--client-id=ding1"], "client secret")]
    {
        let mut terminal = on_a_terminal(&machine, &[&["install", PAYLOAD], given].concat());
        terminal.exp_string(question).unwrap();
        terminal.send_control('c').unwrap();
        terminal.exp_string(GONE).unwrap();
        assert_eq!(exit_code(&machine), "130\n");
        assert_eq!(echo_after(&machine), "echo \n");
        before.assert_same(&machine.home());
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
    terminal.exp_string(&as_read("钉钉 clientId")).unwrap();
}
