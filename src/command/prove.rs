//! Proving the gateway that was started: a finished start job proves nothing.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::context::Context;
use super::doctor::live;
use super::failure::Failure;
use super::look;
use crate::cli::ProofOptions;
use crate::connector::TreeManifest;
use crate::doctor::{CHECKS, Check, Diagnosis, Finding, Severity, diagnose};
use crate::health::port::Owner;
use crate::health::{
    Connection, DEFAULT_ACCOUNT, Gate, LogSource, Proof, Road, Rung, agent_of, all_open, ask,
    connections, gateway_log,
};
use crate::language::Problem;
use crate::openclaw::document::Value as Document;
use crate::openclaw::include::ConfigSet;
use crate::outside::provider::ProviderAnswers;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::report::screen::Bar;
use crate::report::{Mark, json as documents};
use crate::snapshot::installation::Installation;
use crate::snapshot::paths::CONNECTOR;
use crate::snapshot::service::{Managed, Process};
use crate::snapshot::{Snapshot, accounts_of, channel_is_on, tree};
use crate::systemd::UserManager;
use crate::timeout::Deadline;
use crate::transaction::service::ServiceError;

/// How long the model's answer may take.
const ANSWER: Duration = Duration::from_secs(60);

/// How long the log of the process before may take to be read.
const LOG: Duration = Duration::from_secs(2);

/// What shall be proved of a change, and by what it is done.
pub(super) struct Prover<'a> {
    pub(super) context: &'a Context,
    pub(super) manager: Option<&'a UserManager>,
    pub(super) installation: &'a Installation,
    pub(super) plan: &'a Plan,
    pub(super) options: ProofOptions,
    /// Every account was connected to DingTalk before.
    pub(super) was_connected: bool,
}

impl Prover<'_> {
    /// How far the gateway that now runs was seen to work; an error where that is a reason to take
    /// everything back.
    pub(super) fn prove(&self, bar: &Bar) -> Result<Proof, ServiceError> {
        let proof = match self.manager.filter(|_| self.plan.starts_the_gateway()) {
            Some(manager) => self.watch(manager, bar)?,
            None if self.plan.connector.1.is_none() => Proof::default(),
            None => as_it_is(self.context, self.options, None)?.1,
        };
        self.judged(proof)
    }

    fn watch(&self, manager: &UserManager, bar: &Bar) -> Result<Proof, ServiceError> {
        let (context, plan) = (self.context, self.plan);
        let config = ConfigSet::load(&context.paths.config)?;
        let effective = config.effective();
        let mut expectations = plan.expectations.clone();
        if plan.connector.1.is_some() && channel_is_on(effective) {
            expectations.connector = Some(CONNECTOR.to_owned());
        }
        let gate = Gate {
            manager,
            unit: &context.paths.unit,
            road: &road(context, self.installation, effective, None),
            accounts: &accounts_of(effective),
            asks: (!self.options.no_ask).then(|| context.timeout.at_most(ANSWER)),
        };
        bar.begin(&say!("waiting until the gateway is healthy"), None);
        let verdict = gate.pass(&expectations, context.deadline(), &context.interrupt);
        bar.end();
        Ok(verdict?)
    }

    /// Names the cause of what was not reached, and decides whether that is a reason to go back.
    fn judged(&self, mut proof: Proof) -> Result<Proof, ServiceError> {
        let Some((rung, cause)) = &proof.next else { return Ok(proof) };
        let (rung, code) = (*rung, cause.code);
        let (mut cause, mut provider_answers) = (cause.clone(), false);
        if proof.has_failed() {
            match look_again(self.context, rung) {
                Ok(snapshot) => {
                    provider_answers = snapshot.outside.provider().is_some_and(has_completed);
                    cause = named(rung, &cause, &diagnose(&concerned(rung), &snapshot));
                }
                Err(failure) if self.context.interrupt.is_raised() => {
                    return Err(failure.into_cause());
                }
                // what was seen is cause enough, where more cannot be looked at
                Err(_) => {}
            }
        }
        let returns = returns(self.plan) && proof.has_failed();
        let is_lost = is_lost(rung, code, self.was_connected, provider_answers);
        if self.options.require_answer || returns && is_lost {
            return Err(cause.into());
        }
        proof.next = Some((rung, cause));
        Ok(proof)
    }
}

/// Whether a rung that was not reached is what the change has taken from the bot: a connection
/// that stood before, or an answer that the provider gives whoever asks it directly. A question
/// that could not be asked tells nothing of the connector.
fn is_lost(rung: Rung, code: &str, was_connected: bool, provider_answers: bool) -> bool {
    match rung {
        Rung::Connected => was_connected,
        Rung::Answers => provider_answers && code != "answer.no-road",
        Rung::Running | Rung::Ready | Rung::Loaded => false,
    }
}

