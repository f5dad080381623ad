//! The part of the page that the command line itself knows: synopsis, commands, options.

use clap::{Arg, Command};
use openclaw_setup::say;

use super::roff::{Page, bold, italic};

pub(super) fn synopsis(page: &mut Page) {
    page.section(&say!("SYNOPSIS"));
    let (options, command) = (say!("OPTIONS"), say!("COMMAND"));
    page.line(&format!("{} [{}] {}", bold("openclaw-setup"), italic(&options), italic(&command)));
}

/// Every command, with what only it understands.
pub(super) fn commands(page: &mut Page, program: &Command) {
    page.section(&say!("COMMANDS"));
    for command in program.get_subcommands() {
        page.subsection(&heading(command));
        page.paragraph(&text(command.get_about()));
        arguments(page, command, |arg| !arg.is_global_set());
        if let Some(after) = command.get_after_help() {
            page.literal(&after.to_string().lines().collect::<Vec<_>>());
        }
    }
}

/// What every command understands.
pub(super) fn global_options(page: &mut Page, program: &Command) {
    page.section(&say!("GLOBAL OPTIONS"));
    arguments(page, program, |_| true);
}

fn heading(command: &Command) -> String {
    let positionals = command.get_positionals().map(ToString::to_string);
    std::iter::once(command.get_name().to_owned()).chain(positionals).collect::<Vec<_>>().join(" ")
}

fn arguments(page: &mut Page, command: &Command, shown: impl Fn(&Arg) -> bool) {
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set() && shown(arg)) {
        page.item(&tag(arg), &text(arg.get_help()));
    }
}

fn tag(arg: &Arg) -> String {
    let value = arg.get_value_names().and_then(|names| names.first()).map(|name| italic(name));
    if arg.is_positional() {
        return value.unwrap_or_default();
    }
    let short = arg.get_short().map(|short| bold(&format!("-{short}")));
    let long = arg.get_long().map(|long| bold(&format!("--{long}")));
    let names: Vec<_> = short.into_iter().chain(long).collect();
    let value = value.filter(|_| arg.get_action().takes_values());
    let value = value.map(|value| format!(" {value}")).unwrap_or_default();
    format!("{}{value}", names.join(", "))
}

fn text(styled: Option<&clap::builder::StyledStr>) -> String {
    styled.map(ToString::to_string).unwrap_or_default()
}
