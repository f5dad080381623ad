//! `apply`: a file describes the machine, and the machine becomes so, once.

use crate::bench::program::{
    BYPASS, CONFIG, DROP_IN, NEVER_READY, SECRET, UNIT, assert_exit, assert_says, json,
};
use crate::bench::{HOME, Machine, said};

const FILE: &str = "desired.json5";

/// Writes the file: a connector, and what else there is to say about the settings.
fn describe(machine: &Machine, connector: &str, settings: &str) {
    machine.write("client-secret", SECRET);
    machine.write(
        FILE,
        format!(
            "{{\n  connector: {connector},\n  settings: {{clientId: 'ding-test-id', \
             clientSecret: {{file: 'client-secret'}}, {settings}}},\n}}\n"
        ),
    );
}

fn source(place: &str) -> String {
    format!("{{source: '{HOME}/{place}'}}")
}

#[test]
fn a_machine_becomes_what_the_file_describes_and_stays_so() {
    let machine = Machine::brisk();
    describe(&machine, &source("payload/dingtalk-connector"), "");
    let first = machine.setup(&["apply", FILE, "--json"]).run();
    assert_exit(&first, 0);
    let document = json(&first);
    assert_eq!((&document["command"], &document["changed"]), (&"apply".into(), &true.into()));
    assert!(document["transaction"].is_string() && document["rung"].is_string(), "{document:#}");
    assert!(document["plan"]["steps"].as_array().unwrap().len() > 3, "{document:#}");
    assert!(!said(&first).contains(SECRET), "{}", said(&first));

    let (home, run) = (machine.home(), machine.property(UNIT, "InvocationID"));
    let again = machine.setup(&["apply", FILE, "--json"]).run();
    assert_exit(&again, 0);
    let document = json(&again);
    assert_eq!((&document["changed"], &document["rung"]), (&false.into(), &"connected".into()));
    assert!(document["transaction"].is_null(), "{document:#}");
    let check = machine.setup(&["apply", FILE, "--check"]).run();
    assert_exit(&check, 0);
    assert_says(&check, &["Nothing to do"]);
    home.assert_untouched(&machine.home());

    describe(&machine, &source("payload/dingtalk-connector"), "sessionTimeout: 700000");
    let home = machine.home();
    let check = machine.setup(&["apply", FILE, "--check"]).run();
    assert_exit(&check, 6);
    assert!(
        said(&check).contains("openclaw.json") && !said(&check).contains("700000"),
        "{}",
        said(&check)
    );
    let check = machine.setup(&["apply", FILE, "--check", "--diff"]).run();
    assert_exit(&check, 6);
    assert_says(&check, &["700000"]);
    assert_eq!(json(&machine.setup(&["apply", FILE, "--check", "--json"]).run())["changed"], true);
    home.assert_untouched(&machine.home());
    assert_eq!(machine.property(UNIT, "InvocationID"), run);
    assert_exit(&machine.setup(&["apply", FILE]).run(), 0);
    assert!(machine.read_text(CONFIG).contains("700000"));
}

#[test]
fn a_running_gateway_is_spared_where_the_file_says_so() {
    let machine = Machine::set_up();
    describe(&machine, "{}", "noProxy: 'a.lan,b.lan'");
    let restart = |from: &str, to: &str| {
        let (from, to) = (format!("{from}settings:"), format!("{to}settings:"));
        machine.write(FILE, machine.read_text(FILE).replacen(&from, &to, 1));
    };
    restart("", "restart: false, ");
    let (home, run) = (machine.home(), machine.property(UNIT, "InvocationID"));
    let check = machine.setup(&["apply", FILE, "--check"]).run();
    assert_exit(&check, 6);
    assert_says(&check, &[DROP_IN, "a real run refuses it"]);
    let refused = machine.setup(&["apply", FILE, "--json"]).run();
    assert_exit(&refused, 1);
    assert_eq!(json(&refused)["error"]["code"], "apply.restart");
    home.assert_untouched(&machine.home());
    assert_eq!(machine.property(UNIT, "InvocationID"), run);

    restart("restart: false, ", "restart: true, ");
    assert_exit(&machine.setup(&["apply", FILE]).run(), 0);
    for name in ["no_proxy", "NO_PROXY"] {
        let value = machine.variable_of_the_gateway(name).unwrap();
        assert!(value.contains("a.lan") && value.contains(BYPASS), "{value}");
    }
    restart("restart: true, ", "restart: false, ");
    let again = machine.setup(&["apply", FILE, "--json"]).run();
    assert_exit(&again, 0);
    assert_eq!(json(&again)["changed"], false);
    // nobody is disturbed where no gateway runs
    machine.shell(&format!("systemctl --user stop {UNIT}"));
    describe(&machine, "'absent'", "");
    restart("", "restart: false, ");
    assert_exit(&machine.setup(&["apply", FILE]).run(), 0);
    assert!(!machine.has(DROP_IN));
}

