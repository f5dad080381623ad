//! `install`: makes DingTalk work here. `upgrade` is the same with another connector.

mod connector;
mod health;
mod stage;

use std::os::unix::fs::PermissionsExt;

use self::connector::Coming;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::undertaking::{Undertaking, undertake};
use crate::cli::{Checksums, Install, Upgrade};
use crate::openclaw::include::ConfigSet;
use crate::plan::install::{self as planning, Purpose, Request};
use crate::plan::note::Note;
use crate::plan::{Plan, config};
use crate::report::bar::Bar;
use crate::say;
use crate::settings::{Secret, SettingError, Settings, prompt, sources};
use crate::snapshot::installation::Installation;
use crate::systemd::UserManager;
use crate::transaction::apply::Preparation;
use crate::transaction::service::ServiceError;

pub(super) use connector::{live_tree, origin, payloads, registry};
pub(super) use health::judge;
pub(super) use stage::recording;

/// Runs `install`.
pub(super) fn run(context: &Context, options: &Install) -> Result<Exit, Failure> {
    let settings = sources::gather(
        &options.settings.given(),
        &context.surroundings,
        options.settings.answers.as_deref(),
        context.deadline(),
    )
    .map_err(Failure::usage)?;
    let manager = context.manager()?;
    let mut errand = Errand {
        context,
        manager: manager.as_ref(),
        source: options.source.as_deref(),
        checksums: &options.checksums,
        purpose: Purpose::Install { start: options.start },
        settings,
        notes: options.settings.answers.as_deref().and_then(readable_answers),
        token: Secret::fresh()?,
    };
    undertake(context, manager.as_ref(), &mut errand)
}

/// Runs `upgrade`.
pub(super) fn upgrade(context: &Context, options: &Upgrade) -> Result<Exit, Failure> {
    let manager = context.manager()?;
    let mut errand = Errand {
        context,
        manager: manager.as_ref(),
        source: options.source.as_deref(),
        checksums: &options.checksums,
        purpose: Purpose::Upgrade { allow_downgrade: options.allow_downgrade },
        settings: Settings::default(),
        notes: None,
        token: Secret::fresh()?,
    };
    undertake(context, manager.as_ref(), &mut errand)
}

/// An answers file that others may read: it may hold secrets.
fn readable_answers(file: &std::path::Path) -> Option<Note> {
    let mode = file.metadata().ok()?.permissions().mode();
    (mode & 0o044 != 0).then(|| Note::answers_readable(file))
}

/// One run of `install` or `upgrade`.
struct Errand<'a> {
    context: &'a Context,
    manager: Option<&'a UserManager>,
    source: Option<&'a str>,
    checksums: &'a Checksums,
    purpose: Purpose,
    settings: Settings,
    notes: Option<Note>,
    token: Secret,
}

/// One look at the machine and the payload, and the plan for them.
struct Prospect {
    installation: Installation,
    coming: Coming,
    plan: Plan,
}

impl Errand<'_> {
    /// Asks for what is needed and absent; without a terminal, or with `--yes`, that is an error.
    fn complete(&mut self, config: &ConfigSet) -> Result<(), Failure> {
        let needed = config::needed(config.effective(), &self.settings);
        if needed.is_empty() {
            return Ok(());
        }
        if !prompt::can_ask() || self.context.yes {
            return Err(Failure::usage(SettingError::Missing { settings: needed }));
        }
        let interrupt = &self.context.interrupt;
        prompt::ask(&mut self.settings, &needed, interrupt).map_err(Failure::usage)?;
        self.complete(config)
    }
}

impl Undertaking for Errand<'_> {
    type Prospect = Prospect;

    fn name(&self) -> &'static str {
        self.purpose.command()
    }

    fn look(&mut self) -> Result<Prospect, Failure> {
        let (installation, config) = self.context.observe(self.manager)?;
        let config = config?;
        let live = connector::live_tree(self.context, &installation)?;
        self.purpose.refuse_without(live.as_ref())?;
        self.complete(&config)?;
        let named = (self.source, matches!(self.purpose, Purpose::Install { .. }));
        let coming =
            Coming::find(self.context, named, self.checksums, &installation, live.as_ref())?;
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        let request = Request {
            purpose: self.purpose,
            settings: &self.settings,
            config: &config,
            payload: coming.facts(live.as_ref()),
            live: live.as_ref(),
            transactions: self.context.records.transactions(),
            fresh_token: &self.token,
            now: &now,
        };
        let mut plan = planning::plan(&installation, &request)?;
        plan.notes.extend(self.notes.clone());
        Ok(Prospect { installation, coming, plan })
    }

    fn plan<'p>(&self, prospect: &'p Prospect) -> &'p Plan {
        &prospect.plan
    }

    fn prepare(
        &self,
        prospect: &mut Prospect,
        preparation: &Preparation,
        bar: &Bar,
    ) -> Result<(), Failure> {
        let tree = stage::stage(self.context, prospect, preparation, bar)?;
        stage::add_record(self.context, prospect, tree);
        Ok(())
    }

    fn verify(&self, prospect: &Prospect, bar: &Bar) -> Result<(), ServiceError> {
        judge(self.context, self.manager, &prospect.installation, &prospect.plan, bar)
    }

    fn nothing_to_do(&self) -> String {
        say!("Nothing to do: DingTalk is set up here already.")
    }

    fn done(&self, prospect: &Prospect, id: &str) -> String {
        let version = prospect.coming.version();
        say!(
            "DingTalk works here with connector {version}. To take it back: openclaw-setup rollback {id}",
            version,
            id
        )
    }
}
