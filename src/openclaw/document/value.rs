//! The meaning of a JSON5 text, as JavaScript sees it: numbers are doubles, a later key wins.

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

#[cfg(test)]
mod tests {
    use super::Value;

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
}
