//! Whatever stands in files, names and arguments: a terminal gets it to show, never to obey.

use super::terminal::{GONE, as_written, on_a_terminal};
use crate::bench::Machine;
use crate::bench::program::{CONFIG, DROP_IN, PAYLOAD};

const CLEAR: &str = "\u{1b}[2J\u{7}";

/// What the terminal is sent; nothing of it may be obeyed but the bar's own "clear this line".
#[track_caller]
fn sent_to(machine: &Machine, arguments: &[&str]) -> String {
    let arguments = [&["--color", "never"], arguments].concat();
    let sent = on_a_terminal(machine, &arguments).exp_string(GONE).unwrap();
    let sent = as_written(&sent).replace("\u{1b}[2K", "");
    let obeyed = sent.chars().find(|c| c.is_control() && !"\r\n\t".contains(*c));
    assert_eq!(obeyed, None, "{arguments:?}: {sent:?}");
    assert!(!sent.contains('\u{202e}'), "{arguments:?}: {sent:?}");
    sent
}

#[track_caller]
fn assert_shown(machine: &Machine, arguments: &[&str]) {
    let sent = sent_to(machine, arguments);
    assert!(sent.contains("\\x1b[2J"), "{arguments:?}: {sent:?}");
}

#[test]
fn in_arguments_and_names() {
    let machine = Machine::only_a_home();
    let (folder, answers) = (format!("folder{CLEAR}"), format!("answers{CLEAR}\u{9b}\u{202e}"));
    machine.write(&answers, "{clientId: }");
    machine.write("s", "a-S3cret-of-some-length\n");
    for arguments in [
        &[&*format!("--nope{CLEAR}")][..],
        &[&*format!("command{CLEAR}")],
        &["--timeout", &format!("1{CLEAR}"), "status"],
        &["--user", &format!("nobody{CLEAR}"), "status"],
        &["rollback", &format!("20261128-000000{CLEAR}")],
        &["install", &folder, "--client-id=ding1", "--client-secret-file=s", "--yes", "-n"],
        &[
            "install",
            &format!("npm:name{CLEAR}"),
            "--client-id=ding1",
            "--client-secret-file=s",
            "--yes",
            "-n",
        ],
        &[
            "install",
            &format!("{folder}.tgz"),
            "--client-id=ding1",
            "--client-secret-file=s",
            "--yes",
            "-n",
        ],
        &["install", PAYLOAD, "--answers", &answers, "--yes", "-n"],
        &["install", PAYLOAD, "--client-secret-file", &folder, "--yes", "-n"],
        &["doctor", &format!("no.check{CLEAR}")],
    ] {
        assert_shown(&machine, arguments);
    }
}

#[test]
fn in_files() {
    let machine = Machine::only_a_home();
    let plain = machine.read_text(CONFIG);
    let dry = ["install", PAYLOAD, "--client-id=ding1", "--client-secret-file=s", "--yes", "-n"];
    machine.write("s", "a-S3cret-of-some-length\n");
    for (from, to) in [
        (r#""bind": "loopback""#, r#""bind": "lan\u001b[2J\u0007""#),
        (r#""port": 18789"#, r#""port": 18789, "\u001b[2J": {"$include": "gone.json"}"#),
        (r#""tools": {"#, r#""tools": {"$include": "gone\u001b[2J.json5", "#),
        (r#""meta""#, "\"a\u{1b}[2J\u{9b}\": 1, \"meta\""),
    ] {
        machine.write(CONFIG, plain.replacen(from, to, 1));
        machine.shell(&format!("chmod 600 {CONFIG}"));
        sent_to(&machine, &dry);
        sent_to(&machine, &["doctor"]);
    }
    machine.write(CONFIG, plain);
    machine.shell(&format!("chmod 600 {CONFIG}; mkdir -p $(dirname {DROP_IN})"));
    machine.write(DROP_IN, format!("[Service]\n# {CLEAR}\nEnvironment=A=b{CLEAR}\n"));
    assert_shown(&machine, &dry);
    let odd = machine
        .altered_connector("0.6.2", r"sed -i 's/0\.6\.2/0.6.2-\\u001b[2J\\u0007/' package.json");
    assert_shown(&machine, &["install", &odd, "--client-id=ding1", "--client-secret-file=s", "-n"]);
}

/// Whose version or name has a line end in it, with a mark of ours behind it.
#[test]
fn no_value_begins_a_line_of_ours() {
    let machine = Machine::only_a_home();
    machine.write("s", "a-S3cret-of-some-length\n");
    let forged = "✓ checksum verified";
    let odd = machine
        .altered_connector("0.6.2", &format!(r"sed -i 's/0\.6\.2/0.6.2\\n{forged}/' package.json"));
    let folder = format!("gone\n{forged}");
    for source in [odd, folder] {
        let install = ["install", &source, "--client-id=ding1", "--client-secret-file=s", "-n"];
        let mut sent = on_a_terminal(&machine, &[&["--color", "always"], &install[..]].concat());
        let sent = as_written(&sent.exp_string(GONE).unwrap());
        assert!(sent.contains(&format!("\\n{forged}")), "{sent:?}");
        let is_forged = |line: &str| line.contains("checksum") && !line.contains("\\n✓");
        assert!(!sent.lines().any(is_forged), "{sent:?}");
    }
}

#[test]
fn in_the_unit_and_in_the_log() {
    let machine =
        Machine::brisk_with(&[], r#"{"say": [["gateway/ws", "clear\u001b[2J\u0007"]]}"#, &[]);
    machine.write(
        ".config/systemd/user/openclaw-gateway.service.d/20-odd.conf",
        "[Service]\nEnvironment=\"no_proxy=a\\x1b[2J\\x07\"\n",
    );
    machine.shell("systemctl --user daemon-reload; systemctl --user restart openclaw-gateway");
    machine.wait_ready();
    assert_shown(&machine, &["logs"]);
    machine.write("s", "a-S3cret-of-some-length\n");
    let install = ["install", PAYLOAD, "--client-id=ding1", "--client-secret-file=s", "--yes"];
    assert_shown(&machine, &[&install[..], &["-n"]].concat());
    sent_to(&machine, &["doctor"]);
}
