//! The examples in each command's help.

use crate::language::translated;
use crate::say;

/// A command, and in English what it is for.
type Example = (&'static str, &'static str);

/// Of each command, the program first.
#[rustfmt::skip] // a table: a line for each
pub const EXAMPLES: &[(&str, &[Example])] = &[
    ("openclaw-setup", &[
        ("openclaw-setup install", "asks for what is missing"),
        ("openclaw-setup doctor", "what is wrong, and what helps"),
        ("openclaw-setup rollback", "takes the last command back"),
    ]),
    ("install", &[
        ("openclaw-setup install", "asks for what is missing"),
        ("openclaw-setup install --dry-run", "shows the plan only"),
        ("openclaw-setup install --answers bot.json5 --yes", "asks nothing"),
    ]),
    ("upgrade", &[
        ("openclaw-setup upgrade", "to the newest that fits"),
        ("openclaw-setup upgrade connector.tgz --sha256 HEX", "to this one"),
    ]),
    ("uninstall", &[
        ("openclaw-setup uninstall --dry-run", "shows the plan only"),
        ("openclaw-setup uninstall --purge", "asks, then removes the records, too"),
    ]),
    ("apply", &[
        ("openclaw-setup apply --check --diff desired.json5", "shows the plan only"),
        ("openclaw-setup apply --yes --json desired.json5", "asks nothing"),
    ]),
    ("rollback", &[
        ("openclaw-setup rollback --dry-run", "shows the plan only"),
        ("openclaw-setup rollback 20261129-101500", "to before that one"),
    ]),
    ("status", &[
        ("openclaw-setup status --live", "asks whoever has to answer"),
        ("openclaw-setup status --watch", "again every 5 seconds"),
        ("openclaw-setup status --json", "for a program"),
    ]),
    ("verify", &[
        ("openclaw-setup verify", "names each file that differs"),
    ]),
    ("doctor", &[
        ("openclaw-setup doctor --fix --dry-run", "what would be repaired"),
        ("openclaw-setup doctor proxy service.unit", "only these checks"),
        ("openclaw-setup doctor --live llm", "asks the model's provider"),
    ]),
    ("history", &[
        ("openclaw-setup history --json", "for a program"),
    ]),
    ("recover", &[
        ("openclaw-setup --user bot recover", "as root, for another user"),
    ]),
    ("logs", &[
        ("openclaw-setup logs --follow", "until Ctrl-C"),
        ("openclaw-setup logs --since 2h", "of the last two hours"),
    ]),
    ("explain", &[
        ("openclaw-setup explain payload.unverified", "one code"),
        ("openclaw-setup explain gateway", "a family of them"),
    ]),
    ("completions", &[
        ("source <(openclaw-setup completions bash)", "for this shell"),
        ("openclaw-setup completions fish | source", "the same in fish"),
    ]),
];

/// The last part of a command's help, for a command that has examples.
pub(super) fn of(command: &str) -> Option<String> {
    let (_, examples) = EXAMPLES.iter().find(|(name, _)| *name == command)?;
    let width = examples.iter().map(|(line, _)| line.len()).max().unwrap_or_default();
    let line = |(line, what): &Example| format!("\n  {line:width$}  # {}", translated(what));
    Some(say!("Examples:") + &examples.iter().map(line).collect::<String>())
}
