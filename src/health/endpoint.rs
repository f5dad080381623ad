//! The gateway's HTTP face, asked over loopback and never through a proxy.

use std::fmt;
use std::io;
use std::time::Duration;

use ureq::Agent;
use ureq::config::Config;
use ureq::http::Response;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{ConnectionDetails, Connector, TcpConnector, Transport};

use super::port::{Owner, Socket};
use crate::interrupt::Interrupt;
use crate::timeout::{Deadline, Worker};

/// A gateway on this machine.
#[derive(Clone)]
pub struct Endpoint {
    port: u16,
    token: Option<String>,
    owner: Owner,
}

/// The answer to `GET /readyz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// 200: it works.
    Ready,
    /// 503, with the channels that are not up. A plugin that failed to load is not among them.
    NotReady {
        /// Channel ids.
        failing: Vec<String>,
    },
    /// Nobody listens on the port.
    NoListener,
    /// The port is not the gateway's: it was not asked.
    Foreign {
        /// Whose it is.
        whose: String,
    },
    /// Somebody else answers, or the gateway does not answer in time.
    Odd {
        /// What came instead.
        what: String,
    },
}

/// The answer to `POST /v1/chat/completions` with `{}`, which starts no agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatAnswer {
    /// 400 "Missing user message": enabled, and we may use it.
    Open,
    /// 401 or 403: the token is wrong or missing.
    Unauthorised,
    /// 404: `gateway.http.endpoints.chatCompletions` is off.
    Disabled,
    /// 405: an `OpenClaw` of 2026.1 with the endpoint off.
    NotAllowed,
    /// 429: too many wrong tokens of late.
    RateLimited,
    /// The port is not the gateway's: nothing was sent.
    Foreign {
        /// Whose it is.
        whose: String,
    },
    /// Anything else.
    Odd {
        /// The status, or what went wrong.
        what: String,
    },
}

impl Readiness {
    /// The word for it in JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NotReady { .. } => "not-ready",
            Self::NoListener => "no-listener",
            Self::Foreign { .. } => "foreign",
            Self::Odd { .. } => "odd",
        }
    }
}

impl ChatAnswer {
    /// The word for it in JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Unauthorised => "unauthorised",
            Self::Disabled | Self::NotAllowed => "off",
            Self::RateLimited => "rate-limited",
            Self::Foreign { .. } => "foreign",
            Self::Odd { .. } => "odd",
        }
    }
}

