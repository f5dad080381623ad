//! Which program a connector really is: several call themselves 0.6.0; and what the published ones need,
//! heed and do, by their version. All of it are rows of the catalogue.

use std::collections::{BTreeMap, BTreeSet};

use semver::{Version, VersionReq};
use serde::Deserialize;

use super::checksums::Sha256;

/// One published program, known by the one file that is nearly all of its code: a row of the catalogue.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Program {
    /// The release that it is.
    connector: Version,
    file: String,
    pub(super) sha256: Sha256,
    /// The cells of that release were measured with it.
    #[serde(default)]
    measured: bool,
    /// Where it is published.
    pub(super) source: String,
}

/// Which release a tree is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// By its code, where that is known; else as it says.
    pub version: Version,
    /// Its code is known.
    pub is_known: bool,
    /// Its version was measured with another program.
    pub is_namesake: bool,
    /// What is to be said of it beside its version.
    pub remark: Option<String>,
}

impl Release {
    /// By the digest of a file of the tree, and by what its `package.json` says.
    pub(super) fn of(
        programs: &[Program],
        says: Version,
        digest: impl Fn(&str) -> Option<Sha256>,
    ) -> Self {
        // each file is read once, however many programs are known by it
        let files: BTreeSet<_> = programs.iter().map(|program| &*program.file).collect();
        let found: BTreeMap<_, _> = files.into_iter().map(|file| (file, digest(file))).collect();
        let is_it = |program: &&Program| found[&*program.file] == Some(program.sha256);
        let same: Vec<_> = programs.iter().filter(is_it).collect();
        let found = same.iter().find(|program| program.connector == says).or(same.first());
        let measured = |program: &Program| program.connector == says && program.measured;
        let was_measured = programs.iter().any(measured);
        let remark = match found {
            Some(program) if program.connector != says => {
                let version = &program.connector;
                Some(say!("it calls itself {says}; its code is that of {version}", says, version))
            }
            Some(program) if was_measured && !program.measured => {
                let source = &program.source;
                Some(say!(
                    "its code is that of {source}, not that of the {says} that was measured",
                    source,
                    says
                ))
            }
            None if was_measured => Some(say!(
                "its code is not that of the {says} that was measured, nor any other that is known",
                says
            )),
            _ => None,
        };
        let version = found.map_or(says, |program| program.connector.clone());
        let of_version = |program: &&Program| program.connector == version && program.measured;
        let is_namesake = programs.iter().any(|program| of_version(&program))
            && !found.is_some_and(|program| program.measured);
        Self { version, is_known: found.is_some(), is_namesake, remark }
    }

    /// A release of which nothing is known but its version.
    pub fn named(version: Version) -> Self {
        Self { version, is_known: false, is_namesake: false, remark: None }
    }

    /// A sentence about it, with what is to be said beside its version.
    pub fn told(&self, text: &str) -> String {
        let remark = self.remark.as_ref();
        remark.map_or_else(|| text.to_owned(), |remark| say!("{text}; {remark}", text, remark))
    }
}

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
pub(super) struct HabitRow {
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

    pub(super) fn of(rows: &[HabitRow], version: &Version) -> Self {
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
