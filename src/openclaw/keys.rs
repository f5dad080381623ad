//! Config keys before and after, as data: what undo, rollback and uninstall need to take one back.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::document::{Document, Edit, KeyPath, Value};

/// One key that a transaction changes. Holds values, secrets among them: it is journalled only in
/// files of mode 0600, and its `Debug` shows the path alone.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct KeyChange {
    /// The key, from the root of the file.
    pub path: Vec<String>,
    /// The value before; `None`: the key was absent.
    pub before: Option<Json>,
    /// The value after; `None`: the key is removed.
    pub after: Option<Json>,
    /// How many leading segments of the path existed before: what lies between was created with
    /// the key, and goes with it when nothing else is in it.
    pub existing: usize,
}

impl std::fmt::Debug for KeyChange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "KeyChange({})", self.path.join("."))
    }
}

/// What `edits` change in a value, key by key.
#[must_use]
pub fn changes(before: &Value, edits: &[Edit]) -> Vec<KeyChange> {
    let after = edits.iter().fold(before.clone(), |value, edit| edit.applied_to(&value));
    let change = |edit: &Edit| {
        let path = edit.path().segments().to_vec();
        let value = |document: &Value| document.get(&path).map(Value::to_json);
        let existing = (0..=path.len())
            .rev()
            .find(|length| before.get(&path[..*length]).is_some())
            .unwrap_or_default();
        KeyChange { before: value(before), after: value(&after), existing, path: path.clone() }
    };
    edits.iter().map(change).collect()
}

/// Adds later changes to earlier ones: a key keeps the value that it had before the first of them.
#[must_use]
pub fn accumulated(earlier: &[KeyChange], later: Vec<KeyChange>) -> Vec<KeyChange> {
    let mut all = earlier.to_vec();
    for change in later {
        match all.iter_mut().find(|known| known.path == change.path) {
            Some(known) => known.after = change.after,
            None => all.push(change),
        }
    }
    all
}

/// Keys that somebody else has changed since, and that were therefore left as they are.
pub type Kept = Vec<String>;

/// The edits that take keys back, last one first: a key returns to its old value only if it still
/// has ours.
#[must_use]
pub fn edits_back(current: &Value, keys: &[KeyChange]) -> (Vec<Edit>, Kept) {
    let mut value = current.clone();
    let (mut edits, mut kept) = (Vec::new(), Vec::new());
    for key in keys.iter().rev() {
        let now = value.get(&key.path).cloned();
        if now == key.before.clone().map(Value::from) {
            continue;
        }
        if now != key.after.clone().map(Value::from) {
            kept.push(KeyPath::from(key.path.clone()).to_string());
            continue;
        }
        for edit in undoing(&value, key) {
            value = edit.applied_to(&value);
            edits.push(edit);
        }
    }
    (edits, kept)
}

fn undoing(value: &Value, key: &KeyChange) -> Vec<Edit> {
    match &key.before {
        Some(before) => vec![Edit::set(key.path.clone(), Value::from(before.clone()))],
        None => removal(value, &key.path, key.existing),
    }
}

/// Removes a key, and the objects around it down to depth `existing` that hold nothing else.
#[must_use]
pub fn removal(value: &Value, path: &[String], existing: usize) -> Vec<Edit> {
    let removable = |length: &usize| {
        let parent = value.get(&path[..*length]).and_then(Value::as_object);
        parent.is_some_and(|parent| parent.len() == 1)
    };
    let shortest =
        (existing + 1..path.len()).rev().take_while(removable).last().unwrap_or(path.len());
    vec![Edit::remove(path[..shortest].to_vec())]
}

/// Takes our keys out of a config that somebody else has edited since, every other byte of which
/// stays. `None`: nothing is known of our keys, or the text is no longer one that can be edited.
#[must_use]
pub fn take_back(path: &Path, bytes: &[u8], keys: &[KeyChange]) -> Option<(Vec<u8>, Kept)> {
    if keys.is_empty() {
        return None;
    }
    let document = Document::parse(path, bytes).ok()?;
    let (edits, kept) = edits_back(document.value(), keys);
    Some((document.edit(&edits).ok()?.bytes().to_vec(), kept))
}

#[cfg(test)]
mod tests {
    use super::{accumulated, changes, take_back};
    use crate::openclaw::document::{Document, Edit, Value};
    use std::path::Path;

    const PATH: &str = "/c";

    fn document(text: &str) -> Document {
        Document::parse(Path::new(PATH), text.as_bytes()).unwrap()
    }

    fn back(theirs: &str, before: &str, edits: &[Edit]) -> (String, Vec<String>) {
        let keys = changes(document(before).value(), edits);
        let (bytes, kept) = take_back(Path::new(PATH), theirs.as_bytes(), &keys).unwrap();
        (String::from_utf8(bytes).unwrap(), kept)
    }

    #[test]
    fn only_what_is_still_ours_goes_back() {
        let edits = [
            Edit::set(["a"], "ours"),
            Edit::set(["b"], "ours"),
            Edit::set(["c"], "ours"),
            Edit::remove(["d"]),
        ];
        let theirs = "{ a: 'ours', /* mine */ b: 'ours', c: 'theirs', e: 1 }";
        let (text, kept) = back(theirs, "{a: 'old', c: 'old', d: 'old'}", &edits);
        let meaning = document(&text).value().to_json();
        let expected = serde_json::json!({"a": "old", "c": "theirs", "d": "old", "e": 1});
        assert_eq!(meaning, expected);
        assert!(text.contains("/* mine */"), "{text}");
        assert_eq!(kept, ["c"]);
    }

    #[test]
    fn objects_that_were_created_with_a_key_go_with_it_unless_something_else_is_in_them() {
        let edits = [Edit::set(["g", "http", "on"], true), Edit::set(["g", "http", "x"], 1)];
        let ours = document("{g: {}}").edit(&edits).unwrap();
        let text = std::str::from_utf8(ours.bytes()).unwrap();
        assert_eq!(back(text, "{g: {}}", &edits).0, "{g: {}}");
        let theirs = ours.edit(&[Edit::set(["g", "http", "mine"], 2)]).unwrap();
        let (text, _) = back(std::str::from_utf8(theirs.bytes()).unwrap(), "{g: {}}", &edits);
        assert_eq!(
            document(&text).value().to_json(),
            serde_json::json!({"g": {"http": {"mine": 2}}})
        );
    }

    #[test]
    fn the_first_old_value_is_remembered_through_later_changes() {
        let first = changes(document("{a: 'old'}").value(), &[Edit::set(["a"], "one")]);
        let second = changes(document("{a: 'one'}").value(), &[Edit::set(["a"], "two")]);
        let all = accumulated(&first, second);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].before.clone().map(Value::from), Some(Value::from("old")));
        assert_eq!(all[0].after.clone().map(Value::from), Some(Value::from("two")));
    }

    #[test]
    fn a_text_that_cannot_be_edited_is_left_to_its_owner() {
        let keys = changes(document("{}").value(), &[Edit::set(["a"], 1)]);
        assert!(take_back(Path::new(PATH), b"{ a: ", &keys).is_none());
        assert!(take_back(Path::new(PATH), b"{}", &[]).is_none());
    }
}
