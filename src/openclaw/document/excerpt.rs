//! The line of an error as a person sees it, with a caret, and without anything secret.

use std::fmt;

use unicode_width::UnicodeWidthChar;

use super::token::{Kind, Span, Token, line_start, literal, tokens, trivia};

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
        let cells = cells(text, Span::new(start, end));
        let caret = caret(&cells, offset, end);
        let (from, to) = window(&cells, caret);
        let cut = |yes: bool| if yes { "…" } else { "" };
        let shown: String = cells[from..to].iter().map(|cell| cell.shown).collect();
        let indent = width(&cells[from..caret]) + usize::from(from > 0);
        Self { line: format!("{}{shown}{}", cut(from > 0), cut(to < cells.len())), indent }
    }
}

/// The whole of a text that cannot be parsed, as an excerpt shows it.
pub fn masked(text: &str) -> String {
    let cells = cells(text, Span::new(0, text.len()));
    let shown = |cell: &Cell| match text.as_bytes()[cell.offset] {
        b'\n' => '\n',
        _ => cell.shown,
    };
    cells.iter().map(shown).collect()
}

fn width(cells: &[Cell]) -> usize {
    cells.iter().map(Cell::width).sum()
}

/// The first cell that stands for the byte `offset`: a masked token has one byte for all its cells.
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

fn cells(text: &str, line: Span) -> Vec<Cell> {
    let (mut brackets, mut behind_colon) = (Vec::new(), false);
    let mut cells = Vec::new();
    for token in tokens(text) {
        match token.kind {
            Kind::Mark(bracket @ ('{' | '[')) => brackets.push(bracket),
            Kind::Mark('}' | ']') => drop(brackets.pop()),
            _ => {}
        }
        if token.span.start < line.end && token.span.end > line.start {
            // In an array nothing is a key, whatever colon a slip of the hand has put there.
            let may_be_key = !behind_colon && brackets.last() != Some(&'[');
            cells.extend(show(text, token, line, may_be_key && is_before_colon(text, token)));
        }
        if !token.is_trivia() {
            behind_colon = matches!(token.kind, Kind::Mark(':' | '：'));
        }
    }
    cells
}

fn is_before_colon(text: &str, token: Token) -> bool {
    let next = trivia(text, token.span.end).last().map_or(token.span.end, |last| last.span.end);
    text[next..].starts_with([':', '：'])
}

fn show(text: &str, token: Token, line: Span, is_key: bool) -> Vec<Cell> {
    let part = Span::new(token.span.start.max(line.start), token.span.end.min(line.end));
    let is_shown = match token.kind {
        Kind::Space | Kind::Mark(_) => true,
        Kind::Word => {
            is_key || {
                let word = token.span.of(text);
                matches!(word, "true" | "false" | "null") || literal(word).is_some()
            }
        }
        Kind::Quoted { closed } => closed && is_key,
        Kind::LineComment | Kind::BlockComment { .. } => false,
    };
    if is_shown {
        let characters = part.of(text).char_indices();
        let cell = |(at, c)| Cell { shown: visible(c), offset: part.start + at };
        return characters.map(cell).collect();
    }
    let (opening, closing) = match token.kind {
        Kind::LineComment => ("//", ""),
        Kind::BlockComment { closed } => ("/*", if closed { "*/" } else { "" }),
        Kind::Quoted { closed } => {
            let quote = &text[token.span.start..=token.span.start];
            (quote, if closed { quote } else { "" })
        }
        _ => ("", ""),
    };
    let opening = if part.start == token.span.start { opening } else { "" };
    let closing = if part.end == token.span.end { closing } else { "" };
    let masked = format!("{opening}{MASK}{closing}");
    masked.chars().map(|shown| Cell { shown, offset: part.start }).collect()
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
