//! A plan for people and for programs: every file with its diff, every job, in order.
//!
//! What a change does to a text, as a unified diff, and to files as a plan may show them: no
//! secret in a diff.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Map, Value, json};
use similar::algorithms::{Capture, Replace, myers};
use similar::udiff::UnifiedHunkHeader;
use similar::{DiffOp, group_diff_ops};

use super::Plan;
use crate::connector::adaptation::Change;
use crate::fs::replace::FileState;
use crate::language::Localized;
use crate::openclaw::document::{Document, KeyPath, masked as of_broken};
use crate::redaction::masked;
use crate::transaction::step::{FileStep, Role, Step};

/// The plan as text.
pub fn text(plan: &Plan) -> String {
    lines(plan, true)
}

/// The plan as text, without what the files differ in.
pub fn outline(plan: &Plan) -> String {
    lines(plan, false)
}

fn lines(plan: &Plan, with_differences: bool) -> String {
    let mut lines = vec![say!("Plan:")];
    for (number, step) in plan.steps.iter().enumerate() {
        lines.push(format!("{:>3}. {}", number + 1, step.text()));
        let difference = match step {
            _ if !with_differences => String::new(),
            Step::File(file) => file_difference(file),
            Step::Tree(tree) => tree.changes.iter().map(adaptation).collect(),
            _ => String::new(),
        };
        lines.extend(difference.lines().map(|line| format!("     {line}")));
    }
    if plan.adopts {
        lines.push(say!(
            "     The connector's files are already right; only openclaw-setup's record is written."
        ));
    }
    lines.join("\n")
}

/// A file of the coming tree that is not as it comes, with its difference.
fn adaptation(change: &Change) -> String {
    let path = &change.path;
    let what = match (&change.old, &change.new) {
        (None, _) => say!("create {path}", path),
        (_, None) => say!("remove {path}", path),
        _ => say!("edit {path}", path),
    };
    format!("{what}\n{}", difference(change))
}

fn difference(change: &Change) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    unified(&text(&change.old), &text(&change.new))
}

/// The plan as the body of a JSON document.
pub fn json(plan: &Plan) -> Map<String, Value> {
    let steps: Vec<Value> = plan.steps.iter().map(json_step).collect();
    let notes: Vec<Value> =
        plan.notes.iter().map(|note| json!({"code": note.code, "message": note.text()})).collect();
    let mut body = Map::new();
    body.insert("changes".to_owned(), json!(!plan.is_empty()));
    body.insert("connector".to_owned(), json!({"from": plan.connector.0, "to": plan.connector.1}));
    body.insert("steps".to_owned(), Value::Array(steps));
    body.insert("notes".to_owned(), Value::Array(notes));
    body
}

fn json_step(step: &Step) -> Value {
    let mut value = match step {
        Step::Stop { unit } => json!({"step": "stop", "unit": unit}),
        Step::Start { unit } => json!({"step": "start", "unit": unit}),
        Step::Linger { user, on, .. } => json!({"step": "linger", "user": user, "on": on}),
        Step::Reload => json!({"step": "reload"}),
        Step::Directory { path, mode } => {
            json!({"step": "directory", "path": path, "mode": format!("{mode:04o}")})
        }
        Step::Attributes { path, before, after } => json!({
            "step": "attributes",
            "path": path,
            "from": before.to_string(),
            "to": after.to_string(),
        }),
        Step::Move { from, to } => json!({"step": "move", "path": from, "to": to}),
        Step::RemoveDirectory { path, .. } => json!({"step": "remove-directory", "path": path}),
        Step::Tree(tree) => json!({
            "step": "tree",
            "path": tree.live,
            "from": tree.before.as_ref().map(|side| &side.version),
            "to": tree.after.as_ref().map(|side| &side.version),
            "adapted": tree.adapted(),
            "files": tree.changes.iter().map(|change| json!({
                "path": change.path,
                "creates": change.old.is_none(),
                "removes": change.new.is_none(),
                "diff": difference(change),
            })).collect::<Vec<_>>(),
        }),
        Step::File(file) => json!({
            "step": "file",
            "role": file.role,
            "path": file.path,
            "creates": file.before.is_none(),
            "removes": file.after.is_none(),
            "diff": file_difference(file),
        }),
    };
    value["message"] = json!(step.text());
    value
}

