//! One request that is sent into the world, and the road that it takes.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// The way out of the machine, for tables and people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Straight to the server.
    Direct,
    /// Through the proxy that the gateway's environment names.
    Proxied,
}

impl Way {
    /// As evidence and JSON write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Proxied => "proxy",
        }
    }
}

/// The way out of the machine, with what is needed to take it.
#[derive(Clone, PartialEq, Eq)]
pub enum Road {
    /// Straight to the server.
    Direct,
    /// Through the proxy at this URL, which may hold a password.
    Proxy(String),
}

impl Road {
    /// Direct, and through the proxy where there is one.
    #[must_use]
    pub fn all(proxy: Option<&str>) -> Vec<Self> {
        let proxied = proxy.map(|url| Self::Proxy(url.to_owned()));
        [Self::Direct].into_iter().chain(proxied).collect()
    }

    /// Which of the two it is.
    #[must_use]
    pub fn way(&self) -> Way {
        match self {
            Self::Direct => Way::Direct,
            Self::Proxy(_) => Way::Proxied,
        }
    }
}

impl fmt::Debug for Road {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.way().fmt(formatter)
    }
}

/// One request.
#[derive(Clone)]
pub struct Question {
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
    road: Road,
    patience: Duration,
    upgrade: bool,
}

impl Question {
    /// `GET url`.
    #[must_use]
    pub fn get(url: impl Into<String>, road: Road, patience: Duration) -> Self {
        let (headers, body) = (Vec::new(), None);
        Self { url: url.into(), headers, body, road, patience, upgrade: false }
    }

    /// `POST url` with JSON.
    #[must_use]
    pub fn post(url: impl Into<String>, body: Value, road: Road, patience: Duration) -> Self {
        let body = Some(body);
        Self { body, ..Self::get(url, road, patience) }.with("content-type", "application/json")
    }

    /// The handshake of a `WebSocket`, which is closed again at once.
    #[must_use]
    pub fn web_socket(url: impl Into<String>, road: Road, patience: Duration) -> Self {
        Self { upgrade: true, ..Self::get(url, road, patience) }
    }

    /// One more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// How long it may take.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// As the script reads it.
    pub(super) fn to_json(&self) -> Value {
        let headers = self.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
        json!({
            "url": self.url,
            "method": if self.body.is_some() { "POST" } else { "GET" },
            "headers": headers.collect::<serde_json::Map<_, _>>(),
            "body": self.body.as_ref().map(Value::to_string),
            "proxy": match &self.road { Road::Direct => None, Road::Proxy(url) => Some(url) },
            "timeoutMs": u64::try_from(self.patience.as_millis()).unwrap_or(u64::MAX),
            "upgrade": self.upgrade,
        })
    }
}

impl fmt::Debug for Question {
    /// The way only: address, headers and body may hold secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Question").field("road", &self.road).finish_non_exhaustive()
    }
}