/// The road to the model, as the config, the installed connector and the process that runs make it.
fn road(
    context: &Context,
    installation: &Installation,
    effective: &Document,
    managed: Option<&Managed>,
) -> Road {
    let catalogue = &installation.catalogue;
    let release = tree::release_of(&installation.paths.connector, catalogue);
    let version = release.map(|release| release.version);
    let connector = version.as_ref().map(|version| catalogue.generation(Some(version)));
    // the bot whose token is shown
    let account = accounts_of(effective).into_iter().next();
    let account = account.filter(|account| account != DEFAULT_ACCOUNT);
    let agent =
        connector.as_ref().map(|connector| agent_of(effective, account.as_deref(), connector));
    let unit = &context.paths.unit;
    let owner = Owner { uid: installation.account.uid, unit: Some(unit.clone()) };
    let process = managed.and_then(|managed| managed.unit.main_pid).map(Process::look);
    Road {
        endpoint: installation.endpoint(Some(effective), version.as_ref(), owner),
        connector,
        exec_start: managed.and_then(|managed| managed.unit.exec_start.first().cloned()),
        environment: process.and_then(|process| process.environment).unwrap_or_default(),
        agent: agent.unwrap_or_default(),
        config: effective.clone(),
        state_dir: context.paths.state_dir.clone(),
        log: LogSource::of(unit, Some(effective)),
    }
}

/// Asks the model over the way that the connector takes, where the gateway runs.
pub(super) fn ask_now(context: &Context, snapshot: &Snapshot, proof: Proof) -> Proof {
    let is_asked = proof.reached == Some(Rung::Connected);
    let (Some(managed), Some(effective)) =
        (snapshot.unit().filter(|_| is_asked), snapshot.effective())
    else {
        return proof;
    };
    let road = road(context, &snapshot.installation, effective, Some(managed));
    let deadline = Deadline::after(context.timeout.at_most(ANSWER));
    let answered = ask(&road, deadline, &context.interrupt);
    Proof { accounts: proof.accounts, ..Proof::of_answer(answered) }
}

/// Removes what the question has left in OpenClaw, which takes longer than the answer did.
pub(super) fn forget(context: &Context, proof: &Proof) {
    let Some(session) = &proof.session else { return };
    let Ok((installation, Ok(config))) = context.observe() else { return };
    let managed = installation.service.managed();
    let road = road(context, &installation, config.effective(), managed);
    if let Err(left) = session.remove(&road, &context.interrupt) {
        context.console.warn(&left);
    }
}

/// Whether a change that takes the answer away from a bot is taken back.
pub(super) fn returns(plan: &Plan) -> bool {
    ["upgrade", "rollback"].contains(&plan.command)
}

/// Whether the log of the process that runs now tells that every account is connected.
pub(super) fn is_connected(context: &Context, installation: &Installation) -> bool {
    let managed = installation.service.managed().filter(|managed| managed.unit.is_up());
    let config = ConfigSet::load(&context.paths.config);
    let (Some(managed), Ok(config)) = (managed, config) else { return false };
    let source = LogSource::of(&context.paths.unit, Some(config.effective()));
    let deadline = Deadline::after(context.timeout.at_most(LOG));
    let since = managed.unit.main_start_usec;
    let lines = gateway_log(&source, since, deadline, &context.interrupt);
    channel_is_on(config.effective())
        && all_open(&connections(&lines, &accounts_of(config.effective())))
}

/// How far the gateway that runs is seen to work; nobody outside is asked, unless an answer is
/// demanded. `live` is the tree, if it has just been hashed.
pub(super) fn as_it_is(
    context: &Context,
    options: ProofOptions,
    live: Option<&TreeManifest>,
) -> Result<(Snapshot, Proof), ServiceError> {
    let snapshot = look::look_knowing(context, live).map_err(Failure::into_cause)?;
    let proof = snapshot.proof();
    if !options.require_answer {
        return Ok((snapshot, proof));
    }
    let asked = Proof { is_chosen: false, ..ask_now(context, &snapshot, proof) };
    Ok((snapshot, asked))
}

/// The proof with the cause of what is not seen, as the checks name it.
pub(super) fn seen(proof: Proof, diagnosis: &Diagnosis) -> Proof {
    let next = proof.next.clone().map(|(rung, cause)| {
        (rung, if proof.is_chosen { cause } else { named(rung, &cause, diagnosis) })
    });
    Proof { next, ..proof }
}

