//! Random documents × random edits: meaning as intended, every other byte as it was.

use std::ops::Range;
use std::path::Path;

use openclaw_setup::language::Explain;
use openclaw_setup::openclaw::document::{
    Cause, Change, ConfigError, Document, Edit, KeyPath, Value,
};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use crate::random::{self, Tape};
use crate::{PATH, parse};

/// The tokens of a JSON5 text: comments, strings, punctuation, words. White space is dropped.
/// Written without a glance at the editor's own scanner.
fn tokens(text: &str) -> Vec<&str> {
    placed_tokens(text).into_iter().map(|(_, token)| token).collect()
}

/// The same, with where each begins.
fn placed_tokens(text: &str) -> Vec<(usize, &str)> {
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
        tokens.push((text.len() - rest.len(), &rest[..length]));
        rest = rest[length..].trim_start_matches(white);
    }
    tokens
}

/// The bytes of the value at `path`, all of whose segments are keys; of a key that stands twice, the
/// last.
fn value_span(text: &str, path: &[String]) -> Range<usize> {
    let tokens: Vec<_> =
        placed_tokens(text).into_iter().filter(|(_, token)| !token.starts_with('/')).collect();
    let mut at = 0;
    for segment in path {
        assert_eq!(tokens[at].1, "{");
        let (mut member, mut found) = (at + 1, None);
        while tokens[member].1 != "}" {
            if tokens[member].1.trim_matches(['"', '\'']) == segment {
                found = Some(member + 2);
            }
            member = behind(&tokens, member + 2);
            member += usize::from(tokens[member].1 == ",");
        }
        at = found.unwrap();
    }
    let (last, token) = tokens[behind(&tokens, at) - 1];
    tokens[at].0..last + token.len()
}

/// The index of the token behind the value that begins at `at`.
fn behind(tokens: &[(usize, &str)], mut at: usize) -> usize {
    let mut depth = 0;
    loop {
        depth += i32::from(matches!(tokens[at].1, "{" | "["));
        depth -= i32::from(matches!(tokens[at].1, "}" | "]"));
        at += 1;
        if depth == 0 {
            return at;
        }
    }
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
        match (&edit.change, &mut result) {
            (Change::Set(value), _) => return value.clone(),
            (Change::Append(value), Value::Array(elements)) if !elements.contains(value) => {
                elements.push(value.clone());
            }
            (Change::Withdraw(value), Value::Array(elements)) => {
                elements.retain(|element| element != value);
            }
            _ => {}
        }
        return result;
    };
    let Value::Object(members) = &mut result else { return result };
    match (&edit.change, members.get(first)) {
        (Change::Remove, Some(_)) if rest.is_empty() => {
            members.shift_remove(first);
        }
        (_, Some(member)) => {
            let member = intended(member, rest, edit);
            members.insert(first.clone(), member);
        }
        (Change::Set(_), None) => {
            members.insert(first.clone(), intended(&Value::object(), rest, edit));
        }
        _ => {}
    }
    result
}

/// The code with which an edit has to be refused, if it has to be.
fn refusal(value: &Value, edit: &Edit) -> Option<&'static str> {
    let mut here = value;
    for segment in edit.path.segments() {
        match (here.as_object().and_then(|members| members.get(segment)), &edit.change) {
            (Some(member), _) => here = member,
            (None, Change::Set(_)) if here.as_array().is_some() => {
                return Some("config.no-such-element");
            }
            (None, Change::Set(_)) if here.as_object().is_none() => {
                return Some("config.not-an-object");
            }
            (None, _) => return None,
        }
    }
    let is_of_elements = matches!(edit.change, Change::Append(_) | Change::Withdraw(_));
    (is_of_elements && here.as_array().is_none()).then_some("config.not-an-array")
}

fn check_edit(text: &str, edit: &Edit) -> Result<(), TestCaseError> {
    let document = parse(text);
    let must_refuse = refusal(document.value(), edit);
    let edited = match document.edit(std::slice::from_ref(edit)) {
        Ok(edited) => edited,
        Err(error) => {
            prop_assert_eq!(Some(error.code()), must_refuse, "{} in {:?}", error.message(), text);
            return Ok(());
        }
    };
    prop_assert_eq!(must_refuse, None, "{:?} in {:?}", edit, text);
    let new = std::str::from_utf8(edited.bytes()).unwrap();
    let path = edit.path.segments();
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
    let before = document.get(edit.path.segments());
    let (old_tokens, new_tokens) = (tokens(old), tokens(new));
    prop_assert!(is_subsequence(&comments(new), &comments(old)), "{} became {}", old, new);
    match (&edit.change, before) {
        (Change::Remove | Change::Withdraw(_), _) => {
            prop_assert!(is_subsequence(new.as_bytes(), old.as_bytes()), "{} became {}", old, new);
            prop_assert!(is_subsequence(&new_tokens, &old_tokens), "{} became {}", old, new);
        }
        (Change::Set(value), Some(before)) => {
            check_inside(old, new, edit.path.segments(), before, value)?;
        }
        (Change::Set(_) | Change::Append(_), _) => {
            prop_assert!(is_subsequence(&old_tokens, &new_tokens), "{} became {}", old, new);
            prop_assert_eq!(comments(old), comments(new));
            if !old_tokens.windows(2).any(|pair| matches!(pair, ["{", "}"] | ["[", "]"])) {
                prop_assert!(is_subsequence(old.as_bytes(), new.as_bytes()));
            }
        }
    }
    Ok(())
}

