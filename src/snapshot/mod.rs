//! One read-only snapshot of the machine: paths, program, unit, process, config, tree, other plugins,
//! log, and what was answered where somebody was asked. Every command looks through it; the plan and
//! the checks do no I/O.

pub mod account;
pub mod bots;
pub mod files;
pub mod host;
pub mod installation;
mod ladder;
pub mod log;
pub mod other_plugins;
pub mod paths;
pub mod service;
pub mod tree;

use std::path::PathBuf;

use serde::Serialize;

use crate::connector::Release;
use crate::connector::adaptation::Refit;
use crate::connector::manifest::Deviation;
use crate::connector::prediction::Prediction;
use crate::connector::release::{Generation, Habit};
use crate::health::port::Listener;
use crate::health::{ChatAnswer, DEFAULT_ACCOUNT, Readiness};
use crate::language::{Explain, Localized, Problem};
use crate::openclaw::Version;
use crate::openclaw::document::{Document, Place, Value};
use crate::openclaw::include::{ConfigError, ConfigSet};
use crate::outside::Answer;
use crate::outside::dingtalk::BotAnswers;
use crate::outside::provider::ProviderAnswers;
use crate::snapshot::installation::Installation;
use crate::snapshot::paths::CONNECTOR;
use crate::snapshot::service::Managed;
use crate::systemd::ManagerError;
use crate::systemd::environment::Environment;
use files::{Backup, PrivateFile};
use host::Host;
use log::Log;
use other_plugins::OtherPlugins;
use service::{OtherUnit, Process};
use tree::{RepairSource, Tree};

/// One machine at one moment.
#[derive(Debug)]
pub struct Snapshot {
    /// The installation.
    pub installation: Installation,
    /// Its config, or why it cannot be read.
    pub config: Result<ConfigSet, ConfigError>,
    /// The agent model file, where it can be parsed.
    pub models: Option<Document>,
    /// Why the user manager could not be asked.
    pub manager_error: Option<ManagerError>,
    /// The connector's tree.
    pub tree: Option<Tree>,
    /// How the tree differs from our record, where we have one.
    pub deviations: Option<Vec<Deviation>>,
    /// What the tree lacks to be adapted to this OpenClaw, or why it cannot be.
    pub refit: Result<Option<Refit>, Problem>,
    /// What is expected of the connector where nobody has tried it on this OpenClaw.
    pub prediction: Option<Prediction>,
    /// What the tree could be made whole from.
    pub repair_source: RepairSource,
    /// What else OpenClaw finds as a plugin.
    pub other_plugins: OtherPlugins,
    /// The gateway's main process.
    pub process: Option<Process>,
    /// Files that may hold secrets.
    pub private_files: Vec<PrivateFile>,
    /// Earlier versions of the config, newest first.
    pub backups: Vec<Backup>,
    /// Who listens on the gateway's port.
    pub listener: Listener,
    /// The gateway, where it is not that of the unit: what it is called.
    pub elsewhere: Option<String>,
    /// Other units that run a gateway now.
    pub other_units: Vec<OtherUnit>,
    /// What the running gateway answers.
    pub answers: Option<Answers>,
    /// What the gateway has logged since its start.
    pub log: Log,
    /// The machine around it.
    pub host: Host,
    /// A transaction of ours that is not closed.
    pub pending: Option<Pending>,
    /// What the world outside has answered, where it was asked.
    pub outside: Outside,
}

/// Something that could not be looked at, or that is not ours to change.
#[derive(Debug)]
pub struct Unseen {
    /// What could not be looked at; `None`: it was, and only cannot be changed.
    pub part: Option<Part>,
    /// Why.
    pub error: Box<dyn Explain>,
}

/// A part of the machine that checks look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Our own records.
    Records,
    /// The connector's tree.
    Tree,
    /// The agent model file.
    Models,
    /// The unit's drop-ins.
    DropIns,
    /// Anything else.
    Other,
}

/// What was found; nothing where it could not be looked at, which is noted.
pub fn seen<T: Default, E: Into<Box<dyn Explain>>>(
    unseen: &mut Vec<Unseen>,
    part: Part,
    found: Result<T, E>,
) -> T {
    found.unwrap_or_else(|error| {
        unseen.push(Unseen { part: Some(part), error: error.into() });
        T::default()
    })
}

/// A transaction that is not closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    /// Its id.
    pub id: String,
    /// The command that began it.
    pub command: String,
    /// A run holds the lock: it is at work, not dead.
    pub at_work: bool,
}

/// What the running gateway answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// To `GET /readyz`.
    pub readiness: Readiness,
    /// To `POST /v1/chat/completions`.
    pub chat: ChatAnswer,
}

impl Snapshot {
    /// The config's meaning, where it can be read.
    pub fn effective(&self) -> Option<&Value> {
        self.config.as_ref().ok().map(ConfigSet::effective)
    }

    /// Whether there is a config with something in it: OpenClaw cannot read an empty one.
    pub fn has_config(&self) -> bool {
        self.config.as_ref().is_ok_and(|config| !config.root().bytes().trim_ascii().is_empty())
    }

    /// A value of the config.
    pub fn key(&self, path: &[&str]) -> Option<&Value> {
        self.effective()?.get(path)
    }

