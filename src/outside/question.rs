//! One request that is sent into the world, and the route that it takes.
//!
//! What came back: one row for each question, with how long each stage took and where it ended.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::language::{Localized, word};
use crate::redaction::masked;
use crate::timeout::Timeout;

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
    pub(super) fn within(&self, timeout: Timeout) -> Self {
        let ours = timeout.at_most(Duration::from_millis(self.timeout_ms));
        Self { timeout_ms: millis(ours), ..self.clone() }
    }

    /// How long the last of these may take, with those that it waits for.
    pub(super) fn longest(questions: &[Self]) -> Duration {
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
    pub(super) fn without_secrets(mut self) -> Self {
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
mod tests {
    use serde_json::{Value, json};

    use super::{Answer, Stage, is_completion};

    fn answer(mut value: Value) -> Answer {
        value["subject"] = json!("https://a");
        value["way"] = json!("direct");
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn an_answer_tells_its_stages() {
        let body = r#"{"error":{"code":"invalid_api_key","message":"no"}}"#;
        let stages = json!([{"stage": "dns", "millis": 3}, {"stage": "http", "millis": 40}]);
        let told = answer(json!({"stages": stages, "status": 401, "body": body}));
        assert_eq!(told.to_string(), "dns 3 ms · http 40 ms → HTTP 401");
        assert_eq!((told.millis(), told.complaint().as_str()), (43, "invalid_api_key: no"));
        assert!(told.has_arrived());
        let shown = json!({
            "subject": "https://a", "way": "direct", "stages": stages,
            "status": 401, "failedStage": null, "failedCode": null,
        });
        assert_eq!(json!(told), shown);
    }

    #[test]
    fn a_failure_tells_its_stage() {
        let stages = json!([{"stage": "dns", "millis": 2}]);
        let told =
            answer(json!({"stages": stages, "failedStage": "tcp", "failedCode": "ETIMEDOUT"}));
        assert_eq!(told.to_string(), "dns 2 ms · tcp ETIMEDOUT ✗");
        assert_eq!(told.failure(), Some((Stage::Tcp, "ETIMEDOUT")));
        assert!(!told.has_arrived() && told.complaint().is_empty());
    }

    #[test]
    fn a_completion_is_told_from_a_web_page() {
        for (body, is) in [
            (r#"{"choices": []}"#, true),
            (r#"{"output": [], "object": "response"}"#, true),
            ("\ndata: {\"choices\": [", true),
            ("event: message_start\ndata: {}", true),
            (": OPENROUTER PROCESSING\n", true),
            ("<!doctype html>", false),
            (r#"{"ok": true}"#, false),
            ("", false),
        ] {
            assert_eq!(is_completion(body), is, "{body}");
        }
    }
}
