//! A config's text as it may be shown: every secret masked, all else as it stands.

use super::lexical::pieces;
use super::tree::{Content, Node};
use super::{Document, KeyPath, Value};

/// Words in a key's name that make everything below it a secret.
const WORDS: [&str; 11] = [
    "secret",
    "token",
    "password",
    "passwd",
    "apikey",
    "api_key",
    "api-key",
    "credential",
    "authorization",
    "cookie",
    "privatekey",
];

/// Keys whose members are secrets whatever their names: environment variables, HTTP headers.
const HOLDERS: [&str; 3] = ["env", "vars", "headers"];

impl Document {
    /// The text with the strings and numbers of secret keys masked, and comments that speak of
    /// such keys. `is_new` tells which values are new, so that a diff shows that they change.
    #[must_use]
    pub fn masked(&self, is_new: &dyn Fn(&KeyPath) -> bool) -> String {
        let mut covers = Vec::new();
        if let Some(root) = &self.root {
            cover_values(root, &KeyPath::default(), false, is_new, &mut covers);
        }
        covers.extend(
            pieces(&self.text)
                .filter(|piece| piece.is_comment() && names_a_secret(piece.text(&self.text)))
                .map(|piece| (piece.span.start, piece.span.end, "/* ••• */".to_owned())),
        );
        covers.sort_by_key(|cover| std::cmp::Reverse(cover.0));
        let mut text = self.text.clone();
        for (start, end, cover) in covers {
            text.replace_range(start..end, &cover);
        }
        text
    }
}

fn cover_values(
    node: &Node,
    path: &KeyPath,
    is_secret: bool,
    is_new: &dyn Fn(&KeyPath) -> bool,
    covers: &mut Vec<(usize, usize, String)>,
) {
    match &node.content {
        Content::Scalar(Value::String(_) | Value::Number(_)) if is_secret => {
            let cover = if is_new(path) { "\"••• (new)\"" } else { "\"•••\"" };
            covers.push((node.span.start, node.span.end, cover.to_owned()));
        }
        Content::Scalar(_) => {}
        Content::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                cover_values(element, &path.child(index.to_string()), is_secret, is_new, covers);
            }
        }
        Content::Object(members) => {
            for member in members {
                let inside = is_secret || is_secret_key(&member.name);
                cover_values(&member.value, &path.child(&*member.name), inside, is_new, covers);
            }
        }
    }
}

/// Every text at a secret key: what no log line may show.
#[must_use]
pub fn secrets_in(value: &Value) -> Vec<String> {
    let mut secrets = Vec::new();
    gather(value, false, &mut secrets);
    secrets
}

fn gather(value: &Value, is_secret: bool, secrets: &mut Vec<String>) {
    match value {
        Value::String(text) if is_secret && !text.is_empty() => secrets.push(text.clone()),
        Value::Array(elements) => {
            for element in elements {
                gather(element, is_secret, secrets);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                gather(member, is_secret || is_secret_key(name), secrets);
            }
        }
        _ => {}
    }
}

/// Whether a key's value is never shown. `maxTokens` is a number of words and no secret.
#[must_use]
pub fn is_secret_key(name: &str) -> bool {
    let lower = name.to_lowercase();
    !lower.starts_with("max") && (HOLDERS.contains(&lower.as_str()) || names_a_secret(&lower))
}

fn names_a_secret(text: &str) -> bool {
    let lower = text.to_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::Document;
    use std::path::Path;

    #[test]
    fn secrets_in_every_spelling_are_masked_and_nothing_else_is() {
        let text = "{clientSecret: 'h\\u0075nter2', // apiKey was 'hunter3'\n \"apiKey\": \"hunter4\",\n \
            auth: {token: 12345, mode: 'none'}, env: {X: 'hunter5'}, maxTokens: 8192, // plain\n}";
        let document = Document::parse(Path::new("/c"), text.as_bytes()).unwrap();
        let masked = document.masked(&|path| path.to_string() == "apiKey");
        assert_eq!(
            masked,
            "{clientSecret: \"•••\", /* ••• */\n \"apiKey\": \"••• (new)\",\n \
            auth: {token: \"•••\", mode: 'none'}, env: {X: \"•••\"}, maxTokens: 8192, // plain\n}"
        );
    }
}
