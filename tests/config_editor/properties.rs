//! Random documents × random edits: meaning as intended, every other byte as it was.

use std::path::Path;

use openclaw_setup::openclaw::document::{Document, Edit, EditError, KeyPath, Value};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use crate::random::{self, Tape};
use crate::{PATH, parse};

/// The tokens of a JSON5 text: comments, strings, punctuation, words. White space is dropped.
/// Written without a glance at the editor's own scanner.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches(white);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => string_length(rest, first),
            '/' if rest.starts_with("//") => {
                rest.find(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(rest.len())
            }
            '/' => rest.find("*/").unwrap() + 2,
            '{' | '}' | '[' | ']' | ',' | ':' => 1,
            _ => rest.find(|c| white(c) || "{}[],:/".contains(c)).unwrap_or(rest.len()),
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start_matches(white);
    }
    tokens
}

fn white(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

fn string_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped || c == '\\' {
            escaped = !escaped;
        } else if c == quote {
            return at + 1;
        }
    }
    panic!("unclosed string in {text:?}")
}

fn is_subsequence<T: PartialEq>(part: &[T], whole: &[T]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|wanted| whole.any(|found| found == wanted))
}

fn comments(text: &str) -> Vec<&str> {
    tokens(text).into_iter().filter(|token| token.starts_with('/')).collect()
}

/// What an edit means, told once more.
fn intended(value: &Value, path: &[String], edit: &Edit) -> Value {
    let mut result = value.clone();
    let Some((first, rest)) = path.split_first() else {
        match (edit, &mut result) {
            (Edit::Set { value, .. }, _) => return value.clone(),
            (Edit::Append { value, .. }, Value::Array(elements)) if !elements.contains(value) => {
                elements.push(value.clone());
            }
            (Edit::Withdraw { value, .. }, Value::Array(elements)) => {
                elements.retain(|element| element != value);
            }
            _ => {}
        }
        return result;
    };
    let Value::Object(members) = &mut result else { return result };
    match (edit, members.get(first)) {
        (Edit::Remove { .. }, Some(_)) if rest.is_empty() => {
            members.shift_remove(first);
        }
        (_, Some(member)) => {
            let member = intended(member, rest, edit);
            members.insert(first.clone(), member);
        }
        (Edit::Set { .. }, None) => {
            members.insert(first.clone(), intended(&Value::object(), rest, edit));
        }
        _ => {}
    }
    result
}

fn is_scalar(value: Option<&Value>) -> bool {
    value.is_some_and(|value| value.as_object().is_none() && value.as_array().is_none())
}

/// The bytes that two texts share at their beginnings and ends, counted in the first one.
fn shared(old: &str, new: &str) -> usize {
    let limit = old.len().min(new.len());
    let prefix = old.bytes().zip(new.bytes()).take_while(|(a, b)| a == b).count();
    let suffix = old.bytes().rev().zip(new.bytes().rev()).take_while(|(a, b)| a == b).count();
    prefix + suffix.min(limit - prefix)
}

fn check_edit(text: &str, edit: &Edit) -> Result<(), TestCaseError> {
    let document = parse(text);
    let edited = match document.edit(std::slice::from_ref(edit)) {
        Ok(edited) => edited,
        Err(EditError::Internal { check, .. }) => {
            return Err(TestCaseError::fail(format!("{check:?} failed on {text:?}")));
        }
        Err(_) => return Ok(()),
    };
    let new = std::str::from_utf8(edited.bytes()).unwrap();
    let path = edit.path().segments();
    let reread = parse(new);
    prop_assert_eq!(reread.value(), edited.value());
    prop_assert_eq!(edited.value(), &intended(document.value(), path, edit), "{}", new);
    if edited.value() == document.value() {
        prop_assert_eq!(new, text, "the same meaning, other bytes");
        return Ok(());
    }
    check_outside(text, new, &document, edit)
}

