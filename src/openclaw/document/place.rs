//! Where something stands in a file, as an editor counts.

use std::fmt;

/// A place in a text: line and column, both from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, from 1. `\n`, `\r\n` and a lone `\r` end lines.
    pub line: usize,
    /// The column, from 1, in characters; a byte order mark does not count.
    pub column: usize,
}

impl Place {
    /// The place of the byte `offset` of `text`.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = &text[..offset];
        let line_start = line_start(text, offset);
        let line = 1
            + before[..line_start].bytes().filter(|byte| *byte == b'\n').count()
            + lone_returns(&text[..line_start]);
        let characters = before[line_start..].trim_start_matches('\u{feff}').chars().count();
        Self { line, column: characters + 1 }
    }
}

/// Where the line that holds `offset` begins.
pub(super) fn line_start(text: &str, offset: usize) -> usize {
    let bytes = text.as_bytes();
    let ends_line = |at: &usize| {
        bytes[*at] == b'\n' || bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n')
    };
    (0..offset).rev().find(ends_line).map_or(0, |end| end + 1)
}

fn lone_returns(text: &str) -> usize {
    let bytes = text.as_bytes();
    let lone = |at: &usize| bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    (0..bytes.len()).filter(lone).count()
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn places_are_counted_in_characters() {
        for (text, needle, line, column) in [
            ("{x}", "x", 1, 2),
            ("\u{feff}{x}", "x", 1, 2),
            ("{\n  钥匙 x", "x", 2, 6),
            ("{\r\n\r\nx", "x", 3, 1),
            ("{\rx", "x", 2, 1),
            ("{\u{2028}x", "x", 1, 3),
        ] {
            let place = Place::of(text, text.find(needle).unwrap());
            assert_eq!(place, Place { line, column }, "{text:?}");
        }
    }
}
