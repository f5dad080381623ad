//! The command line, nothing else.
//!
//! The English text of a command or an option is its doc comment, which [`localize`] looks up in
//! `po/zh_CN.po`.

pub mod localize;

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::error::{ContextKind, ContextValue};
use clap::{Args, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};
use jiff::civil::{DateTime, Time};
use jiff::{Span, Timestamp, Zoned};

use crate::connector::Checks;
use crate::language::{Language, word};
use crate::openclaw::Version;
use crate::settings::sources::Given;
use crate::settings::{GatewayAuth, Setting};
use crate::snapshot::paths::profile_name;
use localize::UsageError;

/// Make a DingTalk bot work on an OpenClaw server, and take every step back
#[derive(Debug, Parser)]
#[command(
    name = localize::PROGRAM,
    version,
    disable_help_subcommand = true,
    after_help = "Exit codes:
  0  done, or nothing to do           4  failed, and not all could be undone
  1  failed, everything undone        5  another run holds the lock
  2  wrong command line or setting    130, 143, 129  interrupted by SIGINT,
  3  problems found, or done and      SIGTERM, SIGHUP; everything undone
     the bot not seen to answer       6  would change (apply --check)"
)]
pub struct Cli {
    /// Options that every command knows.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads a command line, the program's name first. Help and version come back as
    /// [`UsageError`]s too: they end the run.
    pub fn read(arguments: &[OsString]) -> Result<Self, UsageError> {
        let color = Voice::overheard(arguments).color;
        let mut command = localize::command().color(color.into());
        let mut matches = command.try_get_matches_from_mut(arguments);
        if let Err(error) = &matches
            && let Some(meant) = as_option(arguments, error)
        {
            matches = command.try_get_matches_from_mut(meant);
        }
        let read = matches.and_then(|mut matches| Self::from_arg_matches_mut(&mut matches));
        read.map_err(UsageError::from)
    }
}

/// `help [COMMAND]` and `version`, which people try first, are options here.
fn as_option(arguments: &[OsString], error: &clap::Error) -> Option<Vec<OsString>> {
    let ContextValue::String(word) = error.get(ContextKind::InvalidSubcommand)? else {
        return None;
    };
    let option = ["help", "version"].contains(&word.as_str()).then(|| format!("--{word}"))?;
    let at = arguments.iter().position(|argument| argument == word.as_str())?;
    let mut arguments = arguments.to_vec();
    arguments.remove(at);
    arguments.push(option.into());
    Some(arguments)
}

/// Options that every command knows.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
#[allow(clippy::struct_excessive_bools, reason = "a command line has flags")]
pub struct Global {
    /// OpenClaw's state directory (default: ~/.openclaw)
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub state_dir: Option<PathBuf>,
    /// OpenClaw's profile
    #[arg(long, global = true, value_name = "NAME")]
    #[arg(value_parser = profile_name)]
    pub profile: Option<String>,
    /// Act for this user (root only)
    #[arg(long, global = true, value_name = "NAME", value_hint = ValueHint::Username)]
    pub user: Option<String>,
    /// Print one JSON document on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Print errors only
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print more
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Language (default: from the locale)
    #[arg(long, global = true, value_name = "LANG", ignore_case = true)]
    pub lang: Option<Language>,
    /// Assume yes; do not prompt
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// Show what would be done and change nothing
    #[arg(short = 'n', long, global = true)]
    pub dry_run: bool,
    /// Limit per phase; default 120, more for a slow stop
    #[arg(long, global = true, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: Option<u64>,
    /// Fetch nothing from the network
    #[arg(long, global = true)]
    pub offline: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make DingTalk work: connector, config, drop-in, restart, health
    Install(Box<Install>),
    /// Move to another connector, with automatic return on failure
    Upgrade(Upgrade),
    /// Remove DingTalk again; your other settings stay
    Uninstall(Uninstall),
    /// Bring about the state that a file describes
    Apply(Apply),
    /// Return to the state before the last transaction, or before ID
    Rollback(Rollback),
    /// Show what is installed, running and effective
    Status(Status),
    /// Hash the installed connector against its recorded manifest
    Verify,
    /// Find what is wrong; --fix repairs it as a transaction
    Doctor(Doctor),
    /// List past transactions
    History,
    /// Roll back an interrupted run
    Recover,
    /// Show the gateway's log: the journal, or OpenClaw's log file
    Logs(Logs),
    /// Explain an error code or a check: cause, remedy, example
    Explain {
        /// A code, or a family such as gateway (default: list all)
        #[arg(value_name = "CODE")]
        code: Option<String>,
    },
    /// Print a shell completion script
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// Its name on the command line and in the journal.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Install(_) => "install",
            Self::Upgrade(_) => "upgrade",
            Self::Uninstall(_) => "uninstall",
            Self::Apply(_) => "apply",
            Self::Rollback(_) => "rollback",
            Self::Status(_) => "status",
            Self::Verify => "verify",
            Self::Doctor(_) => "doctor",
            Self::History => "history",
            Self::Recover => "recover",
            Self::Logs(_) => "logs",
            Self::Explain { .. } => "explain",
            Self::Completions { .. } => "completions",
        }
    }
}

