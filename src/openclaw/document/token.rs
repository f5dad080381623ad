//! The tokens of a JSON5 text and their places, found without judging: broken texts have them too.

use std::fmt;

/// Bytes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    pub(super) fn of(self, text: &str) -> &str {
        &text[self.start..self.end]
    }
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// White space of JSON5, line ends included.
    Space,
    /// `// …`, without the line end that closes it.
    LineComment,
    /// `/* … */`; `closed` is false at the end of the text.
    BlockComment { closed: bool },
    /// A string in single or double quotes; `closed` is false at a bare line end.
    Quoted { closed: bool },
    /// One of `{}[],:`, or a full-width look-alike.
    Mark(char),
    /// Anything else in one run: numbers, literals, unquoted keys, rubbish.
    Word,
}

/// One token of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

impl Token {
    pub(super) fn is_trivia(self) -> bool {
        self.kind == Kind::Space || self.is_comment()
    }

    pub(super) fn is_comment(self) -> bool {
        matches!(self.kind, Kind::LineComment | Kind::BlockComment { .. })
    }
}

/// The look-alikes that a Chinese input method types in place of JSON's punctuation.
pub(super) const FULL_WIDTH: &str = "，：；｛｝［］【】“”‘’";

/// White space as JSON5 defines it, which is not Unicode's: U+FEFF is in, U+0085 is not.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | ' ' | '\u{a0}' | '\u{feff}' | '\u{1680}')
        || matches!(c, '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
        || is_line_end(c)
}

/// The characters that end a line comment.
pub(super) fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

pub(super) fn has_line_end(text: &str) -> bool {
    text.contains(is_line_end)
}

/// The tokens of `text`, which together are the whole of it.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = Token> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let token = token_at(text, at)?;
        at = token.span.end;
        Some(token)
    })
}

/// White space and comments from `start` on.
pub(super) fn trivia(text: &str, start: usize) -> impl Iterator<Item = Token> {
    let moved = move |token: Token| {
        let span = Span::new(start + token.span.start, start + token.span.end);
        Token { span, ..token }
    };
    tokens(&text[start..]).take_while(|token| token.is_trivia()).map(moved)
}

/// The token that begins at `start`, unless the text ends there.
pub(super) fn token_at(text: &str, start: usize) -> Option<Token> {
    let rest = &text[start..];
    let first = rest.chars().next()?;
    let (kind, length) = match first {
        _ if is_space(first) => (Kind::Space, run(rest, is_space)),
        _ if rest.starts_with("//") => (Kind::LineComment, run(rest, |c| !is_line_end(c))),
        _ if rest.starts_with("/*") => block_comment(rest),
        '"' | '\'' => quoted(rest, first),
        _ if is_mark(first) => (Kind::Mark(first), first.len_utf8()),
        _ => (Kind::Word, word(rest)),
    };
    Some(Token { kind, span: Span::new(start, start + length) })
}

fn is_mark(c: char) -> bool {
    "{}[],:".contains(c) || FULL_WIDTH.contains(c)
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn block_comment(text: &str) -> (Kind, usize) {
    match text[2..].find("*/") {
        Some(end) => (Kind::BlockComment { closed: true }, end + 4),
        None => (Kind::BlockComment { closed: false }, text.len()),
    }
}

fn quoted(text: &str, quote: char) -> (Kind, usize) {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => {
                let escaped = characters.next();
                if escaped.is_some_and(|(_, c)| c == '\r') {
                    characters.next_if(|(_, c)| *c == '\n');
                }
            }
            '\n' | '\r' => return (Kind::Quoted { closed: false }, at),
            _ if c == quote => return (Kind::Quoted { closed: true }, at + 1),
            _ => {}
        }
    }
    (Kind::Quoted { closed: false }, text.len())
}

fn word(text: &str) -> usize {
    let ends = |(at, c): (usize, char)| {
        let comment = text[at..].starts_with("//") || text[at..].starts_with("/*");
        comment || is_space(c) || is_mark(c) || c == '"' || c == '\''
    };
    let end = text.char_indices().find(|character| ends(*character));
    end.map_or(text.len(), |(at, _)| at)
}

/// A place in a text as an editor counts: line and column, both from 1, the column in characters.
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
        let start = line_start(text, offset);
        let line = 1 + (0..start).filter(|at| ends_line(text, *at)).count();
        let before = text[start..offset].trim_start_matches('\u{feff}');
        Self { line, column: before.chars().count() + 1 }
    }
}

/// Where the line that holds `offset` begins.
pub(super) fn line_start(text: &str, offset: usize) -> usize {
    (0..offset).rev().find(|at| ends_line(text, *at)).map_or(0, |end| end + 1)
}

fn ends_line(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    bytes[at] == b'\n' || bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n')
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.line, self.column)
    }
}

/// Characters that nobody sees and JSON5 does not take for white space: zero-width space, joiners,
/// word joiner, soft hyphen, direction marks.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
    ) || matches!(c, '\u{2060}'..='\u{2064}')
}

/// What another language calls JSON's literals.
pub(super) fn literal(word: &str) -> Option<&'static str> {
    Some(match word {
        "True" | "TRUE" => "true",
        "False" | "FALSE" => "false",
        "None" | "Null" | "NULL" | "nil" | "undefined" => "null",
        _ => return None,
    })
}

/// The bracket that was left open, told by the indentation: the first that is closed by a line
/// which is indented less than its own.
pub(super) fn left_open(text: &str) -> Option<(usize, char)> {
    let indent = |at: usize| {
        let line = &text[line_start(text, at)..];
        line.len() - line.trim_start_matches([' ', '\t']).len()
    };
    let mut open: Vec<(usize, char)> = Vec::new();
    for token in tokens(text) {
        let at = token.span.start;
        match token.kind {
            Kind::Mark(bracket @ ('{' | '[')) => open.push((at, bracket)),
            Kind::Mark('}' | ']') => {
                let opened = open.pop()?;
                let is_first = text[line_start(text, at)..at].trim().is_empty();
                if is_first && indent(at) < indent(opened.0) {
                    return Some(opened);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Kind, Place, tokens};

    #[test]
    fn every_text_is_made_of_tokens() {
        let kinds = |text: &str| tokens(text).map(|token| token.kind).collect::<Vec<_>>();
        let (closed, open) = (Kind::Quoted { closed: true }, Kind::Quoted { closed: false });
        for (text, expected) in [
            ("", vec![]),
            ("\u{feff}{}", vec![Kind::Space, Kind::Mark('{'), Kind::Mark('}')]),
            ("'a\\'b'", vec![closed]),
            ("'a\\\r\nb'", vec![closed]),
            ("\"a\n", vec![open, Kind::Space]),
            ("\"a\u{2028}b\"", vec![closed]),
            ("// a\u{2028}1", vec![Kind::LineComment, Kind::Space, Kind::Word]),
            ("/* a", vec![Kind::BlockComment { closed: false }]),
            ("1/**/2", vec![Kind::Word, Kind::BlockComment { closed: true }, Kind::Word]),
            ("键：1", vec![Kind::Word, Kind::Mark('：'), Kind::Word]),
        ] {
            assert_eq!(kinds(text), expected, "{text:?}");
        }
    }

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
