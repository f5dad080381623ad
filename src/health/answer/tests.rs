//! Whether an answer is one, and the session that a question leaves.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use super::*;
use crate::connector::catalogue::Catalogue;
use crate::health::port::Owner;

/// A machine with a gateway that gives one answer, and an `openclaw` that is a script.
struct Machine {
    home: tempfile::TempDir,
    endpoint: Endpoint,
    exec_start: CommandLine,
    log: LogSource,
}

impl Machine {
    /// `reply` is the gateway's, with `{word}` for the word that it is asked for; `script` knows
    /// its arguments.
    fn new(status: &str, reply: &str, script: &str) -> Self {
        let session = json!({"sessionId": "id1", "abortedLastRun": false});
        Self::listing(session, status, reply, script)
    }

    /// The same, with what is listed of the session when the reply comes.
    fn listing(session: Value, status: &str, reply: &str, script: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let program = home.path().join("openclaw.sh");
        std::fs::write(&program, script).unwrap();
        let words = ["/bin/sh", program.to_str().unwrap(), "gateway"];
        let owner = Owner { uid: rustix::process::geteuid().as_raw(), unit: None };
        let folder = home.path().join("agents/main/sessions");
        std::fs::create_dir_all(&folder).unwrap();
        let port = answering(status.to_owned(), reply.to_owned(), session, folder);
        Self {
            endpoint: Endpoint::new(port, Some("hush".to_owned()), owner),
            exec_start: CommandLine { arguments: words.map(str::to_owned).to_vec() },
            log: LogSource {
                named: Some(home.path().join("openclaw.log")),
                ..LogSource::of("no-such.service", None)
            },
            home,
        }
    }

    /// One whose `OpenClaw` lists its sessions there.
    fn with_a_database(script: &str) -> Self {
        let machine = Self::new("", "", script);
        let agent = machine.home.path().join("agents/main/agent");
        std::fs::create_dir(&agent).unwrap();
        std::fs::write(agent.join("openclaw-agent.sqlite"), "").unwrap();
        machine
    }

    fn asked(&self, connector: &str) -> (Answered, Result<(), Problem>) {
        let connector = Catalogue::built_in().generation(connector.parse().ok().as_ref());
        let environment = Environment::of_assignments([format!("HOME={}", self.path())]);
        let road = Road {
            connector: Some(connector),
            endpoint: self.endpoint.clone(),
            exec_start: Some(self.exec_start.clone()),
            environment,
            agent: "main".to_owned(),
            config: json!({"gateway": {"auth": {"token": "hush"}}, "channels": {"x": {}}}).into(),
            state_dir: self.home.path().to_owned(),
            log: self.log.clone(),
        };
        let deadline = Deadline::after(Duration::from_secs(3));
        let answered = ask(&road, deadline, &Interrupt::never());
        let removed = match &answered {
            Answered::Yes(session) => session.remove(&road, &Interrupt::never()),
            _ => Ok(()),
        };
        (answered, removed)
    }

    fn path(&self) -> &str {
        self.home.path().to_str().unwrap()
    }

    fn code(&self, connector: &str) -> (&'static str, String) {
        let (Answered::No(problem), _) = self.asked(connector) else { panic!("it answers") };
        (problem.code, problem.message)
    }
}

/// Serves one question, and lists its session as `OpenClaw` does.
fn answering(status: String, reply: String, session: Value, folder: PathBuf) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let (mut asked, mut piece) = (String::new(), [0; 4096]);
        while !asked.ends_with('}') {
            let length = peer.read(&mut piece).unwrap();
            asked.push_str(&String::from_utf8_lossy(&piece[..length]));
        }
        let word = asked.split_once("nothing else: ").unwrap().1.split('"').next().unwrap();
        let key = format!("agent:main:openai-user:dingtalk-connector:openclaw-setup-{word}");
        let sessions = json!({key: session, "agent:main:main": {"sessionId": "id2"}});
        std::fs::write(folder.join("sessions.json"), sessions.to_string()).unwrap();
        std::fs::write(folder.join("id1.jsonl"), "").unwrap();
        let body = reply.replace("{word}", word);
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n");
        peer.write_all((head + &body).as_bytes()).unwrap();
    });
    port
}

const REMOVES: &str = r#"cd $HOME/agents/main/sessions && case "$*" in
    *sessions.delete*openclaw-setup-*)
        mv id1.jsonl id1.jsonl.deleted.1; echo '{}' >sessions.json; echo '{"ok":true}' ;;
    *) exit 1 ;; esac"#;

