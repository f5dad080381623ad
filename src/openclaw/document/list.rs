//! Adding a part to a list and removing one.
//!
//! A new part follows the last one: on a line of its own if that one has one (behind the comments of
//! that line, so they stay with what they speak of), else on the same line. A part that goes takes
//! its comma along, and the white space that was only there for it.

use super::parse::{Node, Part};
use super::steps::Splice;
use super::token::{Kind, Span, Token, has_line_end, is_line_end, is_space, tokens, trivia};
use super::write::{Layout, Style, indentation};

/// Where a part goes into a list.
pub(super) struct Site<'t> {
    text: &'t str,
    list: &'t Node,
    /// The white space before the list's own line.
    outer: &'t str,
    /// Whether an empty list here should become one with lines.
    prefers_lines: bool,
    pub(super) style: Style,
}

impl<'t> Site<'t> {
    /// The site in the last of `around`, which leads from the root to it and is not empty.
    pub(super) fn inside(text: &'t str, around: &[&'t Node]) -> Self {
        let (list, parents) = (around[around.len() - 1], &around[..around.len() - 1]);
        let outer = indentation(text, list.span.start);
        let prefers_lines = parents.last().is_none_or(|parent| begins_line(text, parent, list));
        Self { text, list, outer, prefers_lines, style: Style::learn(text, around) }
    }

    /// The splices that add what `write` writes.
    pub(super) fn add(&self, write: impl Fn(&Style, Layout<'_>) -> String) -> Vec<Splice> {
        match self.list.parts.last() {
            Some(_) if self.list.is_in_lines(self.text) => self.add_line(write),
            Some(_) => self.add_in_line(&write(&self.style, Layout::OneLine)),
            None => match self.last_comment() {
                Some(comment) => self.add_behind_comment(comment, write),
                None => self.fill(write),
            },
        }
    }

    fn add_line(&self, write: impl Fn(&Style, Layout<'_>) -> String) -> Vec<Splice> {
        let Some(last) = self.list.parts.last() else { return Vec::new() };
        let indentation = indentation(self.text, last.span().start);
        let part = write(&self.style, Layout::Lines { indentation });
        let at = after_comments_on_line(self.text, last.end());
        let (line_end, comma) = (self.style.line_end, if last.comma.is_some() { "," } else { "" });
        let mut splices =
            vec![Splice::insertion(at, format!("{line_end}{indentation}{part}{comma}"))];
        if last.comma.is_none() {
            splices.insert(0, Splice::insertion(last.span().end, ","));
        }
        splices
    }

    fn add_in_line(&self, part: &str) -> Vec<Splice> {
        let Some(last) = self.list.parts.last() else { return Vec::new() };
        let gap = &self.style.gap;
        let with = match last.comma {
            Some(_) => format!("{gap}{part},"),
            None => format!(",{gap}{part}"),
        };
        vec![Splice::insertion(last.end(), with)]
    }

    fn add_behind_comment(
        &self,
        comment: Token,
        write: impl Fn(&Style, Layout<'_>) -> String,
    ) -> Vec<Splice> {
        let (at, line_end) = (comment.span.end, self.style.line_end);
        let in_lines = comment.kind == Kind::LineComment
            || has_line_end(&self.text[self.list.open()..comment.span.start]);
        if !in_lines {
            let part = write(&self.style, Layout::OneLine);
            let padding = if at == self.list.close() { self.padding() } else { "" };
            return vec![Splice::insertion(at, format!(" {part}{padding}"))];
        }
        let starts_line = indentation(self.text, comment.span.start);
        let begins = self.text[..comment.span.start].strip_suffix(starts_line);
        let inner = self.inner();
        let own_line = begins.is_some_and(|before| before.ends_with(['\n', '\r']));
        let indentation = if own_line { starts_line } else { &inner };
        let part = write(&self.style, Layout::Lines { indentation });
        let closes_line = !has_line_end(&self.text[at..self.list.close()]);
        let closing = if closes_line { format!("{line_end}{}", self.outer) } else { String::new() };
        vec![Splice::insertion(at, format!("{line_end}{indentation}{part}{closing}"))]
    }

    /// The first part of a list that holds nothing, or only white space.
    fn fill(&self, write: impl Fn(&Style, Layout<'_>) -> String) -> Vec<Splice> {
        let (open, close) = (self.list.open(), self.list.close());
        let inside = &self.text[open..close];
        let line_end = self.style.line_end;
        let comma = if self.style.trailing_comma { "," } else { "" };
        let inner = self.inner();
        if has_line_end(inside) {
            let part = write(&self.style, Layout::Lines { indentation: &inner });
            return vec![Splice::insertion(open, format!("{line_end}{inner}{part}{comma}"))];
        }
        if self.prefers_lines {
            let part = write(&self.style, Layout::Lines { indentation: &inner });
            let with = format!("{line_end}{inner}{part}{comma}{line_end}{}", self.outer);
            return vec![Splice::closing_up(open, close), Splice::insertion(close, with)];
        }
        let part = write(&self.style, Layout::OneLine);
        let padding = if inside.is_empty() { self.style.padding.as_str() } else { "" };
        vec![Splice::insertion(open, format!("{padding}{part}")), Splice::insertion(close, padding)]
    }

    fn padding(&self) -> &str {
        if self.list.is_object(self.text) { &self.style.padding } else { "" }
    }

    fn inner(&self) -> String {
        format!("{}{}", self.outer, self.style.unit)
    }

    fn last_comment(&self) -> Option<Token> {
        trivia(self.text, self.list.open()).filter(|token| token.is_comment()).last()
    }
}

/// The end of the last comment that follows `start` on its line.
fn after_comments_on_line(text: &str, start: usize) -> usize {
    let ends_line = |token: &Token| token.kind == Kind::Space && has_line_end(token.span.of(text));
    let on_line = trivia(text, start).take_while(|token| !ends_line(token));
    on_line.filter(|token| token.is_comment()).last().map_or(start, |comment| comment.span.end)
}

fn begins_line(text: &str, parent: &Node, child: &Node) -> bool {
    let is_child = |part: &super::parse::Part| part.value.span == child.span;
    let position = parent.parts.iter().position(is_child);
    position.is_some_and(|position| has_line_end(parent.gap_before(text, position)))
}

/// The splices that remove the part at `position`.
///
/// Comments stay, also the one behind the part on its line: they are the user's words, and nobody
/// but the user knows whether they speak only of that part. Where they end up alone, they keep the
/// line. Removing what [`Site`] added restores the bytes, except in a list that held nothing but
/// white space: `{ }` comes back as `{}`.
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
