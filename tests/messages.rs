//! The translator's file against the code: nothing missing, nothing unused, the same names in braces.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::CommandFactory;
use openclaw_setup::cli::localize;
use openclaw_setup::doctor::CHECKS;
use openclaw_setup::explanation;
use openclaw_setup::language::read_po;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

const PO: &str = include_str!("../po/zh_CN.po");

/// The English texts that the code says, each with the names that are given to it; the texts of the
/// command line and of the checks are looked up by their own text and have no names.
fn said() -> BTreeMap<String, BTreeSet<String>> {
    let mut said = BTreeMap::new();
    for folder in ["src", "packaging"] {
        sources(Path::new(folder), &mut |_, code| collect(code, &mut said));
    }
    let checks = CHECKS.iter().map(|check| check.title.to_owned());
    let examples = localize::examples().flat_map(|(_, examples)| examples);
    let examples = examples.map(|(_, what)| what.to_owned());
    let explained = explanation::all().flat_map(|entry| [entry.cause, entry.remedy]);
    for text in checks.chain(explained.map(str::to_owned)).chain(examples).chain(of_command_line())
    {
        said.insert(text, BTreeSet::new());
    }
    said
}

fn sources(folder: &Path, visit: &mut dyn FnMut(&Path, TokenStream)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, visit);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            visit(&path, std::fs::read_to_string(&path).unwrap().parse().unwrap());
        }
    }
}

/// `say!(…)` and `say_count!(…)`, wherever they stand, inside other macros too.
fn collect(code: TokenStream, said: &mut BTreeMap<String, BTreeSet<String>>) {
    let tokens: Vec<TokenTree> = code.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        collect(group.stream(), said);
        let macro_name = at.checked_sub(2).map(|at| tokens[at].to_string());
        let texts = match macro_name.as_deref() {
            Some("say") if group.delimiter() == Delimiter::Parenthesis => 0..1,
            Some("say_count") => 1..3,
            _ => continue,
        };
        let arguments = arguments(group.stream());
        let names: BTreeSet<_> = arguments[texts.end..].iter().map(|a| a[0].to_string()).collect();
        for text in &arguments[texts] {
            if let Some(text) = literal(&text[0]) {
                said.insert(text, names.clone());
            }
        }
    }
}

fn arguments(stream: TokenStream) -> Vec<Vec<TokenTree>> {
    let tokens: Vec<_> = stream.into_iter().collect();
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ',');
    let parts = tokens.split(is_comma).map(<[TokenTree]>::to_vec);
    parts.filter(|part| !part.is_empty()).collect()
}

fn literal(token: &TokenTree) -> Option<String> {
    syn::parse_str::<syn::LitStr>(&token.to_string()).ok().map(|text| text.value())
}

fn of_command_line() -> BTreeSet<String> {
    fn walk(command: &clap::Command, texts: &mut BTreeSet<String>) {
        texts.extend(command.get_about().map(ToString::to_string));
        texts.extend(command.get_after_help().map(ToString::to_string));
        for argument in command.get_arguments() {
            texts.extend(argument.get_help().map(ToString::to_string));
            texts.extend(argument.get_help_heading().map(ToOwned::to_owned));
            let takes_value = argument.get_action().takes_values();
            let name = argument.get_value_names().filter(|_| takes_value);
            texts.extend(name.into_iter().flatten().map(ToString::to_string));
        }
        command.get_subcommands().for_each(|command| walk(command, texts));
    }
    let mut texts = BTreeSet::from(["Print this help".to_owned(), "Print the version".to_owned()]);
    walk(&openclaw_setup::cli::Cli::command(), &mut texts);
    // words of both languages
    texts.retain(|text| !["ID", "URL", "SHELL"].contains(&text.as_str()));
    texts
}

/// What stands in braces; doubled braces are braces themselves.
fn names(text: &str) -> BTreeSet<String> {
    let text = text.replace("{{", "").replace("}}", "");
    text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap().to_owned()).collect()
}

#[test]
fn every_text_has_its_translation_and_every_translation_its_text() {
    let translated: BTreeMap<_, _> = read_po(PO).into_iter().collect();
    let said = said();
    assert!(said.len() > 500, "the code says {} texts", said.len());
    let missing: Vec<_> = said.keys().filter(|text| !translated.contains_key(*text)).collect();
    let unused: Vec<_> = translated.keys().filter(|text| !said.contains_key(*text)).collect();
    assert!(missing.is_empty() && unused.is_empty(), "missing: {missing:#?}\nunused: {unused:#?}");
}

#[test]
fn no_text_is_translated_twice() {
    let texts: Vec<_> = read_po(PO).into_iter().map(|(english, _)| english).collect();
    let unique: BTreeSet<_> = texts.iter().collect();
    let twice: Vec<_> =
        texts.iter().filter(|t| texts.iter().filter(|u| u == t).count() > 1).collect();
    assert_eq!(texts.len(), unique.len(), "{twice:#?}");
}

