//! Which files a path with wildcards means, as systemd finds them (glob(7)).

use std::fs::read_dir;
use std::path::{Path, PathBuf};

/// More files than anybody has variables in.
const LIMIT: usize = 1000;

/// One part of a pattern.
enum Part {
    /// Any characters, or none.
    Many,
    /// Any one.
    One,
    /// One that is among these, or is not.
    Of(bool, Vec<(char, char)>),
    /// This one.
    Letter(char),
}

/// The files, sorted; the path itself where it has no wildcards, or means nothing.
pub(super) fn meant(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for name in path {
        let text = name.to_string_lossy();
        if !text.contains(['*', '?', '[']) {
            for place in &mut found {
                place.push(name);
            }
            continue;
        }
        let parts = parts(&text);
        let below = found.iter().flat_map(|place| read_dir(place).into_iter().flatten().flatten());
        let below = below.filter(|entry| fits(&parts, &entry.file_name().to_string_lossy()));
        found = below.map(|entry| entry.path()).take(LIMIT).collect();
    }
    found.retain(|file| file.exists());
    found.sort();
    if found.is_empty() { vec![path.to_owned()] } else { found }
}

fn parts(mut pattern: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    while let Some(letter) = pattern.chars().next() {
        pattern = &pattern[letter.len_utf8()..];
        parts.push(match letter {
            '*' => Part::Many,
            '?' => Part::One,
            '[' => match set(pattern) {
                Some((set, rest)) => {
                    pattern = rest;
                    set
                }
                None => Part::Letter('['),
            },
            letter => Part::Letter(letter),
        });
    }
    parts
}

/// What stands behind `[`, and the rest; a `]` that comes first is one of the set.
fn set(pattern: &str) -> Option<(Part, &str)> {
    let body = pattern.strip_prefix(['!', '^']);
    let is_negated = body.is_some();
    let body = body.unwrap_or(pattern);
    let first = body.chars().next()?.len_utf8();
    let end = first + body[first..].find(']')?;
    let (mut ranges, mut letters) = (Vec::new(), body[..end].chars());
    while let Some(from) = letters.next() {
        let mut ahead = letters.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(to)) => {
                ranges.push((from, to));
                letters = ahead;
            }
            _ => ranges.push((from, from)),
        }
    }
    Some((Part::Of(!is_negated, ranges), &body[end + 1..]))
}

/// What is hidden is meant only by a dot of the pattern's own.
fn fits(parts: &[Part], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    if name.first() == Some(&'.') && !matches!(parts.first(), Some(Part::Letter('.'))) {
        return false;
    }
    let (mut at, mut read) = (0, 0);
    // where the last `*` stands, and how far it goes
    let mut many = None;
    loop {
        match (parts.get(at), name.get(read)) {
            (None, None) => return true,
            (Some(Part::Many), _) => {
                many = Some((at, read));
                at += 1;
            }
            (Some(part), Some(letter)) if part.is(*letter) => (at, read) = (at + 1, read + 1),
            _ => match many {
                Some((place, end)) if end < name.len() => {
                    many = Some((place, end + 1));
                    (at, read) = (place + 1, end + 1);
                }
                _ => return false,
            },
        }
    }
}

impl Part {
    fn is(&self, letter: char) -> bool {
        match self {
            Self::Many | Self::One => true,
            Self::Of(among, ranges) => {
                *among == ranges.iter().any(|(from, to)| (*from..=*to).contains(&letter))
            }
            Self::Letter(this) => *this == letter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_meant_as_in_a_shell() {
        for (pattern, meant, others) in [
            ("*.env", "a.env b.c.env", "env a.env~ .hidden.env"),
            (".*", ".a .", "a"),
            ("a?c", "abc a中c", "ac abbc"),
            ("[a-cx]*[!0-9]", "ay xx", "a1 dz a"),
            ("[]]", "]", "["),
            ("[a", "[a", "a"),
            ("a*b*c", "abc aXbYc abcbc", "ab acb"),
            ("****a*b", "ab xaxb", "ba"),
        ] {
            let parts = parts(pattern);
            for (names, is_meant) in [(meant, true), (others, false)] {
                for name in names.split(' ') {
                    assert_eq!(fits(&parts, name), is_meant, "{pattern} {name}");
                }
            }
        }
        assert!(!fits(&parts(&"*a".repeat(120)), &"a".repeat(119)), "and at once");
    }

    #[test]
    fn a_path_means_what_is_there() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for name in ["b/1.env", "a/2.env", "a/1.env", "a/1.txt", ".c/1.env"] {
            std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            std::fs::write(at(name), "").unwrap();
        }
        for (pattern, expected) in [
            ("*/*.env", vec!["a/1.env", "a/2.env", "b/1.env"]),
            ("[b]/1.env", vec!["b/1.env"]),
            ("?/none", vec!["?/none"]),
            ("a/1.env", vec!["a/1.env"]),
            ("a/none", vec!["a/none"]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(at).collect();
            assert_eq!(meant(&at(pattern)), expected);
        }
    }
}