const ANSWERS: &str = r#"case "$*" in
    *"gateway call agent --json --params "*agent:main:dingtalk-connector:direct:*)
        word=${*#*nothing else: }; word=${word%%\"*}
        echo "{\"status\":\"ok\",\"result\":{\"payloads\":[{\"text\":\"$word\"}],\"meta\":{}}}" ;;
    *) echo '{"archived":[]}' ;; esac"#;

#[test]
fn the_word_is_the_answer_and_the_session_goes() {
    let streamed = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n\
        data: {\"choices\":[{\"delta\":{\"content\":\"Sure: \"}}]}\n\n\
        data: {\"choices\":[{\"delta\":{\"content\":\"{word}.\"}}]}\n\ndata: [DONE]\n\n";
    let at_once = r#"{"choices":[{"message":{"content":"{word}"}}]}"#;
    for reply in [streamed, at_once] {
        let machine = Machine::new("200 OK", reply, REMOVES);
        let (answered, removed) = machine.asked("0.6.0");
        assert!(matches!(answered, Answered::Yes(_)), "{answered:?}");
        assert_eq!(removed, Ok(()));
        let folder = machine.home.path().join("agents/main/sessions");
        let left: Vec<_> =
            folder.read_dir().unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left, ["sessions.json"], "a transcript is left");
    }
}

