//! The model asked one tiny question, over the road that the connector takes.
//!
//! An error arrives in the shape of an answer (`401 Incorrect API key`, with HTTP 200), or as no
//! text at all; so the model is asked for a word of ours, which nothing else on the road knows.

mod session;
#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{ChatAnswer, Endpoint, LogLine, LogSource, blocked_provider, error, gateway_log};
use crate::connector::release::{Generation, Habit};
use crate::interrupt::Interrupt;
use crate::language::Problem;
use crate::openclaw::document::Value as Document;
use crate::redaction::masked;
use crate::systemd::CommandLine;
use crate::systemd::environment::Environment;
use crate::timeout::Deadline;
use session::{Failure, Run, call};

pub use session::Session;

/// How long the model may think.
const THINKING: Duration = Duration::from_secs(60);

/// How often a wait looks at the interrupt, and at the log.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How long the gateway's word about a failed run may take to reach the log.
const LOGGED: Duration = Duration::from_secs(2);

/// What stands in an answer where the gateway has no text, or tells it to its log only.
const NO_WORDS: [&str; 3] = ["", "No response from OpenClaw.", "Error: internal error"];

/// The road from the connector to the model.
#[derive(Debug, Clone)]
pub struct Road {
    /// How the connector asks, where its version is known: it posts to the gateway's chat endpoint, or
    /// is inside the gateway, and `OpenClaw`'s command line gets there.
    pub connector: Option<Generation>,
    /// The gateway, with the credential that the connector shows; each request proves its owner.
    pub endpoint: Endpoint,
    /// How the unit starts `OpenClaw`.
    pub exec_start: Option<CommandLine>,
    /// The environment of the gateway's process.
    pub environment: Environment,
    /// The agent that answers the bot: [`agent_of`].
    pub agent: String,
    /// The config in force.
    pub config: Document,
    /// `OpenClaw`'s state directory, below which the question leaves a session.
    pub state_dir: PathBuf,
    /// Where the gateway says why a run has failed.
    pub log: LogSource,
}

/// What became of the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// The model gave our word back. The session is to be removed, which takes longer than the
    /// answer did.
    Yes(Session),
    /// No answer, or not the model's. Its session has been removed, if that could be done.
    No(Problem),
    /// There is no way to ask from here, and why.
    CannotTry(String),
}

/// Asks.
pub fn ask(road: &Road, deadline: Deadline, interrupt: &Interrupt) -> Answered {
    let Some(connector) = &road.connector else {
        return Answered::CannotTry(say!("the connector's version is not known"));
    };
    if road.exec_start.is_none() {
        return Answered::CannotTry(say!("no unit tells how OpenClaw is started here"));
    }
    let (begin, begin_usec) = (Instant::now(), now_usec());
    let deadline = deadline.min(Deadline::after(THINKING));
    let question = Question::new();
    let (session, reply) = if connector.has(Habit::NeedsEndpoint) {
        let reply = question.over_http(road, connector, deadline, interrupt);
        (question.session(road, "openai-user:dingtalk-connector:"), reply)
    } else {
        let session = question.session(road, "dingtalk-connector:direct:");
        let reply = question.through_the_agent(road, &session, deadline, interrupt);
        (session, reply)
    };
    let mut run = Run::Answered;
    let is_asked = matches!(reply, Ok(_) | Err(Failure::Silent));
    let mut problem = match reply {
        Ok(text) if question.is_answered_by(&text) => {
            return Answered::Yes(session);
        }
        Ok(text) if NO_WORDS.contains(&text.trim()) => {
            let logged = logged_failure(&road.log, begin_usec, interrupt);
            run = logged.as_ref().map_or(run, |failure| failure.run);
            error::no_answer(&one_line(&logged.map_or(text, |failure| failure.cause)))
        }
        Ok(text) => error::no_answer(&one_line(&text)),
        Err(Failure::Silent) => error::silent(begin.elapsed().as_secs()),
        Err(Failure::NotAsked(cause)) => error::not_asked(&cause),
        Err(Failure::NoRoad(reason)) => return Answered::CannotTry(reason),
        Err(Failure::Other(problem)) => problem,
    };
    if problem.code == "answer.silent" {
        run = Run::UnderWay;
    }
    if ["answer.other", "answer.silent"].contains(&problem.code) {
        let lines = gateway_log(&road.log, begin_usec, Deadline::after(LOGGED), interrupt);
        let blocked = lines.iter().find_map(|line| blocked_provider(&line.text));
        problem = blocked.map_or(problem, error::provider_blocked);
    }
    if session.id().is_some() || is_asked && session.is_in_a_database() {
        let removed = session.remove_after(run, road, interrupt);
        problem.evidence.extend(removed.err().map(|left| left.message));
    }
    Answered::No(problem)
}

