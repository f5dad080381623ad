//! The text of a unit drop-in: read as systemd reads it, changed without touching another byte.
//!
//! Logical lines and sections of a unit file, each with the bytes that it came from; and how a line breaks
//! into words, by systemd's quoting rules.

mod merge;

use std::ops::Range;

pub use merge::{Assigned, assigned, line_of, merged, values_of, variables, without_bypass};

/// The names of our drop-in that systemd reads last, and of the file of variables that it names: for
/// what `override.conf` cannot do.
pub const LAST: [&str; 2] = ["zz-openclaw-setup.conf", "zz-openclaw-setup.env"];

/// Section names of a service's unit file.
const SECTIONS: [&str; 3] = ["[Unit]", "[Service]", "[Install]"];

/// The text with the lost line ends put back, or `None` if none are missing.
pub fn repaired(text: &str) -> Option<String> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut changed = false;
    let mut result = String::with_capacity(text.len() + 8);
    for line in text.split_inclusive('\n') {
        let pieces = pieces(line);
        changed |= pieces.len() > 1;
        result.push_str(&pieces.join(end));
    }
    changed.then_some(result)
}

/// A physical line, cut where a line end must have been.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = line;
    let indent = line.len() - line.trim_start().len();
    if rest[indent..].starts_with(['#', ';']) {
        return vec![line];
    }
    while let Some(cut) = next_cut(rest) {
        pieces.push(rest[..cut].trim_end());
        rest = rest[cut..].trim_start_matches([' ', '\t']);
    }
    pieces.push(rest);
    pieces
}

/// Where the first lost line end was.
fn next_cut(text: &str) -> Option<usize> {
    let indent = text.len() - text.trim_start().len();
    let after_header = SECTIONS.iter().find_map(|section| {
        let rest = text[indent..].strip_prefix(section)?;
        starts_assignment(rest.trim_start()).then_some(indent + section.len())
    });
    after_header.or_else(|| after_quote(text))
}

