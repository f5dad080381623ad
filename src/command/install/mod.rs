//! `install`: makes DingTalk work here, as one transaction.

mod apply;
mod connector;
mod health;

pub(super) use connector::version_of;

use super::context::Context;
use super::failure::{Exit, Failure};
use super::recover;
use crate::cli::Install;
use crate::connector::Payload;
use crate::installation::picture::Picture;
use crate::openclaw::include::ConfigSet;
use crate::plan::install::{self as planning, Request};
use crate::plan::note::Note;
use crate::plan::{Plan, config, render};
use crate::report::console::Mark;
use crate::report::json;
use crate::say;
use crate::settings::{Secret, SettingError, Settings, prompt, sources};
use crate::systemd::UserManager;

/// What one look at the machine and one plan for it consist of.
struct Prospect {
    picture: Picture,
    payload: Payload,
    plan: Plan,
}

pub(super) fn run(context: &Context, options: &Install) -> Result<Exit, Failure> {
    let given = sources::gather(
        &options.settings.given(),
        &context.surroundings,
        options.settings.answers.as_deref(),
    )
    .map_err(Failure::usage)?;
    let manager = context.manager()?;
    let errand = Errand { context, options, manager, token: Secret::fresh()? };
    errand.run(given)
}

/// One run of `install`.
struct Errand<'a> {
    context: &'a Context,
    options: &'a Install,
    manager: Option<UserManager>,
    token: Secret,
}

impl Errand<'_> {
    /// Everything that can fail without the lock is tried without it, so that a failure leaves no
    /// trace; then the lock is taken, and the plan made again if another run came in between.
    fn run(&self, mut settings: Settings) -> Result<Exit, Failure> {
        let seen = self.context.records.latest()?;
        let mut prospect = self.look(&mut settings)?;
        if self.context.dry_run {
            return Ok(self.show(&prospect.plan));
        }
        let pending = self.context.records.pending()?.is_some();
        if prospect.plan.is_empty() && !pending {
            return Ok(self.nothing_to_do(&prospect.plan));
        }
        self.confirm(&prospect.plan)?;
        let _lock = self.context.records.lock("install")?;
        let recovered = recover::pending(self.context, self.manager.as_ref())?;
        if recovered.is_some() || self.context.records.latest()? != seen {
            prospect = self.look(&mut settings)?;
        }
        if prospect.plan.is_empty() {
            return Ok(self.nothing_to_do(&prospect.plan));
        }
        let done = apply::apply(self, prospect)?;
        Ok(self.done(&done))
    }

    /// Observes the machine and the payload, asks for what is missing, and makes the plan.
    fn look(&self, settings: &mut Settings) -> Result<Prospect, Failure> {
        let context = self.context;
        let (picture, config) = context.observe(self.manager.as_ref())?;
        let config = config?;
        self.complete(settings, &config)?;
        let payload = connector::open(context, self.options, &picture)?;
        let live = connector::live_tree(context, &picture)?;
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        let request = Request {
            settings,
            config: &config,
            payload: connector::facts(&payload),
            live: live.as_ref(),
            start: self.options.start,
            fresh_token: &self.token,
            now: &now,
        };
        let mut plan = planning::plan(&picture, &request)?;
        plan.notes.extend(self.readable_answers());
        Ok(Prospect { picture, payload, plan })
    }

    fn complete(&self, settings: &mut Settings, config: &ConfigSet) -> Result<(), Failure> {
        let needed = config::needed(config.effective(), settings);
        if needed.is_empty() {
            return Ok(());
        }
        if !prompt::can_ask() || self.context.yes {
            return Err(Failure::usage(SettingError::Missing { settings: needed }));
        }
        let (language, interrupt) = (self.context.console.language, &self.context.interrupt);
        prompt::ask(settings, &needed, language, interrupt).map_err(|error| match error {
            SettingError::Interrupted => Failure::from(error),
            error => Failure::usage(error),
        })?;
        self.complete(settings, config)
    }

    /// An answers file with secrets in it that others may read.
    fn readable_answers(&self) -> Option<Note> {
        use std::os::unix::fs::PermissionsExt;
        let file = self.options.settings.answers.clone()?;
        let mode = file.metadata().ok()?.permissions().mode();
        (mode & 0o044 != 0).then_some(Note::AnswersReadable { file })
    }

    fn show(&self, plan: &Plan) -> Exit {
        let console = &self.context.console;
        if plan.is_empty() {
            return self.nothing_to_do(plan);
        }
        console.result(&render::text(plan, console.language));
        self.notes(plan);
        let mut body = render::json(plan, console.language);
        body.insert("dryRun".to_owned(), true.into());
        console.document(&json::document("install", true, body));
        Exit::Done
    }

    fn notes(&self, plan: &Plan) {
        plan.notes.iter().for_each(|note| self.context.console.note(note));
    }

    fn nothing_to_do(&self, plan: &Plan) -> Exit {
        let console = &self.context.console;
        self.notes(plan);
        let text = say!(
            console.language,
            "Nothing to do: DingTalk is set up here already.",
            "无需改动：钉钉已配置完成。"
        );
        console.result(&text);
        console.document(&json::document("install", true, render::json(plan, console.language)));
        Exit::Done
    }

    /// On a terminal the plan is shown and a yes is asked for; elsewhere starting the command is one.
    fn confirm(&self, plan: &Plan) -> Result<(), Failure> {
        let console = &self.context.console;
        self.notes(plan);
        if self.context.yes || console.json || !prompt::can_ask() {
            return Ok(());
        }
        console.tell(&render::text(plan, console.language));
        let question = say!(console.language, "Go ahead?", "是否继续？");
        match console.confirm(&question) {
            Ok(true) => Ok(()),
            _ => Err(Failure::declined()),
        }
    }

    fn done(&self, done: &apply::Done) -> Exit {
        let console = &self.context.console;
        let language = console.language;
        let id = &done.id;
        console.tell_marked(
            Mark::Good,
            &say!(
                language,
                "DingTalk is set up (transaction {id}).",
                "钉钉已配置完成（事务 {id}）。"
            ),
        );
        console.document(&json::document("install", true, done.body(language)));
        Exit::Done
    }
}
