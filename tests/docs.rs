//! The documents against the code: what they name is there, the commands that they give are taken, and
//! the connector that they recommend is the one that the program chooses.

#![allow(clippy::unwrap_used, reason = "a missing document fails the test as loudly as it should")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use openclaw_setup::cli::Cli;
use openclaw_setup::connector::catalogue::Catalogue;
use openclaw_setup::language::Explain;
use openclaw_setup::openclaw::Version;

const DOCUMENTS: [&str; 4] =
    ["docs/ARCHITECTURE.md", "docs/FLEET.md", "CONTRIBUTING.md", "SECURITY.md"];

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

/// Every line that a reader may paste: in backticks, in code blocks, and indented where there are none.
fn lines_to_paste(document: &str) -> impl Iterator<Item = String> {
    let blocks = document.split("```").skip(1).step_by(2).flat_map(str::lines);
    let indented = document.lines().filter_map(|line| line.strip_prefix("    "));
    blocks.chain(indented).map(str::to_owned).chain(quoted(document))
}

/// Those that run the program.
fn commands(document: &str) -> Vec<Vec<OsString>> {
    // a form for every command is none to paste, and the version is no command
    let other = [" COMMAND", " --version"];
    let is_command = |line: &String| {
        line.starts_with("openclaw-setup ") && !other.iter().any(|word| line.contains(word))
    };
    let commands = lines_to_paste(document).filter(is_command);
    let words = |line: String| {
        let plain = line.split(" #").next().and_then(|line| line.split(" >").next());
        let plain = plain.unwrap_or_default();
        plain.split_whitespace().map(OsString::from).collect()
    };
    commands.map(words).collect()
}

#[test]
fn the_command_line_takes_every_command_of_the_documents() {
    for (name, least) in [
        ("README.md", 16),
        ("README.zh-CN.md", 16),
        ("docs/FLEET.md", 4),
        ("docs/FLEET.zh-CN.md", 4),
        ("docs/REFERENCE.md", 3),
        ("docs/REFERENCE.zh-CN.md", 3),
        ("SECURITY.md", 1),
        ("debian/README.Debian", 5),
    ] {
        let commands = commands(&fs::read_to_string(name).unwrap());
        assert!(commands.len() >= least, "{name}: {}", commands.len());
        for command in commands {
            let command: Vec<_> = command
                .into_iter()
                // what a reader fills in
                .map(|word| if word == "HEX" { "0".repeat(64).into() } else { word })
                .collect();
            if let Err(error) = Cli::read(&command) {
                panic!("{name}: {command:?}: {}", error.problem().message);
            }
        }
    }
}

#[test]
fn make_knows_every_target_that_the_documents_name() {
    let makefile = fs::read_to_string("Makefile").unwrap();
    let mut checked = 0;
    for name in [
        "README.md",
        "README.zh-CN.md",
        "CONTRIBUTING.md",
        "docs/REFERENCE.md",
        "docs/REFERENCE.zh-CN.md",
        "docs/PERFORMANCE.md",
        "docs/ARCHITECTURE.md",
    ] {
        for line in lines_to_paste(&fs::read_to_string(name).unwrap()) {
            let Some(words) = line.strip_prefix("make ") else { continue };
            let target = words.split_whitespace().find(|word| !word.contains('=')).unwrap();
            let rule = makefile.lines().any(|line| {
                let targets = line.split_once(':').map(|(targets, _)| targets);
                targets.is_some_and(|all| all.split_whitespace().any(|known| known == target))
            });
            assert!(rule, "{name}: make {target}");
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked}");
}

/// The table of the READMEs is the catalogue's choice for every OpenClaw that was measured.
#[test]
fn the_readmes_recommend_what_the_catalogue_chooses() {
    let catalogue = Catalogue::built_in();
    for name in ["README.md", "README.zh-CN.md"] {
        let document = fs::read_to_string(name).unwrap();
        let rows: Vec<_> = document.lines().filter(|line| line.starts_with("| 2026.")).collect();
        let mut measured: Vec<_> = catalogue.openclaws().collect();
        measured.dedup();
        for openclaw in measured {
            let best = catalogue.best(catalogue.connectors(), Some(openclaw));
            let row = rows.iter().find(|row| covers(row, openclaw)).unwrap();
            let told = row.split('|').nth(2).unwrap().trim();
            let told = semver::Version::parse(told).ok();
            assert_eq!(told, best, "{name}: {openclaw}");
        }
    }
}

/// Whether a row's first column names this version, or a range that holds it.
fn covers(row: &str, openclaw: Version) -> bool {
    let first = row.split('|').nth(1).unwrap();
    let mut ends = first.split_whitespace().filter_map(Version::parse);
    let low = ends.next().unwrap();
    let open = first.contains("later") || first.contains("以后");
    openclaw >= low && (open || openclaw <= ends.next().unwrap_or(low))
}
