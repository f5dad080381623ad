//! A connector that an upgrade of OpenClaw has broken is adapted by one command, and after a downgrade it is by one command
//! what it was when it came.

use serde_json::{Value, json};

use crate::bench::program::{CONFIG, CONNECTOR, UNIT, assert_exit, assert_says, json as document};
use crate::bench::{HOME, Machine, said};

const OPENCLAW: &str = ".local/lib/node_modules/openclaw";
const OLD: &[&str] = &["channel-runtime"];
const NEW: &[&str] = &["channel-reply-pipeline", "channel-feedback"];

/// Lets the stand-in be another OpenClaw: its version, and what it exports.
fn openclaw(machine: &Machine, version: &str, subpaths: &[&str]) {
    let subpath = |name: &&str| (format!("./plugin-sdk/{name}"), json!("./dist/sdk.js"));
    let exports: serde_json::Map<String, Value> = subpaths.iter().map(subpath).collect();
    let package = json!({"name": "openclaw", "version": version, "exports": exports});
    machine.write(format!("{OPENCLAW}/package.json"), package.to_string());
    let names = "export { createReplyPrefixOptions, createTypingCallbacks, logTypingFailure };\n";
    machine.write(format!("{OPENCLAW}/dist/sdk.js"), names);
}

/// Connector 0.8.20, on an OpenClaw on which it answers as it comes. The sample answers over the chat endpoint in every
/// version: the operator has it open.
fn set_up() -> (Machine, String) {
    let machine = Machine::brisk();
    let open = r#""http": {"endpoints": {"chatCompletions": {"enabled": true}}},"#;
    let bind = r#""bind": "loopback","#;
    machine.edit(CONFIG, bind, &format!("{open} {bind}"));
    assert_exit(&machine.install(&[]).run(), 0);
    openclaw(&machine, "2026.4.9", OLD);
    let import = r#"echo 'export const later = () => import("openclaw/plugin-sdk/channel-runtime");' >>plugin.ts"#;
    let payload = machine.altered_connector("0.8.20", import);
    assert_exit(&machine.upgrade(&payload, &[]).run(), 0);
    (machine, payload)
}

fn fix(machine: &Machine) {
    let found = machine.setup(&["doctor", "compat.matrix"]).run();
    assert_exit(&found, 3);
    assert_says(&found, &["doctor --fix compat.matrix"]);
    assert_exit(&machine.setup(&["doctor", "compat", "--fix", "--yes"]).run(), 0);
    assert_exit(&machine.setup(&["doctor", "compat.matrix"]).run(), 0);
}

