//! No secret in any output, process argument, environment of a child, or journal.

use crate::bench::program::{PAYLOAD, UNIT, assert_exit};
use crate::bench::{Machine, said};

const SECRETS: [&str; 3] = ["cl13nt-s3cret", "t0ken-s3cret", "k3y-s3cret"];
const OPTIONS: [&str; 8] = [
    "--client-id=ding1",
    "--client-secret-file=s",
    "--gateway-token-file=t",
    "--api-key-file=k",
    "--gateway-auth=token",
    "--base-url=http://model.example:8080",
    "--model=gpt-5.4",
    "--yes",
];

fn furnish_secrets(machine: &Machine) {
    for (name, secret) in ["s", "t", "k"].into_iter().zip(SECRETS) {
        machine.write(name, format!("{secret}\n"));
    }
    machine.shell("chmod 600 s t k");
}

#[track_caller]
fn assert_clean(text: &str) {
    for secret in SECRETS.into_iter().chain(["sandbox-api-key"]) {
        assert!(!text.contains(secret), "{secret} is in:\n{text}");
    }
}

#[test]
fn not_in_what_the_program_says_nor_in_the_journal() {
    let machine = Machine::brisk();
    furnish_secrets(&machine);
    for more in
        [&["--dry-run"][..], &["--dry-run", "--json"], &["--json", "--verbose"], &["--verbose"]]
    {
        let done = machine.setup(&[&["install", PAYLOAD], &OPTIONS[..], more].concat()).run();
        assert_exit(&done, 0);
        assert_clean(&said(&done));
    }
    for command in ["status", "verify", "history"] {
        for more in [&[][..], &["--json", "--verbose"]] {
            assert_clean(&said(&machine.setup(&[&[command], more].concat()).run()));
        }
    }
    assert_clean(&machine.shell("journalctl --user --no-pager"));
}

#[test]
fn not_in_what_it_says_of_a_gateway_that_fails() {
    let machine = Machine::brisk();
    furnish_secrets(&machine);
    machine.let_the_gateway(&format!(
        r#"{{"only_with_connector": true, "refuse": "Gateway failed to start: bad token {}"}}"#,
        SECRETS[1]
    ));
    for more in [&[][..], &["--json"]] {
        let failed = machine.setup(&[&["install", PAYLOAD], &OPTIONS[..], more].concat()).run();
        assert_exit(&failed, 1);
        assert!(said(&failed).contains("bad token"), "{}", said(&failed));
        assert_clean(&said(&failed));
    }
}

#[test]
fn not_in_the_arguments_or_environment_of_any_process_it_starts() {
    let machine = Machine::brisk_with(&[], r#"{"stop_after": 2}"#, &[]);
    furnish_secrets(&machine);
    machine.remove_bus(); // every question to systemd is now a child process
    let trace = [
        "strace",
        "-f",
        "-s",
        "100000",
        "-v",
        "-e",
        "trace=execve",
        "-o",
        "trace",
        "openclaw-setup",
        "install",
        PAYLOAD,
    ];
    let done = machine
        .command(&[&trace, &OPTIONS[..]].concat())
        .env("OPENCLAW_SETUP_CLIENT_SECRET", SECRETS[0])
        .run();
    assert_exit(&done, 0);
    let trace = machine.read_text("trace");
    let children: Vec<&str> = trace.lines().filter(|line| line.contains("systemctl")).collect();
    assert!(children.len() > 3, "{trace}");
    children.into_iter().for_each(assert_clean);
    assert_eq!(machine.property(UNIT, "ActiveState"), "active");
}
