//! Where the gateway's log lies: in the journal, or in `OpenClaw`'s own files.

use std::path::PathBuf;

use serde_json::Value as Json;

use super::{LogLine, Redaction, log_files};
use crate::child::Helper;
use crate::interrupt::Interrupt;
use crate::openclaw::document::Value;
use crate::timeout::Deadline;

/// What may have logged: the one rule of where a gateway's log lies, for whoever reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSource {
    /// The user unit, whose lines in the journal are the log wherever there are any.
    pub unit: String,
    /// The one file that it writes instead of daily ones, if the config names one.
    pub named: Option<PathBuf>,
    /// Where it writes `openclaw-YYYY-MM-DD.log` otherwise; only what is ours is read.
    pub directories: Vec<PathBuf>,
}

impl LogSource {
    /// The log of `unit` with that config (`logging.file`). `OpenClaw` 2026.3.13's folders for its
    /// files are `/tmp/openclaw`, or, where that belongs to another user, `/tmp/openclaw-UID`
    /// (`resolvePreferredOpenClawTmpDir`).
    pub fn of(unit: &str, config: Option<&Value>) -> Self {
        let uid = rustix::process::geteuid().as_raw();
        let file = config.and_then(|config| config.get(&["logging", "file"])?.as_str());
        Self {
            unit: unit.to_owned(),
            named: file.map(PathBuf::from),
            directories: vec!["/tmp/openclaw".into(), format!("/tmp/openclaw-{uid}").into()],
        }
    }
}

/// What the gateway has logged since a moment (µs since 1970): from the journal, or, where that
/// holds nothing, from the log files. Nothing at all is no error.
///
/// Of each line only what may be shown: what somebody wrote to the bot is no word of the gateway's,
/// and nothing is concluded from it.
pub fn gateway_log(
    source: &LogSource,
    since_usec: u64,
    deadline: Deadline,
    interrupt: &Interrupt,
) -> Vec<LogLine> {
    // of more than a child may tell, the end is kept: the oldest lines are lost
    let journalctl = printed_since(&source.unit, since_usec).run(deadline, interrupt);
    let journal = journalctl.map(|finished| finished.stdout).unwrap_or_default();
    let lines = of_journalctl(&journal, since_usec);
    if !lines.is_empty() {
        return lines;
    }
    let newest = log_files::newest(&log_files::files(source), since_usec, usize::MAX);
    let lines = newest.map(|newest| newest.lines).unwrap_or_default();
    let mut redaction = Redaction::default();
    lines.iter().map(|line| redaction.shown(line)).collect()
}

/// What may be shown of that. A message is known by its first line, which may be older than what
/// follows it by the gateway's own clock, or lost: then nothing counts up to the next record.
fn of_journalctl(printed: &str, since_usec: u64) -> Vec<LogLine> {
    let is_torn = printed.lines().next().is_some_and(|line| of_journal(line).is_none());
    let mut redaction = if is_torn { Redaction::from_anywhere() } else { Redaction::default() };
    let lines = printed.lines().filter_map(of_journal).map(|line| redaction.shown(&line));
    lines.filter(|line| line.usec >= since_usec).collect()
}

/// A journalctl that prints what belongs to `unit`, one JSON object per line.
///
/// `--user-unit` rather than `--user --unit`: root's own user manager logs to the system journal,
/// which the latter does not look at. `--all`, or a message of more than 4 KiB comes as `null`.
pub(super) fn journalctl(unit: &str) -> Helper {
    Helper::new("journalctl")
        .args(["--user-unit", unit, "--no-pager", "--quiet", "--all", "--output=json"])
        .arg("--output-fields=MESSAGE,_TRANSPORT,SYSLOG_IDENTIFIER")
        .env("LC_ALL", "C")
}

/// The same of what the gateway itself has printed since a moment.
pub(super) fn printed_since(unit: &str, usec: u64) -> Helper {
    journalctl(unit).args(["--since", &moment(usec), "_TRANSPORT=stdout"])
}

/// A moment (µs since 1970) as journalctl reads it.
pub(super) fn moment(usec: u64) -> String {
    format!("@{}.{:06}", usec / 1_000_000, usec % 1_000_000)
}

/// An entry of the journal; systemd's own words about the unit come another way than the gateway's.
pub(super) fn of_journal(line: &str) -> Option<LogLine> {
    let entry: Json = serde_json::from_str(line).ok()?;
    let usec = entry["__REALTIME_TIMESTAMP"].as_str()?.parse().ok()?;
    let text = message(&entry);
    if entry["_TRANSPORT"] == "stdout" {
        return Some(LogLine::of_console(usec, &text));
    }
    let speaker = entry["SYSLOG_IDENTIFIER"].as_str().unwrap_or_default().to_owned();
    Some(LogLine { usec, speaker, text, begins: true })
}

/// A message that is not UTF-8 comes as an array of bytes.
fn message(entry: &Json) -> String {
    match &entry["MESSAGE"] {
        Json::String(text) => text.clone(),
        bytes => {
            let bytes: Vec<u8> = serde_json::from_value(bytes.clone()).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
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
}
