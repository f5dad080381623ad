//! From an edit's meaning to the bytes that it takes, and the proof that no other byte has moved.
//!
//! A new part of a list follows the last one: on a line of its own if that one has one (behind the
//! comments of that line, so they stay with what they speak of), else on the same line. A part that goes
//! takes its comma along, and the white space that was only there for it.

use super::Document;
use super::edit::{Change, Edit, KeyPath};
use super::error::{Cause, ConfigError};
use super::parse::{Node, Part};
use super::token::{Kind, Span, Token, has_line_end, is_line_end, is_space, tokens, trivia};
use super::value::Value;
use super::write::{Layout, Style, indentation};

type Next = Result<Option<Vec<Splice>>, ConfigError>;

/// The next bytes to change for `edit`, which sets no object onto an object (see [`Edit::split`]):
/// one part at a time, so that positions are always those of the text as it is. Nothing, if the
/// text has nothing to change.
pub(super) fn next_splices(document: &Document, edit: &Edit) -> Next {
    match &edit.change {
        Change::Set(value) => set(document, &edit.path, value),
        Change::Remove => remove_key(document, &edit.path),
        Change::Append(value) => append(document, &edit.path, value),
        Change::Withdraw(value) => withdraw(document, &edit.path, value),
    }
}

fn set(document: &Document, path: &KeyPath, value: &Value) -> Next {
    if document.get(path.segments()) == Some(value) {
        return Ok(None);
    }
    let Some(root) = &document.root else {
        return first_object(document, path, value).map(|splice| Some(vec![splice]));
    };
    let (around, missing) = way_down(root, path.segments());
    if !missing.is_empty() {
        return insert_member(document, path, &around, missing, value).map(Some);
    }
    if path.segments().is_empty() {
        return Err(whole_document(document));
    }
    Ok(Some(vec![replace(&document.text, &around, value)]))
}

/// The values on the way along `path`, and the segments that lead nowhere.
fn way_down<'n, 'p>(root: &'n Node, path: &'p [String]) -> (Vec<&'n Node>, &'p [String]) {
    let mut around = vec![root];
    for (depth, segment) in path.iter().enumerate() {
        let Some(child) = around[depth].child(segment) else { return (around, &path[depth..]) };
        around.push(child);
    }
    (around, &[])
}

/// `keys` around `value`.
fn nested(keys: &[String], value: &Value) -> Value {
    let wrap = |inner, name: &String| Value::from([(name.clone(), inner)]);
    keys.iter().rev().fold(value.clone(), wrap)
}

fn insert_member(
    document: &Document,
    path: &KeyPath,
    around: &[&Node],
    missing: &[String],
    value: &Value,
) -> Result<Vec<Splice>, ConfigError> {
    let text = &document.text;
    let container = around[around.len() - 1];
    let key = KeyPath::from(&path.segments()[..path.segments().len() - missing.len()]);
    if !container.is_object(text) {
        let is_array = text[container.span.start..].starts_with('[');
        let cause = if is_array {
            Cause::NoSuchElement(key.child(&*missing[0]))
        } else {
            Cause::NotAnObject(key)
        };
        return Err(document.error(container.span.start, cause));
    }
    let inner = nested(&missing[1..], value);
    let site = Site::inside(text, around);
    Ok(site.add(|style, layout| style.member(&missing[0], &inner, layout)))
}

fn replace(text: &str, around: &[&Node], value: &Value) -> Splice {
    let (node, parents) = (around[around.len() - 1], &around[..around.len() - 1]);
    let mut style = Style::learn(text, parents);
    if let Some(quote @ ('"' | '\'')) = text[node.span.start..].chars().next() {
        style.quote = quote;
    }
    let in_lines = parents.last().is_some_and(|parent| parent.is_in_lines(text))
        || has_line_end(node.span.of(text));
    let lines = Layout::Lines { indentation: indentation(text, node.span.start) };
    let layout = if in_lines { lines } else { Layout::OneLine };
    Splice::subject(node.span, style.value(value, layout))
}

