//! Why no plan can be made: nothing has been touched.

use std::path::PathBuf;

use crate::language::Explain;
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

    fn message(&self) -> String {
        match self {
            Self::ReadOnly { variable } => say!(
                "{variable} is set: OpenClaw's config is managed by something else and must not be edited",
                variable
            ),
            Self::Exposed { key, value } => say!(
                "the gateway can be reached from outside ({key} = {value}); without a token anybody could run the agent",
                key,
                value
            ),
            Self::PluginsOff { file } => {
                let file = file.display();
                say!("{file}: plugins.enabled is false, so no plugin is loaded at all", file)
            }
            Self::AuthMode { mode } => {
                say!("gateway.auth.mode is {mode}, which the connector cannot speak", mode)
            }
            Self::TokenUnreadable => say!(
                "the gateway's token is not in the config as text or ${{VAR}}, so it cannot be handed to the connector"
            ),
            Self::TokenConflict => {
                say!("the token that was given is not the gateway's own (gateway.auth.token)")
            }
            Self::NothingInstalled => say!("no DingTalk connector is installed here"),
            Self::Downgrade { from, to } => {
                say!("connector {to} is older than the installed {from}", to, from)
            }
            Self::ChannelNeedsConnector => say!(
                "this OpenClaw refuses a config that names a channel without its connector, so the channel block cannot stay"
            ),
            Self::NoSuchTransaction { id: Some(id) } => {
                say!("there is no completed transaction {id}", id)
            }
            Self::NoSuchTransaction { id: None } => say!("there is no transaction to roll back"),
            Self::TreePruned { id } => say!(
                "the connector tree from before {id} is no longer kept (only the last three are)",
                id
            ),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::ReadOnly { .. } => say!(
                "Make the change where the config is managed; --dry-run on another machine shows it."
            ),
            Self::Exposed { .. } => say!("Use: --gateway-auth token"),
            Self::PluginsOff { .. } => {
                say!("Switch them on: openclaw config set plugins.enabled true")
            }
            Self::AuthMode { .. } => {
                say!("Choose one: --gateway-auth token, or --gateway-auth none")
            }
            Self::TokenUnreadable => {
                say!("Give it with --gateway-token-file, or choose --gateway-auth none.")
            }
            Self::TokenConflict => say!(
                "Leave the token away to use the gateway's, or say --gateway-auth token to change both."
            ),
            Self::NothingInstalled => say!("Install one: openclaw-setup install"),
            Self::Downgrade { .. } => say!(
                "If that is what you want: --allow-downgrade. To go back to an earlier state: openclaw-setup rollback"
            ),
            Self::ChannelNeedsConnector => say!(
                "Leave --keep-config away; openclaw-setup rollback brings the block back whole."
            ),
            Self::NoSuchTransaction { .. } => say!("List them: openclaw-setup history"),
            Self::TreePruned { .. } => say!(
                "Choose a later one (openclaw-setup history), or install that connector again."
            ),
        }
    }
}
