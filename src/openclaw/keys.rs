//! Config keys before and after, as data: what undo, rollback and uninstall need to take one back.
//!
//! A file of keys on its way back after somebody else has edited it: ours goes, every other byte
//! stays.

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
pub fn changes(before: &Value, edits: &[Edit]) -> Vec<KeyChange> {
    let after = edits.iter().fold(before.clone(), |value, edit| edit.applied_to(&value));
    let change = |edit: &Edit| {
        let path = edit.path.segments().to_vec();
        let value = |document: &Value| document.get(&path).map(Value::to_json);
        let existing = existing_part(before, &path);
        KeyChange { before: value(before), after: value(&after), existing, path: path.clone() }
    };
    edits.iter().map(change).collect()
}

/// What has changed between two values, member by member: the other way to know our keys, from the
/// two images of a file.
pub fn difference(before: &Value, after: &Value) -> Vec<KeyChange> {
    let mut found = Vec::new();
    compare(&mut Vec::new(), Some(before), Some(after), &mut found);
    found
        .into_iter()
        .map(|path| {
            let value = |root: &Value| root.get(&path).map(Value::to_json);
            let existing = existing_part(before, &path);
            KeyChange { before: value(before), after: value(after), existing, path }
        })
        .collect()
}

fn compare(
    path: &mut Vec<String>,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Vec<Vec<String>>,
) {
    if before == after {
        return;
    }
    let inside = match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            old.keys().chain(new.keys().filter(|key| !old.contains_key(*key))).cloned().collect()
        }
        // what came with us goes key by key: somebody may since have put their own beside it
        (None, Some(Value::Object(new))) => new.keys().cloned().collect(),
        (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() => {
            (0..old.len()).map(|index| index.to_string()).collect()
        }
        _ => Vec::new(),
    };
    if inside.is_empty() {
        found.push(path.clone());
    }
    for segment in inside {
        let member = |value: Option<&'_ Value>| value?.get(&[&segment]).cloned();
        let (old, new) = (member(before), member(after));
        path.push(segment);
        compare(path, old.as_ref(), new.as_ref(), found);
        path.pop();
    }
}

/// How many leading segments of a path exist.
pub fn existing_part(value: &Value, path: &[String]) -> usize {
    (0..=path.len()).rev().find(|length| value.get(&path[..*length]).is_some()).unwrap_or_default()
}

/// Adds later changes to earlier ones: a key keeps the value that it had before the first of them.
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
pub fn edits_back(current: &Value, keys: &[KeyChange]) -> (Vec<Edit>, Kept) {
    let mut value = current.clone();
    let (mut edits, mut kept) = (Vec::new(), Vec::new());
    for key in keys.iter().rev() {
        let now = value.get(&key.path).cloned();
        if now == key.before.clone().map(Value::from) {
            continue;
        }
        let undoing = if now == key.after.clone().map(Value::from) {
            vec![undoing(&value, key)]
        } else if let Some(withdrawal) = withdrawal(now.as_ref(), key) {
            withdrawal
        } else {
            kept.push(KeyPath::from(key.path.clone()).to_string());
            continue;
        };
        for edit in undoing {
            value = edit.applied_to(&value);
            edits.push(edit);
        }
    }
    (edits, kept)
}

fn undoing(value: &Value, key: &KeyChange) -> Edit {
    match &key.before {
        Some(before) => Edit::set(key.path.clone(), Value::from(before.clone())),
        None => removal(value, &key.path, key.existing),
    }
}

/// A list to which we have added, and which somebody else has changed since, loses only what we
/// added. `None`: it is no such list.
fn withdrawal(now: Option<&Value>, key: &KeyChange) -> Option<Vec<Edit>> {
    let (Value::Array(_), Some(Json::Array(after))) = (now?, &key.after) else { return None };
    let before = match &key.before {
        Some(Json::Array(before)) => before.as_slice(),
        Some(_) => return None,
        None => &[],
    };
    let added = after.strip_prefix(before)?;
    let edit = |element: &Json| Edit::withdraw(key.path.clone(), Value::from(element.clone()));
    Some(added.iter().map(edit).collect())
}

