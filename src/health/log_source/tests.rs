//! Where the log lies, and what of a line is shown.

use std::fs::File;
use std::io::Write;

use serde_json::json;

use super::{LogLine, Redaction, *};
use crate::redaction::MASK;

#[test]
fn journal_entries_are_read_whoever_speaks() {
    let entry = |transport: &str, message: &str| {
        let entry = format!(
            r#"{{"__REALTIME_TIMESTAMP":"7","_TRANSPORT":"{transport}","MESSAGE":{message}}}"#
        );
        let line = of_journal(&entry).unwrap();
        (line.speaker, line.text)
    };
    let pair = |speaker: &str, text: &str| (speaker.to_owned(), text.to_owned());
    assert_eq!(entry("stdout", r#""[gateway] up""#), pair("gateway", "up"));
    assert_eq!(entry("stdout", "[65,66,255]"), pair("", "AB\u{fffd}"));
    assert_eq!(entry("stdout", "null"), pair("", ""));
    let systemds = r#""[gateway] Started","SYSLOG_IDENTIFIER":"systemd""#;
    assert_eq!(entry("journal", systemds), pair("systemd", "[gateway] Started"));
}

#[test]
fn what_somebody_wrote_is_no_word_of_the_gateways() {
    let told = |lines: &[(u64, &str)], since| {
        let entry = |(usec, text): &(u64, &str)| json!({"__REALTIME_TIMESTAMP": usec.to_string(), "_TRANSPORT": "stdout", "MESSAGE": text});
        let printed: Vec<_> = lines.iter().map(|line| entry(line).to_string()).collect();
        let texts = |printed: &str| -> Vec<String> {
            of_journalctl(printed, since).into_iter().map(|line| line.text).collect()
        };
        (texts(&printed.join("\n")), texts(&format!("torn\"}}\n{}", printed.join("\n"))))
    };
    let message = "1970-01-01T00:00:06.9Z [dingtalk-connector] [DingTalk] 收到消息: hi";
    let pasted = "dingtalk-connector failed to load from x: my salary";
    let up = "1970-01-01T00:00:07.2Z [gateway] up";
    let lines = [(7_000_000, message), (7_000_001, pasted), (7_200_000, up)];
    let rest = || vec![MASK.to_owned(), "up".to_owned()];
    let whole = [vec!["[DingTalk] 收到消息 ***".to_owned()], rest()].concat();
    assert_eq!(told(&lines, 0), (whole.clone(), whole));
    // the message's own time is before the moment, that of its second line is not
    assert_eq!(told(&lines, 7_000_000), (rest(), rest()));
    // its beginning is lost
    assert_eq!(told(&lines[1..], 0).1, rest());
    // the first words of a start bear no time
    assert_eq!(told(&[(1, "Config invalid")], 0).0, ["Config invalid"]);
}

#[test]
fn a_file_that_the_config_names_is_the_one_that_is_read() {
    let config = crate::openclaw::document::Document::parse(
        "/c".as_ref(),
        br#"{"logging": {"file": "/var/log/bot.log"}}"#,
    );
    let config = config.unwrap_or_else(|error| panic!("{error:?}"));
    let source = LogSource::of("u", Some(config.value()));
    assert_eq!(source.named.as_deref(), Some("/var/log/bot.log".as_ref()));
    assert_eq!(LogSource::of("u", None).named, None);
}

fn entry(time: &str, text: &str) -> String {
    format!("{{\"0\":\"{text}\",\"time\":\"{time}\"}}\n")
}

fn in_folders(directories: &[&Path]) -> LogSource {
    let directories = directories.iter().map(|path| (*path).to_owned()).collect();
    LogSource { directories, ..LogSource::of("", None) }
}

/// Three days in a folder of its own.
struct Days(tempfile::TempDir);

impl Days {
    fn new() -> Self {
        let days = Self(tempfile::tempdir().unwrap());
        days.add("openclaw-2026-01-01.log", &entry("2026-01-01T01:00:00Z", "old file"));
        let second =
            entry("2026-01-02T22:00:00Z", "before") + &entry("2026-01-02T23:59:59Z", "late");
        days.add("openclaw-2026-01-02.log", &second);
        let third = entry("2026-01-03T00:00:01Z", "next day") + "torn";
        days.add("openclaw-2026-01-03.log", &third);
        days.add("other.log", &entry("2026-01-03T00:00:01Z", "another program"));
        days
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn source(&self) -> LogSource {
        in_folders(&[self.0.path()])
    }

    fn add(&self, name: &str, text: &str) {
        let mut file = File::options().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn texts(&self, since: &str, most: usize) -> Vec<String> {
        texts(&self.source(), since, most)
    }
}

fn texts(source: &LogSource, since: &str, most: usize) -> Vec<String> {
    let since: jiff::Timestamp = since.parse().unwrap();
    let since = u64::try_from(since.as_microsecond()).unwrap();
    let newest = newest(&files(source), since, most).unwrap();
    newest.lines.into_iter().map(|line| line.text).collect()
}

#[test]
fn of_more_than_can_be_held_the_newest_is_shown_and_the_rest_named() {
    let days = Days::new();
    let long = "x".repeat(1024 * 1024);
    let text: String = (0..20)
        .map(|n| entry(&format!("2026-01-04T10:00:{n:02}Z"), &format!("{n} {long}")))
        .collect();
    days.add("openclaw-2026-01-04.log", &text);
    let lines = days.texts("2026-01-04T10:00:00Z", usize::MAX);
    assert!(lines[0].contains("older lines are left out"), "{:.80}", lines[0]);
    assert!(lines.len() <= 17 && lines.last().unwrap().starts_with("19 "));
    // all of them are there
    let lines = days.texts("2026-01-04T10:00:15Z", usize::MAX);
    assert!(lines.len() == 5 && lines[0].starts_with("15 "), "{:.80}", lines[0]);
    let lines = days.texts("2026-01-04T10:00:00Z", 2);
    assert!(lines.len() == 2 && lines[0].starts_with("18 "), "{:.80}", lines[0]);
}

#[test]
fn the_last_lines_are_counted_over_all_files() {
    let days = Days::new();
    for (since, most, lines) in [
        ("2026-01-02T23:00:00Z", usize::MAX, &["late", "next day"][..]),
        ("2026-01-01T00:00:00Z", usize::MAX, &["old file", "before", "late", "next day"]),
        ("2026-01-01T00:00:00Z", 2, &["late", "next day"]),
        ("2026-01-01T00:00:00Z", 0, &[]),
        ("2026-01-04T00:00:00Z", usize::MAX, &[]),
    ] {
        assert_eq!(days.texts(since, most), lines, "{since} {most:?}");
    }
}

#[test]
fn a_file_is_read_to_the_end_of_its_last_whole_line() {
    let days = Days::new();
    let read = newest(&files(&days.source()), 0, 0).unwrap();
    let whole = entry("2026-01-03T00:00:01Z", "next day").len() as u64;
    assert_eq!((read.lines.len(), read.end), (0, Some(whole)));
    assert_eq!(newest(&[], 0, 0).unwrap().end, None);
}

#[test]
fn a_day_that_cannot_be_read_hides_no_other() {
    let days = Days::new();
    let mut all = files(&days.source());
    all.insert(1, "/nowhere/openclaw-2026-01-01.log".into());
    assert_eq!(newest(&all, 0, usize::MAX).unwrap().lines.len(), 4);
    all.push("/nowhere/openclaw-2026-01-09.log".into());
    assert!(newest(&all, 0, usize::MAX).is_err(), "of the last one it has to be said");
}

#[test]
fn one_day_comes_after_the_other() {
    let days = Days::new();
    let next = |name: &str| of_next_day(&days.source(), &days.path(name));
    let second = days.path("openclaw-2026-01-02.log");
    assert_eq!(next("openclaw-2026-01-01.log"), Some(second));
    assert_eq!(next("openclaw-2026-01-03.log"), None);
}

#[test]
fn a_file_that_the_config_names_is_the_only_one() {
    let days = Days::new();
    let named = days.path("named");
    let source = LogSource { named: Some(named.clone()), ..days.source() };
    assert!(files(&source).is_empty());
    days.add("named", &entry("2026-01-03T00:00:01Z", "elsewhere"));
    assert_eq!(files(&source), [named]);
    assert_eq!(texts(&source, "2026-01-01T00:00:00Z", 9), ["elsewhere"]);
    let relative = LogSource { named: Some("Cargo.toml".into()), ..days.source() };
    assert!(files(&relative).is_empty(), "in the gateway's directory, not in ours");
}

#[test]
fn a_folder_that_is_no_folder_of_ours_is_not_read() {
    let days = Days::new();
    let link = days.path("link");
    std::os::unix::fs::symlink(days.0.path(), &link).unwrap();
    assert!(files(&in_folders(&[&link, Path::new("/proc/1"), Path::new("/nowhere")])).is_empty());
}

fn line(begins: bool, speaker: &str, text: &str) -> LogLine {
    LogLine { usec: 0, speaker: speaker.to_owned(), text: text.to_owned(), begins }
}

#[test]
fn what_people_wrote_and_the_bot_answered_is_taken_out_and_the_rest_stays() {
    for (speaker, text, shown) in [
        ("gateway", "listening on ws://127.0.0.1:1", "listening on ws://127.0.0.1:1"),
        ("plugins", "x failed to load: token=x1", "x failed to load: token=***"),
        ("DingTalk", "收到消息: 你好", "收到消息 ***"),
        ("dingtalk-connector", "[DingTalk] 收到消息: from=joe", "[DingTalk] 收到消息 ***"),
        ("dingtalk-connector", "[DingTalk] Gateway chunk #1: \"Dear Joe\"", "[DingTalk] ***"),
        ("dingtalk-connector", "[DingTalk][AICard] POST body={}", "[DingTalk][AICard] ***"),
        ("dingtalk-connector", "先发送文本消息: fetch failed", "先发送文本消息 ***"),
        ("", "[DingTalk:main] 消息内容预览：hi", "[DingTalk:main] ***"),
        ("", "处理消息: accountId=a, data= {", "处理消息: ***"),
        (
            "dingtalk-connector",
            "[DingTalk] Gateway 调用失败: fetch failed",
            "[DingTalk] Gateway 调用失败: fetch failed",
        ),
        (
            "dingtalk-connector",
            "[default] auto-restart attempt 3/10 in 41s",
            "[default] auto-restart attempt 3/10 in 41s",
        ),
    ] {
        let shown_now = Redaction::default().shown(&line(true, speaker, text));
        assert_eq!(shown_now.text, shown, "{text}");
    }
}

#[test]
fn a_log_that_is_cut_off_may_begin_within_a_message() {
    let mut redaction = Redaction::from_anywhere();
    for (begins, text, shown) in
        [(false, "my salary", "***"), (true, "up", "up"), (false, "x", "x")]
    {
        assert_eq!(redaction.shown(&line(begins, "", text)).text, shown);
    }
}

#[test]
fn a_message_of_several_lines_stays_out_of_sight_to_its_last() {
    let mut redaction = Redaction::default();
    for (begins, speaker, text, shown) in [
        (false, "", "Config invalid", "Config invalid"),
        (true, "DingTalk", "收到消息: dear bot,", "收到消息 ***"),
        (false, "", "my salary is", "***"),
        (false, "salary", "is what I mean", "***"),
        (false, "gateway", "pasted from another day", "***"),
        (false, "", "", "***"),
        (true, "gateway", "up", "up"),
        (false, "", " at plugin.ts:24:14", " at plugin.ts:24:14"),
        (true, "dingtalk-connector", "startAccount error: x", "startAccount error: x"),
        (false, "", " at plugin.ts:24:14", " at plugin.ts:24:14"),
    ] {
        let shown_now = redaction.shown(&line(begins, speaker, text));
        assert_eq!(shown_now.text, shown, "{text}");
        assert!(begins || shown_now.speaker.is_empty(), "{text}");
    }
}
