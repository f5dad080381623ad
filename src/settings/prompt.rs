//! Asking on a terminal for what is missing; secrets without echo.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use dialoguer::{Input, Password};
use rustix::termios::{OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr};

use super::{Setting, Settings, error};
use crate::interrupt::Interrupt;
use crate::language::{Language, Problem};
use crate::report::terminal::Shown;
use crate::say;

/// How often a prompt looks for Ctrl-C.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Whether somebody is there to answer: both ends of the dialogue are a terminal.
#[must_use]
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for each setting until its value is acceptable.
pub fn ask(
    settings: &mut Settings,
    missing: &[Setting],
    interrupt: &Interrupt,
) -> Result<(), Problem> {
    for setting in missing {
        let setting = *setting;
        let answer = patiently(move || interact(setting), interrupt)?;
        settings.accept(setting, &answer)?;
    }
    Ok(())
}

/// Asks for a yes; an empty line is what is said `by_default`. What was typed before the question is no answer to it.
pub fn confirm(question: &str, by_default: bool, interrupt: &Interrupt) -> Result<bool, Problem> {
    let _ = tcflush(std::io::stdin(), QueueSelector::IFlush);
    let question = Shown::of(question).into_text();
    patiently(move || yes_or_no(&question, by_default), interrupt)
}

/// A whole line, so that nothing of a typed `yes` is left to the shell; Ctrl-D is a no.
fn yes_or_no(question: &str, by_default: bool) -> std::io::Result<bool> {
    let mut stderr = std::io::stderr();
    loop {
        let choice = if by_default { "[Y/n]" } else { "[y/N]" };
        write!(stderr, "{question} {choice} ")?;
        let mut line = String::new();
        if std::io::stdin().read_line(&mut line)? == 0 {
            writeln!(stderr)?;
            return Ok(false);
        }
        match line.trim().to_lowercase().as_str() {
            "" => return Ok(by_default),
            "y" | "yes" | "是" => return Ok(true),
            "n" | "no" | "否" => return Ok(false),
            _ => {}
        }
    }
}

/// A read from the terminal goes on after a signal, so it waits in a thread of its own, which is
/// left behind there when a signal comes first; what it has set of the terminal is given back.
fn patiently<T: Send + 'static, E: Display + Send + 'static>(
    question: impl FnOnce() -> Result<T, E> + Send + 'static,
    interrupt: &Interrupt,
) -> Result<T, Problem> {
    let terminal = tcgetattr(std::io::stdin()).ok();
    let (sender, receiver) = mpsc::channel();
    let language = Language::chosen();
    // nobody listens any more if a signal came first
    std::thread::spawn(move || {
        language.choose();
        drop(sender.send(question()));
    });
    loop {
        let heard = receiver.recv_timeout(POLL_INTERVAL);
        if interrupt.is_raised() {
            give_back(terminal.as_ref());
            return Err(error::interrupted());
        }
        match heard {
            Ok(answer) => return answer.map_err(|why| error::prompt(&why.to_string())),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(error::prompt("no answer"));
            }
        }
    }
}

fn interact(setting: Setting) -> dialoguer::Result<String> {
    let validate = |text: &String| {
        let outcome = Settings::default().accept(setting, text);
        outcome.map_err(|error| Shown::of(&error.message).into_text())
    };
    let prompt = question(setting);
    if setting.is_secret() {
        Password::new().with_prompt(prompt).validate_with(validate).interact()
    } else {
        Input::<String>::new().with_prompt(prompt).validate_with(validate).interact_text()
    }
}

fn give_back(terminal: Option<&Termios>) {
    if let Some(terminal) = terminal {
        // a terminal that has gone away has no echo to give back
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, terminal);
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
    }
}
