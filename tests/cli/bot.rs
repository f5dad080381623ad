//! The bot on a terminal: made by a QR code or typed, and held against what DingTalk says. DingTalk's cloud is a stand-in.

use rexpect::session::PtySession;

use super::prompts::type_secret;
use super::terminal::{GONE, as_written, exit_code, of_columns};
use crate::bench::Machine;
use crate::bench::program::{CONFIG, PAYLOAD, assert_exit, json};

/// What the stand-in gives to whoever has scanned its code.
const BOT: (&str, &str) = ("ding-id-1", "a-secret-of-dingtalk");
const LINK: &str = "https://open-dev.dingtalk.com/openapp/registration/openClaw?user_code=";
const LEFT: &str = "left";
/// As Ctrl-C twice; the second one comes while DingTalk is asked for the last time.
const TWICE: &str = r#"
for name in /proc/[0-9]*/comm; do
  [ "$(<"$name")" = openclaw-setup ] || continue
  process=${name%/comm} process=${process#/proc/}
  kill -INT "$process"; sleep 0.03; kill -INT "$process"
done"#;

fn surrounded() -> Machine {
    let machine = Machine::brisk();
    machine.surround_with_dingtalk();
    machine
}

/// An installation that has shown its invitation and waits; what the screen shows.
fn waiting(machine: &Machine, columns: u16, more: &[&str]) -> (PtySession, String) {
    let mut terminal = of_columns(machine, columns, &[&["install", PAYLOAD], more].concat(), &[]);
    terminal.exp_string("Show the QR code? [Y/n]").unwrap();
    terminal.send_line("").unwrap();
    let shown = terminal.exp_string(LEFT).unwrap();
    (terminal, as_written(&shown))
}

fn link_in(screen: &str) -> String {
    let begin = screen.find(LINK).unwrap_or_else(|| panic!("no link: {screen}"));
    screen[begin..].chars().take_while(|c| !c.is_whitespace()).collect()
}

/// What a telephone reads off the screen: upper and lower half of each block, light where it is drawn.
fn scanned(screen: &str) -> Option<String> {
    const MODULE: usize = 4;
    let lines = screen.lines().filter_map(|line| {
        let line = line.split_once("\u{1b}[38;5;231;48;5;16m")?.1;
        Some(line.split_once("\u{1b}[0m")?.0)
    });
    let is_light = |c: char| match c {
        ' ' => (false, false),
        '▀' => (true, false),
        '▄' => (false, true),
        '█' => (true, true),
        other => panic!("{other}"),
    };
    let rows: Vec<Vec<bool>> = lines
        .flat_map(|line| {
            let halves: Vec<_> = line.chars().map(is_light).collect();
            [halves.iter().map(|half| half.0).collect(), halves.iter().map(|half| half.1).collect()]
        })
        .collect();
    let (width, height) = (rows.first()?.len() * MODULE, rows.len() * MODULE);
    let luminance = |x: usize, y: usize| if rows[y / MODULE][x / MODULE] { 255 } else { 0 };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, luminance);
    Some(image.detect_grids().first()?.decode().ok()?.1)
}

