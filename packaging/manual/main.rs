//! Writes the manual page openclaw-setup(1) in one language, from the command line's own definitions.
//!
//! `cargo run --example manual -- en|zh-CN`

#![allow(clippy::print_stderr, reason = "a program of its own")]

mod commands;
mod prose;
mod roff;

use std::io::Write;
use std::process::ExitCode;

use openclaw_setup::cli::localize;
use openclaw_setup::language::Language;
use openclaw_setup::say;

use roff::Page;

fn main() -> ExitCode {
    let language = match std::env::args().nth(1).as_deref() {
        Some("en") => Language::English,
        Some("zh-CN") => Language::Chinese,
        _ => {
            eprintln!("usage: manual en|zh-CN");
            return ExitCode::from(2);
        }
    };
    match std::io::stdout().write_all(page(language).as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("manual: {cause}");
            ExitCode::FAILURE
        }
    }
}

/// The whole page.
fn page(language: Language) -> String {
    let mut command = localize::command(language);
    command.build();
    let version = command.get_version().unwrap_or_default().to_owned();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut page = Page::new(
        "OPENCLAW-SETUP",
        &format!("openclaw-setup {version}"),
        &say!(language, "User Commands", "用户命令"),
    );
    page.section(&say!(language, "NAME", "名称"));
    page.line(&format!("openclaw-setup \\- {}", roff::escaped(&about)));
    commands::synopsis(&mut page, language);
    prose::description(&mut page, language);
    commands::commands(&mut page, &command, language);
    commands::global_options(&mut page, &command, language);
    prose::patience(&mut page, language);
    prose::exit_status(&mut page, language);
    prose::environment(&mut page, language);
    prose::files(&mut page, language);
    prose::json(&mut page, language);
    prose::examples(&mut page, language);
    page.finish()
}
