//! From an edit's meaning to the bytes that it takes.

use super::Document;
use super::edit::Edit;
use super::error::EditError;
use super::insert::Site;
use super::key_path::KeyPath;
use super::list::{List, has_line_end, indentation};
use super::place::Place;
use super::remove::take_out;
use super::splice::Splice;
use super::style::Style;
use super::tree::{Content, Node};
use super::value::Value;
use super::write::Layout;

/// The next bytes to change for `edit`: one part at a time, so that positions are always those of
/// the text as it is. Nothing, if the text has nothing to change.
pub(super) fn next_splices(
    document: &Document,
    edit: &Edit,
) -> Result<Option<Vec<Splice>>, EditError> {
    match edit {
        Edit::Set { path, value } => next_of_set(document, path, value),
        Edit::Remove { path } => next_of_remove(document, path),
        Edit::Append { path, value } => next_of_append(document, path, value),
        Edit::Withdraw { path, value } => next_of_withdraw(document, path, value),
    }
}

type Next = Result<Option<Vec<Splice>>, EditError>;

fn next_of_set(document: &Document, path: &KeyPath, value: &Value) -> Next {
    let Some(root) = &document.root else {
        return Ok(Some(vec![first_object(document, path, value)?]));
    };
    let (around, missing) = way_down(root, path.segments());
    if !missing.is_empty() {
        return insert_member(document, path, &around, missing, value).map(Some);
    }
    let Some(present) = around.last() else { return Ok(None) };
    match (present.value(), value) {
        (now, value) if now == *value => Ok(None),
        (Value::Object(now), Value::Object(wanted)) => {
            let surplus = now.keys().find(|name| !wanted.contains_key(*name));
            if let Some(name) = surplus {
                return next_of_remove(document, &path.child(name.as_str()));
            }
            let differs = wanted.iter().find(|(name, value)| now.get(*name) != Some(value));
            let Some((name, value)) = differs else { return Ok(None) };
            next_of_set(document, &path.child(name.as_str()), value)
        }
        _ if path.segments().is_empty() => whole_document(document),
        _ => Ok(Some(vec![replace(&document.text, &around, value)])),
    }
}

/// The values on the way along `path`, and the segments that lead nowhere.
fn way_down<'n, 'p>(root: &'n Node, path: &'p [String]) -> (Vec<&'n Node>, &'p [String]) {
    let mut around = vec![root];
    let mut missing = path;
    while let Some((first, rest)) = missing.split_first() {
        let Some(child) = around.last().and_then(|node| node.child(first)) else { break };
        around.push(child);
        missing = rest;
    }
    (around, missing)
}

/// `missing` keys around `value`, all but the first of them.
fn nested(missing: &[String], value: &Value) -> Value {
    let wrap = |inner, name: &String| Value::from([(name.clone(), inner)]);
    missing.iter().skip(1).rev().fold(value.clone(), wrap)
}

fn insert_member(
    document: &Document,
    path: &KeyPath,
    around: &[&Node],
    missing: &[String],
    value: &Value,
) -> Result<Vec<Splice>, EditError> {
    let (file, text) = (document.path.clone(), &document.text);
    let container = around.last().ok_or(EditError::WholeDocument { path: file.clone() })?;
    let place = Place::of(text, container.span.start);
    let depth = path.segments().len() - missing.len();
    let key = KeyPath::from(&path.segments()[..depth]);
    match &container.content {
        Content::Scalar(_) => return Err(EditError::NotAnObject { path: file, key, place }),
        Content::Array(_) => {
            let key = key.child(&*missing[0]);
            return Err(EditError::NoSuchElement { path: file, key, place });
        }
        Content::Object(_) => {}
    }
    let inner = nested(missing, value);
    let site = Site::inside(text, around).ok_or(EditError::WholeDocument { path: file })?;
    Ok(site.add(|style, layout| style.member(&missing[0], &inner, layout)))
}