#[test]
fn a_code_that_is_scanned_makes_the_bot() {
    let machine = surrounded();
    let (mut terminal, screen) = waiting(&machine, 80, &[]);
    assert_eq!(scanned(&screen), Some(link_in(&screen)), "{screen}");
    terminal.exp_string("119:5").unwrap();
    machine.wait_until("grep -q poll ~/cloud.log");
    machine.let_dingtalk(r#"{"registration": "FAIL"}"#);
    terminal.exp_string("no right to make apps; still waiting").unwrap();
    machine.let_dingtalk(r#"{"registration": "SUCCESS"}"#);
    let mut shown = terminal.exp_string("Go ahead?").unwrap();
    assert!(shown.contains("DingTalk has made the bot ding-id-1."), "{shown}");
    terminal.send_line("y").unwrap();
    shown += &terminal.exp_string(GONE).unwrap();
    assert!(!shown.contains(BOT.1), "{shown}");
    let config = machine.read_text(CONFIG);
    assert!(config.contains(BOT.0) && config.contains(BOT.1), "{config}");
    let (cloud, _) = machine.asked_outside();
    let asked: Vec<_> = cloud.lines().filter(|line| line.contains("registration")).collect();
    let path = |step| format!("POST /app/registration/{step} 200");
    assert_eq!(asked[..2], [path("init"), path("begin")]);
    assert!(asked.len() > 4 && asked[2..].iter().all(|line| **line == path("poll")), "{cloud}");
}

#[test]
fn ctrl_c_while_waiting_leaves_nothing_and_a_narrow_terminal_has_the_link_alone() {
    let machine = surrounded();
    let before = machine.home().without("cloud.log");
    let (mut terminal, screen) = waiting(&machine, 36, &[]);
    assert!(screen.contains(&LINK[..30]) && !screen.contains('▀'), "{screen}");
    terminal.send_control('c').unwrap();
    let said = terminal.exp_string(GONE).unwrap();
    assert!(said.contains("Cancelled; nothing was changed."), "{said}");
    assert_eq!(exit_code(&machine), "130\n");
    before.assert_same(&machine.home().without("cloud.log"));
}

/// Its secret was in our memory alone: whoever does not hear of the bot never finds it again.
#[test]
fn a_bot_that_was_made_for_nothing_is_named() {
    for stopped_at in ["left", "Go ahead?"] {
        let machine = surrounded();
        let before = machine.home().without("cloud.log").without("cloud.json");
        let (mut terminal, _) = waiting(&machine, 80, &[]);
        machine.let_dingtalk(r#"{"registration": "SUCCESS"}"#);
        if stopped_at != "left" {
            terminal.exp_string(stopped_at).unwrap();
        }
        if stopped_at == "left" {
            machine.shell(TWICE);
        } else {
            terminal.send_control('c').unwrap();
        }
        let said = terminal.exp_string(GONE).unwrap();
        assert!(said.contains("Cancelled; nothing was changed, except:"), "{said}");
        assert!(said.contains("has made the bot ding-id-1, and it stays there."), "{said}");
        assert!(said.contains("not kept its secret") && !said.contains(BOT.1), "{said}");
        assert_eq!(exit_code(&machine), "130\n");
        before.assert_same(&machine.home().without("cloud.log").without("cloud.json"));
    }
}

#[test]
fn without_a_bot_from_the_code_both_are_typed_and_held_against_dingtalk() {
    let machine = surrounded();
    machine.let_dingtalk(r#"{"registration": "EXPIRED"}"#);
    let (mut terminal, _) = waiting(&machine, 80, &["--timeout", "1"]);
    terminal.exp_string("the link has expired").unwrap();
    terminal.exp_string("open-dev.dingtalk.com").unwrap();
    for (secret, told) in
        [("another-secret", "rejects the bot's client id and secret"), (BOT.1, "Go ahead?")]
    {
        terminal.exp_string("client id (AppKey)").unwrap();
        terminal.send_line(BOT.0).unwrap();
        terminal.exp_string("client secret").unwrap();
        type_secret(&machine, &mut terminal, secret);
        let said = terminal.exp_string(told).unwrap();
        assert!(!said.contains(secret), "{said}");
        if secret != BOT.1 {
            terminal.exp_string("Show the QR code?").unwrap();
            terminal.send_line("n").unwrap();
        }
    }
}

/// Where nobody can be asked, nothing is said of the bot.
#[test]
fn a_bot_that_was_given_is_held_against_dingtalk_before_anything_changes() {
    let machine = surrounded();
    let refused = |more: &[&str]| {
        let planned = machine.install(&[&["--json", "--yes"], more].concat()).run();
        let notes = json(&planned)["notes"].clone();
        let codes = notes.as_array().unwrap().iter().map(|note| note["code"].clone());
        codes.filter(|code| code == "bot-refused").count()
    };
    assert_eq!(refused(&["--offline"]), 0);
    assert_eq!(machine.asked_outside().0, "");
    machine.roll_back();
    assert_eq!(refused(&["--no-ask"]), 1);
    machine.roll_back();
    machine.dingtalk_leads_to(crate::bench::outside::NOWHERE);
    assert_eq!(refused(&["--no-ask"]), 0);
    assert!(machine.read_text(CONFIG).contains("ding-test-id"));
    assert_exit(&machine.setup(&["uninstall", "--yes"]).run(), 0);
}
