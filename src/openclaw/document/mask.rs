//! A config's text as it may be shown: every secret masked, all else as it stands.

use super::parse::{Node, Part};
use super::token::{Span, tokens};
use super::{Document, KeyPath, Value, is_reference};
use crate::redaction::{MASK, masked, masked_arguments};
use crate::redaction::{is_holder, is_secret_name, learn, learn_arguments, learn_named};

impl Document {
    /// The text without secrets: values of secret keys, secrets in other texts, and comments that
    /// speak of such keys. `is_new` tells which values are new, so that a diff shows that they
    /// change.
    pub fn masked(&self, is_new: &dyn Fn(&KeyPath) -> bool) -> String {
        let mut covers = Covers { text: &self.text, is_new, found: Vec::new() };
        if let Some(root) = &self.root {
            covers.gather(root, &KeyPath::default(), false);
        }
        let comments = tokens(&self.text).filter(|token| token.is_comment());
        let comments = comments.filter(|token| speaks_of_a_secret(token.span.of(&self.text)));
        let mut covers = covers.found;
        covers.extend(comments.map(|token| (token.span, format!("/* {MASK} */"))));
        covers.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
        let mut text = self.text.clone();
        for (span, cover) in covers {
            text.replace_range(span.start..span.end, &cover);
        }
        text
    }
}

/// What is written over parts of the text.
struct Covers<'a> {
    text: &'a str,
    is_new: &'a dyn Fn(&KeyPath) -> bool,
    found: Vec<(Span, String)>,
}

impl Covers<'_> {
    fn gather(&mut self, node: &Node, path: &KeyPath, is_secret: bool) {
        match node.scalar(self.text) {
            Some(Value::String(text)) if is_secret && is_reference(&text) => {}
            Some(Value::String(_) | Value::Number(_)) if is_secret => {
                let new = if (self.is_new)(path) { " (new)" } else { "" };
                self.found.push((node.span, format!("\"{MASK}{new}\"")));
            }
            Some(Value::String(text)) => self.cover(node, &text, masked(&text)),
            Some(_) => {}
            None if !node.is_object(self.text) => self.gather_elements(node, path, is_secret),
            None => {
                for Part { key, value, .. } in &node.parts {
                    let name = key.as_ref().map_or("", |(name, _)| name);
                    self.gather(value, &path.child(name), is_secret || is_secret_key(name));
                }
            }
        }
    }

    /// An array of texts may be the arguments of a command.
    fn gather_elements(&mut self, array: &Node, path: &KeyPath, is_secret: bool) {
        let text_of = |part: &Part| match part.value.scalar(self.text) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let texts: Vec<String> = array.parts.iter().map(text_of).collect();
        let shown = masked_arguments(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        for (index, (part, text)) in array.parts.iter().zip(&texts).enumerate() {
            if is_secret || text.is_empty() {
                self.gather(&part.value, &path.child(index.to_string()), is_secret);
            } else {
                self.cover(&part.value, text, shown[index].clone());
            }
        }
    }

    fn cover(&mut self, node: &Node, text: &str, shown: String) {
        if shown != text {
            let shown = serde_json::Value::String(shown).to_string();
            self.found.push((node.span, shown));
        }
    }
}

/// From now on no secret of this config is shown anywhere.
pub fn learn_secrets(value: &Value) {
    learn_below("", value, false);
}

/// The same of a text that cannot be parsed: line by line, what is quoted behind a name and a colon.
pub fn learn_from_broken(text: &str) {
    for (line, quote) in text.lines().flat_map(|line| [(line, '"'), (line, '\'')]) {
        let parts: Vec<&str> = line.split(quote).collect();
        // quoted are those with an odd number; the name is quoted itself, or stands before the colon
        for at in (1..parts.len()).step_by(2) {
            let Some(before) = parts[at - 1].trim_end().strip_suffix(':') else { continue };
            let quoted = at.checked_sub(2).map(|at| parts[at]);
            let is_part = |c: char| !(c.is_alphanumeric() || "_$-".contains(c));
            let bare = before.trim_end().rsplit(is_part).next().filter(|name| !name.is_empty());
            if let Some(name) = bare.or(quoted) {
                learn_named(name, parts[at]);
            }
        }
    }
}

fn learn_below(name: &str, value: &Value, is_secret: bool) {
    match value {
        Value::String(text) if is_secret => learn(text),
        Value::String(text) => learn_named(name, text),
        Value::Array(elements) => {
            let texts: Vec<&str> =
                elements.iter().map(|element| element.as_str().unwrap_or_default()).collect();
            learn_arguments(&texts);
            for element in elements {
                learn_below(name, element, is_secret);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let held = is_holder(name) && member.as_str().is_some_and(looks_random);
                learn_below(key, member, is_secret || held || is_secret_name(key));
            }
        }
        _ => {}
    }
}

/// Whether a variable or header without a telling name may well be a secret: it is one wherever the
/// config is shown, but `/usr/bin` and `127.0.0.1,localhost` must not go out of every other text.
fn looks_random(value: &str) -> bool {
    value.len() >= 8
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && !value.contains([' ', '/', ',', ':'])
}

/// Whether a key's value is never shown.
pub fn is_secret_key(name: &str) -> bool {
    is_holder(name) || is_secret_name(name)
}

/// A comment may hold a value that once stood in the config.
fn speaks_of_a_secret(comment: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    comment.split(|c| !is_of_name(c)).any(is_secret_name) || masked(comment) != comment
}

#[cfg(test)]
mod tests {
    use super::Document;
    use std::path::Path;

    #[test]
    fn secrets_in_every_spelling_are_masked_and_nothing_else_is() {
        let text = "{clientSecret: 'h\\u0075nter2', // apiKey was 'hunter3'\n \"apiKey\": \"hunter4\",\n \
            auth: {token: 12345, mode: 'none'}, env: {X: 'hunter5'}, maxTokens: 8192, // plain\n \
            args: ['-y', '--token', 'hunter6', '--pwd=hunter7'], url: 'http://a:hunter8@h/?key=hunter9',\n \
            tokens: [{token: ['hunter10']}], reference: '${A}', apikey: '${API_KEY}',\n}";
        let document = Document::parse(Path::new("/c"), text.as_bytes()).unwrap();
        let masked = document.masked(&|path| path.to_string() == "apiKey");
        assert_eq!(
            masked,
            "{clientSecret: \"***\", /* *** */\n \"apiKey\": \"*** (new)\",\n \
            auth: {token: \"***\", mode: 'none'}, env: {X: \"***\"}, maxTokens: 8192, // plain\n \
            args: ['-y', '--token', \"***\", \"--pwd=***\"], url: \"http://***@h/?key=***\",\n \
            tokens: [{token: [\"***\"]}], reference: '${A}', apikey: '${API_KEY}',\n}"
        );
    }

    /// What a config holds is a secret in every text, even while the config is broken.
    #[test]
    fn secrets_of_a_broken_text_are_learned() {
        let text = "{\n  \"gatewayToken\": \"one-t0ken\", clientSecret: 'two-s3cret',\n  \"hooks: {\n  \"apiKey\" : \"three-k3y\"\n";
        assert!(Document::parse(Path::new("/c"), text.as_bytes()).is_err());
        let shown = crate::redaction::masked("one-t0ken two-s3cret three-k3y hooks");
        assert_eq!(shown, "*** *** *** hooks");
    }
}
