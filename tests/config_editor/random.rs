//! Random JSON5 documents and edits, drawn from a tape of bytes so that they shrink.

use std::fmt::Write as _;

use openclaw_setup::openclaw::document::{Edit, KeyPath, Value};

/// Decisions; an exhausted tape always decides for the simplest.
pub(crate) struct Tape<'t> {
    bytes: std::slice::Iter<'t, u8>,
    /// Numbers comments and values, so that each is recognisable.
    counter: u32,
}

impl<'t> Tape<'t> {
    pub(crate) fn new(bytes: &'t [u8]) -> Self {
        Self { bytes: bytes.iter(), counter: 10 }
    }

    pub(crate) fn below(&mut self, limit: u8) -> u8 {
        self.bytes.next().map_or(0, |byte| byte % limit)
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.below(u8::try_from(choices.len()).unwrap()))]
    }

    fn unique(&mut self) -> u32 {
        self.counter += 1;
        self.counter
    }
}

/// How a whole file tends to be written.
struct Manner {
    line_end: &'static str,
    indent: &'static str,
    in_lines: bool,
    trailing_comma: bool,
    colon: &'static str,
    gap: &'static str,
    padding: &'static str,
    quote: char,
    bare_keys: bool,
    comments: u8,
}

pub(crate) const KEYS: [&str; 6] = ["a", "b", "c", "x y", "频道", "null_x"];
const NUMBERS: [&str; 9] =
    ["NaN", "-Infinity", "+1", ".5", "5.", "0xfF", "1e3", "-0", "123456789012345678901"];
const STRINGS: [&str; 7] = ["", "s", "钥匙", "${REF}", "\\\\", "\\u0041\\x42", "li\\\nne\u{2028}"];

/// A document that OpenClaw can read.
pub(crate) fn document(tape: &mut Tape<'_>) -> String {
    let manner = Manner {
        line_end: tape.pick(&["\n", "\r\n"]),
        indent: tape.pick(&["  ", "\t", "    "]),
        in_lines: tape.below(2) == 1,
        trailing_comma: tape.below(3) == 1,
        colon: tape.pick(&[": ", ":", " : "]),
        gap: tape.pick(&[" ", "", "  "]),
        padding: tape.pick(&["", " "]),
        quote: tape.pick(&['"', '\'']),
        bare_keys: tape.below(3) == 1,
        comments: tape.pick(&[0, 1, 6]),
    };
    let mut text = String::new();
    text.push_str(tape.pick(&["", "", "\u{feff}"]));
    comment(&mut text, &manner, tape, true);
    if tape.below(40) != 39 {
        object(&mut text, &manner, tape, 0);
    }
    text.push_str(tape.pick(&["", manner.line_end]));
    comment(&mut text, &manner, tape, true);
    text
}

fn comment(text: &mut String, manner: &Manner, tape: &mut Tape<'_>, own_line: bool) {
    if tape.below(12) < manner.comments {
        let number = tape.unique();
        let _ = match tape.below(if own_line { 3 } else { 2 }) {
            0 => write!(text, "/* {number} */"),
            1 => write!(text, "/*{number}, */"),
            _ => write!(text, "// {number} }} \"{}", tape.pick(&[manner.line_end, "\u{2028}"])),
        };
    }
}

fn line(text: &mut String, manner: &Manner, depth: usize) {
    text.push_str(manner.line_end);
    text.push_str(&manner.indent.repeat(depth));
}

fn object(text: &mut String, manner: &Manner, tape: &mut Tape<'_>, depth: usize) {
    list(text, manner, tape, depth, ['{', '}'], |text, tape| {
        let key = tape.pick(&KEYS);
        if (manner.bare_keys || tape.below(8) == 7) && key != "x y" {
            text.push_str(key);
        } else {
            let _ = write!(text, "{0}{key}{0}", manner.quote);
        }
        comment(text, manner, tape, false);
        text.push_str(manner.colon);
        comment(text, manner, tape, true);
        value(text, manner, tape, depth + 1);
    });
}

fn list(
    text: &mut String,
    manner: &Manner,
    tape: &mut Tape<'_>,
    depth: usize,
    [open, close]: [char; 2],
    mut part: impl FnMut(&mut String, &mut Tape<'_>),
) {
    let in_lines = if tape.below(6) == 5 { !manner.in_lines } else { manner.in_lines };
    let count = tape.below(if depth < 3 { 5 } else { 2 });
    text.push(open);
    for position in 0..count {
        if in_lines && tape.below(12) != 11 {
            line(text, manner, depth + 1);
            comment(text, manner, tape, true);
        } else {
            text.push_str(if position == 0 { manner.padding } else { manner.gap });
        }
        part(text, tape);
        comment(text, manner, tape, false);
        if position + 1 < count || manner.trailing_comma {
            text.push(',');
            comment(text, manner, tape, true);
        }
    }
    match (in_lines && count > 0, count) {
        (true, _) => line(text, manner, depth),
        (false, 0) => {
            text.push_str(tape.pick(&["", "", " ", manner.line_end]));
            comment(text, manner, tape, true);
        }
        (false, _) => {
            comment(text, manner, tape, true);
            text.push_str(manner.padding);
        }
    }
    text.push(close);
}

fn value(text: &mut String, manner: &Manner, tape: &mut Tape<'_>, depth: usize) {
    match tape.below(if depth < 4 { 9 } else { 5 }) {
        0 => {
            let _ = write!(text, "{}", tape.unique());
        }
        1 => text.push_str(tape.pick(&["true", "false", "null"])),
        2 => text.push_str(tape.pick(&NUMBERS)),
        3 => {
            let _ = write!(text, "{0}{1}{0}", manner.quote, tape.pick(&STRINGS));
        }
        4 => {
            let _ = write!(text, "{0}{1}{0}", tape.pick(&['"', '\'']), tape.unique());
        }
        5 => list(text, manner, tape, depth, ['[', ']'], |text, tape| {
            value(text, manner, tape, depth + 1);
        }),
        _ => object(text, manner, tape, depth),
    }
}

/// A value to set.
pub(crate) fn new_value(tape: &mut Tape<'_>, depth: u8) -> Value {
    match tape.below(if depth < 2 { 8 } else { 5 }) {
        0 => true.into(),
        1 => Value::Number(tape.pick(&[1.0, 255.0, 0.5, f64::NAN, 1e300, -7.25])),
        2 => tape.pick(&["", "new", "it's \"so\"", "钥\u{2028}\n\\", "$${X}"]).into(),
        3 => Value::Null,
        4 => Value::object(),
        5 => (0..tape.below(3)).map(|_| new_value(tape, depth + 1)).collect::<Vec<_>>().into(),
        _ => {
            let count = tape.below(4);
            let member = |_| (tape.pick(&KEYS).to_owned(), new_value(tape, depth + 1));
            Value::Object((0..count).map(member).collect())
        }
    }
}

/// A path that often leads somewhere.
pub(crate) fn path(tape: &mut Tape<'_>) -> KeyPath {
    let segments: Vec<&str> = (0..=tape.below(3)).map(|_| tape.pick(&KEYS)).collect();
    KeyPath::from(segments.as_slice())
}

/// Any of the four edits.
pub(crate) fn edit(tape: &mut Tape<'_>) -> Edit {
    let path = path(tape);
    match tape.below(6) {
        0..=2 => Edit::set(path, new_value(tape, 0)),
        3 | 4 => Edit::remove(path),
        _ if tape.below(2) == 0 => Edit::append(path, new_value(tape, 1)),
        _ => Edit::withdraw(path, new_value(tape, 1)),
    }
}