/// One question, for one word.
struct Question {
    word: String,
}

impl Question {
    /// A word that can be spoken is one that a model does not misspell.
    fn new() -> Self {
        let mut chance = RandomState::new().hash_one(0);
        let mut letter = |among: &[u8]| {
            let count = among.len() as u64;
            let letter = among[usize::try_from(chance % count).unwrap_or_default()];
            chance /= count;
            char::from(letter)
        };
        let syllables = (0..5).map(|_| [letter(b"bdfgklmnprstvz"), letter(b"aeiou")]);
        Self { word: syllables.flatten().collect() }
    }

    fn text(&self) -> String {
        format!("Reply with exactly this word and nothing else: {}", self.word)
    }

    /// Whether a reply has the word; one that says our question back has it from there.
    fn is_answered_by(&self, reply: &str) -> bool {
        let reply = reply.replace(&self.text(), "").to_lowercase();
        reply.contains(&self.word) && error::status_in(&reply).is_none()
    }

    fn session(&self, road: &Road, kind: &str) -> Session {
        let (agent, word) = (&road.agent, &self.word);
        Session {
            key: format!("agent:{agent}:{kind}openclaw-setup-{word}"),
            folder: road.state_dir.join("agents").join(agent).join("sessions"),
        }
    }

    /// As connectors before 0.8 ask.
    fn over_http(
        &self,
        road: &Road,
        connector: &Generation,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<String, Failure> {
        let asks_for_the_default = connector.has(Habit::AsksForTheDefault);
        let body = json!({
            "model": if asks_for_the_default { "default" } else { "main" },
            "messages": [{"role": "user", "content": self.text()}],
            "stream": true,
            "user": format!("dingtalk-connector:openclaw-setup-{}", self.word),
        });
        let agent = connector.has(Habit::NamesItsAgent).then(|| road.agent.clone());
        let endpoint = road.endpoint.clone();
        let (tell, told) = channel();
        thread::spawn(move || {
            tell.send(endpoint.complete(&body, agent.as_deref(), deadline.remaining()))
        });
        let reply = loop {
            match told.recv_timeout(POLL_INTERVAL) {
                Ok(reply) => break reply,
                Err(RecvTimeoutError::Disconnected) => return Err(Failure::Silent),
                Err(_) if interrupt.is_raised() => return Err(error::interrupted().into()),
                Err(_) => {}
            }
        };
        match reply {
            Ok((200, body)) => Ok(streamed_text(&body)),
            Ok((status, body)) => {
                Err(Failure::NotAsked(format!("HTTP {status} {}", complaint(&body))))
            }
            Err(ChatAnswer::Foreign { whose }) => Err(taken(road, &whose).into()),
            Err(_) if deadline.remaining() < POLL_INTERVAL => Err(Failure::Silent),
            Err(ChatAnswer::Odd { what }) => Err(Failure::NotAsked(what)),
            Err(other) => Err(Failure::NotAsked(other.word().to_owned())),
        }
    }

    /// As connectors from 0.8 on do: the agent within the gateway, in a session of theirs.
    fn through_the_agent(
        &self,
        road: &Road,
        session: &Session,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<String, Failure> {
        let id = format!("openclaw-setup-{}", self.word);
        let parameters =
            json!({"message": self.text(), "sessionKey": session.key, "idempotencyKey": id});
        let timeout = deadline.remaining().as_millis().to_string();
        let options = ["--expect-final", "--timeout", &timeout];
        let begin = Instant::now();
        let reply = match call(road, "agent", &parameters, &options, deadline, interrupt) {
            // the gateway lists the session before it asks the model
            Err(Failure::Silent) if !session.is_there(road, interrupt) => {
                let seconds = begin.elapsed().as_secs();
                let reason = say!(
                    "OpenClaw's command line did not get through to the gateway in {seconds} s",
                    seconds
                );
                return Err(Failure::NoRoad(reason));
            }
            reply => reply?,
        };
        let result = &reply["result"];
        let payloads = result["payloads"].as_array().into_iter().flatten();
        let text: Vec<&str> = payloads.filter_map(|payload| payload["text"].as_str()).collect();
        let text = text.join("\n");
        if result["meta"]["stopReason"] == "error" && !NO_WORDS.contains(&text.as_str()) {
            return Err(error::no_answer(&one_line(&text)).into());
        }
        Ok(text)
    }
}

fn taken(road: &Road, whose: &str) -> Problem {
    error::port_taken(road.endpoint.port(), whose)
}

/// The text of a completion, streamed or not.
fn streamed_text(body: &str) -> String {
    let lines = body.lines().map(|line| line.strip_prefix("data:").unwrap_or(line));
    let documents = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let texts = documents.filter_map(|document| {
        let choice = &document["choices"][0];
        let text = choice["delta"]["content"].as_str();
        text.or_else(|| choice["message"]["content"].as_str()).map(str::to_owned)
    });
    texts.collect()
}

/// What the gateway says of a request that it refuses.
fn complaint(body: &str) -> String {
    let document: Value = serde_json::from_str(body).unwrap_or_default();
    one_line(document["error"]["message"].as_str().unwrap_or(body))
}

/// What the gateway's log tells of a failed run.
struct Logged {
    cause: String,
    run: Run,
}

/// Why the gateway's last run has failed since a moment, in its own words.
fn logged_failure(log: &LogSource, since_usec: u64, interrupt: &Interrupt) -> Option<Logged> {
    let deadline = Deadline::after(LOGGED);
    while !deadline.has_passed() && !interrupt.is_raised() {
        let lines = gateway_log(log, since_usec, deadline, interrupt);
        if let Some(failure) = lines.iter().rev().find_map(failure_in) {
            return Some(failure);
        }
        thread::sleep(POLL_INTERVAL);
    }
    None
}

fn failure_in(line: &LogLine) -> Option<Logged> {
    let thrown = line.text.split_once("streaming chat completion failed: ").map(|(_, told)| told);
    let ended = line.text.strip_prefix("embedded run agent end: ");
    let told = thrown.or_else(|| Some(ended?.split_once(" error=")?.1))?;
    let cause = told.trim_start_matches("FailoverError: ").to_owned();
    Some(Logged { cause, run: if thrown.is_some() { Run::Failed } else { Run::Answered } })
}

/// A text of somebody else's on one line, without secrets.
fn one_line(text: &str) -> String {
    let text = masked(text.trim());
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}

fn now_usec() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap_or_default()
}

/// The agent that answers the bot, as the connector itself finds it.
pub fn agent_of(config: &Document, account: Option<&str>, connector: &Generation) -> String {
    const MAIN: &str = "main";
    if !connector.has(Habit::RoutesByBindings) {
        let named = account.filter(|_| connector.has(Habit::NamesItsAgent));
        return named.unwrap_or(MAIN).to_lowercase();
    }
    let over_http = connector.has(Habit::NeedsEndpoint);
    let account = account.unwrap_or("__default__");
    let bindings = config.get(&["bindings"]).and_then(Document::as_array);
    let fitting = |binding: &&Document| is_bound(binding, account);
    let mut bindings: Vec<_> = bindings.into_iter().flatten().filter(fitting).collect();
    if over_http {
        bindings.sort_by_key(|binding| binding.get(&["match", "accountId"]).is_none());
    }
    let bound = bindings.first().and_then(|binding| binding.get(&["agentId"])?.as_str());
    let unbound = if over_http && account != "__default__" { account } else { MAIN };
    bound.unwrap_or(unbound).to_lowercase()
}

/// Whether a binding is for anybody who writes to the account.
fn is_bound(binding: &Document, account: &str) -> bool {
    let is = |path: &[&str], wanted: &str| {
        let told = binding.get(path).and_then(Document::as_str);
        told.is_none_or(|told| told == wanted)
    };
    is(&["match", "channel"], "dingtalk-connector")
        && is(&["match", "accountId"], account)
        && is(&["match", "peer", "kind"], "direct")
        && is(&["match", "peer", "id"], "*")
}
