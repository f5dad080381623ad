//! What may be wrong: one file per family of checks. A check is data and a pure function of the
//! [`Snapshot`]; all looking is done before.

#![allow(clippy::unnecessary_wraps, reason = "all checks have one signature")]

pub mod channel;
pub mod compat;
pub mod config;
pub mod dingtalk;
pub mod finding;
pub mod gateway;
pub mod host;
pub mod live_targets;
pub mod llm;
pub mod plugin;
pub mod proxy;
pub mod service;

use Need::{Channel, Config, DingTalk, Here, Seen, Tree, Unit, Version};
use Severity::{Error, Info, Warning};

use crate::health::Rung;
use crate::language::translated;
use crate::snapshot::{Outside, Part, Snapshot};
pub use finding::{Diagnosis, Evidence, Finding, Severity, Verdict, diagnose};

/// One check: a row of [`CHECKS`].
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Its id, which never changes: `family.name`.
    pub id: &'static str,
    /// The worst that it can find.
    pub severity: Severity,
    /// Without these it is skipped: it has nothing to look at.
    pub needs: &'static [Need],
    /// What it looks for, in English.
    pub title: &'static str,
    /// Looks.
    pub run: fn(&Snapshot) -> Verdict,
}

const fn check(
    id: &'static str,
    severity: Severity,
    needs: &'static [Need],
    run: fn(&Snapshot) -> Verdict,
    title: &'static str,
) -> Check {
    Check { id, severity, needs, title, run }
}

/// Every check, in the order in which they are shown.
#[rustfmt::skip::macros(rows)]
#[rustfmt::skip] // a table: a row of two lines each
pub const CHECKS: &[Check] = &[
    check("config.syntax", Error, &[], config::syntax,
        "OpenClaw can read its config"),
    check("config.accepted", Error, &[Config], config::accepted,
        "OpenClaw accepts its config"),
    check("config.read-only", Warning, &[], config::read_only,
        "openclaw-setup may edit the config"),
    check("config.channel-orphan", Error, &[Config, Channel, Seen(Part::Tree)], config::channel_orphan,
        "the configured channel has its plugin"),
    check("config.legacy-keys", Error, &[Config, Channel], config::legacy_keys,
        "the connector's schema accepts the channel's keys"),
    check("config.key-inert", Warning, &[Config, Channel, Version], config::key_inert,
        "every key of the channel has an effect"),
    check("config.allowlist", Error, &[Config, DingTalk], config::allowlist,
        "the plugin is allowed and switched on"),
    check("config.secret-perms", Warning, &[], config::secret_perms,
        "nobody else can read files with secrets"),
    check("config.include", Info, &[Config], config::include,
        "what OpenClaw's own next write would flatten"),
    check("plugin.present", Error, &[Seen(Part::Tree), DingTalk], plugin::present,
        "the connector's files are there"),
    check("plugin.checksum", Warning, &[Seen(Part::Records), Seen(Part::Tree)], plugin::checksum,
        "the connector's tree is as it was installed"),
    check("plugin.version-truth", Info, &[Tree, Version], plugin::version_truth,
        "all records of the connector's version agree"),
    check("plugin.deps", Error, &[Tree], plugin::deps,
        "the npm dependencies are there, in versions that work"),
    check("plugin.host-link", Error, &[Tree, Version], plugin::host_link,
        "the connector finds the OpenClaw that runs it"),
    check("plugin.ownership", Error, &[Tree], plugin::acceptance::ownership,
        "the tree belongs to the gateway's user"),
    check("plugin.mode-link", Error, &[Tree], plugin::acceptance::mode_link,
        "no mode or link makes OpenClaw ignore the plugin"),
    check("plugin.duplicate", Error, &[], plugin::duplicate,
        "there is one copy of the plugin"),
    check("plugin.stray", Error, &[], plugin::stray,
        "nothing in extensions/ makes the config invalid"),
    check("plugin.rival", Warning, &[Config, Channel], plugin::rival,
        "nothing else receives the bot's messages"),
    check("plugin.load", Error, &[Tree], plugin::load,
        "the running gateway has loaded the connector"),
    check("compat.catalogue", Warning, &[], compat::catalogue,
        "every catalogue of what works on which OpenClaw can be read"),
    check("compat.matrix", Error, &[Tree, Version], compat::matrix,
        "this connector works on this OpenClaw"),
    check("channel.restart-loop", Error, &[Tree], channel::restart_loop,
        "the channel keeps one connection to DingTalk"),
    check("channel.access-open", Warning, &[Config, Channel, Version], channel::access_open,
        "the access rules of the channel are enforced"),
    check("group.visible-replies", Warning, &[Config, Channel], channel::visible_replies,
        "replies in groups are shown"),
    check("gateway.endpoint", Error, &[DingTalk, Config], gateway::endpoint,
        "the chatCompletions endpoint is on"),
    check("gateway.auth", Error, &[Config], gateway::auth,
        "the connector is let in, and strangers are not"),
    check("gateway.port", Error, &[Tree, Version], gateway::port,
        "the gateway listens where the connector calls"),
    check("gateway.listener", Error, &[], gateway::listener,
        "the port belongs to the gateway's unit, and to it alone"),
    check("gateway.health", Error, &[Here, Unit], gateway::health,
        "the gateway runs and is ready"),
    check("proxy.loopback", Error, &[], proxy::loopback,
        "requests to this machine bypass the proxy"),
    check("proxy.dropin", Error, &[Unit, Seen(Part::DropIns)], proxy::dropin,
        "the unit's drop-ins are read, and in force"),
    check("proxy.case-clash", Warning, &[], proxy::case_clash,
        "no_proxy and NO_PROXY say the same"),
    check("proxy.socks", Warning, &[], proxy::socks,
        "no proxy variable names a SOCKS proxy"),
    check("proxy.dingtalk", Error, &[DingTalk], proxy::dingtalk,
        "the connector's requests to DingTalk get through the proxy (--live)"),
    check("service.bus", Error, &[Here], service::bus,
        "the systemd user manager can be reached"),
    check("service.linger", Warning, &[Here], service::linger,
        "the gateway keeps running after logout"),
    check("service.unit", Error, &[Here], service::unit,
        "the gateway's unit is there, enabled, and starts what is installed"),
    check("service.environment-file", Error, &[], service::environment_file,
        "the gateway's environment files can be read"),
    check("service.crashloop", Error, &[Unit], service::crashloop,
        "the gateway stays up"),
    check("llm.api-mode", Error, &[Config], llm::api_mode,
        "the provider supports the configured API"),
    check("llm.models-json", Info, &[Config, Seen(Part::Models)], llm::models_json,
        "the agent model file agrees with the config"),
    check("llm.credentials", Error, &[Config], llm::credentials,
        "the provider's key and address are filled in"),
    check("llm.base-url", Error, &[], llm::base_url,
        "the provider serves the model at its address (--live)"),
    check("llm.reach", Error, &[], llm::reach,
        "model requests arrive in time (--live: stage by stage)"),
    check("dingtalk.credentials", Error, &[Config, Channel], dingtalk::credentials,
        "the bot's id and secret are filled in (--live: and accepted)"),
    check("dingtalk.stream", Error, &[Tree], dingtalk::stream,
        "the Stream connection to DingTalk can be made (--live: tried)"),
    check("host.node", Error, &[], host::node,
        "Node.js is new enough for this OpenClaw"),
    check("host.openclaw", Info, &[], host::openclaw,
        "the command openclaw is the OpenClaw that runs, and no later one wrote the config"),
    check("host.ffprobe", Info, &[Tree, Version], host::ffprobe,
        "ffprobe is there for audio and video"),
    check("host.space", Warning, &[], host::space,
        "there is room for one more copy of the connector"),
    check("host.leftovers", Error, &[Seen(Part::Records)], host::leftovers,
        "nothing unfinished is left over"),
    check("host.access", Error, &[], host::access,
        "what belongs to this OpenClaw can be read and is its user's"),
];