/// The object of a file that holds only white space and comments goes behind them.
fn first_object(document: &Document, path: &KeyPath, value: &Value) -> Result<Splice, ConfigError> {
    let text = &document.text;
    let whole = nested(path.segments(), value);
    if whole.as_object().is_none() {
        return Err(whole_document(document));
    }
    let style = Style::learn(text, &[]);
    let object = style.value(&whole, Layout::Lines { indentation: "" });
    let line_end = style.line_end;
    let fresh = text.is_empty() || text.ends_with(['\n', '\r', '\u{feff}']);
    let start = if fresh { "" } else { line_end };
    Ok(Splice::insertion(text.len(), format!("{start}{object}{line_end}")))
}

fn whole_document(document: &Document) -> ConfigError {
    ConfigError::of_file(&document.path, Cause::WholeDocument)
}

fn remove_key(document: &Document, path: &KeyPath) -> Next {
    let Some((last, parents)) = path.segments().split_last() else {
        return Err(whole_document(document));
    };
    let Some(root) = &document.root else { return Ok(None) };
    let (around, missing) = way_down(root, parents);
    let container = around[around.len() - 1];
    let position = container.position(last).filter(|_| missing.is_empty());
    Ok(position.map(|position| remove(&document.text, container, position)))
}

/// The elements of the array at `path`, if there is one.
fn elements<'d>(
    document: &'d Document,
    path: &KeyPath,
) -> Result<Option<&'d Vec<Value>>, ConfigError> {
    match (document.get(path.segments()), &document.root) {
        (Some(Value::Array(elements)), _) => Ok(Some(elements)),
        (Some(_), Some(root)) => {
            let (around, _) = way_down(root, path.segments());
            let start = around[around.len() - 1].span.start;
            Err(document.error(start, Cause::NotAnArray(path.clone())))
        }
        _ => Ok(None),
    }
}

fn append(document: &Document, path: &KeyPath, value: &Value) -> Next {
    let missing = elements(document, path)?.filter(|elements| !elements.contains(value));
    let (Some(_), Some(root)) = (missing, &document.root) else { return Ok(None) };
    let site = Site::inside(&document.text, &way_down(root, path.segments()).0);
    Ok(Some(site.add(|style, layout| style.value(value, layout))))
}

fn withdraw(document: &Document, path: &KeyPath, value: &Value) -> Next {
    let position = elements(document, path)?
        .and_then(|elements| elements.iter().rposition(|element| element == value));
    match position {
        Some(position) => remove_key(document, &path.child(position.to_string())),
        None => Ok(None),
    }
}

/// One span and what stands there afterwards.
#[derive(Clone)]
pub(super) struct Splice {
    span: Span,
    with: String,
    /// The value or member that the edit is about, which may vanish with its comments.
    subject: bool,
}

impl Splice {
    /// New text between two bytes.
    fn insertion(at: usize, with: impl Into<String>) -> Self {
        Self { span: Span::new(at, at), with: with.into(), subject: false }
    }

    /// White space and commas around the subject go.
    fn closing_up(start: usize, end: usize) -> Self {
        Self { span: Span::new(start, end), with: String::new(), subject: false }
    }

    /// The subject itself goes or is replaced.
    fn subject(span: Span, with: impl Into<String>) -> Self {
        Self { span, with: with.into(), subject: true }
    }

    /// Whether only the subject, white space or commas vanish: never a comment beside it.
    fn is_valid(&self, text: &str) -> bool {
        let gone = self.span.of(text);
        self.subject || gone.chars().all(|c| c == ',' || is_space(c))
    }
}

