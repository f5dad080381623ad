//! Writes new values in a given style, on one line or over several.

use std::fmt::Write as _;

use indexmap::IndexMap;

use super::parse::is_identifier;
use super::style::{KeyQuote, Style};
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
