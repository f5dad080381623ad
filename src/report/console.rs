//! The two streams of the program, and for whom it writes them; the table that many a result is.

use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

use unicode_width::UnicodeWidthStr;

use super::terminal::{Mark, Shown};
use crate::language::{Explain, Kind, Localized};

/// Of the 256 colours: the first 16 are whatever the terminal's theme makes of them.
const WHITE_ON_BLACK: &str = "38;5;231;48;5;16";

/// How the program speaks.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Console {
    /// One JSON document on stdout instead of text.
    pub json: bool,
    /// Errors only.
    pub quiet: bool,
    /// More than usual.
    pub verbose: bool,
    /// Each JSON document on a line of its own: it is one of many.
    pub line_by_line: bool,
    /// Colour on stdout.
    pub color_out: bool,
    /// Colour on stderr.
    pub color_err: bool,
}

impl Console {
    /// A result, on stdout. A reader that has gone away (`| head`) is no error.
    pub fn result(&self, text: &str) {
        if !self.json {
            write_line(&mut Output, &shown(text, self.color_out));
        }
    }

    /// A result that tells of nothing wrong, on stdout: not shown when quiet.
    pub fn good_result(&self, text: &str) {
        if !self.quiet {
            self.result(text);
        }
    }

    /// The JSON document, on stdout.
    pub fn document(&self, document: &serde_json::Value) {
        if self.json {
            let text = Shown::json(document, self.line_by_line);
            write_line(&mut Output, &text);
        }
    }

    /// A line on stderr that tells what happens.
    pub fn print(&self, text: &str) {
        if !self.quiet {
            write_line(&mut std::io::stderr().lock(), &shown(text, self.color_err));
        }
    }

    /// A line that belongs to an error: shown even when quiet.
    pub fn eprint(&self, text: &str) {
        write_line(&mut std::io::stderr().lock(), &shown(text, self.color_err));
    }

    /// A drawing in block characters, white on black where there is colour.
    pub fn picture(&self, drawing: &str) {
        let shown = Shown::of(drawing);
        let shown = if self.color_err { shown.with_colored_lines(WHITE_ON_BLACK) } else { shown };
        write_line(&mut std::io::stderr().lock(), &shown);
    }

    /// A line of a step, a note or a fact, with its mark.
    pub fn print_marked(&self, mark: Mark, text: &str) {
        self.print(&self.marked(mark, text));
    }

    /// The same as text, for results on stdout.
    pub fn marked(&self, mark: Mark, text: &str) -> String {
        format!("{} {}", mark.sign(), text.replace('\n', "\n  "))
    }

    /// A remark.
    pub fn note(&self, note: &dyn Localized) {
        self.print_marked(Mark::Hint, &note.text());
    }

    /// An error: what went wrong, then what to do now. Shown even when quiet.
    pub fn error(&self, error: &dyn Explain) {
        let word = say!("error:");
        self.explain(&word, "1;31", error);
        let code = error.code();
        // of a command line its help tells more; whoever stopped knows why
        if code != "usage" && matches!(error.kind(), Kind::Passing | Kind::Lasting) {
            self.eprint(&say!("  More: openclaw-setup explain {code}", code));
        }
    }

    /// The same for what is wrong and yet stops nothing.
    pub fn warn(&self, error: &dyn Explain) {
        let word = say!("warning:");
        self.explain(&word, "1;33", error);
    }

    fn explain(self, word: &str, color: &str, error: &dyn Explain) {
        // a program's last lines, in the one and in the other, are not ours
        let [problem, remedy] = [error.message(), error.hint()].map(|it| it.replace('\n', "\n  "));
        // a full-width colon brings its own space
        let space = if word.ends_with('：') { "" } else { " " };
        let mut head = Shown::of(&format!("{word}{space}{problem}"));
        if self.color_err {
            head = head.with_colored_start(word.len(), color);
        }
        let mut stream = std::io::stderr().lock();
        write_line(&mut stream, &head);
        for line in error.evidence() {
            write_line(&mut stream, &Shown::of(&format!("  | {line}")));
        }
        write_line(&mut stream, &Shown::of(&format!("  {remedy}")));
    }
}

/// Standard output. What of it could not be written is no result: a program that reads it would take
/// the half for the whole, and nothing for an answer.
#[derive(Debug)]
pub struct Output;

static FAULT: OnceLock<io::Error> = OnceLock::new();

impl Output {
    /// Why something could not be written, if so.
    pub fn fault() -> Option<&'static io::Error> {
        FAULT.get()
    }

    /// Notes what came of writing; a reader that has gone away (`| head`) is no error.
    pub fn note<T>(outcome: io::Result<T>) -> io::Result<T> {
        outcome.inspect_err(|cause| {
            if cause.kind() != ErrorKind::BrokenPipe {
                let _ = FAULT.set(io::Error::new(cause.kind(), cause.to_string()));
            }
        })
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Self::note(io::stdout().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Self::note(io::stdout().lock().flush())
    }
}

fn shown(text: &str, color: bool) -> Shown {
    let shown = Shown::of(text);
    if color { shown.with_colored_marks() } else { shown }
}

fn write_line(stream: &mut dyn Write, text: &Shown) {
    // a closed pipe: nobody is left who could be told
    let _ = text.write_to(stream);
}

/// Rows of a name and a value, aligned by what a terminal shows: a Chinese character is two cells wide.
/// A value may have several lines.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<(String, String)>,
}

impl Table {
    /// Adds a row.
    pub fn row(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.rows.push((name.into(), value.into()));
    }

    /// The table as text.
    pub fn text(&self) -> String {
        let width = self.rows.iter().map(|(name, _)| name.width()).max().unwrap_or_default();
        let line = |(name, value): &(String, String)| {
            let gap = " ".repeat(width - name.width() + 2);
            let indent = format!("\n{}", " ".repeat(width + 2));
            format!("{name}{gap}{}", value.replace('\n', &indent))
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use crate::report::console::Table;

    #[test]
    fn chinese_names_align() {
        let mut table = Table::default();
        table.row("连接器", "0.6.0\nok");
        table.row("unit", "active");
        assert_eq!(table.text(), "连接器  0.6.0\n        ok\nunit    active");
    }
}
