//! Configs as people have them: what is edited, what is kept, what is refused.

use std::os::unix::fs::MetadataExt;

use crate::bench::program::{CONFIG, CONNECTOR, MODELS, SECRET, assert_exit, assert_says};
use crate::bench::snapshot::RECORDS;
use crate::bench::{HOME, Machine, said};

/// A machine with this config.
fn with(config: impl AsRef<[u8]>) -> Machine {
    let machine = Machine::only_a_home();
    machine.write(CONFIG, config);
    machine
}

/// Installs, and returns the config's text.
#[track_caller]
fn installed(machine: &Machine) -> String {
    assert_exit(&machine.install(&[]).run(), 0);
    machine.read_text(CONFIG)
}

/// Fails unless `install` is refused with these words and has changed nothing at all.
#[track_caller]
fn assert_refused(machine: &Machine, code: i32, words: &[&str]) {
    let before = machine.home();
    let refused = machine.install(&[]).run();
    assert_exit(&refused, code);
    assert_says(&refused, words);
    before.assert_same(&machine.home());
}

#[test]
fn a_missing_config() {
    let machine = Machine::only_a_home();
    machine.shell("rm ~/.openclaw/openclaw.json");
    assert_refused(&machine, 1, &[&format!("{HOME}/{CONFIG}"), "openclaw onboard"]);
}

#[test]
fn a_slip_of_the_hand_is_shown_with_line_column_and_caret() {
    let machine = with("{\n  // mine\n  \"gateway\": {\"port\": 18789 \"mode\": \"local\"},\n}\n");
    let refused = machine.install(&[]).run();
    assert_says(&refused, &[&format!("{HOME}/{CONFIG}"), "line 3", "column 28"]);
    let said = said(&refused);
    let mut lines = said.lines().skip_while(|line| !line.contains("\"gateway\": {\"port\":"));
    let (line, caret) = (lines.next().unwrap(), lines.next().unwrap());
    let before_caret: String = line.chars().take(caret.find('^').unwrap()).collect();
    assert!(before_caret.ends_with("\"port\": •••"), "{said}");
    assert_refused(&machine, 1, &[]);
}

#[test]
fn a_config_that_something_else_manages() {
    let machine = Machine::only_a_home();
    let before = machine.home();
    for variable in ["OPENCLAW_CONFIG_READONLY", "OPENCLAW_NIX_MODE"] {
        let refused = machine.install(&[]).env(variable, "1").run();
        assert_exit(&refused, 1);
        assert_says(&refused, &[variable]);
        before.assert_same(&machine.home());
    }
}

