//! Root who acts for a user, root by sudo, root's own OpenClaw.

use crate::bench::program::{CONFIG, SECRET, UNIT, assert_exit, assert_says};
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