/// What becomes of a connector that does not answer here as it comes.
#[derive(Debug, Clone, Copy, Args)]
pub struct FitOptions {
    /// Go on with a connector known to fail here
    #[arg(long)]
    pub force_incompatible: bool,
    /// Never adapt a connector to this OpenClaw
    #[arg(long)]
    pub no_adapt: bool,
}

/// Options of `install`.
#[derive(Debug, Args)]
#[command(
    after_help = "A setting may also come from a variable (OPENCLAW_SETUP_CLIENT_ID, …) or from
the file of --answers. A secret is never an argument: it comes from a file, a
variable, the answers, or a prompt."
)]
pub struct Install {
    /// Directory, .tgz/.tar.gz/.tar.zst/.tar/.zip, or npm:NAME[@VERSION]
    #[arg(value_name = "SOURCE")]
    pub source: Option<String>,
    /// Start the gateway even if it was not running
    #[arg(long)]
    pub start: bool,
    /// Whether the connector has to fit.
    #[command(flatten)]
    pub fit: FitOptions,
    /// How the connector is checked.
    #[command(flatten)]
    pub checks: Checks,
    /// How far it is proved.
    #[command(flatten)]
    pub proof: ProofOptions,
    /// What is configured.
    #[command(flatten)]
    pub settings: SettingOptions,
}

/// Options of `upgrade`.
#[derive(Debug, Args)]
pub struct Upgrade {
    /// Directory, .tgz/.tar.gz/.tar.zst/.tar/.zip, or npm:NAME[@VERSION]
    #[arg(value_name = "SOURCE")]
    pub source: Option<String>,
    /// Allow a connector older than the installed one
    #[arg(long)]
    pub allow_downgrade: bool,
    /// Only tell what an OpenClaw upgrade would mean
    #[arg(long, value_name = "VERSION")]
    #[arg(conflicts_with_all = ["source", "allow_downgrade", "FitOptions", "Checks", "ProofOptions"])]
    pub for_openclaw: Option<Version>,
    /// Whether the connector has to fit.
    #[command(flatten)]
    pub fit: FitOptions,
    /// How the connector is checked.
    #[command(flatten)]
    pub checks: Checks,
    /// How far it is proved.
    #[command(flatten)]
    pub proof: ProofOptions,
}

/// Options of `apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// The desired state, JSON5
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Change nothing; exit code 6 if something would change
    #[arg(long)]
    pub check: bool,
    /// Show what differs
    #[arg(long)]
    pub diff: bool,
}

/// Options of `rollback`.
#[derive(Debug, Args)]
pub struct Rollback {
    /// The transaction, as history names it
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// How far it is proved.
    #[command(flatten)]
    pub proof: ProofOptions,
}

