//! The program on a terminal.

use std::process::Command;

use rexpect::session::{PtySession, spawn_command};

use crate::bench::{Machine, Order};

const PATIENCE_MS: u64 = 60_000;
pub(crate) const EXIT_CODE: &str = "/tmp/exit-code";
const ECHO: &str = "/tmp/echo";
/// Where the name of the terminal stands, for `stty -F`.
pub(crate) const TTY: &str = "/tmp/tty";
/// What the terminal says when something that was typed has not been read by the program.
pub(crate) const LEFT: &str = "Something typed is left.";
/// What the terminal says when the program has gone.
pub(crate) const GONE: &str = "The program has gone.";

/// `openclaw-setup` with these arguments on a terminal.
pub(crate) fn on_a_terminal(machine: &Machine, arguments: &[&str]) -> PtySession {
    opened(&machine.command(&line("stty echo", arguments)).env("TERM", "xterm"))
}

/// The same on one of so many columns, for an order that has been given its variables.
pub(crate) fn of_columns(
    machine: &Machine,
    columns: u16,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> PtySession {
    let size = format!("stty -echo cols {columns} rows 30");
    let order = machine.command(&line(&size, arguments)).env("TERM", "xterm");
    opened(&variables.iter().fold(order, |order, (name, value)| order.env(name, value)))
}

/// The terminal stays when the program has gone: Ctrl-C also ends what has entered the machine with it, and that must not be a
/// hang-up. The exit code goes to a file.
fn line(preparation: &str, arguments: &[&str]) -> Vec<String> {
    let inside = format!(
        "{preparation}; tty >{TTY}; trap : INT HUP; openclaw-setup \"$@\"; echo $? >{EXIT_CODE}; read -t 0 && echo {LEFT}; stty -a | grep -o '[-]*echo ' >{ECHO}; echo {GONE}"
    );
    let shell = ["bash", "-c", &inside, "bash"];
    shell.iter().chain(arguments).map(ToString::to_string).collect()
}

fn opened(order: &Order<'_>) -> PtySession {
    let entering = order.on_this_side();
    let mut command = Command::new("bash");
    command
        .args(["-c", "trap : INT; \"$@\"; cat", "bash"])
        .arg(entering.get_program())
        .args(entering.get_args());
    spawn_command(command, Some(PATIENCE_MS)).unwrap()
}

/// What the program ended with, and a line break.
pub(crate) fn exit_code(machine: &Machine) -> String {
    machine.read_text(EXIT_CODE)
}

/// Whether the terminal echoes when the program has gone, as `stty` says it.
pub(crate) fn echo_after(machine: &Machine) -> String {
    machine.read_text(ECHO)
}

/// `rexpect` takes every byte for a character.
pub(crate) fn as_read(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

/// The text that `rexpect` has read so.
pub(crate) fn as_written(read: &str) -> String {
    let bytes = read.chars().map(|byte| u8::try_from(byte).unwrap()).collect();
    String::from_utf8(bytes).unwrap()
}
