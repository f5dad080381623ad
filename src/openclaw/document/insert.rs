//! Where a new part goes in a list, and what surrounds it.
//!
//! It follows the last part: on a line of its own if that one has one (behind the comments of that
//! line, so they stay with what they speak of), else on the same line.

use super::parse::Node;
use super::splice::Splice;
use super::style::{Style, indentation};
use super::token::{Kind, Token, has_line_end, trivia};
use super::write::Layout;

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
