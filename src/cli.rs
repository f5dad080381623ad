//! The command line, nothing else.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::connector::Sha256;
use crate::settings::{GatewayAuth, Setting, sources::Given};

/// Make a DingTalk bot work on an OpenClaw server, keep it working, and take every step back
#[derive(Debug, Parser)]
#[command(name = "openclaw-setup", version, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    /// Options that every command knows.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command knows.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "a command line has flags")]
pub struct Global {
    /// OpenClaw's state directory (default: as OpenClaw finds it, ~/.openclaw)
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// OpenClaw's profile
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Act for this user (root only)
    #[arg(long, global = true, value_name = "NAME")]
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
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Language of the output (default: from the locale)
    #[arg(long, global = true, value_name = "LANG")]
    pub lang: Option<Lang>,
    /// Ask nothing, take yes for an answer
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// Show what would be done and change nothing
    #[arg(short = 'n', long, global = true)]
    pub dry_run: bool,
    /// The longest time that one wait may take
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: u64,
    /// Fetch nothing from the network
    #[arg(long, global = true)]
    pub offline: bool,
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

/// A language of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// English.
    En,
    /// Simplified Chinese.
    #[value(name = "zh-CN", alias = "zh")]
    ZhCn,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make DingTalk work here: connector, config, drop-in, restart, health
    Install(Box<Install>),
    /// The same to another connector: config migration, swap, health, automatic return on failure
    Upgrade(Upgrade),
    /// Take it all out again; your other settings stay
    Uninstall(Uninstall),
    /// Return to the state before the last transaction, or before ID
    Rollback {
        /// The transaction, as `history` names it
        id: Option<String>,
    },
    /// Show what is installed, running and effective
    Status,
    /// Hash the installed connector against its recorded manifest
    Verify,
    /// List past transactions
    History,
    /// Finish or undo an interrupted transaction
    Recover,
    /// Print a shell completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// Its name on the command line and in the journal.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Install(_) => "install",
            Self::Upgrade(_) => "upgrade",
            Self::Uninstall(_) => "uninstall",
            Self::Rollback { .. } => "rollback",
            Self::Status => "status",
            Self::Verify => "verify",
            Self::History => "history",
            Self::Recover => "recover",
            Self::Completions { .. } => "completions",
        }
    }
}

/// Options of `install`.
#[derive(Debug, Args)]
pub struct Install {
    /// Directory, archive (.tgz .tar.gz .tar.zst .tar .zip), npm:NAME[@VERSION], or payload folder
    pub source: Option<String>,
    /// How the connector is checked.
    #[command(flatten)]
    pub checksums: Checksums,
    /// What is configured.
    #[command(flatten)]
    pub settings: SettingOptions,
    /// Start the gateway even if it did not run
    #[arg(long)]
    pub start: bool,
}

/// Options of `upgrade`.
#[derive(Debug, Args)]
pub struct Upgrade {
    /// Directory, archive (.tgz .tar.gz .tar.zst .tar .zip), npm:NAME[@VERSION], or payload folder
    pub source: Option<String>,
    /// How the connector is checked.
    #[command(flatten)]
    pub checksums: Checksums,
    /// Accept a connector that is older than the installed one
    #[arg(long)]
    pub allow_downgrade: bool,
}

/// Options of `uninstall`.
#[derive(Debug, Args)]
pub struct Uninstall {
    /// Leave the channel block in the config
    #[arg(long)]
    pub keep_config: bool,
    /// Remove our records too: nothing can be rolled back afterwards
    #[arg(long)]
    pub purge: bool,
}

/// How the connector is checked.
#[derive(Debug, Args)]
pub struct Checksums {
    /// SHA-256 of the archive
    #[arg(long, value_name = "HEX")]
    pub sha256: Option<Sha256>,
    /// A list in the format of sha256sum(1)
    #[arg(long, value_name = "FILE")]
    pub checksums: Option<PathBuf>,
    /// Install a connector that has no checksum at all
    #[arg(long)]
    pub allow_unverified: bool,
}

/// Settings of the bot and its model provider. A secret is never an argument.
#[derive(Debug, Args)]
pub struct SettingOptions {
    /// The bot's client id (AppKey)
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// File with the bot's client secret (AppSecret); - for standard input
    #[arg(long, value_name = "FILE")]
    pub client_secret_file: Option<PathBuf>,
    /// File with the gateway's token; - for standard input
    #[arg(long, value_name = "FILE")]
    pub gateway_token_file: Option<PathBuf>,
    /// Base URL of the model provider
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// Model, such as gpt-5.4 or openai/gpt-5.4
    #[arg(long, value_name = "ID")]
    pub model: Option<String>,
    /// File with the model provider's key; - for standard input
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
    /// How the gateway's HTTP interface is guarded (default: as it is, else none)
    #[arg(long, value_name = "MODE")]
    pub gateway_auth: Option<GatewayAuth>,
    /// Milliseconds after which a silent conversation starts anew
    #[arg(long, value_name = "MS")]
    pub session_timeout: Option<u32>,
    /// JSON5 file with any of these settings
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
}

impl SettingOptions {
    /// The options that were given, as settings with their values.
    #[must_use]
    pub fn given(&self) -> Vec<(Setting, Given)> {
        let text = |text: &Option<String>| text.clone().map(Given::Text);
        let file = |path: &Option<PathBuf>| path.clone().map(Given::in_file);
        let auth = self.gateway_auth.map(|auth| match auth {
            GatewayAuth::None => "none".to_owned(),
            GatewayAuth::Token => "token".to_owned(),
        });
        [
            (Setting::ClientId, text(&self.client_id)),
            (Setting::ClientSecret, file(&self.client_secret_file)),
            (Setting::BaseUrl, text(&self.base_url)),
            (Setting::Model, text(&self.model)),
            (Setting::ApiKey, file(&self.api_key_file)),
            (Setting::GatewayAuth, auth.map(Given::Text)),
            (Setting::GatewayToken, file(&self.gateway_token_file)),
            (Setting::SessionTimeout, self.session_timeout.map(|ms| Given::Text(ms.to_string()))),
        ]
        .into_iter()
        .filter_map(|(setting, given)| Some((setting, given?)))
        .collect()
    }
}
