//! `status`: one screen, before and after, and with whatever is wrong.

use serde_json::json;

use crate::bench::program::{
    BYPASS, CONFIG, CONNECTOR, UNIT, assert_exit, assert_says, json as document,
};
use crate::bench::{Machine, said};

#[test]
fn before_and_after_an_install() {
    let machine = Machine::brisk_with(&[], "", &["--proxy", "http://127.0.0.1:9"]);
    let before = machine.home();
    let shown = machine.setup(&["status"]).run();
    assert_exit(&shown, 0);
    assert_says(
        &shown,
        &["2026.3.13", "not installed", "active (running", "http_proxy", "off (404)"],
    );
    assert_says(&shown, &["! proxy.loopback", "doctor --fix proxy.loopback"]);
    before.assert_untouched(&machine.home());
    assert_exit(&machine.install(&[]).run(), 0);
    let shown = machine.setup(&["status"]).run();
    assert_exit(&shown, 0);
    assert_says(
        &shown,
        &["0.6.0  tree as installed", BYPASS, "ready", "open", "auth none", "install  done"],
    );
    let shown = machine.setup(&["status", "--brief"]).run();
    assert_exit(&shown, 0);
    assert_says(&shown, &["0.6.0  tree as installed", "active (running", "Next: openclaw-setup "]);
    let shown = document(&machine.setup(&["status", "--json"]).run());
    assert_eq!(shown["gateway"]["chatCompletions"], "open");
    assert_eq!(shown["bypass"]["notBypassed"], json!([]));
    assert_eq!(shown["connector"]["deviations"], json!([]));
    // the sample calls itself 0.6.0, and is not the program that was measured
    let basis =
        "(measured with another program of this version); its code is not that of the 0.6.0";
    assert!(shown["connector"]["compatibility"].as_str().unwrap().contains(basis), "{shown}");
    assert_eq!(shown["pendingRecovery"], json!(null));
    assert_says(
        &machine.setup(&["status", "--lang", "zh-CN"]).run(),
        &["目录与安装时一致", "已完成"],
    );
}

#[test]
fn what_is_wrong_is_said_and_ends_with_3() {
    let machine = Machine::set_up();
    machine.shell(&format!("echo >>{CONNECTOR}/plugin.ts"));
    let shown = machine.setup(&["status"]).run();
    assert_exit(&shown, 0);
    assert_says(&shown, &["1 path changed", "! plugin.checksum", "openclaw-setup verify"]);
    machine.write(CONFIG, "{ broken");
    let shown = machine.setup(&["status"]).run();
    assert_exit(&shown, 3);
    assert_says(&shown, &["line 1"]);
}

/// One judgement: whatever is wrong, both name the same, and end the same.
#[test]
fn status_and_doctor_agree() {
    let machine = Machine::set_up();
    let agree = |what: &str| {
        let [status, doctor] = ["status", "doctor"].map(|command| {
            let ended = machine.setup(&[command, "--json"]).run();
            (ended.status.code(), document(&ended)["findings"].clone())
        });
        assert_eq!(status.0, doctor.0, "{what}");
        let problems = document(&machine.setup(&["status", "--json"]).run())["problems"].clone();
        let has_problems = problems.as_array().is_some_and(|problems| !problems.is_empty());
        assert_eq!(has_problems, status.0 == Some(3), "{what}: {problems}");
        let ids = |findings: &serde_json::Value| {
            let findings = findings.as_array().unwrap().iter();
            findings.map(|f| (f["checkId"].clone(), f["severity"].clone())).collect::<Vec<_>>()
        };
        assert_eq!(ids(&status.1), ids(&doctor.1), "{what}");
    };
    for (what, script) in [
        ("as installed", "true"),
        ("a changed tree", &format!("echo >>{CONNECTOR}/plugin.ts")),
        ("no bypass", "rm ~/.config/systemd/user/*.d/override.conf"),
        ("a stopped gateway", &format!("systemctl --user stop {UNIT}")),
        ("no connector", &format!("rm -r {CONNECTOR}")),
        ("a broken config", &format!("echo '{{ broken' >{CONFIG}")),
    ] {
        machine.shell(script);
        agree(what);
    }
}

