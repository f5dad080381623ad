//! The command line, nothing else.
//!
//! The English text of a command or an option is its doc comment; the Chinese one stands below it,
//! in clap's slot for a long help, which [`localize`] moves to where help is shown.

pub mod localize;
pub mod since;
pub mod usage;
pub mod voice;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::connector::Sha256;
use crate::language::Language;
use crate::settings::{GatewayAuth, Setting, sources::Given};
use since::Since;
use usage::UsageError;
use voice::Voice;

/// Make a DingTalk bot work on an OpenClaw server, and take every step back
#[derive(Debug, Parser)]
#[command(
    name = localize::PROGRAM,
    version,
    disable_help_subcommand = true,
    long_about = "在 OpenClaw 服务器上配置好钉钉机器人，每一步都可撤回",
    after_help = "Exit codes:
  0  done, or nothing to do           4  failed, and not all could be undone
  1  failed, everything undone        5  another run holds the lock
  2  wrong command line or setting    130  interrupted, everything undone
  3  problems found",
    after_long_help = "退出码:
  0  已完成，或无需改动      4  失败，且有改动未能撤销
  1  失败，改动已全部撤销    5  锁被另一次运行占用
  2  命令行或设置有误        130  已中断，改动已全部撤销
  3  发现问题"
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
    pub fn read(arguments: &[OsString], language: Language) -> Result<Self, UsageError> {
        let color = Voice::overheard(arguments).color;
        let mut command = localize::command(language).color(color.into());
        command
            .try_get_matches_from_mut(arguments)
            .and_then(|mut matches| Self::from_arg_matches_mut(&mut matches))
            .map_err(UsageError::from)
    }
}

/// Options that every command knows.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
#[allow(clippy::struct_excessive_bools, reason = "a command line has flags")]
pub struct Global {
    /// OpenClaw's state directory (default: ~/.openclaw)
    #[arg(long, global = true, value_name = "DIR")]
    #[arg(long_help = "OpenClaw 的状态目录（默认 ~/.openclaw）")]
    pub state_dir: Option<PathBuf>,
    /// OpenClaw's profile
    #[arg(long, global = true, value_name = "NAME")]
    #[arg(long_help = "OpenClaw 的 profile（配置档）")]
    pub profile: Option<String>,
    /// Act for this user (root only)
    #[arg(long, global = true, value_name = "NAME")]
    #[arg(long_help = "以该用户的身份执行（仅限 root）")]
    pub user: Option<String>,
    /// Print one JSON document on standard output
    #[arg(long, global = true)]
    #[arg(long_help = "在标准输出打印一份 JSON 文档")]
    pub json: bool,
    /// Print errors only
    #[arg(short, long, global = true)]
    #[arg(long_help = "只打印错误")]
    pub quiet: bool,
    /// Print more
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    #[arg(long_help = "打印更多信息")]
    pub verbose: bool,
    /// Use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    #[arg(long_help = "是否使用颜色")]
    pub color: Color,
    /// Language (default: from the locale)
    #[arg(long, global = true, value_name = "LANG")]
    #[arg(long_help = "输出语言（默认取自 locale）")]
    pub lang: Option<Lang>,
    /// Ask nothing, take yes for an answer
    #[arg(short, long, global = true)]
    #[arg(long_help = "不询问，一律视为同意")]
    pub yes: bool,
    /// Show what would be done and change nothing
    #[arg(short = 'n', long, global = true)]
    #[arg(long_help = "只显示将要做的改动，不做任何修改")]
    pub dry_run: bool,
    /// Longest phase; default 120, more for a slow stop
    #[arg(long, global = true, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    #[arg(long_help = "每个阶段的最长时间（默认 120，停止较慢时更长）")]
    pub timeout: Option<u64>,
    /// Fetch nothing from the network
    #[arg(long, global = true)]
    #[arg(long_help = "不从网络获取任何内容")]
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

impl From<Color> for clap::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
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

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::English,
            Lang::ZhCn => Self::Chinese,
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make DingTalk work: connector, config, drop-in, restart, health
    #[command(long_about = "在本机配置好钉钉：连接器、配置、drop-in、重启、健康检查")]
    Install(Box<Install>),
    /// Move to another connector, with automatic return on failure
    #[command(long_about = "换用另一版本的连接器；失败时自动恢复原状")]
    Upgrade(Upgrade),
    /// Take it all out again; your other settings stay
    #[command(long_about = "全部移除；你的其他设置保持不变")]
    Uninstall(Uninstall),
    /// Return to the state before the last transaction, or before ID
    #[command(long_about = "回到最近一次事务（或事务 ID）之前的状态")]
    Rollback {
        /// The transaction, as history names it
        #[arg(value_name = "ID", long_help = "事务 ID，见 history")]
        id: Option<String>,
    },
    /// Show what is installed, running and effective
    #[command(long_about = "显示已安装、正在运行和实际生效的内容")]
    Status,
    /// Hash the installed connector against its recorded manifest
    #[command(long_about = "按安装时的清单逐一校验已安装的连接器")]
    Verify,
    /// Find what is wrong; --fix repairs it as a transaction
    #[command(long_about = "检查问题所在；加 --fix 以一次事务修复")]
    Doctor(Doctor),
    /// List past transactions
    #[command(long_about = "列出历次事务")]
    History,
    /// Finish or undo an interrupted transaction
    #[command(long_about = "完成或撤销被中断的事务")]
    Recover,
    /// Show the gateway's log: the journal, or OpenClaw's log file
    #[command(long_about = "显示网关日志：journal，没有则为 OpenClaw 的日志文件")]
    Logs(Logs),
    /// Print a shell completion script
    #[command(long_about = "打印 shell 的补全脚本")]
    Completions {
        /// The shell
        #[arg(value_name = "SHELL", long_help = "shell 名称")]
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
            Self::Doctor(_) => "doctor",
            Self::History => "history",
            Self::Recover => "recover",
            Self::Logs(_) => "logs",
            Self::Completions { .. } => "completions",
        }
    }
}

