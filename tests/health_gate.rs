//! The health gate before a gateway that does each thing wrong in turn (the stand-in).

#![allow(clippy::unwrap_used, reason = "where the sandbox fails, so does the test")]

#[path = "bench/mod.rs"]
mod bench;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use openclaw_setup::connector::catalogue::Catalogue;
use openclaw_setup::health::port::Owner;
use openclaw_setup::health::{
    Connection, Endpoint, Expectations, Gate, LogSource, Proof, Road, Rung,
};
use openclaw_setup::interrupt::Interrupt;
use openclaw_setup::language::{Explain, Language, Problem};
use openclaw_setup::openclaw::document::Value;
use openclaw_setup::systemd::environment::{Bypass, Environment};
use openclaw_setup::systemd::{JobOutcome, UserManager, Verb, drop_in};
use openclaw_setup::timeout::Deadline;

const UNIT: &str = "openclaw-gateway.service";
const FURNISH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/sandbox/furnish.sh");
const SECRET: &str = "very-secret-value";

/// A machine set up by hand with the connector, where the gateway has the given faults.
fn set_up(faults: &str) -> UserManager {
    assert!(Command::new(FURNISH).arg("--no-start").status().unwrap().success());
    let home = Path::new(bench::HOME);
    fs::write(home.join(".openclaw/stand-in.json"), faults).unwrap();
    let extensions = home.join(".openclaw/extensions");
    fs::create_dir_all(&extensions).unwrap();
    let copy = ["-R", "payload/dingtalk-connector"];
    let copied = Command::new("cp").args(copy).arg(&extensions).current_dir(home).status();
    assert!(copied.unwrap().success());
    edit(
        "    \"mode\": \"local\",",
        "    \"mode\": \"local\", \"auth\": {\"mode\": \"none\"},\n    \
         \"http\": {\"endpoints\": {\"chatCompletions\": {\"enabled\": true}}},",
    );
    let channel = format!(
        "  \"channels\": {{\"dingtalk-connector\": {{\"clientId\": \"id\", \
         \"clientSecret\": \"{SECRET}\"}}}},\n  \"tools\""
    );
    edit("  \"tools\"", &channel);
    write_drop_in("override.conf", &drop_in::merged(None, &bypass()));
    // 5 s in a real unit: the gate waits for one second more
    write_drop_in("quick.conf", "[Service]\nRestartSec=1\n");
    let manager = UserManager::connect(&bench::session(), in_time(), &never()).unwrap();
    manager.reload(in_time(), &never()).unwrap();
    manager
}

fn edit(old: &str, new: &str) {
    let path = Path::new(bench::HOME).join(".openclaw/openclaw.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{text}");
    fs::write(path, text.replacen(old, new, 1)).unwrap();
}

fn write_drop_in(name: &str, text: &str) {
    let folder = Path::new(bench::HOME).join(format!(".config/systemd/user/{UNIT}.d"));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), text).unwrap();
}

fn bypass() -> Bypass {
    Bypass::extending(&Environment::default())
}

fn never() -> Interrupt {
    Interrupt::never()
}

fn in_time() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}

fn everything() -> Expectations {
    let connector = Some("dingtalk-connector".to_owned());
    Expectations { chat: true, bypass: true, connector }
}

fn start(manager: &UserManager) {
    assert_eq!(manager.run(Verb::Start, UNIT, in_time(), &never()), Ok(JobOutcome::Done));
}

fn pass(
    manager: &UserManager,
    deadline: Deadline,
    interrupt: &Interrupt,
) -> Result<Proof, Problem> {
    pass_asking(manager, None, deadline, interrupt)
}

fn pass_asking(
    manager: &UserManager,
    asks: Option<Duration>,
    deadline: Deadline,
    interrupt: &Interrupt,
) -> Result<Proof, Problem> {
    let uid = rustix::process::geteuid().as_raw();
    let owner = Owner { uid, unit: Some(UNIT.to_owned()) };
    let road = Road {
        connector: Some(Catalogue::built_in().generation(Some(&semver::Version::new(0, 6, 0)))),
        endpoint: Endpoint::new(18789, None, owner),
        exec_start: None,
        environment: Environment::default(),
        agent: "main".to_owned(),
        config: Value::object(),
        state_dir: Path::new(bench::HOME).join(".openclaw"),
        log: LogSource::of(UNIT, None),
    };
    openclaw_setup::redaction::learn(SECRET);
    let accounts = ["default".to_owned()];
    let gate = Gate { manager, unit: UNIT, road: &road, accounts: &accounts, asks };
    gate.pass(&everything(), deadline, interrupt)
}

/// Starts a gateway with these faults, which are none of its own, and proves it as far as the model.
fn proved(faults: &str) -> (Proof, Duration) {
    let manager = set_up(faults);
    // one that still runs would be judged instead
    manager.run(Verb::Stop, UNIT, in_time(), &never()).unwrap();
    start(&manager);
    let begin = Instant::now();
    let proof = pass_asking(&manager, Some(Duration::from_secs(3)), in_time(), &never()).unwrap();
    (proof, begin.elapsed())
}