/// Right after a closing quote of an `Environment=` line, where another one begins. Glued to the
/// quote, the name cannot be meant as part of the value.
fn after_quote(text: &str) -> Option<usize> {
    let start = text.find("Environment=")?;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip_while(|&(at, _)| at < start) {
        match (c, quote) {
            _ if escaped => escaped = false,
            ('\\', _) => escaped = true,
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => {
                quote = None;
                let rest = &text[at + 1..];
                if starts_assignment(rest) || SECTIONS.iter().any(|name| rest.starts_with(name)) {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether `text` starts with a directive that a service drop-in may hold.
fn starts_assignment(text: &str) -> bool {
    let name = text.split('=').next().unwrap_or_default().trim_end();
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric());
    text.contains('=') && is_name && name.starts_with(|c: char| c.is_ascii_uppercase())
}

/// A logical line: continued lines joined as `config_parse()` joins them.
#[derive(Debug)]
struct Line {
    /// All its bytes in the file, the last line end included.
    span: Range<usize>,
    /// What systemd sees.
    text: String,
    /// For each byte of `text`, and for its end, the place in the file.
    origin: Vec<usize>,
    /// The section it stands in; for a header, the one that it opens.
    section: Option<String>,
    /// Its last physical line ends with a backslash, so whatever follows would join it.
    is_open: bool,
}

/// What a logical line is.
#[derive(Debug, PartialEq, Eq)]
enum Kind<'a> {
    /// `[Name]`.
    Header,
    /// `Key=value`; `value_at` is where the value starts in the line's text.
    Assignment { key: &'a str, value: &'a str, value_at: usize },
    /// Nothing, or a comment.
    Blank,
    /// A line that systemd complains about.
    Unreadable,
}

impl Line {
    fn kind(&self) -> Kind<'_> {
        let text = self.text.trim();
        match text.split_once('=') {
            _ if text.is_empty() || text.starts_with(['#', ';']) => Kind::Blank,
            _ if text.starts_with('[') && text.ends_with(']') => Kind::Header,
            _ if text.starts_with('[') => Kind::Unreadable,
            Some((key, value)) => {
                let value_at = self.text.trim_end().len() - value.trim_start().len();
                Kind::Assignment { key: key.trim_end(), value: value.trim_start(), value_at }
            }
            None => Kind::Unreadable,
        }
    }

    /// The value of an `Environment=` line of the service, and where it starts.
    fn environment_value(&self) -> Option<(&str, usize)> {
        match self.kind() {
            Kind::Assignment { key: "Environment", value, value_at }
                if self.section.as_deref() == Some("Service") =>
            {
                Some((value, value_at))
            }
            _ => None,
        }
    }

    /// The bytes of the file behind a part of the text.
    fn in_file(&self, part: Range<usize>) -> Range<usize> {
        let end = part.end.checked_sub(1).map_or(self.origin[0], |last| self.origin[last] + 1);
        self.origin[part.start]..end.max(self.origin[part.start])
    }
}

/// Breaks a file into its logical lines; their spans cover it without a gap.
fn lines(file: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut section = None;
    let mut open: Option<Line> = None;
    let mut start = 0;
    for physical in physical_lines(file) {
        let content = &file[physical.clone()];
        let body = content.trim_end_matches(['\n', '\r']).trim_start_matches('\u{feff}');
        let mut line = open.take().unwrap_or_else(|| Line {
            span: start..start,
            text: String::new(),
            origin: Vec::new(),
            section: None,
            is_open: false,
        });
        line.span.end = physical.end;
        start = physical.end;
        let is_comment = body.trim_start().starts_with(['#', ';']);
        let was_open = line.is_open;
        if !is_comment || !was_open {
            line.join(body, physical.start + content.find(body).unwrap_or(0));
            line.is_open = !is_comment && ends_open(body);
        }
        if line.is_open {
            open = Some(line);
        } else {
            lines.push(settled(line, &mut section));
        }
    }
    lines.extend(open.map(|line| settled(line, &mut section)));
    lines
}

impl Line {
    /// Appends a physical line: without its indentation, its final backslash read as a blank.
    fn join(&mut self, body: &str, at: usize) {
        let content = body.trim_start();
        let at = at + body.len() - content.len();
        let content = if ends_open(body) { &content[..content.len() - 1] } else { content };
        self.text.push_str(content);
        self.origin.pop();
        self.origin.extend(at..=at + content.len());
        if ends_open(body) {
            self.text.push(' ');
            self.origin.push(at + content.len() + 1);
        }
    }
}

fn settled(mut line: Line, section: &mut Option<String>) -> Line {
    if line.kind() == Kind::Header {
        let name = line.text.trim().trim_start_matches('[').trim_end_matches(']');
        *section = Some(name.to_owned());
    }
    line.section.clone_from(section);
    line
}

/// Whether an odd number of backslashes ends the line.
fn ends_open(body: &str) -> bool {
    body.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
}

/// systemd ends a line at `\n`, `\r\n` or `\r`.
fn physical_lines(file: &str) -> Vec<Range<usize>> {
    let bytes = file.as_bytes();
    let mut lines = Vec::new();
    let mut start = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let ends = byte == b'\n' || (byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        if ends {
            lines.push(start..at + 1);
            start = at + 1;
        }
    }
    if start < bytes.len() {
        lines.push(start..bytes.len());
    }
    lines
}

/// One word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Its bytes in the line, quotes included.
    span: Range<usize>,
    /// What it means.
    pub(super) value: String,
}

/// The words of a line as `extract_first_word()` with `EXTRACT_UNQUOTE | EXTRACT_CUNESCAPE` sees
/// them, up to the first one it cannot read: there systemd ignores the rest of the line.
pub(super) fn words(line: &str) -> Vec<Word> {
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
fn quoted(value: &str) -> String {
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

    const WHOLE: &str = "[Service]\nEnvironment=\"no_proxy=127.0.0.1,localhost,::1\"\n\
                         Environment=\"NO_PROXY=127.0.0.1,localhost,::1\"";

    #[test]
    fn the_documented_text_on_one_line_gets_its_line_ends_back() {
        let damaged = WHOLE.replace('\n', "");
        assert_eq!(repaired(&damaged).as_deref(), Some(WHOLE));
        let with_end = format!("{damaged}\n");
        assert_eq!(repaired(&with_end), Some(format!("{WHOLE}\n")));
    }

    #[test]
    fn every_partial_damage_is_seen() {
        for (damaged, whole) in [
            ("[Service]Environment=A=b\n", Some("[Service]\nEnvironment=A=b\n")),
            ("[Service] Environment=A=b\n", Some("[Service]\nEnvironment=A=b\n")),
            (
                "[Service]\nEnvironment=\"A=b\"Environment=\"C=d\"\n",
                Some("[Service]\nEnvironment=\"A=b\"\nEnvironment=\"C=d\"\n"),
            ),
            (
                "[Unit]After=x.service\r\n[Service]\r\n",
                Some("[Unit]\r\nAfter=x.service\r\n[Service]\r\n"),
            ),
            (
                "[Service]Environment='A=b'[Install]WantedBy=default.target",
                Some("[Service]\nEnvironment='A=b'\n[Install]\nWantedBy=default.target"),
            ),
            ("# [Service]Environment=A=b\n", None),
            ("[Service]\nEnvironment=\"A=b\" \"C=Environment=d\"\n", None),
            ("[Service]\nEnvironment=\"A=\\\"Environment=d\"\n", None),
            ("[Service]\nExecStart=/bin/echo \"x\"Environment=y\n", None),
            ("[Service]\n", None),
            ("", None),
        ] {
            assert_eq!(repaired(damaged).as_deref(), whole, "{damaged:?}");
        }
    }

    fn summary(file: &str) -> Vec<(String, Option<String>)> {
        lines(file).into_iter().map(|line| (line.text, line.section)).collect()
    }

    #[test]
    fn continued_lines_join_and_comments_inside_them_vanish() {
        let file = "[Service]\nA=b \\\n# note\n  c\\\\\nD=e\\\n";
        let service = Some("Service".to_owned());
        assert_eq!(
            summary(file),
            [
                ("[Service]".to_owned(), service.clone()),
                ("A=b  c\\\\".to_owned(), service.clone()),
                ("D=e ".to_owned(), service),
            ]
        );
    }

    #[test]
    fn a_part_of_a_joined_line_is_found_in_the_file() {
        let file = "[Service]\r\nEnvironment=A=b \\\r\n  C=d\r\n";
        let line = lines(file).into_iter().nth(1).unwrap();
        let (value, at) = line.environment_value().unwrap();
        assert_eq!(value, "A=b  C=d");
        let place = value.find("C=d").unwrap() + at;
        assert_eq!(&file[line.in_file(place..place + 3)], "C=d");
        assert_eq!(&file[line.in_file(at..at + 3)], "A=b");
    }

    proptest::proptest! {
        #[test]
        fn lines_cover_the_file(file in "[\\[\\]A=#;\\\\ \n\r\u{feff}é]{0,60}") {
            let spans: Vec<_> = lines(&file).into_iter().map(|line| line.span).collect();
            let mut at = 0;
            for span in spans {
                proptest::prop_assert_eq!(span.start, at);
                at = span.end;
            }
            proptest::prop_assert_eq!(at, file.len());
        }
    }

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
