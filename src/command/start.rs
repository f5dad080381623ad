//! From the command line to the command: language, user, console, then the command itself.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::SIGXFSZ;

use super::context::Context;
use super::failure::{Exit, Failure};
use super::{
    apply, completions, doctor, explain, history, install, logs, recover, rollback, status,
    uninstall, verify,
};
use crate::child::keep_inherited_descriptors;
use crate::cli::localize::UsageError;
use crate::cli::{Cli, Color, Command, Global, Voice, localize};
use crate::fs::{Action, FileError};
use crate::interrupt::Interrupt;
use crate::language::{Address, Language};
use crate::report::Console;
use crate::report::console::Output;
use crate::report::terminal::Shown;
use crate::snapshot::account::{Account, Surroundings};
use crate::snapshot::paths;

/// Runs the program; its exit code is one of the manual page's.
pub fn run() -> ExitCode {
    keep_inherited_descriptors();
    leave_no_core();
    die_without_a_word_of_others();
    // modes of ours are those that we ask for, from the moment that a file is there
    rustix::process::umask(Mode::from_raw_mode(0o077));
    refuse_to_die_of_a_large_file();
    let arguments: Vec<_> = std::env::args_os().collect();
    let surroundings = Surroundings::of_process();
    let voice = Voice::overheard(&arguments);
    choose_language(voice);
    let console = console(voice, &surroundings);
    let exit = match read(&arguments) {
        Ok(cli) => execute(&cli, console, surroundings),
        Err(error) => refuse(error, &arguments, console),
    };
    ExitCode::from(told(exit, console).code())
}

/// Without a command, somebody at a terminal is told what is here, and what to do next.
fn read(arguments: &[OsString]) -> Result<Cli, UsageError> {
    match Cli::read(arguments) {
        Err(error) if error.lacks_a_command() && std::io::stdout().is_terminal() => {
            Cli::read(&[arguments, &["status", "--brief"].map(Into::into)].concat())
        }
        read => read,
    }
}

/// A write beyond `RLIMIT_FSIZE` is then an error of that write, and what was done is undone. A
/// handler that does nothing: unlike an ignored signal, no child inherits it.
fn refuse_to_die_of_a_large_file() {
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
}

/// A result that did not reach its reader is none.
fn told(exit: Exit, console: Console) -> Exit {
    match Output::fault() {
        Some(cause) if matches!(exit, Exit::Done | Exit::Problems | Exit::WouldChange) => {
            let cause = std::io::Error::new(cause.kind(), cause.to_string());
            console.error(&FileError::at(Action::Write, Path::new("/dev/stdout"))(cause));
            Exit::Failed
        }
        _ => exit,
    }
}

/// A program that dies must not leave its memory, and so the operator's secrets, in a file.
///
/// One byte instead of none: where `core_pattern` is a pipe, Linux hands the memory over to
/// systemd-coredump or apport whatever the limit is, except at 1 (`fs/coredump.c`).
fn leave_no_core() {
    let limit = getrlimit(Resource::Core);
    let at_most_one = limit.maximum.map_or(1, |maximum| maximum.min(1));
    // a limit may always be lowered
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(at_most_one), ..limit });
}

/// A panic is a fault of ours, and its words may quote what was being read: only the place is told.
fn die_without_a_word_of_others() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text =
            say!("openclaw-setup crashed at {place} (a bug); run: openclaw-setup recover", place);
        let _ = Shown::of(&text).write_to(&mut std::io::stderr());
    }));
}

/// JSON is for programs: English, whoever runs it, unless a language is asked for.
fn choose_language(voice: Voice) {
    let of_reader = || if voice.json { Language::English } else { Language::of_environment() };
    voice.lang.unwrap_or_else(of_reader).choose();
}

/// `NO_COLOR` and `CLICOLOR_FORCE` as <https://no-color.org> and <https://bixense.com/clicolors> say;
/// a stream that is no terminal, or a dumb one, gets no colour.
fn console(voice: Voice, surroundings: &Surroundings) -> Console {
    let forced = surroundings.text("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let plain = surroundings.text("NO_COLOR").is_some()
        || surroundings.text("TERM").is_some_and(|terminal| terminal == "dumb");
    let color = |is_terminal: bool| match voice.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => forced || (is_terminal && !plain),
    };
    Console {
        json: voice.json,
        quiet: false,
        verbose: false,
        line_by_line: false,
        color_out: color(std::io::stdout().is_terminal()),
        color_err: color(std::io::stderr().is_terminal()),
    }
}

fn execute(cli: &Cli, console: Console, surroundings: Surroundings) -> Exit {
    let console = Console {
        quiet: cli.global.quiet,
        verbose: cli.global.verbose,
        line_by_line: matches!(cli.command, Command::Logs(_)),
        ..console
    };
    let interrupt = Interrupt::listening().unwrap_or_default();
    match dispatch(cli, console, surroundings, interrupt.clone()) {
        Ok(exit) => exit.by_signal(&interrupt),
        Err(failure) => failure.by_signal(&interrupt).report(cli.command.name(), console),
    }
}

