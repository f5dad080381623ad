//! `completions`: prints a shell's completion script.
//!
//! What the definitions of the command line cannot say is put into the script of the three common
//! shells: ids of checks and codes as they are, transactions and payloads as they will be found.

use std::collections::BTreeSet;

use clap_complete::Shell;

use super::failure::Exit;
use crate::cli::localize;
use crate::doctor::CHECKS;
use crate::explanation;
use crate::report::console::Output;

/// A function of bash and zsh, which both of their scripts call.
const TRANSACTIONS: &str = include_str!("completions/transactions.bash");

/// The same in fish, of the line that is being written.
const TRANSACTIONS_IN_FISH: &str = include_str!("completions/transactions.fish");

/// What completes in bash; the words in capitals stand for what is known only here.
const VALUES: &str = include_str!("completions/values.bash");

/// Lists the payloads that packages have brought, one directory a line.
const PAYLOADS: &str = "find /usr/share/openclaw-setup/connectors/dingtalk-connector -mindepth 1 -maxdepth 1 -type d 2>/dev/null";

pub(super) fn run(shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut localize::command(), localize::PROGRAM, &mut script);
    let script = String::from_utf8_lossy(&script);
    let script = match shell {
        Shell::Bash => in_bash(&script),
        Shell::Zsh => in_zsh(&script),
        Shell::Fish => in_fish(&script),
        _ => script.into_owned(),
    };
    // a reader that has gone away is no error
    let _ = std::io::Write::write_all(&mut Output, script.as_bytes());
    Exit::Done
}

/// Ids, and the families before their dots.
fn with_families<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    let names = ids.flat_map(|id| [id.split('.').next().unwrap_or(id), id]);
    names.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
}

fn checks() -> String {
    with_families(CHECKS.iter().map(|check| check.id))
}

fn codes() -> String {
    with_families(explanation::all().map(|entry| entry.code))
}

/// A function before the generated one, which is asked for all else.
fn in_bash(script: &str) -> String {
    let program = localize::command();
    let arguments = program
        .get_subcommands()
        .flat_map(clap::Command::get_arguments)
        .chain(program.get_arguments());
    let valued = arguments.filter(|arg| arg.get_action().takes_values());
    let valued: BTreeSet<_> =
        valued.filter_map(|arg| Some(format!("--{}", arg.get_long()?))).collect();
    let valued = valued.into_iter().collect::<Vec<_>>().join(",*|");
    let function = VALUES
        .replace("VALUED", &valued)
        .replace("CHECKS", &checks())
        .replace("CODES", &codes())
        .replace("PAYLOADS", PAYLOADS);
    // clap_complete 4.6 takes the program's hyphen for the beginning of a subcommand, in one of two
    // places: no subcommand would be recognised
    let script = script.replace("openclaw__subcmd__setup", "openclaw__setup");
    format!("{script}\n{TRANSACTIONS}\n{function}")
}

/// The generated script completes files for each of them. Of the line it keeps only what follows the
/// command, so the whole of it is noted first.
fn in_zsh(script: &str) -> String {
    let found = [
        ("'*::checks ", format!("({})", checks())),
        ("'::code ", format!("({})", codes())),
        ("'::id ", "{compadd -- $(_openclaw_setup_transactions \"${typed[@]}\")}".to_owned()),
        ("'::source ", format!("{{_files; compadd -- $({PAYLOADS})}}")),
    ];
    let line = |line: &str| {
        let action = found.iter().find(|(start, _)| line.starts_with(start));
        action.map_or_else(
            || line.to_owned(),
            |(_, action)| line.replace(":_default'", &format!(":{action}'")),
        )
    };
    let script = script.lines().map(line).collect::<Vec<_>>().join("\n") + "\n";
    let begin = "_openclaw-setup() {\n";
    let noting =
        format!("\n{TRANSACTIONS}\n{begin}    local -a typed=(\"${{(@)words[2,CURRENT-1]}}\")\n");
    script.replacen(begin, &noting, 1)
}

fn in_fish(script: &str) -> String {
    let found = [
        ("doctor", "-f", checks()),
        ("explain", "-f", codes()),
        ("rollback", "-f", "(__openclaw_setup_transactions)".to_owned()),
        ("install upgrade", "-F", format!("({PAYLOADS})")),
    ];
    let line = |(commands, files, words): &(&str, &str, String)| {
        format!(
            "complete -c openclaw-setup -n \"__fish_openclaw_setup_using_subcommand {commands}\" {files} -a '{words}'\n"
        )
    };
    found
        .iter()
        .map(line)
        .fold(format!("{script}\n{TRANSACTIONS_IN_FISH}"), |script, line| script + &line)
}
