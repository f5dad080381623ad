//! The difference of two texts, as `diff -u` shows it.

use std::fmt::Write;

use similar::algorithms::{Capture, Replace, myers};
use similar::udiff::UnifiedHunkHeader;
use similar::{DiffOp, group_diff_ops};

/// Lines longer than this are cut around their first difference (the page's config is one line).
const WIDEST: usize = 200;

/// A unified diff with three lines of context; empty where the texts are equal.
#[must_use]
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
