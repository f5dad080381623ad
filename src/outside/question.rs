//! One request that is sent into the world, and the route that it takes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::language::Localized;
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
