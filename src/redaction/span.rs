//! Places in a text.

use std::ops::Range;

use super::MASK;

/// The text with [`MASK`] at each place; places may overlap.
pub(super) fn covered(text: &str, mut spans: Vec<Range<usize>>) -> String {
    spans.sort_by_key(|span| span.start);
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for span in spans.into_iter().filter(|span| !span.is_empty()) {
        if span.start >= end {
            shown.push_str(&text[end..span.start]);
            shown.push_str(MASK);
        }
        end = end.max(span.end);
    }
    shown + &text[end..]
}

/// How long the beginning of `text` is that holds none of these.
pub(super) fn until(text: &str, ends: impl Fn(char) -> bool) -> usize {
    text.find(ends).unwrap_or(text.len())
}
