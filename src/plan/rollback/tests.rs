//! Files on their way back: what they were, what we made of them, what somebody made of that since.

use std::path::{Path, PathBuf};

use super::{Past, PastStep, Request, file_back, others};
use crate::fs::replace::FileState;
use crate::openclaw::document::Document;
use crate::plan::note::Note;
use crate::transaction::step::{FileStep, Role, Step};

const PATH: &str = "/home/u/.openclaw/openclaw.json";

fn state(text: &str) -> FileState {
    FileState { bytes: Vec::from(text).into(), mode: 0o600, uid: 1000, gid: 1000 }
}

/// One file through several images, of which each transaction made the next.
fn request(role: Role, images: &[Option<&str>]) -> Request<'static> {
    let transactions = images.windows(2).rev().map(|pair| {
        let [before, after] = [pair[0].map(state), pair[1].map(state)];
        let step = FileStep::new(role, PATH.into(), before.clone(), after.clone());
        let steps = vec![PastStep { step: Step::File(step), before, after }];
        Past { id: "t".to_owned(), connector_before: None, steps }
    });
    Request {
        past: transactions.collect(),
        current: Vec::new(),
        live: None,
        kept: Vec::new(),
        live_tree: None,
        attributes: Vec::new(),
        lingers: None,
        standing: Vec::new(),
        transactions: PathBuf::from("/t"),
    }
}

/// What becomes of a file.
#[derive(Debug, PartialEq)]
enum Fate {
    Untouched,
    Removed,
    Text(String),
}

fn text(text: &str) -> Fate {
    Fate::Text(text.to_owned())
}

fn back(request: &Request<'_>, theirs: Option<&str>, stays: bool) -> (Fate, Vec<Note>) {
    let mut notes = Vec::new();
    let theirs = theirs.map(state);
    let step = file_back(request, Path::new(PATH), theirs.as_ref(), stays, &mut notes);
    let fate = match step.map(|step| step.contents.after) {
        None => Fate::Untouched,
        Some(None) => Fate::Removed,
        Some(Some(state)) => Fate::Text(String::from_utf8(state.bytes.to_vec()).unwrap()),
    };
    (fate, notes)
}

fn kept(keys: &[&str]) -> Vec<Note> {
    vec![Note::keys_kept(&keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>())]
}

#[test]
fn a_file_that_nobody_touched_since_goes_back_byte_for_byte() {
    for role in [Role::Config, Role::Models, Role::DropIn, Role::Record] {
        for (images, theirs, expected) in [
            (&[Some("{ a :1 }"), Some("{a: 2}")][..], Some("{a: 2}"), text("{ a :1 }")),
            (&[None, Some("{a: 2}")], Some("{a: 2}"), Fate::Removed),
            (&[Some("{a: 1}"), None], None, text("{a: 1}")),
            (&[Some("{a: 1}"), Some("{a: 2}")], Some("{a: 1}"), Fate::Untouched),
            (&[Some("{a: 1}"), Some("{a: 2}"), Some("{a: 3}")], Some("{a: 3}"), text("{a: 1}")),
        ] {
            let (after, notes) = back(&request(role, images), theirs, true);
            assert_eq!(after, expected, "{role:?} {images:?}");
            assert!(notes.is_empty(), "{notes:?}");
        }
    }
}

#[test]
fn keys_go_back_only_while_they_have_our_value() {
    let images = [
        Some("{a: 'old', /* mine */ l: ['x']}"),
        Some("{a: 'ours', /* mine */ l: ['x', 'dingtalk-connector'], b: {c: 1}}"),
        Some("{a: 'newer', /* mine */ l: ['x', 'dingtalk-connector'], b: {c: 1}}"),
    ];
    for (theirs, expected, notes) in [
        (
            "{a: 'newer', /* theirs */ l: ['x', 'dingtalk-connector', 'y'], b: {c: 1, d: 2}}",
            "{a: 'old', /* theirs */ l: ['x', 'y'], b: {d: 2}}",
            Vec::new(),
        ),
        (
            "{a: 'theirs', l: ['x', 'dingtalk-connector'], b: {c: 3}}",
            "{a: 'theirs', l: ['x'], b: {c: 3}}",
            kept(&["a", "b.c"]),
        ),
        ("{}", "{}", kept(&["a", "l"])),
    ] {
        let (after, told) = back(&request(Role::Config, &images), Some(theirs), true);
        let meaning = |text: &str| {
            Document::parse(Path::new(PATH), text.as_bytes()).unwrap().value().to_json()
        };
        let after = match after {
            Fate::Text(text) => text,
            fate => {
                assert_eq!(fate, Fate::Untouched, "{theirs}");
                theirs.to_owned()
            }
        };
        assert_eq!(meaning(&after), meaning(expected), "{theirs} became {after}");
        assert_eq!(told, notes, "{theirs}");
    }
}

