//! `doctor --live`: the world outside is asked, for real, over TLS and through a proxy; DingTalk's cloud and the provider are
//! the only stand-ins.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::outside::NOWHERE;
use crate::bench::{Machine, PROXY, said};
use crate::patient::{Found, document, files, found, healthy, new_since, of, set, start, stop};

const SECRETS: [&str; 2] = ["a-secret-of-dingtalk", "sandbox-api-key"];

/// A machine on which all is well, here and outside, and what `doctor --live` finds of it.
fn well() -> (Machine, Found) {
    let machine = healthy();
    machine.surround_with_dingtalk();
    let well = of(&live(&machine, &[]));
    assert_eq!(new_since(&found(&machine), &well), set(&[]));
    machine.asked_outside();
    (machine, well)
}

fn live(machine: &Machine, arguments: &[&str]) -> Value {
    document(machine, &[&["--live"], arguments].concat())
}

/// What is wrong now and was not before, errors and warnings.
fn new(machine: &Machine, well: &Found) -> Found {
    new_since(well, &of(&live(machine, &[])))
}

/// Gives the unit a variable more, and starts it again.
fn environment(machine: &Machine, lines: &str) {
    stop(machine);
    machine.write(
        ".config/systemd/user/openclaw-gateway.service.d/30-more.conf",
        format!("[Service]\n{lines}\n"),
    );
    start(machine);
}

#[test]
fn where_all_is_well_each_is_asked_once_and_nothing_is_shown() {
    let (machine, _) = well();
    let output = machine.run(&["openclaw-setup", "doctor", "--live", "--lang", "en"]);
    let told = said(&output);
    assert!(
        told.contains("Asking the provider at http://model.example:8080 for one completion"),
        "{told}"
    );
    assert!(
        told.contains("Asking DingTalk for a token and a Stream connection for bot ding-id-1"),
        "{told}"
    );
    assert!(told.contains("directly: ") && told.contains(" ms → HTTP 200"), "{told}");
    let (cloud, provider) = machine.asked_outside();
    assert_eq!(
        cloud.lines().collect::<Vec<_>>(),
        [
            "POST /v1.0/oauth2/accessToken 200",
            "POST /v1.0/gateway/connections/open 200",
            "GET /connect closed by 0x8",
        ]
    );
    let asked: Vec<Value> =
        provider.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let completions = asked.iter().filter(|asked| asked["method"] == "POST");
    assert_eq!(completions.count(), 1, "{provider}");

    let document = live(&machine, &[]);
    let measured = document["measurements"].as_array().unwrap();
    assert_eq!(measured.len(), 5, "{document:#}");
    assert!(measured.iter().all(|one| one["way"] == "direct" && one["status"].is_u64()));
    let stages = measured[2]["stages"].as_array().unwrap();
    let stages: Vec<_> = stages.iter().map(|lap| lap["stage"].as_str().unwrap()).collect();
    assert_eq!(stages, ["dns", "tcp", "tls", "http"]);
    for secret in SECRETS {
        assert!(!told.contains(secret) && !document.to_string().contains(secret));
    }
}

#[test]
fn nothing_leaves_the_machine_unasked() {
    let (machine, _) = well();
    document(&machine, &[]);
    let planned = machine.run(&["openclaw-setup", "doctor", "--live", "--dry-run", "--lang", "en"]);
    assert!(said(&planned).contains("Asking the provider at"), "{}", said(&planned));
    let both = machine.run(&["openclaw-setup", "doctor", "--live", "--offline"]);
    assert_eq!(both.status.code(), Some(2), "{}", said(&both));
    assert_eq!(machine.asked_outside(), (String::new(), String::new()));
    live(&machine, &["dingtalk"]);
    let (cloud, provider) = machine.asked_outside();
    assert!(!cloud.is_empty() && provider.is_empty(), "{provider}");
}