/// Shows the help or the version that was asked for, or says what is wrong with the command line.
fn refuse(error: UsageError, arguments: &[OsString], console: Console) -> Exit {
    let Some(page) = error.page() else {
        return Failure::usage(error).report(&command_name(arguments), console);
    };
    // a reader that has gone away is no error
    let _ = Output::note(page.print());
    if page.use_stderr() { Exit::Usage } else { Exit::Done }
}

/// The command of a command line that could not be read; the program's own name if there is none.
fn command_name(arguments: &[OsString]) -> String {
    let program = localize::command();
    let named = arguments.iter().skip(1).find_map(|word| program.find_subcommand(word));
    named.unwrap_or(&program).get_name().to_owned()
}

fn dispatch(
    cli: &Cli,
    console: Console,
    mut surroundings: Surroundings,
    interrupt: Interrupt,
) -> Result<Exit, Failure> {
    address(&cli.global);
    match &cli.command {
        Command::Completions { shell } => return Ok(completions::run(*shell)),
        Command::Explain { code } => return explain::run(console, code.as_deref()),
        _ => {}
    }
    let account = account(cli, &mut surroundings)?;
    paths::refuse_odd_names(&surroundings).map_err(Failure::usage)?;
    let context = Context::new(&cli.global, console, account, surroundings, interrupt);
    // what others could write is nobody's to change, and least of all root's; to say so is a finding
    let finds = match &cli.command {
        Command::Doctor(options) => !options.fix,
        command => matches!(command, Command::Status(_)),
    };
    if !finds {
        context.records.prove()?;
    }
    match &cli.command {
        Command::Install(options) => install::run(&context, options),
        Command::Upgrade(options) => install::upgrade(&context, options),
        Command::Uninstall(options) => uninstall::run(&context, options),
        Command::Apply(options) => apply::run(context, options),
        Command::Rollback(options) => rollback::run(&context, options),
        Command::Status(options) => status::run(context, options),
        Command::Verify => verify::run(&context),
        Command::Doctor(options) => doctor::run(&context, options),
        Command::History => history::run(&context),
        Command::Recover => recover::run(&context),
        Command::Logs(options) => logs::run(context, options),
        Command::Completions { shell } => Ok(completions::run(*shell)),
        Command::Explain { code } => explain::run(context.console, code.as_deref()),
    }
}

/// OpenClaw's commands that hints name.
const OPENCLAWS: [&str; 6] = ["channels", "config", "doctor", "gateway", "onboard", "plugins"];

/// Those of its user manager's.
const SYSTEMDS: [&str; 7] =
    ["daemon-reload", "disable", "edit", "restart", "start", "stop", "unmask"];

/// Hints name commands for the same installation as this one.
fn address(global: &Global) {
    if global.user.is_none() && global.profile.is_none() && global.state_dir.is_none() {
        return;
    }
    let option = |name: &str, value: &str| {
        let is_plain = |c: char| c.is_alphanumeric() || "_-./=@".contains(c);
        let quote = if value.chars().all(is_plain) { "" } else { "'" };
        format!("{name} {quote}{}{quote} ", value.replace('\'', r"'\''"))
    };
    let state_dir = global.state_dir.as_ref().and_then(|path| std::path::absolute(path).ok());
    let state_dir = state_dir.map(|path| path.display().to_string());
    let profile = global.profile.as_deref().map(|name| option("--profile", name));
    let user = global.user.as_deref();
    let ours = [
        user.map(|name| option("--user", name)),
        profile.clone(),
        state_dir.as_deref().map(|path| option("--state-dir", path)),
    ];
    let environment = state_dir.map(|path| option("env", &format!("OPENCLAW_STATE_DIR={path}")));
    let as_them = user.map(|name| option("sudo -iu", name));
    let theirs = [as_them.clone(), environment].into_iter().flatten();
    let word = |command: &clap::Command| command.get_name().to_owned();
    let address = |program, commands, before, after| Address { program, commands, before, after };
    let plain = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    Address::choose(vec![
        address(
            localize::PROGRAM,
            localize::command().get_subcommands().map(word).collect(),
            String::new(),
            ours.into_iter().flatten().collect(),
        ),
        address("openclaw", plain(&OPENCLAWS), theirs.collect(), profile.unwrap_or_default()),
        address(
            "journalctl --user",
            plain(&["-u", "-n"]),
            as_them.unwrap_or_default(),
            String::new(),
        ),
        address(
            "systemctl --user",
            plain(&SYSTEMDS),
            String::new(),
            user.map(|name| option("-M", &format!("{name}@"))).unwrap_or_default(),
        ),
    ]);
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
