//! One bar for long work, one line for each finished step; plain lines without a terminal.

use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::console::Console;
use super::terminal::{Mark, Shown};
use crate::progress::Progress;

/// Draws progress on stderr.
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
