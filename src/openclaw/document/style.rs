//! How the neighbours are written: quotes, gaps, indentation, trailing commas, line ends.
//!
//! Each habit is learnt from the nearest container that shows it: the one that is edited, those
//! around it, then all others in the order of the text.

use super::parse::{Node, Part};
use super::token::{Span, has_line_end, is_space, line_start};

/// How a new key is quoted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyQuote {
    Quoted(char),
    /// Without quotes where the key is an identifier, else with these.
    BareOr(char),
}

/// The habits of a place in a document.
pub(super) struct Style {
    pub(super) line_end: &'static str,
    /// One level of indentation.
    pub(super) unit: String,
    pub(super) key: KeyQuote,
    pub(super) quote: char,
    /// Between key and value: `:` and the white space around it.
    pub(super) colon: String,
    /// After a comma within a line.
    pub(super) gap: String,
    /// Inside the brackets of an object within a line.
    pub(super) padding: String,
    /// Whether the last part in lines has a comma.
    pub(super) trailing_comma: bool,
}

impl Style {
    /// The style inside the last of `around`, which leads from the root to the edited container.
    pub(super) fn learn(text: &str, around: &[&Node]) -> Self {
        let mut samples: Vec<&Node> = around.iter().rev().copied().collect();
        if let Some(root) = around.first() {
            collect_containers(root, &mut samples);
        }
        let habits = Habits { text, samples };
        let quote =
            habits.find(string_quote).unwrap_or_else(|| habits.find(key_quote).unwrap_or('"'));
        let key_quote = habits.find(key_quote).unwrap_or(quote);
        let colon = habits.find(colon).unwrap_or_else(|| ": ".to_owned());
        // Who puts no space after a colon puts none after a comma.
        let usual_gap = if colon.ends_with(':') { "" } else { " " };
        let bare = habits.find(has_bare_keys).unwrap_or(false);
        Self {
            line_end: if text.contains("\r\n") { "\r\n" } else { "\n" },
            unit: habits.find(indentation_unit).unwrap_or_else(|| "  ".to_owned()),
            key: if bare { KeyQuote::BareOr(key_quote) } else { KeyQuote::Quoted(key_quote) },
            quote,
            gap: habits.find(gap).unwrap_or_else(|| usual_gap.to_owned()),
            colon,
            padding: habits.find(padding).unwrap_or_default(),
            trailing_comma: habits.find(trailing_comma).unwrap_or(false),
        }
    }
}

struct Habits<'t> {
    text: &'t str,
    samples: Vec<&'t Node>,
}

impl Habits<'_> {
    fn find<T>(&self, habit: impl Fn(&str, &Node) -> Option<T>) -> Option<T> {
        self.samples.iter().find_map(|sample| habit(self.text, sample))
    }
}

fn collect_containers<'n>(node: &'n Node, found: &mut Vec<&'n Node>) {
    found.push(node);
    for part in &node.parts {
        collect_containers(&part.value, found);
    }
}

/// The last quote that values, or keys, begin with.
fn last_quote<'n>(text: &str, places: impl DoubleEndedIterator<Item = &'n Span>) -> Option<char> {
    let first = |span: &Span| text[span.start..].chars().next();
    places.rev().filter_map(first).find(|c| matches!(c, '"' | '\''))
}

fn keys(node: &Node) -> impl DoubleEndedIterator<Item = &Span> {
    node.parts.iter().filter_map(|part| part.key.as_ref().map(|(_, span)| span))
}

fn string_quote(text: &str, node: &Node) -> Option<char> {
    last_quote(text, node.parts.iter().map(|part| &part.value.span))
}

fn key_quote(text: &str, node: &Node) -> Option<char> {
    last_quote(text, keys(node))
}

fn has_bare_keys(text: &str, node: &Node) -> Option<bool> {
    Some(!text[keys(node).next_back()?.start..].starts_with(['"', '\'']))
}

fn colon(text: &str, node: &Node) -> Option<String> {
    let between = |part: &Part| Some(&text[part.key.as_ref()?.1.end..part.value.span.start]);
    let plain = |colon: &&str| colon.chars().all(|c| c == ':' || c == ' ');
    node.parts.iter().rev().filter_map(between).find(plain).map(str::to_owned)
}

fn gap(text: &str, node: &Node) -> Option<String> {
    let mut gaps = (1..node.parts.len()).rev().map(|position| node.gap_before(text, position));
    gaps.find(|gap| is_blank(gap)).map(str::to_owned)
}

fn padding(text: &str, node: &Node) -> Option<String> {
    let padding =
        (!node.parts.is_empty() && node.is_object(text)).then(|| node.gap_before(text, 0))?;
    is_blank(padding).then(|| padding.to_owned())
}

fn is_blank(text: &str) -> bool {
    text.chars().all(is_space) && !has_line_end(text)
}

fn indentation_unit(text: &str, node: &Node) -> Option<String> {
    let part = node.parts.last().filter(|_| node.is_in_lines(text))?;
    let (inner, outer) = (indentation(text, part.span().start), indentation(text, node.span.start));
    inner.strip_prefix(outer).filter(|unit| !unit.is_empty()).map(str::to_owned)
}

fn trailing_comma(text: &str, node: &Node) -> Option<bool> {
    node.parts.last().filter(|_| node.is_in_lines(text)).map(|part| part.comma.is_some())
}

/// The white space with which the line of `offset` begins.
pub(super) fn indentation(text: &str, offset: usize) -> &str {
    let line = &text[line_start(text, offset)..offset];
    let line = line.trim_start_matches('\u{feff}');
    &line[..line.find(|c| c != ' ' && c != '\t').unwrap_or(line.len())]
}