#[test]
fn the_pages_config_on_one_line_stays_on_one_line() {
    let machine = with(
        r#"{"meta": {"lastTouchedVersion": "2026.3.13"},"gateway": {"port": 18789,"mode": "local","tailscale": {"mode": "off"}}}"#,
    );
    let text = installed(&machine);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with(r#"{"meta": {"lastTouchedVersion": "2026.3.13"},"gateway": {"port": 18789,"mode": "local","tailscale": {"mode": "off"}"#), "{text}");
    serde_json::from_str::<serde_json::Value>(&text).unwrap();
}

#[test]
fn a_config_of_comments_only_and_an_empty_one() {
    for text in ["// nothing yet\n", ""] {
        let machine = with(text);
        let after = installed(&machine);
        assert!(after.starts_with(text) && after.contains("\"dingtalk-connector\""), "{after}");
        assert_exit(&machine.run(&[".local/bin/openclaw", "config", "validate"]), 0);
    }
}

#[test]
fn byte_order_mark_line_ends_and_tabs_stay() {
    let text =
        "\u{feff}{\r\n\t// mine\r\n\t\"gateway\": {\r\n\t\t\"port\": 18789,\r\n\t},\r\n}\r\n";
    let machine = with(text);
    let after = installed(&machine);
    assert!(
        after.starts_with("\u{feff}{\r\n\t// mine\r\n\t\"gateway\": {\r\n\t\t\"port\": 18789,\r\n"),
        "{after:?}"
    );
    assert_eq!(after.matches('\n').count(), after.matches("\r\n").count(), "{after:?}");
    assert!(!after.contains("\n  "), "{after:?}");
}

#[test]
fn comments_quotes_and_order_of_the_sample_stay() {
    let machine = Machine::only_a_home();
    let before = machine.read_text(CONFIG);
    let after = installed(&machine);
    let kept = |line: &&str| !line.trim().starts_with(['}', '{']);
    let mut lines = after.lines();
    for line in before.lines().filter(kept) {
        assert!(
            lines.any(|new| new == line),
            "this line is gone or has moved:\n{line}\nin\n{after}"
        );
    }
}

#[test]
fn a_key_that_stands_twice_is_remarked_and_the_last_one_edited() {
    let machine = with("{\n  gateway: {port: 1},\n  gateway: {port: 18789},\n}\n");
    let done = machine.install(&[]).run();
    assert_exit(&done, 0);
    assert_says(&done, &[&format!("{CONFIG}:3:3"), "gateway"]);
    let after = machine.read_text(CONFIG);
    assert!(after.contains("\n  gateway: {port: 1},\n"), "{after}");
}

#[test]
fn references_stay_and_a_secret_that_looks_like_one_is_escaped() {
    let machine = Machine::only_a_home();
    let text = machine.read_text(CONFIG).replace("\"sandbox-api-key\"", "\"${OPENAI_API_KEY}\"");
    machine.write(CONFIG, text);
    let done = machine.install(&[]).env("OPENCLAW_SETUP_CLIENT_SECRET", "a${HOME}b").run();
    assert_exit(&done, 0);
    let after = machine.read_text(CONFIG);
    assert!(after.contains("\"${OPENAI_API_KEY}\"") && after.contains("\"a$${HOME}b\""), "{after}");
}

#[test]
fn a_gateway_token_that_is_a_reference_is_handed_on_as_one() {
    let machine = with("{gateway: {auth: {mode: 'token', token: '${GATEWAY_TOKEN}'}}}");
    let after = installed(&machine);
    assert_eq!(after.matches("${GATEWAY_TOKEN}").count(), 2, "{after}");
}

#[test]
fn a_link_stays_and_its_target_is_edited() {
    let machine = Machine::only_a_home();
    machine.shell("mkdir -p dotfiles; mv .openclaw/openclaw.json dotfiles/mine.json; ln -s ../dotfiles/mine.json .openclaw/openclaw.json");
    installed(&machine);
    assert_eq!(machine.shell("readlink .openclaw/openclaw.json"), "../dotfiles/mine.json");
    assert!(machine.read_text("dotfiles/mine.json").contains("dingtalk-connector"));
}

/// A user outside the file's group may not give a new file to that group, so the edit is refused rather than the group lost.
#[test]
fn a_group_that_cannot_be_kept_is_not_lost() {
    let machine = Machine::only_a_home();
    let config = format!("{HOME}/{CONFIG}");
    machine.command(&["chgrp", "1234", &config]).by_root().ask();
    machine.command(&["chmod", "640", &config]).by_root().ask();
    let before = machine.home().without(RECORDS);
    let refused = machine.install(&[]).run();
    assert_exit(&refused, 1);
    assert_says(&refused, &[&config]);
    before.assert_same(&machine.home().without(RECORDS));
}

#[test]
fn a_mode_for_the_group_stays() {
    let machine = Machine::only_a_home();
    machine.shell("chmod 640 .openclaw/openclaw.json");
    installed(&machine);
    assert_eq!(machine.outside(CONFIG).metadata().unwrap().mode() & 0o7777, 0o640);
}

#[test]
fn a_directory_that_may_not_be_written() {
    let machine = Machine::only_a_home();
    machine.shell("chmod 500 .openclaw");
    assert_refused(&machine, 1, &[&format!("{HOME}/.openclaw")]);
}

#[test]
fn an_included_section_is_edited_where_it_lives() {
    let machine = with("{\n  gateway: {$include: './parts/gateway.json5'},\n}\n");
    machine.write(
        ".openclaw/parts/gateway.json5",
        "{\n  // the gateway's own file\n  port: 18789,\n}\n",
    );
    installed(&machine);
    let part = machine.read_text(".openclaw/parts/gateway.json5");
    assert!(part.starts_with("{\n  // the gateway's own file\n  port: 18789,\n"), "{part}");
    assert!(part.contains("chatCompletions"), "{part}");
    let main = machine.read_text(CONFIG);
    assert!(main.starts_with("{\n  gateway: {$include: './parts/gateway.json5'},\n"), "{main}");
    assert!(!main.contains("chatCompletions"), "{main}");
}

#[test]
fn a_section_in_two_included_files_is_left_alone() {
    let machine = with("{\n  gateway: {$include: ['./a.json5', './b.json5']},\n}\n");
    machine.write(".openclaw/a.json5", "{http: {endpoints: {}}}");
    machine.write(".openclaw/b.json5", "{http: {}}");
    assert_refused(&machine, 1, &["gateway", "a.json5", "b.json5"]);
}

#[test]
fn an_included_file_that_is_not_there_or_outside() {
    for name in ["./nowhere.json5", "/etc/passwd"] {
        let machine = with(format!("{{\n  gateway: {{$include: '{name}'}},\n}}\n"));
        assert_refused(&machine, 1, &["line 2", name.trim_start_matches("./")]);
    }
}

#[test]
fn lists_of_plugins_are_extended_and_never_begun() {
    let machine = with("{plugins: {allow: ['telegram'], deny: ['dingtalk-connector', 'irc']}}");
    let after = installed(&machine);
    assert!(after.contains("allow: ['telegram', 'dingtalk-connector']"), "{after}");
    assert!(after.contains("deny: ['irc']"), "{after}");
    let machine = with("{plugins: {allow: []}}");
    let after = installed(&machine);
    assert!(after.contains("allow: []"), "{after}");
}

#[test]
fn plugins_that_are_off_as_a_whole() {
    assert_refused(&with("{plugins: {enabled: false}}"), 1, &["plugins.enabled"]);
}

#[test]
fn a_gateway_that_others_can_reach_gets_no_open_door() {
    for (config, key) in [
        ("{gateway: {bind: 'lan'}}", "gateway.bind"),
        ("{gateway: {tailscale: {mode: 'serve'}}}", "gateway.tailscale.mode"),
    ] {
        let machine = with(config);
        let before = machine.home();
        let refused = machine.install(&["--gateway-auth", "none"]).run();
        assert_exit(&refused, 1);
        assert_says(&refused, &[key, "--gateway-auth token"]);
        before.assert_same(&machine.home());
        assert_exit(&machine.install(&["--gateway-auth", "token"]).run(), 0);
        assert!(machine.read_text(CONFIG).contains("token"));
    }
}

#[test]
fn a_kind_that_openclaw_does_not_know_is_shown_with_its_place() {
    assert_refused(&with("{\n  gateway: {http: 'yes'},\n}\n"), 1, &["line 2", "gateway.http"]);
}

/// Only who has asked a provider knows what it has.
#[test]
fn the_interface_of_a_provider_stays_as_it_is() {
    let providers = r#"{"providers": {"openai": {"apiKey": "k", "baseUrl": "https://api.example.com/v1", "api": "openai-responses", "models": [{"id": "m", "name": "m", "api": "openai-responses"}]}}}"#;
    let machine = with(format!(r#"{{"models": {providers}}}"#));
    machine.write(MODELS, providers);
    assert_exit(&machine.install(&[]).run(), 0);
    for file in [CONFIG, MODELS] {
        assert_eq!(machine.read_text(file).matches("openai-responses").count(), 2, "{file}");
    }
}

#[test]
fn an_agent_model_file_that_is_no_json_is_left_alone() {
    let machine = Machine::only_a_home();
    machine.write(MODELS, "{ broken");
    let done = machine.install(&[]).run();
    assert_exit(&done, 0);
    assert_says(&done, &[MODELS]);
    assert_eq!(machine.read_text(MODELS), "{ broken");
}

#[test]
fn another_state_directory_and_another_profile() {
    let machine = Machine::only_a_home();
    machine.shell("cp -a .openclaw elsewhere; cp -a .openclaw .openclaw-work");
    let before = machine.home().without("elsewhere").without(".openclaw-work").without(".config");
    assert_exit(&machine.install(&["--state-dir", "elsewhere"]).run(), 0);
    assert_exit(&machine.install(&["--profile", "work"]).run(), 0);
    for state in ["elsewhere", ".openclaw-work"] {
        assert!(machine.has(format!("{state}/extensions/dingtalk-connector/plugin.ts")), "{state}");
        assert!(machine.read_text(format!("{state}/openclaw.json")).contains(SECRET), "{state}");
    }
    let after = machine.home().without("elsewhere").without(".openclaw-work").without(".config");
    before.assert_same(&after);
    assert!(!machine.has(CONNECTOR));
}
