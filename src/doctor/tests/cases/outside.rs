//! What the provider and DingTalk answer, where they were asked.

use super::*;
use crate::outside::dingtalk::BotAnswers;
use crate::outside::provider::{Completion, ProviderAnswers, Unasked};
use crate::outside::{Answer, Lap, Outcome, OutsideError, Stage, Way};
use crate::snapshot::outside::{Asked, Outside, Reason};
use crate::snapshot::tree::Dependency;

const UNABLE: Option<fn(&mut Machine)> = Some(|p| {
    behind_a_proxy(p);
    p.no_log();
    p.snapshot.outside = Outside {
        provider: Asked::Unable(Reason::Messenger(OutsideError::NoNode)),
        dingtalk: Asked::Unable(Reason::SecretElsewhere),
        ..Outside::default()
    };
});

pub(super) const CASES: &[Case] = &[
    case!(
        "llm.reach",
        "no road",
        Error,
        false,
        |p| reach(p, Way::Direct, &[failed(Stage::Tcp)]),
        UNABLE
    ),
    case!(
        "llm.reach",
        "only the direct road",
        Error,
        true,
        |p| reach(p, Way::Proxied, &[status(200), failed(Stage::Proxy)]),
        UNABLE
    ),
    case!(
        "llm.reach",
        "only the proxy",
        Error,
        false,
        |p| reach(p, Way::Direct, &[failed(Stage::Dns), status(401)]),
        UNABLE
    ),
    case!(
        "llm.reach",
        "no answer",
        Error,
        false,
        |p| completion(p, failed(Stage::Http), &[]),
        UNABLE
    ),
    case!("llm.reach", "its fault", Error, false, |p| completion(p, status(502), &[]), UNABLE),
    case!("llm.reach", "slow", Warning, false, |p| completion(p, slow(), &[]), UNABLE),
    case!(
        "llm.base-url",
        "next door",
        Error,
        false,
        |p| completion(p, status(404), &["https://llm.example/v1/chat/completions"]),
        UNABLE
    ),
    case!("llm.base-url", "nowhere", Error, false, |p| completion(p, status(404), &[]), UNABLE),
    case!(
        "llm.base-url",
        "refused",
        Error,
        false,
        |p| completion(p, status(400), &[]),
        Some(no_key)
    ),
    case!(
        "llm.base-url",
        "a web page",
        Error,
        false,
        |p| completion(p, status(200), &["page"]),
        NEVER
    ),
    case!("llm.credentials", "refused", Error, false, |p| completion(p, status(401), &[]), BROKEN),
    case!(
        "llm.credentials",
        "used up",
        Warning,
        false,
        |p| completion(p, status(429), &[]),
        BROKEN
    ),
    case!(
        "proxy.dingtalk",
        "only the direct road",
        Error,
        true,
        |p| {
            behind_a_proxy(p);
            bots(p, &[well(Way::Direct), lost(Way::Proxied, Stage::Proxy)]);
        },
        UNABLE
    ),
    case!(
        "proxy.dingtalk",
        "no road",
        Error,
        false,
        |p| {
            behind_a_proxy(p);
            bots(p, &[lost(Way::Direct, Stage::Tcp), lost(Way::Proxied, Stage::Proxy)]);
        },
        Some(behind_a_proxy)
    ),
    case!(
        "proxy.dingtalk",
        "an axios that makes no tunnels",
        Warning,
        true,
        |p| {
            behind_a_proxy(p);
            p.tree().dependencies.push(Dependency {
                name: "axios".to_owned(),
                declared: "1.14.0".to_owned(),
                found: Some("1.14.0".to_owned()),
            });
            bots(p, &[well(Way::Direct), well(Way::Proxied)]);
        },
        NEVER
    ),
    case!(
        "proxy.dingtalk",
        "the log tells",
        Error,
        false,
        |p| {
            behind_a_proxy(p);
            p.log("Maximum number of redirects exceeded");
        },
        ABSENT
    ),
    case!(
        "proxy.socks",
        "and the direct road is open",
        Warning,
        true,
        |p| {
            p.environment(&["https_proxy=socks5://127.0.0.1:1080"]);
            bots(p, &[well(Way::Direct)]);
        },
        Some(hidden)
    ),
    case!(
        "dingtalk.credentials",
        "refused",
        Error,
        false,
        |p| bots(p, &[BotAnswers { token: status(400), ..well(Way::Direct) }]),
        BROKEN
    ),
    case!(
        "dingtalk.stream",
        "not granted",
        Error,
        false,
        |p| bots(p, &[BotAnswers { open: status(403), ..well(Way::Direct) }]),
        UNABLE
    ),
    case!(
        "dingtalk.stream",
        "no handshake",
        Error,
        false,
        |p| bots(p, &[BotAnswers { stream: status(502), ..well(Way::Direct) }]),
        UNABLE
    ),
    case!(
        "dingtalk.stream",
        "only the proxy leads there",
        Error,
        false,
        |p| {
            behind_a_proxy(p);
            bots(p, &[lost(Way::Direct, Stage::Tcp), well(Way::Proxied)]);
        },
        UNABLE
    ),
];

