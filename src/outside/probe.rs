//! The probe: the gateway's own Node.js, with what of its environment decides about names and
//! certificates. What Node trusts and finds is what the gateway trusts and finds; another TLS
//! library with another list of authorities could say “well” where the gateway says “fetch failed”.
//!
//! What it asks is a table of questions, each with the route that it takes; what came back: one row for
//! each question, with how long each stage took and where it ended.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::child::{Helper, Unfinished};
use crate::interrupt::Interrupt;
use crate::language::{Kind, Localized, Problem, word};
use crate::redaction::masked;
use crate::systemd::environment::Environment;
use crate::timeout::{Deadline, Timeout};

const SCRIPT: &str = include_str!("probe.cjs");

/// How much longer than its questions Node may take: it has to start, too.
const START: Duration = Duration::from_secs(10);

/// Variables of the gateway that decide whom Node trusts.
const TRUST: [&str; 6] = [
    "NODE_EXTRA_CA_CERTS",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "NODE_USE_SYSTEM_CA",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "OPENSSL_CONF",
];

/// Options in `NODE_OPTIONS` that do so. Others could make the probe do something else.
const TRUST_OPTIONS: [&str; 5] =
    ["--use-openssl-ca", "--use-system-ca", "--use-bundled-ca", "--tls-", "--dns-result-order="];

/// A Node.js that asks.
pub struct Probe<'a> {
    node: Option<PathBuf>,
    environment: Vec<(&'static str, String)>,
    timeout: Timeout,
    interrupt: &'a Interrupt,
}

impl<'a> Probe<'a> {
    /// `node` with what matters of the gateway's environment; no question takes longer than `timeout`.
    pub fn new(
        node: Option<PathBuf>,
        gateway: &Environment,
        timeout: Timeout,
        interrupt: &'a Interrupt,
    ) -> Self {
        let trust = TRUST.into_iter();
        let trust = trust.filter_map(|name| Some((name, gateway.get(name)?.to_owned())));
        let options = trust_options(gateway.get("NODE_OPTIONS").unwrap_or_default());
        let options = Some(("NODE_OPTIONS", options)).filter(|(_, value)| !value.is_empty());
        Self { node, environment: trust.chain(options).collect(), timeout, interrupt }
    }

    /// The same that only another interrupt ends.
    pub fn ended_by<'b>(&self, interrupt: &'b Interrupt) -> Probe<'b> {
        let (node, environment) = (self.node.clone(), self.environment.clone());
        Probe { node, environment, timeout: self.timeout, interrupt }
    }

    /// Asks all of it at once.
    pub fn ask(&self, questions: &[Question]) -> Result<Vec<Answer>, Problem> {
        let table = self.told(questions)?;
        Ok(table.into_iter().map(Answer::without_secrets).collect())
    }

    /// The same with what the servers have given, for those who came for it. Script and questions
    /// go over standard input: no secret is ever an argument or a variable.
    pub(super) fn told(&self, questions: &[Question]) -> Result<Vec<Answer>, Problem> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let node = self.node.clone().ok_or_else(no_node)?;
        let shortened = questions.iter().map(|question| question.within(self.timeout));
        let questions: Vec<_> = shortened.collect();
        let input = format!("{SCRIPT}\nprobe({});\n", serde_json::json!(questions)).into_bytes();
        let environment = self.environment.iter().map(|(name, value)| (name, value));
        let helper = Helper::new(&node).arg("-").envs(environment);
        let deadline = Deadline::after(Question::longest(&questions) + self.timeout.at_most(START));
        let finished = match helper.run_with(&input, deadline, self.interrupt) {
            Ok(finished) => finished,
            Err(Unfinished::Io(cause)) => return Err(not_started(&node, &cause)),
            Err(Unfinished::Late) => return Err(no_answer(&node, "ETIMEDOUT")),
            Err(Unfinished::Interrupted) => return Err(interrupted()),
        };
        let table: Vec<Answer> = serde_json::from_str(&finished.stdout).unwrap_or_default();
        if table.len() == questions.len() {
            return Ok(table);
        }
        // not its own words: an old Node shows the line of the script that it does not understand
        Err(no_answer(&node, &finished.status.to_string()))
    }
}