#[test]
fn what_dingtalk_refuses_is_named() {
    let (machine, well) = well();
    for (faults, named, evidence) in [
        (r#"{"token": 400}"#, ("dingtalk.credentials", "error"), "invalidClientIdOrSecret"),
        (r#"{"open": 403}"#, ("dingtalk.stream", "error"), "IpNotInWhiteList"),
        (r#"{"handshake": 502}"#, ("dingtalk.stream", "error"), "HTTP 502"),
    ] {
        machine.let_dingtalk(faults);
        let document = live(&machine, &[]);
        assert_eq!(new_since(&well, &of(&document)), set(&[named]), "{document:#}");
        assert!(document.to_string().contains(evidence), "{document:#}");
    }
    machine.let_dingtalk("{}");
    machine.dingtalk_leads_to(NOWHERE);
    let document = live(&machine, &["dingtalk"]);
    let finding = document["findings"][0]["message"].to_string();
    assert!(finding.contains("tcp fails (ECONNREFUSED)"), "{document:#}");
    machine.dingtalk_leads_to("127.0.0.1");
    environment(&machine, "UnsetEnvironment=NODE_EXTRA_CA_CERTS");
    let document = live(&machine, &["dingtalk"]);
    let finding = document["findings"][0]["message"].to_string();
    assert!(finding.contains("tls fails"), "{document:#}");
}

#[test]
fn what_the_provider_refuses_is_named() {
    let (machine, well) = well();
    for (faults, named, evidence) in [
        (
            r#"{"status": 401, "complaint": "bad sandbox-api-key"}"#,
            ("llm.credentials", "error"),
            "bad ***",
        ),
        (r#"{"status": 429}"#, ("llm.credentials", "warning"), "HTTP 429"),
        (r#"{"status": 400}"#, ("llm.base-url", "error"), "HTTP 400"),
        (
            r#"{"base": "/v1"}"#,
            ("llm.base-url", "error"),
            "--base-url http://model.example:8080/v1",
        ),
        (r#"{"base": "/nowhere"}"#, ("llm.base-url", "error"), "404"),
        (r#"{"status": 503}"#, ("llm.reach", "error"), "HTTP 503"),
    ] {
        machine.let_the_provider(faults);
        let document = live(&machine, &[]);
        assert_eq!(new_since(&well, &of(&document)), set(&[named]), "{document:#}");
        let told = document.to_string();
        assert!(told.contains(evidence) && !told.contains("sandbox-api-key"), "{document:#}");
    }
    machine.let_the_provider(r#"{"seconds": 30}"#);
    let document = live(&machine, &["llm", "--timeout", "2"]);
    let finding = document["findings"][0]["message"].to_string();
    assert!(finding.contains("http fails (ETIMEDOUT)"), "{document:#}");
}

#[test]
fn an_interface_that_the_provider_lacks_is_proven() {
    let (machine, _) = well();
    machine.shell("sed -i 's/\"api\": \"openai-completions\"/\"api\": \"openai-responses\"/' .openclaw/openclaw.json");
    machine.wait_ready();
    let document = live(&machine, &["llm"]);
    assert_eq!(of(&document), set(&[("llm.api-mode", "error")]), "{document:#}");
    let evidence = document["findings"][0]["evidence"].to_string();
    assert!(
        evidence.contains("http://model.example:8080/responses") && evidence.contains("HTTP 404")
    );
    assert!(evidence.contains("http://model.example:8080/chat/completions"), "{evidence}");
    let line = ["openclaw-setup", "doctor", "--fix", "--live", "llm", "--yes", "--lang", "en"];
    let fixed = machine.run(&line);
    assert_eq!(fixed.status.code(), Some(0), "{}", said(&fixed));
    assert!(machine.read_text(".openclaw/openclaw.json").contains("openai-completions"));
    assert_eq!(of(&live(&machine, &["llm"])), set(&[]));
}

#[test]
fn the_stage_that_fails_on_the_way_to_the_provider_is_named() {
    let (machine, _) = well();
    for (address, message) in [
        ("http://nowhere.invalid:8080", "dns fails"),
        ("http://model.example:8081", "tcp fails (ECONNREFUSED)"),
        ("https://model.example:8080", "tls fails"),
    ] {
        machine.shell(&format!(
            "sed -i 's,\"baseUrl\": \"[^\"]*\",\"baseUrl\": \"{address}\",' .openclaw/openclaw.json"
        ));
        machine.wait_ready();
        let document = live(&machine, &["llm.reach"]);
        assert!(document["findings"][0]["message"].to_string().contains(message), "{document:#}");
        assert_eq!(document["findings"][0]["symptom"], "LLM request timed out");
    }
}

/// Each of them takes connections; without `--timeout` the waits come to 40 s.
#[test]
fn who_stays_silent_outside_is_waited_for_no_longer_than_allowed() {
    let (machine, _) = well();
    let silent = "import socket, time; at = [('127.0.0.9', 443), ('127.0.0.1', 8082)]
listening = [socket.create_server(place) for place in at]; time.sleep(600)";
    let _silent = machine.command(&["/usr/bin/python3", "-c", silent]).by_root().start();
    machine.wait_until("(: </dev/tcp/127.0.0.1/8082) 2>/dev/null");
    machine.dingtalk_leads_to(NOWHERE);
    machine.shell("sed -i 's,model.example:8080,model.example:8082,' .openclaw/openclaw.json");
    machine.wait_ready();
    let begin = Instant::now();
    let document = live(&machine, &["--timeout", "2"]);
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    let measured = document["measurements"].as_array().unwrap();
    assert!(measured.iter().any(|one| one["failedCode"] == "ETIMEDOUT"), "{document:#}");
}

#[test]
fn a_proxy_that_does_not_serve_dingtalk_is_bypassed() {
    let (machine, well) = well();
    environment(&machine, &format!("Environment=https_proxy={PROXY}"));
    let broken = files(&machine);
    let document = live(&machine, &[]);
    assert_eq!(
        new_since(&well, &of(&document)),
        set(&[("proxy.dingtalk", "error")]),
        "{document:#}"
    );
    assert!(document.to_string().contains("proxy HTTP 403 ✗"), "{document:#}");
    let line = ["openclaw-setup", "doctor", "--fix", "--live", "--yes", "--lang", "en"];
    let fixed = machine.run(&line);
    assert_eq!(fixed.status.code(), Some(0), "{}", said(&fixed));
    assert_eq!(new(&machine, &well), set(&[]), "{}", said(&fixed));
    let override_file =
        machine.read_text(".config/systemd/user/openclaw-gateway.service.d/override.conf");
    assert!(override_file.contains(".dingtalk.com"), "{override_file}");
    machine.roll_back();
    assert_eq!(files(&machine), broken);
}

#[test]
fn a_proxy_that_alone_leads_to_dingtalk_is_of_no_use_to_its_stream() {
    let (machine, well) = well();
    machine.dingtalk_leads_to(NOWHERE);
    machine.serve_proxy(3129, "api.dingtalk.com=127.0.0.1:443");
    environment(&machine, "Environment=https_proxy=http://127.0.0.1:3129");
    let document = live(&machine, &[]);
    assert_eq!(
        new_since(&well, &of(&document)),
        set(&[("dingtalk.stream", "error")]),
        "{document:#}"
    );
    assert!(document.to_string().contains("does not support proxies"), "{document:#}");
}
