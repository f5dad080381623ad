//! Reads JSON5 as OpenClaw does: a tree of what stands on which bytes, and what it means.

use std::str::Chars;

use super::error::Cause;
use super::token::{
    FULL_WIDTH, Kind, Span, Token, has_line_end, is_invisible, left_open, line_start, literal,
    token_at, tokens, trivia,
};
use super::value::Value;

/// More levels of brackets than this are refused, before they overflow the stack.
const DEEPEST: usize = 256;

/// A value's bytes. What it means is told by the [`Value`] that is read with it.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) span: Span,
    /// The members of an object, the elements of an array.
    pub(super) parts: Vec<Part>,
}

/// A member or an element.
#[derive(Clone)]
pub(super) struct Part {
    /// The key's name and bytes; an element has none.
    pub(super) key: Option<(String, Span)>,
    pub(super) value: Node,
    /// Where the comma after it stands.
    pub(super) comma: Option<usize>,
}

impl Part {
    pub(super) fn span(&self) -> Span {
        let start = self.key.as_ref().map_or(self.value.span.start, |(_, key)| key.start);
        Span::new(start, self.value.span.end)
    }

    /// Where the part ends, its comma included.
    pub(super) fn end(&self) -> usize {
        self.comma.map_or(self.value.span.end, |comma| comma + 1)
    }
}

impl Node {
    pub(super) fn is_object(&self, text: &str) -> bool {
        text[self.span.start..].starts_with('{')
    }

    /// What a string, a number or a literal means; nothing of an object or array.
    pub(super) fn scalar(&self, text: &str) -> Option<Value> {
        let text = self.span.of(text);
        if text.starts_with(['{', '[']) {
            return None;
        }
        parse(text).ok()?.map(|(_, value)| value)
    }

    /// The first byte after the opening bracket.
    pub(super) fn open(&self) -> usize {
        self.span.start + 1
    }

    /// The closing bracket.
    pub(super) fn close(&self) -> usize {
        self.span.end - 1
    }

    /// Which part `segment` names: a member (the last of that name), or an element.
    pub(super) fn position(&self, segment: &str) -> Option<usize> {
        if self.parts.first()?.key.is_none() {
            return segment.parse().ok().filter(|index| *index < self.parts.len());
        }
        let is_named = |part: &Part| part.key.as_ref().is_some_and(|(name, _)| name == segment);
        self.parts.iter().rposition(is_named)
    }

    /// The value under `segment`.
    pub(super) fn child(&self, segment: &str) -> Option<&Node> {
        Some(&self.parts[self.position(segment)?].value)
    }

    /// What stands between the part and the comma or bracket before it.
    pub(super) fn gap_before<'t>(&self, text: &'t str, position: usize) -> &'t str {
        let start = position.checked_sub(1).map_or(self.open(), |before| self.parts[before].end());
        &text[start..self.parts[position].span().start]
    }

    /// Whether the last part begins a line of its own.
    pub(super) fn is_in_lines(&self, text: &str) -> bool {
        let last = self.parts.len().checked_sub(1);
        last.is_some_and(|last| has_line_end(self.gap_before(text, last)))
    }
}

/// A cause at a byte.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) cause: Cause,
}

fn fault<T>(offset: usize, cause: Cause) -> Result<T, Fault> {
    Err(Fault { offset, cause })
}

type Parsed = (Node, Value);

/// The tree of `text` and its meaning, or nothing if it holds only white space and comments.
pub(super) fn parse(text: &str) -> Result<Option<Parsed>, Fault> {
    let broken = tokens(text).find_map(unclosed);
    let end = broken.as_ref().map_or(text.len(), |broken| broken.offset);
    let parsed = Parser { text: &text[..end], at: 0, depth: 0 }.document();
    match (parsed, broken) {
        (Err(first), Some(broken)) if first.precedes(&broken, text) => Err(first),
        (_, Some(broken)) => Err(broken),
        (Err(Fault { cause: Cause::Unclosed { opened }, offset }), None) => {
            let (offset, opened) = left_open(text).unwrap_or((offset, opened));
            fault(offset, Cause::Unclosed { opened })
        }
        (parsed, None) => parsed,
    }
}

