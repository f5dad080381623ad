//! systemd's quoting rules: how a line breaks into words, and how a word is written.

use std::ops::Range;

/// One word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Its bytes in the line, quotes included.
    pub(crate) span: Range<usize>,
    /// What it means.
    pub(crate) value: String,
}

/// The words of a line as `extract_first_word()` with `EXTRACT_UNQUOTE | EXTRACT_CUNESCAPE` sees
/// them, up to the first one it cannot read: there systemd ignores the rest of the line.
pub(crate) fn words(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut at = skip_whitespace(line, 0);
    while at < line.len() {
        let Some((value, end)) = word(line, at) else { break };
        words.push(Word { span: at..end, value });
        at = skip_whitespace(line, end);
    }
    words
}

/// Writes a word so that systemd reads it back as `value`, specifiers not yet escaped.
pub(crate) fn quoted(value: &str) -> String {
    let mut text = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c.is_ascii_control() => text.extend(format!("\\x{:02x}", u32::from(c)).chars()),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

fn skip_whitespace(line: &str, from: usize) -> usize {
    let rest = &line[from..];
    from + (rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len())
}

fn word(line: &str, start: usize) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut quote = None;
    let mut at = start;
    while let Some(c) = line[at..].chars().next() {
        match (c, quote) {
            ('\\', _) => {
                let (unescaped, length) = escape(&line[at + 1..])?;
                value.push(unescaped);
                at += 1 + length;
                continue;
            }
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ' | '\t' | '\n' | '\r', None) => break,
            _ => value.push(c),
        }
        at += c.len_utf8();
    }
    quote.is_none().then_some((value, at))
}

/// What follows a backslash, and how many bytes of it belong to the escape.
///
/// `\$` and `` \` `` are not C escapes: `systemctl show` writes them, unit files may not hold
/// them.
fn escape(rest: &str) -> Option<(char, usize)> {
    let first = rest.chars().next()?;
    let simple = match first {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        's' => ' ',
        '\\' | '"' | '\'' | '$' | '`' => first,
        'x' => return numeric(rest, 1, 2, 16),
        'u' => return numeric(rest, 1, 4, 16),
        'U' => return numeric(rest, 1, 8, 16),
        '0'..='7' => return numeric(rest, 0, 3, 8),
        _ => return None,
    };
    Some((simple, 1))
}

fn numeric(rest: &str, skip: usize, digits: usize, radix: u32) -> Option<(char, usize)> {
    let number = u32::from_str_radix(rest.get(skip..skip + digits)?, radix).ok()?;
    let c = char::from_u32(number).filter(|&c| c != '\0')?;
    Some((c, skip + digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(line: &str) -> Vec<String> {
        words(line).into_iter().map(|word| word.value).collect()
    }

    #[test]
    fn lines_break_into_words_as_systemd_breaks_them() {
        for (line, expected) in [
            ("A=b C=d", vec!["A=b", "C=d"]),
            (r#""A=b c"  'D=e f'"#, vec!["A=b c", "D=e f"]),
            (r#"A="b c"d E=f"#, vec!["A=b cd", "E=f"]),
            (r#"'A=b"c'"#, vec![r#"A=b"c"#]),
            (r"A=b\x20c\tD\045\u4f60", vec!["A=b c\tD%你"]),
            (r#""N=a\nb" "D=\$home""#, vec!["N=a\nb", "D=$home"]),
            (r#"A=b "C=d"#, vec!["A=b"]),
            (r"A=b C=\q D=e", vec!["A=b"]),
            ("A=b \\", vec!["A=b"]),
            ("", vec![]),
        ] {
            assert_eq!(values(line), expected, "{line}");
        }
    }

    #[test]
    fn spans_cover_the_quotes() {
        let line = r#"  "A=b c" D=e"#;
        let spans: Vec<&str> = words(line).iter().map(|word| &line[word.span.clone()]).collect();
        assert_eq!(spans, [r#""A=b c""#, "D=e"]);
    }

    proptest::proptest! {
        #[test]
        fn a_quoted_word_reads_back(value in "[^\u{0}]{0,40}") {
            proptest::prop_assert_eq!(values(&quoted(&value)), [value]);
        }
    }
}
