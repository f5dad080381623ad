//! Every check three times: a machine with the fault, a healthy one, one where it cannot be known.

mod cases;
mod machine;
mod messages;
mod reinstall;

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::{CHECKS, Severity, diagnose};
use crate::health::{ChatAnswer, Connection, Readiness, Rung};
use crate::language::Language;
use crate::plan::repair::Repair;
use crate::snapshot::log::Log;
use crate::systemd::ActiveState;
use cases::cases;
use machine::Machine;

#[test]
fn every_check_has_a_case_and_an_id_of_its_own() {
    let ids: Vec<&str> = CHECKS.iter().map(|check| check.id).collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len());
    let tested: BTreeSet<&str> = cases().map(|case| case.check).collect();
    assert_eq!(tested, unique);
}

#[test]
fn a_healthy_machine_is_well() {
    let machine = Machine::healthy();
    let checks: Vec<_> = CHECKS.iter().collect();
    let diagnosis = diagnose(&checks, &machine.snapshot);
    let found: Vec<_> =
        diagnosis.findings.iter().map(|(check, f)| (check.id, &f.message)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_healthy_world_outside_is_well() {
    let mut machine = Machine::healthy();
    cases::all_is_well_outside(&mut machine);
    let checks: Vec<_> = CHECKS.iter().collect();
    let diagnosis = diagnose(&checks, &machine.snapshot);
    let found = diagnosis.findings.iter().map(|(check, finding)| (check.id, &finding.message));
    assert_eq!(found.collect::<Vec<_>>(), []);
    let could_not = |family| diagnosis.skipped.iter().any(|(check, _)| check.family() == family);
    assert!(!["llm", "dingtalk", "proxy"].into_iter().any(could_not), "{:?}", diagnosis.skipped);
}

#[test]
fn faults_are_found_proven_and_told_in_both_languages() {
    for case in cases() {
        let mut machine = Machine::healthy();
        (case.fault)(&mut machine);
        let check = CHECKS.iter().find(|check| check.id == case.check).unwrap();
        for language in [Language::English, Language::Chinese] {
            language.choose();
            let Ok(findings) = check.verdict(&machine.snapshot) else {
                panic!("{} was skipped", case.check);
            };
            let worst = findings.iter().map(|finding| finding.severity).max();
            assert_eq!(worst, Some(case.severity), "{}: {}", case.check, case.what);
            for finding in &findings {
                assert!(!finding.message.is_empty() && !finding.hint.is_empty(), "{}", case.check);
                let has_chinese =
                    finding.message.chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c));
                assert_eq!(has_chinese, language == Language::Chinese, "{}", finding.message);
            }
            let repairs = findings.iter().any(|finding| !finding.repairs.is_empty());
            assert_eq!(repairs, case.repairs, "{}: {}", case.check, case.what);
            assert!(case.severity <= check.severity, "{} is worse than it says", case.check);
        }
    }
}

#[test]
fn what_cannot_be_known_is_said_and_not_passed() {
    for case in cases() {
        let Some(unknown) = case.unknown else { continue };
        let mut machine = Machine::healthy();
        unknown(&mut machine);
        let check = CHECKS.iter().find(|check| check.id == case.check).unwrap();
        for language in [Language::English, Language::Chinese] {
            language.choose();
            match check.verdict(&machine.snapshot) {
                Err(why) => assert!(!why.is_empty(), "{}", case.check),
                Ok(findings) => panic!("{}: {findings:#?}", case.check),
            }
        }
    }
}

/// The same judgement as the plan's, and nothing that has a place elsewhere is lost.
#[test]
fn keys_that_the_schema_forbids_go_where_they_have_a_place() {
    let mut machine = Machine::healthy();
    let strict = |known: Json| json!({"additionalProperties": false, "properties": known});
    let account = strict(json!({"clientId": {}}));
    machine.tree().manifest.as_mut().unwrap().channel_schema = Some(strict(json!({"systemPrompt":
        {}, "tools": strict(json!({})), "accounts": {"additionalProperties": account}})));
    let channel = |of_account: Json| {
        let of = |id: &str| {
            let mut account = of_account.clone();
            account["clientId"] = id.into();
            account
        };
        json!({"accounts": {"a": of("1"), "b": of("2")}})
    };
    let mut before = channel(json!({"systemPrompt": "p", "debug": true}));
    before["sessionTimeout"] = 1_800_000.into();
    before["tools"] = json!({"x": 1});
    machine.set("channels.dingtalk-connector", before);
    let check = CHECKS.iter().find(|check| check.id == "config.legacy-keys").unwrap();
    let [finding] = &check.verdict(&machine.snapshot).unwrap()[..] else { panic!() };
    assert!(finding.message.contains("tools.x"), "{}", finding.message);
    let edits = finding.repairs.iter().map(|repair| match repair {
        Repair::Config(edit) => edit.clone(),
        other => panic!("{other:?}"),
    });
    let document = machine.snapshot.config.as_ref().unwrap().root();
    let after = document.edit(&edits.collect::<Vec<_>>()).unwrap().value().to_json();
    let mut expected = channel(json!({}));
    expected["systemPrompt"] = "p".into();
    expected["tools"] = json!({});
    assert_eq!(after["channels"]["dingtalk-connector"], expected);
    let rule = json!({"mode": "idle", "idleMinutes": 30});
    assert_eq!(after["session"]["resetByChannel"]["dingtalk-connector"], rule);
}

