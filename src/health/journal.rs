//! Where the gateway's log is found: the journal, or `OpenClaw`'s own daily file.

use std::path::PathBuf;

use serde_json::Value;

use super::{LogLine, daily};
use crate::child::Helper;
use crate::interrupt::Interrupt;
use crate::patience::Deadline;

/// What may have logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSource {
    /// The user unit, for the journal.
    pub unit: String,
    /// Where `OpenClaw` may write `openclaw-YYYY-MM-DD.log`; only what is ours is read.
    pub directories: Vec<PathBuf>,
    /// The one file that it writes instead, if the config names one.
    pub named: Option<PathBuf>,
}

impl LogSource {
    /// The log of `unit`, with `OpenClaw` 2026.3.13's folders for its files: `/tmp/openclaw`, or,
    /// where that belongs to another user, `/tmp/openclaw-UID` (`resolvePreferredOpenClawTmpDir`).
    #[must_use]
    pub fn of_unit(unit: &str) -> Self {
        let uid = rustix::process::geteuid().as_raw();
        let directories = vec!["/tmp/openclaw".into(), format!("/tmp/openclaw-{uid}").into()];
        Self { unit: unit.to_owned(), directories, named: None }
    }

    /// The same with the file that the config names, if it does (`logging.file`): `OpenClaw`
    /// 2026.3.13 then writes no daily ones.
    #[must_use]
    pub fn in_file(self, named: Option<PathBuf>) -> Self {
        Self { named, ..self }
    }
}

/// What the gateway has logged since a moment (µs since 1970): from the journal, or, where that
/// holds nothing, from the log files. Nothing at all is no error.
#[must_use]
pub fn gateway_log(
    source: &LogSource,
    since_usec: u64,
    deadline: Deadline,
    interrupt: &Interrupt,
) -> Vec<LogLine> {
    let lines = from_journal(&source.unit, since_usec, deadline, interrupt);
    if !lines.is_empty() {
        return lines;
    }
    daily::since(source, since_usec)
}

fn from_journal(
    unit: &str,
    since_usec: u64,
    deadline: Deadline,
    interrupt: &Interrupt,
) -> Vec<LogLine> {
    // of more than a child may tell, the end is kept: the oldest lines are lost
    let journalctl = journalctl(unit).args(["--since", &moment(since_usec)]);
    let Ok(finished) = journalctl.run(deadline, interrupt) else { return Vec::new() };
    finished.stdout.lines().filter_map(of_journal).collect()
}

/// Whether the journal holds anything that the gateway has said since a moment.
pub(super) fn has_heard(
    unit: &str,
    since_usec: u64,
    deadline: Deadline,
    interrupt: &Interrupt,
) -> bool {
    let since = moment(since_usec);
    let journalctl = journalctl(unit).args(["--since", &since, "--lines=1", "_TRANSPORT=stdout"]);
    journalctl.run(deadline, interrupt).is_ok_and(|finished| !finished.stdout.is_empty())
}

/// A moment (µs since 1970) as journalctl reads it.
pub(super) fn moment(usec: u64) -> String {
    format!("@{}.{:06}", usec / 1_000_000, usec % 1_000_000)
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

/// Only what the gateway printed: systemd's own words about the unit come another way.
fn of_journal(line: &str) -> Option<LogLine> {
    let entry = entry(line)?;
    entry.is_the_gateways.then_some(entry.line)
}

/// An entry of the journal.
pub(super) struct Entry {
    /// Whether the gateway printed it; if not, its speaker is systemd.
    is_the_gateways: bool,
    pub(super) line: LogLine,
}

pub(super) fn entry(line: &str) -> Option<Entry> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let usec = entry["__REALTIME_TIMESTAMP"].as_str()?.parse().ok()?;
    let text = message(&entry);
    let is_the_gateways = entry["_TRANSPORT"] == "stdout";
    let line = if is_the_gateways {
        LogLine::of_console(usec, &text)
    } else {
        let speaker = entry["SYSLOG_IDENTIFIER"].as_str().unwrap_or_default().to_owned();
        LogLine { usec, speaker, text, begins: true }
    };
    Some(Entry { is_the_gateways, line })
}

/// A message that is not UTF-8 comes as an array of bytes.
fn message(entry: &Value) -> String {
    let bytes = |items: &Vec<Value>| -> Vec<u8> {
        items.iter().filter_map(|item| u8::try_from(item.as_u64()?).ok()).collect()
    };
    match &entry["MESSAGE"] {
        Value::String(text) => text.clone(),
        Value::Array(items) => String::from_utf8_lossy(&bytes(items)).into_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journal_entries_are_read_and_systemds_own_are_not() {
        let entry = |transport: &str, message: &str| {
            format!(
                r#"{{"__REALTIME_TIMESTAMP":"7","_TRANSPORT":"{transport}","MESSAGE":{message}}}"#
            )
        };
        let line = of_journal(&entry("stdout", r#""[gateway] up""#)).unwrap();
        assert_eq!((line.speaker.as_str(), line.text.as_str()), ("gateway", "up"));
        assert_eq!(of_journal(&entry("stdout", "[65,66,255]")).unwrap().text, "AB\u{fffd}");
        let of_systemd = entry("journal", r#""Started","SYSLOG_IDENTIFIER":"systemd""#);
        assert_eq!(of_journal(&of_systemd), None);
        let line = super::entry(&of_systemd).unwrap().line;
        assert_eq!((line.speaker.as_str(), line.text.as_str()), ("systemd", "Started"));
    }
}