fn trust_options(options: &str) -> String {
    let is_about_trust = |word: &&str| TRUST_OPTIONS.iter().any(|known| word.starts_with(known));
    options.split_whitespace().filter(is_about_trust).collect::<Vec<_>>().join(" ")
}

/// There is no Node.js to ask with.
pub(crate) fn no_node() -> Problem {
    unasked(
        "outside.no-node",
        say!("the gateway's Node.js, which makes the requests to the outside, was not found"),
    )
}

/// Node.js could not be started.
fn not_started(node: &Path, cause: &std::io::Error) -> Problem {
    let node = node.display();
    unasked("outside.not-started", say!("{node} could not be started: {cause}", node, cause))
}

/// Node.js ended without an answer.
fn no_answer(node: &Path, cause: &str) -> Problem {
    let node = node.display();
    unasked("outside.no-answer", say!("{node} returned nothing ({cause})", node, cause))
}

fn unasked(code: &'static str, message: String) -> Problem {
    let hint = say!(
        "Check that the unit's ExecStart names Node.js 18 or newer: openclaw-setup doctor host.node"
    );
    Problem::new(code, message, hint)
}

/// The operator's interrupt.
pub(crate) fn interrupted() -> Problem {
    Problem::new("interrupted", say!("interrupted"), say!("Run the command again."))
        .of_kind(Kind::Interrupted)
}

/// The way out of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Route {
    /// Straight to the server.
    #[serde(rename = "direct")]
    Direct,
    /// Through the proxy that the gateway's environment names.
    #[serde(rename = "proxy")]
    Proxied,
}

impl Localized for Route {
    fn text(&self) -> String {
        match self {
            Self::Direct => say!("directly"),
            Self::Proxied => say!("through the proxy"),
        }
    }
}

/// The proxy of each route: none, and the one that there is.
pub fn routes(proxy: Option<&str>) -> impl Iterator<Item = Option<&str>> + Clone {
    [None].into_iter().chain(proxy.map(Some))
}

/// One request, as the script reads it. Its address, headers and body may hold secrets.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    subject: String,
    url: String,
    headers: BTreeMap<&'static str, String>,
    body: Option<String>,
    way: Route,
    proxy: Option<String>,
    timeout_ms: u64,
    follows: bool,
}

impl Question {
    /// `GET url`, through the proxy where there is one.
    pub fn get(url: impl Into<String>, proxy: Option<&str>, timeout: Duration) -> Self {
        let url = url.into();
        Self {
            subject: masked(&url),
            url,
            headers: BTreeMap::new(),
            body: None,
            way: if proxy.is_some() { Route::Proxied } else { Route::Direct },
            proxy: proxy.map(str::to_owned),
            timeout_ms: millis(timeout),
            follows: false,
        }
    }

    /// `POST url` with JSON.
    pub fn post(
        url: impl Into<String>,
        body: &Value,
        proxy: Option<&str>,
        timeout: Duration,
    ) -> Self {
        let body = Some(body.to_string());
        Self { body, ..Self::get(url, proxy, timeout) }.with("content-type", "application/json")
    }

    /// One more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.insert(name, value.into());
        self
    }

    /// Waits for the answer to the question before. Where that has granted a `WebSocket`, a `GET`
    /// becomes its handshake; the socket is closed again at once.
    #[must_use]
    pub fn following(self) -> Self {
        Self { follows: true, ..self }
    }

    /// The same, that waits no longer than the operator.
    fn within(&self, timeout: Timeout) -> Self {
        let ours = timeout.at_most(Duration::from_millis(self.timeout_ms));
        Self { timeout_ms: millis(ours), ..self.clone() }
    }

    /// How long the last of these may take, with those that it waits for.
    fn longest(questions: &[Self]) -> Duration {
        let ends = questions.iter().scan(0, |end: &mut u64, question| {
            let begin = if question.follows { *end } else { 0 };
            *end = begin.saturating_add(question.timeout_ms);
            Some(*end)
        });
        Duration::from_millis(ends.max().unwrap_or_default())
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// A stage on the way to an answer, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The name is looked up.
    Dns,
    /// The connection is made: to the server, or to the proxy.
    Tcp,
    /// The proxy lets us through.
    Proxy,
    /// Certificates are shown and keys agreed upon.
    Tls,
    /// The server answers.
    Http,
}