/// What `install` claims and what `doctor` finds is one judgement: a rung that is missed is an error.
#[test]
fn what_the_ladder_misses_is_found() {
    let connection = |state| vec![("default".to_owned(), state)];
    let states: [fn(&mut Machine); 9] = [
        |m| m.snapshot.answers.as_mut().unwrap().chat = ChatAnswer::Disabled,
        |m| m.snapshot.answers.as_mut().unwrap().chat = ChatAnswer::Unauthorised,
        |m| m.snapshot.answers.as_mut().unwrap().chat = ChatAnswer::RateLimited,
        |m| m.snapshot.answers.as_mut().unwrap().chat = ChatAnswer::Odd { what: "x".to_owned() },
        |m| m.snapshot.answers.as_mut().unwrap().readiness = Readiness::NoListener,
        |m| m.snapshot.log = Log { is_whole: true, lines: 9, ..Log::default() },
        |m| m.environment(&["http_proxy=http://p:1", "no_proxy=[::1]"]),
        |m| m.managed().unit.active_state = ActiveState::Failed,
        |m| m.connector("0.8.3"),
    ];
    let lost = [Connection::Unseen, Connection::Failed("400".to_owned())].map(connection);
    let machines = states.iter().map(|make| {
        let mut machine = Machine::healthy();
        make(&mut machine);
        machine
    });
    let lost = lost.into_iter().map(|connections| {
        let mut machine = Machine::healthy();
        machine.snapshot.log.connections = connections;
        machine.snapshot.log.is_whole = true;
        machine
    });
    let mut missed = 0;
    for (number, machine) in machines.chain(lost).enumerate() {
        let diagnosis = diagnose(&CHECKS.iter().collect::<Vec<_>>(), &machine.snapshot);
        let proof = machine.snapshot.proof();
        missed += usize::from(proof.has_failed());
        assert_eq!(proof.has_failed(), !diagnosis.is_below(Severity::Error), "{number} {proof:?}");
    }
    assert_eq!(missed, 10, "all but the connector that needs no endpoint");
}

/// The journal may have lost what was said at the start: then nobody can say that it failed.
#[test]
fn what_can_no_longer_be_read_is_no_failure() {
    let mut machine = Machine::healthy();
    machine.snapshot.log.connections = vec![("default".to_owned(), Connection::Unseen)];
    let proof = machine.snapshot.proof();
    assert!(proof.is_chosen, "{proof:?}");
    assert_eq!(proof.next.unwrap().1.code, "gateway.not-told");
}

/// A gateway that is too busy to name its channels tells nothing against the connector.
#[test]
fn what_the_gateway_did_not_answer_is_no_failure() {
    let mut machine = Machine::healthy();
    let silent = Log { is_whole: true, lines: 9, ..Log::default() };
    machine.snapshot.log = Log { is_unanswered: true, ..silent };
    let proof = machine.snapshot.proof();
    assert!(proof.is_chosen, "{proof:?}");
    assert_eq!(
        (proof.reached, proof.next.unwrap().1.code),
        (Some(Rung::Ready), "gateway.not-told")
    );
    let diagnosis = diagnose(&CHECKS.iter().collect::<Vec<_>>(), &machine.snapshot);
    assert!(diagnosis.is_below(Severity::Error), "{:?}", diagnosis.findings);
}

#[test]
fn log_lines_become_evidence_of_their_check() {
    let mut machine = Machine::healthy();
    machine.set("gateway.http.endpoints.chatCompletions.enabled", serde_json::json!(false));
    machine.log("[DingTalk] Gateway error: 404 - Not Found");
    let checks: Vec<_> = CHECKS.iter().filter(|check| check.id == "gateway.endpoint").collect();
    let diagnosis = diagnose(&checks, &machine.snapshot);
    let evidence = &diagnosis.findings[0].1.evidence;
    assert!(
        evidence.iter().any(|e| e.place.contains("1×") && e.fact.contains("404")),
        "{evidence:?}"
    );
    assert!(!diagnosis.is_below(Severity::Error) && !diagnosis.repairs().is_empty());
}

