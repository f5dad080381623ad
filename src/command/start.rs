//! From the command line to the command: language, user, console, then the command itself.

use std::process::ExitCode;

use clap::Parser;

use super::context::Context;
use super::failure::{Exit, Failure};
use super::{completions, history, install, recover, status, verify};
use crate::cli::{Cli, Color, Command, Global, Lang};
use crate::installation::account::Account;
use crate::installation::surroundings::Surroundings;
use crate::interrupt::Interrupt;
use crate::language::Language;
use crate::report::Console;

/// Runs the program; its exit code is one of the manual page's.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            // clap prints help on stdout and faults on stderr, and knows their codes
            let _ = usage.print();
            return ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2));
        }
    };
    let surroundings = Surroundings::of_process();
    let console = console(&cli.global, &surroundings);
    let exit = dispatch(&cli, console, surroundings)
        .unwrap_or_else(|failure| failure.report(cli.command.name(), console));
    ExitCode::from(exit.code())
}

fn console(global: &Global, surroundings: &Surroundings) -> Console {
    let language = match global.lang {
        Some(Lang::En) => Language::English,
        Some(Lang::ZhCn) => Language::Chinese,
        None => Language::of_environment(),
    };
    let color = match global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => Console::color_by_default(
            surroundings.text("NO_COLOR").is_some(),
            surroundings.text("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
        ),
    };
    Console { language, json: global.json, quiet: global.quiet, verbose: global.verbose, color }
}

fn dispatch(cli: &Cli, console: Console, mut surroundings: Surroundings) -> Result<Exit, Failure> {
    if let Command::Completions { shell } = &cli.command {
        return Ok(completions::run(*shell));
    }
    let account = account(cli, &mut surroundings)?;
    let interrupt = Interrupt::listening().unwrap_or_default();
    let context = Context::new(&cli.global, console, account, surroundings, interrupt);
    match &cli.command {
        Command::Install(options) => install::run(&context, options),
        Command::Status => status::run(&context),
        Command::Verify => verify::run(&context),
        Command::History => history::run(&context),
        Command::Recover => recover::run(&context),
        Command::Completions { shell } => Ok(completions::run(*shell)),
    }
}

/// For whom to work: `--user NAME` wholly becomes that user; plain sudo by somebody who owns an
/// OpenClaw is asked back.
fn account(cli: &Cli, surroundings: &mut Surroundings) -> Result<Account, Failure> {
    if let Some(name) = &cli.global.user {
        return Ok(Account::become_user(name, surroundings)?);
    }
    let account = Account::of_process(surroundings);
    account.refuse_plain_sudo(surroundings, cli.command.name()).map_err(Failure::usage)?;
    Ok(account)
}
