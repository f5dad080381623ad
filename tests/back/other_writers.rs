//! Somebody else writes `openclaw.json` while the program works: nothing of theirs is lost, and it is said.

use std::process::Output;
use std::time::{Duration, Instant};

use crate::bench::program::{CONFIG, CONNECTOR, NEVER_READY, SECRET, assert_exit, assert_says};
use crate::bench::{HOME, Machine, Order, said};

/// An OpenClaw that takes a lock while it writes its config.
fn machine_with_a_lock() -> Machine {
    let machine = Machine::only_a_home();
    machine.let_openclaw_be("2026.5.28", CONFIG);
    machine
}

/// What tells OpenClaw's version where there is a unit.
const PACKAGE: &str = ".local/lib/node_modules/openclaw/package.json";

const LOCK: &str = ".openclaw/openclaw.json.lock";

fn lock(machine: &Machine) {
    machine.write(LOCK, format!("{{\"pid\": 1, \"createdAt\": \"{}\"}}", jiff::Timestamp::now()));
}

#[test]
fn an_edit_between_the_plan_and_the_write_stops_it_and_stays() {
    let machine = machine_with_a_lock();
    let before = machine.theirs();
    let text = machine.read_text(CONFIG);
    lock(&machine);
    let mut running = machine.install(&[]).watch();
    running.until("install connector");
    machine.edit(CONFIG, "/* the owner's choice */", "/* written meanwhile */");
    machine.shell(&format!("rm {LOCK}"));
    let failed = running.end();
    assert_exit(&failed, 1);
    assert_says(
        &failed,
        &[
            &format!("{HOME}/{CONFIG} was changed by others"),
            "Nothing written by others was overwritten",
            "was undone",
        ],
    );
    assert_eq!(
        machine.read_text(CONFIG),
        text.replace("/* the owner's choice */", "/* written meanwhile */")
    );
    before.without(CONFIG).assert_same(&machine.theirs().without(CONFIG));
    assert_exit(&machine.install(&[]).run(), 0);
}

#[test]
fn a_lock_that_is_not_let_go_is_waited_for_no_longer_than_allowed() {
    let machine = machine_with_a_lock();
    let before = machine.theirs();
    let text = machine.read_text(CONFIG);
    lock(&machine);
    let begin = Instant::now();
    let failed = machine.install(&["--timeout", "2"]).run();
    assert_exit(&failed, 1);
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    assert_says(&failed, &[&format!("{HOME}/{LOCK}"), "was undone"]);
    machine.shell(&format!("rm {LOCK}"));
    assert_eq!(machine.read_text(CONFIG), text);
    before.assert_same(&machine.theirs());
}

/// A config that cannot be read does not tell which OpenClaw it is: the lock is taken all the same.
#[test]
fn a_config_is_restored_under_the_lock_too() {
    let machine = Machine::only_a_home();
    machine.shell(&format!("cp -p {CONFIG}{{,.bak}}; truncate --size=-40 {CONFIG}"));
    let cut_off = machine.read_text(CONFIG);
    lock(&machine);
    let restore = ["doctor", "--fix", "--restore-config", "config", "--yes", "--timeout", "1"];
    let failed = machine.setup(&restore).run();
    assert_exit(&failed, 1);
    assert_says(&failed, &[&format!("{HOME}/{LOCK}"), "was undone"]);
    assert_eq!(machine.read_text(CONFIG), cut_off);
    machine.shell(&format!("rm {LOCK}"));
    machine.setup(&restore).run();
    assert_ne!(machine.read_text(CONFIG), cut_off);
}

#[test]
fn a_lock_that_is_let_go_in_time_is_waited_for() {
    let machine = machine_with_a_lock();
    lock(&machine);
    let mut running = machine.install(&[]).watch();
    running.until("install connector");
    machine.shell(&format!("rm {LOCK}"));
    assert_exit(&running.end(), 0);
    assert!(machine.read_text(CONFIG).contains("dingtalk-connector"));
    assert!(!machine.has(LOCK));
}

/// Counts upward in the config until the file `stop` comes, each time the whole file anew, and tells when a number of its own
/// was lost. With `LOCKED` it takes OpenClaw's lock, as 2026.5.28 does; with `IN PLACE` it writes into the file that is there. It rests as many
/// seconds as the second argument says.
const WRITER: &str = r"
import os, re, sys, time
path, lock = '.openclaw/openclaw.json', '.openclaw/openclaw.json.lock'
locked, in_place = sys.argv[1] == 'LOCKED', sys.argv[1] == 'IN PLACE'
count = 0
def take():
    while locked:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY)); return
        except FileExistsError:
            time.sleep(0.001)
while not os.path.exists('stop'):
    take()
    with open(path, encoding='utf-8') as file: text = file.read()
    if count and f'count {count} ' not in text:
        print('lost', count, flush=True)
    count += 1
    text = re.sub(r'/\*.*?\*/', f'/* count {count} */', text, count=1)
    with open(path if in_place else path + '.theirs', 'w', encoding='utf-8') as file: file.write(text)
    if not in_place:
        os.chmod(path + '.theirs', 0o600)
        os.rename(path + '.theirs', path)
    if locked: os.unlink(lock)
    if count == 1: open('writing', 'w').close()
    time.sleep(float(sys.argv[2]))
