//! The gate through which every text of the program leaves: without secrets, and without anything
//! that a terminal would obey instead of showing it.

use std::io::{self, Write};

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::redaction::guarded;

/// How a line is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Done, healthy.
    Good,
    /// Worth knowing.
    Hint,
    /// Wrong.
    Bad,
}

impl Mark {
    /// Each of them.
    const ALL: [Self; 3] = [Self::Good, Self::Hint, Self::Bad];

    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Hint => "!",
            Self::Bad => "✗",
        }
    }

    fn color(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Hint => "33",
            Self::Bad => "31",
        }
    }
}

/// A text as it may leave: there is no other way to make one than through the gate, and nothing
/// else is written.
#[derive(Debug, Clone)]
pub struct Shown(String);

impl Shown {
    /// A text, whoever's words are in it.
    pub fn of(text: &str) -> Self {
        Self(visible(&guarded(text)))
    }

    /// A document. Within JSON strings `\u` escapes mean what they stand for, and no character
    /// that needs one stands outside of them.
    pub fn json(document: &Value, on_one_line: bool) -> Self {
        let document = guarded_value(document);
        let text = if on_one_line { document.to_string() } else { format!("{document:#}") };
        Self(with_commands(&text, |code| format!("\\u{code:04x}")))
    }

    /// With the mark at the beginning of a line in its colour.
    pub(super) fn with_colored_marks(self) -> Self {
        let colored = |line: &str| {
            let mark = Mark::ALL.into_iter().find(|mark| {
                line.strip_prefix(mark.sign()).is_some_and(|rest| rest.starts_with(' '))
            });
            mark.map_or_else(
                || line.to_owned(),
                |mark| {
                    let (sign, color) = (mark.sign(), mark.color());
                    format!("\u{1b}[{color}m{sign}\u{1b}[0m{}", &line[sign.len()..])
                },
            )
        };
        Self(self.0.split('\n').map(colored).collect::<Vec<_>>().join("\n"))
    }

    /// With its first `length` bytes in a colour.
    pub(super) fn with_colored_start(self, length: usize, color: &str) -> Self {
        let Some((start, rest)) = self.0.split_at_checked(length) else { return self };
        Self(format!("\u{1b}[{color}m{start}\u{1b}[0m{rest}"))
    }

    /// With each of its lines in a colour.
    pub(super) fn with_colored_lines(self, color: &str) -> Self {
        let colored = |line| format!("\u{1b}[{color}m{line}\u{1b}[0m");
        Self(self.0.lines().map(colored).collect::<Vec<_>>().join("\n"))
    }

    /// As a screen drawn over the last one, where it is not the first: nothing is blanked that is
    /// written again, and what does not fit on a terminal of these columns and rows is left out.
    pub(super) fn over_the_last(
        self,
        is_first: bool,
        size: Option<(usize, usize)>,
        color: bool,
    ) -> Self {
        let (columns, rows) =
            size.filter(|size| *size > (0, 0)).unwrap_or((usize::MAX, usize::MAX));
        let mut drawn = if is_first { "\u{1b}[2J\u{1b}[H" } else { "\u{1b}[H" }.to_owned();
        // the line after the last, and the one where Ctrl-C is echoed
        let mut room = rows.saturating_sub(2);
        for line in self.0.lines() {
            let width = line.width();
            let Some(rest) = room.checked_sub(width.div_ceil(columns).max(1)) else { break };
            room = rest;
            let line = Self(line.to_owned());
            drawn += &if color { line.with_colored_marks() } else { line }.0;
            // at the edge the cursor stands on the last character still
            if width == 0 || width % columns != 0 {
                drawn += "\u{1b}[K";
            }
            drawn += "\n";
        }
        Self(drawn + "\u{1b}[J")
    }

    /// Writes it as a line.
    pub fn write_to(&self, stream: &mut dyn Write) -> io::Result<()> {
        writeln!(stream, "{}", self.0)
    }

    /// The text, for what draws on the terminal by itself.
    pub fn into_text(self) -> String {
        self.0
    }
}

/// The text with everything that moves the cursor, colours, beeps or turns the direction of
/// writing shown as `\x1b` or `\u202e`; line breaks and tabs stay.
fn visible(text: &str) -> String {
    let escape =
        |code| if code < 0x100 { format!("\\x{code:02x}") } else { format!("\\u{code:04x}") };
    with_commands(text, escape)
}

fn with_commands(text: &str, escape: impl Fn(u32) -> String) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_command(c) {
            shown.push_str(&escape(u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    shown
}

fn guarded_value(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(guarded(text)),
        Value::Array(elements) => elements.iter().map(guarded_value).collect(),
        Value::Object(members) => {
            let members = members.iter();
            members.map(|(name, member)| (guarded(name), guarded_value(member))).collect()
        }
        other => other.clone(),
    }
}

/// Controls (C0, DEL, C1) and what overrides the direction of writing.
fn is_command(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Shown;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        for (text, shown) in [
            ("a\u{1b}[2J\u{7}b\r\n\tc\u{8}", "a\\x1b[2J\\x07b\\x0d\n\tc\\x08"),
            ("\u{7f}\u{9b}31m", "\\x7f\\x9b31m"),
            ("a\u{202e}b\u{2066}\u{61c}", "a\\u202eb\\u2066\\u061c"),
            ("中文 ✓ é", "中文 ✓ é"),
        ] {
            assert_eq!(Shown::of(text).into_text(), shown);
        }
        let document = json!({"a\u{9b}": ["\u{1b}\u{7f}\u{202e}\n"]});
        let json = Shown::json(&document, true).into_text();
        assert_eq!(json, r#"{"a\u009b":["\u001b\u007f\u202e\n"]}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), document);
    }

    #[test]
    fn a_screen_takes_the_place_of_the_last_and_leaves_out_what_does_not_fit() {
        let drawn =
            |text, first, size| Shown::of(text).over_the_last(first, size, true).into_text();
        let text = "✓ a\nfour\n状态\nno";
        let all = drawn(text, true, Some((4, 6)));
        assert_eq!(
            all,
            "\u{1b}[2J\u{1b}[H\u{1b}[32m✓\u{1b}[0m a\u{1b}[K\nfour\n状态\nno\u{1b}[K\n\u{1b}[J"
        );
        let less = drawn("fours\nb\nc", false, Some((4, 5)));
        assert_eq!(less, "\u{1b}[Hfours\u{1b}[K\nb\u{1b}[K\n\u{1b}[J");
        assert!(drawn(text, false, None).ends_with("no\u{1b}[K\n\u{1b}[J"));
    }

    #[test]
    fn our_own_colour_is_the_only_one() {
        let shown = Shown::of("✓ \u{1b}[31mred\n✓red").with_colored_marks();
        assert_eq!(shown.into_text(), "\u{1b}[32m✓\u{1b}[0m \\x1b[31mred\n✓red");
        let shown = Shown::of("error: \u{7}").with_colored_start(6, "1;31");
        assert_eq!(shown.into_text(), "\u{1b}[1;31merror:\u{1b}[0m \\x07");
    }
}
