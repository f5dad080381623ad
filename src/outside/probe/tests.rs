//! What is asked, what comes back, and the stage at which it fails.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use serde_json::{Value, json};

use super::*;
use crate::redaction::learn;

const TIMEOUT: Duration = Duration::from_secs(5);

fn asked(questions: &[Question], interrupt: &Interrupt) -> Result<Vec<Answer>, Problem> {
    Probe::new(Some("node".into()), &Environment::default(), Timeout::new(None), interrupt)
        .ask(questions)
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
    let (port, told) = server("}", "HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nhi");
    let url = format!("http://127.0.0.1:{port}/v1/x?y=z");
    let question = Question::post(url, &json!({"a": 1}), None, TIMEOUT).with("x-key", "k");
    let answers = asked(&[question], &Interrupt::never()).unwrap();
    assert_eq!((answers[0].status, answers[0].body.as_str()), (Some(401), "hi"));
    let told = told.join().unwrap();
    assert!(told.starts_with("POST /v1/x?y=z HTTP/1.1\r\n"), "{told}");
    assert!(told.contains("x-key: k\r\n") && told.ends_with("{\"a\":1}"), "{told}");
}

#[test]
fn no_secret_comes_back() {
    learn("hush-hush");
    let reply = "HTTP/1.1 404 No\r\nContent-Length: 13\r\n\r\nbad hush-hush";
    let (port, _) = server("\r\n\r\n", reply);
    let url = format!("http://127.0.0.1:{port}/?key=hush-hush");
    let answers = asked(&[Question::get(url, None, TIMEOUT)], &Interrupt::never()).unwrap();
    assert_eq!(answers[0].body, "bad ***");
    assert_eq!(answers[0].subject, format!("http://127.0.0.1:{port}/?key=***"));
}

#[test]
fn a_socket_that_was_granted_is_opened_and_its_ticket_kept() {
    let (port, told) = server("\r\n\r\n", "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n");
    let grant = format!(r#"{{"endpoint":"ws://127.0.0.1:{port}/c","ticket":"t1"}}"#);
    let length = grant.len();
    let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{grant}");
    let (granting, _) = server("}", reply.leak());
    let url = format!("http://127.0.0.1:{granting}/");
    let questions = [
        Question::post(url, &json!({}), None, TIMEOUT),
        Question::get("http://127.0.0.1:1/", None, TIMEOUT).following(),
    ];
    let answers = asked(&questions, &Interrupt::never()).unwrap();
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [Some(200), Some(400)]);
    assert!(!format!("{answers:?}").contains("t1"), "{answers:?}");
    let told = told.join().unwrap();
    assert!(told.starts_with("GET /c?ticket=t1 HTTP/1.1\r\n"), "{told}");
    assert!(told.contains("upgrade: websocket\r\n"), "{told}");
}

#[test]
fn a_proxy_that_refuses_is_the_failing_stage() {
    let (port, told) = server("\r\n\r\n", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
    let proxy = format!("http://me:pa%40ss@127.0.0.1:{port}");
    let question = Question::get("https://model.example/v1/models", Some(&proxy), TIMEOUT);
    let answers = asked(&[question], &Interrupt::never()).unwrap();
    assert_eq!(answers[0].failed_stage, Some(Stage::Proxy), "{:?}", answers[0]);
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
        Question::get("https://nowhere.invalid/", None, TIMEOUT),
        Question::get("http://127.0.0.1:1/", None, TIMEOUT),
        Question::get(format!("https://127.0.0.1:{silent}/"), None, short),
        Question::get(format!("http://127.0.0.1:{silent}/"), None, short),
    ];
    let answers = asked(&questions, &Interrupt::never()).unwrap();
    let stages: Vec<_> = answers.iter().filter_map(|answer| answer.failed_stage).collect();
    assert_eq!(stages, [Stage::Dns, Stage::Tcp, Stage::Tls, Stage::Http]);
}

#[test]
fn no_node_or_another_program_is_an_error() {
    let never = Interrupt::never();
    let question = [Question::get("http://127.0.0.1:1/", None, TIMEOUT)];
    let (environment, usual) = (Environment::default(), Timeout::new(None));
    let missing = Probe::new(Some("/nonexistent/node".into()), &environment, usual, &never);
    assert_eq!(missing.ask(&question).unwrap_err().code, "outside.not-started");
    let other = Probe::new(Some("/bin/cat".into()), &environment, usual, &never);
    assert_eq!(other.ask(&question).unwrap_err().code, "outside.no-answer");
    let none = Probe::new(None, &environment, usual, &never);
    assert_eq!(none.ask(&question).unwrap_err().code, "outside.no-node");
}

#[test]
fn only_what_concerns_trust_is_taken_from_the_gateway() {
    let gateway = Environment::of_assignments([
        "NODE_OPTIONS=--max-old-space-size=9 --use-system-ca --require /x.js",
        "NODE_EXTRA_CA_CERTS=/ca.pem",
        "SECRET=s",
    ]);
    let never = Interrupt::never();
    let probe = Probe::new(None, &gateway, Timeout::new(None), &never);
    let expected = [("NODE_EXTRA_CA_CERTS", "/ca.pem"), ("NODE_OPTIONS", "--use-system-ca")];
    assert_eq!(probe.environment, expected.map(|(name, value)| (name, value.to_owned())));
}

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
    let told = answer(json!({"stages": stages, "failedStage": "tcp", "failedCode": "ETIMEDOUT"}));
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
