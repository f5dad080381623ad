//! Reads JSON5 exactly as OpenClaw does, although the parser speaks a slightly other dialect.
//!
//! `jsonc-parser` takes more than JSON5 (`a-b: 1`, strings over several lines) and less (U+FEFF as
//! space, U+2028 as a comment's end, escapes in keys). So it is given a translation that has the
//! same length byte for byte: its spans are spans of the original.

use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions, ParseStringErrorKind, parse_to_ast};

use super::lexical::{FULL_WIDTH, Kind, Piece, is_key, piece_at, pieces, skip_trivia};
use super::place::line_start;
use super::syntax::{Cause, Fault};
use super::tree::Node;

/// The tree of `text`, or nothing if it holds only white space and comments.
pub(super) fn parse(text: &str) -> Result<Option<Node>, Fault> {
    let all: Vec<Piece> = pieces(text).collect();
    let broken = all.iter().find_map(|piece| unclosed(*piece));
    let readable = broken.as_ref().map_or(text.len(), |fault| fault.offset);
    let translation = translate(text, &all, readable);
    let options = ParseOptions { allow_missing_commas: false, ..ParseOptions::default() };
    let parsed = parse_to_ast(&translation, &CollectOptions::default(), &options);
    match (parsed, broken) {
        (Err(error), Some(broken)) if !precedes(&error, &broken, text) => Err(broken),
        (Err(error), _) => Err(explain(&error, text)),
        (Ok(_), Some(broken)) => Err(broken),
        (Ok(result), None) => result.value.map(|value| Node::of(&value, text)).transpose(),
    }
}

/// Whether the parser's complaint stands on an earlier line than an unclosed string or comment,
/// and is not merely caused by it.
fn precedes(error: &ParseError, broken: &Fault, text: &str) -> bool {
    use ParseErrorKind::{UnterminatedArray, UnterminatedObject};
    !matches!(error.kind(), UnterminatedArray | UnterminatedObject)
        && error.range().start < line_start(text, broken.offset)
        && error.range().end < broken.offset
}

fn unclosed(piece: Piece) -> Option<Fault> {
    let cause = match piece.kind {
        Kind::Quoted { closed: false } => Cause::UnclosedString,
        Kind::BlockComment { closed: false } => Cause::UnclosedComment,
        _ => return None,
    };
    Some(Fault::new(piece.span.start, cause))
}

fn translate(text: &str, all: &[Piece], readable: usize) -> String {
    let mut translation = String::with_capacity(readable);
    for (position, piece) in all.iter().enumerate() {
        let original = piece.text(text);
        match piece.kind {
            _ if piece.span.start >= readable => break,
            Kind::Space | Kind::LineComment | Kind::BlockComment { .. } => {
                translation.extend(std::iter::repeat_n(' ', original.len()));
            }
            // The name itself is read from the original, by the rules of JSON5.
            Kind::Word if is_key(text, all, position) => {
                translation.extend(std::iter::repeat_n('_', original.len()));
            }
            // U+0085 is white space for the parser and rubbish in JSON5.
            Kind::Word => translation.push_str(&original.replace('\u{85}', "__")),
            Kind::Quoted { .. } | Kind::Mark => translation.push_str(original),
        }
    }
    translation
}

fn explain(error: &ParseError, text: &str) -> Fault {
    let start = error.range().start;
    let word = piece_at(text, start).filter(|piece| piece.kind == Kind::Word);
    // The error may stand at the full-width mark, or at the value or word before it.
    let behind = skip_trivia(text, word.map_or(start, |word| word.span.end));
    for offset in [start, behind] {
        if let Some(found) = text[offset..].chars().next().filter(|c| FULL_WIDTH.contains(*c)) {
            return Fault::new(offset, Cause::FullWidth { found });
        }
    }
    let found = text[start..].chars().next();
    match error.kind() {
        ParseErrorKind::UnexpectedToken => stray_word(text, start, word),
        kind => Fault::new(start, cause(kind, found)),
    }
}

/// A word that is neither literal nor number: what stands before it tells what it should be.
fn stray_word(text: &str, start: usize, word: Option<Piece>) -> Fault {
    let before = pieces(&text[..start]).filter(|piece| !piece.is_trivia()).last();
    match (word, before.map(|piece| piece.text(text))) {
        (Some(_), Some(":" | "[")) => Fault::new(start, Cause::BareWord),
        (Some(word), Some("{")) => Fault::new(word.span.end, Cause::MissingColon),
        _ => Fault::new(start, Cause::UnexpectedText),
    }
}

fn cause(kind: &ParseErrorKind, found: Option<char>) -> Cause {
    use ParseErrorKind as K;
    match kind {
        K::ExpectedComma => Cause::MissingComma,
        K::ExpectedColonAfterObjectKey => Cause::MissingColon,
        K::ExpectedObjectValue => Cause::MissingValue,
        K::UnterminatedObject => Cause::Unclosed { opened: '{' },
        K::UnterminatedArray => Cause::Unclosed { opened: '[' },
        K::UnexpectedCloseBrace => Cause::WrongBracket { found: '}' },
        K::UnexpectedCloseBracket => Cause::WrongBracket { found: ']' },
        K::UnexpectedComma => Cause::ExtraComma,
        K::UnexpectedTokenInObject => match found {
            Some(',') => Cause::ExtraComma,
            Some(found @ (']' | '}')) => Cause::WrongBracket { found },
            _ => Cause::NoKey,
        },
        K::UnexpectedWord => Cause::BareWord,
        K::MultipleRootJsonValues => Cause::TextAfterEnd,
        K::NestingDepthExceeded => Cause::TooDeep,
        K::ExpectedDigit
        | K::ExpectedDigitFollowingNegativeSign
        | K::ExpectedPlusMinusOrDigitInNumberLiteral => Cause::BadNumber,
        K::String(ParseStringErrorKind::UnterminatedStringLiteral) => Cause::UnclosedString,
        K::String(_) => Cause::BadEscape,
        _ => Cause::UnexpectedText,
    }
}
