//! The line of an error as a person sees it, with a caret, and without anything secret.

use std::fmt;

use unicode_width::UnicodeWidthChar;

use super::lexical::{Kind, Piece, is_key, pieces};
use super::place::line_start;

/// Columns of a terminal that an excerpt may take.
const WIDEST: usize = 100;
/// Columns shown before the caret where a long line is cut.
const BEFORE_CARET: usize = 60;
const MASK: &str = "•••";

/// A line of a file and where to look at in it. Values are masked: only punctuation, keys, and
/// `true`, `false`, `null` are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, or a window of at most 100 terminal columns of it; `…` marks a cut.
    pub line: String,
    /// The terminal columns before the caret.
    pub indent: usize,
}

impl fmt::Display for Excerpt {
    /// The line, and below it a caret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}\n{:indent$}^", self.line, "", indent = self.indent)
    }
}

/// A character on the screen and the byte of the text that it stands for.
struct Cell {
    shown: char,
    offset: usize,
}

impl Cell {
    fn width(&self) -> usize {
        self.shown.width().unwrap_or(1)
    }
}

impl Excerpt {
    /// The line around the byte `offset` of `text`.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let start = line_start(text, offset);
        let end = text[offset..].find(['\n', '\r']).map_or(text.len(), |length| offset + length);
        let cells = cells(text, start, end);
        let caret = caret(&cells, offset, end);
        let (from, to) = window(&cells, caret);
        let cut = |yes: bool| if yes { "…" } else { "" };
        let shown: String = cells[from..to].iter().map(|cell| cell.shown).collect();
        let indent = width(&cells[from..caret]) + usize::from(from > 0);
        Self { line: format!("{}{shown}{}", cut(from > 0), cut(to < cells.len())), indent }
    }
}

fn width(cells: &[Cell]) -> usize {
    cells.iter().map(Cell::width).sum()
}

/// The first cell that stands for the byte `offset`: a masked piece has one byte for all its cells.
fn caret(cells: &[Cell], offset: usize, end: usize) -> usize {
    if offset >= end {
        return cells.len();
    }
    let Some(last) = cells.iter().rposition(|cell| cell.offset <= offset) else { return 0 };
    let stands_for = cells[last].offset;
    cells.iter().position(|cell| cell.offset == stands_for).unwrap_or(last)
}

fn window(cells: &[Cell], caret: usize) -> (usize, usize) {
    if width(cells) < WIDEST {
        return (0, cells.len());
    }
    let (before, after) = cells.split_at(caret);
    let from = caret - fitting(before.iter().rev(), BEFORE_CARET);
    // Two columns for the marks of a cut, one for a caret behind the last character.
    let room = WIDEST - 3 - width(&cells[from..caret]);
    (from, caret + fitting(after.iter(), room))
}

/// How many cells fit into `room` columns.
fn fitting<'c>(cells: impl Iterator<Item = &'c Cell>, room: usize) -> usize {
    let widths = cells.scan(0, |taken, cell| {
        *taken += cell.width();
        Some(*taken)
    });
    widths.take_while(|taken| *taken <= room).count()
}

fn cells(text: &str, start: usize, end: usize) -> Vec<Cell> {
    let all: Vec<Piece> = pieces(text).collect();
    let on_line = |piece: &Piece| piece.span.start < end && piece.span.end > start;
    let mut brackets = Vec::new();
    let mut cells = Vec::new();
    for (position, piece) in all.iter().enumerate() {
        match piece.text(text) {
            bracket @ ("{" | "[") => brackets.push(bracket),
            "}" | "]" => drop(brackets.pop()),
            _ => {}
        }
        if on_line(piece) {
            // In an array nothing is a key, whatever colon a slip of the hand has put there.
            let may_be_key = brackets.last() != Some(&"[");
            cells.extend(show(text, &all, position, may_be_key, start, end));
        }
    }
    cells
}

fn show(
    text: &str,
    all: &[Piece],
    position: usize,
    may_be_key: bool,
    start: usize,
    end: usize,
) -> Vec<Cell> {
    let piece = all[position];
    let (from, to) = (piece.span.start.max(start), piece.span.end.min(end));
    if is_shown(text, all, position, may_be_key) {
        let characters = text[from..to].char_indices();
        return characters.map(|(at, c)| Cell { shown: visible(c), offset: from + at }).collect();
    }
    let frame = |delimiter: &'static str, there: bool| if there { delimiter } else { "" };
    let (begins, ends) = (piece.span.start >= start, piece.span.end <= end);
    let masked = match piece.kind {
        Kind::LineComment => format!("{}{MASK}", frame("//", begins)),
        Kind::BlockComment { closed } => {
            format!("{}{MASK}{}", frame("/*", begins), frame("*/", closed && ends))
        }
        Kind::Quoted { closed } => {
            let quote = if text[piece.span.start..].starts_with('"') { "\"" } else { "'" };
            format!("{}{MASK}{}", frame(quote, begins), frame(quote, closed && ends))
        }
        Kind::Space | Kind::Mark | Kind::Word => MASK.to_owned(),
    };
    masked.chars().map(|shown| Cell { shown, offset: from }).collect()
}

fn is_shown(text: &str, all: &[Piece], position: usize, may_be_key: bool) -> bool {
    match all[position].kind {
        Kind::Space | Kind::Mark => true,
        Kind::Word if matches!(all[position].text(text), "true" | "false" | "null") => true,
        Kind::Word | Kind::Quoted { closed: true } => may_be_key && is_key(text, all, position),
        _ => false,
    }
}

/// A character that moves nothing on a terminal: tabs are one column, controls a mark.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        _ if c.width().is_none_or(|columns| columns == 0) => '\u{fffd}',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::Excerpt;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn the_caret_stands_under_the_place_and_secrets_are_masked() {
        for (text, needle, shown) in [
            ("{\n  \"a\": 1 \"b\": 2}", "\"b\"", "  \"a\": ••• \"b\": •••}\n           ^"),
            ("{\"钥匙\": \"x\" }", "}", "{\"钥匙\": \"•••\" }\n               ^"),
            ("{s: hunter2 hunter3}", "hunter3", "{s: ••• •••}\n        ^"),
            ("{s: 'hunter2", "'", "{s: '•••\n    ^"),
            ("{s:\ttrue, // hunter2", "true", "{s: true, //•••\n    ^"),
            ("{s: /* hunter2\nhunter2 */ ]", "]", "•••*/ ]\n      ^"),
            ("{s: \"a\\\nhunter2\" ]", "]", "•••\" ]\n     ^"),
        ] {
            let excerpt = Excerpt::of(text, text.find(needle).unwrap());
            assert_eq!(excerpt.to_string(), shown, "{text}");
        }
    }

    #[test]
    fn a_long_line_is_cut_to_a_window() {
        let text =
            format!("{{{}\"b\": 1 2,{}}}", "\"键\": 1,".repeat(500), "\"键\": 1,".repeat(500));
        let offset = text.find("2,").unwrap();
        let excerpt = Excerpt::of(&text, offset);
        assert!(excerpt.line.width() <= 100, "{}", excerpt.line);
        assert!(excerpt.line.starts_with('…') && excerpt.line.ends_with('…'));
        let caret = excerpt.line.find("\"b\": ••• ").unwrap() + "\"b\": ••• ".len();
        assert_eq!(excerpt.indent, excerpt.line[..caret].width());
    }
}
