//! Removes a part from a list: the part, its comma, and the white space that was only there for it.
//!
//! Comments stay, also the one behind the part on its line: they are the user's words, and nobody
//! but the user knows whether they speak only of that part. Where they end up alone, they keep the
//! line. Removing what [`super::insert`] added restores the bytes, except in a list that held
//! nothing but white space: `{ }` comes back as `{}`.

use super::parse::{Node, Part};
use super::splice::Splice;
use super::token::{Kind, Span, Token, has_line_end, is_line_end, is_space, tokens};

/// The splices that remove the part at `position`.
pub(super) fn remove(text: &str, list: &Node, position: usize) -> Vec<Splice> {
    let part = &list.parts[position];
    if list.parts.len() == 1 && !has_comments(text, list) {
        return vec![
            Splice::closing_up(list.open(), part.span().start),
            Splice::subject(part.span(), ""),
            Splice::closing_up(part.span().end, list.close()),
        ];
    }
    let mut splices = Vec::new();
    // The last part without a trailing comma leaves its predecessor without one.
    if let (None, Some(before)) = (part.comma, position.checked_sub(1)) {
        splices.extend(list.parts[before].comma.map(|comma| Splice::closing_up(comma, comma + 1)));
    }
    let around = space_to_close(text, list, position);
    splices.push(Splice::closing_up(around.start, part.span().start));
    splices.push(Splice::subject(part.span(), ""));
    match part.comma {
        Some(comma) if text[part.span().end..comma].chars().all(is_space) => {
            splices.push(Splice::closing_up(part.span().end, around.end));
        }
        Some(comma) => splices.push(Splice::closing_up(comma, around.end)),
        None => splices.push(Splice::closing_up(part.span().end, around.end)),
    }
    splices.retain(|splice| splice.span.start < splice.span.end);
    splices
}

/// Whether the list of a single part holds comments beside it.
fn has_comments(text: &str, list: &Node) -> bool {
    let comments = |start, end| tokens(&text[start..end]).any(Token::is_comment);
    let around = |part: &Part| {
        comments(list.open(), part.span().start) || comments(part.span().end, list.close())
    };
    list.parts.iter().any(around)
}

/// The span from the first white space that goes before the part to the last that goes behind it
/// (behind its comma, if it has one).
fn space_to_close(text: &str, list: &Node, position: usize) -> Span {
    let part = &list.parts[position];
    let before = space_before(text, list.open(), part.span().start);
    let after = space_after(text, part.end());
    let (gap, rest) = (&text[before..part.span().start], &text[part.end()..after]);
    let at_close = after == list.close();
    let keep = Span::new(part.span().start, part.end());
    // A comment before the comma keeps the line, and must not move up behind another one.
    let comment_stays = !text[part.span().end..part.end()].chars().all(|c| c == ',' || is_space(c));
    match (has_line_end(gap), has_line_end(rest)) {
        (true, _) if comment_stays => keep,
        // A line of its own goes as a whole.
        (true, true) => Span::new(
            last_line(text, before, part.span().start),
            up_to_line_end(text, part.end(), after),
        ),
        // The bracket moves up, unless a line comment would swallow it.
        (true, false) if at_close && !ends_line_comment(text, list, before) => {
            Span::new(last_line(text, before, keep.start), keep.end)
        }
        (true, false) if at_close => keep,
        // What follows takes the place at the line's start.
        (true, false) => Span::new(keep.start, after),
        (false, false) if position == 0 && !at_close => Span::new(keep.start, after),
        (false, _) => Span::new(before, keep.end),
    }
}

fn space_before(text: &str, open: usize, start: usize) -> usize {
    open + text[open..start].trim_end_matches(is_space).len()
}

fn space_after(text: &str, end: usize) -> usize {
    text.len() - text[end..].trim_start_matches(is_space).len()
}

/// Where the last line end within white space begins.
fn last_line(text: &str, start: usize, end: usize) -> usize {
    let space = &text[start..end];
    let Some(at) = space.rfind(is_line_end) else { return start };
    start + if space[..at].ends_with('\r') && space[at..].starts_with('\n') { at - 1 } else { at }
}

fn up_to_line_end(text: &str, start: usize, end: usize) -> usize {
    text[start..end].find(is_line_end).map_or(end, |at| start + at)
}

fn ends_line_comment(text: &str, list: &Node, end: usize) -> bool {
    let before = tokens(&text[list.open()..end]).last();
    before.is_some_and(|token| token.kind == Kind::LineComment)
}
