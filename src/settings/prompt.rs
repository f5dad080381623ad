//! Asking on a terminal for what is missing; secrets without echo.

use std::io::IsTerminal;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use dialoguer::{Input, Password};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use super::{Setting, SettingError, Settings};
use crate::interrupt::Interrupt;
use crate::language::Explain;
use crate::say;

/// How often a prompt looks for Ctrl-C.
const GLANCE: Duration = Duration::from_millis(50);

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
) -> Result<(), SettingError> {
    for setting in missing {
        let answer = answer(*setting, interrupt)?;
        settings.accept(*setting, &answer)?;
    }
    Ok(())
}

/// The read of a password goes on after a signal, so it waits in a thread of its own, which is
/// left behind there when Ctrl-C comes first; the echo that it has switched off is given back.
fn answer(setting: Setting, interrupt: &Interrupt) -> Result<String, SettingError> {
    let terminal = tcgetattr(std::io::stdin()).ok();
    let (sender, receiver) = mpsc::channel();
    // nobody listens any more if Ctrl-C came first
    std::thread::spawn(move || drop(sender.send(interact(setting))));
    loop {
        let heard = receiver.recv_timeout(GLANCE);
        if interrupt.is_raised() {
            give_back(terminal.as_ref());
            return Err(SettingError::Interrupted);
        }
        match heard {
            Ok(answer) => return answer.map_err(|why| SettingError::Prompt(why.to_string())),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(SettingError::Prompt("no answer".to_owned()));
            }
        }
    }
}

fn interact(setting: Setting) -> dialoguer::Result<String> {
    let validate = |text: &String| {
        let outcome = Settings::default().accept(setting, text);
        outcome.map_err(|error| error.message())
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