/// The snapshot as it is now, with the answers of the world outside where it may be asked.
fn look_again(context: &Context, rung: Rung) -> Result<Snapshot, Failure> {
    let mut snapshot = look::look(context)?;
    if !context.offline {
        live::ask(context, &concerned(rung), &mut snapshot)?;
    }
    Ok(snapshot)
}

/// The families of checks that know why a rung is not reached; the first is about that alone.
fn families(rung: Rung) -> &'static [&'static str] {
    match rung {
        Rung::Running => &["service", "config", "gateway", "host"],
        Rung::Ready => &["gateway", "proxy", "config"],
        Rung::Loaded => &["plugin", "config", "compat"],
        Rung::Connected => &["dingtalk", "proxy", "compat"],
        Rung::Answers => &["llm", "proxy", "gateway", "compat"],
    }
}

fn concerned(rung: Rung) -> Vec<&'static Check> {
    CHECKS.iter().filter(|check| families(rung).contains(&check.family())).collect()
}

/// The worst that the checks find of what a rung needs; of what may do harm only, what is about
/// that rung alone.
fn named(rung: Rung, seen: &Problem, diagnosis: &Diagnosis) -> Problem {
    let explains = |(check, finding): &&(&Check, Finding)| match finding.severity {
        Severity::Error => families(rung).contains(&check.family()),
        Severity::Warning => families(rung).first() == Some(&check.family()),
        Severity::Info => false,
    };
    let found = diagnosis.findings.iter().find(explains);
    found.map_or_else(
        || seen.clone(),
        |(check, finding)| Problem {
            evidence: vec![seen.message.clone()],
            ..Problem::new(check.id, finding.message.clone(), finding.hint.clone())
        },
    )
}

/// Whether the provider, asked directly on the gateway's own route, has given a completion.
fn has_completed(answers: &ProviderAnswers) -> bool {
    let answer = answers.completion.as_ref().map(|completion| &completion.answer);
    answer.is_ok_and(|answer| {
        answer.status == Some(200) && answer.is_completion && answer.route == answers.route
    })
}

/// Says how far the proof came, what is not proved, and what helps.
pub(super) fn tell(context: &Context, proof: &Proof) {
    let console = context.console;
    match &proof.next {
        None if proof.reached == Some(Rung::Answers) => {
            let text = say!("DingTalk works here: the bot is connected, and the model answers.");
            console.print_marked(Mark::Good, &text);
        }
        None => {}
        Some((_, cause)) => {
            let told = Problem { message: text(proof), ..cause.clone() };
            if proof.is_chosen { console.warn(&told) } else { console.error(&told) }
        }
    }
}

/// What was seen, and why not more.
pub(super) fn text(proof: &Proof) -> String {
    let seen = proof.reached.map(Rung::text);
    let Some((rung, cause)) = &proof.next else { return seen.unwrap_or_default() };
    let (rung, why) = (rung.text(), &cause.message);
    if let Some(seen) = seen {
        say!("{seen}; not proved: {rung}: {why}", seen, rung, why)
    } else {
        say!("not proved: {rung}: {why}", rung, why)
    }
}

/// The proof as data.
pub(super) fn as_json(proof: &Proof) -> Value {
    let word = |connection: &Connection| match connection {
        Connection::Open => "connected",
        Connection::Failed(_) => "failed",
        Connection::Unseen => "unseen",
    };
    let accounts = proof.accounts.iter();
    let accounts = accounts.map(|(account, state)| (account.clone(), json!(word(state))));
    json!({
        "reached": proof.reached,
        "next": proof.next.as_ref().map(|(rung, _)| rung),
        "chosen": proof.is_chosen,
        "cause": proof.next.as_ref().map(|(_, cause)| documents::error(cause)),
        "accounts": accounts.collect::<Map<_, _>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_change_took_from_the_bot_is_a_reason_to_go_back() {
        for (rung, code, was_connected, provider_answers, expected) in [
            (Rung::Connected, "dingtalk.connection", true, false, true),
            (Rung::Connected, "dingtalk.connection", false, true, false),
            (Rung::Answers, "answer.other", false, true, true),
            (Rung::Answers, "answer.silent", true, true, true),
            (Rung::Answers, "answer.refused-key", true, false, false),
            (Rung::Answers, "answer.no-road", true, true, false),
        ] {
            let is_lost = is_lost(rung, code, was_connected, provider_answers);
            assert_eq!(is_lost, expected, "{rung:?} {code} {was_connected} {provider_answers}");
        }
    }
}