/// Options of `install`.
#[derive(Debug, Args)]
#[command(
    after_help = "A setting may also come from a variable (OPENCLAW_SETUP_CLIENT_ID, …) or from
the file of --answers. A secret is never an argument: it comes from a file, a
variable, the answers, or a prompt.",
    after_long_help = "设置也可来自环境变量（OPENCLAW_SETUP_CLIENT_ID 等）或 --answers 文件。
机密值不能写在命令行上：请用文件、环境变量、--answers 文件或交互输入。"
)]
pub struct Install {
    /// Directory, .tgz/.tar.gz/.tar.zst/.tar/.zip, or npm:NAME[@VERSION]
    #[arg(value_name = "SOURCE")]
    #[arg(long_help = "目录、.tgz/.tar.gz/.tar.zst/.tar/.zip，或 npm:名称[@版本]")]
    pub source: Option<String>,
    /// Start the gateway even if it did not run
    #[arg(long)]
    #[arg(long_help = "即使网关原先没有运行，也启动它")]
    pub start: bool,
    /// How the connector is checked.
    #[command(flatten)]
    pub checksums: Checksums,
    /// What is configured.
    #[command(flatten)]
    pub settings: SettingOptions,
}

/// Options of `upgrade`.
#[derive(Debug, Args)]
pub struct Upgrade {
    /// Directory, .tgz/.tar.gz/.tar.zst/.tar/.zip, or npm:NAME[@VERSION]
    #[arg(value_name = "SOURCE")]
    #[arg(long_help = "目录、.tgz/.tar.gz/.tar.zst/.tar/.zip，或 npm:名称[@版本]")]
    pub source: Option<String>,
    /// Accept a connector that is older than the installed one
    #[arg(long)]
    #[arg(long_help = "允许换成更旧的连接器")]
    pub allow_downgrade: bool,
    /// How the connector is checked.
    #[command(flatten)]
    pub checksums: Checksums,
}

/// Options of `uninstall`.
#[derive(Debug, Args)]
pub struct Uninstall {
    /// Leave the channel block in the config
    #[arg(long)]
    #[arg(long_help = "保留配置中的 channel 段")]
    pub keep_config: bool,
    /// Remove our records too; nothing can be rolled back then
    #[arg(long)]
    #[arg(long_help = "同时删除本程序的记录：之后无法再回滚")]
    pub purge: bool,
}

/// Options of `doctor`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "a command line has flags")]
pub struct Doctor {
    /// Checks or families to run (default: all)
    #[arg(value_name = "CHECK")]
    #[arg(long_help = "要运行的检查或检查类别（默认全部）")]
    pub checks: Vec<String>,
    /// List the checks
    #[arg(long, conflicts_with_all = ["fix", "bundle"])]
    #[arg(long_help = "列出所有检查")]
    pub list: bool,
    /// Repair everything that has a safe repair
    #[arg(long)]
    #[arg(long_help = "修复所有可以安全修复的问题")]
    pub fix: bool,
    /// Return to the newest valid copy of a broken config
    #[arg(long, requires = "fix")]
    #[arg(long_help = "将损坏的配置恢复为最近的有效副本")]
    pub restore_config: bool,
    /// Ask provider (for one tiny completion) and DingTalk, too
    #[arg(long, conflicts_with = "list")]
    #[arg(long_help = "同时询问模型供应商（一次极小的补全）与钉钉")]
    pub live: bool,
    /// Let warnings count as problems, too
    #[arg(long)]
    #[arg(long_help = "警告也算作问题")]
    pub strict: bool,
    /// Write a redacted archive for asking others for help
    #[arg(long, value_name = "FILE", conflicts_with = "fix")]
    #[arg(long_help = "写出隐去机密的归档，便于向他人求助")]
    pub bundle: Option<PathBuf>,
}

