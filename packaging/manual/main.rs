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
    language.choose();
    match std::io::stdout().write_all(page().as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("manual: {cause}");
            ExitCode::FAILURE
        }
    }
}

/// The whole page.
fn page() -> String {
    let mut command = localize::command();
    command.build();
    let version = command.get_version().unwrap_or_default().to_owned();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut page =
        Page::new("OPENCLAW-SETUP", &format!("openclaw-setup {version}"), &say!("User Commands"));
    page.section(&say!("NAME"));
    page.line(&format!("openclaw-setup \\- {}", roff::escaped(&about)));
    commands::synopsis(&mut page);
    prose::description(&mut page);
    commands::commands(&mut page, &command);
    commands::global_options(&mut page, &command);
    prose::timeout(&mut page);
    prose::exit_status(&mut page);
    prose::environment(&mut page);
    prose::files(&mut page);
    prose::json(&mut page);
    prose::codes(&mut page);
    prose::examples(&mut page);
    page.finish()
}
