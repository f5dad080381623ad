//! Where the gateway's log is found: the journal, or `OpenClaw`'s own daily file.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::LogLine;
use crate::child;
use crate::interrupt::Interrupt;
use crate::patience::Deadline;

/// How much of the end of a log file is read: a gateway that chats all day writes a lot of it.
const TAIL: u64 = 4 * 1024 * 1024;

/// What may have logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSource {
    /// The user unit, for the journal.
    pub unit: String,
    /// Where `OpenClaw` may write `openclaw-YYYY-MM-DD.log`; only what is ours is read.
    pub directories: Vec<PathBuf>,
}

impl LogSource {
    /// The log of `unit`, with `OpenClaw` 2026.3.13's folders for its files: `/tmp/openclaw`, or,
    /// where that belongs to another user, `/tmp/openclaw-UID` (`resolvePreferredOpenClawTmpDir`).
    #[must_use]
    pub fn of_unit(unit: &str) -> Self {
        let uid = rustix::process::geteuid().as_raw();
        let directories = vec!["/tmp/openclaw".into(), format!("/tmp/openclaw-{uid}").into()];
        Self { unit: unit.to_owned(), directories }
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
    let ours = source.directories.iter().filter(|directory| is_ours(directory));
    ours.flat_map(|directory| from_files(directory, since_usec)).collect()
}

/// Anybody can make a folder in `/tmp` and write a log into it.
fn is_ours(directory: &Path) -> bool {
    let uid = rustix::process::geteuid().as_raw();
    directory
        .symlink_metadata()
        .is_ok_and(|attributes| attributes.is_dir() && attributes.uid() == uid)
}

/// `--user-unit` rather than `--user --unit`: root's own user manager logs to the system journal,
/// which the latter does not look at.
fn from_journal(
    unit: &str,
    since_usec: u64,
    deadline: Deadline,
    interrupt: &Interrupt,
) -> Vec<LogLine> {
    let since = format!("@{}.{:06}", since_usec / 1_000_000, since_usec % 1_000_000);
    let mut command = Command::new("journalctl");
    command
        .args(["--user-unit", unit, "--since", &since])
        .args(["--no-pager", "--quiet", "--output=json"])
        .arg("--output-fields=MESSAGE,_TRANSPORT")
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LC_ALL", "C");
    let Ok(finished) = child::run(command, deadline, interrupt) else { return Vec::new() };
    finished.stdout.lines().filter_map(of_journal).collect()
}

/// Only what the gateway printed: systemd's own words about the unit come another way.
fn of_journal(line: &str) -> Option<LogLine> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let usec = entry["__REALTIME_TIMESTAMP"].as_str()?.parse().ok()?;
    (entry["_TRANSPORT"] == "stdout").then(|| LogLine::of_console(usec, &message(&entry)))
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

/// The files' names hold local dates, so a start before midnight needs the two youngest.
fn from_files(directory: &Path, since_usec: u64) -> Vec<LogLine> {
    let files = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        files.map(|entry| entry.path()).filter(|path| is_daily_log(path)).collect();
    files.sort();
    let youngest = files.iter().rev().take(2).rev();
    let lines = youngest.flat_map(|path| tail(path).unwrap_or_default());
    lines.filter(|line| line.usec >= since_usec).collect()
}

fn is_daily_log(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("openclaw-") && path.extension().is_some_and(|end| end == "log")
}

fn tail(path: &Path) -> std::io::Result<Vec<LogLine>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let lines = BufReader::new(file).split(b'\n').map_while(Result::ok);
    Ok(lines.filter_map(|line| LogLine::of_file(&String::from_utf8_lossy(&line))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_files_are_read_from_the_moment_on() {
        let directory = tempfile::tempdir().unwrap();
        let entry = |time: &str, text: &str| format!("{{\"0\":\"{text}\",\"time\":\"{time}\"}}\n");
        let write = |name: &str, text: String| {
            fs::write(directory.path().join(name), text).unwrap();
        };
        write("openclaw-2026-01-01.log", entry("2026-01-01T01:00:00Z", "old file"));
        let second =
            entry("2026-01-02T22:00:00Z", "before") + &entry("2026-01-02T23:59:59Z", "late");
        write("openclaw-2026-01-02.log", second);
        write("openclaw-2026-01-03.log", entry("2026-01-03T00:00:01Z", "next day") + "torn");
        write("other.log", entry("2026-01-03T00:00:01Z", "another program"));

        let since: jiff::Timestamp = "2026-01-02T23:00:00Z".parse().unwrap();
        let since = u64::try_from(since.as_microsecond()).unwrap();
        let texts: Vec<String> =
            from_files(directory.path(), since).into_iter().map(|line| line.text).collect();
        assert_eq!(texts, ["late", "next day"]);
    }

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
        assert_eq!(of_journal(&entry("journal", r#""Started""#)), None);
    }
}
