//! The four edits: what each means, and which bytes it takes.
//!
//! | edit | on the text |
//! |---|---|
//! | `Set` | replaces the value's own bytes; an object set onto an object changes only the members that differ; a new key follows the last one in its style; missing parents are made; an equal value changes nothing |
//! | `Remove` | takes the member (each one, if the key is there twice), its comma and its line; comments stay |
//! | `Append` | adds an element to an array, unless the array is missing or holds an equal one |
//! | `Withdraw` | takes every equal element out of an array |
//!
//! Where a key stands twice, the last one counts (JSON5), and is the one that is edited.

use std::fmt;

use super::value::Value;

/// A change of meaning. `Debug` shows no string value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The key that it is about.
    pub path: KeyPath,
    /// What becomes of it.
    pub change: Change,
}

/// What becomes of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It shall have this value.
    Set(Value),
    /// It shall be gone.
    Remove,
    /// The array, if there is one, shall hold this element.
    Append(Value),
    /// The array, if there is one, shall hold no such element.
    Withdraw(Value),
}

impl Edit {
    /// `path` shall be `value`.
    pub fn set(path: impl Into<KeyPath>, value: impl Into<Value>) -> Self {
        Self { path: path.into(), change: Change::Set(value.into()) }
    }

    /// `path` shall be gone.
    pub fn remove(path: impl Into<KeyPath>) -> Self {
        Self { path: path.into(), change: Change::Remove }
    }

    /// The array at `path`, if any, shall hold `value`.
    pub fn append(path: impl Into<KeyPath>, value: impl Into<Value>) -> Self {
        Self { path: path.into(), change: Change::Append(value.into()) }
    }

    /// The array at `path`, if any, shall not hold `value`.
    pub fn withdraw(path: impl Into<KeyPath>, value: impl Into<Value>) -> Self {
        Self { path: path.into(), change: Change::Withdraw(value.into()) }
    }

    /// The same change as edits of the members that differ, where an object is set onto an object.
    pub(crate) fn split(&self, now: &Value) -> Vec<Self> {
        let path = &self.path;
        let (Change::Set(Value::Object(wanted)), Some(Value::Object(present))) =
            (&self.change, now.get(path.segments()))
        else {
            return vec![self.clone()];
        };
        let surplus = present.keys().filter(|name| !wanted.contains_key(*name));
        let removals = surplus.map(|name| Self::remove(path.child(name.as_str())));
        let differing = wanted.iter().filter(|(name, value)| present.get(*name) != Some(value));
        let settings = differing.flat_map(|(name, value)| {
            Self::set(path.child(name.as_str()), value.clone()).split(now)
        });
        removals.chain(settings).collect()
    }

    /// Whether `value` already is what this edit wants.
    pub fn is_fulfilled_by(&self, value: &Value) -> bool {
        match (&self.change, value.get(self.path.segments())) {
            (Change::Set(value), found) => found == Some(value),
            (Change::Append(value), Some(Value::Array(elements))) => elements.contains(value),
            (Change::Withdraw(value), Some(Value::Array(elements))) => !elements.contains(value),
            (_, found) => found.is_none(),
        }
    }

    /// What `value` means after this edit, said without any text.
    pub fn applied_to(&self, value: &Value) -> Value {
        let mut result = value.clone();
        let path = self.path.segments();
        match &self.change {
            Change::Set(value) => set(&mut result, path, value),
            Change::Remove => remove(&mut result, path),
            Change::Append(_) if self.is_fulfilled_by(value) => {}
            Change::Append(value) => {
                if let Some(Value::Array(elements)) = result.get_mut(path) {
                    elements.push(value.clone());
                }
            }
            Change::Withdraw(value) => {
                if let Some(Value::Array(elements)) = result.get_mut(path) {
                    elements.retain(|element| element != value);
                }
            }
        }
        result
    }
}

fn set(target: &mut Value, path: &[String], value: &Value) {
    let Some((first, rest)) = path.split_first() else {
        *target = value.clone();
        return;
    };
    if let Value::Object(members) = target {
        let member = members.entry(first.clone()).or_insert_with(Value::object);
        set(member, rest, value);
    } else if let Some(element) = target.child_mut(first) {
        set(element, rest, value);
    }
}

fn remove(target: &mut Value, path: &[String]) {
    let Some((last, parents)) = path.split_last() else { return };
    match target.get_mut(parents) {
        Some(Value::Object(members)) => {
            members.shift_remove(last);
        }
        Some(Value::Array(elements)) => {
            if let Some(index) = last.parse().ok().filter(|index| *index < elements.len()) {
                elements.remove(index);
            }
        }
        _ => {}
    }
}

/// Keys from the root downward; inside an array a segment is the element's index.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct KeyPath(Vec<String>);

impl KeyPath {
    /// The segments from the root downward.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// The path of `segment` inside the value at this path.
    #[must_use]
    pub fn child(&self, segment: impl Into<String>) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment.into());
        Self(segments)
    }
}

impl fmt::Display for KeyPath {
    /// `channels.dingtalk-connector.clientId`, `agents.defaults.models["openai/gpt-5.4"]`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return formatter.write_str("(root)");
        }
        for (position, segment) in self.0.iter().enumerate() {
            match (is_plain(segment), position) {
                (true, 0) => formatter.write_str(segment)?,
                (true, _) => write!(formatter, ".{segment}")?,
                (false, _) => write!(formatter, "[{}]", serde_json::Value::from(segment.as_str()))?,
            }
        }
        Ok(())
    }
}

fn is_plain(segment: &str) -> bool {
    !segment.is_empty() && segment.chars().all(|c| c.is_alphanumeric() || "_-$".contains(c))
}

impl<S: AsRef<str>> From<&[S]> for KeyPath {
    fn from(segments: &[S]) -> Self {
        Self(segments.iter().map(|segment| segment.as_ref().to_owned()).collect())
    }
}

impl<S: AsRef<str>, const N: usize> From<[S; N]> for KeyPath {
    fn from(segments: [S; N]) -> Self {
        Self::from(segments.as_slice())
    }
}

impl<S: AsRef<str>, const N: usize> From<&[S; N]> for KeyPath {
    fn from(segments: &[S; N]) -> Self {
        Self::from(segments.as_slice())
    }
}

impl From<Vec<String>> for KeyPath {
    fn from(segments: Vec<String>) -> Self {
        Self(segments)
    }
}

#[cfg(test)]
mod tests {
    use super::KeyPath;

    #[test]
    fn keys_that_are_no_words_are_bracketed() {
        let path = KeyPath::from(["agents", "models", "openai/gpt-5.4", "频道"]);
        assert_eq!(path.to_string(), r#"agents.models["openai/gpt-5.4"].频道"#);
        assert_eq!(KeyPath::default().to_string(), "(root)");
    }
}
