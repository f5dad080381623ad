//! The smallest pieces of a JSON5 text, found without judging: broken texts have pieces too.

use jsonc_parser::common::Range as Span;

/// What a piece is.
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
    Mark,
    /// Anything else in one run: numbers, literals, unquoted keys, rubbish.
    Word,
}

/// One piece of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

impl Piece {
    pub(super) fn is_trivia(self) -> bool {
        matches!(self.kind, Kind::Space) || self.is_comment()
    }

    pub(super) fn is_comment(self) -> bool {
        matches!(self.kind, Kind::LineComment | Kind::BlockComment { .. })
    }

    pub(super) fn text(self, text: &str) -> &str {
        &text[self.span.start..self.span.end]
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

/// The pieces of `text`, which together are the whole of it.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let piece = piece_at(text, at)?;
        at = piece.span.end;
        Some(piece)
    })
}

/// The piece that begins at `start`, unless the text ends there.
pub(super) fn piece_at(text: &str, start: usize) -> Option<Piece> {
    let rest = &text[start..];
    let first = rest.chars().next()?;
    let (kind, length) = match first {
        _ if is_space(first) => (Kind::Space, run(rest, is_space)),
        _ if rest.starts_with("//") => (Kind::LineComment, run(rest, |c| !is_line_end(c))),
        _ if rest.starts_with("/*") => block_comment(rest),
        '"' | '\'' => quoted(rest, first),
        _ if is_mark(first) => (Kind::Mark, first.len_utf8()),
        _ => (Kind::Word, word(rest)),
    };
    Some(Piece { kind, span: Span::new(start, start + length) })
}

/// The first place at or after `start` that is neither white space nor comment.
pub(super) fn skip_trivia(text: &str, start: usize) -> usize {
    let mut at = start;
    while let Some(piece) = piece_at(text, at).filter(|piece| piece.is_trivia()) {
        at = piece.span.end;
    }
    at
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
    let mut end = 0;
    for c in text.chars() {
        let comment = text[end..].starts_with("//") || text[end..].starts_with("/*");
        if comment || is_space(c) || is_mark(c) || c == '"' || c == '\'' {
            break;
        }
        end += c.len_utf8();
    }
    end
}

/// Whether a colon follows the piece, and none stands before it.
pub(super) fn is_key(text: &str, all: &[Piece], position: usize) -> bool {
    let is_colon = |piece: &Piece| matches!(piece.text(text), ":" | "：");
    let significant = |piece: &&Piece| !piece.is_trivia();
    all[position + 1..].iter().find(significant).is_some_and(is_colon)
        && !all[..position].iter().rfind(significant).is_some_and(is_colon)
}

#[cfg(test)]
mod tests {
    use super::{Kind, pieces};

    #[test]
    fn every_text_falls_into_pieces() {
        let kinds = |text: &str| pieces(text).map(|piece| piece.kind).collect::<Vec<_>>();
        let (closed, open) = (Kind::Quoted { closed: true }, Kind::Quoted { closed: false });
        for (text, expected) in [
            ("", vec![]),
            ("\u{feff}{}", vec![Kind::Space, Kind::Mark, Kind::Mark]),
            ("'a\\'b'", vec![closed]),
            ("'a\\\r\nb'", vec![closed]),
            ("\"a\n", vec![open, Kind::Space]),
            ("\"a\u{2028}b\"", vec![closed]),
            ("// a\u{2028}1", vec![Kind::LineComment, Kind::Space, Kind::Word]),
            ("/* a", vec![Kind::BlockComment { closed: false }]),
            ("1/**/2", vec![Kind::Word, Kind::BlockComment { closed: true }, Kind::Word]),
            ("键：1", vec![Kind::Word, Kind::Mark, Kind::Word]),
        ] {
            assert_eq!(kinds(text), expected, "{text:?}");
        }
    }
}
