//! Asking on a terminal, a line at a time: for what is missing, secrets without echo, and for a yes.

use std::io::{self, IsTerminal, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr};

use super::{Setting, Settings, error};
use crate::interrupt::Interrupt;
use crate::language::Problem;
use crate::report::terminal::Shown;

/// How often a prompt looks for Ctrl-C.
const POLL_INTERVAL: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Whether somebody is there to answer: both ends of the dialogue are a terminal.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for each setting until its value is acceptable.
pub fn ask(
    settings: &mut Settings,
    missing: &[Setting],
    interrupt: &Interrupt,
) -> Result<(), Problem> {
    for setting in missing {
        let prompt = say!("{question}:", question = question(*setting));
        loop {
            let answer = line(&prompt, setting.is_secret(), interrupt)?;
            match settings.accept(*setting, &answer) {
                Ok(()) => break,
                Err(_) if answer.trim().is_empty() => {}
                // a terminal that has gone away is told by the next line
                Err(fault) => drop(Shown::of(&fault.message).write_to(&mut io::stderr())),
            }
        }
    }
    Ok(())
}

/// Asks for a yes, without which nothing is done.
pub fn confirm(question: &str, by_default: bool, interrupt: &Interrupt) -> Result<(), Problem> {
    if is_wanted(question, by_default, interrupt)? { Ok(()) } else { Err(error::cancelled()) }
}

/// Asks for a yes or a no; an empty line is what is said `by_default`. What was typed before the
/// question is no answer to it.
pub fn is_wanted(question: &str, by_default: bool, interrupt: &Interrupt) -> Result<bool, Problem> {
    let _ = tcflush(io::stdin(), QueueSelector::IFlush);
    let choice = if by_default { "[Y/n]" } else { "[y/N]" };
    let question = format!("{question} {choice}");
    loop {
        match line(&question, false, interrupt)?.trim().to_lowercase().as_str() {
            "" => return Ok(by_default),
            "y" | "yes" | "是" => return Ok(true),
            "n" | "no" | "否" => return Ok(false),
            _ => {}
        }
    }
}

/// A whole line, so that nothing of a typed `yes` is left to the shell. Ctrl-D is a no to all of it.
fn line(question: &str, is_secret: bool, interrupt: &Interrupt) -> Result<String, Problem> {
    let (stdin, mut stderr) = (io::stdin(), io::stderr());
    let before = tcgetattr(&stdin).ok();
    if let Some(mut ours) = before.clone() {
        ours.local_modes.set(LocalModes::ECHO, !is_secret);
        ours.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
        let _ = tcsetattr(&stdin, OptionalActions::Now, &ours);
    }
    let _ = write!(stderr, "{} ", Shown::of(question).into_text());
    let answer = heard(interrupt);
    // a terminal that has gone away has nothing to give back
    let _ = before.map(|before| tcsetattr(&stdin, OptionalActions::Now, &before));
    if is_secret || answer.is_err() {
        let _ = writeln!(stderr);
    }
    answer
}

/// A terminal has something to read once a line is whole; until then a signal may come.
fn heard(interrupt: &Interrupt) -> Result<String, Problem> {
    let stdin = io::stdin();
    loop {
        let found = poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&POLL_INTERVAL));
        if interrupt.is_raised() {
            return Err(error::interrupted());
        }
        if found != Ok(1) {
            continue;
        }
        let mut line = String::new();
        return match stdin.read_line(&mut line) {
            Ok(0) | Err(_) => Err(error::cancelled()),
            Ok(_) => Ok(line),
        };
    }
}

fn question(setting: Setting) -> String {
    match setting {
        Setting::ClientId => say!("DingTalk client id (AppKey)"),
        Setting::ClientSecret => say!("DingTalk client secret (AppSecret, not shown)"),
        Setting::GatewayToken => say!("gateway token (not shown)"),
        Setting::BaseUrl => {
            say!("base URL of the model provider, such as https://api.example.com/v1")
        }
        Setting::Model => say!("model, such as gpt-5.4"),
        Setting::ApiKey => say!("API key of the model provider (not shown)"),
        Setting::GatewayAuth => say!("gateway auth (none or token)"),
        Setting::SessionTimeout => say!("session timeout in milliseconds"),
        Setting::NoProxy => say!("hosts that need no proxy, with commas between them"),
    }
}
