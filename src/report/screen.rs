//! What is shown again and again: on a terminal one screen, drawn over the last; elsewhere a block, or
//! a line of JSON, for each change.

use std::io::{self, IsTerminal};
use std::time::Duration;

use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::tcgetwinsize;
use serde_json::{Value, json};

use super::console::{Console, Output};
use super::terminal::Shown;
use crate::interrupt::Interrupt;
use crate::timeout::Deadline;

/// How long a signal may go unseen.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Standard output for as long as it is watched.
#[derive(Debug)]
pub struct Screen {
    console: Console,
    in_place: bool,
    /// What was shown last, without its time.
    last: Option<String>,
}

impl Screen {
    /// For this console; `terminal` is the environment's word for what it runs on.
    pub fn on(console: Console, terminal: Option<&str>) -> Self {
        let moves = terminal.is_some_and(|name| name != "dumb");
        let in_place = moves && !console.json && io::stdout().is_terminal();
        Self { console, in_place, last: None }
    }

    /// Shows a text under a head that alone is no change.
    pub fn text(&mut self, head: &str, text: &str) {
        if self.in_place {
            let size = tcgetwinsize(io::stdout()).ok();
            let size = size.map(|size| (size.ws_col.into(), size.ws_row.into()));
            let is_first = self.last.is_none();
            let shown = Shown::of(&format!("{head}\n\n{text}"));
            let shown = shown.over_the_last(is_first, size, self.console.color_out);
            // a terminal that has gone is noticed by its signal
            let _ = shown.write_to(&mut Output);
            self.last = Some(String::new());
        } else if self.is_news(text) && !text.is_empty() {
            self.console.result(&format!("{head}\n{text}\n"));
        }
    }

    /// Shows a document, and when it was so.
    pub fn document(&mut self, mut document: Value, time: &Timestamp) {
        if self.is_news(&document.to_string()) {
            document["time"] = json!(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
            self.console.document(&document);
        }
    }

    fn is_news(&mut self, text: &str) -> bool {
        self.last.replace(text.to_owned()).is_none_or(|last| last != text)
    }

    /// Waits; true as soon as nobody watches any more: after a signal, or a pipe's reader has gone.
    pub fn reader_leaves(&self, pause: Duration, interrupt: &Interrupt) -> bool {
        let (deadline, stdout) = (Deadline::after(pause), io::stdout());
        while !deadline.has_passed() {
            let slice = Timespec::try_from(deadline.remaining().min(POLL_INTERVAL)).ok();
            let found = poll(&mut [PollFd::new(&stdout, PollFlags::empty())], slice.as_ref());
            if interrupt.is_raised() || found.is_ok_and(|found| found > 0) {
                return true;
            }
        }
        interrupt.is_raised()
    }
}
