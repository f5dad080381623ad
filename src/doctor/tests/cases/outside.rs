//! What the provider and DingTalk answer, where they were asked.

use super::*;
use crate::outside::dingtalk::BotAnswers;
use crate::outside::provider::{Completion, ProviderAnswers, Unasked};
use crate::outside::{Answer, Route, Stage, StageTiming, no_node};
use crate::snapshot::tree::Dependency;
use crate::snapshot::{Outside, Reason};

const UNABLE: Option<fn(&mut Machine)> = Some(|p| {
    behind_a_proxy(p);
    p.no_log();
    p.snapshot.outside = Outside {
        provider: Some(Err(Reason::Probe(no_node()))),
        dingtalk: Some(Err(Reason::SecretElsewhere)),
    };
});

pub(super) const CASES: &[Case] = &[
    case!(
        "llm.reach",
        "no road",
        Error,
        false,
        |p| reach(p, Route::Direct, &[failed(Stage::Tcp)]),
        UNABLE
    ),
    case!(
        "llm.reach",
        "only the direct road",
        Error,
        true,
        |p| reach(p, Route::Proxied, &[status(200), failed(Stage::Proxy)]),
        UNABLE
    ),
    case!(
        "llm.reach",
        "only the proxy",
        Error,
        false,
        |p| reach(p, Route::Direct, &[failed(Stage::Dns), status(401)]),
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
    case!(
        "llm.api-mode",
        "the newer interface is not there, the older is",
        Error,
        true,
        |p| {
            p.set("models.providers.openai.api", json!("openai-responses"));
            let door = Answer { subject: format!("{BASE}/v1/chat/completions"), ..status(200) };
            let answer = Answer { subject: format!("{BASE}/responses"), ..status(404) };
            asked(p, Ok(Completion { answer, next_door: vec![door] }));
        },
        BROKEN
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
            bots(p, &[well(Route::Direct), lost(Route::Proxied, Stage::Proxy)]);
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
            bots(p, &[lost(Route::Direct, Stage::Tcp), lost(Route::Proxied, Stage::Proxy)]);
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
            bots(p, &[well(Route::Direct), well(Route::Proxied)]);
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
        "proxy.dingtalk",
        "the log tells of a status that only a proxy gives",
        Error,
        false,
        |p| {
            p.connector("0.8.20");
            behind_a_proxy(p);
            p.log("[default] channel exited: Request failed with status code 502");
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
            bots(p, &[well(Route::Direct)]);
        },
        Some(hidden)
    ),
    case!(
        "dingtalk.credentials",
        "refused",
        Error,
        false,
        |p| bots(p, &[BotAnswers { token: status(400), ..well(Route::Direct) }]),
        BROKEN
    ),
    case!(
        "dingtalk.stream",
        "not granted",
        Error,
        false,
        |p| bots(p, &[BotAnswers { open: status(403), ..well(Route::Direct) }]),
        UNABLE
    ),
    case!(
        "dingtalk.stream",
        "no handshake",
        Error,
        false,
        |p| bots(p, &[BotAnswers { stream: status(502), ..well(Route::Direct) }]),
        UNABLE
    ),
    case!(
        "dingtalk.stream",
        "only the proxy leads there",
        Error,
        false,
        |p| {
            behind_a_proxy(p);
            bots(p, &[lost(Route::Direct, Stage::Tcp), well(Route::Proxied)]);
        },
        UNABLE
    ),
];

/// Provider and DingTalk answer as they should, on the one road that there is.
pub(in crate::doctor::tests) fn all_is_well_outside(machine: &mut Machine) {
    completion(machine, status(200), &[]);
    bots(machine, &[well(Route::Direct)]);
}

const BASE: &str = "https://llm.example";

fn answer(status: Option<u16>) -> Answer {
    Answer {
        subject: BASE.to_owned(),
        route: Route::Direct,
        stages: vec![StageTiming { stage: Stage::Http, millis: 5 }],
        status,
        failed_stage: None,
        failed_code: None,
        body: r#"{"code": "x", "message": "no"}"#.to_owned(),
        is_completion: true,
    }
}

fn status(status: u16) -> Answer {
    answer(Some(status))
}

fn failed(stage: Stage) -> Answer {
    let failed_code = Some("ETIMEDOUT".to_owned());
    Answer { failed_stage: Some(stage), failed_code, ..answer(None) }
}

fn slow() -> Answer {
    Answer { stages: vec![StageTiming { stage: Stage::Http, millis: 30_000 }], ..status(200) }
}

fn provider(machine: &mut Machine, answers: ProviderAnswers) {
    machine.snapshot.outside.provider = Some(Ok(answers));
}

/// The answers to the look at the routes, the direct one first.
fn reach(machine: &mut Machine, route: Route, answers: &[Answer]) {
    let routes = [Route::Direct, Route::Proxied].into_iter().zip(answers.iter().cloned());
    let reach = routes.map(|(route, answer)| Answer { route, ..answer }).collect();
    provider(machine, ProviderAnswers { reach, route, completion: Err(Unasked::Unreachable) });
}

fn completion(machine: &mut Machine, answer: Answer, next_door: &[&str]) {
    let at = |url: &str| Answer { subject: url.to_owned(), ..status(401) };
    let subject = format!("{BASE}/chat/completions");
    let completion = Completion {
        answer: Answer { subject, is_completion: next_door.is_empty(), ..answer },
        next_door: next_door.iter().map(|url| at(url)).collect(),
    };
    asked(machine, Ok(completion));
}

fn no_key(machine: &mut Machine) {
    asked(machine, Err(Unasked::NoKey));
}

fn asked(machine: &mut Machine, completion: Result<Completion, Unasked>) {
    let reach = vec![status(404)];
    provider(machine, ProviderAnswers { reach, route: Route::Direct, completion });
}

fn behind_a_proxy(machine: &mut Machine) {
    machine.environment(&["https_proxy=http://proxy:3128"]);
}

fn bots(machine: &mut Machine, answers: &[BotAnswers]) {
    machine.snapshot.outside.dingtalk = Some(Ok(answers.to_vec()));
}

fn well(route: Route) -> BotAnswers {
    let on = |code| Answer { route, ..status(code) };
    BotAnswers { account: None, token: on(200), open: on(200), stream: on(101) }
}

fn lost(route: Route, stage: Stage) -> BotAnswers {
    let failed = Answer { route, ..failed(stage) };
    BotAnswers { account: None, token: failed.clone(), open: failed.clone(), stream: failed }
}