impl Fault {
    /// Whether it stands on an earlier line than an unclosed string or comment, and is not merely
    /// caused by it.
    fn precedes(&self, broken: &Self, text: &str) -> bool {
        // what follows these on their line is no JSON
        matches!(self.cause, Cause::Hash | Cause::Fence)
            || !matches!(self.cause, Cause::Unclosed { .. })
                && self.offset < line_start(text, broken.offset)
    }
}

fn unclosed(token: Token) -> Option<Fault> {
    let cause = match token.kind {
        Kind::Quoted { closed: false } => Cause::UnclosedString,
        Kind::BlockComment { closed: false } => Cause::UnclosedComment,
        _ => return None,
    };
    Some(Fault { offset: token.span.start, cause })
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn document(&mut self) -> Result<Option<Parsed>, Fault> {
        let Some(first) = self.peek()? else { return Ok(None) };
        let root = self.value(first)?;
        match self.peek()? {
            None => Ok(Some(root)),
            Some(rest) => fault(rest.span.start, Cause::TextAfterEnd),
        }
    }

    /// The next token that is neither white space nor comment; it stays the next one.
    fn peek(&mut self) -> Result<Option<Token>, Fault> {
        self.at = trivia(self.text, self.at).last().map_or(self.at, |trivia| trivia.span.end);
        match token_at(self.text, self.at) {
            Some(Token { kind: Kind::Mark(found), .. }) if FULL_WIDTH.contains(found) => {
                fault(self.at, Cause::FullWidth { found })
            }
            Some(Token { kind: Kind::Word, span }) => match slip_of(span.of(self.text)) {
                Some((offset, cause)) => fault(span.start + offset, cause),
                None => Ok(Some(Token { kind: Kind::Word, span })),
            },
            token => Ok(token),
        }
    }

    fn value(&mut self, first: Token) -> Result<Parsed, Fault> {
        let value = match first.kind {
            Kind::Mark(open @ ('{' | '[')) => return self.list(open),
            Kind::Mark(found) => {
                return fault(first.span.start, stray(found, Cause::UnexpectedText));
            }
            Kind::Quoted { .. } => Value::String(self.string(first.span)?),
            _ => word(first.span.of(self.text))
                .map_err(|cause| Fault { offset: first.span.start, cause })?,
        };
        self.at = first.span.end;
        Ok((Node { span: first.span, parts: Vec::new() }, value))
    }

    fn list(&mut self, open: char) -> Result<Parsed, Fault> {
        let start = self.at;
        let close = if open == '{' { '}' } else { ']' };
        let (mut parts, mut elements, mut members) = (Vec::new(), Vec::new(), Members::new());
        self.depth += 1;
        if self.depth > DEEPEST {
            return fault(start, Cause::TooDeep);
        }
        self.at += open.len_utf8();
        loop {
            let Some(mut token) = self.peek()? else {
                return fault(start, Cause::Unclosed { opened: open });
            };
            if token.kind == Kind::Mark(close) {
                break;
            }
            let mut key = None;
            if open == '{' {
                key = Some((self.key(token)?, token.span));
                token = self.behind_colon()?;
            }
            let (node, value) = self.value(token)?;
            match &key {
                Some((name, _)) => drop(members.insert(name.clone(), value)),
                None => elements.push(value),
            }
            let comma = self.comma(close)?;
            parts.push(Part { key, value: node, comma });
        }
        self.depth -= 1;
        self.at += close.len_utf8();
        let value = if open == '{' { Value::Object(members) } else { Value::Array(elements) };
        Ok((Node { span: Span::new(start, self.at), parts }, value))
    }

    fn key(&mut self, token: Token) -> Result<String, Fault> {
        let start = token.span.start;
        let name = match token.kind {
            Kind::Quoted { .. } => self.string(token.span)?,
            Kind::Mark(found) => return fault(start, stray(found, Cause::NoKey)),
            _ => identifier(token.span.of(self.text))
                .ok_or(Fault { offset: start, cause: Cause::BadKey })?,
        };
        self.at = token.span.end;
        Ok(name)
    }

    /// Takes the colon, and looks at what the value begins with.
    fn behind_colon(&mut self) -> Result<Token, Fault> {
        if self.peek()?.is_none_or(|token| token.kind != Kind::Mark(':')) {
            return fault(self.at, Cause::MissingColon);
        }
        self.at += ':'.len_utf8();
        match self.peek()? {
            None | Some(Token { kind: Kind::Mark('}' | ']' | ',' | ':'), .. }) => {
                fault(self.at, Cause::MissingValue)
            }
            Some(token) => Ok(token),
        }
    }

    /// What follows a part: a comma and its place, the closing bracket, or the end of the text.
    fn comma(&mut self, close: char) -> Result<Option<usize>, Fault> {
        let end = self.at;
        let Some(token) = self.peek()? else { return Ok(None) };
        let begins_part = |c: char| may_begin(c) || c.is_ascii_digit() || "+-.\\".contains(c);
        match token.kind {
            Kind::Mark(',') => {
                self.at = token.span.end;
                Ok(Some(token.span.start))
            }
            Kind::Mark(found) if found == close => Ok(None),
            Kind::Mark('{' | '[') | Kind::Quoted { .. } => fault(end, Cause::MissingComma),
            Kind::Mark(found) => fault(self.at, stray(found, Cause::UnexpectedText)),
            _ if self.text[self.at..].starts_with(begins_part) => fault(end, Cause::MissingComma),
            _ => fault(self.at, Cause::UnexpectedText),
        }
    }

    /// What a string in quotes means.
    fn string(&self, quoted: Span) -> Result<String, Fault> {
        let body = Span::new(quoted.start + 1, quoted.end - 1);
        let mut meaning = String::with_capacity(body.end - body.start);
        let mut rest = body.of(self.text).chars();
        while let Some(c) = rest.next() {
            if c == '\\' {
                let offset = body.end - rest.as_str().len() - 1;
                let escape = Fault { offset, cause: Cause::BadEscape };
                unescape(&mut rest, &mut meaning).ok_or(escape)?;
            } else {
                meaning.push(c);
            }
        }
        Ok(meaning)
    }
}

