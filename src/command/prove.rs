//! Proving the gateway that was started: a finished start job proves nothing.

use crate::command::context::Context;
use crate::health::port::Owner;
use crate::health::{Endpoint, Gate, LogSource};
use crate::openclaw::include::ConfigSet;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::report::bar::Bar;
use crate::say;
use crate::snapshot::installation::Installation;
use crate::systemd::UserManager;
use crate::transaction::service::ServiceError;

/// Passes if the gateway that now runs is healthy, or if none was started.
pub(super) fn prove(
    context: &Context,
    manager: Option<&UserManager>,
    installation: &Installation,
    plan: &Plan,
    bar: &Bar,
) -> Result<(), ServiceError> {
    let Some(manager) = manager.filter(|_| plan.starts_the_gateway()) else { return Ok(()) };
    let config = ConfigSet::load(&context.paths.config)?;
    let effective = config.effective();
    let token = installation.connectors_token(effective);
    let owner = Owner { uid: installation.account.uid, unit: Some(context.paths.unit.clone()) };
    let endpoint = Endpoint::new(installation.port, token, owner);
    let gate = Gate {
        manager,
        unit: &context.paths.unit,
        endpoint: &endpoint,
        log: &LogSource::of(&context.paths.unit, Some(effective)),
    };
    bar.begin(&say!("waiting until the gateway is healthy"), None);
    let verdict = gate.pass(&plan.expectations, context.deadline(), &context.interrupt);
    bar.end();
    let healthy = verdict?;
    let (pid, seconds) = (healthy.main_pid, healthy.watched.as_secs());
    bar.finished(&say!(
        "the gateway is healthy (pid {pid}, watched for {seconds} s)",
        pid,
        seconds
    ));
    Ok(())
}
