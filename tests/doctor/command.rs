//! The command itself: ids, lists, exit codes, the archive.

use std::io::Read;

use crate::bench::said;
use crate::patient::{document, edit, healthy, of, plain_config};

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
    let quiet = machine.run(&["openclaw-setup", "doctor", "--quiet"]);
    assert_eq!((quiet.status.code(), said(&quiet).trim()), (Some(0), ""));
    let short = said(&relaxed);
    assert!(!short.contains("✓ config.syntax") && !short.contains("– skipped"), "{short}");
    let whole = said(&machine.run(&["openclaw-setup", "doctor", "-v", "--lang", "en"]));
    assert!(whole.contains("✓ config.syntax OpenClaw can read its config"), "{whole}");
    assert!(whole.contains("– skipped: "), "{whole}");
    let strict = machine.run(&["openclaw-setup", "doctor", "--strict", "--lang", "zh-CN"]);
    assert_eq!(strict.status.code(), Some(3), "{}", said(&strict));
}

#[test]
fn fix_ends_with_what_it_did_and_what_is_left() {
    let machine = healthy();
    plain_config(&machine);
    edit(&machine, "c['models']['providers']['openai']['apiKey']='your-api-key'");
    machine.shell("chmod 777 ~/.openclaw/extensions/dingtalk-connector");
    let fixed = |document: &serde_json::Value| {
        let text = document["fixed"].to_string();
        text.contains("plugin.mode-link") && !text.contains("llm.credentials")
    };
    let left = |document: &serde_json::Value| {
        let left: Vec<_> = of(document).into_iter().map(|(id, _)| id).collect();
        left.contains(&"llm.credentials".to_owned())
            && !left.contains(&"plugin.mode-link".to_owned())
    };
    let planned = document(&machine, &["--fix", "-n"]);
    assert!(fixed(&planned) && left(&planned), "{planned:#}");
    assert_eq!((&planned["ok"], &planned["dryRun"]), (&false.into(), &true.into()));
    let text = said(&machine.run(&["openclaw-setup", "doctor", "--fix", "-n", "--lang", "en"]));
    assert!(
        text.contains("Would be fixed:\n✗ ") && text.contains("\n✗ plugin.mode-link"),
        "{text}"
    );
    assert!(text.contains("Would stay open:\n✗ llm.credentials"), "{text}");

    let done = document(&machine, &["--fix", "--yes"]);
    assert!(fixed(&done) && left(&done), "{done:#}");
    assert_eq!(done["ok"], false);
    assert!(done["transaction"].is_string(), "{done:#}");
    machine.roll_back();
    let again = machine.run(&["openclaw-setup", "doctor", "--fix", "--yes", "--lang", "en"]);
    let text = said(&again);
    assert_eq!(again.status.code(), Some(3), "{text}");
    assert!(text.contains("Fixed:\n✓ ") && text.contains("\n✓ plugin.mode-link"), "{text}");
    assert!(text.contains("Still open:\n✗ llm.credentials"), "{text}");
    let whole = document(&machine, &["--fix", "--yes", "plugin"]);
    assert_eq!((&whole["ok"], &whole["changes"]), (&true.into(), &false.into()), "{whole:#}");
}

#[test]
fn the_archive_holds_no_secret() {
    let machine = healthy();
    machine.write(".openclaw/.env", "MY_API_KEY=a-key-in-dotenv\n");
    machine.shell("chmod 600 ~/.openclaw/.env");
    let told = said(&machine.run(&["openclaw-setup", "doctor", "--bundle", "help.tar.gz"]));
    assert!(told.contains("findings.json") && told.contains("written: help.tar.gz"), "{told}");
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
    // killed before all of it is on the disk
    let strace = "strace -f -qq -o /dev/null -e trace=fsync -e inject=fsync:signal=KILL";
    let killed = format!("{strace} openclaw-setup doctor --bundle killed.tar.gz || echo $?");
    assert_eq!(machine.shell(&killed).lines().last(), Some("137"));
    assert!(!machine.has("killed.tar.gz"));
    machine.run(&["openclaw-setup", "doctor", "--bundle", "killed.tar.gz"]);
    machine.shell("tar tzf killed.tar.gz");
}
