//! The difference of two texts, as `diff -u` shows it.

use std::fmt::Write;

use similar::TextDiff;

/// Lines longer than this are cut around their first difference (the page's config is one line).
const WIDEST: usize = 200;

/// A unified diff with three lines of context; empty where the texts are equal.
#[must_use]
pub fn unified(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut text = String::new();
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        let _ = writeln!(text, "{}", hunk.header());
        for change in hunk.iter_changes() {
            let line = change.value().trim_end_matches(['\n', '\r']);
            let start = window_start(line, old, new);
            let _ = writeln!(text, "{}{}", change.tag(), window(line, start));
        }
    }
    text
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