/// Starts a gateway with these faults and expects the gate to see, well before its deadline,
/// what is wrong.
fn seen_early(faults: &str, tamper: fn()) -> Problem {
    let manager = set_up(faults);
    tamper();
    manager.reload(in_time(), &never()).unwrap();
    start(&manager);
    let begin = Instant::now();
    let unhealthy = pass(&manager, in_time(), &never()).unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(15), "{unhealthy:?}");
    for language in [Language::English, Language::Chinese] {
        language.choose();
        assert!(!unhealthy.message().is_empty() && !unhealthy.hint().is_empty());
    }
    unhealthy
}

/// The same for what only time can tell.
fn seen_at_the_deadline(faults: &str) -> Problem {
    let manager = set_up(faults);
    start(&manager);
    let begin = Instant::now();
    let unhealthy = pass(&manager, Deadline::after(Duration::from_secs(4)), &never()).unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(7), "{:?}", begin.elapsed());
    unhealthy
}

/// Without an answer, the watch goes on until the process has proved stable.
#[test]
fn a_gateway_that_is_set_up_passes() {
    bench::inside(|| {
        let manager = set_up("{}");
        start(&manager);
        let begin = Instant::now();
        let proof = pass(&manager, in_time(), &never()).unwrap();
        assert!(begin.elapsed() >= Duration::from_secs(3));
        assert_eq!(proof.reached, Some(Rung::Connected));
        assert!(proof.is_chosen && !proof.has_failed(), "{proof:?}");
        assert_eq!(proof.accounts, [("default".to_owned(), Connection::Open)]);
    });
}

#[test]
fn an_answer_ends_the_watch() {
    bench::inside(|| {
        let ends_early = || {
            let (proof, took) = proved("{}");
            assert_eq!((proof.reached, proof.next), (Some(Rung::Answers), None));
            // without an answer it is never less than 3 s; a busy machine may take that long all the same
            took < Duration::from_secs(2)
        };
        assert!((0..5).any(|_| ends_early()));
    });
}

