//! Why no plan can be made: nothing has been touched.

use std::path::PathBuf;

use crate::language::{Explain, Language};
use crate::say;

/// A wish that this machine cannot fulfil as it stands.
#[derive(Debug)]
pub enum PlanError {
    /// The config is managed by something else.
    ReadOnly {
        /// The variable that says so.
        variable: &'static str,
    },
    /// `--gateway-auth none` on a gateway that others can reach.
    Exposed {
        /// The key or option that exposes it.
        key: String,
        /// Its value.
        value: String,
    },
    /// Plugins are switched off as a whole.
    PluginsOff {
        /// The config.
        file: PathBuf,
    },
    /// The gateway's auth mode is none that the connector can speak.
    AuthMode {
        /// The mode.
        mode: String,
    },
    /// The gateway's token is kept where the connector cannot read it.
    TokenUnreadable,
    /// A token was given that is not the gateway's.
    TokenConflict,
    /// There is no connector to upgrade or uninstall.
    NothingInstalled,
    /// The payload is older than what is installed.
    Downgrade {
        /// The installed version.
        from: String,
        /// The payload's.
        to: String,
    },
    /// The channel block cannot stay without the connector.
    ChannelNeedsConnector,
    /// There is no transaction of that id, or none at all.
    NoSuchTransaction {
        /// The id that was given.
        id: Option<String>,
    },
    /// The tree of that generation is no longer kept.
    TreePruned {
        /// The transaction.
        id: String,
    },
}

impl Explain for PlanError {
    fn code(&self) -> &'static str {
        match self {
            Self::ReadOnly { .. } => "config.read-only",
            Self::Exposed { .. } => "gateway.exposed",
            Self::PluginsOff { .. } => "config.plugins-off",
            Self::AuthMode { .. } => "gateway.auth-mode",
            Self::TokenUnreadable => "gateway.token-unreadable",
            Self::TokenConflict => "gateway.token-conflict",
            Self::NothingInstalled => "connector.not-installed",
            Self::Downgrade { .. } => "connector.downgrade",
            Self::ChannelNeedsConnector => "config.channel-needs-connector",
            Self::NoSuchTransaction { .. } => "history.no-such-transaction",
            Self::TreePruned { .. } => "history.tree-pruned",
        }
    }

    fn problem(&self, language: Language) -> String {
        match self {
            Self::ReadOnly { variable } => say!(
                language,
                "{variable} is set: OpenClaw's config is managed by something else and must not be edited",
                "已设置 {variable}：OpenClaw 的配置由其他系统管理，不得修改"
            ),
            Self::Exposed { key, value } => say!(
                language,
                "the gateway can be reached from outside ({key} = {value}); without a token anybody could run the agent",
                "网关可从外部访问（{key} = {value}）；没有令牌时任何人都能运行代理"
            ),
            Self::PluginsOff { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: plugins.enabled is false, so no plugin is loaded at all",
                    "{file}：plugins.enabled 为 false，所有插件都不会加载"
                )
            }
            Self::AuthMode { mode } => say!(
                language,
                "gateway.auth.mode is {mode}, which the connector cannot speak",
                "gateway.auth.mode 为 {mode}，连接器不支持"
            ),
            Self::TokenUnreadable => say!(
                language,
                "the gateway's token is not in the config as text or ${{VAR}}, so it cannot be handed to the connector",
                "网关令牌不是以文本或 ${{VAR}} 形式写在配置中，无法交给连接器"
            ),
            Self::TokenConflict => say!(
                language,
                "the token that was given is not the gateway's own (gateway.auth.token)",
                "提供的令牌与网关自身的令牌（gateway.auth.token）不一致"
            ),
            Self::NothingInstalled => {
                say!(language, "no DingTalk connector is installed here", "此处未安装钉钉连接器")
            }
            Self::Downgrade { from, to } => say!(
                language,
                "connector {to} is older than the installed {from}",
                "连接器 {to} 比已安装的 {from} 旧"
            ),
            Self::ChannelNeedsConnector => say!(
                language,
                "this OpenClaw refuses a config that names a channel without its connector, so the channel block cannot stay",
                "此版本 OpenClaw 不接受没有对应连接器的频道配置，因此无法保留频道配置"
            ),
            Self::NoSuchTransaction { id: Some(id) } => {
                say!(language, "there is no completed transaction {id}", "不存在已完成的事务 {id}")
            }
            Self::NoSuchTransaction { id: None } => {
                say!(language, "there is no transaction to roll back", "没有可回滚的事务")
            }
            Self::TreePruned { id } => say!(
                language,
                "the connector tree from before {id} is no longer kept (only the last three are)",
                "事务 {id} 之前的连接器目录已不再保留（只保留最近三个）"
            ),
        }
    }

    fn remedy(&self, language: Language) -> String {
        match self {
            Self::ReadOnly { .. } => say!(
                language,
                "Make the change where the config is managed; --dry-run on another machine shows it.",
                "请在管理该配置的系统中修改；可在另一台机器上用 --dry-run 查看所需改动。"
            ),
            Self::Exposed { .. } => {
                say!(language, "Use: --gateway-auth token", "请使用：--gateway-auth token")
            }
            Self::PluginsOff { .. } => say!(
                language,
                "Switch them on: openclaw config set plugins.enabled true",
                "请启用插件：openclaw config set plugins.enabled true"
            ),
            Self::AuthMode { .. } => say!(
                language,
                "Choose one: --gateway-auth token, or --gateway-auth none",
                "请选择：--gateway-auth token 或 --gateway-auth none"
            ),
            Self::TokenUnreadable => say!(
                language,
                "Give it with --gateway-token-file, or choose --gateway-auth none.",
                "请用 --gateway-token-file 提供，或选择 --gateway-auth none。"
            ),
            Self::TokenConflict => say!(
                language,
                "Leave the token away to use the gateway's, or say --gateway-auth token to change both.",
                "去掉该令牌即可使用网关自身的令牌；如需同时更改两处，请加 --gateway-auth token。"
            ),
            Self::NothingInstalled => say!(
                language,
                "Install one: openclaw-setup install",
                "请先安装：openclaw-setup install"
            ),
            Self::Downgrade { .. } => say!(
                language,
                "If that is what you want: --allow-downgrade. To go back to an earlier state: openclaw-setup rollback",
                "如确需降级：--allow-downgrade。如需回到之前的状态：openclaw-setup rollback"
            ),
            Self::ChannelNeedsConnector => say!(
                language,
                "Leave --keep-config away; openclaw-setup rollback brings the block back whole.",
                "请去掉 --keep-config；之后可用 openclaw-setup rollback 完整恢复该配置。"
            ),
            Self::NoSuchTransaction { .. } => {
                say!(
                    language,
                    "List them: openclaw-setup history",
                    "查看列表：openclaw-setup history"
                )
            }
            Self::TreePruned { .. } => say!(
                language,
                "Choose a later one (openclaw-setup history), or install that connector again.",
                "请选择较新的事务（openclaw-setup history），或重新安装该版本连接器。"
            ),
        }
    }
}
