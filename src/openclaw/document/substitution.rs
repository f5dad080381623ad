//! OpenClaw's `${NAME}` in strings: recognising references, and writing a text that is none.

/// The names that `text` refers to, in order. `$${NAME}` is an escape and refers to nothing.
pub fn references(text: &str) -> Vec<&str> {
    occurrences(text).filter(|found| !found.escaped).map(|found| found.name).collect()
}

/// Whether `text` is exactly one reference, such as `${DINGTALK_SECRET}`.
pub fn is_reference(text: &str) -> bool {
    name_at(text).is_some_and(|name| name.len() + "${}".len() == text.len())
}

/// Writes `text` so that OpenClaw reads it back literally: `${NAME}` becomes `$${NAME}`.
pub fn escape_substitution(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut copied = 0;
    for found in occurrences(text) {
        escaped.push_str(&text[copied..found.start]);
        escaped.push('$');
        copied = found.start;
    }
    escaped.push_str(&text[copied..]);
    escaped
}

/// `text` as OpenClaw reads it: each `${NAME}` replaced by its value, each `$${NAME}` by `${NAME}`.
/// `None` where a value is not known.
pub fn substituted(text: &str, value_of: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut read = String::with_capacity(text.len());
    let mut copied = 0;
    for found in occurrences(text) {
        read.push_str(&text[copied..found.start]);
        copied = found.start + found.name.len() + "${}".len() + usize::from(found.escaped);
        if found.escaped {
            read.push_str(&text[found.start + 1..copied]);
        } else {
            read.push_str(&value_of(found.name)?);
        }
    }
    read.push_str(&text[copied..]);
    Some(read)
}

struct Occurrence<'t> {
    /// Where the text that OpenClaw would act on begins: `$${` or `${`.
    start: usize,
    name: &'t str,
    escaped: bool,
}

/// Scans like OpenClaw 2026.3.13 (`src/config/env-substitution.ts`): at each `$`, first `$${NAME}`,
/// then `${NAME}`, else a plain character.
fn occurrences(text: &str) -> impl Iterator<Item = Occurrence<'_>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + text.get(from..)?.find('$')?;
            let escaped = name_at(&text[start + 1..]);
            if let Some(name) = escaped.or_else(|| name_at(&text[start..])) {
                from = start + name.len() + "${}".len() + usize::from(escaped.is_some());
                return Some(Occurrence { start, name, escaped: escaped.is_some() });
            }
            from = start + 1;
        }
    })
}

/// The NAME of a `${NAME}` with which `text` begins; NAME is `[A-Z_][A-Z0-9_]*`.
fn name_at(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("${")?;
    let name = &rest[..rest.find('}')?];
    let legal = |c: u8| c.is_ascii_uppercase() || c == b'_' || c.is_ascii_digit();
    let begins = name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    (begins && name.bytes().all(legal)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::{escape_substitution, is_reference, references, substituted};

    #[test]
    fn references_are_recognised() {
        for (text, names, whole) in [
            ("${DINGTALK_SECRET}", vec!["DINGTALK_SECRET"], true),
            ("a${A}b${_B1}c", vec!["A", "_B1"], false),
            ("$${A}", vec![], false),
            ("$$${A}", vec![], false),
            ("${a} ${1A} ${} $A ${A", vec![], false),
            ("${A}${B}", vec!["A", "B"], false),
            ("", vec![], false),
        ] {
            assert_eq!(is_reference(text), whole, "{text}");
            assert_eq!(references(text), names, "{text}");
        }
    }

    #[test]
    fn references_are_replaced_by_what_they_name() {
        let value_of = |name: &str| (name == "A").then(|| "x".to_owned());
        for (text, read) in [
            ("plain$", Some("plain$")),
            ("<${A}>${A}", Some("<x>x")),
            ("$${A}${A}", Some("${A}x")),
            ("${B}", None),
            ("", Some("")),
        ] {
            assert_eq!(substituted(text, value_of).as_deref(), read, "{text}");
        }
    }

    #[test]
    fn a_secret_is_escaped() {
        for (secret, written) in [
            ("plain$ecret", "plain$ecret"),
            ("${ABC}", "$${ABC}"),
            ("x${ABC}y${D}", "x$${ABC}y$${D}"),
            ("${abc}", "${abc}"),
            ("钥匙${ABC}", "钥匙$${ABC}"),
            ("$${ABC}", "$$${ABC}"),
        ] {
            assert_eq!(escape_substitution(secret), written);
        }
    }
}
