//! Files as a plan may show them: no secret in a diff.

use std::path::Path;

use super::diff;
use crate::openclaw::document::{Document, KeyPath, masked as of_broken};
use crate::redaction::masked;
use crate::transaction::step::{FileStep, Role};

/// The masked difference that a step makes; empty for our own records.
#[must_use]
pub fn difference(step: &FileStep) -> String {
    let text = |state: Option<&crate::fs::image::FileState>| {
        state.map(|state| String::from_utf8_lossy(&state.bytes).into_owned()).unwrap_or_default()
    };
    let (old, new) = (text(step.contents.before.as_ref()), text(step.contents.after.as_ref()));
    match step.role {
        Role::Record | Role::Connector => String::new(),
        Role::DropIn => diff::unified(&masked(&old), &masked(&new)),
        Role::Config | Role::Models => masked_documents(&step.path, &old, &new),
    }
}

fn masked_documents(path: &Path, old: &str, new: &str) -> String {
    let parse = |text: &str| Document::parse_any(path, text.as_bytes()).ok();
    let (Some(before), Some(after)) = (parse(old), parse(new)) else {
        return diff::unified(&of_broken(old), &of_broken(new));
    };
    let is_new = |key: &KeyPath| before.get(key.segments()) != after.get(key.segments());
    diff::unified(&before.masked(&|_| false), &after.masked(&is_new))
}
