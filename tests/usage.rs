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