fn replace(text: &str, around: &[&Node], value: &Value) -> Splice {
    let (node, parents) = (around[around.len() - 1], &around[..around.len() - 1]);
    let mut style = Style::learn(text, parents);
    if let Some(quote @ ('"' | '\'')) = text[node.span.start..].chars().next() {
        style.quote = quote;
    }
    let in_lines = parents.last().is_some_and(|parent| List::of(text, parent).is_in_lines(text))
        || has_line_end(&text[node.span.start..node.span.end]);
    let lines = Layout::Lines { indentation: indentation(text, node.span.start) };
    let layout = if in_lines { lines } else { Layout::OneLine };
    Splice::subject(node.span, style.value(value, layout))
}

/// The object of a file that holds only white space and comments goes behind them.
fn first_object(document: &Document, path: &KeyPath, value: &Value) -> Result<Splice, EditError> {
    let text = &document.text;
    let whole = match path.segments() {
        [] => value.clone(),
        segments => Value::from([(segments[0].clone(), nested(segments, value))]),
    };
    if !matches!(whole, Value::Object(_)) {
        return Err(EditError::WholeDocument { path: document.path.clone() });
    }
    let style = Style::learn(text, &[]);
    let object = style.value(&whole, Layout::Lines { indentation: "" });
    let line_end = style.line_end;
    let fresh = text.is_empty() || text.ends_with(['\n', '\r', '\u{feff}']);
    let start = if fresh { "" } else { line_end };
    Ok(Splice::insertion(text.len(), format!("{start}{object}{line_end}")))
}

fn whole_document(document: &Document) -> Next {
    Err(EditError::WholeDocument { path: document.path.clone() })
}

fn next_of_remove(document: &Document, path: &KeyPath) -> Next {
    let Some((last, parents)) = path.segments().split_last() else {
        return whole_document(document);
    };
    let Some(root) = &document.root else { return Ok(None) };
    let (around, missing) = way_down(root, parents);
    let Some(container) = around.last().filter(|_| missing.is_empty()) else { return Ok(None) };
    let position = match &container.content {
        Content::Object(members) => members.iter().rposition(|member| member.name == *last),
        Content::Array(elements) => last.parse().ok().filter(|index| *index < elements.len()),
        Content::Scalar(_) => None,
    };
    let parts = List::of(&document.text, container);
    Ok(position.map(|position| take_out(&document.text, &parts, position)))
}

/// The values on the way to the array at `path`, the array last; nothing if the path ends early.
fn array_at<'n>(document: &'n Document, path: &KeyPath) -> Result<Vec<&'n Node>, EditError> {
    let Some(root) = &document.root else { return Ok(Vec::new()) };
    let (around, missing) = way_down(root, path.segments());
    match around.last() {
        Some(node) if missing.is_empty() && !matches!(node.content, Content::Array(_)) => {
            let place = Place::of(&document.text, node.span.start);
            let (path, key) = (document.path.clone(), path.clone());
            Err(EditError::NotAnArray { path, key, place })
        }
        _ if missing.is_empty() => Ok(around),
        _ => Ok(Vec::new()),
    }
}

fn next_of_append(document: &Document, path: &KeyPath, value: &Value) -> Next {
    let around = array_at(document, path)?;
    let holds = |array: &Node| array.children().iter().any(|element| element.value() == *value);
    if around.last().is_none_or(|array| holds(array)) {
        return Ok(None);
    }
    let site = Site::inside(&document.text, &around);
    Ok(site.map(|site| site.add(|style, layout| style.value(value, layout))))
}

fn next_of_withdraw(document: &Document, path: &KeyPath, value: &Value) -> Next {
    let around = array_at(document, path)?;
    let Some(array) = around.last() else { return Ok(None) };
    let position = array.children().iter().rposition(|element| element.value() == *value);
    let list = List::of(&document.text, array);
    Ok(position.map(|position| take_out(&document.text, &list, position)))
}