impl Endpoint {
    /// The gateway on `port`; `token` is sent as the connector would send it, and to its `owner`
    /// only.
    pub fn new(port: u16, token: Option<String>, owner: Owner) -> Self {
        Self { port, token, owner }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Who listens on the port in the gateway's place, if somebody does.
    pub fn stranger(&self) -> Option<String> {
        self.owner.proved(self.port).err()
    }

    /// Asks `GET /readyz`.
    pub fn readiness(&self, timeout: Duration) -> Readiness {
        let answer = self.bounded(timeout, move |it| it.asked_whether_ready(timeout));
        answer.unwrap_or_else(|late| Readiness::Odd { what: late })
    }

    fn asked_whether_ready(&self, timeout: Duration) -> Readiness {
        if let Some(whose) = self.stranger() {
            return Readiness::Foreign { whose };
        }
        let url = format!("http://127.0.0.1:{}/readyz", self.port);
        let mut answer = match Agent::from(within(timeout)).get(url).call() {
            Ok(answer) => answer,
            Err(error) if is_refusal(&error) => return Readiness::NoListener,
            Err(error) => return Readiness::Odd { what: error.to_string() },
        };
        let body = body_of(&mut answer);
        match (answer.status().as_u16(), body.get("ready")) {
            (200, Some(ready)) if ready.as_bool() == Some(true) => Readiness::Ready,
            (503, Some(_)) => {
                let failing = body["failing"].as_array().into_iter().flatten();
                let failing = failing.filter_map(|id| id.as_str().map(str::to_owned)).collect();
                Readiness::NotReady { failing }
            }
            (status, _) => Readiness::Odd { what: format!("HTTP {status}") },
        }
    }

    /// Asks `POST /v1/chat/completions`. A `GET` would prove nothing: with the endpoint off, the
    /// control page answers it with 200.
    pub fn chat(&self, timeout: Duration) -> ChatAnswer {
        let posted =
            move |it: &Self| it.post("{}", None, timeout).map(|answer| answer.status().as_u16());
        let odd = |late| Err(ChatAnswer::Odd { what: late });
        match self.bounded(timeout, posted).unwrap_or_else(odd) {
            Ok(400) => ChatAnswer::Open,
            Ok(401 | 403) => ChatAnswer::Unauthorised,
            Ok(404) => ChatAnswer::Disabled,
            Ok(405) => ChatAnswer::NotAllowed,
            Ok(429) => ChatAnswer::RateLimited,
            Ok(status) => ChatAnswer::Odd { what: format!("HTTP {status}") },
            Err(unsent) => unsent,
        }
    }

    /// Asks the same with a question for the model, which `agent` shall answer: the status and the
    /// body.
    pub(super) fn complete(
        &self,
        question: &serde_json::Value,
        agent: Option<&str>,
        timeout: Duration,
    ) -> Result<(u16, String), ChatAnswer> {
        let (question, agent) = (question.to_string(), agent.map(str::to_owned));
        let answer = self.bounded(timeout, move |it| {
            let mut answer = it.post(&question, agent.as_deref(), timeout)?;
            let body = answer.body_mut().with_config().limit(1024 * 1024).read_to_string();
            let body = body.map_err(|error| ChatAnswer::Odd { what: error.to_string() })?;
            Ok((answer.status().as_u16(), body))
        });
        answer.unwrap_or_else(|late| Err(ChatAnswer::Odd { what: late }))
    }

    /// A question on a thread of its own: std repeats a call that the kernel interrupts.
    fn bounded<T: Send + 'static>(
        &self,
        timeout: Duration,
        question: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, String> {
        let (endpoint, deadline) = (self.clone(), Deadline::after(timeout));
        let worker = Worker::start().map_err(|cause| cause.to_string())?;
        let answer = worker.run(deadline, &Interrupt::never(), move || question(&endpoint));
        answer.ok_or_else(|| ureq::Error::Timeout(ureq::Timeout::Global).to_string())
    }

    /// Posts to the chat endpoint, or says why nothing came back.
    fn post(
        &self,
        body: &str,
        agent: Option<&str>,
        timeout: Duration,
    ) -> Result<Response<ureq::Body>, ChatAnswer> {
        let sockets = self.owner.proved(self.port);
        let sockets = sockets.map_err(|whose| ChatAnswer::Foreign { whose })?;
        let proved = Proved { port: self.port, owner: self.owner.clone(), sockets };
        let connector = TcpConnector::default().chain(proved);
        let client = Agent::with_parts(within(timeout), connector, DefaultResolver::default());
        let url = format!("http://127.0.0.1:{}/v1/chat/completions", self.port);
        let mut request = client.post(url).header("Content-Type", "application/json");
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(agent) = agent {
            request = request.header("X-OpenClaw-Agent-Id", agent);
        }
        request.send(body).map_err(|error| ChatAnswer::Odd { what: error.to_string() })
    }
}

/// One deadline around all of a question.
fn within(timeout: Duration) -> Config {
    Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_connections(0)
        .timeout_global(Some(timeout))
        .build()
}

/// Lets a connection pass that was made to the sockets that were proved: they listened before it
/// and still do, so nobody else has taken it.
#[derive(Debug)]
struct Proved {
    port: u16,
    owner: Owner,
    sockets: Vec<Socket>,
}

impl<In: Transport> Connector<In> for Proved {
    type Out = In;

