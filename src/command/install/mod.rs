//! `install`: makes DingTalk work here. `upgrade` is the same with another connector.

mod bot;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use semver::Version;

use self::bot::DingTalk;
use super::connector::{Candidate, Wanted, live_tree};
use super::context::Context;
use super::doctor::{self, view};
use super::execute::{Change, Executed, Outcome, Stage, execute};
use super::failure::{Exit, Failure};
use super::outlook;
use super::stage::{Work, recording};
use crate::cli::{FitOptions, Install, ProofOptions, Upgrade};
use crate::connector::adaptation::Refit;
use crate::connector::installed::InstalledRecord;
use crate::connector::{Checks, TreeManifest};
use crate::openclaw::document::Value;
use crate::outside::{self, dingtalk::Bot};
use crate::plan::config;
use crate::plan::install::{self as planning, Purpose, Request};
use crate::plan::note::Note;
use crate::report::Mark;
use crate::settings::desired::{self, Desired, Effort};
use crate::settings::{self, Secret, Setting, Settings, prompt, sources};
use crate::snapshot::paths::CONNECTOR;

/// Runs `install`.
pub(super) fn run(context: &Context, options: &Install) -> Result<Exit, Failure> {
    let answers = options.settings.answers.as_deref();
    let (given, surroundings) = (options.settings.given(), &context.surroundings);
    let settings = sources::gather(&given, surroundings, answers, context.deadline())
        .map_err(Failure::usage)?;
    let request = InstallRequest {
        context,
        source: options.source.as_deref(),
        checks: &options.checks,
        fit: options.fit,
        purpose: Purpose::Install,
        start: options.start,
        proof: options.proof,
        is_of_settings: options.source.is_none() && !given.is_empty(),
        settings,
        made: None,
        notes: answers.and_then(readable_answers),
        token: Secret::fresh()?,
        file: None,
    };
    request.execute()
}

/// Runs `upgrade`.
pub(super) fn upgrade(context: &Context, options: &Upgrade) -> Result<Exit, Failure> {
    if let Some(openclaw) = options.for_openclaw {
        return outlook::run(context, openclaw);
    }
    let request = InstallRequest {
        context,
        source: options.source.as_deref(),
        checks: &options.checks,
        fit: options.fit,
        purpose: Purpose::Upgrade { allow_downgrade: options.allow_downgrade },
        proof: options.proof,
        start: false,
        is_of_settings: false,
        settings: Settings::default(),
        made: None,
        notes: None,
        token: Secret::fresh()?,
        file: None,
    };
    request.execute()
}

/// Brings about what a file describes: `install`, or `upgrade` where another version stands.
pub(super) fn as_described(
    context: &Context,
    file: &Path,
    desired: Desired,
    connector: &desired::Wanted,
) -> Result<Executed, Failure> {
    let proof = ProofOptions {
        no_ask: desired.proof == Effort::Unasked,
        require_answer: desired.proof == Effort::Required,
    };
    let sha256 = connector.sha256;
    let request = InstallRequest {
        context,
        source: connector.source.as_deref(),
        checks: &Checks { sha256, ..Checks::default() },
        fit: FitOptions { force_incompatible: false, no_adapt: false },
        purpose: Purpose::Install,
        start: desired.start,
        proof,
        is_of_settings: false,
        settings: desired.settings,
        made: None,
        notes: None,
        token: Secret::fresh()?,
        file: Some((file, connector.version.as_ref())),
    };
    request.carry_out()
}

/// An answers file that others may read: it may hold secrets.
fn readable_answers(file: &Path) -> Option<Note> {
    let mode = file.metadata().ok()?.permissions().mode();
    (mode & 0o044 != 0).then(|| Note::answers_readable(file))
}

/// What the operator asks for, with `install` or `upgrade`.
struct InstallRequest<'a> {
    context: &'a Context,
    source: Option<&'a str>,
    checks: &'a Checks,
    fit: FitOptions,
    purpose: Purpose,
    start: bool,
    proof: ProofOptions,
    is_of_settings: bool,
    settings: Settings,
    /// The id of the bot that was made for it.
    made: Option<String>,
    notes: Option<Note>,
    token: Secret,
    /// The file that describes all of it, and the version that it names: then nothing is asked for.
    file: Option<(&'a Path, Option<&'a Version>)>,
}