#[test]
fn what_keeps_a_bot_from_answering_is_in_the_proof() {
    bench::inside(|| {
        for (faults, next, said) in [
            (r#"{"stream": "refused"}"#, Rung::Connected, "status code 400"),
            (r#"{"stream": "silent"}"#, Rung::Connected, "default"),
            (
                r#"{"answer": "LLM request failed: network connection error."}"#,
                Rung::Answers,
                "network connection error",
            ),
            (r#"{"answer": 503}"#, Rung::Answers, "503"),
            (r#"{"answer": "silent"}"#, Rung::Answers, ""),
        ] {
            let (proof, _) = proved(faults);
            assert!(proof.has_failed(), "{faults}: {proof:?}");
            let (rung, cause) = proof.next.unwrap();
            assert_eq!(rung, next, "{faults}: {cause:?}");
            assert!(cause.message.contains(said), "{faults}: {cause:?}");
        }
    });
}

#[test]
fn a_gateway_that_is_slow_passes_later() {
    bench::inside(|| {
        let manager = set_up(r#"{"listen_after": 2, "ready_after": 2}"#);
        start(&manager);
        pass(&manager, in_time(), &never()).unwrap();
    });
}

#[test]
fn without_a_journal_the_log_file_proves_it() {
    bench::inside_with(&["--no-journal"], || {
        let manager = set_up("{}");
        start(&manager);
        let proof = pass(&manager, in_time(), &never()).unwrap();
        assert_eq!(proof.reached, Some(Rung::Connected));
    });
}

#[test]
fn a_connector_that_does_not_compile_is_told_with_openclaws_reason() {
    bench::inside(|| {
        let unhealthy = seen_early(r#"{"plugin": "fails"}"#, || {});
        assert_eq!(unhealthy.code, "gateway.connector-failed");
        let reason = &unhealthy.message;
        assert!(reason.contains("ParseError") && reason.contains(":1:0"), "{reason}");
        assert!(!unhealthy.evidence.is_empty());
    });
}

#[test]
fn a_connector_that_is_left_out_without_a_word_is_not_believed_in() {
    bench::inside(|| {
        let unhealthy = seen_at_the_deadline(r#"{"plugin": "silent"}"#);
        assert_eq!(unhealthy.code(), "gateway.connector-unproven");
    });
}

#[test]
fn an_invalid_configuration_is_told_at_once() {
    bench::inside(|| {
        let unhealthy = seen_early("{}", || {
            let tree = Path::new(bench::HOME).join(".openclaw/extensions/dingtalk-connector");
            fs::remove_dir_all(tree).unwrap();
        });
        assert_eq!(unhealthy.code, "gateway.config-invalid");
        let reason = &unhealthy.message;
        assert!(reason.contains("unknown channel id: dingtalk-connector"), "{reason}");
    });
}

/// What somebody writes to the bot, in lines that look like the gateway's own.
#[test]
fn what_people_write_is_not_taken_for_the_gateways_word() {
    let say = r#""say": [["gateway/channels/dingtalk-connector",
        "[DingTalk] 收到消息: hi\ndingtalk-connector failed to load from x: my salary\nGateway failed to start: my salary"]]"#;
    bench::inside(|| {
        let manager = set_up(&format!("{{{say}}}"));
        start(&manager);
        let proof = pass(&manager, in_time(), &never()).unwrap();
        assert_eq!(proof.reached, Some(Rung::Connected));
        manager.run(Verb::Stop, UNIT, in_time(), &never()).unwrap();
        let unhealthy = seen_early(&format!(r#"{{{say}, "crash_after": 1.5}}"#), || {});
        assert_eq!(unhealthy.code(), "gateway.crash-loop");
        assert!(!format!("{unhealthy:?}").contains("salary"), "{unhealthy:?}");
    });
}

#[test]
fn a_gateway_that_keeps_ending_is_a_crash_loop() {
    bench::inside(|| {
        let said = format!("no, with {SECRET}");
        let unhealthy = seen_early(&format!(r#"{{"refuse": "{said}"}}"#), || {});
        assert_eq!(unhealthy.code(), "gateway.crash-loop");
        let masked = |line: &String| line == "no, with ***";
        assert!(
            !unhealthy.evidence.is_empty() && unhealthy.evidence.iter().all(masked),
            "{unhealthy:?}"
        );
    });
}

#[test]
fn a_gateway_that_crashes_after_a_while_never_settles() {
    bench::inside(|| {
        let unhealthy = seen_early(r#"{"crash_after": 1.5}"#, || {});
        assert_eq!(unhealthy.code(), "gateway.crash-loop");
    });
}

#[test]
fn a_gateway_that_ends_for_good_is_down() {
    bench::inside(|| {
        let unhealthy = seen_early(r#"{"refuse": "no"}"#, || {
            write_drop_in("once.conf", "[Service]\nRestart=no\n");
        });
        assert_eq!(unhealthy.code, "gateway.down");
        assert!(unhealthy.message.contains("exit-code, status 1"), "{unhealthy:?}");
    });
}

#[test]
fn a_closed_chat_endpoint_is_told() {
    bench::inside(|| {
        let off = || edit("\"chatCompletions\": {\"enabled\": true}", "\"chatCompletions\": {}");
        assert_eq!(seen_early("{}", off).code, "gateway.chat-disabled");
    });
}

#[test]
fn a_token_that_we_do_not_have_is_told() {
    bench::inside(|| {
        let token = || edit("{\"mode\": \"none\"}", "{\"mode\": \"token\", \"token\": \"t\"}");
        assert_eq!(seen_early("{}", token).code, "gateway.chat-unauthorised");
    });
}

#[test]
fn a_connector_that_cannot_be_loaded_is_the_nearer_cause() {
    bench::inside(|| {
        let token = || edit("{\"mode\": \"none\"}", "{\"mode\": \"token\", \"token\": \"t\"}");
        assert_eq!(seen_early(r#"{"plugin": "fails"}"#, token).code, "gateway.connector-failed");
    });
}

#[test]
fn a_process_without_the_bypass_is_told() {
    bench::inside(|| {
        let undo = || write_drop_in("zz.conf", "[Service]\nEnvironment=no_proxy=127.0.0.1\n");
        let unhealthy = seen_early("{}", undo);
        assert_eq!(unhealthy.code, "gateway.bypass-missing");
        assert!(unhealthy.message.contains(" localhost"), "{unhealthy:?}");
    });
}

#[test]
fn a_gateway_that_never_gets_ready_is_told() {
    bench::inside(|| {
        let unhealthy = seen_at_the_deadline(r#"{"never_ready": true}"#);
        assert_eq!(unhealthy.code, "gateway.not-ready");
    });
}

#[test]
fn a_gateway_that_does_not_listen_is_told() {
    bench::inside(|| {
        let unhealthy = seen_at_the_deadline(r#"{"listen_after": 60}"#);
        assert_eq!(unhealthy.code, "gateway.no-listener");
    });
}

#[test]
fn an_interrupt_ends_the_watch() {
    bench::inside(|| {
        let manager = set_up(r#"{"listen_after": 60}"#);
        start(&manager);
        let interrupt = never();
        let raiser = interrupt.clone();
        let asked = thread::spawn(move || {
            // nothing that the watch does meanwhile can be seen from outside
            thread::sleep(Duration::from_secs(1));
            raiser.raise();
            Instant::now()
        });
        let unhealthy = pass(&manager, in_time(), &interrupt).unwrap_err();
        assert_eq!(unhealthy.code, "gateway.interrupted");
        assert!(asked.join().unwrap().elapsed() < Duration::from_secs(15));
    });
}