/// A value that was set: all bytes outside it are the same, and where an object was set onto an
/// object, also those of every member that already was as wanted.
fn check_inside(
    old: &str,
    new: &str,
    path: &[String],
    before: &Value,
    wanted: &Value,
) -> Result<(), TestCaseError> {
    let (was, is) = (value_span(old, path), value_span(new, path));
    prop_assert_eq!(&old[..was.start], &new[..is.start]);
    prop_assert_eq!(&old[was.end..], &new[is.end..]);
    let (Some(before), Some(wanted)) = (before.as_object(), wanted.as_object()) else {
        return Ok(());
    };
    for name in before.keys().filter(|name| before.get(*name) == wanted.get(*name)) {
        let member: Vec<String> = path.iter().chain([name]).cloned().collect();
        prop_assert_eq!(&old[value_span(old, &member)], &new[value_span(new, &member)]);
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
        // A list without parts may hold white space alone: `{ }` comes back as `{}`; see list.rs.
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
    fn no_error_shows_a_secret(
        tape in tape(), at in any::<prop::sample::Index>(), slip in "[{}\\[\\],:\"'/*\\\\x 1，：\n]?",
    ) {
        let text = random::document(&mut Tape::new(&tape)).replace("\"s\"", "\"hunter2\"");
        let characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len() + 1);
        let (before, after) = characters.split_at(at);
        let broken: String =
            before.iter().copied().chain(slip.chars()).chain(after.iter().skip(1).copied()).collect();
        if let Err(error) = Document::parse(Path::new(PATH), broken.as_bytes()) {
            prop_assert!(!error.message().contains("hunter"), "{}", error.message());
            check_place(&broken, Some(&error))?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_slip_of_the_hand_is_refused(
        tape in tape(), at in any::<prop::sample::Index>(),
        slip in prop::sample::select(vec!["{", "}", "[", "]", ":", ",,", "，", "yes", "-"]),
    ) {
        let text = random::document(&mut Tape::new(&tape));
        let mut places: Vec<usize> = placed_tokens(&text).iter().map(|(at, _)| *at).collect();
        places.push(text.len());
        let at = places[at.index(places.len())];
        let broken = format!("{}\n{slip} {}", &text[..at], &text[at..]);
        let error = Document::parse(Path::new(PATH), broken.as_bytes());
        prop_assert!(error.is_err(), "{}", broken);
        if slip == "，" {
            prop_assert_eq!(error.unwrap_err().cause, Cause::FullWidth { found: '，' }, "{}", broken);
        }
    }

    #[test]
    fn a_missing_bracket_is_noticed(tape in tape(), at in any::<prop::sample::Index>()) {
        let text = random::document(&mut Tape::new(&tape));
        let tokens = placed_tokens(&text);
        let brackets: Vec<usize> = tokens
            .iter()
            .filter(|(_, token)| matches!(*token, "{" | "}" | "[" | "]"))
            .map(|(at, _)| *at)
            .collect();
        // a document that holds only comments
        if brackets.is_empty() {
            return Ok(());
        }
        let at = brackets[at.index(brackets.len())];
        let broken = format!("{} {}", &text[..at], &text[at + 1..]);
        prop_assert!(Document::parse(Path::new(PATH), broken.as_bytes()).is_err(), "{}", broken);
    }

    #[test]
    fn no_text_makes_the_parser_panic(
        text in "[{}\\[\\],:\"'/*\\\\xu0-9a-fE.+\\-$_，“\u{feff}\u{85}\u{2028}\u{10400} \n\r]{0,40}",
    ) {
        check_place(&text, Document::parse_any(Path::new(PATH), text.as_bytes()).err().as_ref())?;
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let error = Document::parse(Path::new(PATH), &bytes).err();
        if std::str::from_utf8(&bytes).is_err() {
            prop_assert_eq!(error.as_ref().map(|error| &error.cause), Some(&Cause::InvalidUtf8));
        }
        check_place(&String::from_utf8_lossy(&bytes), error.as_ref())?;
    }
}

/// An error stands on a line that there is, and shows that line no wider than a terminal.
fn check_place(text: &str, error: Option<&ConfigError>) -> Result<(), TestCaseError> {
    let Some(error) = error else { return Ok(()) };
    let (place, excerpt) = (error.place.unwrap(), error.excerpt.as_ref().unwrap());
    prop_assert!(excerpt.line.width() <= 100, "{}", excerpt);
    prop_assert!(excerpt.indent <= excerpt.line.width());
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let line = text.split('\n').nth(place.line - 1);
    let columns = line.map(|line| line.trim_start_matches('\u{feff}').chars().count());
    prop_assert!(columns.is_some_and(|columns| place.column <= columns + 1), "{:?}", error);
    Ok(())
}