impl<'a> InstallRequest<'a> {
    fn carry_out(mut self) -> Result<Executed, Failure> {
        let context = self.context;
        let command = self.file.map_or(self.purpose.command(), |_| "apply");
        // one that does not answer is told as it is
        context.manager()?;
        execute(context, command, &mut || self.look()).or_else(|failure| {
            let failure = match self.made.as_deref() {
                Some(id) if !failure.is_after_the_commit() => failure.but_for(bot::lost(id)),
                _ => failure,
            };
            if !context.dry_run {
                return Err(failure);
            }
            // what stands in the way is found by doctor, too, and perhaps more of it
            let (_, diagnosis) = doctor::everything(context)?;
            Err(failure.with_findings(view::findings_json(&diagnosis)))
        })
    }

    fn execute(self) -> Result<Exit, Failure> {
        let context = self.context;
        let executed = self.carry_out()?;
        let version = executed.plan.connector.1.clone().unwrap_or_default();
        let nothing = say!("Nothing to do: DingTalk is set up here already.");
        if matches!(executed.outcome, Outcome::Planned | Outcome::NothingToDo(_)) {
            return doctor::report_as_found(context, &executed, &nothing);
        }
        Ok(executed.report(context, &nothing, |id| {
            say!(
                "Connector {version} is installed. To take it back: openclaw-setup rollback {id}",
                version,
                id
            )
        }))
    }

