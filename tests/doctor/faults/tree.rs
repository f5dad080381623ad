//! A damaged tree made whole: from which source, with which dependencies, and where there is none.

use crate::bench::{HOME, Machine, said};
use crate::patient::{document, files, fix, found, healthy, new_since, of, set, stop};

use super::{LOOP, TREE, start_or_fail};

/// An npm that makes of each dependency a package of the wanted version, without asking anybody.
const NPM: &str = r#"#!/usr/bin/python3
import json, os, sys
if sys.argv[1] in ("config", "ping"):
    sys.exit()
for name, version in json.load(open("package.json"))["dependencies"].items():
    os.makedirs(f"node_modules/{name}")
    package = {"name": name, "version": version.lstrip("^")}
    json.dump(package, open(f"node_modules/{name}/package.json", "w"))
"#;

/// A payload beside the sample, made from it by a script that runs in it.
fn payload(machine: &Machine, place: &str, script: &str) {
    machine.shell(&format!(
        "mkdir -p ~/{place}; cp -R ~/payload/dingtalk-connector/. ~/{place}; cd ~/{place}; rm SHA256SUMS
        {script}
        find . -type f ! -name SHA256SUMS -printf '%P\\n' | LC_ALL=C sort | xargs sha256sum >SHA256SUMS"
    ));
}

fn version(number: &str) -> String {
    format!("sed -i 's/\"version\": \"0.6.0\"/\"version\": \"{number}\"/' *.json")
}

/// Runs `openclaw-setup` in a shell, with the words before it; expects this exit code.
fn run(machine: &Machine, before: &str, words: &str, code: i32) -> String {
    let script = format!("{before} openclaw-setup {words} --lang en");
    let output = machine.run(&["bash", "-uc", &script]);
    assert_eq!(output.status.code(), Some(code), "{script}: {}", said(&output));
    said(&output)
}

/// Stops the gateway, makes the fault, and lets the gateway run as it then can.
fn damage(machine: &Machine, script: &str) {
    stop(machine);
    machine.shell(&format!("cd ~/{TREE}; {script}"));
    start_or_fail(machine);
}

fn errors(machine: &Machine, check: &str) -> bool {
    of(&document(machine, &[check])).contains(&(check.to_owned(), "error".to_owned()))
}

const INSTALL: &str = "--client-id ding-id-1 --client-secret-file ~/secret --yes";

/// DingTalk set up with the payload in `place`.
fn set_up(machine: &Machine, before: &str, place: &str) {
    machine.shell("printf a-secret-of-dingtalk >~/secret; chmod 600 ~/secret");
    run(machine, before, &format!("install ~/{place} {INSTALL}"), 0);
}

#[test]
fn only_what_is_proven_to_be_the_same_is_put_back() {
    let machine = healthy();
    let well = found(&machine);
    let whole = files(&machine);
    damage(&machine, "echo '// mine' >>plugin.ts; echo mine >notes.txt");
    let broken = files(&machine);
    machine.shell("mv ~/payload ~/away");
    let hint = document(&machine, &["plugin.checksum"]).to_string();
    let place = format!("openclaw-setup install {HOME}/payload/dingtalk-connector");
    assert!(hint.contains(&place), "{hint}");
    assert!(fix(&machine, &["plugin.checksum"]).contains("Nothing here has a safe repair"));
    // at its place, but another one, though it calls itself the same
    machine.shell("cp -a ~/away ~/payload; cd ~/payload/dingtalk-connector; echo >>plugin.ts");
    machine.shell("cd ~/payload/dingtalk-connector; rm SHA256SUMS; sha256sum * >SHA256SUMS");
    assert!(fix(&machine, &["plugin.checksum"]).contains("Nothing here has a safe repair"));
    assert_eq!(files(&machine), broken);
    // where packages put theirs
    machine.shell("mkdir -p ~/stock/dingtalk-connector; mv ~/away/dingtalk-connector ~/stock/dingtalk-connector/0.6.0");
    let stock = "OPENCLAW_SETUP_PAYLOADS=~/stock";
    let shown = run(&machine, stock, "doctor --fix -n plugin.checksum", 0);
    assert!(shown.contains(&format!("installed again from {HOME}/stock")), "{shown}");
    assert!(shown.contains("2 paths of the installed tree were changed"), "{shown}");
    assert!(shown.contains(&format!("{HOME}/{TREE}/notes.txt")), "{shown}");
    assert_eq!(files(&machine), broken);
    let told = run(&machine, stock, "doctor --fix --yes", 0);
    assert_eq!(files(&machine), whole, "{told}");
    assert_eq!(new_since(&well, &found(&machine)), set(&[]));
    machine.shell("grep -r mine ~/.openclaw/openclaw-setup/transactions/*/tree/notes.txt");
    machine.roll_back();
    assert_eq!(files(&machine), broken);
}

