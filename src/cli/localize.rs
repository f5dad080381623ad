//! The command line in the reader's language: every text that clap would say in English only.

use clap::builder::{PossibleValue, Resettable, StyledStr};
use clap::{Arg, ArgAction, Command, CommandFactory};

use super::Cli;
use crate::language::translated;

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

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::{Command, WIDTH, command};
    use crate::language::Language;

    /// The help of a command and of all below it, line by line, with the command's name.
    fn help(language: Language) -> Vec<(String, String)> {
        fn collect(command: &mut Command, lines: &mut Vec<(String, String)>) {
            let help = command.render_help().to_string();
            let name = command.get_name().to_owned();
            lines.extend(help.lines().map(|line| (name.clone(), line.to_owned())));
            command.get_subcommands_mut().for_each(|sub| collect(sub, lines));
        }
        language.choose();
        let mut command = command();
        command.build();
        let mut lines = Vec::new();
        collect(&mut command, &mut lines);
        lines.retain(|(_, line)| !line.trim().is_empty());
        lines
    }

    fn is_chinese(line: &str) -> bool {
        line.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    #[test]
    fn the_command_line_is_sound() {
        for language in [Language::English, Language::Chinese] {
            language.choose();
            command().debug_assert();
        }
    }

    #[test]
    fn every_line_of_help_is_in_its_language() {
        for (language, chinese) in [(Language::English, false), (Language::Chinese, true)] {
            let lines = help(language);
            assert!(lines.len() > 100, "help of every command: {}", lines.len());
            for (name, line) in lines {
                assert_eq!(is_chinese(&line), chinese, "{name}: {line}");
            }
        }
    }

    /// clap's own words, and the placeholders in capitals, which the line test could overlook
    /// beside a Chinese word.
    #[test]
    fn no_english_is_left_between_chinese_words() {
        for (name, line) in help(Language::Chinese) {
            for word in ["Usage", "OPTIONS", "Options", "default", "values", "COMMAND"] {
                assert!(!line.contains(word), "{name}: {line}");
            }
            for placeholder in line.split('<').skip(1) {
                let placeholder = placeholder.split('>').next().unwrap();
                let known =
                    is_chinese(placeholder) || ["ID", "URL", "SHELL"].contains(&placeholder);
                assert!(known, "{name}: {line}");
            }
        }
    }

    /// What every command understands stands in one place, after what is the command's own.
    #[test]
    fn global_options_stand_in_one_place_at_the_end() {
        Language::English.choose();
        let mut program = command();
        program.build();
        for mut command in program.get_subcommands().cloned().chain([program.clone()]) {
            let help = command.render_help().to_string();
            let options = help.split("\nExamples:").next().unwrap();
            let (own, global) = options.split_once("\nGlobal options:\n").unwrap();
            for arg in program.get_arguments() {
                let Some(long) = arg.get_long().filter(|long| *long != "version") else { continue };
                let (name, option) = (command.get_name(), format!(" --{long}"));
                assert!(!own.contains(&option), "{name} {option}: {help}");
                assert!(global.contains(&option), "{name} {option}: {help}");
            }
            assert!(!global.contains(":\n\n"), "another heading comes after: {help}");
        }
    }

    #[test]
    fn every_option_has_a_chinese_text_of_its_own() {
        fn walk(command: &Command) {
            for arg in command.get_arguments() {
                let (name, text) = (command.get_name(), arg.get_help().unwrap().to_string());
                assert!(is_chinese(&text), "{name}: {arg}: {text}");
            }
            assert!(is_chinese(&command.get_about().unwrap().to_string()));
            command.get_subcommands().for_each(walk);
        }
        Language::Chinese.choose();
        walk(&command());
    }

    #[test]
    fn help_fits_a_terminal_of_eighty_cells() {
        for language in [Language::English, Language::Chinese] {
            for (name, line) in help(language) {
                assert!(line.width() <= WIDTH, "{name}: {} cells: {line}", line.width());
            }
        }
    }

    #[test]
    fn texts_begin_in_the_same_column_beside_wide_placeholders() {
        let lines = help(Language::Chinese);
        let column = |option: &str, text: &str| {
            let lines = lines.iter().map(|(_, line)| line);
            let line = lines.filter(|line| line.contains(option)).find(|line| line.contains(text));
            line.unwrap().split_once(text).unwrap().0.width()
        };
        assert_eq!(column("--state-dir", "OpenClaw 的状态"), column("--json", "在标准输出"));
        assert_eq!(column("--answers", "含有"), column("--base-url", "模型供应商"));
    }
}