#[test]
fn names_in_braces_are_those_that_the_code_gives() {
    let said = said();
    for (english, chinese) in read_po(PO) {
        assert!(!chinese.is_empty(), "{english}");
        let given = said.get(&english).filter(|given| !given.is_empty());
        let given = given.cloned().unwrap_or_else(|| names(&english));
        assert_eq!(names(&english), given, "{english}");
        // one for many may leave its count out
        assert!(names(&chinese).is_subset(&given), "{english}: {chinese}");
        assert!(given.is_subset(&names(&chinese)), "{english}: {chinese}");
    }
}

/// The literals of a code that look like an error's code: `family.name`, or whatever a problem is
/// made with. Tests only repeat them.
fn codes(code: TokenStream, found: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = code.into_iter().collect();
    let mut in_test = false;
    for (at, token) in tokens.iter().enumerate() {
        let before = |back: usize| at.checked_sub(back).map(|at| tokens[at].to_string());
        match token {
            TokenTree::Group(group) if group.to_string() == "[cfg (test)]" => in_test = true,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && in_test => {
                in_test = false;
            }
            TokenTree::Group(group) => {
                codes(group.stream(), found);
                let is_problem =
                    before(1).as_deref() == Some("new") && before(4).as_deref() == Some("Problem");
                let first = group.stream().into_iter().next().filter(|_| is_problem);
                found.extend(first.as_ref().and_then(literal));
            }
            TokenTree::Punct(end) if end.as_char() == ';' => in_test = false,
            _ => {
                found.extend(literal(token).filter(|text| is_code(text)));
            }
        }
    }
}

fn is_code(text: &str) -> bool {
    let Some((family, name)) = text.split_once('.') else { return false };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.ends_with(plain)
        && name.chars().all(|c| plain(c) || c == '-')
        && explanation::all().any(|entry| entry.is_called(family))
}

#[test]
fn every_code_is_explained_and_every_explanation_is_of_a_code() {
    let mut found: BTreeSet<_> = CHECKS.iter().map(|check| check.id.to_owned()).collect();
    sources(Path::new("src"), &mut |path, code| {
        let is_test = path.components().any(|part| part.as_os_str() == "tests");
        if !is_test && !path.ends_with("tests.rs") {
            codes(code, &mut found);
        }
    });
    let explained: Vec<_> = explanation::all().map(|entry| entry.code.to_owned()).collect();
    let unique: BTreeSet<_> = explained.iter().cloned().collect();
    assert_eq!(explained.len(), unique.len(), "one entry for each code");
    let missing: Vec<_> = found.difference(&unique).collect();
    let unused: Vec<_> = unique.difference(&found).collect();
    assert!(missing.is_empty() && unused.is_empty(), "missing: {missing:#?}\nunused: {unused:#?}");
}

/// What a picture says stands in the program still; else `make pictures` draws it anew.
#[test]
fn the_pictures_show_what_the_program_says() {
    let chinese: Vec<_> = read_po(PO).into_iter().map(|(_, chinese)| chinese).collect();
    let english: Vec<_> = said().into_keys().collect();
    let says_something =
        |text: &&String| text.split(['{', '}']).step_by(2).map(str::len).sum::<usize>() > 3;
    let mut lines = 0;
    for picture in std::fs::read_dir("docs/pictures").unwrap() {
        let path = picture.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("<desc>").nth(1).unwrap().split("</desc>").next().unwrap();
        let text = text.replace("&quot;", "\"").replace("&#x27;", "'").replace("&gt;", ">");
        let known = if path.to_str().unwrap().contains("zh-CN") { &chinese } else { &english };
        for line in text.lines() {
            // a line as wide as the terminal goes on in the next one
            let Some(line) = line.strip_prefix(['✓', '!', '✗']) else { continue };
            if unicode_width::UnicodeWidthStr::width(line) > 100 {
                continue;
            }
            let line = line.trim();
            // a finding: its id, and its severity in brackets
            let rest =
                line.split_once(' ').filter(|(id, _)| is_check(id)).map_or(line, |(_, rest)| rest);
            let rest = rest
                .strip_prefix('[')
                .and_then(|rest| rest.split_once("] "))
                .map_or(rest, |(_, rest)| rest);
            assert!(
                known.iter().filter(says_something).any(|text| fits(text, rest)),
                "{}: {rest}",
                path.display()
            );
            lines += 1;
        }
    }
    assert!(lines > 60, "only {lines}");
}

fn is_check(word: &str) -> bool {
    CHECKS.iter().any(|check| check.id == word)
}

/// Whether a line is this text, with anything for the names in braces.
fn fits(text: &str, line: &str) -> bool {
    let mut parts = text.split('{').enumerate().map(|(number, part)| match number {
        0 => part,
        _ => part.split_once('}').map_or(part, |(_, rest)| rest),
    });
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let mut last = "";
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        (rest, last) = (after, part);
    }
    rest.is_empty() || (text.ends_with('}') && last.is_empty())
}
