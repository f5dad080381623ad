//! A plan for people and for programs: every file with its diff, every job, in order.

use serde_json::{Map, Value, json};

use super::{Plan, diff};
use crate::connector::adaptation::Change;
use crate::language::Localized;
use crate::transaction::step::Step;

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
            Step::File(file) => diff::difference(file),
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
    diff::unified(&text(&change.old), &text(&change.new))
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
            "diff": diff::difference(file),
        }),
    };
    value["message"] = json!(step.text());
    value
}
