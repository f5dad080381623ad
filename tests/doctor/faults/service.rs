//! The gateway, its unit and its manager.

use super::{Cure, Fault, LOOP, TREE, go_through, shell, start_or_fail};
use crate::bench::{Machine, said};
use crate::patient::{document, files, found, healthy, new_since, of, set, speak, start, stop};

#[test]
fn the_service_is_at_fault() {
    go_through(
        &healthy(),
        &[
            Fault {
                name: "it refuses to start",
                make: |m| m.let_the_gateway(r#"{"refuse": "no, thank you"}"#),
                named: &[LOOP],
                cure: Cure::Advice,
            },
            Fault {
                name: "its program is gone",
                make: |m| {
                    shell(
                        m,
                        "sed -i 's,dist/index.js,dist/gone.js,' ~/.config/systemd/user/openclaw-gateway.service",
                    );
                },
                named: &[LOOP, ("service.unit", "error")],
                cure: Cure::Advice,
            },
            Fault {
                name: "it is not enabled",
                make: |m| shell(m, "systemctl --user --quiet disable openclaw-gateway"),
                named: &[("service.unit", "warning")],
                cure: Cure::Advice,
            },
            Fault {
                name: "a second gateway's unit",
                make: |m| {
                    m.write(
                        ".config/systemd/user/clawdbot-gateway.service",
                        "[Service]\nExecStart=/usr/bin/clawdbot gateway --port 18789\n",
                    );
                },
                named: &[], // it does not run
                cure: Cure::Advice,
            },
            Fault {
                name: "it says that it cannot reach DingTalk",
                make: |m| {
                    speak(
                        m,
                        "gateway/channels/dingtalk-connector",
                        "[default] startAccount: get endpoint failed",
                    );
                },
                named: &[("dingtalk.stream", "error")],
                cure: Cure::Advice,
            },
            Fault {
                name: "its channel is restarted over and over",
                make: |m| {
                    speak(
                        m,
                        "gateway/channels/dingtalk-connector",
                        "[default] auto-restart attempt 3/10 in 20s",
                    );
                },
                named: &[("channel.restart-loop", "warning")],
                cure: Cure::Advice,
            },
        ],
    );
}

#[test]
fn the_gateway_does_not_run() {
    let machine = healthy();
    let well = found(&machine);
    stop(&machine);
    assert_eq!(new_since(&well, &found(&machine)), set(&[("gateway.health", "error")]));
    let stranger = machine
        .command(&["/usr/bin/python3", "-m", "http.server", "18789", "--bind", "127.0.0.1"])
        .start();
    machine.wait_until("(: </dev/tcp/127.0.0.1/18789) 2>/dev/null");
    let named = new_since(&well, &found(&machine));
    stranger.signal("KILL");
    assert_eq!(named, set(&[("gateway.health", "error"), ("gateway.listener", "error")]));
    start(&machine);
}

#[test]
fn a_second_gateway_is_named_only_where_it_is_after_the_same() {
    let machine = healthy();
    let well = found(&machine);
    let fight = [("gateway.listener", "error")];
    for (port, profile, named) in
        [("18789", "other", &fight[..]), ("19999", "other", &[]), ("19999", "", &fight)]
    {
        machine.write(
            ".config/systemd/user/clawdbot-gateway.service",
            format!("[Service]\n{profile}ExecStart=/usr/bin/python3 -c 'import time; time.sleep(900)' openclaw gateway --port {port}\n",
                profile = if profile.is_empty() { String::new() } else { format!("Environment=OPENCLAW_PROFILE={profile}\n") }),
        );
        machine.shell("systemctl --user daemon-reload; systemctl --user restart clawdbot-gateway");
        assert_eq!(new_since(&well, &found(&machine)), set(named), "{port} {profile}");
    }
}

/// In the foreground, or another user's, as with a unit of the system: read as far as rights allow,
/// named, and left alone.
#[test]
fn a_gateway_that_is_not_the_units_is_recognised() {
    let machine = healthy();
    let well = found(&machine);
    stop(&machine);
    machine.write("theirs/.openclaw/openclaw.json", r#"{"gateway": {"auth": {"mode": "none"}}}"#);
    for (by_root, home) in [(false, "/home/tester"), (true, "/home/tester/theirs")] {
        let script = format!(
            "cd {home}; exec env HOME={home} /usr/bin/python3 /home/tester/.local/lib/node_modules/openclaw/dist/index.js gateway --port 18789"
        );
        let mut order = machine.command(&["bash", "-euc", &script]);
        if by_root {
            order = order.by_root();
        }
        let gateway = order.start();
        machine.wait_ready();
        let document = document(&machine, &[]);
        gateway.signal("KILL");
        assert_eq!(new_since(&well, &of(&document)), set(&[]), "{document:#}");
        let findings = document["findings"].as_array().unwrap();
        let named = findings.iter().find(|finding| finding["checkId"] == "gateway.listener");
        let told = named.unwrap_or_else(|| panic!("{document:#}")).to_string();
        assert!(told.contains(if by_root { "root" } else { "tester" }), "{told}");
        assert!(!document.to_string().contains("disable --now"), "{document:#}");
    }
}

#[test]
fn two_openclaws_are_both_named() {
    let machine = healthy();
    machine.shell(
        r#"mkdir -p ~/newer/bin; echo '{"name": "openclaw", "version": "2026.5.7"}' >~/newer/package.json
        touch ~/newer/bin/openclaw; chmod 755 ~/newer/bin/openclaw; ln -sf ~/newer/bin/openclaw ~/.local/bin/openclaw"#,
    );
    let script =
        "PATH=~/.local/bin:$PATH exec openclaw-setup doctor --json --lang en host.openclaw";
    let output = machine.run(&["bash", "-euc", script]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let told = document["findings"][0]["message"].as_str().unwrap_or_default();
    let both = ["2026.3.13", ".local/lib/node_modules/openclaw", "2026.5.7", "/home/tester/newer"];
    assert!(both.iter().all(|part| told.contains(part)), "{document:#}");
}

#[test]
fn the_unit_is_missing_or_masked() {
    let machine = healthy();
    let well = found(&machine);
    stop(&machine);
    machine.shell(
        "mv ~/.config/systemd/user/openclaw-gateway.service ~/unit; systemctl --user daemon-reload",
    );
    assert_eq!(new_since(&well, &found(&machine)), set(&[("service.unit", "error")]));
    machine.shell("ln -s /dev/null ~/.config/systemd/user/openclaw-gateway.service; systemctl --user daemon-reload");
    let masked = new_since(&well, &found(&machine));
    assert!(masked.contains(&("service.unit".to_owned(), "error".to_owned())), "{masked:?}");
}

#[test]
fn repairs_after_which_the_gateway_is_not_healthy_are_taken_back() {
    let machine = healthy();
    stop(&machine);
    machine.shell(&format!("chmod 777 ~/{TREE}; cp -a ~/{TREE} ~/{TREE}.bak.20260101"));
    machine.let_the_gateway(r#"{"refuse": "no, thank you"}"#);
    start_or_fail(&machine);
    let broken = files(&machine);
    let failed = machine.run(&["openclaw-setup", "doctor", "--fix", "--yes", "--lang", "en"]);
    assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
    assert!(said(&failed).contains("undone: move"), "{}", said(&failed));
    assert_eq!(files(&machine), broken);
}

#[test]
fn there_is_no_user_manager() {
    let machine = Machine::start_with(&["--no-manager"]);
    machine.furnish(&["--no-start"]);
    let document = document(&machine, &["service"]);
    assert!(
        of(&document).contains(&("service.bus".to_owned(), "error".to_owned())),
        "{document:#}"
    );
    assert!(document["skipped"].to_string().contains("service.unit"));
}

#[test]
fn a_transaction_that_was_cut_off_is_named() {
    let machine = healthy();
    machine
        .shell("for t in ~/.openclaw/openclaw-setup/transactions/*/; do echo open >$t/state; done");
    let document = document(&machine, &["host.leftovers"]);
    assert!(document.to_string().contains("openclaw-setup recover"), "{document:#}");
    let status = machine.run(&["openclaw-setup", "recover"]);
    assert!(status.status.success(), "{}", said(&status));
}
