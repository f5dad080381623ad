//! Everything that `status` shows, read without changing anything.

use std::path::PathBuf;
use std::time::Duration;

use super::super::context::Context;
use super::super::failure::Failure;
use super::super::verify;
use crate::command::install::payloads;
use crate::connector::manifest::Deviation;
use crate::connector::newer_payload;
use crate::fs::lock::Lock;
use crate::health::{ChatAnswer, Endpoint, Readiness};
use crate::language::Explain;
use crate::openclaw::document::Value;
use crate::openclaw::include::ConfigSet;
use crate::say;
use crate::snapshot::installation::Installation;
use crate::snapshot::live_tree::version_of;
use crate::snapshot::service::Managed;
use crate::systemd::environment::Routing;
use crate::systemd::{ManagerError, UserManager};
use crate::transaction::journal::Journal;

/// How long one probe of the gateway may take: it is on loopback.
const PROBE: Duration = Duration::from_secs(3);

/// What there is.
pub(super) struct Status {
    pub(super) installation: Installation,
    pub(super) config_error: Option<Box<dyn Explain>>,
    pub(super) auth_mode: Option<String>,
    pub(super) manager_error: Option<ManagerError>,
    pub(super) connector: Option<Connector>,
    pub(super) routing: Option<Routing>,
    pub(super) bypass: Option<String>,
    pub(super) gateway: Option<Gateway>,
    pub(super) last: Option<Journal>,
    pub(super) pending: Option<Pending>,
}

/// The connector that is there.
pub(super) struct Connector {
    pub(super) path: PathBuf,
    pub(super) version: Option<String>,
    /// `None`: not installed by us, so there is nothing to compare with.
    pub(super) deviations: Option<Vec<Deviation>>,
    /// The version of a newer payload that lies ready.
    pub(super) upgrade: Option<String>,
}

/// What the running gateway answers.
pub(super) struct Gateway {
    pub(super) readiness: Readiness,
    pub(super) chat: ChatAnswer,
}

/// A transaction that is not closed.
pub(super) struct Pending {
    pub(super) id: String,
    pub(super) command: String,
    /// A run holds the lock: it is at work, not dead.
    pub(super) at_work: bool,
}

pub(super) fn look(
    context: &Context,
    manager: Result<Option<UserManager>, ManagerError>,
) -> Result<Status, Failure> {
    let (manager, manager_error) = match manager {
        Ok(manager) => (manager, None),
        Err(error) => (None, Some(error)),
    };
    let (installation, config) = context.observe(manager.as_ref())?;
    let effective = config.as_ref().ok().map(ConfigSet::effective);
    let service = installation.service.managed();
    let environment = service.map(Managed::environment_of_process);
    let runs = service.is_some_and(|service| service.unit.is_up());
    Ok(Status {
        auth_mode: effective.and_then(auth_mode),
        gateway: runs.then(|| gateway(&installation, effective)),
        routing: environment
            .as_ref()
            .map(|environment| Routing::of(environment, installation.port)),
        bypass: environment.as_ref().and_then(|environment| {
            environment.get("no_proxy").or_else(|| environment.get("NO_PROXY")).map(str::to_owned)
        }),
        connector: connector(context, &installation)?,
        last: context.records.journals()?.pop(),
        pending: pending(context)?,
        config_error: config.err().map(Into::into),
        manager_error,
        installation,
    })
}

fn auth_mode(effective: &Value) -> Option<String> {
    effective.get(&["gateway", "auth", "mode"]).and_then(Value::as_str).map(str::to_owned)
}

fn gateway(installation: &Installation, effective: Option<&Value>) -> Gateway {
    let token = effective.and_then(|effective| installation.connectors_token(effective));
    let endpoint = Endpoint::new(installation.port, token);
    let readiness = endpoint.readiness(PROBE);
    let chat = match &readiness {
        Readiness::NoListener => ChatAnswer::Odd { what: "–".to_owned() },
        _ => endpoint.chat(PROBE),
    };
    Gateway { readiness, chat }
}

fn connector(context: &Context, installation: &Installation) -> Result<Option<Connector>, Failure> {
    let path = installation.paths.connector.clone();
    let is_there = path.symlink_metadata().is_ok();
    if !is_there && installation.record.is_none() {
        return Ok(None);
    }
    let compare = |record| verify::deviations(context, record);
    let deviations = installation.record.as_ref().map(compare).transpose()?;
    let version = version_of(&path);
    let upgrade = version.as_deref().and_then(|version| newer_payload(&payloads(context), version));
    Ok(Some(Connector { path, version, deviations, upgrade }))
}

fn pending(context: &Context) -> Result<Option<Pending>, Failure> {
    let Some(journal) = context.records.pending()? else { return Ok(None) };
    let at_work = Lock::is_held(&context.records.lock_file())?;
    let (id, command) = (journal.intent().id.clone(), journal.intent().command.clone());
    Ok(Some(Pending { id, command, at_work }))
}

impl Status {
    /// What is wrong, one sentence each; nothing at all on a machine that was never set up.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        problems.extend(self.config_error.as_ref().map(|error| error.message()));
        problems.extend(self.manager_error.as_ref().map(crate::language::Explain::message));
        problems.extend(self.pending.as_ref().filter(|pending| !pending.at_work).map(|pending| {
            let Pending { id, command, .. } = pending;
            say!("{command} ({id}) was cut off; undo it with: openclaw-setup recover", command, id)
        }));
        problems.extend(self.tree_problem());
        problems.extend(self.service_problem());
        problems.extend(self.proxy_problem());
        problems
    }

    fn tree_problem(&self) -> Option<String> {
        let deviations = self.connector.as_ref()?.deviations.as_ref()?;
        let count = deviations.len();
        (count > 0).then(|| {
            say!("{count} paths of the connector's tree are not as installed; list them with: openclaw-setup verify", count)
        })
    }

    fn service_problem(&self) -> Option<String> {
        let unit = &self.installation.service.managed()?.unit;
        let (name, result) = (&unit.name, &unit.result);
        if unit.active_state == crate::systemd::ActiveState::Failed {
            return Some(say!(
                "{name} has failed ({result}); its log: journalctl --user -u {name} -n 50",
                name,
                result
            ));
        }
        let gateway = self.gateway.as_ref()?;
        match gateway.readiness {
            Readiness::Ready => {}
            _ => return Some(say!("the gateway is not ready")),
        }
        (self.connector.is_some() && gateway.chat != ChatAnswer::Open).then(|| {
            say!("the connector's endpoint does not answer as it should; repair it with: openclaw-setup install")
        })
    }

    fn proxy_problem(&self) -> Option<String> {
        let routing = self.routing.as_ref()?;
        (self.connector.is_some() && routing.is_broken()).then(|| {
            let hosts: Vec<_> = routing.not_bypassed.iter().map(|host| host.in_url()).collect();
            let hosts = hosts.join(", ");
            say!("a proxy takes the gateway's own requests to {hosts}; repair it with: openclaw-setup install", hosts)
        })
    }
}