/// The text with all splices made, which are in order and do not overlap; `None` if they do, or if
/// one takes what it may not.
pub(super) fn apply(text: &str, splices: &[Splice]) -> Option<String> {
    let mut result = String::with_capacity(text.len());
    let mut copied = 0;
    for splice in splices {
        let valid = splice.span.start >= copied && splice.is_valid(text);
        result.push_str(text.get(copied..splice.span.start).filter(|_| valid)?);
        result.push_str(&splice.with);
        copied = splice.span.end;
    }
    result.push_str(&text[copied..]);
    Some(result)
}

/// Whether `new` has exactly the bytes of `old` outside the splices. Walks from the end, so that
/// it is no repetition of [`apply`].
pub(super) fn is_same_outside(old: &str, new: &str, splices: &[Splice]) -> bool {
    let (mut old, mut new) = (old.as_bytes(), new.as_bytes());
    for splice in splices.iter().rev() {
        let kept = &old[splice.span.end..];
        let Some(rest) = new.strip_suffix(kept) else { return false };
        let Some(rest) = rest.strip_suffix(splice.with.as_bytes()) else { return false };
        (old, new) = (&old[..splice.span.start], rest);
    }
    old == new
}

/// Where a part goes into a list.
struct Site<'t> {
    text: &'t str,
    list: &'t Node,
    /// The white space before the list's own line.
    outer: &'t str,
    /// Whether an empty list here should become one with lines.
    prefers_lines: bool,
    style: Style,
}