/// Options of `status`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "a command line has flags")]
pub struct Status {
    /// Five lines, and the next command
    #[arg(long)]
    pub brief: bool,
    /// Print it in Prometheus's text format
    #[arg(long, conflicts_with_all = ["brief", "json", "watch"])]
    pub metrics: bool,
    /// Also ask the provider, DingTalk and the model
    #[arg(long)]
    pub live: bool,
    /// Look again and again until Ctrl-C
    #[arg(long, conflicts_with = "live")]
    pub watch: bool,
    /// How long to wait before the next look
    #[arg(long, value_name = "SECONDS", requires = "watch", default_value = "5")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub interval: u64,
}

/// How far the change is proved.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Proof")]
pub struct ProofOptions {
    /// Do not ask the model (the question costs a few tokens)
    #[arg(long)]
    pub no_ask: bool,
    /// Undo everything unless the model was seen to answer
    #[arg(long, conflicts_with = "no_ask")]
    pub require_answer: bool,
}

/// Options of `uninstall`.
#[derive(Debug, Args)]
pub struct Uninstall {
    /// Keep the channel block in the config
    #[arg(long)]
    pub keep_config: bool,
    /// Also remove our records; no rollback after that
    #[arg(long)]
    pub purge: bool,
}

/// Options of `doctor`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "a command line has flags")]
pub struct Doctor {
    /// Checks or families to run (default: all)
    #[arg(value_name = "CHECK")]
    pub checks: Vec<String>,
    /// List the checks
    #[arg(long, conflicts_with_all = ["fix", "bundle"])]
    pub list: bool,
    /// Repair everything that has a safe repair
    #[arg(long)]
    pub fix: bool,
    /// Restore the newest valid copy of a broken config
    #[arg(long, requires = "fix")]
    pub restore_config: bool,
    /// Also ask the provider (one tiny completion) and DingTalk
    #[arg(long, conflicts_with = "list")]
    pub live: bool,
    /// Treat warnings as problems
    #[arg(long)]
    pub strict: bool,
    /// Write a redacted archive to send when asking for help
    #[arg(long, value_name = "FILE", conflicts_with = "fix")]
    pub bundle: Option<PathBuf>,
    /// How far a repair is proved.
    #[command(flatten)]
    pub proof: ProofOptions,
}

/// Options of `logs`.
#[derive(Debug, Args)]
#[command(after_help = "TIME is how long ago (10min, 2h, 3d) or when (14:30, 2026-03-13,
\"2026-03-13 14:30\"). Secrets, and what people wrote to the bot, are masked.
Ctrl-C is the normal end of --follow: exit code 0.
With --json, every line is a JSON object.")]
pub struct Logs {
    /// Keep printing new lines until Ctrl-C
    #[arg(short, long)]
    pub follow: bool,
    /// Only the last lines (default: 100, all with --since)
    #[arg(long, value_name = "COUNT")]
    pub lines: Option<u32>,
    /// Start there, such as 2h or 14:30 (default: last start)
    #[arg(long, value_name = "TIME")]
    pub since: Option<Since>,
}

/// Settings of the bot and its model provider. A secret is never an argument.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings (a FILE may be - for standard input)")]
pub struct SettingOptions {
    /// The bot's client id (AppKey)
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// The bot's client secret (AppSecret)
    #[arg(long, value_name = "FILE")]
    pub client_secret_file: Option<PathBuf>,
    /// The gateway's token
    #[arg(long, value_name = "FILE")]
    pub gateway_token_file: Option<PathBuf>,
    /// Base URL of the model provider
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// Model, such as gpt-5.4 or openai/gpt-5.4
    #[arg(long, value_name = "ID")]
    pub model: Option<String>,
    /// The model provider's API key
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
    /// How clients authenticate to the gateway
    #[arg(long, value_name = "MODE")]
    pub gateway_auth: Option<GatewayAuth>,
    /// Idle time after which a new conversation starts
    #[arg(long, value_name = "MS")]
    pub session_timeout: Option<u32>,
    /// Hosts to reach past any proxy, such as a.lan,b.lan
    #[arg(long, value_name = "HOSTS")]
    pub no_proxy: Option<String>,
    /// JSON5 file with any of these settings
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
}