print('counted', count)
";

/// Installs and uninstalls by turns while the writer writes; returns what the writer told and how the runs ended.
fn beside_a_writer(machine: &Machine, kind: &str) -> (String, Vec<i32>) {
    let writer = machine.command(&["/usr/bin/python3", "-c", WRITER, kind, "0.01"]).start();
    machine.wait_until("test -e writing");
    let install = || -> Order<'_> {
        machine
            .setup(&["install", "payload/dingtalk-connector"])
            .env("OPENCLAW_SETUP_CLIENT_ID", "ding-test-id")
            .env("OPENCLAW_SETUP_CLIENT_SECRET", SECRET)
    };
    let mut codes = Vec::new();
    for turn in 0..6 {
        let ended = if turn % 2 == 0 { install() } else { machine.setup(&["uninstall"]) }.run();
        let code = ended.status.code().unwrap();
        assert!(code == 0 || code == 1, "{}", said(&ended));
        if code == 1 {
            assert_says(&ended, &["was changed by others", "was undone"]);
        }
        let has_channel = machine.read_text(CONFIG).contains("dingtalk-connector");
        assert!(machine.has(CONNECTOR) || !has_channel, "{}", said(&ended));
        codes.push(code);
    }
    machine.write("stop", "");
    (String::from_utf8(writer.wait().stdout).unwrap(), codes)
}

#[test]
fn a_writer_that_takes_the_lock_loses_nothing() {
    let machine = machine_with_a_lock();
    let (told, _) = beside_a_writer(&machine, "LOCKED");
    assert!(!told.contains("lost") && told.contains("counted"), "{told}");
    assert!(!machine.has(LOCK));
    assert_eq!(machine.shell("ls -A .openclaw | grep -c tmp || true"), "0");
}

#[test]
fn a_writer_without_a_lock_loses_nothing_either() {
    let machine = Machine::only_a_home();
    let (told, _) = beside_a_writer(&machine, "UNLOCKED");
    assert!(!told.contains("lost") && told.contains("counted"), "{told}");
    assert_eq!(machine.shell("ls -A .openclaw | grep -c tmp || true"), "0");
}

/// An installation that is interrupted at the health gate, while somebody begins to write the config again and again: how it
/// ended.
#[track_caller]
fn undone_beside_a_writer(machine: &Machine, kind: &str, rest: &str) -> Output {
    let running = machine.install_up_to_the_gate();
    let writer = machine.command(&["/usr/bin/python3", "-c", WRITER, kind, rest]).start();
    machine.wait_until("test -e writing");
    let begin = Instant::now();
    running.signal("INT");
    let ended = running.end();
    assert!(begin.elapsed() < Duration::from_secs(60), "{kind}: {}", said(&ended));
    machine.write("stop", "");
    let told = String::from_utf8(writer.wait().stdout).unwrap();
    assert!(told.contains("counted") && !told.contains("lost"), "{kind}: {told}{}", said(&ended));
    assert!(!machine.has(CONNECTOR), "{kind}: {}", said(&ended));
    assert_eq!(machine.shell("ls -A .openclaw | grep -c tmp || true"), "0", "{kind}");
    ended
}

#[test]
fn an_undo_takes_its_keys_out_beside_a_writer_and_loses_nothing_of_theirs() {
    for (kind, rest) in [("UNLOCKED", "0.15"), ("IN PLACE", "0.15"), ("LOCKED", "0.01")] {
        let is_whole = || {
            let machine = Machine::brisk_with(&[], NEVER_READY, &[]);
            if kind == "LOCKED" {
                machine.let_openclaw_be("2026.5.28", PACKAGE);
            }
            let ended = undone_beside_a_writer(&machine, kind, rest);
            if ended.status.code() == Some(4) {
                assert_says(&ended, &["another program keeps writing", "openclaw-setup recover"]);
                return false;
            }
            assert_eq!(ended.status.code(), Some(130), "{kind}: {}", said(&ended));
            let config = machine.read_text(CONFIG);
            assert!(
                !config.contains("dingtalk") && config.contains("/* count"),
                "{kind}: {config}"
            );
            true
        };
        // a busy machine may find no gap so short in all the time that an undo tries
        assert!((0..3).any(|_| is_whole()), "{kind}");
    }
}

/// Who never rests lets nothing be put back in between: it ends all the same, and `recover` does the rest.
#[test]
fn an_undo_ends_beside_a_writer_who_never_rests() {
    for kind in ["UNLOCKED", "IN PLACE"] {
        let machine = Machine::brisk_with(&[], NEVER_READY, &[]);
        let ended = undone_beside_a_writer(&machine, kind, "0");
        // one that had read our state may write it again when we are gone: no undo can know that
        if ended.status.code() != Some(130) {
            assert_exit(&ended, 4);
            assert_says(&ended, &["another program keeps writing", "openclaw-setup recover"]);
            assert_exit(&machine.setup(&["recover"]).run(), 0);
            let config = machine.read_text(CONFIG);
            assert!(!config.contains("dingtalk"), "{kind}: {config}");
        }
        assert!(machine.read_text(CONFIG).contains("/* count"), "{kind}");
    }
}