type Members = indexmap::IndexMap<String, Value>;

/// What makes a word none that JSON5 could have, and where in it.
fn slip_of(word: &str) -> Option<(usize, Cause)> {
    if word.starts_with("```") {
        return Some((0, Cause::Fence));
    }
    if word.starts_with('#') {
        return Some((0, Cause::Hash));
    }
    let (offset, found) = word.char_indices().find(|(_, c)| is_invisible(*c))?;
    Some((offset, Cause::Invisible { found }))
}

/// What a mark tells where a value or a key was expected.
fn stray(found: char, otherwise: Cause) -> Cause {
    match found {
        '}' | ']' => Cause::WrongBracket { found },
        ',' => Cause::ExtraComma,
        _ => otherwise,
    }
}

/// What follows a backslash; a line that goes on means nothing. `None`: JSON5 has no such escape.
fn unescape(rest: &mut Chars<'_>, meaning: &mut String) -> Option<()> {
    meaning.push(match rest.next()? {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        'x' => char::from_u32(hexadecimal(rest, 2)?.into())?,
        'u' => code_point(rest)?,
        '0' if !rest.as_str().starts_with(|c: char| c.is_ascii_digit()) => '\0',
        '0'..='9' => return None,
        '\r' if rest.as_str().starts_with('\n') => return rest.next().map(drop),
        '\r' | '\n' | '\u{2028}' | '\u{2029}' => return Some(()),
        itself => itself,
    });
    Some(())
}

