//! Logical lines and sections of a unit file, each with the bytes that it came from.

use std::ops::Range;

/// A logical line: continued lines joined as `config_parse()` joins them.
#[derive(Debug)]
pub(super) struct Line {
    /// All its bytes in the file, the last line end included.
    pub(super) span: Range<usize>,
    /// What systemd sees.
    text: String,
    /// For each byte of `text`, and for its end, the place in the file.
    origin: Vec<usize>,
    /// The section it stands in; for a header, the one that it opens.
    pub(super) section: Option<String>,
    /// Its last physical line ends with a backslash, so whatever follows would join it.
    pub(super) is_open: bool,
}

/// What a logical line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
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
    pub(super) fn kind(&self) -> Kind<'_> {
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
    pub(super) fn environment_value(&self) -> Option<(&str, usize)> {
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
    pub(super) fn in_file(&self, part: Range<usize>) -> Range<usize> {
        let end = part.end.checked_sub(1).map_or(self.origin[0], |last| self.origin[last] + 1);
        self.origin[part.start]..end.max(self.origin[part.start])
    }
}

/// Breaks a file into its logical lines; their spans cover it without a gap.
pub(super) fn lines(file: &str) -> Vec<Line> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
