//! The program's two streams and its exit code when the command line itself is at fault.
#![allow(clippy::unwrap_used, reason = "a test's helpers may fail as loudly as the test itself")]

use std::process::{Command, Output};

fn openclaw_setup(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_openclaw-setup"))
        .args(arguments)
        .env_clear()
        .env("LANG", "zh_CN.UTF-8")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn started_bare_it_shows_its_help_and_fails() {
    let output = openclaw_setup(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    assert!(text(&output.stderr).contains("用法：openclaw-setup [选项] <命令>"), "{output:?}");
}

#[test]
fn help_that_was_asked_for_is_a_result_in_the_language_asked_for() {
    for (arguments, wanted) in [
        (&["install", "--help"][..], "用法：openclaw-setup install [选项] [来源]"),
        (&["--lang", "en", "install", "-h"], "Usage: openclaw-setup install [OPTIONS] [SOURCE]"),
        (&["help", "install"], "用法：openclaw-setup install [选项] [来源]"),
        (&["help"], "用法：openclaw-setup [选项] <命令>"),
        (&["--lang", "zh_CN", "help", "install"], "用法：openclaw-setup install [选项] [来源]"),
        (&["--offline", "version"], concat!("openclaw-setup ", env!("CARGO_PKG_VERSION"))),
        (&["version"], concat!("openclaw-setup ", env!("CARGO_PKG_VERSION"))),
        (&["--version"], concat!("openclaw-setup ", env!("CARGO_PKG_VERSION"))),
    ] {
        let output = openclaw_setup(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
        assert!(text(&output.stdout).contains(wanted), "{arguments:?}: {output:?}");
    }
}

#[test]
fn a_fault_is_told_on_stderr_and_as_json_on_stdout() {
    let output = openclaw_setup(&["install", "--nope"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    assert!(text(&output.stderr).contains("无法识别的参数“--nope”"), "{output:?}");

    let output = openclaw_setup(&["--lang=en", "install", "--nope", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["command"], "install");
    assert_eq!(document["ok"], false);
    assert_eq!(document["exitCode"], 2);
    assert_eq!(document["error"]["code"], "usage");
    assert_eq!(document["error"]["message"], "unexpected argument '--nope'");
}

#[test]
fn a_code_is_explained_in_either_language() {
    for (arguments, wanted) in [
        (&["--lang=en", "explain", "payload.unverified"][..], "--sha256"),
        (&["explain", "config.syntax"], "config.syntax: OpenClaw 能读取其配置\n原因"),
        (&["explain", "systemd"], "systemd.unit-masked"),
        (&["explain", "--profile", "work", "host.leftovers"], "--profile work recover"),
    ] {
        let output = openclaw_setup(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(text(&output.stdout).contains(wanted), "{arguments:?}: {output:?}");
    }
    let all = openclaw_setup(&["explain"]);
    let count = openclaw_setup::explanation::all().count();
    assert_eq!(text(&all.stdout).lines().count(), count, "one line for each");
    let document = openclaw_setup(&["explain", "usage", "--json"]).stdout;
    let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
    assert_eq!(document["codes"][0]["code"], "usage");
    assert!(document["codes"][0]["cause"].as_str().unwrap().contains("command line"));

    let output = openclaw_setup(&["--lang=en", "explain", "payload.unverifed"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    let told = text(&output.stderr);
    assert!(told.contains("did you mean payload.unverified"), "{told}");
    assert!(told.ends_with("  More: openclaw-setup explain explain.unknown-code\n"), "{told}");
}

/// Whether this is a command that the program takes, with what stands before and after it.
fn is_taken(line: &str) -> bool {
    let (_, command) = line.split_once("openclaw-setup ").unwrap();
    let command = command.split([')', '|', '>']).next().unwrap().replace("HEX", &"0".repeat(64));
    let words = std::iter::once("openclaw-setup").chain(command.split_whitespace());
    let words: Vec<_> = words.map(std::ffi::OsString::from).collect();
    let read = openclaw_setup::cli::Cli::read(&words);
    read.map_or_else(|error| error.page().is_some(), |_| true)
}

#[test]
fn the_examples_of_the_explanations_are_commands() {
    let entries = openclaw_setup::explanation::all();
    let ours: Vec<_> = entries.filter(|entry| entry.example.contains("openclaw-setup ")).collect();
    assert!(ours.len() > 50, "{}", ours.len());
    for entry in ours {
        assert!(is_taken(entry.example), "{}: {}", entry.code, entry.example);
    }
}

#[test]
fn the_help_of_every_command_has_examples_that_it_takes() {
    let program = openclaw_setup::cli::localize::command();
    let commands = program.get_subcommands().filter(|command| !command.is_hide_set());
    for name in commands.map(clap::Command::get_name).chain(["openclaw-setup"]) {
        let words: &[&str] = if name == "openclaw-setup" { &["--help"] } else { &[name, "--help"] };
        let help = openclaw_setup(words);
        let help = text(&help.stdout);
        let examples: Vec<_> = help.lines().filter(|line| line.contains("  # ")).collect();
        assert!(help.contains("示例：") && !examples.is_empty(), "{name}: {help}");
        for example in examples {
            let (command, _) = example.split_once("  # ").unwrap();
            let is_its_own = name == "openclaw-setup" || command.contains(&format!(" {name}"));
            assert!(is_its_own && is_taken(command), "{name}: {example}");
        }
    }
}