#[test]
fn what_fix_repairs_is_said_with_its_command_and_nothing_else_claims_it() {
    for case in cases() {
        let mut machine = Machine::healthy();
        (case.fault)(&mut machine);
        let check = CHECKS.iter().find(|check| check.id == case.check).unwrap();
        for finding in check.verdict(&machine.snapshot).unwrap() {
            let command = finding.hint.lines().next().unwrap().split("doctor --fix ").nth(1);
            let named = command.is_some_and(|options| options.split(' ').any(|id| id == check.id));
            assert_eq!(named, !finding.repairs.is_empty(), "{}: {}", case.check, finding.hint);
        }
    }
}

#[test]
fn openclaws_own_reason_is_the_headline_with_its_place() {
    let mut machine = Machine::healthy();
    machine.set("agents.list", serde_json::json!([{"id": "main", "thinking": "adaptive"}]));
    machine.set("models.providers.openai.api", serde_json::json!("openai-completion"));
    machine.managed().unit.n_restarts = 2;
    machine.managed().unit.sub_state = "auto-restart".to_owned();
    machine.managed().unit.result = "exit-code".to_owned();
    machine.snapshot.answers = None;
    let reasons = [
        r#"agents.list.0: Unrecognized key: "thinking""#,
        r#"models.providers.openai.api: Invalid option: expected one of "openai-completions""#,
    ];
    machine.snapshot.log.refused_config = reasons.map(str::to_owned).to_vec();
    let diagnosis = diagnose(&CHECKS.iter().collect::<Vec<_>>(), &machine.snapshot);
    let of = |id| diagnosis.findings.iter().filter(move |(check, _)| check.id == id);
    let (_, first) = &diagnosis.findings[0];
    assert!(first.message.contains(reasons[0]), "{first:#?}");
    assert!(first.evidence[0].place.contains("openclaw.json:1:"), "{first:#?}");
    // the check that knows the right word says it instead
    assert_eq!(of("config.accepted").count(), 1);
    assert!(of("llm.api-mode").any(|(_, finding)| finding.message.contains("openai-completions")));
    let hint = &of("service.crashloop").next().unwrap().1.hint;
    assert!(hint.contains("Fix the other findings first") && !hint.contains("rollback"), "{hint}");
}

#[test]
fn the_auth_mode_is_the_one_in_force() {
    let mut machine = Machine::healthy();
    machine.set("gateway.bind", serde_json::json!("lan"));
    assert!(machine.snapshot.is_unguarded());
    let command = &mut machine.managed().unit.exec_start[0].arguments;
    command.extend(["--auth", "token", "--token", "t"].map(str::to_owned));
    assert!(!machine.snapshot.is_unguarded());
}

#[test]
fn accounts_that_are_all_switched_off_are_not_called_connected() {
    let mut machine = Machine::healthy();
    machine.managed().unit.active_state = crate::systemd::ActiveState::Active;
    machine.managed().unit.main_pid = Some(7);
    machine.snapshot.log.connections = Vec::new();
    let proof = machine.snapshot.proof();
    assert_eq!(proof.reached, Some(crate::health::Rung::Loaded));
    assert!(proof.is_chosen && proof.next.unwrap().1.message.contains("switched off"));
}

#[test]
fn what_follows_from_nothing_else_points_to_nothing_else() {
    let mut machine = Machine::healthy();
    machine.managed().unit.active_state = crate::systemd::ActiveState::Failed;
    machine.snapshot.log.refused_start = Some("Gateway start blocked: set it".to_owned());
    let diagnosis = diagnose(&CHECKS.iter().collect::<Vec<_>>(), &machine.snapshot);
    let found = diagnosis.findings.iter().find(|(check, _)| check.id == "service.crashloop");
    let (_, finding) = found.unwrap();
    assert!(finding.message.ends_with("Gateway start blocked: set it"), "{finding:#?}");
    assert!(!finding.hint.contains("other findings"), "{finding:#?}");
}

#[test]
fn a_proxy_in_the_way_is_named_and_nothing_else_is_blamed() {
    let mut machine = Machine::healthy();
    machine.connector("0.8.20");
    machine.environment(&["https_proxy=http://joe:secret-of-joe@proxy:3128"]);
    machine.log("[default] channel exited: Request failed with status code 502\n at x\n at y");
    let diagnosis = diagnose(&CHECKS.iter().collect::<Vec<_>>(), &machine.snapshot);
    let named: Vec<_> = diagnosis.findings.iter().map(|(check, _)| check.id).collect();
    assert!(named.contains(&"proxy.dingtalk"), "{named:?}");
    assert!(!named.iter().any(|id| ["plugin.load", "dingtalk.stream"].contains(id)), "{named:?}");
    let (_, finding) = diagnosis.findings.iter().find(|(c, _)| c.id == "proxy.dingtalk").unwrap();
    assert!(finding.message.contains("@proxy:3128"), "{}", finding.message);
    assert!(!format!("{finding:?}").contains("secret-of-joe"), "{finding:#?}");
    assert!(finding.evidence.iter().all(|evidence| !evidence.fact.contains(" at x")));
}