    fn look(&mut self) -> Result<Change<'a>, Failure> {
        let context = self.context;
        let (mut installation, config) = context.observe()?;
        let config = config?;
        if self.fit.no_adapt {
            installation.catalogue.take_them_as_they_come();
        }
        let live = live_tree(context, &installation)?;
        self.purpose.refuse_without(live.as_ref())?;
        let can_ask = prompt::can_ask() && !context.yes && self.file.is_none();
        let needed = config::needed(config.effective(), &self.settings);
        if !needed.is_empty() && !can_ask {
            let missing = self.file.map(|(file, _)| desired::missing(file, &needed));
            return Err(Failure::usage(missing.unwrap_or_else(|| settings::missing(&needed))));
        }
        let candidate = Candidate::find(context, &self.wanted(), &installation, live.as_ref())?;
        let other =
            live.as_ref().filter(|live| live.version.as_deref() != Some(candidate.version()));
        let purpose = match self.file.and(other) {
            Some(_) => Purpose::Upgrade { allow_downgrade: true },
            None => self.purpose,
        };
        let dingtalk = DingTalk::new(context, &installation, config.effective());
        let has_asked = self.complete(&dingtalk, config.effective())?;
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        let request = Request {
            purpose,
            start: self.start,
            settings: &self.settings,
            config: &config,
            payload: candidate.facts(&installation.catalogue, live.as_ref()),
            changes: candidate.changes(&installation, self.fit.force_incompatible)?,
            live: live.as_ref(),
            force_incompatible: self.fit.force_incompatible,
            transactions: context.records.transactions(),
            fresh_token: &self.token,
            now: &now,
        };
        let mut plan = planning::plan(&installation, &request)?;
        plan.notes.extend(self.notes.clone());
        plan.notes.extend(candidate.doubt(&installation, plan.tree()));
        if !has_asked && !plan.is_empty() {
            plan.notes.extend(self.refusal(&dingtalk, config.effective())?.map(Note::bot_refused));
        }
        let stage = Some(staging(context, candidate));
        let live = live.map(|live| live.manifest);
        Ok(Change { stage, proof: self.proof, live, ..Change::of(installation, plan) })
    }

    fn wanted(&self) -> Wanted<'a> {
        let version = self.file.and_then(|(_, version)| version);
        let is_of_version = version.is_some() && self.checks.sha256.is_none();
        Wanted {
            source: self.source,
            version,
            checks: self.checks,
            may_stay: is_of_version || self.source.is_none() && self.purpose == Purpose::Install,
            is_of_settings: self.is_of_settings,
            forced: self.fit.force_incompatible,
        }
    }

    /// Asks for what is needed and absent; one answer may make another one needed, and a bot that
    /// DingTalk does not take is asked for again. Tells whether it was asked for.
    fn complete(&mut self, dingtalk: &DingTalk<'_>, config: &Value) -> Result<bool, Failure> {
        const BOT: [Setting; 2] = [Setting::ClientId, Setting::ClientSecret];
        let Context { console, interrupt, .. } = self.context;
        let mut has_asked = false;
        loop {
            let needed = config::needed(config, &self.settings);
            if needed.is_empty() {
                return Ok(has_asked);
            }
            let of_bot: Vec<_> = BOT.into_iter().filter(|part| needed.contains(part)).collect();
            has_asked |= !of_bot.is_empty();
            if of_bot == BOT
                && self.asks_outside()
                && let Some(bot) = dingtalk.new_bot()?
            {
                self.made = Some(bot.client_id.clone());
                if interrupt.is_raised() {
                    return Err(outside::interrupted().into());
                }
                self.settings.accept(Setting::ClientId, &bot.client_id)?;
                self.settings.accept(Setting::ClientSecret, &bot.client_secret)?;
                continue;
            }
            if !of_bot.is_empty() {
                console.eprint(&say!("Client id and secret stand in DingTalk's developer console (open-dev.dingtalk.com), on the app's “Credentials” page."));
            }
            prompt::ask(&mut self.settings, &needed, interrupt)?;
            if !of_bot.is_empty()
                && let Some(refusal) = self.refusal(dingtalk, config)?
            {
                console.eprint(&console.marked(Mark::Bad, &refusal));
                (self.settings.client_id, self.settings.client_secret) = (None, None);
            }
        }
    }

    fn asks_outside(&self) -> bool {
        !self.context.offline && !self.context.dry_run
    }

    /// Why DingTalk does not take the bot that was given; nothing where it could not be asked.
    fn refusal(&self, dingtalk: &DingTalk<'_>, config: &Value) -> Result<Option<String>, Failure> {
        let Settings { client_id, client_secret, .. } = &self.settings;
        if !self.asks_outside() || client_id.is_none() && client_secret.is_none() {
            return Ok(None);
        }
        let standing = |key| config.get(&["channels", CONNECTOR, key]).and_then(Value::as_str);
        let standing = |key| standing(key).filter(|text| !text.contains('$')).map(str::to_owned);
        let client_id = client_id.clone().or_else(|| standing("clientId"));
        let given = client_secret.as_ref().map(|secret| secret.reveal().to_owned());
        let pair = client_id.zip(given.or_else(|| standing("clientSecret")));
        let Some((client_id, client_secret)) = pair else { return Ok(None) };
        Ok(dingtalk.refusal(&Bot { account: None, client_id, client_secret })?)
    }
}

/// Brings the new tree into the transaction's slot. Our record changes in the same transaction as
/// what it tells of; without a new tree, that is the live one.
fn staging(context: &Context, candidate: Candidate) -> Stage<'_> {
    Box::new(move |change, preparation, bar| {
        let Change { installation, plan, .. } = change;
        let work = Work { context, installation, slot: &preparation.slot(), bar };
        let (tree, adapted) = match (&candidate, plan.tree()) {
            (Candidate::Payload(payload), Some(step)) => {
                let refit = Refit::of(&step.changes, installation.program.version);
                (work.stage_payload(payload, &step.changes)?, refit.adapted)
            }
            // what was changed by hand goes on to show
            (Candidate::Installed(record), _) => (record.tree.clone(), record.adapted.clone()),
            (Candidate::Payload(_), None) => {
                let path = &installation.paths.connector;
                let tree = TreeManifest::scan(path, &context.interrupt, bar)?;
                let same = installation.record.as_ref().filter(|record| record.tree == tree);
                let adapted = same.and_then(|record| record.adapted.clone());
                (tree, adapted)
            }
        };
        let record = InstalledRecord::of(candidate.origin(), plan.traces.clone(), tree);
        let record = InstalledRecord { adapted, ..record };
        Ok(Some(recording(context, installation, &record)))
    })
}