/// Provider and DingTalk answer as they should, on the one road that there is.
pub(in crate::doctor::tests) fn all_is_well_outside(machine: &mut Machine) {
    completion(machine, status(200), &[]);
    bots(machine, &[well(Way::Direct)]);
}

fn status(status: u16) -> Answer {
    let body = r#"{"code": "x", "message": "no"}"#.to_owned();
    let laps = vec![Lap { stage: Stage::Http, millis: 5 }];
    Answer { laps, outcome: Outcome::Answered { status, body } }
}

fn failed(stage: Stage) -> Answer {
    Answer { laps: Vec::new(), outcome: Outcome::Failed { stage, code: "ETIMEDOUT".to_owned() } }
}

fn slow() -> Answer {
    Answer { laps: vec![Lap { stage: Stage::Http, millis: 30_000 }], ..status(200) }
}

fn provider(machine: &mut Machine, answers: ProviderAnswers) {
    machine.snapshot.outside.provider = Asked::Answered(answers);
    machine.snapshot.outside.base_url = "https://llm.example".to_owned();
}

/// The answers to the look at the roads, the direct one first.
fn reach(machine: &mut Machine, way: Way, answers: &[Answer]) {
    let reach = [Way::Direct, Way::Proxied].into_iter().zip(answers.iter().cloned()).collect();
    provider(machine, ProviderAnswers { reach, way, completion: Err(Unasked::Unreachable) });
}

fn completion(machine: &mut Machine, answer: Answer, next_door: &[&str]) {
    let completion = Completion {
        url: "https://llm.example/chat/completions".to_owned(),
        way: Way::Direct,
        is_completion: next_door.is_empty(),
        answer,
        next_door: next_door.iter().map(|door| (*door).to_owned()).collect(),
    };
    let reach = vec![(Way::Direct, status(404))];
    provider(machine, ProviderAnswers { reach, way: Way::Direct, completion: Ok(completion) });
}

fn no_key(machine: &mut Machine) {
    let reach = vec![(Way::Direct, status(404))];
    provider(machine, ProviderAnswers { reach, way: Way::Direct, completion: Err(Unasked::NoKey) });
}

fn behind_a_proxy(machine: &mut Machine) {
    machine.environment(&["https_proxy=http://proxy:3128"]);
}

fn bots(machine: &mut Machine, answers: &[BotAnswers]) {
    machine.snapshot.outside.dingtalk = Asked::Answered(answers.to_vec());
}

fn well(way: Way) -> BotAnswers {
    BotAnswers { account: None, way, token: status(200), open: status(200), stream: status(101) }
}

fn lost(way: Way, stage: Stage) -> BotAnswers {
    let failed = failed(stage);
    BotAnswers { token: failed.clone(), open: failed.clone(), stream: failed, ..well(way) }
}
