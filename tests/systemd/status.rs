//! `status`: one screen, before and after, and with whatever is wrong.

use serde_json::json;

use crate::bench::Machine;
use crate::bench::program::{
    BYPASS, CONFIG, CONNECTOR, UNIT, assert_exit, assert_says, json as document,
};

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
    before.assert_untouched(&machine.home());
    assert_exit(&machine.install(&[]).run(), 0);
    let shown = machine.setup(&["status"]).run();
    assert_exit(&shown, 0);
    assert_says(
        &shown,
        &["0.6.0  tree as installed", BYPASS, "ready", "open", "auth none", "install  done"],
    );
    let shown = document(&machine.setup(&["status", "--json"]).run());
    assert_eq!(shown["gateway"]["chatCompletions"], "open");
    assert_eq!(shown["bypass"]["notBypassed"], json!([]));
    assert_eq!(shown["connector"]["deviations"], json!([]));
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
    assert_exit(&shown, 3);
    assert_says(&shown, &["1 paths", "openclaw-setup verify"]);
    machine.write(CONFIG, "{ broken");
    let shown = machine.setup(&["status"]).run();
    assert_exit(&shown, 3);
    assert_says(&shown, &["line 1"]);
}

#[test]
fn a_gateway_that_has_failed() {
    let machine = Machine::brisk_with(&[], r#"{"refuse": "no"}"#, &["--no-start"]);
    machine.shell(&format!("systemctl --user daemon-reload; systemctl --user start {UNIT}"));
    machine.wait_for_state("failed");
    let shown = machine.setup(&["status"]).run();
    assert_exit(&shown, 3);
    assert_says(&shown, &["has failed", &format!("journalctl --user -u {UNIT}")]);
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
    assert_says(&shown, &["was cut off", "openclaw-setup recover"]);
    machine.setup(&["recover"]).ask();
    machine.wait_ready();
    assert_exit(&machine.setup(&["status"]).run(), 0);
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
    assert_exit(&shown, 0);
    assert_says(&shown, &["no systemd user manager"]);
}
