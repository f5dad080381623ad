//! A config key before and after, as data: what rollback and undo need to take one key back.

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
}

impl std::fmt::Debug for KeyChange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "KeyChange({})", self.path.join("."))
    }
}

/// Takes our keys out of a config that somebody else has edited since: a key goes back to its old
/// value only if it still has ours, every other byte stays. `None`: nothing is known of our keys,
/// or the text is no longer one that can be edited.
#[must_use]
pub fn take_back(path: &Path, bytes: &[u8], keys: &[KeyChange]) -> Option<Vec<u8>> {
    if keys.is_empty() {
        return None;
    }
    let document = Document::parse(path, bytes).ok()?;
    let edits: Vec<Edit> =
        keys.iter().rev().filter(|key| has_ours(&document, key)).map(undoing).collect();
    Some(document.edit(&edits).ok()?.bytes().to_vec())
}

fn has_ours(document: &Document, key: &KeyChange) -> bool {
    document.get(&key.path).cloned() == key.after.clone().map(Value::from)
}

fn undoing(key: &KeyChange) -> Edit {
    let path = KeyPath::from(key.path.clone());
    match &key.before {
        Some(before) => Edit::Set { path, value: Value::from(before.clone()) },
        None => Edit::Remove { path },
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyChange, take_back};
    use serde_json::json;
    use std::path::Path;

    fn change(path: &[&str], before: Option<&str>, after: Option<&str>) -> KeyChange {
        let path = path.iter().map(|segment| (*segment).to_owned()).collect();
        let value = |text: Option<&str>| text.map(|text| json!(text));
        KeyChange { path, before: value(before), after: value(after) }
    }

    #[test]
    fn only_what_is_still_ours_goes_back() {
        let keys = [
            change(&["a"], Some("old"), Some("ours")),
            change(&["b"], None, Some("ours")),
            change(&["c"], Some("old"), Some("ours")),
            change(&["d"], Some("old"), None),
        ];
        let theirs = b"{ a: 'ours', /* mine */ b: 'ours', c: 'theirs', e: 1 }";
        let back = take_back(Path::new("/c"), theirs, &keys).unwrap();
        let text = String::from_utf8(back).unwrap();
        assert!(text.contains("a: 'old'"), "{text}");
        assert!(!text.contains("b:"), "{text}");
        assert!(text.contains("c: 'theirs'"), "{text}");
        assert!(text.contains("d: 'old'") || text.contains("\"d\": \"old\""), "{text}");
        assert!(text.contains("/* mine */"), "{text}");
    }

    #[test]
    fn a_text_that_cannot_be_edited_is_left_to_its_owner() {
        let keys = [change(&["a"], None, Some("ours"))];
        assert!(take_back(Path::new("/c"), b"{ a: ", &keys).is_none());
        assert!(take_back(Path::new("/c"), b"{}", &[]).is_none());
    }
}
