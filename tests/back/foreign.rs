//! Whose records, config and directories: what belongs to somebody else, or what others could write, is not used.

use std::process::Output;

use super::includes::{CHANNELS, spread};
use super::recover::died_in;
use crate::bench::program::{CONFIG, CONNECTOR, DROP_IN, MODELS, assert_exit, assert_says};
use crate::bench::snapshot::RECORDS;
use crate::bench::{HOME, Machine, said};

/// The home of root's own OpenClaw; the machine shares `/root` with whoever runs the tests.
const ROOTS: &str = "/home/root";

/// Somebody else on the machine.
const STRANGER: &str = "setpriv --reuid 1234 --regid 1234 --clear-groups";

impl Machine {
    /// Runs a script as the machine's root.
    pub(crate) fn by_root(&self, script: &str) {
        self.command(&["bash", "-euc", script]).by_root().ask();
    }

    /// A command of root's, who has an OpenClaw of their own in [`ROOTS`].
    fn root_runs(&self, line: &str) -> Output {
        let script = format!("HOME={ROOTS} exec openclaw-setup {line}");
        self.command(&["bash", "-euc", &script]).by_root().run()
    }
}

/// Every command that could act on the records, refused with these words; nothing has changed.
#[track_caller]
fn assert_refused(machine: &Machine, words: &[&str]) {
    let before = machine.home();
    for command in ["recover", "uninstall", "rollback", "history", "verify", "doctor --fix"] {
        let words_of_command: Vec<&str> = command.split(' ').collect();
        let refused = machine.setup(&words_of_command).run();
        assert_exit(&refused, 1);
        assert_says(&refused, words);
        assert_says(&refused, &["Nothing was touched."]);
    }
    assert_exit(&machine.install(&[]).run(), 1);
    assert_found(machine, words);
    before.assert_untouched(&machine.home());
}

/// Commands that only look go on, and say it.
#[track_caller]
fn assert_found(machine: &Machine, words: &[&str]) {
    for command in ["doctor", "status"] {
        let found = machine.setup(&[command]).run();
        assert_exit(&found, 3);
        assert_says(&found, words);
        assert_says(&found, &["host.access [error]"]);
    }
}

/// What a stranger may have made of the files, and what a command that only looks then says: whose it is, and what helps.
const CLOSED: &[(&str, &[&str])] = &[
    ("chown -R 0:0 $R", &["openclaw-setup belongs to root", "sudo chown -R tester: $R"]),
    ("chmod 777 $R", &["openclaw-setup (owner tester, mode 0777)", "chmod go-w $R"]),
    ("chmod 000 $R", &["$R (owner tester, mode 0000) is closed", "chmod u+rwX $R"]),
    ("chown 1234 $R/transactions/*/intent.json", &["intent.json belongs to 1234", "sudo mv "]),
    ("chown 0 $R/installed.json", &["installed.json belongs to root", "chown -R tester: $R/inst"]),
    ("sed -i 's/\"format\":1,/\"format\":9,/' $R/installed.json", &["json has format 9", "Update"]),
    (
        "sed -i 's/\"format\": 1,/\"format\": 9,/' $R/t*/*/intent.json",
        &["json has format 9", "Update"],
    ),
    ("chown 1234 $R/lock", &["$R/lock belongs to 1234", "chown -R tester: $R/lock"]),
    (
        "install -d -m 700 -o 0 $R/transactions/x/tree; chown 1000 $R/transactions/x",
        &["x/tree belongs to root"],
    ),
    (
        "chown 0 $O/openclaw.json",
        &["$O/openclaw.json belongs to root", "chown -R tester: $O/openclaw.json"],
    ),
    (
        "chmod 000 $O/openclaw.json",
        &["$O/openclaw.json (owner tester, mode 0000) is closed", "chmod u+rwX $O/o"],
    ),
    ("chown 0 $M; chmod 600 $M", &["models.json belongs to root", "sudo chown -R tester: $M"]),
    (
        "chown 0 $O/agents; chmod 700 $O/agents",
        &["$O/agents belongs to root", "chown -R tester: $O/agents"],
    ),
    (
        "chown 0 $O/extensions; chmod 700 $O/extensions",
        &["extensions belongs to root", "chown -R tester: $O/ext"],
    ),
    (
        "chown 0 $C/plugin.ts; chmod 600 $C/plugin.ts",
        &["plugin.ts belongs to root", "chown -R tester: $C/pl"],
    ),
    ("chown 0 $C/package.json; chmod 600 $C/package.json", &["package.json belongs to root"]),
    ("chown 0 $D; chmod 600 $D", &["override.conf belongs to root", "chown -R tester: $D"]),
    ("chown 0 $U; chmod 700 $U", &["systemd/user belongs to root", "chown -R tester: $U"]),
];

