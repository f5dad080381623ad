//! The meaning of a JSON5 text, as JavaScript sees it: numbers are doubles, a later key wins;
//! and OpenClaw's `${NAME}` in its strings.

use std::fmt;

use indexmap::IndexMap;

/// A JSON5 value. Unlike `serde_json::Value` it can be `NaN` or infinite, and
/// `1`, `1.0` and `0x1` are one number, as they are for OpenClaw.
///
/// `Debug` shows the shape but no string: a string may be a secret.
#[derive(Clone)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// Any number; JavaScript has only doubles.
    Number(f64),
    /// A string, escapes decoded, `${VAR}` untouched.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object, keys in the order of the text.
    Object(IndexMap<String, Value>),
}

impl Value {
    /// An empty object.
    pub fn object() -> Self {
        Self::Object(IndexMap::new())
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// The number, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Self::Array(elements) = self { Some(elements) } else { None }
    }

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&IndexMap<String, Value>> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// What stands at `path`; a segment such as `0` also selects an array's element.
    pub fn get<S: AsRef<str>>(&self, path: &[S]) -> Option<&Value> {
        path.iter().try_fold(self, |value, segment| value.child(segment.as_ref()))
    }

    fn child(&self, segment: &str) -> Option<&Value> {
        match self {
            Self::Object(members) => members.get(segment),
            Self::Array(elements) => elements.get(segment.parse::<usize>().ok()?),
            _ => None,
        }
    }

    pub(super) fn get_mut(&mut self, path: &[String]) -> Option<&mut Value> {
        path.iter().try_fold(self, |value, segment| value.child_mut(segment))
    }

    pub(super) fn child_mut(&mut self, segment: &str) -> Option<&mut Value> {
        match self {
            Self::Object(members) => members.get_mut(segment),
            Self::Array(elements) => elements.get_mut(segment.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// The same as strict JSON; `NaN` and the infinities, which JSON lacks, become `null` (as
    /// `JSON.stringify` does).
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(truth) => (*truth).into(),
            Self::Number(number) => number_to_json(*number),
            Self::String(text) => text.as_str().into(),
            Self::Array(elements) => elements.iter().map(Self::to_json).collect(),
            Self::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), value.to_json())).collect()
            }
        }
    }
}

fn number_to_json(number: f64) -> serde_json::Value {
    let integral = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "integral and below 2^53")]
    if integral { (number as i64).into() } else { number.into() }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            // NaN equals itself here: the question is "the same meaning?", not arithmetic.
            (Self::Number(a), Self::Number(b)) => a == b || a.is_nan() && b.is_nan(),
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("null"),
            Self::Bool(truth) => write!(formatter, "{truth}"),
            Self::Number(_) => formatter.write_str("number"),
            Self::String(_) => formatter.write_str("\"•••\""),
            Self::Array(elements) => formatter.debug_list().entries(elements).finish(),
            Self::Object(members) => formatter.debug_map().entries(members).finish(),
        }
    }
}

macro_rules! from {
    ($($type:ty: $variant:ident),*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

from!(&str: String, String: String, bool: Bool, f64: Number, u32: Number, Vec<Value>: Array);

impl<K: Into<String>, const N: usize> From<[(K, Value); N]> for Value {
    fn from(members: [(K, Value); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(truth) => Self::Bool(truth),
            serde_json::Value::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(text) => Self::String(text),
            serde_json::Value::Array(elements) => {
                Self::Array(elements.into_iter().map(Self::from).collect())
            }
            serde_json::Value::Object(members) => {
                Self::Object(members.into_iter().map(|(k, v)| (k, Self::from(v))).collect())
            }
        }
    }
}

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
    use super::Value;
    use crate::openclaw::document::value::{
        escape_substitution, is_reference, references, substituted,
    };

    #[test]
    fn equality_is_meaning_not_spelling() {
        assert_eq!(Value::from(1.0), Value::from(1));
        assert_eq!(Value::from(f64::NAN), Value::from(f64::NAN));
        assert_ne!(Value::from(1), Value::from("1"));
        let ab = Value::from([("a", 1.into()), ("b", 2.into())]);
        let ba = Value::from([("b", 2.into()), ("a", 1.into())]);
        assert_eq!(ab, ba);
    }

    #[test]
    fn debug_shows_no_string() {
        let value = Value::from([("clientSecret", "hunter2".into())]);
        assert_eq!(format!("{value:?}"), "{\"clientSecret\": \"•••\"}");
    }

    #[test]
    fn json_keeps_integers_whole() {
        let value = Value::from([("n", 1_800_000.into()), ("x", f64::NAN.into())]);
        assert_eq!(value.to_json().to_string(), r#"{"n":1800000,"x":null}"#);
    }

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
