//! Why a gateway is not healthy, or its log cannot be shown.

use std::io;
use std::path::PathBuf;

use crate::language::{Kind, Problem, list};

/// A problem whose cause the gateway's log should show.
fn see_log(unit: &str, code: &'static str, message: String) -> Problem {
    let hint = say!("Read the gateway's log: journalctl --user -u {unit} -n 100", unit);
    Problem::new(code, message, hint)
}

/// The operator asked us to stop.
pub(super) fn interrupted() -> Problem {
    let message = say!("interrupted while watching the gateway");
    Problem::new("gateway.interrupted", message, say!("Run the command again."))
        .of_kind(Kind::Interrupted)
}

/// The unit ended and stays down; `result` is systemd's word for how.
pub(super) fn down(unit: &str, result: &str, status: i32) -> Problem {
    let message =
        say!("{unit} has exited and stays down ({result}, status {status})", unit, result, status);
    see_log(unit, "gateway.down", message)
}

/// The unit ends and is started again, over and over.
pub(super) fn crash_loop(unit: &str, restarts: u32) -> Problem {
    let message = say_count!(
        restarts,
        "{unit} keeps exiting; systemd has restarted it {restarts} time",
        "{unit} keeps exiting; systemd has restarted it {restarts} times",
        unit,
        restarts
    );
    see_log(unit, "gateway.crash-loop", message)
}

/// The gateway refuses its configuration; the lines are `OpenClaw`'s list of what is wrong.
pub(super) fn config_invalid(lines: &str) -> Problem {
    let message = say!("the gateway rejects its configuration: {lines}", lines);
    let hint =
        say!("Correct the file; OpenClaw lists every problem with: openclaw config validate");
    Problem::new("gateway.config-invalid", message, hint)
}

/// The gateway refuses to start for another reason.
pub(super) fn start_refused(unit: &str, lines: &str) -> Problem {
    let message = say!("the gateway refuses to start: {lines}", lines);
    see_log(unit, "gateway.start-refused", message)
}

/// The unit has not come up in time.
pub(super) fn not_up(unit: &str, state: &str) -> Problem {
    see_log(unit, "gateway.not-up", say!("{unit} has not started: {state}", unit, state))
}

/// The unit runs, but nothing listens on the port.
pub(super) fn no_listener(unit: &str, port: u16) -> Problem {
    see_log(unit, "gateway.no-listener", say!("nothing listens on 127.0.0.1:{port}", port))
}

/// The gateway says that it is not ready, and which channels it waits for.
pub fn not_ready(unit: &str, failing: &[String]) -> Problem {
    let message = if failing.is_empty() {
        say!("the gateway is not ready")
    } else {
        say!("the gateway is not ready; it waits for: {failing}", failing = list(failing))
    };
    see_log(unit, "gateway.not-ready", message)
}

/// Another program listens on the port.
pub(super) fn port_taken(port: u16, whose: &str) -> Problem {
    let message = say!(
        "127.0.0.1:{port} is held by {whose}, not by the gateway; no token was sent to it",
        port,
        whose
    );
    let hint = say!("Find out what it is and stop it: ss -ltnp 'sport = :{port}'", port);
    Problem::new("gateway.port-taken", message, hint)
}

/// Something else than this gateway answers on the port, or nothing in time.
pub(super) fn odd_answer(unit: &str, port: u16, what: &str) -> Problem {
    let message =
        say!("127.0.0.1:{port} does not answer like an OpenClaw gateway: {what}", port, what);
    see_log(unit, "gateway.odd-answer", message)
}

fn see_status(code: &'static str, message: String) -> Problem {
    Problem::new(code, message, say!("See which settings are in effect: openclaw-setup status"))
}

/// `POST /v1/chat/completions` is switched off.
pub(super) fn chat_disabled() -> Problem {
    let message =
        say!("POST /v1/chat/completions is disabled (404), so the connector gets no answer");
    see_status("gateway.chat-disabled", message)
}

/// `POST /v1/chat/completions` does not take our token.
pub(super) fn chat_unauthorised() -> Problem {
    let message = say!("POST /v1/chat/completions rejects the connector's token (401)");
    see_status("gateway.chat-unauthorised", message)
}

/// The process does not have our entries in these variables.
pub(super) fn bypass_missing(hosts: &[&str]) -> Problem {
    let hosts = list(hosts);
    let message = say!("no_proxy of the running gateway does not hold {hosts}", hosts);
    see_status("gateway.bypass-missing", message)
}

/// The gateway says that it could not load the connector.
pub(super) fn connector_failed(unit: &str, lines: &str) -> Problem {
    let message = say!("the gateway could not load the connector: {lines}", lines);
    see_log(unit, "gateway.connector-failed", message)
}

/// The gateway runs without the connector, and does not say why.
pub(super) fn connector_missing(unit: &str, id: &str) -> Problem {
    let message = say!("the gateway is running without the channel {id}", id);
    see_log(unit, "gateway.connector-missing", message)
}