#[test]
fn a_gateway_that_has_failed() {
    let machine = Machine::brisk_with(&[], r#"{"refuse": "no"}"#, &["--no-start"]);
    machine.shell(&format!("systemctl --user daemon-reload; systemctl --user start {UNIT}"));
    machine.wait_for_state("failed");
    let shown = machine.setup(&["status"]).run();
    assert_exit(&shown, 3);
    assert_says(&shown, &["✗ service.crashloop", "has failed"]);
}

#[test]
fn a_run_that_is_at_work_and_one_that_was_killed() {
    let machine = Machine::brisk();
    machine.let_the_gateway(r#"{"only_with_connector": true, "never_ready": true}"#);
    let mut running = machine.install(&[]).watch();
    running.until("start openclaw-gateway");
    let at_work = document(&machine.setup(&["status", "--json"]).run());
    assert_eq!(at_work["pendingRecovery"]["atWork"], true, "{at_work}");
    running.signal("KILL");
    running.end();
    let shown = machine.setup(&["status"]).run();
    assert_exit(&shown, 3);
    assert_says(&shown, &["✗ host.leftovers", "was interrupted", "openclaw-setup recover"]);
    machine.setup(&["recover"]).ask();
    machine.wait_ready();
    let shown = machine.setup(&["status"]).run();
    assert!(!said(&shown).contains("host.leftovers"), "{}", said(&shown));
}

#[test]
fn a_manager_that_is_hung_or_absent() {
    let machine = Machine::brisk();
    machine.signal_manager("STOP");
    let shown = machine.setup(&["status", "--timeout", "1"]).run();
    machine.signal_manager("CONT");
    assert_exit(&shown, 3);
    assert_says(&shown, &["did not answer in time", "2026.3.13"]);
    let machine = Machine::only_a_home();
    let shown = machine.setup(&["status"]).run();
    assert_exit(&shown, 3);
    assert_says(&shown, &["no systemd user manager", "✗ service.bus"]);
}

#[test]
fn the_same_for_prometheus() {
    let machine = Machine::set_up();
    let shown = machine.setup(&["status", "--metrics", "--quiet"]).run();
    assert_exit(&shown, 0);
    let text = String::from_utf8(shown.stdout).unwrap();
    let of = format!("user=\"tester\",unit=\"{UNIT}\"");
    let id = machine.transactions()[0]["id"].clone();
    for sample in [
        format!(
            "info{{{of},version=\"{}\",openclaw=\"2026.3.13\",connector=\"0.6.0\"}} 1",
            env!("CARGO_PKG_VERSION")
        ),
        format!("rung{{{of},rung=\"connected\"}} 1"),
        format!("rung{{{of},rung=\"answers\"}} 0"),
        format!("account_connected{{{of},account=\"default\"}} 1"),
        format!("problems{{{of},severity=\"error\"}} 0"),
        format!("last_transaction_info{{{of},id={id},command=\"install\",state=\"committed\"}} 1"),
        format!("recovery_pending{{{of}}} 0"),
    ] {
        let sample = format!("openclaw_setup_{sample}");
        assert!(text.lines().any(|line| line == sample), "{sample} is missing in:\n{text}");
    }
    assert_eq!(text.matches("# TYPE").count(), text.matches("# HELP").count());
    // what is down is told, with the exit code of status
    machine.shell(&format!("systemctl --user stop {UNIT}"));
    let shown = machine.setup(&["status", "--metrics"]).run();
    assert_exit(&shown, machine.setup(&["status"]).run().status.code().unwrap());
    assert_says(&shown, &[&format!("openclaw_setup_rung{{{of},rung=\"running\"}} 0\n")]);
    assert_exit(&machine.setup(&["status", "--metrics", "--json"]).run(), 2);
}
