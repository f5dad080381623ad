//! The messenger: the gateway's own Node.js, with what of its environment decides about names and
//! certificates. What Node trusts and finds is what the gateway trusts and finds; another TLS
//! library with another list of authorities could say “well” where the gateway says “fetch failed”.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::{Answer, OutsideError, Question};
use crate::child::{Helper, Unfinished};
use crate::interrupt::Interrupt;
use crate::patience::Deadline;
use crate::systemd::environment::Environment;

const SCRIPT: &str = include_str!("probe.cjs");

/// How much longer than its most patient question Node may take: it has to start, too.
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

/// Options in `NODE_OPTIONS` that do so. Others could make the messenger do something else.
const TRUST_OPTIONS: [&str; 5] =
    ["--use-openssl-ca", "--use-system-ca", "--use-bundled-ca", "--tls-", "--dns-result-order="];

/// A Node.js that asks.
pub struct Messenger<'a> {
    node: PathBuf,
    environment: Vec<(&'static str, String)>,
    interrupt: &'a Interrupt,
}

impl<'a> Messenger<'a> {
    /// `node` with what matters of the gateway's environment.
    #[must_use]
    pub fn new(node: PathBuf, gateway: &Environment, interrupt: &'a Interrupt) -> Self {
        let trust = TRUST.into_iter();
        let trust = trust.filter_map(|name| Some((name, gateway.get(name)?.to_owned())));
        let options = trust_options(gateway.get("NODE_OPTIONS").unwrap_or_default());
        let options = Some(("NODE_OPTIONS", options)).filter(|(_, value)| !value.is_empty());
        Self { node, environment: trust.chain(options).collect(), interrupt }
    }

    /// Asks all of it at once. Script and questions go over standard input: no secret is ever an
    /// argument or a variable.
    pub fn ask(&self, questions: &[Question]) -> Result<Vec<Answer>, OutsideError> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let patience = questions.iter().map(Question::patience).max().unwrap_or_default() + START;
        let asked: Value = questions.iter().map(Question::to_json).collect();
        let input = format!("{SCRIPT}\nprobe({asked});\n").into_bytes();
        let environment = self.environment.iter().map(|(name, value)| (name, value));
        let helper = Helper::new(&self.node).arg("-").envs(environment);
        let deadline = Deadline::after(patience);
        let finished = helper.run_with(input, deadline, self.interrupt).map_err(|why| {
            let node = self.node.clone();
            match why {
                Unfinished::Io(cause) => {
                    OutsideError::NotStarted { node, cause: cause.to_string() }
                }
                Unfinished::Late => OutsideError::NoAnswer { node, cause: "ETIMEDOUT".to_owned() },
                Unfinished::Interrupted => OutsideError::Interrupted,
            }
        })?;
        let answers = serde_json::from_str::<Value>(&finished.stdout).unwrap_or_default();
        let answers = answers.as_array().into_iter().flatten().filter_map(Answer::of_json);
        let answers: Vec<Answer> = answers.collect();
        if answers.len() == questions.len() {
            return Ok(answers);
        }
        // not its own words: an old Node shows the line of the script that it does not understand
        Err(OutsideError::NoAnswer { node: self.node.clone(), cause: finished.status.to_string() })
    }
}

impl fmt::Debug for Messenger<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Messenger").field("node", &self.node).finish_non_exhaustive()
    }
}

