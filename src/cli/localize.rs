//! The command line in the reader's language: every text that clap would say in English only, be it help
//! or why a command line cannot be obeyed.

use std::error::Error as _;
use std::num::{IntErrorKind, ParseIntError};

use clap::builder::{PossibleValue, Resettable, StyledStr};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, CommandFactory};

use super::Cli;
use crate::language::{Explain, Problem, translated};

/// The program's name.
pub const PROGRAM: &str = "openclaw-setup";

/// Wide enough for a table, narrow enough for every terminal.
const WIDTH: usize = 80;

/// The whole command line, its texts in `language`.
pub fn command() -> Command {
    let command = Cli::command()
        .bin_name("openclaw-setup")
        .term_width(WIDTH)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(help_flag())
        .arg(version_flag());
    localized(command, PROGRAM)
}

/// Ours instead of clap's, whose text is English.
fn help_flag() -> Arg {
    flag("help", ArgAction::HelpShort).short('h').global(true).help("Print this help")
}

fn version_flag() -> Arg {
    flag("version", ArgAction::Version).short('V').help("Print the version")
}

fn flag(name: &'static str, action: ArgAction) -> Arg {
    Arg::new(name).long(name).action(action).help_heading("Global options")
}

/// A command with all below it; `path` is how it is typed.
fn localized(command: Command, path: &str) -> Command {
    let command = in_own_words(command).mut_args(localized_arg);
    let usage = usage(&command, path);
    command
        .help_template(template())
        .override_usage(usage)
        .subcommand_help_heading(say!("Commands"))
        .subcommand_value_name(say!("COMMAND"))
        .mut_subcommands(|sub| {
            let path = format!("{path} {}", sub.get_name());
            localized(sub, &path)
        })
}

/// The texts above and below the options.
fn in_own_words(command: Command) -> Command {
    let about = command.get_about().map_or(Resettable::Reset, |text| own(text).into());
    let notes = command.get_after_help().map(|text| own(text).to_string());
    let after = [examples_of(command.get_name()), notes].into_iter().flatten();
    let after = after.collect::<Vec<_>>().join("\n\n");
    command
        .about(about)
        .after_help(after)
        .long_about(Resettable::Reset)
        .after_long_help(Resettable::Reset)
}

fn own(text: &StyledStr) -> StyledStr {
    translated(&text.to_string()).to_owned().into()
}

fn template() -> String {
    say!("{{about-with-newline}}\nUsage: {{usage}}\n\n{{all-args}}{{after-help}}")
}

/// clap's own line holds an English `[OPTIONS]`.
fn usage(command: &Command, path: &str) -> String {
    let mut words = vec![path.to_owned(), say!("[OPTIONS]")];
    words.extend(command.get_positionals().map(ToString::to_string));
    if command.has_subcommands() {
        words.push(say!("<COMMAND>"));
    }
    words.join(" ")
}

fn localized_arg(arg: Arg) -> Arg {
    let text = format!("{}{}", arg.get_help().map(own).unwrap_or_default(), values(&arg));
    let heading = heading(&arg);
    let name = value_name(&arg);
    let arg = arg.help(text).long_help(Resettable::Reset).help_heading(heading);
    if !arg.get_action().takes_values() {
        return arg;
    }
    let arg = arg.hide_default_value(true).hide_possible_values(true);
    if let Some(name) = name { arg.value_name(name) } else { arg }
}

/// The possible values and the default, which clap would show in English brackets.
fn values(arg: &Arg) -> String {
    if !arg.get_action().takes_values() {
        return String::new();
    }
    let possible = arg.get_possible_values();
    let possible: Vec<_> = possible.iter().filter_map(visible_name).collect();
    let default = arg.get_default_values().iter().map(|value| value.to_string_lossy());
    let default = default.collect::<Vec<_>>().join(" ");
    let mut text = String::new();
    if !possible.is_empty() {
        let list = crate::language::list(&possible);
        text += &say!(": {list}", list);
    }
    if !default.is_empty() {
        text += &say!(" (default: {default})", default);
    }
    text
}

fn visible_name(value: &PossibleValue) -> Option<&str> {
    (!value.is_hide_set()).then(|| value.get_name())
}

fn heading(arg: &Arg) -> String {
    match arg.get_help_heading() {
        None if arg.is_positional() => say!("Arguments"),
        None => say!("Options"),
        Some(heading) => translated(heading).to_owned(),
    }
}

