//! What a change does to a text, as a unified diff, and to files as a plan may show them: no secret in a diff.

use std::fmt::Write;
use std::path::Path;

use similar::algorithms::{Capture, Replace, myers};
use similar::udiff::UnifiedHunkHeader;
use similar::{DiffOp, group_diff_ops};

use crate::fs::image::FileState;
use crate::openclaw::document::{Document, KeyPath, masked as of_broken};
use crate::redaction::masked;
use crate::transaction::step::{FileStep, Role};

/// Lines longer than this are cut around their first difference (the page's config is one line).
const WIDEST: usize = 200;

/// A unified diff with three lines of context; empty where the texts are equal.
pub fn unified(old: &str, new: &str) -> String {
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
pub fn difference(step: &FileStep) -> String {
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
