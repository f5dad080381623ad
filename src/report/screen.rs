//! What is drawn on a terminal: the screen of `--watch`, the bar of long work, a QR code.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use qrcode::render::Renderer;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::tcgetwinsize;
use serde_json::{Value, json};

use super::console::{Console, Output};
use super::terminal::{Mark, Shown};
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::timeout::Deadline;

/// How long a signal may go unseen.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Standard output for as long as it is watched: on a terminal one screen, drawn over the last; elsewhere
/// a block, or a line of JSON, for each change.
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

/// Draws progress on stderr: one bar for long work, one line for each finished step; plain lines without
/// a terminal.
#[derive(Debug)]
pub struct Bar {
    console: Console,
    on_terminal: bool,
    drawn: Mutex<Option<ProgressBar>>,
}

impl Bar {
    /// A bar on this console; without a terminal, lines.
    pub fn on(console: Console) -> Self {
        let on_terminal = std::io::stderr().is_terminal() && !console.quiet && !console.json;
        Self { console, on_terminal, drawn: Mutex::new(None) }
    }
}

impl Bar {
    /// Something else about the stretch that has begun; only a terminal shows it.
    pub fn tell(&self, activity: &str) {
        if let Some(bar) = &*self.drawn() {
            bar.set_message(Shown::of(activity).into_text());
        }
    }

    fn drawn(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Bar {
    /// What ends early leaves no bar on the screen.
    fn drop(&mut self) {
        self.end();
    }
}

/// `{wide_bar}` fits itself to the terminal; a fixed width tears at 40 columns, as bytes of bytes do.
fn style(total: Option<u64>, color: bool) -> ProgressStyle {
    let template = match (total, color) {
        (Some(_), true) => "  {msg} {wide_bar:.cyan/dim} {percent:>3}%",
        (Some(_), false) => "  {msg} {wide_bar} {percent:>3}%",
        (None, true) => "  {spinner:.cyan} {msg}",
        (None, false) => "  {spinner} {msg}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Progress for Bar {
    fn begin(&self, activity: &str, total: Option<u64>) {
        self.end();
        if !self.on_terminal {
            if self.console.verbose {
                self.console.print(&format!("  {activity} …"));
            }
            return;
        }
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        bar.set_style(style(total, self.console.color_err));
        bar.set_message(Shown::of(activity).into_text());
        bar.enable_steady_tick(Duration::from_millis(120));
        *self.drawn() = Some(bar);
    }

    fn advance(&self, bytes: u64) {
        if let Some(bar) = &*self.drawn() {
            bar.inc(bytes);
        }
    }

    fn end(&self) {
        if let Some(bar) = self.drawn().take() {
            bar.finish_and_clear();
        }
    }

    fn finished(&self, step: &str) {
        self.end();
        self.console.print_marked(Mark::Good, step);
    }
}

/// The margin, in modules. The standard's four would take the rows that the code itself needs on a
/// terminal of 24; the colours around it are ours anyway.
const QUIET: usize = 2;

/// What has to stay in sight with the code: the link, which may take two lines, and the wait.
const BESIDE: usize = 4;

/// A link as a QR code, two modules in a character, for the terminal of standard error; nothing where it
/// would not fit.
pub fn qr_code(link: &str) -> Option<String> {
    let size = tcgetwinsize(std::io::stderr()).ok()?;
    within(link, size.ws_col.into(), size.ws_row.into())
}

/// Light modules are drawn, dark ones are left out: on a dark terminal that is right even without
/// colour.
fn within(link: &str, columns: usize, rows: usize) -> Option<String> {
    let code = QrCode::with_error_correction_level(link, EcLevel::L).ok()?;
    let side = code.width() + 2 * QUIET;
    if side > columns || side.div_ceil(2) + BESIDE > rows {
        return None;
    }
    let (modules, quiet) = (code.to_colors(), u32::try_from(QUIET).ok()?);
    let mut renderer = Renderer::<Dense1x2>::new(&modules, code.width(), quiet);
    Some(renderer.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

#[cfg(test)]
mod tests {
    use crate::report::screen::within;

    #[test]
    fn a_code_is_drawn_where_all_of_it_fits_and_nowhere_else() {
        let link = "https://open-dev.dingtalk.com/openapp/registration?user_code=ABCD-EFGH";
        // version 4: 33 modules, and the margin
        let drawn = within(link, 37, 23).unwrap();
        assert!(
            drawn.lines().count() == 19 && drawn.lines().all(|line| line.chars().count() == 37)
        );
        for (columns, rows) in [(36, 23), (37, 22), (0, 0)] {
            assert_eq!(within(link, columns, rows), None, "{columns}x{rows}");
        }
    }
}
