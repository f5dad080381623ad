//! Objects and arrays as one thing: parts between brackets, with commas.

use jsonc_parser::common::Range as Span;

use super::lexical::{is_line_end, piece_at, skip_trivia};
use super::place::line_start;
use super::tree::Node;

/// A part of a list: a member or an element.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) span: Span,
    /// Where the comma after it stands.
    pub(super) comma: Option<usize>,
}

impl Part {
    /// Where the part ends, its comma included.
    pub(super) fn end(&self) -> usize {
        self.comma.map_or(self.span.end, |comma| comma + 1)
    }
}

/// The layout of an object or array.
pub(super) struct List {
    /// The first byte after the opening bracket.
    pub(super) open: usize,
    /// The closing bracket.
    pub(super) close: usize,
    pub(super) parts: Vec<Part>,
}

impl List {
    pub(super) fn of(text: &str, node: &Node) -> Self {
        let part = |span: Span| {
            let next = skip_trivia(text, span.end);
            Part { span, comma: text[next..].starts_with(',').then_some(next) }
        };
        let parts = node.part_spans().into_iter().map(part).collect();
        Self { open: node.span.start + 1, close: node.span.end - 1, parts }
    }

    /// What stands between the part and the comma or bracket before it.
    pub(super) fn gap_before<'t>(&self, text: &'t str, position: usize) -> &'t str {
        let start = position.checked_sub(1).map_or(self.open, |before| self.parts[before].end());
        &text[start..self.parts[position].span.start]
    }

    /// Whether the last part begins a line of its own.
    pub(super) fn is_in_lines(&self, text: &str) -> bool {
        let last = self.parts.len().checked_sub(1);
        last.is_some_and(|last| has_line_end(self.gap_before(text, last)))
    }
}

pub(super) fn has_line_end(text: &str) -> bool {
    text.contains(is_line_end)
}

/// The white space with which the line of `offset` begins.
pub(super) fn indentation(text: &str, offset: usize) -> &str {
    let line = &text[line_start(text, offset)..offset];
    let line = line.trim_start_matches('\u{feff}');
    &line[..line.find(|c| c != ' ' && c != '\t').unwrap_or(line.len())]
}

/// The end of the last comment that follows `start` on its line.
pub(super) fn after_comments_on_line(text: &str, start: usize) -> usize {
    let (mut at, mut end) = (start, start);
    while let Some(piece) = piece_at(text, at) {
        if !piece.is_trivia() || !piece.is_comment() && has_line_end(piece.text(text)) {
            break;
        }
        at = piece.span.end;
        if piece.is_comment() {
            end = at;
        }
    }
    end
}