/// Lines longer than this are cut around their first difference (the page's config is one line).
const WIDEST: usize = 200;

/// A unified diff with three lines of context; empty where the texts are equal.
fn unified(old: &str, new: &str) -> String {
    let old_lines: Vec<_> = old.split_inclusive('\n').collect();
    let new_lines: Vec<_> = new.split_inclusive('\n').collect();
    let mut text = String::new();
    for hunk in group_diff_ops(operations(&old_lines, &new_lines), 3) {
        let _ = writeln!(text, "{}", UnifiedHunkHeader::new(&hunk));
        let changes = hunk.iter().flat_map(|op| op.iter_changes(&old_lines[..], &new_lines[..]));
        for change in changes {
            let line = change.value().trim_end_matches(['\n', '\r']);
            let start = window_start(line, old, new);
            let _ = writeln!(text, "{}{}", change.tag(), window(line, start));
        }
    }
    text
}

/// By one algorithm: `TextDiff` can choose at run time, and so brings all eight along (100 KB).
fn operations(old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    let mut capture = Replace::new(Capture::new());
    let whole = (0..old.len(), 0..new.len());
    let Ok(()) = myers::diff_deadline_raw(&mut capture, old, whole.0, new, whole.1, None);
    capture.into_inner().into_ops()
}

/// Where a long line is worth showing: a little before the first place at which the texts differ.
fn window_start(line: &str, old: &str, new: &str) -> usize {
    if line.chars().count() <= WIDEST {
        return 0;
    }
    let common = old.chars().zip(new.chars()).take_while(|(a, b)| a == b);
    let column = common.fold(0_usize, |column, (c, _)| if c == '\n' { 0 } else { column + 1 });
    column.saturating_sub(WIDEST / 4)
}

fn window(line: &str, start: usize) -> String {
    let total = line.chars().count();
    if total <= WIDEST {
        return line.to_owned();
    }
    let start = start.min(total.saturating_sub(WIDEST));
    let shown: String = line.chars().skip(start).take(WIDEST).collect();
    let before = if start > 0 { "…" } else { "" };
    let after = if start + WIDEST < total { "…" } else { "" };
    format!("{before}{shown}{after}")
}

/// The masked difference that a step makes; empty for our own records.
fn file_difference(step: &FileStep) -> String {
    let text = |state: Option<&FileState>| {
        state.map(|state| String::from_utf8_lossy(&state.bytes).into_owned()).unwrap_or_default()
    };
    let texts = || (text(step.contents.before.as_ref()), text(step.contents.after.as_ref()));
    match step.role {
        // as large as the tree has files
        Role::Record | Role::Connector => String::new(),
        Role::DropIn => {
            let (old, new) = texts();
            unified(&masked(&old), &masked(&new))
        }
        Role::Config | Role::Models => {
            let (old, new) = texts();
            masked_documents(&step.path, &old, &new)
        }
    }
}

fn masked_documents(path: &Path, old: &str, new: &str) -> String {
    let parse = |text: &str| Document::parse_any(path, text.as_bytes()).ok();
    let (Some(before), Some(after)) = (parse(old), parse(new)) else {
        return unified(&of_broken(old), &of_broken(new));
    };
    let is_new = |key: &KeyPath| before.get(key.segments()) != after.get(key.segments());
    unified(&before.masked(&|_| false), &after.masked(&is_new))
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn shows_the_change_with_its_neighbours() {
        let diff = unified("{\n  a: 1,\n}\n", "{\n  a: 2,\n}\n");
        assert_eq!(diff, "@@ -1,3 +1,3 @@\n {\n-  a: 1,\n+  a: 2,\n }\n");
        assert_eq!(unified("same", "same"), "");
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_change() {
        let old = format!("{}a{}", "x".repeat(900), "y".repeat(900));
        let new = format!("{}b{}", "x".repeat(900), "y".repeat(900));
        for line in unified(&old, &new).lines().filter(|line| !line.starts_with(['@', '\\'])) {
            assert!(line.contains("xa") || line.contains("xb"), "{line}");
            assert!(line.chars().count() < 210);
        }
    }
}
