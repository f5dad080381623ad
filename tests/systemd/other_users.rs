//! Root who acts for a user, root by sudo, root's own OpenClaw.

use crate::bench::program::{CONFIG, CONNECTOR, SECRET, UNIT, assert_exit, assert_says};
use crate::bench::{BENCH, HOME, Machine, said};

#[test]
fn root_acts_for_a_user_and_every_file_is_the_users() {
    let machine = Machine::brisk();
    let payload = format!("{HOME}/payload/dingtalk-connector");
    let done = machine
        .setup(&["--user", "tester", "install", &payload])
        .env("OPENCLAW_SETUP_CLIENT_ID", "ding-test-id")
        .env("OPENCLAW_SETUP_CLIENT_SECRET", SECRET)
        .by_root()
        .run();
    assert_exit(&done, 0);
    for (path, owner) in machine.home().owners() {
        assert_eq!(owner, 1000, "{}", path.display());
    }
    assert_eq!(machine.chat_status(), 400);
    assert_exit(&machine.setup(&["--user", "tester", "verify"]).by_root().run(), 0);
    // root's own journal has nothing of it
    let hint = machine.setup(&["--user", "tester", "explain", "systemd.rejected"]).by_root().run();
    assert_says(&hint, &["sudo -iu tester journalctl --user -n 50"]);
}