fn check_outside(
    old: &str,
    new: &str,
    document: &Document,
    edit: &Edit,
) -> Result<(), TestCaseError> {
    let before = document.get(edit.path().segments());
    let (old_tokens, new_tokens) = (tokens(old), tokens(new));
    prop_assert!(is_subsequence(&comments(new), &comments(old)), "{} became {}", old, new);
    match edit {
        Edit::Remove { .. } | Edit::Withdraw { .. } => {
            prop_assert!(is_subsequence(new.as_bytes(), old.as_bytes()), "{} became {}", old, new);
            prop_assert!(is_subsequence(&new_tokens, &old_tokens), "{} became {}", old, new);
        }
        Edit::Set { .. } if before.is_some() && !is_scalar(before) => {}
        Edit::Set { .. } if before.is_some() => {
            let longest = old_tokens.iter().map(|token| token.len()).max().unwrap_or_default();
            prop_assert!(shared(old, new) + longest >= old.len(), "{} became {}", old, new);
            prop_assert_eq!(comments(old), comments(new));
        }
        Edit::Set { .. } | Edit::Append { .. } => {
            prop_assert!(is_subsequence(&old_tokens, &new_tokens), "{} became {}", old, new);
            prop_assert_eq!(comments(old), comments(new));
            if !old_tokens.windows(2).any(|pair| matches!(pair, ["{", "}"] | ["[", "]"])) {
                prop_assert!(is_subsequence(old.as_bytes(), new.as_bytes()));
            }
        }
    }
    Ok(())
}

fn tape() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..160)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_edit_changes_what_it_names_and_nothing_else(tape in tape()) {
        let mut tape = Tape::new(&tape);
        let edit = random::edit(&mut tape);
        let text = random::document(&mut tape);
        check_edit(&text, &edit)?;
    }

    #[test]
    fn a_new_key_that_goes_again_leaves_no_trace(tape in tape()) {
        let mut tape = Tape::new(&tape);
        let mut path = random::path(&mut tape);
        let value = random::new_value(&mut tape, 0);
        let text = random::document(&mut tape);
        let document = parse(&text);
        // A list without parts may hold white space alone: `{ }` comes back as `{}`; see remove.rs.
        let has_members = |path: &KeyPath| {
            let found = document.get(path.segments()).and_then(Value::as_object);
            found.is_some_and(|members| !members.is_empty())
        };
        while !has_members(&path) {
            let Some((_, parents)) = path.segments().split_last() else { return Ok(()) };
            path = KeyPath::from(parents);
        }
        let path = path.child("new");
        let edits = [Edit::set(path.clone(), value), Edit::remove(path)];
        let restored = document.edit(&edits).unwrap();
        prop_assert_eq!(std::str::from_utf8(restored.bytes()).unwrap(), text);
    }

    #[test]
    fn a_broken_text_is_refused_without_showing_a_secret(
        tape in tape(), at in any::<prop::sample::Index>(), slip in "[{}\\[\\],:\"'/*\\\\x 1，：\n]?",
    ) {
        let text = random::document(&mut Tape::new(&tape)).replace("\"s\"", "\"hunter2\"");
        let characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len() + 1);
        let (before, after) = characters.split_at(at);
        let broken: String =
            before.iter().copied().chain(slip.chars()).chain(after.iter().skip(1).copied()).collect();
        if let Err(error) = Document::parse(Path::new(PATH), broken.as_bytes()) {
            prop_assert!(!error.excerpt.line.contains("hunter"), "{}", error.excerpt);
            prop_assert!(error.excerpt.line.width() <= 100, "{}", error.excerpt);
            prop_assert!(error.excerpt.indent <= error.excerpt.line.width());
            let line = broken.split(['\n', '\r']).count();
            prop_assert!(error.place.line <= line, "{:?}", error.place);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = Document::parse(Path::new(PATH), &bytes);
    }
}