#[test]
fn blocks_that_came_with_the_connector_go_with_it_wherever_they_lie() {
    let gone = |keys: &[&str]| {
        let keys: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
        vec![Note::keys_go_with_connector(&keys)]
    };
    let main = [
        Some("{x: 1}"),
        Some("{x: 1, channels: {'dingtalk-connector': {clientId: 'a', timeout: 1}}}"),
    ];
    let included = [Some("{}"), Some("{'dingtalk-connector': {clientId: 'a', timeout: 1}}")];
    let theirs_before = [
        Some("{channels: {'dingtalk-connector': {t: 1}}}"),
        Some("{channels: {'dingtalk-connector': {t: 2}}}"),
    ];
    for (images, theirs, stays, expected, notes) in [
        (
            &main,
            "{x: 1, channels: {'dingtalk-connector': {clientId: 'a', timeout: 5, more: 1}}}",
            false,
            text("{x: 1}"),
            gone(&["channels.dingtalk-connector"]),
        ),
        (
            &main,
            "{x: 1, channels: {irc: {}, 'dingtalk-connector': {clientId: 'a', timeout: 5}}}",
            false,
            text("{x: 1, channels: {irc: {}}}"),
            gone(&["channels.dingtalk-connector"]),
        ),
        (
            &main,
            "{x: 1, channels: {'dingtalk-connector': {clientId: 'a', timeout: 5}}}",
            true,
            text("{x: 1, channels: {'dingtalk-connector': {timeout: 5}}}"),
            kept(&["channels.dingtalk-connector.timeout"]),
        ),
        (
            &included,
            "{'dingtalk-connector': {clientId: 'a', timeout: 5}, irc: {}}",
            false,
            text("{irc: {}}"),
            gone(&["dingtalk-connector"]),
        ),
        (
            &theirs_before,
            "{channels: {'dingtalk-connector': {t: 3}}} // theirs",
            false,
            Fate::Untouched,
            kept(&["channels.dingtalk-connector.t"]),
        ),
    ] {
        let (after, told) = back(&request(Role::Config, images), Some(theirs), stays);
        assert_eq!(after, expected, "{theirs}");
        assert_eq!(told, notes, "{theirs}");
    }
}

#[test]
fn a_drop_in_gets_or_loses_our_two_lines() {
    let ours = "[Service]\nEnvironment=\"no_proxy=127.0.0.1,localhost,::1,[::1]\"\nEnvironment=\"NO_PROXY=127.0.0.1,localhost,::1,[::1]\"\n";
    let with = |line: &str| format!("{ours}{line}");
    for (images, theirs, expected) in [
        ([None, Some(ours)], with("Nice=5\n"), text("[Service]\nNice=5\n")),
        (
            [Some(ours), None],
            "[Service]\nNice=5\n".to_owned(),
            Fate::Text(ours.replace("[Service]\n", "[Service]\nNice=5\n")),
        ),
    ] {
        let (after, notes) = back(&request(Role::DropIn, &images), Some(&theirs), false);
        assert_eq!(after, expected, "{theirs}");
        assert!(notes.is_empty(), "{notes:?}");
    }
}

#[test]
fn a_file_that_cannot_be_edited_or_is_gone_is_left_and_told() {
    let images = [Some("{a: 1}"), Some("{a: 2}")];
    for (role, theirs) in [
        (Role::Config, Some("{ broken")),
        (Role::Models, Some("{a: }")),
        (Role::Config, None),
        (Role::DropIn, None),
        (Role::Record, Some("{a: 3}")),
    ] {
        let (after, notes) = back(&request(role, &images), theirs, true);
        assert_eq!(after, Fate::Untouched, "{role:?} {theirs:?}");
        assert_eq!(notes, [Note::file_kept(Path::new(PATH))], "{role:?} {theirs:?}");
    }
}

/// `doctor` moved it, a rollback brought it back and moved it away again: each is one transaction.
#[test]
fn what_was_moved_goes_back_if_it_is_there_and_its_place_is_free() {
    let [live, kept] = ["/live", "/kept"].map(PathBuf::from);
    let moved =
        |from: &PathBuf, to: &PathBuf| Step::Move { from: from.clone(), to: Some(to.clone()) };
    let pruned = || Note::move_pruned(&live, &kept);
    let [away, back] = [moved(&live, &kept), moved(&kept, &live)];
    for (past, standing, expected) in [
        (&[&away][..], &[&kept][..], Ok(1)),
        (&[&away], &[], Err(pruned())),
        (&[&away], &[&live], Err(pruned())),
        (&[&away], &[&live, &kept], Err(Note::file_kept(&live))),
        (&[&back, &away], &[&live], Ok(2)),
        (&[&away, &back, &away], &[&kept], Ok(3)),
    ] {
        let past = past.iter().map(|step| {
            let step = PastStep { step: (*step).clone(), before: None, after: None };
            Past { id: "t".to_owned(), connector_before: None, steps: vec![step] }
        });
        let standing = standing.iter().map(|path| (*path).clone()).collect();
        let request = Request { past: past.collect(), standing, ..request(Role::Config, &[]) };
        let mut notes = Vec::new();
        let planned = others(&request, &mut notes);
        let came = notes.pop().map_or(Ok(planned.len()), Err);
        assert_eq!(came, expected, "{planned:?}");
        assert!(notes.is_empty(), "{notes:?}");
    }
}
