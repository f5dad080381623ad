//! What the published connectors need, heed and do, by their version: rows of the catalogue.

use semver::{Version, VersionReq};
use serde::Deserialize;

/// The gateway's port where nothing says otherwise.
pub const USUAL_PORT: u16 = 18789;

/// What a connector needs of the gateway, heeds in its settings, or does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Habit {
    /// It talks to the gateway over HTTP, at 127.0.0.1, and needs the chat endpoint; others live inside
    /// the gateway.
    NeedsEndpoint,
    /// It shows the gateway a token or a password.
    NeedsToken,
    /// Its requests to this machine must pass by the proxy.
    NeedsBypass,
    /// It calls [`USUAL_PORT`] whatever the gateway's port is.
    #[serde(rename = "needs-port-18789")]
    NeedsUsualPort,
    /// It finds `OpenClaw` by Node's own rules: through a link in its `node_modules`.
    NeedsHostLink,
    /// It speaks plain HTTP to the gateway.
    ForbidsTls,
    /// It names the agent that shall answer, in a header: the account's own.
    NamesItsAgent,
    /// It finds the agent in the `bindings` of OpenClaw's config.
    RoutesByBindings,
    /// It asks for the model `default`; others for `main`.
    AsksForTheDefault,
    /// It turns away whom `dmPolicy: allowlist` does not name, where `allowFrom` names somebody.
    HeedsAllowFrom,
    /// It turns away whom `dmPolicy: allowlist` does not name.
    HeedsDmPolicy,
    /// It looks at `groupPolicy`.
    HeedsGroupPolicy,
    /// An account of `accounts` has what the channel's block says beside it. Without, it has its own
    /// block alone.
    AccountsInherit,
    /// Its start lasts as long as its connection; otherwise `OpenClaw` starts it again and again.
    StaysStarted,
    /// Its requests to `DingTalk` take no proxy, unless `DINGTALK_FORCE_PROXY` is set.
    IgnoresProxies,
}

/// One row: the connectors that have a habit.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Row {
    what: Habit,
    pub(super) connector: VersionReq,
}

/// One row: the connectors that read a key of the channel.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct KeyRow {
    pub(super) key: String,
    pub(super) connector: VersionReq,
}

/// What a connector of one version needs, heeds and does.
#[derive(Debug, Clone)]
pub struct Generation(Vec<Habit>);

impl Generation {
    /// One of an unknown version is taken for one that talks over HTTP, so that nothing is missing.
    pub(super) fn unknown() -> Self {
        use Habit::{AccountsInherit, NeedsBypass, NeedsEndpoint, NeedsToken};
        Self(vec![NeedsEndpoint, NeedsToken, NeedsBypass, AccountsInherit])
    }

    pub(super) fn of(rows: &[Row], version: &Version) -> Self {
        let rows = rows.iter().filter(|row| row.connector.matches(version));
        Self(rows.map(|row| row.what).collect())
    }

    /// Whether it has this habit.
    pub fn has(&self, habit: Habit) -> bool {
        self.0.contains(&habit)
    }

    /// Whether it turns away whom `dmPolicy: allowlist` does not name.
    pub fn heeds_dm_policy(&self, names_somebody: bool) -> bool {
        self.has(Habit::HeedsDmPolicy) || names_somebody && self.has(Habit::HeedsAllowFrom)
    }
}