/// A part that cannot be looked at skips its checks, never the command.
#[test]
fn whatever_is_closed_to_us_doctor_and_status_go_on_and_name_it() {
    let mut wrong = Vec::new();
    for (script, words) in CLOSED {
        let machine = Machine::home_with_dingtalk();
        machine.write(MODELS, "{}");
        let places = [
            ("$R", format!("{HOME}/{RECORDS}")),
            ("$O", format!("{HOME}/.openclaw")),
            ("$M", format!("{HOME}/{MODELS}")),
            ("$C", format!("{HOME}/{CONNECTOR}")),
            ("$D", format!("{HOME}/{DROP_IN}")),
            ("$U", format!("{HOME}/.config/systemd/user")),
        ];
        let filled = |text: &str| {
            places.iter().fold(text.to_owned(), |text, (name, path)| text.replace(name, path))
        };
        assert!(!said(&machine.setup(&["doctor"]).run()).contains("host.access"));
        machine.by_root(&filled(script));
        for command in ["doctor", "status", "doctor --json", "status --json"] {
            let found = machine.setup(&command.split(' ').collect::<Vec<_>>()).run();
            let words = words.iter().map(|word| filled(word));
            let missing: Vec<_> = words.filter(|word| !said(&found).contains(word)).collect();
            let is_right = found.status.code() == Some(3) && missing.is_empty();
            if !is_right || said(&found).contains("connector does not exist") {
                wrong.push(format!("{script}: {command}: {missing:?}\n{}", said(&found)));
            }
        }
        let changed = machine.setup(&["uninstall"]).run();
        // what was only prepared is in nobody's way, even where it cannot be swept
        let is_swept = script.starts_with("install ") && said(&changed).contains("cannot remove");
        if changed.status.code() != Some(i32::from(!is_swept)) {
            wrong.push(format!("{script}: uninstall: {}", said(&changed)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A journal of an install that died, made anew by a stranger so that its undo would write `/tmp/pwned`.
fn planted(machine: &Machine) {
    machine.shell(&format!(
        "mv {RECORDS} /tmp/theirs; chmod -R a+rwX /tmp/theirs; chmod 777 .openclaw; chmod 711 ~"
    ));
    machine.by_root(&format!(
        "{STRANGER} cp -R /tmp/theirs {HOME}/{RECORDS}
         {STRANGER} sed -i 's#{HOME}/{CONFIG}\"#/tmp/pwned\"#' {HOME}/{RECORDS}/transactions/*/intent.json
         chmod -R a+rwX {HOME}/{RECORDS}"
    ));
}

#[test]
fn records_that_another_user_planted_are_refused() {
    let (machine, _) = died_in("install");
    planted(&machine);
    let state_dir = format!("{HOME}/.openclaw (owner tester, mode 0777)");
    assert_refused(&machine, &[&state_dir, "chmod go-w /home/tester/.openclaw"]);
    machine.shell("chmod 700 .openclaw");
    assert_refused(&machine, &[&format!("{HOME}/{RECORDS} belongs to 1234 (mode 0777)")]);
    // root, to whom the state directory does not belong either
    for (command, exit) in [("recover", 1), ("status", 3), ("uninstall --purge", 1)] {
        let refused = machine.root_runs(&format!("--state-dir {HOME}/.openclaw {command}"));
        assert_exit(&refused, exit);
        assert_says(&refused, &["belongs to tester", "sudo openclaw-setup --user tester"]);
    }
    assert!(!machine.has("/tmp/pwned"));
}

#[test]
fn each_record_is_looked_at() {
    for (record, change) in [
        ("", "chmod g+w"),
        ("/transactions", "chmod o+w"),
        ("/transactions/$id", "chmod 1777"),
        ("/transactions/$id/intent.json", "chmod g+w"),
        ("/transactions/$id/state", "chown 1234"),
        ("/transactions/$id", "chown 1234"),
        ("/installed.json", "chmod o+w"),
        ("/lock", "chmod o+w"),
    ] {
        let machine = Machine::home_with_dingtalk();
        let record = record.replace("$id", &machine.newest());
        machine.by_root(&format!("{change} {HOME}/{RECORDS}{record}"));
        let before = machine.home();
        let refused = machine.setup(&["uninstall"]).run();
        assert_exit(&refused, 1);
        assert_says(&refused, &[&format!("{HOME}/{RECORDS}{record} ")]);
        before.assert_untouched(&machine.home());
    }
}

#[test]
fn a_state_directory_that_others_could_replace_is_refused() {
    let machine = Machine::home_with_dingtalk();
    for (mode, exit) in [("777", 1), ("1777", 0), ("755", 0)] {
        machine.shell(&format!("chmod {mode} ~"));
        assert_exit(&machine.setup(&["history"]).run(), exit);
    }
    machine.by_root(&format!("mkdir {HOME}/roots; chmod 700 {HOME}/roots"));
    let refused = machine.root_runs(&format!("--state-dir {HOME}/roots recover"));
    assert_exit(&refused, 1);
    assert_says(&refused, &[&format!("{HOME} belongs to tester")]);
}

#[test]
fn a_forged_journal_leads_nowhere_else() {
    let config = format!("{HOME}/{CONFIG}");
    for (old, new) in [
        (format!("\"{config}\""), "\"/etc/cron.d/pwned\"".to_owned()),
        (format!("\"{config}\""), format!("\"{HOME}/.openclaw/../.profile\"")),
        (format!("\"{HOME}/{CONNECTOR}\""), format!("\"{HOME}/.local\"")),
        ("\"role\": \"drop-in\"".to_owned(), "\"role\": \"record\"".to_owned()),
        ("\"mode\": 384".to_owned(), "\"mode\": 2541".to_owned()),
        ("\"mode\": 493".to_owned(), "\"mode\": 1023".to_owned()),
    ] {
        let (machine, _) = died_in("install");
        let intent = format!("{RECORDS}/transactions/{}/intent.json", machine.newest());
        machine.edit(&intent, &old, &new);
        let before = machine.home();
        for command in ["recover", "uninstall", "rollback"] {
            let refused = machine.setup(&[command]).run();
            assert_exit(&refused, 1);
            assert_says(&refused, &["journal refused", &intent, "mv "]);
        }
        before.assert_untouched(&machine.home());
        assert!(!machine.has("/etc/cron.d/pwned"));
        // what the message says to do
        let refused = said(&machine.setup(&["recover"]).run());
        let line = refused.lines().find_map(|line| Some(line.split_once("away: ")?.1)).unwrap();
        machine.shell(line);
        assert_exit(&machine.setup(&["recover"]).run(), 0);
    }
}

#[test]
fn a_committed_journal_that_leads_elsewhere_is_not_rolled_back() {
    let machine = Machine::home_with_dingtalk();
    let intent = format!("{RECORDS}/transactions/{}/intent.json", machine.newest());
    machine.edit(&intent, &format!("\"{HOME}/{CONFIG}\""), "\"/etc/cron.d/pwned\"");
    let refused = machine.setup(&["rollback"]).run();
    assert_exit(&refused, 1);
    assert_says(&refused, &["journal refused", &intent, "/etc/cron.d/pwned"]);
}

#[test]
fn a_config_of_another_owner_is_not_edited() {
    let machine = Machine::home_with_dingtalk();
    machine.by_root(&format!(
        "mkdir -p {ROOTS}/.openclaw; chmod 700 {ROOTS}/.openclaw; cp {HOME}/{CONFIG} {ROOTS}/theirs.json
         chown 0:0 {ROOTS}/theirs.json; ln -s {ROOTS}/theirs.json {HOME}/link.json; chown -h 1000 {HOME}/link.json
         ln -s {HOME}/{CONFIG} {ROOTS}/.openclaw/openclaw.json; cp -R {HOME}/payload {ROOTS}/"
    ));
    let roots = &format!("sha256sum {ROOTS}/theirs.json {HOME}/{CONFIG}");
    let before = machine.command(&["bash", "-euc", roots]).by_root().ask();
    let install = &format!("install {ROOTS}/payload/dingtalk-connector");
    let settings = "OPENCLAW_SETUP_CLIENT_ID=ding-id OPENCLAW_SETUP_CLIENT_SECRET=abc123def456";
    for (variables, place) in [
        (String::new(), format!("{HOME}/{CONFIG}")),
        (format!("OPENCLAW_CONFIG_PATH={HOME}/link.json"), format!("{HOME}/link.json")),
    ] {
        for command in [install.as_str(), "uninstall", "doctor --fix"] {
            let script = format!("HOME={ROOTS} {settings} {variables} openclaw-setup {command}");
            let refused = machine.command(&["bash", "-euc", &script]).by_root().run();
            assert_exit(&refused, 1);
            assert_says(&refused, &[&place, "belongs to tester", "--user tester"]);
        }
    }
    assert_eq!(machine.command(&["bash", "-euc", roots]).by_root().ask(), before);
}

#[test]
fn an_include_and_a_unit_directory_of_another_owner_are_not_touched() {
    let machine = spread();
    machine.by_root(&format!("chown 1234 {HOME}/{CHANNELS}"));
    let before = machine.home();
    let refused = machine.install(&[]).run();
    assert_exit(&refused, 1);
    assert_says(&refused, &[&format!("{CHANNELS} belongs to 1234")]);
    before.assert_untouched(&machine.home());
    machine.by_root(&format!("chown 1000 {HOME}/{CHANNELS}; chown 0 {HOME}/.config/systemd/user"));
    let refused = machine.install(&[]).run();
    assert_exit(&refused, 1);
    assert_says(&refused, &[".config/systemd/user belongs to root", "sudo chown -R tester:"]);
}

#[test]
fn records_of_a_newer_program_are_refused_not_taken_for_none() {
    let machine = Machine::home_with_dingtalk();
    machine.edit(&format!("{RECORDS}/installed.json"), "\"format\":1", "\"format\":2,\"new\":[]");
    let before = machine.home();
    for (command, exit) in [("uninstall", 1), ("verify", 1), ("status", 3), ("doctor", 3)] {
        let refused = machine.setup(&[command]).run();
        assert_exit(&refused, exit);
        assert_says(&refused, &["installed.json has format 2", "Update openclaw-setup"]);
    }
    assert_exit(&machine.install(&[]).run(), 1);
    before.assert_untouched(&machine.home());
}

#[test]
fn no_umask_makes_records_that_we_cannot_read_or_others_can() {
    for umask in ["0777", "0277", "0000"] {
        let machine = Machine::only_a_home();
        let before = machine.theirs();
        let script =
            format!("umask {umask}; exec openclaw-setup install {HOME}/payload/dingtalk-connector");
        let install = machine
            .command(&["bash", "-euc", &script])
            .env("OPENCLAW_SETUP_CLIENT_ID", "ding-test-id")
            .env("OPENCLAW_SETUP_CLIENT_SECRET", "s3cret");
        assert_exit(&install.run(), 0);
        assert_eq!(
            machine.shell(&format!(
                "find {RECORDS} -not -path '*/tree/*' -perm /077; find {RECORDS} -not -perm -u+r"
            )),
            ""
        );
        let others = machine.shell(&format!("find .openclaw .config -perm /022 -not -type l; stat -c %a .config/systemd/user/openclaw-gateway.service.d {CONNECTOR}"));
        assert_eq!(others, "755\n755", "{umask}");
        assert_exit(&machine.setup(&["verify"]).run(), 0);
        assert_exit(&machine.setup(&["rollback"]).run(), 0);
        before.assert_same(&machine.theirs());
    }
}