/// Neither the log nor the gateway itself has said that the connector is loaded.
pub fn connector_unproven(unit: &str, id: &str) -> Problem {
    let message = say!("nothing shows that the gateway has loaded the channel {id}", id);
    see_log(unit, "gateway.connector-unproven", message)
}

/// Instead of the word that the model was asked for came this, or nothing.
pub(super) fn no_answer(cause: &str) -> Problem {
    let message = if cause.is_empty() {
        say!("the model was asked, and no text came back")
    } else {
        say!("the model was asked, and this came back: {cause}", cause)
    };
    // OpenClaw's own words for 503, 529 and 429, and for a provider that is silent
    let words = cause.to_lowercase();
    let is_busy = ["overloaded", "rate limit", "timed out"].iter().any(|said| words.contains(said));
    let (code, hint) = match status_in(cause).or(is_busy.then_some(503)) {
        Some(401 | 403) => (
            "answer.refused-key",
            say!(
                "The provider refuses the API key. Give it the right one: openclaw-setup install --api-key-file FILE"
            ),
        ),
        Some(404) => (
            "answer.not-found",
            say!(
                "The provider has no such address or model. See where it does answer: openclaw-setup doctor --live llm"
            ),
        ),
        Some(429 | 500..) => (
            "answer.provider",
            say!(
                "The provider cannot answer at present. See when it can: openclaw-setup doctor --live llm"
            ),
        ),
        _ => (
            "answer.other",
            say!("See what the provider itself says: openclaw-setup doctor --live llm"),
        ),
    };
    Problem::new(code, message, hint)
}

/// The model has not answered in time.
pub(super) fn silent(seconds: u64) -> Problem {
    let message = say!("the model was asked, and nothing came back in {seconds} s", seconds);
    let hint = say!("See whether the provider answers: openclaw-setup doctor --live llm");
    Problem::new("answer.silent", message, hint)
}

/// OpenClaw itself keeps the gateway from asking.
pub fn provider_blocked(id: &str) -> Problem {
    let message = say!(
        "OpenClaw does not let the gateway ask provider {id}: it takes its address for a private or internal one",
        id
    );
    let hint = say!(
        "If that is the provider that you mean, allow it: openclaw config set models.providers.{id}.request.allowPrivateNetwork true",
        id
    );
    Problem::new("answer.blocked", message, hint)
}

/// The question did not get as far as the model.
pub(super) fn not_asked(cause: &str) -> Problem {
    let message = say!("the question did not get to the model: {cause}", cause);
    see_status("answer.gateway", message)
}

/// The session of the question is still there.
pub(super) fn session_left(key: &str, cause: &str) -> Problem {
    let message =
        say!("the session of our question could not be removed ({key}): {cause}", key, cause);
    let hint = say!("Remove it in OpenClaw's control page, under Sessions.");
    Problem::new("answer.session-left", message, hint)
}

/// Everything was well, but not for long enough.
pub(super) fn unsettled(unit: &str) -> Problem {
    let message = say!("{unit} has not been running long enough to count as stable", unit);
    see_log(unit, "gateway.unsettled", message)
}

/// Nobody has logged anything: neither the unit to the journal, nor anybody to these places.
pub(super) fn no_log(unit: &str, places: &[PathBuf]) -> Problem {
    let places: Vec<_> = places.iter().map(|path| path.display().to_string()).collect();
    let message = say!(
        "there is no log: the journal has no lines of {unit}, and this user has no log file at any of: {places}",
        unit,
        places = list(&places)
    );
    let hint = say!(
        "See whether the gateway has ever been started, and run this as its owner: openclaw-setup status"
    );
    Problem::new("logs.absent", message, hint)
}

/// The program that reads the log could not be started, or has ended by itself.
pub(super) fn log_program_ended(program: &str, complaint: &str) -> Problem {
    let message = say!("{program} ended unexpectedly: {complaint}", program, complaint);
    Problem::new("logs.program", message, say!("Run the command again."))
}

/// The log files cannot be read.
pub(super) fn log_unreadable(cause: &io::Error) -> Problem {
    let message = say!("the gateway's log cannot be read: {cause}", cause);
    Problem::new("logs.read", message, say!("Run the command again."))
}

/// The lines cannot be written.
pub(super) fn log_unwritable(cause: &io::Error) -> Problem {
    let message = say!("the lines cannot be written: {cause}", cause);
    let hint = say!("Free some space where the output goes, or write it to another place.");
    Problem::new("logs.write", message, hint)
}

/// The HTTP status with which an error begins, or that it names as one.
pub(super) fn status_in(text: &str) -> Option<u16> {
    let mut before = String::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        let is_named = ["", "http", "status", "code", "error"].contains(&before.as_str());
        let status = word.parse().ok().filter(|status| (400..600).contains(status));
        if let Some(status) = status.filter(|_| is_named && word.len() == 3) {
            return Some(status);
        }
        if !word.is_empty() {
            before = word.to_lowercase();
        }
    }
    None
}
