//! How the neighbours are written: quotes, gaps, indentation, trailing commas, line ends.
//!
//! Each habit is learnt from the nearest container that shows it: the one that is edited, those
//! around it, then all others in the order of the text.

use super::lexical::is_space;
use super::list::{List, has_line_end, indentation};
use super::tree::{Content, Node};
use super::value::Value;

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
    if matches!(node.content, Content::Scalar(_)) {
        return;
    }
    found.push(node);
    for child in node.children() {
        collect_containers(child, found);
    }
}

fn string_quote(text: &str, node: &Node) -> Option<char> {
    let is_string = |child: &&Node| matches!(child.content, Content::Scalar(Value::String(_)));
    let string = node.children().into_iter().rfind(is_string)?;
    text[string.span.start..].chars().next()
}

fn key_quote(text: &str, node: &Node) -> Option<char> {
    let Content::Object(members) = &node.content else { return None };
    let first = |offset: usize| text[offset..].chars().next();
    members.iter().rev().filter_map(|member| first(member.key.start)).find(|c| "\"'".contains(*c))
}

fn has_bare_keys(text: &str, node: &Node) -> Option<bool> {
    let Content::Object(members) = &node.content else { return None };
    Some(!text[members.last()?.key.start..].starts_with(['"', '\'']))
}

fn colon(text: &str, node: &Node) -> Option<String> {
    let Content::Object(members) = &node.content else { return None };
    let between = |member: &super::tree::Member| &text[member.key.end..member.value.span.start];
    let plain = |colon: &&str| colon.chars().all(|c| c == ':' || c == ' ');
    members.iter().rev().map(between).find(plain).map(str::to_owned)
}

fn gap(text: &str, node: &Node) -> Option<String> {
    let list = List::of(text, node);
    let gaps = (1..list.parts.len()).rev().map(|position| list.gap_before(text, position));
    gaps.into_iter().find(|gap| is_blank(gap)).map(str::to_owned)
}

fn padding(text: &str, node: &Node) -> Option<String> {
    let Content::Object(_) = &node.content else { return None };
    let list = List::of(text, node);
    let padding = &text[list.open..list.parts.first()?.span.start];
    is_blank(padding).then(|| padding.to_owned())
}

fn is_blank(text: &str) -> bool {
    text.chars().all(is_space) && !has_line_end(text)
}

fn indentation_unit(text: &str, node: &Node) -> Option<String> {
    let list = List::of(text, node);
    let part = list.parts.last().filter(|_| list.is_in_lines(text))?;
    let (inner, outer) = (indentation(text, part.span.start), indentation(text, node.span.start));
    inner.strip_prefix(outer).filter(|unit| !unit.is_empty()).map(str::to_owned)
}

fn trailing_comma(text: &str, node: &Node) -> Option<bool> {
    let list = List::of(text, node);
    list.is_in_lines(text).then(|| list.parts.last().is_some_and(|part| part.comma.is_some()))
}
