//! The command itself: ids, lists, exit codes, the archive.

use std::io::Read;

use crate::bench::said;
use crate::patient::{document, healthy};

#[test]
fn checks_are_listed_chosen_and_refused() {
    let machine = crate::bench::Machine::furnished();
    let listed = machine.ask(&["openclaw-setup", "doctor", "--list", "--lang", "en"]);
    assert!(listed.lines().count() >= 44, "{listed}");
    let chinese = machine.ask(&["openclaw-setup", "doctor", "--list", "--lang", "zh-CN"]);
    assert!(chinese.contains("访问本机的请求不经过代理"), "{chinese}");
    let one = document(&machine, &["host.node"]);
    assert_eq!(one["checksRun"].as_u64().unwrap() + one["checksSkipped"].as_u64().unwrap(), 1);
    let family = document(&machine, &["proxy"]);
    let judged = family["checksRun"].as_u64().unwrap() + family["checksSkipped"].as_u64().unwrap();
    let named = listed.lines().filter(|line| line.contains("proxy.")).count();
    assert_eq!(usize::try_from(judged).unwrap(), named, "{listed}");
    let refused = machine.run(&["openclaw-setup", "doctor", "no.such"]);
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
}

#[test]
fn warnings_count_only_when_strict() {
    let machine = healthy();
    let relaxed = machine.run(&["openclaw-setup", "doctor", "--lang", "en"]);
    assert_eq!(relaxed.status.code(), Some(0), "{}", said(&relaxed));
    let strict = machine.run(&["openclaw-setup", "doctor", "--strict", "--lang", "zh-CN"]);
    assert_eq!(strict.status.code(), Some(3), "{}", said(&strict));
}

#[test]
fn the_archive_holds_no_secret() {
    let machine = healthy();
    machine.write(".openclaw/.env", "MY_API_KEY=a-key-in-dotenv\n");
    machine.shell("chmod 600 ~/.openclaw/.env");
    let told = said(&machine.run(&["openclaw-setup", "doctor", "--bundle", "help.tar.gz"]));
    assert!(told.contains("findings.json"), "{told}");
    let mode = machine.ask(&["stat", "-c", "%a", "help.tar.gz"]);
    assert_eq!(mode, "600");
    let mut all = String::new();
    let bytes = machine.read("help.tar.gz");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
    let mut names = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        names.push(entry.path().unwrap().display().to_string());
        entry.read_to_string(&mut all).unwrap();
    }
    for secret in ["a-secret-of-dingtalk", "sandbox-api-key", "a-key-in-dotenv"] {
        assert!(!all.contains(secret), "{secret}");
    }
    for part in ["findings.json", "versions.json", "unit.json", "log.txt", "config-0.json5"] {
        assert!(names.iter().any(|name| name.ends_with(part)), "{names:?}");
    }
    let again = machine.run(&["openclaw-setup", "doctor", "--bundle", "help.tar.gz"]);
    assert_eq!(again.status.code(), Some(1), "an existing file is not replaced");
}