/// Options of `logs`.
#[derive(Debug, Args)]
#[command(
    after_help = "TIME is how long ago (10min, 2h, 3d) or when (14:30, 2026-03-13,
\"2026-03-13 14:30\"). Secrets, and what people wrote to the bot, are masked.
Ctrl-C is the normal end of --follow: exit code 0.
With --json, every line is a JSON object.",
    after_long_help = "<时间> 可以是距今多久（10min、2h、3d），也可以是某一时刻（14:30、2026-03-13、
“2026-03-13 14:30”）。机密值与用户发给机器人的内容均被遮盖。
--follow 用 Ctrl-C 正常结束，退出码为 0。使用 --json 时每行一个 JSON 对象。"
)]
pub struct Logs {
    /// Go on with what is logged from now on, until Ctrl-C
    #[arg(short, long)]
    #[arg(long_help = "持续显示新的日志，直到按 Ctrl-C")]
    pub follow: bool,
    /// Only the last lines (default: 100, all with --since)
    #[arg(long, value_name = "COUNT")]
    #[arg(long_help = "最多显示最后多少行（默认 100；使用 --since 时为全部）")]
    pub lines: Option<u32>,
    /// From then on, such as 2h or 14:30 (default: last start)
    #[arg(long, value_name = "TIME")]
    #[arg(long_help = "起始时间，如 2h、14:30（默认为网关最近一次启动）")]
    pub since: Option<Since>,
}

/// How the connector is checked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Checksums")]
pub struct Checksums {
    /// SHA-256 of the archive
    #[arg(long, value_name = "HEX")]
    #[arg(long_help = "归档文件的 SHA-256")]
    pub sha256: Option<Sha256>,
    /// A list in the format of sha256sum(1)
    #[arg(long, value_name = "FILE")]
    #[arg(long_help = "sha256sum(1) 格式的校验清单")]
    pub checksums: Option<PathBuf>,
    /// Install a connector that has no checksum at all
    #[arg(long)]
    #[arg(long_help = "允许安装没有任何校验值的连接器")]
    pub allow_unverified: bool,
}

/// Settings of the bot and its model provider. A secret is never an argument.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings (a FILE may be - for standard input)")]
pub struct SettingOptions {
    /// The bot's client id (AppKey)
    #[arg(long, value_name = "ID")]
    #[arg(long_help = "机器人的 clientId（AppKey）")]
    pub client_id: Option<String>,
    /// The bot's client secret (AppSecret)
    #[arg(long, value_name = "FILE")]
    #[arg(long_help = "机器人的 clientSecret（AppSecret）")]
    pub client_secret_file: Option<PathBuf>,
    /// The gateway's token
    #[arg(long, value_name = "FILE")]
    #[arg(long_help = "网关令牌")]
    pub gateway_token_file: Option<PathBuf>,
    /// Base URL of the model provider
    #[arg(long, value_name = "URL")]
    #[arg(long_help = "模型供应商的 baseUrl")]
    pub base_url: Option<String>,
    /// Model, such as gpt-5.4 or openai/gpt-5.4
    #[arg(long, value_name = "ID")]
    #[arg(long_help = "模型，例如 gpt-5.4 或 openai/gpt-5.4")]
    pub model: Option<String>,
    /// The model provider's API key
    #[arg(long, value_name = "FILE")]
    #[arg(long_help = "模型供应商的 API Key")]
    pub api_key_file: Option<PathBuf>,
    /// What guards the gateway
    #[arg(long, value_name = "MODE")]
    #[arg(long_help = "网关的认证方式")]
    pub gateway_auth: Option<GatewayAuth>,
    /// Silence after which a talk starts anew
    #[arg(long, value_name = "MS")]
    #[arg(long_help = "会话静默多久后重新开始")]
    pub session_timeout: Option<u32>,
    /// JSON5 file with any of these settings
    #[arg(long, value_name = "FILE")]
    #[arg(long_help = "含有以上任意设置的 JSON5 文件")]
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
