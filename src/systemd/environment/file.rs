//! The syntax of an `EnvironmentFile=`, as `parse_env_file()` of systemd reads it.

use std::str::Chars;

use super::Environment;

/// The assignments of an environment file; what systemd would skip is skipped.
#[must_use]
pub fn parsed_file(text: &str) -> Environment {
    let mut found = Environment::default();
    let mut rest = text.chars();
    while let Some(first) = rest.find(|c| !c.is_ascii_whitespace()) {
        if first == '#' || first == ';' {
            skip_comment(&mut rest);
        } else if let Some(name) = name(first, &mut rest) {
            let value = value(&mut rest);
            if is_name(name.trim_end()) {
                found.set(name.trim_end(), &value);
            }
        }
    }
    found
}

/// A backslash joins the next line to the comment.
fn skip_comment(rest: &mut Chars<'_>) {
    while let Some(c) = rest.next().filter(|c| !is_line_end(*c)) {
        if c == '\\' {
            rest.next();
        }
    }
}

/// All up to the `=`, if there is one in this line.
fn name(first: char, rest: &mut Chars<'_>) -> Option<String> {
    let mut name = String::from(first);
    loop {
        match rest.next()? {
            '=' => return Some(name),
            c if is_line_end(c) => return None,
            c => name.push(c),
        }
    }
}

/// Quoted parts come first, and are joined; in what follows them a quote is like any other
/// character. Outside quotes a backslash takes the next character as it is, and swallows a line end;
/// blanks at the end do not count.
fn value(rest: &mut Chars<'_>) -> String {
    let mut value = String::new();
    let mut solid = 0;
    let mut is_plain = false;
    while let Some(c) = rest.next().filter(|c| !is_line_end(*c)) {
        let taken = match c {
            '"' | '\'' if !is_plain => {
                quoted(c, rest, &mut value);
                solid = value.len();
                continue;
            }
            '\\' => rest.next().filter(|c| !is_line_end(*c)),
            _ if !is_plain && c.is_ascii_whitespace() => continue,
            _ => Some(c),
        };
        is_plain = true;
        value.extend(taken);
        if taken.is_some() && c != ' ' && c != '\t' {
            solid = value.len();
        }
    }
    value.truncate(solid);
    value
}

/// Inside double quotes only the shell's own four characters can be escaped, and a line end.
fn quoted(quote: char, rest: &mut Chars<'_>, value: &mut String) {
    while let Some(c) = rest.next().filter(|c| *c != quote) {
        match c {
            '\\' if quote == '"' => match rest.next() {
                Some('\n') | None => {}
                Some(c @ ('"' | '\\' | '`' | '$')) => value.push(c),
                Some(c) => value.extend(['\\', c]),
            },
            c => value.push(c),
        }
    }
}

fn is_line_end(c: char) -> bool {
    c == '\n' || c == '\r'
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(plain) && name.starts_with(|c: char| !c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::parsed_file;

    #[test]
    fn environment_files_are_read_as_systemd_reads_them() {
        for (text, expected) in [
            ("A=b\nC=d", vec![("A", "b"), ("C", "d")]),
            ("# A=b\n; C=d\n  E = f  \n", vec![("E", "f")]),
            ("A=\"b c\" \n", vec![("A", "b c")]),
            ("A='b \"c\" '\n", vec![("A", "b \"c\" ")]),
            ("A=b\\\nc\n", vec![("A", "bc")]),
            ("A=\"b\\\nc\\n\\$d\"\n", vec![("A", "bc\\n$d")]),
            ("A=b\\ \n", vec![("A", "b ")]),
            ("A=\r\nB=c\r\n", vec![("A", ""), ("B", "c")]),
            ("no equals\nA=b # kept\n", vec![("A", "b # kept")]),
            ("1A=b\nexport B=c\nC=d\n", vec![("C", "d")]),
            ("A=b\nA=c\n", vec![("A", "c")]),
            ("# comment \\\nA=b\nC=d\n", vec![("C", "d")]),
            ("A=\"open\nB=c", vec![("A", "open\nB=c")]),
            ("A='b' \"c\"d'e \nB= \\f\n", vec![("A", "bcd'e"), ("B", "f")]),
            ("A=b \\", vec![("A", "b")]),
            ("A\n=B\nC=d", vec![("C", "d")]),
            ("=A=b\n#", vec![]),
        ] {
            let found = parsed_file(text);
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{text:?}");
        }
    }
}