#[test]
fn a_relative_path_means_what_it_means_to_root() {
    let machine = Machine::only_a_home();
    machine
        .write("answers.json", format!(r#"{{"clientId": "ding1", "clientSecret": "{SECRET}"}}"#));
    let by_root = |place: &str, arguments: &str| {
        let line = format!("cd {place} && openclaw-setup --user tester {arguments}");
        machine.command(&["bash", "-c", &line]).by_root().run()
    };
    let install = "install payload/dingtalk-connector --answers answers.json";
    let elsewhere = by_root(HOME, &format!("{install} --state-dir elsewhere"));
    assert_says(&elsewhere, &[&format!("{HOME}/elsewhere/openclaw.json does not exist")]);
    assert_exit(&by_root(HOME, install), 0);
    assert!(machine.has(CONNECTOR));
    // where the user may not go, the place is named
    assert_says(&by_root("/root", "install ./x"), &["/root/x"]);
}

#[test]
fn plain_sudo_by_a_user_with_an_openclaw_is_refused() {
    let machine = Machine::brisk();
    let before = machine.home();
    let payload = format!("{HOME}/payload/dingtalk-connector");
    let refused = machine
        .setup(&["install", &payload])
        .env("SUDO_UID", "1000")
        .env("SUDO_USER", "tester")
        .by_root()
        .run();
    assert_exit(&refused, 2);
    assert_says(&refused, &[&format!("{HOME}/.openclaw"), "openclaw-setup install", "--user root"]);
    before.assert_untouched(&machine.home());
}

#[test]
fn nobody_but_root_acts_for_others_and_nobody_acts_for_who_is_not_there() {
    let machine = Machine::only_a_home();
    let refused = machine.setup(&["--user", "root", "history"]).run();
    assert_exit(&refused, 1);
    assert_says(&refused, &["only root may act for another user"]);
    let refused = machine.setup(&["--user", "nemo", "history"]).by_root().run();
    assert_exit(&refused, 1);
    assert_says(&refused, &["there is no user nemo"]);
}

#[test]
fn roots_own_openclaw_under_roots_own_manager() {
    let machine = Machine::brisk_with(&["--uid", "0"], "", &[]);
    assert_exit(&machine.install(&[]).run(), 0);
    assert!(machine.read_text(CONFIG).contains("dingtalk-connector"));
    assert_eq!(machine.property(UNIT, "ActiveState"), "active");
    assert_eq!(machine.chat_status(), 400);
}

/// A user's manager and its unit, whose program leaves a mark.
fn with_a_marker() -> Machine {
    let machine = Machine::start();
    machine.write("node", "#!/bin/sh\nid -u >/home/tester/ran\necho v22.0.0\n");
    machine.write(
        ".config/systemd/user/openclaw-gateway.service",
        "[Service]\nExecStart=/home/tester/node /home/tester/openclaw/index.js gateway\n",
    );
    machine.shell("chmod 755 . node; systemctl --user daemon-reload");
    machine
}

/// A socket of the tester's, or of root's, at which the tester's manager answers whoever comes.
fn relay(machine: &Machine, by_root: bool, place: &str, bus: &str) {
    let script = format!("/usr/bin/python3 {BENCH}/relay.py {place} {bus} >/dev/null 2>&1 &");
    let order = machine.command(&["bash", "-c", &script]);
    if by_root { order.by_root() } else { order }.ask();
    machine.wait_until(&format!("[ -S {place} -a -w {place} ]"));
}

/// `su` keeps the variables of the login from which it was called.
#[test]
fn another_users_manager_does_not_say_what_root_runs() {
    let machine = with_a_marker();
    let theirs = "/home/tester/theirs";
    machine.shell(&format!("mkdir -p {theirs}/systemd {theirs}/link/systemd"));
    let refuses = |bus: &str, directory: &str, says: &[&str]| {
        let status = machine.setup(&["status"]).env("DBUS_SESSION_BUS_ADDRESS", bus);
        let refused = status.env("XDG_RUNTIME_DIR", directory).by_root().run();
        assert!(!machine.has("ran"), "{bus} {directory}: {}", said(&refused));
        assert_says(&refused, &[says, &["su - root", "--user NAME"]].concat());
    };
    let bus = "/home/tester/theirs/bus";
    relay(&machine, false, bus, "/run/user/1000/bus");
    let told = format!("{bus} belongs to tester, not to root");
    refuses(&format!("unix:path={bus}"), "/nowhere", &[&told]);
    refuses("", theirs, &[&told]);
    machine.shell(&format!("rm {bus}"));
    let private = "/home/tester/theirs/systemd/private";
    relay(&machine, false, private, "/run/user/1000/systemd/private");
    refuses("", theirs, &[&format!("{private} belongs to tester, not to root")]);
    // one that leads to root's, as long as its owner likes
    relay(&machine, true, "/run/roots", "/run/user/1000/systemd/private");
    machine.shell("ln -s /run/roots theirs/link/systemd/private");
    refuses("", "/home/tester/theirs/link", &["/home/tester/theirs belongs to tester"]);
}

#[test]
fn beside_another_users_bus_ones_own_is_found() {
    let machine = with_a_marker();
    relay(&machine, true, "/run/roots", "/run/user/1000/bus");
    let address = "unix:path=/run/roots";
    let seen = machine.setup(&["status"]).env("DBUS_SESSION_BUS_ADDRESS", address).run();
    assert!(!said(&seen).contains("belongs to root"), "{}", said(&seen));
    assert_eq!(machine.read_text("ran"), "1000\n");
}

/// Who may write above the records could put others in their place.
#[test]
fn a_folder_of_nobodys_or_of_a_group_of_several_is_no_place_for_records() {
    let machine = Machine::only_a_home();
    machine.shell("mkdir -p shared; mv .openclaw shared/state");
    let as_root = |deed: &str| {
        machine.command(&["bash", "-euc", &format!("cd {HOME}; {deed}")]).by_root().ask();
    };
    let history = || machine.setup(&["history", "--state-dir", "shared/state"]).run();
    let says = format!("{HOME}/shared");
    assert_exit(&history(), 0);
    as_root("chown nobody: shared; chmod 755 shared");
    assert_says(&history(), &[&says, "belongs to nobody"]);
    // a group of one is no danger
    as_root("chown tester: shared; chmod 775 shared");
    assert_exit(&history(), 0);
    as_root("echo other:x:4321:1000::/:/bin/sh >>/etc/passwd");
    assert_says(&history(), &[&says, "can be written by others"]);
    as_root("p=$(grep -v ^other: /etc/passwd); echo \"$p\" >/etc/passwd");
    assert_exit(&history(), 0);
    as_root("g=$(sed 's/^tester:.*/&bin/' /etc/group); echo \"$g\" >/etc/group");
    assert_says(&history(), &[&says, "can be written by others"]);
}
