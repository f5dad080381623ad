//! What came back: how long each stage took, and where it ended.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// A stage on the way to an answer, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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

impl Stage {
    const ALL: [Self; 5] = [Self::Dns, Self::Tcp, Self::Proxy, Self::Tls, Self::Http];

    /// As people and programs write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Http => "http",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

/// A stage that was passed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lap {
    /// Which one.
    pub stage: Stage,
    /// How long it took, in ms.
    pub millis: u64,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The server answered.
    Answered {
        /// The status; 101 for a `WebSocket`.
        status: u16,
        /// The first 8 KiB of the body, which may hold a secret.
        body: String,
    },
    /// It got no further than this.
    Failed {
        /// The stage that failed.
        stage: Stage,
        /// Why: `ECONNREFUSED`, `CERT_HAS_EXPIRED`, `HTTP 403` of a proxy.
        code: String,
    },
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What was passed.
    pub laps: Vec<Lap>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Answer {
    /// The status, where the server answered.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match &self.outcome {
            Outcome::Answered { status, .. } => Some(*status),
            Outcome::Failed { .. } => None,
        }
    }

    /// Whether the server answered, whatever it said.
    #[must_use]
    pub fn has_arrived(&self) -> bool {
        self.status().is_some()
    }

    /// The stage at which it ended without an answer.
    #[must_use]
    pub fn failed_stage(&self) -> Option<Stage> {
        match &self.outcome {
            Outcome::Failed { stage, .. } => Some(*stage),
            Outcome::Answered { .. } => None,
        }
    }

    /// The body as JSON; `null` where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        match &self.outcome {
            Outcome::Answered { body, .. } => serde_json::from_str(body).unwrap_or_default(),
            Outcome::Failed { .. } => Value::Null,
        }
    }

    /// Whether the body begins as a stream of server-sent events does.
    #[must_use]
    pub fn streams_events(&self) -> bool {
        let fields = ["data:", "event:", "id:", "retry:", ":"];
        let begins = |body: &str| fields.iter().any(|field| body.trim_start().starts_with(field));
        matches!(&self.outcome, Outcome::Answered { body, .. } if begins(body))
    }

    /// The whole time, in ms.
    #[must_use]
    pub fn millis(&self) -> u64 {
        self.laps.iter().map(|lap| lap.millis).sum()
    }

    /// What the server said of an error, in one short line; it may repeat a secret.
    #[must_use]
    pub fn complaint(&self) -> String {
        let body = self.json();
        let error = if body["error"].is_object() { &body["error"] } else { &body };
        let words =
            ["code", "type", "message", "errmsg"].iter().filter_map(|key| error[*key].as_str());
        let told = words.collect::<Vec<_>>().join(": ");
        told.chars().filter(|c| !c.is_control()).take(200).collect()
    }

    /// Without what a server that says yes has given us: tokens, tickets, texts.
    #[must_use]
    pub(super) fn without_gift(mut self) -> Self {
        if let Outcome::Answered { status: 0..=299, body } = &mut self.outcome {
            body.clear();
        }
        self
    }

    /// Without what `mask` takes out of a text that the server may have repeated.
    pub fn mask(&mut self, mask: &dyn Fn(&str) -> String) {
        if let Outcome::Answered { body, .. } = &mut self.outcome {
            *body = mask(body);
        }
    }

    /// Out of what the script prints.
    pub(super) fn of_json(value: &Value) -> Option<Self> {
        let lap = |lap: &Value| {
            let millis = lap[1].as_f64()?.round();
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "milliseconds"
            )]
            Some(Lap { stage: Stage::of_name(lap[0].as_str()?)?, millis: millis as u64 })
        };
        let laps = value["laps"].as_array()?.iter().filter_map(lap).collect();
        let outcome = match (value["status"].as_u64(), &value["failed"]) {
            (Some(status), _) => Outcome::Answered {
                status: u16::try_from(status).ok()?,
                body: value["body"].as_str().unwrap_or_default().to_owned(),
            },
            (None, failed) => Outcome::Failed {
                stage: Stage::of_name(failed["stage"].as_str()?)?,
                code: failed["code"].as_str()?.to_owned(),
            },
        };
        Some(Self { laps, outcome })
    }
}

impl fmt::Display for Answer {
    /// `dns 3 ms · tcp 12 ms · tls 30 ms · http 210 ms → HTTP 200`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let laps = self.laps.iter().map(|lap| format!("{} {} ms", lap.stage.name(), lap.millis));
        let mut parts: Vec<String> = laps.collect();
        let end = match &self.outcome {
            Outcome::Answered { status, .. } => format!("→ HTTP {status}"),
            Outcome::Failed { stage, code } => {
                parts.push(format!("{} {code}", stage.name()));
                "✗".to_owned()
            }
        };
        write!(formatter, "{} {end}", parts.join(" · "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Answer, Outcome, Stage};

    fn answer(value: &serde_json::Value) -> Answer {
        Answer::of_json(value).unwrap()
    }

    #[test]
    fn an_answer_tells_its_stages() {
        let body = r#"{"error":{"code":"invalid_api_key","message":"no"}}"#;
        let told =
            answer(&json!({"laps": [["dns", 2.6], ["http", 40]], "status": 401, "body": body}));
        assert_eq!(told.to_string(), "dns 3 ms · http 40 ms → HTTP 401");
        assert_eq!((told.millis(), told.complaint().as_str()), (43, "invalid_api_key: no"));
        assert!(told.has_arrived());
    }

    #[test]
    fn a_failure_tells_its_stage() {
        let told =
            answer(&json!({"laps": [["dns", 2]], "failed": {"stage": "tcp", "code": "ETIMEDOUT"}}));
        assert_eq!(told.to_string(), "dns 2 ms · tcp ETIMEDOUT ✗");
        assert_eq!(told.failed_stage(), Some(Stage::Tcp));
        assert!(matches!(told.outcome, Outcome::Failed { .. }) && told.complaint().is_empty());
    }

    #[test]
    fn nonsense_is_no_answer() {
        for value in [json!({}), json!({"laps": []}), json!({"laps": [], "failed": {"stage": "x"}})]
        {
            assert_eq!(Answer::of_json(&value), None, "{value}");
        }
    }
}
