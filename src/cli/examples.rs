//! The examples in each command's help, as `examples.txt` has them.

use crate::language::translated;

/// A command, and in English what it is for.
type Example = (&'static str, &'static str);

/// Of each command, the program first.
pub fn all() -> impl Iterator<Item = (&'static str, Vec<Example>)> {
    let blocks = include_str!("examples.txt").split("\n\n").skip(1);
    blocks.filter_map(|block| {
        let (command, lines) = block.split_once('\n')?;
        Some((command, lines.lines().filter_map(|line| line.split_once("  # ")).collect()))
    })
}

/// The last part of a command's help, for a command that has examples.
pub(super) fn of(command: &str) -> Option<String> {
    let (_, examples) = all().find(|(name, _)| *name == command)?;
    let width = examples.iter().map(|(line, _)| line.len()).max().unwrap_or_default();
    let line = |(line, what): &Example| format!("\n  {line:width$}  # {}", translated(what));
    Some(say!("Examples:") + &examples.iter().map(line).collect::<String>())
}
