//! Help and faults of the command line, in both languages.

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
            let known = is_chinese(placeholder) || ["ID", "URL", "SHELL"].contains(&placeholder);
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
    ("install --starts", "unexpected argument '--starts'", "无法识别的参数“--starts”", "--start"),
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
    for (line, on_stderr) in [("--help", false), ("install -h", false), ("-V", false), ("", true)] {
        let error = read(line);
        assert_eq!(error.page().unwrap().use_stderr(), on_stderr, "{line}");
    }
}