/// Checks whose repair rests on what was answered outside, where somebody was asked.
const REPAIRED_LIVE: [&str; 4] = ["llm.api-mode", "llm.reach", "proxy.dingtalk", "proxy.socks"];

/// What a check cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A config that can be read.
    Config,
    /// The channel's block in the config.
    Channel,
    /// Tree, channel, or our record: something of DingTalk.
    DingTalk,
    /// The connector's tree.
    Tree,
    /// The connector's version.
    Version,
    /// The gateway's unit, known to a user manager that answers.
    Unit,
    /// No gateway that is another than the unit's.
    Here,
    /// All of that part could be looked at.
    Seen(Part),
}

impl Need {
    /// Why a check that needs this is skipped here; nothing where it is there.
    pub fn unmet(self, snapshot: &Snapshot) -> Option<String> {
        let hidden = || say!("what it looks at cannot be read (host.access)");
        let (is_met, reason) = match self {
            Self::Seen(part) => (!snapshot.is_hidden(part), hidden()),
            Self::Tree | Self::Version if snapshot.is_hidden(Part::Tree) => (false, hidden()),
            Self::Config => {
                (snapshot.has_config(), say!("the config cannot be read (config.syntax)"))
            }
            Self::Channel => (snapshot.channel().is_some(), say!("DingTalk is not set up here")),
            Self::DingTalk => (snapshot.has_dingtalk(), say!("DingTalk is not set up here")),
            Self::Tree => (snapshot.tree.is_some(), say!("DingTalk is not set up here")),
            Self::Version => {
                (snapshot.connector().is_some(), say!("the connector's version is not known"))
            }
            Self::Here => (
                snapshot.elsewhere.is_none(),
                say!("the gateway is not run by a unit of this user (gateway.listener)"),
            ),
            Self::Unit => (
                snapshot.unit().is_some(),
                say!("the gateway's unit is not known (service.bus, service.unit)"),
            ),
        };
        (!is_met).then_some(reason)
    }
}

impl Check {
    /// What it looks for.
    pub fn title(&self) -> &'static str {
        translated(self.title)
    }

    /// The part of the id before the dot.
    pub fn family(&self) -> &'static str {
        self.id.split('.').next().unwrap_or(self.id)
    }

    /// Looks, where there is something to look at.
    pub fn verdict(&self, snapshot: &Snapshot) -> Verdict {
        if let Some(unmet) = self.needs.iter().find_map(|need| need.unmet(snapshot)) {
            return Err(unmet);
        }
        let asked = snapshot.outside != Outside::default();
        let live = if asked && REPAIRED_LIVE.contains(&self.id) { "--live " } else { "" };
        let options = format!("{live}{}", self.id);
        Ok((self.run)(snapshot)?.into_iter().map(|finding| finding.with_fix(&options)).collect())
    }
}

/// Why a rung of the proof is missed, where no other check of these families knows more of it than
/// `check` does.
fn missed(snapshot: &Snapshot, rung: Rung, check: &str, families: &[&str]) -> Option<String> {
    let cause = snapshot.missed(rung)?;
    let mut others = CHECKS.iter().filter(|other| {
        other.id != check && families.contains(&other.family()) && other.severity == Error
    });
    let explains = |other: &Check| {
        let found = other.verdict(snapshot).unwrap_or_default();
        found.iter().any(|finding| finding.severity == Error)
    };
    (!others.any(explains)).then_some(cause.message)
}

#[cfg(test)]
mod tests;