#[test]
fn without_a_record_the_newest_that_fits_is_put_there() {
    let machine = healthy();
    for number in ["0.6.0", "0.7.10", "0.8.13"] {
        payload(&machine, &format!("stock/dingtalk-connector/{number}"), &version(number));
    }
    damage(&machine, "rm ~/.openclaw/openclaw-setup/installed.json; cd; rm -r $OLDPWD");
    let broken = files(&machine);
    assert!(errors(&machine, "plugin.present"));
    let stock = "OPENCLAW_SETUP_PAYLOADS=~/stock";
    run(&machine, stock, "doctor --fix --yes", 0);
    let package = machine.read_text(format!("{TREE}/package.json"));
    assert!(package.contains("0.7.10"), "0.8.13 does not load on OpenClaw 2026.3.13: {package}");
    assert!(!errors(&machine, "plugin.present") && !errors(&machine, "config.channel-orphan"));
    run(&machine, "", "verify", 0);
    machine.roll_back();
    assert_eq!(files(&machine), broken);
    assert!(!machine.has(".openclaw/openclaw-setup/installed.json"));
    // one that stands there, damaged, is not made another version
    machine.shell(&format!(
        "mkdir ~/{TREE}; cd ~/{TREE}; cp ~/payload/dingtalk-connector/package.json ."
    ));
    run(&machine, stock, "doctor --fix --yes", 0);
    assert!(machine.read_text(format!("{TREE}/package.json")).contains("0.6.0"));
}

#[test]
fn a_link_in_the_place_of_the_tree_becomes_a_tree() {
    let machine = healthy();
    let well = found(&machine);
    let whole = files(&machine);
    damage(&machine, "cd; mkdir work; mv $OLDPWD work/mine; ln -s ../../work/mine $OLDPWD");
    let broken = files(&machine);
    let named = [("plugin.mode-link", "error"), ("config.channel-orphan", "error"), LOOP];
    assert_eq!(new_since(&well, &found(&machine)), set(&named));
    let told = fix(&machine, &[]);
    assert_eq!(new_since(&well, &found(&machine)), set(&[]), "{told}");
    assert_eq!(files(&machine), whole);
    machine.roll_back();
    assert_eq!(files(&machine), broken);
    assert!(machine.has("work/mine/plugin.ts"));
    // it leads nowhere: then only a payload helps
    machine.shell("mv ~/work/mine ~/work/moved");
    assert!(errors(&machine, "plugin.present"));
    fix(&machine, &[]);
    assert_eq!(files(&machine), whole);
}

#[test]
fn modes_alone_are_mended_in_their_place() {
    let machine = healthy();
    let inode = |machine: &Machine| machine.shell(&format!("stat -c %i ~/{TREE}"));
    let before = inode(&machine);
    let whole = files(&machine);
    damage(&machine, "chmod 777 . plugin.ts; chmod 600 package.json");
    let broken = files(&machine);
    fix(&machine, &[]);
    assert_eq!(inode(&machine), before);
    assert_eq!(files(&machine), whole);
    machine.roll_back();
    assert_eq!(files(&machine), broken);
}

const WITH_DEPENDENCIES: &str = r#"sed -i 's/"private"/"dependencies": {"axios": "1.2.3", "dingtalk-stream": "^2.1.4"}, "private"/' package.json"#;
const WITH_NPM: &str = "PATH=~/npm:$PATH";
const WITHOUT_NPM: &str =
    "it=$(command -v openclaw-setup); openclaw-setup() { PATH=/ $it \"$@\"; };";

#[test]
fn dependencies_are_fetched_by_npm() {
    let machine = Machine::furnished();
    machine.write("npm/npm", NPM);
    machine.shell("chmod 755 ~/npm/npm");
    payload(&machine, "with-dependencies", WITH_DEPENDENCIES);
    set_up(&machine, WITH_NPM, "with-dependencies");
    let well = found(&machine);
    let whole = files(&machine);
    let wrong = "sed -i s/2.1.4/2.1.5/ node_modules/dingtalk-stream/package.json";
    let goes = "rm -r node_modules/axios";
    let source_goes = "mv ~/with-dependencies ~/away";
    for (fault, more) in [(wrong, "true"), (goes, "true"), (wrong, source_goes)] {
        damage(&machine, fault);
        machine.shell(more);
        let broken = files(&machine);
        let named = [("plugin.deps", "error"), ("plugin.checksum", "warning")];
        assert_eq!(new_since(&well, &found(&machine)), set(&named), "{fault}");
        // nothing is asked that must not be, or is not there
        for (before, words, hint) in [
            (WITH_NPM, "doctor --fix --yes --offline", "--offline forbids"),
            (WITHOUT_NPM, "doctor --fix --yes", "there is no npm here"),
        ] {
            let told = run(&machine, before, words, 3);
            assert!(told.contains(hint), "{told}");
            let has_source = more == "true";
            assert_eq!(told.contains("No copy on this machine is proven"), !has_source, "{told}");
            assert_eq!(files(&machine), broken, "{told}");
        }
        let told = run(&machine, WITH_NPM, "doctor --fix --yes", 0);
        assert!(told.contains("dingtalk-stream 2.1.4 instead of ^2.1.4"), "{told}");
        assert_eq!(new_since(&well, &found(&machine)), set(&[]), "{told}");
        assert_eq!(files(&machine), whole);
        run(&machine, "", "verify", 0);
        machine.roll_back();
        assert_eq!(files(&machine), broken);
        run(&machine, WITH_NPM, "doctor --fix --yes", 0);
    }
}