/// What stands in angle brackets for a value.
fn value_name(arg: &Arg) -> Option<String> {
    let name = arg.get_value_names()?.first()?.as_str();
    Some(translated(name).to_owned())
}

/// A command, and in English what it is for.
type Example = (&'static str, &'static str);

/// The examples in the help of each command, as `examples.txt` has them; the program first.
pub fn examples() -> impl Iterator<Item = (&'static str, Vec<Example>)> {
    let blocks = include_str!("examples.txt").split("\n\n").skip(1);
    blocks.filter_map(|block| {
        let (command, lines) = block.split_once('\n')?;
        Some((command, lines.lines().filter_map(|line| line.split_once("  # ")).collect()))
    })
}

/// The last part of a command's help, for a command that has examples.
fn examples_of(command: &str) -> Option<String> {
    let (_, examples) = examples().find(|(name, _)| *name == command)?;
    let width = examples.iter().map(|(line, _)| line.len()).max().unwrap_or_default();
    let line = |(line, what): &Example| format!("\n  {line:width$}  # {}", translated(what));
    Some(say!("Examples:") + &examples.iter().map(line).collect::<String>())
}

/// What ends a run before it begins: a fault, or help and version, which were asked for.
#[derive(Debug)]
pub struct UsageError(clap::Error);

impl From<clap::Error> for UsageError {
    fn from(error: clap::Error) -> Self {
        Self(error)
    }
}

impl UsageError {
    /// Help or the version, which clap prints itself: on stdout what was asked for, and on stderr
    /// the help of a program that was started without a command.
    pub fn page(&self) -> Option<&clap::Error> {
        let is_page = matches!(
            self.0.kind(),
            ErrorKind::DisplayHelp
                | ErrorKind::DisplayVersion
                | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        );
        is_page.then_some(&self.0)
    }

    /// Whether nothing is wrong but that there is no command.
    pub fn lacks_a_command(&self) -> bool {
        matches!(
            self.0.kind(),
            ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        )
    }