impl<'t> Site<'t> {
    /// The site in the last of `around`, which leads from the root to it and is not empty.
    fn inside(text: &'t str, around: &[&'t Node]) -> Self {
        let (list, parents) = (around[around.len() - 1], &around[..around.len() - 1]);
        let outer = indentation(text, list.span.start);
        let prefers_lines = parents.last().is_none_or(|parent| begins_line(text, parent, list));
        Self { text, list, outer, prefers_lines, style: Style::learn(text, around) }
    }

    /// The splices that add what `write` writes.
    fn add(&self, write: impl Fn(&Style, Layout<'_>) -> String) -> Vec<Splice> {
        match self.list.parts.last() {
            Some(_) if self.list.is_in_lines(self.text) => self.add_line(write),
            Some(_) => self.add_in_line(&write(&self.style, Layout::OneLine)),
            None => match self.last_comment() {
                Some(comment) => self.add_behind_comment(comment, write),
                None => self.fill(write),
            },
        }
    }

    fn add_line(&self, write: impl Fn(&Style, Layout<'_>) -> String) -> Vec<Splice> {
        let Some(last) = self.list.parts.last() else { return Vec::new() };
        let indentation = indentation(self.text, last.span().start);
        let part = write(&self.style, Layout::Lines { indentation });
        let at = after_comments_on_line(self.text, last.end());
        let (line_end, comma) = (self.style.line_end, if last.comma.is_some() { "," } else { "" });
        let mut splices =
            vec![Splice::insertion(at, format!("{line_end}{indentation}{part}{comma}"))];
        if last.comma.is_none() {
            splices.insert(0, Splice::insertion(last.span().end, ","));
        }
        splices
    }

    fn add_in_line(&self, part: &str) -> Vec<Splice> {
        let Some(last) = self.list.parts.last() else { return Vec::new() };
        let gap = &self.style.gap;
        let with = match last.comma {
            Some(_) => format!("{gap}{part},"),
            None => format!(",{gap}{part}"),
        };
        vec![Splice::insertion(last.end(), with)]
    }

    fn add_behind_comment(
        &self,
        comment: Token,
        write: impl Fn(&Style, Layout<'_>) -> String,
    ) -> Vec<Splice> {
        let (at, line_end) = (comment.span.end, self.style.line_end);
        let in_lines = comment.kind == Kind::LineComment
            || has_line_end(&self.text[self.list.open()..comment.span.start]);
        if !in_lines {
            let part = write(&self.style, Layout::OneLine);
            let padding = if at == self.list.close() { self.padding() } else { "" };
            return vec![Splice::insertion(at, format!(" {part}{padding}"))];
        }
        let starts_line = indentation(self.text, comment.span.start);
        let begins = self.text[..comment.span.start].strip_suffix(starts_line);
        let inner = self.inner();
        let own_line = begins.is_some_and(|before| before.ends_with(['\n', '\r']));
        let indentation = if own_line { starts_line } else { &inner };
        let part = write(&self.style, Layout::Lines { indentation });
        let closes_line = !has_line_end(&self.text[at..self.list.close()]);
        let closing = if closes_line { format!("{line_end}{}", self.outer) } else { String::new() };
        vec![Splice::insertion(at, format!("{line_end}{indentation}{part}{closing}"))]
    }

    /// The first part of a list that holds nothing, or only white space.
    fn fill(&self, write: impl Fn(&Style, Layout<'_>) -> String) -> Vec<Splice> {
        let (open, close) = (self.list.open(), self.list.close());
        let inside = &self.text[open..close];
        let line_end = self.style.line_end;
        let comma = if self.style.trailing_comma { "," } else { "" };
        let inner = self.inner();
        if has_line_end(inside) {
            let part = write(&self.style, Layout::Lines { indentation: &inner });
            return vec![Splice::insertion(open, format!("{line_end}{inner}{part}{comma}"))];
        }
        if self.prefers_lines {
            let part = write(&self.style, Layout::Lines { indentation: &inner });
            let with = format!("{line_end}{inner}{part}{comma}{line_end}{}", self.outer);
            return vec![Splice::closing_up(open, close), Splice::insertion(close, with)];
        }
        let part = write(&self.style, Layout::OneLine);
        let padding = if inside.is_empty() { self.style.padding.as_str() } else { "" };
        vec![Splice::insertion(open, format!("{padding}{part}")), Splice::insertion(close, padding)]
    }

    fn padding(&self) -> &str {
        if self.list.is_object(self.text) { &self.style.padding } else { "" }
    }

    fn inner(&self) -> String {
        format!("{}{}", self.outer, self.style.unit)
    }

    fn last_comment(&self) -> Option<Token> {
        trivia(self.text, self.list.open()).filter(|token| token.is_comment()).last()
    }
}

/// The end of the last comment that follows `start` on its line.
fn after_comments_on_line(text: &str, start: usize) -> usize {
    let ends_line = |token: &Token| token.kind == Kind::Space && has_line_end(token.span.of(text));
    let on_line = trivia(text, start).take_while(|token| !ends_line(token));
    on_line.filter(|token| token.is_comment()).last().map_or(start, |comment| comment.span.end)
}

fn begins_line(text: &str, parent: &Node, child: &Node) -> bool {
    let is_child = |part: &super::parse::Part| part.value.span == child.span;
    let position = parent.parts.iter().position(is_child);
    position.is_some_and(|position| has_line_end(parent.gap_before(text, position)))
}

/// The splices that remove the part at `position`.
///
/// Comments stay, also the one behind the part on its line: they are the user's words, and nobody
/// but the user knows whether they speak only of that part. Where they end up alone, they keep the
/// line. Removing what [`Site`] added restores the bytes, except in a list that held nothing but
/// white space: `{ }` comes back as `{}`.
fn remove(text: &str, list: &Node, position: usize) -> Vec<Splice> {
    let part = &list.parts[position];
    if list.parts.len() == 1 && !has_comments(text, list) {
        return vec![
            Splice::closing_up(list.open(), part.span().start),
            Splice::subject(part.span(), ""),
            Splice::closing_up(part.span().end, list.close()),
        ];
    }
    let mut splices = Vec::new();
    // The last part without a trailing comma leaves its predecessor without one.
    if let (None, Some(before)) = (part.comma, position.checked_sub(1)) {
        splices.extend(list.parts[before].comma.map(|comma| Splice::closing_up(comma, comma + 1)));
    }
    let around = space_to_close(text, list, position);
    splices.push(Splice::closing_up(around.start, part.span().start));
    splices.push(Splice::subject(part.span(), ""));
    match part.comma {
        Some(comma) if text[part.span().end..comma].chars().all(is_space) => {
            splices.push(Splice::closing_up(part.span().end, around.end));
        }
        Some(comma) => splices.push(Splice::closing_up(comma, around.end)),
        None => splices.push(Splice::closing_up(part.span().end, around.end)),
    }
    splices.retain(|splice| splice.span.start < splice.span.end);
    splices
}

/// Whether the list of a single part holds comments beside it.
fn has_comments(text: &str, list: &Node) -> bool {
    let comments = |start, end| tokens(&text[start..end]).any(Token::is_comment);
    let around = |part: &Part| {
        comments(list.open(), part.span().start) || comments(part.span().end, list.close())
    };
    list.parts.iter().any(around)
}

/// The span from the first white space that goes before the part to the last that goes behind it
/// (behind its comma, if it has one).
fn space_to_close(text: &str, list: &Node, position: usize) -> Span {
    let part = &list.parts[position];
    let before = space_before(text, list.open(), part.span().start);
    let after = space_after(text, part.end());
    let (gap, rest) = (&text[before..part.span().start], &text[part.end()..after]);
    let at_close = after == list.close();
    let keep = Span::new(part.span().start, part.end());
    // A comment before the comma keeps the line, and must not move up behind another one.
    let comment_stays = !text[part.span().end..part.end()].chars().all(|c| c == ',' || is_space(c));
    match (has_line_end(gap), has_line_end(rest)) {
        (true, _) if comment_stays => keep,
        // A line of its own goes as a whole.
        (true, true) => Span::new(
            last_line(text, before, part.span().start),
            up_to_line_end(text, part.end(), after),
        ),
        // The bracket moves up, unless a line comment would swallow it.
        (true, false) if at_close && !ends_line_comment(text, list, before) => {
            Span::new(last_line(text, before, keep.start), keep.end)
        }
        (true, false) if at_close => keep,
        // What follows takes the place at the line's start.
        (true, false) => Span::new(keep.start, after),
        (false, false) if position == 0 && !at_close => Span::new(keep.start, after),
        (false, _) => Span::new(before, keep.end),
    }
}

fn space_before(text: &str, open: usize, start: usize) -> usize {
    open + text[open..start].trim_end_matches(is_space).len()
}

fn space_after(text: &str, end: usize) -> usize {
    text.len() - text[end..].trim_start_matches(is_space).len()
}

/// Where the last line end within white space begins.
fn last_line(text: &str, start: usize, end: usize) -> usize {
    let space = &text[start..end];
    let Some(at) = space.rfind(is_line_end) else { return start };
    start + if space[..at].ends_with('\r') && space[at..].starts_with('\n') { at - 1 } else { at }
}

fn up_to_line_end(text: &str, start: usize, end: usize) -> usize {
    text[start..end].find(is_line_end).map_or(end, |at| start + at)
}

fn ends_line_comment(text: &str, list: &Node, end: usize) -> bool {
    let before = tokens(&text[list.open()..end]).last();
    before.is_some_and(|token| token.kind == Kind::LineComment)
}

#[cfg(test)]
mod tests {
    use crate::openclaw::document::steps::{Span, Splice, apply, is_same_outside};

    #[test]
    fn a_comment_beside_the_subject_may_not_vanish() {
        let text = "{a: 1 /* c */, b: 2}";
        assert!(apply(text, &[Splice::closing_up(5, 14)]).is_none());
        assert!(apply(text, &[Splice::subject(Span::new(1, 14), "")]).is_some());
    }

    #[test]
    fn a_moved_byte_is_seen() {
        let splices = [Splice::insertion(1, "x"), Splice::insertion(2, "y")];
        let new = apply("abc", &splices).unwrap();
        assert_eq!(new, "axbyc");
        assert!(is_same_outside("abc", &new, &splices));
        assert!(!is_same_outside("abc", "axByc", &splices));
        assert!(!is_same_outside("abc", "axbyC", &splices));
    }
}
