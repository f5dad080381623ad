//! The documents against the code: what `docs/ARCHITECTURE.md`, `CONTRIBUTING.md` and `SECURITY.md`
//! name is there.

#![allow(clippy::unwrap_used, reason = "a missing document fails the test as loudly as it should")]

use std::fs;
use std::path::{Path, PathBuf};

const DOCUMENTS: [&str; 3] = ["docs/ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];

/// The text of every Rust file below these folders.
fn code() -> String {
    fn collect(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, text);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                *text += &fs::read_to_string(&path).unwrap();
            }
        }
    }
    let mut text = String::new();
    for folder in ["src", "tests"] {
        collect(Path::new(folder), &mut text);
    }
    text
}

/// What stands between backticks, outside of code blocks.
fn quoted(document: &str) -> Vec<String> {
    let prose = document.split("```").step_by(2).collect::<Vec<_>>().join("");
    prose.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A path of this repository: with an extension that we have, or a folder's slash at its end.
fn is_path(word: &str) -> bool {
    let is_file = [".rs", ".md", ".po", ".sh", ".cjs"].iter().any(|end| word.ends_with(end));
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    (is_file || word.ends_with('/')) && word.chars().all(plain) && !word.starts_with('/')
}

/// The name of a test: words with underscores between them.
fn is_test_name(word: &str) -> bool {
    word.matches('_').count() >= 3
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn exists(path: &str, document: &str) -> bool {
    // a file beside the one that was named before it counts, as does one of `src`
    let mut places = vec![PathBuf::from(path), Path::new("src").join(path)];
    for folder in quoted(document).iter().filter(|word| is_path(word)) {
        let folder = Path::new(folder);
        for base in [folder, folder.parent().unwrap_or(folder)] {
            places.push(base.join(path));
            places.push(Path::new("src").join(base).join(path));
        }
    }
    places.iter().any(|place| place.exists())
}

/// Folders of OpenClaw's, of a transaction, and of the machine are not ours.
const ELSEWHERE: [&str; 4] = ["extensions/", "tree/", "agents/", "build/"];

#[test]
fn what_the_documents_name_is_there() {
    let code = code();
    let (mut checked, mut missing) = (0, Vec::new());
    for name in DOCUMENTS {
        let document = fs::read_to_string(name).unwrap();
        for word in quoted(&document) {
            if is_path(&word) && !ELSEWHERE.contains(&word.as_str()) {
                if !exists(&word, &document) {
                    missing.push(format!("{name}: {word}"));
                }
                checked += 1;
            } else if is_test_name(&word) {
                if !code.contains(&format!("fn {word}(")) {
                    missing.push(format!("{name}: the test {word}"));
                }
                checked += 1;
            }
        }
    }
    assert!(missing.is_empty(), "not there: {missing:#?}");
    assert!(checked > 60, "only {checked} names were looked for");
}

#[test]
fn every_room_is_on_the_map() {
    let document = fs::read_to_string("docs/ARCHITECTURE.md").unwrap();
    for entry in fs::read_dir("src").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let word = if path.is_dir() { format!("`{name}/`") } else { format!("`{name}`") };
        assert!(document.contains(&word), "docs/ARCHITECTURE.md does not tell of {word}");
    }
}
