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
        }
    }
}
