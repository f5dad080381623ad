//! From an edit's meaning to the bytes that it takes, and the proof that no other byte has moved.

use super::Document;
use super::edit::{Change, Edit, KeyPath};
use super::error::{Cause, ConfigError};
use super::list::{Site, remove};
use super::parse::Node;
use super::token::{Span, has_line_end, is_space};
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
    pub(super) span: Span,
    pub(super) with: String,
    /// The value or member that the edit is about, which may vanish with its comments.
    subject: bool,
}

impl Splice {
    /// New text between two bytes.
    pub(super) fn insertion(at: usize, with: impl Into<String>) -> Self {
        Self { span: Span::new(at, at), with: with.into(), subject: false }
    }

    /// White space and commas around the subject go.
    pub(super) fn closing_up(start: usize, end: usize) -> Self {
        Self { span: Span::new(start, end), with: String::new(), subject: false }
    }

    /// The subject itself goes or is replaced.
    pub(super) fn subject(span: Span, with: impl Into<String>) -> Self {
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
