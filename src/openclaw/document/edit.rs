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

use super::key_path::KeyPath;
use super::value::Value;

/// A change of meaning. `Debug` shows no string value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// The key shall have this value.
    Set {
        /// The key.
        path: KeyPath,
        /// Its value.
        value: Value,
    },
    /// The key shall be gone.
    Remove {
        /// The key.
        path: KeyPath,
    },
    /// The array, if there is one, shall hold this element.
    Append {
        /// The array.
        path: KeyPath,
        /// The element.
        value: Value,
    },
    /// The array, if there is one, shall hold no such element.
    Withdraw {
        /// The array.
        path: KeyPath,
        /// The element.
        value: Value,
    },
}

impl Edit {
    /// `path` shall be `value`.
    pub fn set(path: impl Into<KeyPath>, value: impl Into<Value>) -> Self {
        Self::Set { path: path.into(), value: value.into() }
    }

    /// `path` shall be gone.
    pub fn remove(path: impl Into<KeyPath>) -> Self {
        Self::Remove { path: path.into() }
    }

    /// The array at `path`, if any, shall hold `value`.
    pub fn append(path: impl Into<KeyPath>, value: impl Into<Value>) -> Self {
        Self::Append { path: path.into(), value: value.into() }
    }

    /// The array at `path`, if any, shall not hold `value`.
    pub fn withdraw(path: impl Into<KeyPath>, value: impl Into<Value>) -> Self {
        Self::Withdraw { path: path.into(), value: value.into() }
    }

    /// The key that it is about.
    #[must_use]
    pub fn path(&self) -> &KeyPath {
        match self {
            Self::Set { path, .. }
            | Self::Remove { path }
            | Self::Append { path, .. }
            | Self::Withdraw { path, .. } => path,
        }
    }

    /// The same edit of another key.
    #[must_use]
    pub(crate) fn at(&self, path: KeyPath) -> Self {
        let mut edit = self.clone();
        match &mut edit {
            Self::Set { path: old, .. }
            | Self::Remove { path: old }
            | Self::Append { path: old, .. }
            | Self::Withdraw { path: old, .. } => *old = path,
        }
        edit
    }

    /// The same change as edits of the members that differ, where an object is set onto an object.
    pub(crate) fn split(&self, now: &Value) -> Vec<Self> {
        let Self::Set { path, value: Value::Object(wanted) } = self else {
            return vec![self.clone()];
        };
        let Some(Value::Object(present)) = now.get(path.segments()) else {
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
    #[must_use]
    pub fn is_fulfilled_by(&self, value: &Value) -> bool {
        let found = value.get(self.path().segments());
        match (self, found) {
            (Self::Set { value, .. }, found) => found == Some(value),
            (Self::Append { value, .. }, Some(Value::Array(elements))) => elements.contains(value),
            (Self::Withdraw { value, .. }, Some(Value::Array(elements))) => {
                !elements.contains(value)
            }
            (_, found) => found.is_none(),
        }
    }

    /// What `value` means after this edit, said without any text.
    #[must_use]
    pub fn applied_to(&self, value: &Value) -> Value {
        let mut result = value.clone();
        match self {
            Self::Set { path, value } => set(&mut result, path.segments(), value),
            Self::Remove { path } => remove(&mut result, path.segments()),
            Self::Append { path, value } => {
                if let Some(elements) = array_mut(&mut result, path)
                    && !elements.contains(value)
                {
                    elements.push(value.clone());
                }
            }
            Self::Withdraw { path, value } => {
                if let Some(elements) = array_mut(&mut result, path) {
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
    let parent = parents.iter().try_fold(target, |value, segment| value.child_mut(segment));
    match parent {
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

fn array_mut<'v>(value: &'v mut Value, path: &KeyPath) -> Option<&'v mut Vec<Value>> {
    let found = path.segments().iter().try_fold(value, |value, key| value.child_mut(key))?;
    if let Value::Array(elements) = found { Some(elements) } else { None }
}