    /// A text of the config.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        self.key(path).and_then(Value::as_str)
    }

    /// The channel's block.
    pub fn channel(&self) -> Option<&Value> {
        self.key(&["channels", CONNECTOR])
    }

    /// Whether the channel is there and not switched off: a gateway loads nothing for one that is.
    pub fn channel_is_on(&self) -> bool {
        self.effective().is_some_and(channel_is_on)
    }

    /// What guards the gateway, where its config can be read.
    pub fn guard(&self) -> Option<bots::Guard> {
        Some(self.installation.guard(self.effective()?))
    }

    /// Whether the gateway asks nobody for anything.
    pub fn is_unguarded(&self) -> bool {
        self.guard().is_some_and(|guard| guard.mode.as_deref() == Some("none"))
    }

    /// The file and place at which a key stands; the main file alone where it stands nowhere.
    pub fn place(&self, path: &[&str]) -> (PathBuf, Option<Place>) {
        let found = self.config.as_ref().ok().and_then(|config| config.place_of(path));
        found.map_or_else(
            || (self.installation.paths.config.clone(), None),
            |(file, place)| (file.to_owned(), Some(place)),
        )
    }

    /// The gateway's unit, where a manager answers and has it.
    pub fn unit(&self) -> Option<&Managed> {
        self.installation.service.managed().filter(|managed| managed.has_unit())
    }

    /// Whether the gateway's unit runs.
    pub fn is_up(&self) -> bool {
        self.unit().is_some_and(|managed| managed.unit.is_up())
    }

    /// The environment of the gateway's process; where it cannot be read, that of the next one.
    pub fn environment(&self) -> Option<Environment> {
        let of_process = self.process.as_ref().and_then(|process| process.environment.clone());
        of_process
            .or_else(|| self.installation.service.managed().map(Managed::effective_environment))
    }

    /// OpenClaw's version.
    pub fn openclaw(&self) -> Option<Version> {
        self.installation.program.version
    }

    /// The connector's version, as its `package.json` tells it.
    pub fn connector(&self) -> Option<semver::Version> {
        let package = self.tree.as_ref()?.package.as_ref().ok()?;
        semver::Version::parse(&package.version).ok()
    }

    /// Which release the connector is; of its code, that may be another than it says.
    pub fn release(&self) -> Option<Release> {
        self.tree.as_ref()?.release.clone()
    }

    /// What the connector needs, heeds and does; one whose tree is gone is the one that was installed.
    pub fn generation(&self) -> Generation {
        let recorded = || self.installation.record.as_ref()?.origin.version.parse().ok();
        let version = self.release().map(|release| release.version).or_else(recorded);
        self.installation.catalogue.generation(version.as_ref())
    }

    /// Whether the connector talks to the gateway over HTTP.
    pub fn speaks_http(&self) -> bool {
        self.generation().has(Habit::NeedsEndpoint)
    }

    /// The channel's bots, as the connector sees them.
    pub fn bots(&self) -> Vec<bots::Bot<'_>> {
        let inherit = self.generation().has(Habit::AccountsInherit);
        self.effective().map(|config| bots::bots(config, inherit)).unwrap_or_default()
    }

    /// Whether a part could not be looked at, at least not wholly.
    pub fn is_hidden(&self, part: Part) -> bool {
        self.installation.unseen.iter().any(|unseen| unseen.part == Some(part))
    }

    /// Whether anything of DingTalk is here: tree, channel, or our record.
    pub fn has_dingtalk(&self) -> bool {
        self.tree.is_some() || self.channel().is_some() || self.installation.record.is_some()
    }
}

/// Whether a config's channel is there and not switched off.
pub fn channel_is_on(effective: &Value) -> bool {
    effective.get(&["channels", CONNECTOR]).is_some_and(is_on)
}

/// The accounts of the channel that are not switched off; where it names none, the one that its own
/// block makes (connector 0.6.0 to 0.8.20).
pub fn accounts_of(effective: &Value) -> Vec<String> {
    let name = |bot: &bots::Bot<'_>| bot.account.unwrap_or(DEFAULT_ACCOUNT).to_owned();
    bots::bots(effective, true).iter().map(name).collect()
}

fn is_on(part: &Value) -> bool {
    part.get(&["enabled"]).and_then(Value::as_bool) != Some(false)
}

/// Something that only `--live` brings: nothing where nobody wanted it, or why it is not there.
pub type Live<T> = Option<Result<T, Reason>>;

/// What was asked of the world outside, where `--live` had it asked, and what came back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outside {
    /// The model provider.
    pub provider: Live<ProviderAnswers>,
    /// DingTalk, account by account and route by route.
    pub dingtalk: Live<Vec<BotAnswers>>,
}

/// Why somebody could not be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The config does not say whom.
    NotConfigured,
    /// The secret is kept where we do not look.
    SecretElsewhere,
    /// There was nothing to ask with.
    Probe(Problem),
}

impl Localized for Reason {
    fn text(&self) -> String {
        match self {
            Self::NotConfigured => say!("the config names nothing to ask"),
            Self::SecretElsewhere => {
                say!("its secret is not in the config, so it cannot be checked")
            }
            Self::Probe(problem) => problem.message.clone(),
        }
    }
}

impl Outside {
    /// The provider's answers.
    pub fn provider(&self) -> Option<&ProviderAnswers> {
        self.provider.as_ref()?.as_ref().ok()
    }

    /// DingTalk's answers.
    pub fn dingtalk(&self) -> Option<&[BotAnswers]> {
        self.dingtalk.as_ref()?.as_deref().ok()
    }

    /// Everything that was answered.
    pub fn answers(&self) -> Vec<&Answer> {
        let of_provider = self.provider().into_iter().flat_map(ProviderAnswers::all);
        let of_bots = self.dingtalk().into_iter().flatten().flat_map(BotAnswers::all);
        of_provider.chain(of_bots).collect()
    }
}
