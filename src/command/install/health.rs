//! Judging the gateway that was started: a finished start job proves nothing.

use super::{Errand, Prospect};
use crate::health::{BypassUndone, Endpoint, Expectations, Gate, LogSource};
use crate::installation::paths::CONNECTOR;
use crate::installation::service::Managed;
use crate::language::Language;
use crate::openclaw::document::Value;
use crate::openclaw::document::mask::secrets_in;
use crate::openclaw::include::ConfigSet;
use crate::progress::Progress;
use crate::report::bar::Bar;
use crate::say;
use crate::systemd::UserManager;
use crate::systemd::environment::undone;
use crate::transaction::service::ServiceError;

/// Passes if the gateway that now runs is healthy, or if none was started.
pub(super) fn judge(
    errand: &Errand<'_>,
    prospect: &Prospect,
    bar: &Bar,
) -> Result<(), ServiceError> {
    let context = errand.context;
    let Some(manager) = errand.manager.as_ref().filter(|_| prospect.plan.starts_the_gateway())
    else {
        return Ok(());
    };
    let config = ConfigSet::load(&context.paths.config)?;
    let effective = config.effective();
    expect_bypass(errand, prospect, manager)?;
    let endpoint =
        Endpoint::new(prospect.picture.port, prospect.picture.connectors_token(effective));
    let expectations = Expectations {
        chat: true,
        bypass: Some(prospect.plan.bypass.clone()),
        connector: Some(CONNECTOR.to_owned()),
    };
    let gate = Gate {
        manager,
        unit: &context.paths.unit,
        endpoint: &endpoint,
        log: &LogSource::of_unit(&context.paths.unit),
        secrets: &secrets(effective, &config),
    };
    bar.begin(&label(context.console.language), None);
    let verdict = gate.pass(&expectations, context.deadline(), &context.interrupt);
    bar.end();
    verdict?;
    Ok(())
}

fn label(language: Language) -> String {
    say!(language, "waiting until the gateway is healthy", "等待网关恢复健康")
}

/// An `EnvironmentFile=` or a later drop-in may take the bypass away again: seen at once, and by
/// name, instead of at the end of the gate's patience.
fn expect_bypass(
    errand: &Errand<'_>,
    prospect: &Prospect,
    manager: &UserManager,
) -> Result<(), ServiceError> {
    let context = errand.context;
    let (deadline, unit) = (context.deadline(), &context.paths.unit);
    let service = Managed::observe(manager, unit, deadline, &context.interrupt)?;
    let undone = undone(
        &service.environment,
        &service.unit,
        &service.files,
        &context.paths.drop_in,
        &prospect.plan.bypass,
    );
    if undone.is_empty() {
        return Ok(());
    }
    Err(BypassUndone { unit: unit.clone(), undone }.into())
}

/// What no line of the gateway's log may show.
fn secrets(effective: &Value, config: &ConfigSet) -> Vec<String> {
    let own = config.files().flat_map(|(_, document)| secrets_in(document.value()));
    secrets_in(effective).into_iter().chain(own).collect()
}