    fn connect(
        &self,
        _details: &ConnectionDetails,
        connection: Option<In>,
    ) -> Result<Option<In>, ureq::Error> {
        let still = self.owner.proved(self.port);
        let is_theirs = !self.sockets.is_empty() && still.as_ref() == Ok(&self.sockets);
        if is_theirs { Ok(connection) } else { Err(ureq::Error::ConnectionFailed) }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = if self.token.is_some() { "with a token" } else { "without a token" };
        write!(formatter, "Endpoint(127.0.0.1:{}, {token})", self.port)
    }
}

fn is_refusal(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::ConnectionFailed => true,
        ureq::Error::Io(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}

fn body_of(answer: &mut Response<ureq::Body>) -> serde_json::Value {
    let body = answer.body_mut().with_config().limit(64 * 1024).read_to_string();
    body.ok().and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    fn of_ours(port: u16, token: Option<&str>) -> Endpoint {
        let owner = Owner { uid: rustix::process::geteuid().as_raw(), unit: None };
        Endpoint::new(port, token.map(str::to_owned), owner)
    }

    /// A server that gives one answer and returns what it was asked.
    fn answering(status: &str, body: &str) -> (u16, thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let server = thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            let mut question = Vec::new();
            let mut piece = [0; 1024];
            while !String::from_utf8_lossy(&question).contains("\r\n\r\n") {
                let length = peer.read(&mut piece).unwrap();
                question.extend_from_slice(&piece[..length]);
            }
            peer.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&question).into_owned()
        });
        (port, server)
    }

    #[test]
    fn every_readiness_is_recognised() {
        for (status, body, expected) in [
            ("200 OK", r#"{"ready":true,"failing":[]}"#, Readiness::Ready),
            (
                "503 Service Unavailable",
                r#"{"ready":false,"failing":["telegram"]}"#,
                Readiness::NotReady { failing: vec!["telegram".to_owned()] },
            ),
            ("200 OK", "<html>", Readiness::Odd { what: "HTTP 200".to_owned() }),
            ("302 Found", "", Readiness::Odd { what: "HTTP 302".to_owned() }),
        ] {
            let (port, server) = answering(status, body);
            assert_eq!(of_ours(port, None).readiness(TIMEOUT), expected, "{status} {body}");
            assert!(server.join().unwrap().starts_with("GET /readyz "));
        }
    }

    #[test]
    fn a_free_port_has_no_listener() {
        // none that was ours: a child that another test is just starting may hold it still
        assert_eq!(of_ours(1, None).readiness(TIMEOUT), Readiness::NoListener);
    }

    #[test]
    fn a_server_that_stays_silent_costs_no_more_than_the_timeout() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = of_ours(listener.local_addr().unwrap().port(), None);
        let start = std::time::Instant::now();
        let answer = endpoint.readiness(Duration::from_millis(200));
        assert!(matches!(answer, Readiness::Odd { .. }), "{answer:?}");
        assert!(start.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn a_server_that_dribbles_costs_no_more_than_the_timeout() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = of_ours(listener.local_addr().unwrap().port(), Some("hush"));
        thread::spawn(move || {
            for peer in listener.incoming() {
                let mut peer = peer.unwrap();
                let head = b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n";
                let drops = head.iter().chain(std::iter::repeat(&b' '));
                for drop in drops.map_while(|byte| peer.write_all(&[*byte]).ok()) {
                    let () = drop;
                    thread::sleep(Duration::from_millis(20));
                }
            }
        });
        let start = std::time::Instant::now();
        let timeout = Duration::from_millis(1500);
        assert!(matches!(endpoint.readiness(timeout), Readiness::Odd { .. }));
        let _ = endpoint.chat(timeout);
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }

    #[test]
    fn a_port_of_somebody_elses_is_sent_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let ours = of_ours(listener.local_addr().unwrap().port(), Some("hush"));
        let unit = Some("openclaw-gateway.service".to_owned());
        for owner in
            [Owner { unit, ..ours.owner.clone() }, Owner { uid: ours.owner.uid + 1, unit: None }]
        {
            let endpoint = Endpoint { owner, ..ours.clone() };
            let pid = format!("pid {}", std::process::id());
            assert!(endpoint.stranger().unwrap().contains(&pid));
            let answer = endpoint.chat(TIMEOUT);
            assert!(matches!(&answer, ChatAnswer::Foreign { whose } if whose.contains(&pid)));
            assert!(matches!(endpoint.readiness(TIMEOUT), Readiness::Foreign { .. }));
            assert!(listener.accept().is_err(), "it was connected to");
        }
    }

    #[test]
    fn every_chat_answer_is_recognised_and_the_token_is_sent() {
        for (status, expected) in [
            ("400 Bad Request", ChatAnswer::Open),
            ("401 Unauthorized", ChatAnswer::Unauthorised),
            ("404 Not Found", ChatAnswer::Disabled),
            ("405 Method Not Allowed", ChatAnswer::NotAllowed),
            ("429 Too Many Requests", ChatAnswer::RateLimited),
            ("200 OK", ChatAnswer::Odd { what: "HTTP 200".to_owned() }),
        ] {
            let (port, server) = answering(status, "");
            let endpoint = of_ours(port, Some("hush"));
            assert_eq!(endpoint.chat(TIMEOUT), expected, "{status}");
            assert!(server.join().unwrap().to_lowercase().contains("authorization: bearer hush"));
            assert!(!format!("{endpoint:?}").contains("hush"));
        }
    }
}