#[test]
fn another_version_is_upgraded_to_and_absent_is_uninstalled() {
    let machine = Machine::set_up();
    let newer = machine.connector("0.7.0");
    describe(&machine, &format!("{{version: '0.7.0', source: '{HOME}/{newer}'}}"), "");
    assert_exit(&machine.setup(&["apply", FILE]).run(), 0);
    let last = |machine: &Machine| machine.transactions()[0]["command"].clone();
    assert_eq!(last(&machine), "upgrade");
    // the version stands: its source is not needed any more
    machine.shell(&format!("rm -r {newer}"));
    assert_exit(&machine.setup(&["apply", FILE, "--check"]).run(), 0);

    describe(&machine, "{version: '0.6.0', source: '/home/tester/payload/dingtalk-connector'}", "");
    assert_exit(&machine.setup(&["apply", FILE]).run(), 0);
    assert_eq!(json(&machine.setup(&["status", "--json"]).run())["connector"]["version"], "0.6.0");

    describe(&machine, "'absent'", "");
    assert_exit(&machine.setup(&["apply", FILE, "--check"]).run(), 6);
    assert_exit(&machine.setup(&["apply", FILE]).run(), 0);
    assert_eq!(last(&machine), "uninstall");
    let again = machine.setup(&["apply", FILE, "--json"]).run();
    assert_exit(&again, 0);
    assert_eq!(json(&again)["changed"], false);
    assert_eq!(machine.transactions().len(), 4);
}

#[test]
fn a_version_whose_gateway_does_not_come_up_returns_by_itself() {
    let machine = Machine::set_up();
    let before = json(&machine.setup(&["status", "--json"]).run())["connector"]["version"].clone();
    let newer = machine.connector("0.7.0");
    machine.let_the_gateway(NEVER_READY);
    describe(&machine, &source(&newer), "");
    let failed = machine.setup(&["apply", FILE, "--json", "--timeout", "8"]).run();
    assert_exit(&failed, 1);
    assert_eq!(json(&failed)["undone"], true);
    assert_eq!(json(&machine.setup(&["status", "--json"]).run())["connector"]["version"], before);
}

#[test]
fn a_fault_of_the_file_is_told_before_anything_is_looked_at() {
    let machine = Machine::only_a_home();
    for (text, words) in [
        (
            "{\n  connector: {},\n  settings: {clientSecret: 'Cl13nt'},\n}",
            ["desired.json5:3: settings.clientSecret", "file of its own"],
        ),
        (
            "{\n  conector: {},\n}",
            ["desired.json5:2: conector: there is no such key", "Known keys: $schema, connector"],
        ),
        (
            "{\n  connector: {},\n  settings: {clientId: 'ding1'},\n}",
            ["missing required settings: clientSecret", "into \"settings\" of"],
        ),
    ] {
        machine.write(FILE, text);
        let home = machine.home();
        let refused = machine.setup(&["apply", FILE]).run();
        assert_exit(&refused, 2);
        assert_says(&refused, &words);
        home.assert_untouched(&machine.home());
    }
}
