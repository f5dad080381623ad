//! A terminal that is closed, or a signal that comes, while somebody is asked or the gateway is watched.

use super::terminal::{GONE, exit_code, on_a_terminal};
use crate::bench::Machine;
use crate::bench::program::{NEVER_READY, PAYLOAD, assert_says};
use crate::bench::snapshot::RECORDS;

const SECRET_FILE: &str = "secret";

/// `install` with all that it needs, so that it asks for nothing but the yes.
fn install() -> [&'static str; 6] {
    ["install", PAYLOAD, "--client-id", "ding1", "--client-secret-file", SECRET_FILE]
}

#[test]
fn a_terminal_that_is_closed_in_the_middle_leaves_everything_as_it_was() {
    let machine = Machine::brisk_with(&[], NEVER_READY, &[]);
    machine.shell(&format!("printf s3cret-of-the-bot >{SECRET_FILE}; chmod 600 {SECRET_FILE}"));
    let before = machine.home().without(RECORDS);
    for step in ["stop openclaw-gateway", "install connector", "reload", "start openclaw-gateway"] {
        machine.command(&["rm", "-f", super::terminal::EXIT_CODE]).ask();
        let yes = [&install()[..], &["--yes"]].concat();
        let mut terminal = on_a_terminal(&machine, &yes);
        terminal.exp_string(step).unwrap();
        drop(terminal);
        machine.wait_until(&format!("[ -s {} ]", super::terminal::EXIT_CODE));
        assert_eq!(exit_code(&machine), "129\n", "{step}");
        before.assert_same(&machine.home().without(RECORDS));
        machine.assert_old_gateway_runs();
        assert_says(&machine.setup(&["recover"]).run(), &["Nothing to recover."]);
    }
}

#[test]
fn a_signal_at_the_question_ends_it_with_its_code() {
    let machine = Machine::only_a_home();
    machine.shell(&format!("printf s3cret-of-the-bot >{SECRET_FILE}; chmod 600 {SECRET_FILE}"));
    let before = machine.home();
    for (signal, code) in [("INT", "130\n"), ("TERM", "143\n"), ("HUP", "129\n")] {
        let mut terminal = on_a_terminal(&machine, &install());
        terminal.exp_string("Go ahead?").unwrap();
        let script = format!("kill -{signal} $(pidof openclaw-setup)");
        machine.command(&["bash", "-euc", &script]).by_root().ask();
        terminal.exp_string(GONE).unwrap();
        assert_eq!(exit_code(&machine), code);
        before.assert_same(&machine.home());
    }
}

/// A yes is said to one plan: what has become of it meanwhile is asked for anew.
#[test]
fn a_plan_that_is_made_anew_is_confirmed_anew() {
    let machine = Machine::only_a_home();
    machine.shell(&format!("printf s3cret-of-the-bot >{SECRET_FILE}; chmod 600 {SECRET_FILE}"));
    let mut terminal = on_a_terminal(&machine, &install());
    terminal.exp_string("Go ahead?").unwrap();
    assert!(machine.install(&[]).run().status.success());
    let before = machine.home().without(RECORDS);
    terminal.send_line("y").unwrap();
    terminal.exp_string("edit ").unwrap();
    terminal.exp_string("Go ahead?").unwrap();
    terminal.send_line("n").unwrap();
    terminal.exp_string(GONE).unwrap();
    assert_eq!(exit_code(&machine), "1\n");
    before.assert_same(&machine.home().without(RECORDS));
}
