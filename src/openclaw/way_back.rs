//! A file of keys on its way back after somebody else has edited it: ours goes, every other byte
//! stays.

use std::path::Path;

use super::document::{Document, Edit, KeyPath, Value};
use super::keys::{self, Kept};

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
        let ours = keys::difference(read(before)?.value(), read(after)?.value());
        let (edits, left) = keys::edits_back(document.value(), &ours);
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
            document = document.edit(&removal(document.value(), &block, target.value())).ok()?;
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

fn removal(now: &Value, block: &[String], target: &Value) -> Vec<Edit> {
    keys::removal(now, block, keys::existing_part(target, block))
}

#[cfg(test)]
mod tests {
    use super::{Images, take_back};
    use crate::openclaw::document::{Document, Edit, Value};
    use std::path::Path;

    fn document(text: &str) -> Document {
        Document::parse(Path::new("/c"), text.as_bytes()).unwrap()
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