impl SettingOptions {
    /// The options that were given, as settings with their values.
    pub fn given(&self) -> Vec<(Setting, Given)> {
        let text = |text: &Option<String>| text.clone().map(Given::Text);
        let file = |path: &Option<PathBuf>| path.clone().map(Given::in_file);
        [
            (Setting::ClientId, text(&self.client_id)),
            (Setting::ClientSecret, file(&self.client_secret_file)),
            (Setting::BaseUrl, text(&self.base_url)),
            (Setting::Model, text(&self.model)),
            (Setting::ApiKey, file(&self.api_key_file)),
            (Setting::GatewayAuth, self.gateway_auth.map(|auth| Given::Text(word(auth)))),
            (Setting::GatewayToken, file(&self.gateway_token_file)),
            (Setting::SessionTimeout, self.session_timeout.map(|ms| Given::Text(ms.to_string()))),
            (Setting::NoProxy, text(&self.no_proxy)),
        ]
        .into_iter()
        .filter_map(|(setting, given)| Some((setting, given?)))
        .collect()
    }
}

/// A moment in the past, in µs since 1970; people write how long ago it was, or when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// The count.
    pub usec: u64,
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let moment = moment(text.trim(), &Zoned::now());
        let usec = moment.and_then(|moment| u64::try_from(moment.as_microsecond()).ok());
        usec.map(|usec| Self { usec }).ok_or_else(|| say!("it is not a time span or a time"))
    }
}

/// Dates and times without a zone are those of the clock on the wall.
fn moment(text: &str, now: &Zoned) -> Option<Timestamp> {
    let local = |moment: DateTime| Some(moment.to_zoned(now.time_zone().clone()).ok()?.timestamp());
    if let Ok(span) = text.parse::<Span>() {
        return now.checked_sub(span.abs()).map(|moment| moment.timestamp()).ok();
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    if let Ok(moment) = text.parse::<DateTime>() {
        return local(moment);
    }
    // "10" may mean anything
    let time = text.contains(':').then(|| text.parse::<Time>().ok()).flatten();
    time.and_then(|time| local(now.date().to_datetime(time)))
}

/// The options that decide how the program speaks, known before the command line is: even its faults
/// are told in the right language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voice {
    /// The language that was asked for.
    pub lang: Option<Language>,
    /// One JSON document on stdout instead of text.
    pub json: bool,
    /// When to use colour.
    pub color: Color,
}

impl Voice {
    /// What the arguments of a command line, right or wrong, say about it.
    pub fn overheard(arguments: &[OsString]) -> Self {
        let words: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
        let options: Vec<_> = words.iter().map(AsRef::as_ref).take_while(|w| *w != "--").collect();
        Self {
            lang: value(&options, "--lang"),
            json: options.contains(&"--json"),
            color: value(&options, "--color").unwrap_or(Color::Auto),
        }
    }
}

impl From<&Global> for Voice {
    fn from(global: &Global) -> Self {
        Self { lang: global.lang, json: global.json, color: global.color }
    }
}

/// The value of an option in either of its forms, if it is one of those that the option may have.
fn value<V: ValueEnum>(words: &[&str], option: &str) -> Option<V> {
    let joined = words.iter().find_map(|word| word.strip_prefix(option)?.strip_prefix('='));
    let next = words.windows(2).find(|pair| pair[0] == option).map(|pair| pair[1]);
    V::from_str(joined.or(next)?, true).ok()
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl From<Color> for clap::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

#[cfg(test)]
mod tests;
