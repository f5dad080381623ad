//! Writes new values as their neighbours are written: quotes, gaps, indentation, trailing commas,
//! line ends.
//!
//! Each habit is learnt from the nearest container that shows it: the one that is edited, those
//! around it, then all others in the order of the text.

use std::fmt::Write as _;

use indexmap::IndexMap;

use super::parse::{Node, Part, is_identifier};
use super::token::{Span, has_line_end, is_space, line_start};
use super::value::Value;

/// Whether new text stays on its line.
#[derive(Clone, Copy)]
pub(super) enum Layout<'t> {
    OneLine,
    /// Parts on lines of their own; the value's own line is indented so.
    Lines {
        indentation: &'t str,
    },
}

impl Style {
    /// The text of `name: value`.
    pub(super) fn member(&self, name: &str, value: &Value, layout: Layout<'_>) -> String {
        format!("{}{}{}", self.key(name), self.colon, self.value(value, layout))
    }

    /// The text of `value`.
    pub(super) fn value(&self, value: &Value, layout: Layout<'_>) -> String {
        match value {
            Value::Null => "null".to_owned(),
            Value::Bool(truth) => truth.to_string(),
            Value::Number(number) => spell_number(*number),
            Value::String(text) => quoted(text, self.quote),
            Value::Array(elements) => {
                self.list(['[', ']'], "", layout, elements, |element, layout| {
                    self.value(element, layout)
                })
            }
            Value::Object(members) => self.object(members, layout),
        }
    }

    fn object(&self, members: &IndexMap<String, Value>, layout: Layout<'_>) -> String {
        self.list(['{', '}'], &self.padding, layout, members, |(name, value), layout| {
            self.member(name, value, layout)
        })
    }

    fn key(&self, name: &str) -> String {
        match self.key {
            KeyQuote::BareOr(_) if is_identifier(name) => name.to_owned(),
            KeyQuote::BareOr(quote) | KeyQuote::Quoted(quote) => quoted(name, quote),
        }
    }

    fn list<T>(
        &self,
        [open, close]: [char; 2],
        padding: &str,
        layout: Layout<'_>,
        parts: impl IntoIterator<Item = T>,
        write: impl Fn(T, Layout<'_>) -> String,
    ) -> String {
        match layout {
            Layout::OneLine => {
                let parts: Vec<String> =
                    parts.into_iter().map(|part| write(part, Layout::OneLine)).collect();
                let padding = if parts.is_empty() { "" } else { padding };
                let comma = format!(",{}", self.gap);
                format!("{open}{padding}{}{padding}{close}", parts.join(&comma))
            }
            Layout::Lines { indentation } => {
                let inner = format!("{indentation}{}", self.unit);
                let start = format!("{}{inner}", self.line_end);
                let layout = Layout::Lines { indentation: &inner };
                let parts: Vec<String> =
                    parts.into_iter().map(|part| start.clone() + &write(part, layout)).collect();
                if parts.is_empty() {
                    return format!("{open}{close}");
                }
                let last = if self.trailing_comma { "," } else { "" };
                format!("{open}{}{last}{}{indentation}{close}", parts.join(","), self.line_end)
            }
        }
    }
}

fn spell_number(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if number != 0.0 && !(1e-6..1e21).contains(&number.abs()) {
        format!("{number:e}")
    } else {
        number.to_string()
    }
}

/// A string in quotes. U+2028 and U+2029 are escaped: as they are, they end lines in some editors.
fn quoted(text: &str, quote: char) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    written.push(quote);
    for c in text.chars() {
        match c {
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            '\u{8}' => written.push_str("\\b"),
            '\u{c}' => written.push_str("\\f"),
            '\0'..='\u{1f}' | '\u{7f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                let _ = write!(written, "\\u{:04x}", u32::from(c));
            }
            _ if c == quote => {
                written.push('\\');
                written.push(c);
            }
            _ => written.push(c),
        }
    }
    written.push(quote);
    written
}

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

#[cfg(test)]
mod tests {
    use super::{quoted, spell_number};

    #[test]
    fn strings_are_escaped_for_their_quotes() {
        for (text, quote, written) in [
            ("a\"b'c", '"', r#""a\"b'c""#),
            ("a\"b'c", '\'', r#"'a"b\'c'"#),
            ("\\\n\t\u{1}\u{2028}钥匙", '"', "\"\\\\\\n\\t\\u0001\\u2028钥匙\""),
            ("\0", '"', "\"\\u0000\""),
        ] {
            assert_eq!(quoted(text, quote), written);
        }
    }

    #[test]
    fn numbers_are_spelled_as_javascript_does() {
        for (number, written) in [
            (1_800_000.0, "1800000"),
            (0.5, "0.5"),
            (-3.0, "-3"),
            (1e300, "1e300"),
            (1e-9, "1e-9"),
            (0.0, "0"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(spell_number(number), written);
        }
    }
}