/// Removes a key, and the objects around it down to depth `existing` that hold nothing else.
pub fn removal(value: &Value, path: &[String], existing: usize) -> Edit {
    let removable = |length: &usize| {
        let parent = value.get(&path[..*length]).and_then(Value::as_object);
        parent.is_some_and(|parent| parent.len() == 1)
    };
    let shortest =
        (existing + 1..path.len()).rev().take_while(removable).last().unwrap_or(path.len());
    Edit::remove(path[..shortest].to_vec())
}

/// A file before and after one of our changes.
#[derive(Clone, Copy)]
pub struct Images<'a> {
    /// Its bytes before.
    pub before: &'a [u8],
    /// Its bytes after.
    pub after: &'a [u8],
}

/// What becomes of the file.
pub struct WayBack {
    /// Its new bytes.
    pub bytes: Vec<u8>,
    /// Keys that somebody else has changed since, and that were therefore left as they are.
    pub kept: Kept,
    /// Blocks that somebody else has changed since, and that went all the same.
    pub gone: Vec<String>,
}

/// Takes our changes back, the newest first.
///
/// `leaving` is the plugin that is not there afterwards: what is left of the blocks that came with
/// it goes too, because OpenClaw refuses a config that names a channel or plugin which is not
/// there. `None`: one of the texts cannot be edited.
pub fn take_back(
    path: &Path,
    theirs: &[u8],
    changes: &[Images<'_>],
    leaving: Option<&str>,
) -> Option<WayBack> {
    let read = |bytes: &[u8]| Document::parse_any(path, bytes).ok();
    let mut document = read(theirs)?;
    let (mut kept, mut paths) = (Kept::new(), Vec::new());
    for Images { before, after } in changes {
        let ours = difference(read(before)?.value(), read(after)?.value());
        let (edits, left) = edits_back(document.value(), &ours);
        document = document.edit(&edits).ok()?;
        let unnamed = left.into_iter().filter(|key| !kept.contains(key)).collect::<Vec<_>>();
        kept.extend(unnamed);
        paths.extend(ours.into_iter().map(|key| key.path));
    }
    let mut gone = Vec::new();
    if let Some(plugin) = leaving {
        let target = read(changes.last()?.before)?;
        for block in blocks_of(plugin, &paths, target.value()) {
            if document.get(&block).is_none() {
                continue;
            }
            let existing = existing_part(target.value(), &block);
            document = document.edit(&[removal(document.value(), &block, existing)]).ok()?;
            gone.push(KeyPath::from(block).to_string());
        }
        kept.retain(|key| !gone.iter().any(|block| is_within(key, block)));
    }
    Some(WayBack { bytes: document.bytes().to_vec(), kept, gone })
}

/// Whether a key, as it is written for people, is that block or lies in it.
fn is_within(key: &str, block: &str) -> bool {
    let below = key.strip_prefix(block);
    below.is_some_and(|below| below.is_empty() || below.starts_with(['.', '[']))
}

/// The objects named after the plugin that we brought and that were not there before.
fn blocks_of(plugin: &str, paths: &[Vec<String>], target: &Value) -> Vec<Vec<String>> {
    let mut blocks = Vec::new();
    for path in paths {
        let Some(depth) = path.iter().position(|segment| segment == plugin) else { continue };
        let block = path[..=depth].to_vec();
        if target.get(&block).is_none() && !blocks.contains(&block) {
            blocks.push(block);
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Images, accumulated, changes, difference, take_back};
    use crate::openclaw::document::{Document, Edit, Value};

    fn document(text: &str) -> Document {
        Document::parse(Path::new("/c"), text.as_bytes()).unwrap()
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
    fn a_difference_names_each_key_and_what_was_there_of_its_path() {
        for (before, after, expected) in [
            ("{a: 1}", "{a: 1}", &[][..]),
            ("{}", "{g: {http: {on: true}, x: 1}}", &[("g.http.on", 0), ("g.x", 0)]),
            ("{g: {}}", "{g: {http: {on: true}}}", &[("g.http.on", 1)]),
            ("{g: {a: 1, b: 2}}", "{g: {a: 1}}", &[("g.b", 2)]),
            ("{g: {a: 1}}", "{}", &[("g", 1)]),
            ("{l: ['x']}", "{l: ['x', 'y']}", &[("l", 1)]),
            ("{l: [{a: 1}, 2]}", "{l: [{a: 3}, 2]}", &[("l.0.a", 3)]),
            ("{a: {b: 1}}", "{a: 1}", &[("a", 1)]),
            ("{}", "{a: {}}", &[("a", 0)]),
        ] {
            let found = difference(document(before).value(), document(after).value());
            let told: Vec<_> = found.iter().map(|key| (key.path.join("."), key.existing)).collect();
            let told: Vec<_> = told.iter().map(|(key, depth)| (key.as_str(), *depth)).collect();
            assert_eq!(told, expected, "{before} → {after}");
        }
    }

    fn back(theirs: &str, before: &str, edits: &[Edit]) -> (String, Vec<String>) {
        let after = document(before).edit(edits).unwrap();
        let images = Images { before: before.as_bytes(), after: after.bytes() };
        let back = take_back(Path::new("/c"), theirs.as_bytes(), &[images], None).unwrap();
        assert!(back.gone.is_empty());
        (String::from_utf8(back.bytes).unwrap(), back.kept)
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
    fn a_neighbour_whose_name_begins_like_the_leaving_plugins_stays_named() {
        let before = document("{channels: {'bot-pro': {a: 'old'}}}");
        let edits =
            [Edit::set(["channels", "bot", "id"], 1), Edit::set(["channels", "bot-pro", "a"], 2)];
        let after = before.edit(&edits).unwrap();
        let theirs =
            [Edit::set(["channels", "bot", "id"], 3), Edit::set(["channels", "bot-pro", "a"], 4)];
        let theirs = after.edit(&theirs).unwrap();
        let images = Images { before: before.bytes(), after: after.bytes() };
        let back = take_back(Path::new("/c"), theirs.bytes(), &[images], Some("bot")).unwrap();
        assert_eq!(
            (back.gone, back.kept),
            (vec!["channels.bot".into()], vec!["channels.bot-pro.a".into()])
        );
    }

    #[test]
    fn a_text_that_cannot_be_edited_is_left_to_its_owner() {
        for (theirs, after) in [("{ a: ", "{a: 1}"), ("{a: 1}", "{a: ")] {
            let images = Images { before: b"{}", after: after.as_bytes() };
            assert!(take_back(Path::new("/c"), theirs.as_bytes(), &[images], None).is_none());
        }
    }

    #[test]
    fn a_list_that_somebody_extended_too_loses_only_what_we_added() {
        let added = [Edit::append(["l"], "ours")];
        let removed = [Edit::withdraw(["l"], "gone")];
        for (before, edits, theirs, expected, kept) in [
            ("{l: ['a']}", &added[..], "{l: ['a', 'ours', 'b']}", "{l: ['a', 'b']}", &[][..]),
            ("{l: ['a']}", &added, "{l: ['b']}", "{l: ['b']}", &[]),
            (
                "{}",
                &[Edit::set(["l"], vec![Value::from("ours")])],
                "{l: ['ours', 'b']}",
                "{l: ['b']}",
                &[],
            ),
            ("{l: ['gone', 'a']}", &removed, "{l: ['a', 'b']}", "{l: ['a', 'b']}", &["l"]),
        ] {
            let (text, left) = back(theirs, before, edits);
            assert_eq!(
                (text.as_str(), left.as_slice()),
                (expected, &kept.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>()[..]),
                "{before} {theirs}"
            );
        }
    }
}