/// The dependencies that stand there are as they were fetched: then nothing has to be fetched.
#[test]
fn whole_dependencies_are_kept() {
    let machine = Machine::furnished();
    machine.write("npm/npm", NPM);
    machine.shell("chmod 755 ~/npm/npm");
    payload(&machine, "with-dependencies", WITH_DEPENDENCIES);
    set_up(&machine, WITH_NPM, "with-dependencies");
    let whole = files(&machine);
    damage(&machine, "rm plugin.ts");
    let broken = files(&machine);
    run(&machine, WITHOUT_NPM, "doctor --fix --yes --offline", 0);
    assert_eq!(files(&machine), whole);
    machine.roll_back();
    assert_eq!(files(&machine), broken);
}

#[test]
fn dependencies_that_a_payload_brings_need_no_npm() {
    let machine = Machine::furnished();
    let script = format!(
        "{WITH_DEPENDENCIES}; for p in axios:1.2.3 dingtalk-stream:2.1.4; do
          mkdir -p node_modules/${{p%:*}}; echo '{{\"version\": \"'${{p#*:}}'\"}}' >node_modules/${{p%:*}}/package.json; done"
    );
    payload(&machine, "bundle", &script);
    set_up(&machine, "", "bundle");
    let well = found(&machine);
    damage(&machine, "rm -r node_modules/dingtalk-stream");
    let broken = files(&machine);
    let named = [("plugin.deps", "error"), ("plugin.checksum", "warning")];
    assert_eq!(new_since(&well, &found(&machine)), set(&named));
    run(&machine, WITHOUT_NPM, "doctor --fix --yes --offline plugin.deps", 0);
    assert_eq!(new_since(&well, &found(&machine)), set(&[]));
    machine.roll_back();
    assert_eq!(files(&machine), broken);
}

/// Connector 0.8.20 on OpenClaw 2026.4.9: the first pair that needs the link.
#[test]
fn the_connector_is_led_to_its_host() {
    let machine = Machine::furnished();
    stop(&machine);
    machine.shell("sed -i s/2026.3.13/2026.4.9/ ~/.local/lib/node_modules/openclaw/package.json ~/.config/systemd/user/openclaw-gateway.service");
    start_or_fail(&machine);
    payload(&machine, "newer", &version("0.8.20"));
    set_up(&machine, "", "newer");
    let host = format!("{HOME}/.local/lib/node_modules/openclaw");
    let link = format!("{TREE}/node_modules/openclaw");
    // the installation has linked it, and it counts as what was installed
    assert_eq!(machine.shell(&format!("readlink ~/{link}")), host);
    run(&machine, "", "verify", 0);
    let again = run(&machine, "", &format!("install ~/newer {INSTALL}"), 0);
    assert!(again.contains("Nothing to do"), "{again}");
    for fault in [
        "rm node_modules/openclaw",
        "ln -sfn /usr/lib node_modules/openclaw",
        "rm -r node_modules; mkdir -p node_modules/openclaw/dist",
    ] {
        damage(&machine, fault);
        let broken = files(&machine);
        assert!(errors(&machine, "plugin.host-link"), "{fault}");
        let told = fix(&machine, &["plugin.host-link"]);
        assert!(told.contains(&format!("will point to {host}")), "{told}");
        assert_eq!(machine.shell(&format!("readlink ~/{link}")), host);
        assert!(!errors(&machine, "plugin.host-link"), "{told}");
        run(&machine, "", "verify", 0);
        machine.roll_back();
        assert_eq!(files(&machine), broken);
        fix(&machine, &["plugin.host-link"]);
    }
    // the link is part of what is installed now
    let linked = files(&machine);
    damage(&machine, "rm -r node_modules plugin.ts");
    fix(&machine, &[]);
    assert_eq!(files(&machine), linked);
    let again = run(&machine, "", &format!("install ~/newer {INSTALL}"), 0);
    assert!(again.contains("Nothing to do"), "{again}");
}