/// A stage that was passed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageTiming {
    /// Which one.
    pub stage: Stage,
    /// How long it took, in ms.
    pub millis: u64,
}

/// The answer to one question, as the script prints it and `--json` shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Who was asked: an address without anything secret.
    pub subject: String,
    /// On which route.
    #[serde(rename = "way")]
    pub route: Route,
    /// What was passed.
    pub stages: Vec<StageTiming>,
    /// The status, where the server answered; 101 for a `WebSocket`.
    pub status: Option<u16>,
    /// Else the stage that failed.
    pub failed_stage: Option<Stage>,
    /// And why: `ECONNREFUSED`, `CERT_HAS_EXPIRED`, `HTTP 403` of a proxy.
    pub failed_code: Option<String>,
    /// The first 8 KiB of what a server that refuses says; nothing of one that says yes.
    #[serde(default, skip_serializing)]
    pub body: String,
    /// Whether what came has the form of a completion.
    #[serde(skip)]
    pub is_completion: bool,
}

impl Answer {
    /// Whether the server answered, whatever it said.
    pub fn has_arrived(&self) -> bool {
        self.status.is_some()
    }

    /// Where and why it ended without an answer.
    pub fn failure(&self) -> Option<(Stage, &str)> {
        Some((self.failed_stage?, self.failed_code.as_deref()?))
    }

    /// The body as JSON; `null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The whole time, in ms.
    pub fn millis(&self) -> u64 {
        self.stages.iter().map(|timing| timing.millis).sum()
    }

    /// What the server said of an error, in one short line.
    pub fn complaint(&self) -> String {
        let body = self.json();
        let error = if body["error"].is_object() { &body["error"] } else { &body };
        let words =
            ["code", "type", "message", "errmsg"].iter().filter_map(|key| error[*key].as_str());
        let told = words.collect::<Vec<_>>().join(": ");
        told.chars().filter(|c| !c.is_control()).take(200).collect()
    }

    /// Without what a server that says yes has given us (tokens, tickets, texts), and without the
    /// secrets that one that refuses repeats.
    fn without_secrets(mut self) -> Self {
        self.is_completion = is_completion(&self.body);
        let is_gift = matches!(self.status, Some(200..=299));
        self.body = if is_gift { String::new() } else { masked(&self.body) };
        self
    }
}

/// A stream of server-sent events; or, from a server that does not stream, what each of the three
/// interfaces calls what it brings.
fn is_completion(body: &str) -> bool {
    let fields = ["data:", "event:", "id:", "retry:", ":"];
    let document: Value = serde_json::from_str(body).unwrap_or_default();
    fields.iter().any(|field| body.trim_start().starts_with(field))
        || ["choices", "output", "content"].iter().any(|key| document[*key].is_array())
}

impl fmt::Display for Answer {
    /// `dns 3 ms · tcp 12 ms · tls 30 ms · http 210 ms → HTTP 200`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stages = self.stages.iter();
        let stages = stages.map(|timing| format!("{} {} ms", word(timing.stage), timing.millis));
        let failure = self.failure().map(|(stage, code)| format!("{} {code}", word(stage)));
        let end = self.status.map_or_else(|| "✗".to_owned(), |status| format!("→ HTTP {status}"));
        write!(formatter, "{} {end}", stages.chain(failure).collect::<Vec<_>>().join(" · "))
    }
}

#[cfg(test)]
mod tests;
