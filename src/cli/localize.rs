//! The command line in the reader's language: every text that clap would say in English only.

use clap::builder::{PossibleValue, Resettable};
use clap::{Arg, ArgAction, Command, CommandFactory};

use super::Cli;
use crate::language::Language;
use crate::say;

/// The program's name.
pub const PROGRAM: &str = "openclaw-setup";

/// Wide enough for a table, narrow enough for every terminal.
const WIDTH: usize = 80;

/// The whole command line, its texts in `language`.
#[must_use]
pub fn command(language: Language) -> Command {
    let command = Cli::command()
        .term_width(WIDTH)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(help_flag())
        .arg(version_flag());
    localized(command, PROGRAM, language)
}

/// Ours instead of clap's, whose text is English. Short and long form show the same page.
fn help_flag() -> Arg {
    flag("help", ArgAction::HelpShort)
        .short('h')
        .global(true)
        .help("Print this help")
        .long_help("打印本帮助")
}

fn version_flag() -> Arg {
    flag("version", ArgAction::Version).short('V').help("Print the version").long_help("打印版本号")
}

fn flag(name: &'static str, action: ArgAction) -> Arg {
    Arg::new(name).long(name).action(action).help_heading("Global options")
}

/// A command with all below it; `path` is how it is typed.
fn localized(command: Command, path: &str, language: Language) -> Command {
    let command = in_own_words(command, language).mut_args(|arg| localized_arg(arg, language));
    let usage = usage(&command, path, language);
    command
        .help_template(template(language))
        .override_usage(usage)
        .subcommand_help_heading(say!(language, "Commands", "命令"))
        .subcommand_value_name(say!(language, "COMMAND", "命令"))
        .mut_subcommands(|sub| {
            let path = format!("{path} {}", sub.get_name());
            localized(sub, &path, language)
        })
}

/// The texts above and below the options: the Chinese ones wait in the slots for long help.
fn in_own_words(command: Command, language: Language) -> Command {
    let about = command.get_long_about().cloned();
    let after = command.get_after_long_help().cloned();
    let command = match language {
        Language::English => command,
        Language::Chinese => {
            command.about(Resettable::from(about)).after_help(Resettable::from(after))
        }
    };
    command.long_about(Resettable::Reset).after_long_help(Resettable::Reset)
}

fn template(language: Language) -> String {
    say!(
        language,
        "{{about-with-newline}}\nUsage: {{usage}}\n\n{{all-args}}{{after-help}}",
        "{{about-with-newline}}\n用法: {{usage}}\n\n{{all-args}}{{after-help}}"
    )
}

/// clap's own line holds an English `[OPTIONS]`.
fn usage(command: &Command, path: &str, language: Language) -> String {
    let mut words = vec![path.to_owned(), say!(language, "[OPTIONS]", "[选项]")];
    words.extend(command.get_positionals().map(ToString::to_string));
    if command.has_subcommands() {
        words.push(say!(language, "<COMMAND>", "<命令>"));
    }
    words.join(" ")
}

fn localized_arg(arg: Arg, language: Language) -> Arg {
    let text = match language {
        Language::English => arg.get_help(),
        Language::Chinese => arg.get_long_help().or(arg.get_help()),
    };
    let text = format!("{}{}", text.cloned().unwrap_or_default(), values(&arg, language));
    let heading = heading(&arg, language);
    let name = value_name(&arg, language);
    let arg = arg.help(text).long_help(Resettable::Reset).help_heading(heading);
    if !arg.get_action().takes_values() {
        return arg;
    }
    let arg = arg.hide_default_value(true).hide_possible_values(true);
    if let Some(name) = name { arg.value_name(name) } else { arg }
}

/// The possible values and the default, which clap would show in English brackets.
fn values(arg: &Arg, language: Language) -> String {
    if !arg.get_action().takes_values() {
        return String::new();
    }
    let possible = arg.get_possible_values();
    let possible: Vec<_> = possible.iter().filter_map(visible_name).collect();
    let default = arg.get_default_values().iter().map(|value| value.to_string_lossy());
    let default = default.collect::<Vec<_>>().join(" ");
    let mut text = String::new();
    if !possible.is_empty() {
        let (english, chinese) = (possible.join(", "), possible.join("、"));
        text += &say!(language, ": {english}", "：{chinese}");
    }
    if !default.is_empty() {
        text += &say!(language, " (default: {default})", "（默认 {default}）");
    }
    text
}

fn visible_name(value: &PossibleValue) -> Option<&str> {
    (!value.is_hide_set()).then(|| value.get_name())
}

fn heading(arg: &Arg, language: Language) -> String {
    match arg.get_help_heading() {
        None if arg.is_positional() => say!(language, "Arguments", "参数"),
        None => say!(language, "Options", "选项"),
        Some(heading) => match (language, heading) {
            (Language::Chinese, "Global options") => "全局选项".to_owned(),
            (Language::Chinese, "Checksums") => "校验".to_owned(),
            (Language::Chinese, "Settings (a FILE may be - for standard input)") => {
                "设置（<文件> 写作 - 表示标准输入）".to_owned()
            }
            _ => heading.to_owned(),
        },
    }
}

/// What stands in angle brackets for a value; `ID`, `URL` and `SHELL` are words of both languages.
fn value_name(arg: &Arg, language: Language) -> Option<String> {
    let name = arg.get_value_names()?.first()?.as_str();
    let chinese = match name {
        "COUNT" => "行数",
        "DIR" => "目录",
        "FILE" => "文件",
        "HEX" => "摘要",
        "LANG" => "语言",
        "MODE" => "方式",
        "MS" => "毫秒",
        "NAME" => "名称",
        "SECONDS" => "秒",
        "SOURCE" => "来源",
        "TIME" => "时间",
        "WHEN" => "何时",
        same => same,
    };
    Some(if language == Language::Chinese { chinese } else { name }.to_owned())
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::{Command, Language, WIDTH, command};

    /// The help of a command and of all below it, line by line, with the command's name.
    fn help(language: Language) -> Vec<(String, String)> {
        fn collect(command: &mut Command, lines: &mut Vec<(String, String)>) {
            let help = command.render_help().to_string();
            let name = command.get_name().to_owned();
            lines.extend(help.lines().map(|line| (name.clone(), line.to_owned())));
            command.get_subcommands_mut().for_each(|sub| collect(sub, lines));
        }
        let mut command = command(language);
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
        command(Language::English).debug_assert();
        command(Language::Chinese).debug_assert();
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
        walk(&command(Language::Chinese));
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