    fn string(&self, kind: ContextKind) -> Option<&str> {
        match self.0.get(kind)? {
            ContextValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// One or several.
    fn strings(&self, kind: ContextKind) -> Vec<String> {
        match self.0.get(kind) {
            Some(ContextValue::String(text)) => vec![text.clone()],
            Some(ContextValue::Strings(texts)) => texts.clone(),
            Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
            Some(ContextValue::StyledStrs(texts)) => {
                texts.iter().map(ToString::to_string).collect()
            }
            _ => Vec::new(),
        }
    }

    fn conflict(&self) -> Option<String> {
        let one = self
            .string(ContextKind::InvalidArg)
            .or_else(|| self.string(ContextKind::InvalidSubcommand))?;
        let others = self.strings(ContextKind::PriorArg);
        if others.iter().all(|other| other == one) {
            return Some(say!("{one} may be given only once", one));
        }
        let list = crate::language::list(&others);
        Some(say!("{one} cannot be used together with {list}", one, list))
    }

    fn value(&self) -> Option<String> {
        let option = self.string(ContextKind::InvalidArg)?;
        let value = self.string(ContextKind::InvalidValue)?;
        if value.is_empty() {
            return Some(say!("{option} needs a value", option));
        }
        let reason = self.reason();
        Some(say!("invalid value '{value}' for {option}{reason}", value, option, reason))
    }

    /// Why a value is refused: the words of the number parsers and of our own types.
    fn reason(&self) -> String {
        let Some(source) = self.0.source() else { return String::new() };
        let text = source.to_string();
        let reason = if let Some(number) = source.downcast_ref::<ParseIntError>() {
            if number.kind() == &IntErrorKind::PosOverflow {
                say!("it is too large")
            } else {
                say!("it is not a whole number")
            }
        } else if let Some((low, high)) = bounds(&text) {
            say!("it must be from {low} to {high}", low, high)
        } else {
            text
        };
        say!(": {reason}", reason)
    }

    fn missing(&self) -> Option<String> {
        let missing = self.strings(ContextKind::InvalidArg);
        let list = crate::language::list(&missing);
        let text = say!("missing required arguments: {list}", list);
        (!missing.is_empty()).then_some(text)
    }

    fn unknown(&self) -> Option<String> {
        let argument = self.string(ContextKind::InvalidArg)?;
        Some(say!("unexpected argument '{argument}'", argument))
    }

    fn unknown_command(&self) -> Option<String> {
        let command = self.string(ContextKind::InvalidSubcommand)?;
        Some(say!("unknown command '{command}'", command))
    }

    fn surplus(&self) -> Option<String> {
        let option = self.string(ContextKind::InvalidArg)?;
        let value = self.string(ContextKind::InvalidValue)?;
        Some(say!("unexpected value '{value}' for {option}", value, option))
    }

    /// The lines that help to get it right.
    fn tips(&self) -> Vec<String> {
        let kinds = [
            ContextKind::SuggestedSubcommand,
            ContextKind::SuggestedArg,
            ContextKind::SuggestedValue,
        ];
        let meant = self.string(ContextKind::InvalidSubcommand).and_then(meant);
        let similar: Vec<_> = meant.map_or_else(
            || kinds.into_iter().flat_map(|kind| self.strings(kind)).collect(),
            |command| vec![command.to_owned()],
        );
        let mut tips = Vec::new();
        if !similar.is_empty() {
            let list = crate::language::list(&similar);
            tips.push(say!("tip: did you mean {list}?", list));
        }
        tips.extend(self.strings(ContextKind::Suggested).iter().map(|tip| reworded(tip)));
        tips
    }

    fn choices(&self) -> Option<String> {
        let mut choices = self.strings(ContextKind::ValidValue);
        choices.extend(self.strings(ContextKind::ValidSubcommand));
        let list = crate::language::list(&choices);
        let text = say!("allowed values: {list}", list);
        (!choices.is_empty()).then_some(text)
    }

    fn usage(&self) -> Option<String> {
        let usage = self.strings(ContextKind::Usage).pop()?;
        let usage = usage.trim_start_matches("Usage:").trim().to_owned();
        Some(say!("Usage: {usage}", usage))
    }
}

impl Explain for UsageError {
    fn problem(&self) -> Problem {
        let known = match self.0.kind() {
            ErrorKind::ArgumentConflict => self.conflict(),
            ErrorKind::InvalidValue | ErrorKind::ValueValidation => self.value(),
            ErrorKind::MissingRequiredArgument => self.missing(),
            ErrorKind::MissingSubcommand => Some(say!("a command is required")),
            ErrorKind::UnknownArgument => self.unknown(),
            ErrorKind::InvalidSubcommand => self.unknown_command(),
            ErrorKind::TooManyValues => self.surplus(),
            ErrorKind::InvalidUtf8 => Some(say!("an argument is not UTF-8")),
            _ => None,
        };
        let message = known.unwrap_or_else(|| say!("the command line is wrong"));
        let mut lines = self.tips();
        lines.extend(self.choices());
        lines.extend(self.usage());
        lines.push(say!("Try --help for more."));
        Problem::new("usage", message, lines.join("\n"))
    }
}

/// The command that somebody means who types another program's word for it.
fn meant(word: &str) -> Option<&'static str> {
    let command = match word {
        "fix" | "repair" | "heal" => "doctor --fix",
        "check" | "diagnose" | "test" | "lint" => "doctor",
        "remove" | "purge" | "delete" | "clean" => "uninstall",
        "setup" | "init" | "configure" | "config" | "add" => "install",
        "update" | "switch" => "upgrade",
        "undo" | "revert" | "back" | "restore" => "rollback",
        "info" | "show" | "state" | "health" => "status",
        "log" | "journal" | "tail" => "logs",
        _ => return None,
    };
    Some(command)
}

/// clap says "0 is not in 1..=86400".
fn bounds(refusal: &str) -> Option<(&str, &str)> {
    refusal.split_once(" is not in ")?.1.split_once("..=")
}

/// clap gives some of its tips only as English sentences; what they quote tells them apart.
fn reworded(tip: &str) -> String {
    let quoted: Vec<_> = tip.split('\'').skip(1).step_by(2).collect();
    match quoted[..] {
        [command, "--"] => say!("tip: {command} is a command; omit the -- before it", command),
        [argument, instead] => {
            say!("tip: to pass {argument} as a value, write {instead}", argument, instead)
        }
        [existing] => say!("tip: there is {existing}", existing),
        _ => say!("tip: {tip}", tip),
    }
}

#[cfg(test)]
mod tests;