fn trust_options(options: &str) -> String {
    let is_about_trust = |word: &&str| TRUST_OPTIONS.iter().any(|known| word.starts_with(known));
    options.split_whitespace().filter(is_about_trust).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use serde_json::json;

    use super::*;
    use crate::outside::{Outcome, Road, Stage};

    const PATIENCE: Duration = Duration::from_secs(5);

    fn asked(questions: &[Question], interrupt: &Interrupt) -> Result<Vec<Answer>, OutsideError> {
        Messenger::new("node".into(), &Environment::default(), interrupt).ask(questions)
    }

    /// Serves one connection: reads until the text holds `until`, says `reply`, tells what it read.
    fn server(until: &'static str, reply: &'static str) -> (u16, thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let told = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut told, mut piece) = (String::new(), [0; 4096]);
            while !told.contains(until) {
                let read = stream.read(&mut piece).unwrap();
                assert!(read > 0, "it ended with {told}");
                told.push_str(&String::from_utf8_lossy(&piece[..read]));
            }
            stream.write_all(reply.as_bytes()).unwrap();
            told
        });
        (port, told)
    }

    #[test]
    fn a_question_is_asked_with_header_and_body() {
        let (port, told) = server("}", "HTTP/1.1 201 Made\r\nContent-Length: 2\r\n\r\nhi");
        let url = format!("http://127.0.0.1:{port}/v1/x?y=z");
        let question =
            Question::post(url, json!({"a": 1}), Road::Direct, PATIENCE).with("x-key", "k");
        let answers = asked(&[question], &Interrupt::never()).unwrap();
        let expected = Outcome::Answered { status: 201, body: "hi".to_owned() };
        assert_eq!(answers[0].outcome, expected);
        let told = told.join().unwrap();
        assert!(told.starts_with("POST /v1/x?y=z HTTP/1.1\r\n"), "{told}");
        assert!(told.contains("x-key: k\r\n") && told.ends_with("{\"a\":1}"), "{told}");
    }

    #[test]
    fn a_proxy_that_refuses_is_the_failing_stage() {
        let (port, told) = server("\r\n\r\n", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
        let road = Road::Proxy(format!("http://me:pa%40ss@127.0.0.1:{port}"));
        let question = Question::get("https://model.example/v1/models", road, PATIENCE);
        let answers = asked(&[question], &Interrupt::never()).unwrap();
        assert_eq!(answers[0].failed_stage(), Some(Stage::Proxy), "{:?}", answers[0]);
        assert!(answers[0].to_string().ends_with("proxy HTTP 403 ✗"), "{}", answers[0]);
        let told = told.join().unwrap();
        assert!(told.starts_with("CONNECT model.example:443 HTTP/1.1\r\n"), "{told}");
        assert!(told.contains("proxy-authorization: Basic bWU6cGFAc3M=\r\n"), "{told}");
    }

    #[test]
    fn each_failure_has_its_stage_and_all_are_asked_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let silent = listener.local_addr().unwrap().port();
        let short = Duration::from_millis(300);
        let questions = [
            Question::get("https://nowhere.invalid/", Road::Direct, PATIENCE),
            Question::get("http://127.0.0.1:1/", Road::Direct, PATIENCE),
            Question::get(format!("https://127.0.0.1:{silent}/"), Road::Direct, short),
            Question::get(format!("http://127.0.0.1:{silent}/"), Road::Direct, short),
        ];
        let answers = asked(&questions, &Interrupt::never()).unwrap();
        let stages: Vec<_> = answers.iter().filter_map(Answer::failed_stage).collect();
        assert_eq!(stages, [Stage::Dns, Stage::Tcp, Stage::Tls, Stage::Http]);
    }

    #[test]
    fn no_node_or_another_program_is_an_error() {
        let never = Interrupt::never();
        let question = [Question::get("http://127.0.0.1:1/", Road::Direct, PATIENCE)];
        let environment = Environment::default();
        let missing = Messenger::new("/nonexistent/node".into(), &environment, &never);
        assert!(matches!(missing.ask(&question), Err(OutsideError::NotStarted { .. })));
        let other = Messenger::new("/bin/cat".into(), &environment, &never);
        assert!(matches!(other.ask(&question), Err(OutsideError::NoAnswer { .. })));
    }

    #[test]
    fn only_what_concerns_trust_is_taken_from_the_gateway() {
        let gateway = Environment::of_assignments([
            "NODE_OPTIONS=--max-old-space-size=9 --use-system-ca --require /x.js",
            "NODE_EXTRA_CA_CERTS=/ca.pem",
            "SECRET=s",
        ]);
        let never = Interrupt::never();
        let messenger = Messenger::new("node".into(), &gateway, &never);
        let expected = [("NODE_EXTRA_CA_CERTS", "/ca.pem"), ("NODE_OPTIONS", "--use-system-ca")];
        assert_eq!(messenger.environment, expected.map(|(name, value)| (name, value.to_owned())));
    }
}
