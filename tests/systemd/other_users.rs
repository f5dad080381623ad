//! Root who acts for a user, root by sudo, root's own OpenClaw.

use crate::bench::program::{CONFIG, CONNECTOR, SECRET, UNIT, assert_exit, assert_says};
use crate::bench::{HOME, Machine};

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