#[test]
fn an_openclaw_upgrade_and_a_downgrade_are_one_command_away() {
    let (machine, _) = set_up();
    let tree = |name: &str| format!("{CONNECTOR}/{name}");
    let (code, added) = (tree("plugin.ts"), tree("openclaw-setup-channel-runtime.ts"));
    let came = machine.read(&code);

    openclaw(&machine, "2026.9.6", NEW);
    fix(&machine);
    assert!(machine.read_text(&code).contains(r#"import("./openclaw-setup-channel-runtime.ts")"#));
    let names = r#"export { createReplyPrefixOptions, createTypingCallbacks } from "openclaw/plugin-sdk/channel-reply-pipeline";"#;
    assert!(machine.read_text(&added).contains(names));
    let adapted = json!({"openclaw": "2026.9.6", "changed": 1, "added": 1});
    assert_eq!(
        document(&machine.setup(&["status", "--json"]).run())["connector"]["adapted"],
        adapted
    );
    assert_eq!(machine.transactions()[0]["adapted"], adapted);
    let verified = machine.setup(&["verify", "--json"]).run();
    assert_exit(&verified, 0);
    assert_eq!(document(&verified)["connector"]["adapted"]["payloadProved"], true);
    for command in ["status", "history", "verify"] {
        let told = machine.setup(&[command]).run();
        assert_says(&told, &["adapted for OpenClaw 2026.9.6: 1 file changed, 1 added"]);
    }
    assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
    // it is as it shall be: nothing else puts another tree there
    let plan = document(&machine.setup(&["install", "--dry-run", "--json"]).run());
    let swaps = |step: &Value| step["step"] == "tree";
    assert!(!plan["steps"].as_array().unwrap().iter().any(swaps), "{plan}");

    openclaw(&machine, "2026.4.9", OLD);
    fix(&machine);
    assert_eq!(machine.read(&code), came);
    assert!(!machine.has(&added));
    assert_exit(&machine.setup(&["verify"]).run(), 0);
    machine.done(&["rollback"]);
    assert!(machine.has(&added));
    assert_exit(&machine.setup(&["verify"]).run(), 0);
}

/// Whoever changes a setting gets no other connector, and loses none.
#[test]
fn a_change_of_settings_never_exchanges_the_connector() {
    let (machine, _) = set_up();
    let tree = || machine.shell(&format!("stat -c '%n %i' {CONNECTOR} {CONNECTOR}/*"));
    let change = |minutes: u32| {
        let timeout = (minutes * 60_000).to_string();
        machine.setup(&["install", "--yes", "--session-timeout", &timeout]).run()
    };
    let kept = tree();
    openclaw(&machine, "2026.9.6", NEW);
    let refused = change(10);
    assert_exit(&refused, 1);
    assert_says(&refused, &["is not adapted to this OpenClaw", "doctor --fix compat.matrix"]);
    openclaw(&machine, "2026.4.9", OLD);
    // as a stranger has put it there: with a link to OpenClaw that it needs, and that is not ours
    machine.shell("rm -r .openclaw/openclaw-setup");
    machine.shell(&format!("systemctl --user stop {UNIT}"));
    assert_exit(&change(11), 0);
    assert_eq!(tree(), kept);
    machine.shell(&format!("rm -r .openclaw/openclaw-setup; systemctl --user start {UNIT}"));
    assert_exit(&change(12), 0);
    assert_eq!(tree(), kept);
    assert_eq!(machine.message("hello")["reply"], "The agent heard: hello");
}

/// An adaptation that a downgrade has made wrong is no remedy where the connector fails anyway; and
/// what a stranger has put in the place of ours is judged as it is.
#[test]
fn a_change_of_settings_is_judged_by_the_connector_that_stands() {
    let (machine, _) = set_up();
    openclaw(&machine, "2026.9.6", NEW);
    fix(&machine);
    let change = |more: &[&str]| {
        let words = ["install", "--yes", "--session-timeout", "600000"];
        machine.setup(&[&words[..], more].concat()).run()
    };
    let refused = change(&["--no-adapt"]);
    assert_exit(&refused, 1);
    assert_says(&refused, &["connector 0.8.20 does not answer", "omit --no-adapt"]);
    openclaw(&machine, "2026.3.13", OLD);
    let refused = change(&[]);
    assert_exit(&refused, 1);
    assert_says(&refused, &["connector 0.8.20 does not answer", "connector@0.8.3"]);
    let found = machine.setup(&["doctor", "compat.matrix"]).run();
    assert_exit(&found, 3);
    assert_says(&found, &["connector 0.8.20 does not answer", "connector@0.8.3"]);
    assert!(!said(&found).contains("--fix"), "{}", said(&found));

    let theirs = machine.connector("0.7.10");
    machine.shell(&format!("rm -r {CONNECTOR}; cp -R {theirs} {CONNECTOR}"));
    let plan = document(&change(&["--dry-run", "--json"]));
    assert_eq!(plan["connector"], json!({"from": "0.7.10", "to": "0.7.10"}), "{plan}");
}

/// Of 0.8.20, an adaptation to 2026.7.1 is known by rule; 0.8.13 was measured there.
#[test]
fn what_answers_is_not_exchanged_for_an_older_one() {
    let (machine, payload) = set_up();
    openclaw(&machine, "2026.7.1", OLD);
    let older = machine.connector("0.8.13");
    machine.shell(&format!(
        "mkdir -p stock/dingtalk-connector; cp -R {payload} stock/dingtalk-connector/0.8.20
         cp -R {older} stock/dingtalk-connector/0.8.13"
    ));
    let upgrade = machine.setup(&["upgrade", "--dry-run", "--json"]);
    let plan = document(&upgrade.env("OPENCLAW_SETUP_PAYLOADS", &format!("{HOME}/stock")).run());
    assert_eq!(plan["connector"], json!({"from": "0.8.20", "to": "0.8.20"}), "{plan}");
}

#[test]
fn an_adaptation_is_shown_and_never_guessed() {
    let (machine, payload) = set_up();
    let import = r#"echo 'import("openclaw/plugin-sdk/channel-runtime");' >>plugin.ts"#;
    let other = machine.altered_connector("0.8.21", import);
    let before = machine.theirs();
    openclaw(&machine, "2026.9.6", NEW);
    let upgrade = |more: &[&str]| machine.setup(&[&["upgrade", &payload], more].concat()).run();
    let plan = upgrade(&["--dry-run"]);
    assert_exit(&plan, 0);
    let summary = "adapted for OpenClaw 2026.9.6: 1 file changed, 1 added";
    let line = r#"+export const later = () => import("./openclaw-setup-channel-runtime.ts");"#;
    assert_says(&plan, &[summary, line]);
    let refused = upgrade(&["--yes", "--no-adapt"]);
    assert_exit(&refused, 1);
    assert_says(&refused, &["does not answer on OpenClaw 2026.9.6", "omit --no-adapt"]);
    openclaw(&machine, "2026.9.6", &["core"]);
    let refused = upgrade(&["--yes"]);
    assert_exit(&refused, 1);
    let instead = "Connector 0.8.3 fits OpenClaw 2026.9.6 (by rule";
    let neither = "exports neither openclaw/plugin-sdk/channel-runtime nor";
    assert_says(&refused, &[neither, instead, "--no-adapt --force-incompatible"]);
    let forced = machine.setup(&["upgrade", &other, "--dry-run", "--force-incompatible"]).run();
    assert_exit(&forced, 0);
    assert_says(&forced, &["connector 0.8.21 cannot be adapted for OpenClaw 2026.9.6"]);
    openclaw(&machine, "2026.4.9", OLD);
    before.assert_same(&machine.theirs());
}

/// Where nobody has measured the adaptation, what else is imported has to be there, too.
#[test]
fn an_adaptation_by_rule_is_refused_where_something_else_is_gone() {
    let (machine, payload) = set_up();
    openclaw(&machine, "2026.10.1", NEW);
    let upgrade = |payload: &str| machine.setup(&["upgrade", payload, "--dry-run"]).run();
    assert_exit(&upgrade(&payload), 0);
    let gone = machine.altered_connector(
        "0.8.21",
        r#"echo 'import "openclaw/plugin-sdk/gone"; export const later = () => import("openclaw/plugin-sdk/channel-runtime");' >>plugin.ts"#,
    );
    let refused = upgrade(&gone);
    assert_exit(&refused, 1);
    let module = "openclaw/plugin-sdk/gone is not exported (plugin.ts)";
    assert_says(&refused, &[module, "fits OpenClaw 2026.10.1 (by rule"]);
}

/// A damaged tree is not made anew from a payload that cannot be adapted as this OpenClaw needs it.
#[test]
fn a_repair_does_not_leave_an_adaptation_out() {
    let (machine, _) = set_up();
    machine.shell(&format!("echo >>{CONNECTOR}/plugin.ts"));
    let planned = machine.setup(&["doctor", "plugin.checksum", "--fix", "--dry-run"]).run();
    assert_says(&planned, &["Would be fixed", "plugin.checksum"]);
    openclaw(&machine, "2026.9.6", &["core"]);
    let before = machine.read(format!("{CONNECTOR}/plugin.ts"));
    let fixed = machine.setup(&["doctor", "plugin.checksum", "--fix", "--yes"]).run();
    let cause = "It cannot be made whole from its copy: connector 0.8.20 cannot be adapted";
    assert_says(&fixed, &["Nothing here has a safe repair", "plugin.checksum", cause]);
    assert_eq!(machine.read(format!("{CONNECTOR}/plugin.ts")), before);
}

/// From 2026.3.28 on OpenClaw holds the channel against the connector's schema.
#[test]
fn a_config_that_the_next_openclaw_refuses_is_told_before_it() {
    let (machine, _) = set_up();
    openclaw(&machine, "2026.3.24", OLD);
    let schema = r#""channelConfigs": {"dingtalk-connector": {"schema": {"additionalProperties": false, "properties": {"enabled": {}, "clientId": {}, "clientSecret": {}}}}},"#;
    let alter = format!("sed -i '/\"channels\"/i {schema}' openclaw.plugin.json");
    let payload = machine.altered_connector("0.8.13", &alter);
    assert_exit(&machine.upgrade(&payload, &["--allow-downgrade"]).run(), 0);
    let ask = || machine.setup(&["upgrade", "--for-openclaw", "2026.3.28", "--json"]).run();
    assert_eq!(document(&ask())["fixHint"], Value::Null);
    machine.edit(CONFIG, r#""clientId":"#, r#""sessionTimeout": 1800000, "clientId":"#);
    let asked = ask();
    assert_exit(&asked, 0);
    let told = document(&asked);
    assert_eq!(told["fixHint"], "openclaw-setup doctor --fix config.legacy-keys");
    assert!(told["config"].as_str().unwrap().contains("forbids sessionTimeout"), "{told}");
    assert_eq!(told["openclaw"], json!({"version": "2026.3.24", "then": "2026.3.28"}));
    assert_exit(&machine.setup(&["doctor", "--fix", "config.legacy-keys", "--yes"]).run(), 0);
    assert_eq!(document(&ask())["fixHint"], Value::Null);
}

#[test]
fn a_pair_that_nobody_measured_is_judged_by_its_imports() {
    let (machine, _) = set_up();
    openclaw(&machine, "2026.9.6", NEW);
    let importing = |version: &str, module: &str| {
        let import = format!(r#"echo 'import "openclaw/plugin-sdk/{module}";' >>plugin.ts"#);
        machine.altered_connector(version, &import)
    };
    let upgrade =
        |payload: &str, more: &[&str]| machine.setup(&[&["upgrade", payload], more].concat()).run();
    let (failing, fitting) = (importing("0.9.1", "gone"), importing("0.9.0", NEW[0]));
    let before = machine.theirs();
    let refused = upgrade(&failing, &["--yes"]);
    assert_exit(&refused, 1);
    let module = "openclaw/plugin-sdk/gone is not exported (plugin.ts)";
    assert_says(
        &refused,
        &["predicted from its imports", module, "@0.8.20", "--force-incompatible"],
    );
    assert_exit(&upgrade(&failing, &["--dry-run", "--force-incompatible"]), 0);
    let plan = upgrade(&fitting, &["--dry-run"]);
    assert_exit(&plan, 0);
    assert_says(&plan, &["connector 0.9.0 was not measured on OpenClaw 2026.9.6"]);
    before.assert_same(&machine.theirs());
    machine.shell(&format!("rm -r {CONNECTOR}; cp -R {failing} {CONNECTOR}"));
    let found = machine.setup(&["doctor", "compat.matrix"]).run();
    assert_exit(&found, 3);
    assert_says(&found, &["connector 0.9.1 cannot work on OpenClaw 2026.9.6", module]);
    assert_says(&machine.setup(&["status"]).run(), &["predicted from its imports; not measured"]);
}

#[test]
fn what_an_openclaw_upgrade_would_mean_is_told_before_it() {
    let (machine, _) = set_up();
    let before = machine.theirs();
    let ask = |version: &str, more: &[&str]| {
        machine.setup(&[&["upgrade", "--for-openclaw", version], more].concat()).run()
    };
    assert_exit(&ask("2026.6.35", &[]), 0);
    let adapted = ask("2026.8.2", &["--json"]);
    assert_exit(&adapted, 0);
    let told = document(&adapted);
    assert_eq!(told["openclaw"], json!({"version": "2026.4.9", "then": "2026.8.2"}));
    let connector = &told["connector"];
    assert_eq!((&connector["result"], &connector["adapted"]), (&json!("answers"), &json!(true)));
    assert_eq!(connector["basis"], "measured");
    assert_eq!(told["newest"]["basis"], "measured");
    assert_eq!(told["fixHint"], "openclaw-setup doctor --fix compat.matrix");
    let another = ask("2026.3.13", &[]);
    assert_exit(&another, 0);
    let command = "upgrade npm:@dingtalk-real-ai/dingtalk-connector@0.8.3 --allow-downgrade";
    assert_says(&another, &["does not answer on OpenClaw 2026.3.13 (measured)", command]);
    assert_says(&another, &["dingtalk-connector@0.8.3  (measured)"]);
    let none = ask("2026.2.1", &[]);
    assert_exit(&none, 3);
    assert_says(&none, &["by rule", "not known to answer", "import.meta"]);
    for wrong in
        [&["--allow-downgrade"][..], &["--no-ask"], &["--no-adapt"], &["--sha256", &"0".repeat(64)]]
    {
        assert_exit(&ask("2026.9.1", wrong), 2);
    }
    assert_exit(&ask("lately", &[]), 2);
    before.assert_same(&machine.theirs());
}
