//! Slips of the hand that can have meant one thing only, and the text without them.

use std::ops::Range;

use super::error::Cause;
use super::parse::{Fault, parse};
use super::token::{Kind, has_line_end, is_line_end, left_open, tokens, trivia};

/// More slips than this are no slips of the hand.
const MOST: usize = 64;

/// The text with every slip corrected, where that makes it a config that can be read.
pub(super) fn corrected(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    for _ in 0..MOST {
        match parse(&text) {
            Ok(root) => return root.filter(|(root, _)| root.is_object(&text)).map(|_| text),
            Err(fault) => {
                let (place, right) = correction(&text, &fault)?;
                text.replace_range(place, &right);
            }
        }
    }
    None
}

fn correction(text: &str, fault: &Fault) -> Option<(Range<usize>, String)> {
    let at = fault.offset;
    let here = |length: usize, right: &str| Some((at..at + length, right.to_owned()));
    match fault.cause {
        // on one line it may be a quote that is missing, or a word too many
        Cause::MissingComma if has_line_end(gap(text, at)) => here(0, ","),
        Cause::ExtraComma => here(1, ""),
        Cause::OtherLiteral { right } => {
            let length = text[at..].find(|c: char| !c.is_ascii_alphabetic())?;
            here(length, right)
        }
        Cause::Invisible { found } => here(found.len_utf8(), ""),
        Cause::Hash => here(1, "//"),
        Cause::Fence => here(text[at..].find(is_line_end).unwrap_or(text.len() - at), ""),
        Cause::FullWidth { found } => full_width(text, at, found),
        // what does not end with its line may have been cut off, and more than a bracket is gone
        Cause::Unclosed { opened } if text.ends_with(is_line_end) && is_last_bracket(text) => {
            let close = if opened == '{' { "\n}" } else { "\n]" };
            let end = text.trim_end().len();
            Some((end..end, close.to_owned()))
        }
        _ => None,
    }
}

fn gap(text: &str, at: usize) -> &str {
    &text[at..trivia(text, at).last().map_or(at, |last| last.span.end)]
}

fn full_width(text: &str, at: usize, found: char) -> Option<(Range<usize>, String)> {
    let right = match found {
        '，' => ",",
        '：' => ":",
        '｛' => "{",
        '｝' => "}",
        '［' | '【' => "[",
        '］' | '】' => "]",
        '“' | '”' => return quotes(text, at, ['“', '”']),
        '‘' | '’' => return quotes(text, at, ['‘', '’']),
        _ => return None,
    };
    Some((at..at + found.len_utf8(), right.to_owned()))
}

/// A pair of curved quotes around a text without quotes of its own.
fn quotes(text: &str, at: usize, pair: [char; 2]) -> Option<(Range<usize>, String)> {
    let inner = at + pair[0].len_utf8();
    let length = text[inner..].find(pair)?;
    let quoted = &text[inner..inner + length];
    let is_plain = !quoted.contains(['"', '\\']) && !has_line_end(quoted);
    is_plain.then(|| (at..inner + length + pair[1].len_utf8(), format!("\"{quoted}\"")))
}

/// Whether nothing but the outermost bracket is open at the end.
fn is_last_bracket(text: &str) -> bool {
    left_open(text).is_none() && depth(text) == 1
}

fn depth(text: &str) -> isize {
    let step = |kind| match kind {
        Kind::Mark('{' | '[') => 1,
        Kind::Mark('}' | ']') => -1,
        _ => 0,
    };
    tokens(text).map(|token| step(token.kind)).sum()
}
