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
mod tests {
    use std::ffi::OsString;

    use unicode_width::UnicodeWidthStr;

    use super::{Command, UsageError, WIDTH, command};
    use crate::cli::Cli;
    use crate::language::{Explain, Language};

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

    fn read(line: &str) -> UsageError {
        let words = std::iter::once("openclaw-setup").chain(line.split(' '));
        let arguments: Vec<_> = words.filter(|word| !word.is_empty()).map(OsString::from).collect();
        Cli::read(&arguments).unwrap_err()
    }

    /// Each fault: the command line, what is wrong in both languages, and what the help must hold.
    const FAULTS: [(&str, &str, &str, &str); 25] = [
        ("--nope", "unexpected argument '--nope'", "无法识别的参数“--nope”", "openclaw-setup ["),
        (
            "install --client-secret hunter2",
            "unexpected argument '--client-secret'",
            "无法识别的参数“--client-secret”",
            "--client-secret-file",
        ),
        (
            "install --client-secret=hunter2",
            "unexpected argument '--client-secret'",
            "无法识别的参数“--client-secret”",
            "--client-secret-file",
        ),
        (
            "install --start --start",
            "--start may be given only once",
            "--start 只能给出一次",
            "openclaw-setup install [",
        ),
        (
            "-q -v status",
            "--quiet cannot be used together with --verbose",
            "--quiet 不能与 --verbose 同时使用",
            "--help",
        ),
        ("statos", "unknown command 'statos'", "未知的命令“statos”", "status"),
        ("fix", "unknown command 'fix'", "未知的命令“fix”", "doctor --fix?"),
        ("remove", "unknown command 'remove'", "未知的命令“remove”", "uninstall?"),
        ("--json", "a command is required", "缺少命令", "install"),
        (
            "install --sha256 zz",
            "invalid value 'zz' for --sha256 <HEX>: it is not 64 hexadecimal digits",
            "--sha256 <摘要> 的值“zz”无效：不是 64 位十六进制数",
            "--help",
        ),
        (
            "--timeout 0 status",
            "invalid value '0' for --timeout <SECONDS>: it must be from 1 to 86400",
            "--timeout <秒> 的值“0”无效：必须在 1 到 86400 之间",
            "--help",
        ),
        (
            "--timeout soon status",
            "invalid value 'soon' for --timeout <SECONDS>: it is not a whole number",
            "--timeout <秒> 的值“soon”无效：不是整数",
            "--help",
        ),
        (
            "install --session-timeout 99999999999999999999",
            "invalid value '99999999999999999999' for --session-timeout <MS>: it is too large",
            "--session-timeout <毫秒> 的值“99999999999999999999”无效：数值过大",
            "--help",
        ),
        (
            "logs --since lately",
            "invalid value 'lately' for --since <TIME>: it is not a time span or a time",
            "--since <时间> 的值“lately”无效：不是时间长度，也不是时间",
            "--help",
        ),
        (
            "--profile ../../x status",
            "invalid value '../../x' for --profile <NAME>: a profile's name has letters, digits, - and _, and begins with a letter or digit",
            "--profile <名称> 的值“../../x”无效：profile 名称由字母、数字、- 和 _ 组成，且以字母或数字开头",
            "--help",
        ),
        ("--timeout", "--timeout <SECONDS> needs a value", "--timeout <秒> 需要一个值", "--help"),
        ("--lang", "--lang <LANG> needs a value", "--lang <语言> 需要一个值", "zh-CN"),
        (
            "install --answers=",
            "--answers <FILE> needs a value",
            "--answers <文件> 需要一个值",
            "--help",
        ),
        (
            "install --gateway-auth tokn",
            "invalid value 'tokn' for --gateway-auth <MODE>",
            "--gateway-auth <方式> 的值“tokn”无效",
            "token",
        ),
        (
            "completions",
            "missing required arguments: <SHELL>",
            "缺少必需的参数：<SHELL>",
            "openclaw-setup completions",
        ),
        ("install a b", "unexpected argument 'b'", "无法识别的参数“b”", "[OPTIONS]"),
        ("status --json=1", "unexpected value '1' for --json", "--json 不接受值“1”", "--help"),
        ("-- status", "unexpected argument 'status'", "无法识别的参数“status”", "--"),
        (
            "install --starts",
            "unexpected argument '--starts'",
            "无法识别的参数“--starts”",
            "--start",
        ),
        (
            "--checksums install",
            "unexpected argument '--checksums'",
            "无法识别的参数“--checksums”",
            "install --checksums",
        ),
    ];

    #[test]
    fn faults_are_told_in_the_readers_language() {
        for (line, english, chinese, help) in FAULTS {
            Language::English.choose();
            let error = read(line);
            assert_eq!(error.message(), english, "{line}");
            let remedy = error.hint();
            assert!(remedy.contains(help), "{line}: {remedy}");
            Language::Chinese.choose();
            let error = read(line);
            assert_eq!(error.message(), chinese, "{line}");
            let remedy = error.hint();
            for word in remedy.lines() {
                let is_chinese = word.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
                assert!(is_chinese, "{line}: {remedy}");
            }
            assert_eq!(error.code(), "usage");
            assert!(error.page().is_none(), "{line}");
        }
    }

    #[test]
    fn a_secret_given_as_an_argument_is_not_repeated() {
        for line in ["install --client-secret hunter2", "install --client-secret=hunter2"] {
            let error = read(line);
            let text = error.message() + &error.hint();
            assert!(!text.contains("hunter2") && !format!("{error:?}").contains("hunter2"));
        }
    }

    #[test]
    fn help_and_version_are_pages() {
        for (line, on_stderr) in
            [("--help", false), ("install -h", false), ("-V", false), ("", true)]
        {
            let error = read(line);
            assert_eq!(error.page().unwrap().use_stderr(), on_stderr, "{line}");
        }
    }
}