/// The removal that comes before the run's end would be undone by it, and takes long to notice.
#[test]
fn a_session_is_removed_when_its_run_has_ended() {
    let removes = REMOVES.replace("mv id1", "grep -q ended sessions.json || exit 1; mv id1");
    let reply = r#"{"choices":[{"message":{"content":"no"}}]}"#;
    for (running, ended) in [
        (json!({"sessionId": "id1"}), r#""abortedLastRun":false,"ended":1"#),
        (
            json!({"sessionId": "id1", "abortedLastRun": false, "startedAt": 1}),
            r#""endedAt":2,"ended":1"#,
        ),
    ] {
        let machine = Machine::listing(running, "200 OK", reply, &removes);
        let folder = machine.home.path().join("agents/main/sessions");
        let ending = thread::spawn(move || {
            // as long as a run takes from its answer to its end
            thread::sleep(Duration::from_millis(500));
            let list = folder.join("sessions.json");
            let listed = std::fs::read_to_string(&list).unwrap();
            let listed = listed.replace("\"id1\"", &format!("\"id1\",{ended}"));
            std::fs::write(list, listed).unwrap();
        });
        let (answered, _) = machine.asked("0.6.0");
        ending.join().unwrap();
        let Answered::No(problem) = answered else { panic!("{answered:?}") };
        assert!(problem.evidence.is_empty(), "{ended}: {problem:?}");
        let sessions = machine.home.path().join("agents/main/sessions/sessions.json");
        assert_eq!(std::fs::read_to_string(sessions).unwrap(), "{}\n");
    }
}

#[test]
fn a_session_that_its_ending_run_lists_once_more_goes_all_the_same() {
    let script = format!("[ -e $HOME/once ] || {{ : >$HOME/once; echo '{{}}'; exit; }}\n{REMOVES}");
    let session = json!({"sessionId": "id1"});
    let machine = Machine::listing(session, "200 OK", r#"{"choices":[]}"#, &script);
    let time = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(60);
    let told = "openai-compat: streaming chat completion failed: Error: no";
    let line = format!("{{\"0\":\"{told}\",\"time\":\"{time}\"}}\n");
    std::fs::write(machine.home.path().join("openclaw.log"), line).unwrap();
    assert_eq!(machine.code("0.6.0").0, "answer.other");
    let sessions = machine.home.path().join("agents/main/sessions/sessions.json");
    assert_eq!(std::fs::read_to_string(sessions).unwrap(), "{}\n");
}

/// `OpenClaw` 2026.9.6 does, and keeps a transcript, which it names.
#[test]
fn a_session_that_is_listed_in_a_database_goes_with_its_transcript() {
    let deletes = r#"kept=$HOME/agents/main/sessions/id3.jsonl.deleted.1.zst
        case "$*" in
        *sessions.delete*) : >$kept; echo "{\"ok\":true,\"deleted\":true,\"archived\":[\"$kept\"]}" ;;
        *) exec sleep 9 ;; esac"#;
    let machine = Machine::with_a_database(deletes);
    assert_eq!(machine.code("0.8.20").0, "answer.silent");
    let sessions = machine.home.path().join("agents/main/sessions");
    assert_eq!(sessions.read_dir().unwrap().count(), 0, "a transcript is left");

    let refuses = ANSWERS.replace(r#"echo '{"archived":[]}'"#, "echo 'no such method' >&2; exit 1");
    let (answered, removed) = Machine::with_a_database(&refuses).asked("0.8.20");
    assert!(matches!(answered, Answered::Yes(_)), "{answered:?}");
    assert!(removed.unwrap_err().message.contains("no such method"));
}

#[test]
fn what_has_only_the_form_of_an_answer_is_none() {
    let reply =
        |content: &str| format!(r#"{{"choices":[{{"message":{{"content":"{content}"}}}}]}}"#);
    for (reply, code, told) in [
        (reply("401 Incorrect API key"), "answer.refused-key", "401 Incorrect API key"),
        (reply("HTTP 403: forbidden {word}"), "answer.refused-key", "forbidden"),
        (reply("404 page not found"), "answer.not-found", "404 page"),
        (reply("503 overloaded"), "answer.provider", "503"),
        (
            reply("The AI service is temporarily overloaded. Please try again in a moment."),
            "answer.provider",
            "overloaded",
        ),
        (reply("Reply with exactly this word and nothing else: {word}"), "answer.other", "Reply"),
        (reply("LLM request failed: network connection error."), "answer.other", "network"),
        ("data: [DONE]\n\n".to_owned(), "answer.other", "no text"),
    ] {
        let (found, message) = Machine::new("200 OK", &reply, REMOVES).code("0.7.10");
        assert_eq!(found, code, "{reply}");
        assert!(message.contains(told), "{message}");
    }
}

#[test]
fn the_gateways_own_refusal_is_told_from_the_providers() {
    let body = r#"{"error":{"message":"Invalid `model`."}}"#;
    let (code, message) = Machine::new("400 Bad Request", body, REMOVES).code("0.6.0");
    assert_eq!(code, "answer.gateway");
    assert!(message.contains("HTTP 400 Invalid `model`."), "{message}");
}

#[test]
fn a_stream_without_a_word_is_explained_by_the_log() {
    let machine = Machine::new("200 OK", "data: [DONE]\n\n", REMOVES);
    let time = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(60);
    let told =
        "embedded run agent end: runId=x isError=true error=401 key: sk-0123456789abcdefghij";
    let line = format!("{{\"0\":\"{told}\",\"time\":\"{time}\"}}\n");
    std::fs::write(machine.home.path().join("openclaw.log"), line).unwrap();
    let (code, message) = machine.code("0.6.0");
    assert_eq!(code, "answer.refused-key");
    assert!(message.contains("401 key") && !message.contains("sk-0123456789"), "{message}");
}

#[test]
fn what_people_write_explains_nothing() {
    let machine = Machine::new("200 OK", "data: [DONE]\n\n", REMOVES);
    let time = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(60);
    let wrote = "收到消息: [model-fetch] error provider=house name=SsrFBlockedError \
        streaming chat completion failed: 401 my salary";
    let line = format!("{{\"0\":\"{wrote}\",\"time\":\"{time}\"}}\n");
    std::fs::write(machine.home.path().join("openclaw.log"), line).unwrap();
    let (code, message) = machine.code("0.6.0");
    assert_eq!(code, "answer.other", "{message}");
    assert!(!message.contains("salary"), "{message}");
}

#[test]
fn a_provider_that_openclaw_itself_blocks_is_named() {
    let reply = "LLM request failed: network connection error.";
    let body = format!(r#"{{"choices":[{{"message":{{"content":"{reply}"}}}}]}}"#);
    let machine = Machine::new("200 OK", &body, REMOVES);
    let time = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(60);
    let told = "[model-fetch] error provider=house api=openai-completions name=SsrFBlockedError";
    let line = format!("{{\"0\":\"{told}\",\"time\":\"{time}\"}}\n");
    std::fs::write(machine.home.path().join("openclaw.log"), line).unwrap();
    let (code, message) = machine.code("0.7.10");
    assert_eq!(code, "answer.blocked");
    assert!(message.contains("provider house"), "{message}");
}

#[test]
fn later_connectors_are_asked_through_the_agent_in_the_gateway() {
    let (answered, removed) = Machine::new("", "", ANSWERS).asked("0.8.3");
    assert!(matches!(answered, Answered::Yes(_)), "{answered:?}");
    assert_eq!(removed, Ok(()));
    let fails =
        r#"echo '{"result":{"payloads":[{"text":"404 no"}],"meta":{"stopReason":"error"}}}'"#;
    assert_eq!(Machine::new("", "", fails).code("0.8.20").0, "answer.not-found");
}

/// The list tells whether the question came as far as the gateway.
#[test]
fn silence_is_the_models_only_where_the_gateway_has_the_question() {
    let lists = r#"key=${*#*sessionKey\":\"}; key=${key%%\"*}
        case "$*" in
        *sessions.delete*) echo '{}' >$HOME/agents/main/sessions/sessions.json; echo '{"ok":true}'; exit ;;
        *) echo "{\"$key\":{\"sessionId\":\"id1\"}}" >$HOME/agents/main/sessions/sessions.json ;; esac"#;
    for late in [
        "echo 'Gateway call failed: Error: gateway timeout after 9ms' >&2; exit 1",
        "case $* in *delete*) ;; *) exec sleep 9;; esac",
    ] {
        let listed = Machine::new("", "", &format!("{lists}\n{late}"));
        assert_eq!(listed.code("0.8.20").0, "answer.silent", "{late}");
        let (unheard, _) = Machine::new("", "", late).asked("0.8.20");
        assert!(matches!(unheard, Answered::CannotTry(_)), "{late}: {unheard:?}");
    }
}

/// `OpenClaw`'s command line loads plugins for longer than the gateway waits for its first word.
#[test]
fn a_command_line_that_the_gateway_has_not_heard_is_started_until_it_is() {
    let closed =
        "Gateway call failed: Error: gateway closed (1000 normal closure): no close reason";
    let config = r#"{"gateway":{"auth":{"token":"hush"}},"plugins":{"enabled":false}}"#;
    let told = format!("/proc/self/fd/0{config}{config}");
    let script = |closed: &str| {
        format!(
            r#"echo x >>$HOME/starts
            told=$OPENCLAW_CONFIG_PATH${{OPENCLAW_CONFIG_PATH:+$(cat $OPENCLAW_CONFIG_PATH $OPENCLAW_CONFIG_PATH)}}
            [ $(wc -l <$HOME/starts) -gt 3 ] && [ "$told" = '{told}' ] || {{ echo '{closed}' >&2; exit 1; }}
            echo '{{"result":{{"payloads":[{{"text":"404 no"}}],"meta":{{"stopReason":"error"}}}}}}'"#
        )
    };
    assert_eq!(Machine::new("", "", &script(closed)).code("0.8.20").0, "answer.not-found");
    let refused = script(&closed.replace("1000 normal closure", "1008"));
    assert_eq!(Machine::new("", "", &refused).code("0.8.20").0, "answer.gateway");
}

#[test]
fn the_agent_is_the_one_that_the_connector_asks() {
    let config = r#"{"bindings": [
        {"agentId": "other", "match": {"channel": "telegram"}},
        {"agentId": "group", "match": {"channel": "dingtalk-connector", "peer": {"kind": "group"}}},
        {"agentId": "all", "match": {"channel": "dingtalk-connector"}},
        {"agentId": "Nova", "match": {"channel": "dingtalk-connector", "accountId": "work"}},
    ]}"#;
    for (config, account, connector, agent) in [
        ("{}", None, "0.6.0", "main"),
        ("{}", Some("work"), "0.6.0", "main"),
        ("{}", Some("work"), "0.7.1", "work"),
        ("{}", Some("work"), "0.7.10", "work"),
        ("{}", Some("work"), "0.8.3", "main"),
        (config, None, "0.6.0", "main"),
        (config, None, "0.7.10", "all"),
        (config, Some("work"), "0.7.10", "nova"),
        (config, Some("work"), "0.8.3", "all"),
    ] {
        let document = crate::openclaw::document::Document::parse(
            Path::new("openclaw.json"),
            config.as_bytes(),
        )
        .unwrap();
        let generation = Catalogue::built_in().generation(connector.parse().ok().as_ref());
        let found = agent_of(document.value(), account, &generation);
        assert_eq!(found, agent, "{connector} {account:?}");
    }
}