fn hexadecimal(rest: &mut Chars<'_>, digits: usize) -> Option<u16> {
    let add = |value, _| {
        let digit = rest.next()?.to_digit(16)?;
        Some(value << 4 | u16::try_from(digit).ok()?)
    };
    (0..digits).try_fold(0, add)
}

/// `XXXX`, or the two halves of a surrogate pair, `XXXX\uXXXX`.
fn code_point(rest: &mut Chars<'_>) -> Option<char> {
    let mut units = vec![hexadecimal(rest, 4)?];
    if (0xd800..0xdc00).contains(&units[0]) {
        *rest = rest.as_str().strip_prefix("\\u")?.chars();
        units.push(hexadecimal(rest, 4)?);
    }
    char::decode_utf16(units).next()?.ok()
}

/// The name that an unquoted key spells: ECMAScript's `IdentifierName`, with its `\uXXXX` escapes.
fn identifier(word: &str) -> Option<String> {
    let mut name = String::with_capacity(word.len());
    let mut rest = word.chars();
    while let Some(c) = rest.next() {
        name.push(match c {
            '\\' if rest.next()? == 'u' => char::from_u32(hexadecimal(&mut rest, 4)?.into())?,
            _ => c,
        });
    }
    is_identifier(&name).then_some(name)
}

/// Whether `name` may stand as a key without quotes.
pub(super) fn is_identifier(name: &str) -> bool {
    let may_continue =
        |c| matches!(c, '$' | '\u{200c}' | '\u{200d}') || unicode_ident::is_xid_continue(c);
    name.starts_with(may_begin) && name.chars().all(may_continue)
}

fn may_begin(c: char) -> bool {
    matches!(c, '$' | '_') || unicode_ident::is_xid_start(c)
}

/// What a word means where a value stands.
fn word(word: &str) -> Result<Value, Cause> {
    match word {
        "null" => Ok(Value::Null),
        "true" | "false" => Ok(Value::Bool(word == "true")),
        _ if word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => {
            number(word).map(Value::Number).ok_or(Cause::BadNumber)
        }
        _ => number(word).map(Value::Number).ok_or_else(|| {
            literal(word).map_or(Cause::BareWord, |right| Cause::OtherLiteral { right })
        }),
    }
}

/// The double that JavaScript makes of a JSON5 number.
fn number(word: &str) -> Option<f64> {
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    let magnitude = match digits.as_bytes() {
        b"Infinity" => f64::INFINITY,
        b"NaN" => f64::NAN,
        [b'0', b'x' | b'X', _, ..] => digits[2..].chars().try_fold(0.0, |value, digit| {
            digit.to_digit(16).map(|digit| value * 16.0 + f64::from(digit))
        })?,
        [b'0', b'0'..=b'9', ..] => return None,
        [b'0'..=b'9' | b'.', ..] => digits.parse().ok()?,
        _ => return None,
    };
    Some(if word.starts_with('-') { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::{identifier, number};

    #[test]
    fn numbers_are_javascripts() {
        for (literal, value) in [
            ("0x1F", 31.0),
            ("-0X10", -16.0),
            ("+1", 1.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("5.e3", 5000.0),
            ("-.5", -0.5),
            ("1e-2", 0.01),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(number(literal).map(f64::to_bits), Some(value.to_bits()), "{literal}");
        }
        assert!(number("NaN").unwrap().is_nan());
        for word in ["01", "0x", "1_0", "inf", "nan", "--1", ".", "e1", "1e", ""] {
            assert_eq!(number(word), None, "{word}");
        }
    }

    #[test]
    fn unquoted_keys() {
        for (word, name) in [
            ("$schema", Some("$schema")),
            ("频道", Some("频道")),
            ("\\u0061b", Some("ab")),
            ("null_x", Some("null_x")),
            ("a-b", None),
            ("1a", None),
            ("\\u002d", None),
            ("\\u00", None),
            ("", None),
        ] {
            assert_eq!(identifier(word).as_deref(), name, "{word}");
        }
    }
}
