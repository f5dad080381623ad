//! Where the gateway's log lies: in the journal, or in `OpenClaw`'s own files, one a day, or the one that
//! the config names. What of it may be shown: no secret, and nothing that somebody wrote to the bot or
//! that it answered.

use std::fs::{self, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::LogLine;
use crate::child::{self, Helper};
use crate::fs::foreign;
use crate::interrupt::Interrupt;
use crate::openclaw::document::Value;
use crate::redaction::{MASK, masked};
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
    let newest = newest(&files(source), since_usec, usize::MAX);
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

/// The file that the config names; else those in the directories that are ours, the oldest day
/// first.
pub(super) fn files(source: &LogSource) -> Vec<PathBuf> {
    if let Some(named) = &source.named {
        let is_there = named.is_absolute() && named.is_file();
        return is_there.then(|| named.clone()).into_iter().collect();
    }
    let mut files: Vec<PathBuf> = source.directories.iter().flat_map(days_in).collect();
    files.sort_by(|one, other| day(one).cmp(day(other)).then_with(|| one.cmp(other)));
    files
}

/// Anybody can make a folder in `/tmp` and write a log into it.
fn days_in(directory: &PathBuf) -> Vec<PathBuf> {
    let uid = rustix::process::geteuid().as_raw();
    let is_ours = |found: Metadata| found.is_dir() && found.uid() == uid;
    let entries = directory.symlink_metadata().is_ok_and(is_ours).then(|| fs::read_dir(directory));
    let paths = entries.into_iter().flatten().flatten().flatten().map(|entry| entry.path());
    paths.filter(|path| is_daily_log(path) && path.is_file()).collect()
}

fn is_daily_log(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("openclaw-") && path.extension().is_some_and(|end| end == "log")
}

/// The file's name without its folder: it holds the date.
fn day(path: &Path) -> &std::ffi::OsStr {
    path.file_name().unwrap_or_default()
}

/// The file of the first day after that of `path`.
pub(super) fn of_next_day(source: &LogSource, path: &Path) -> Option<PathBuf> {
    files(source).into_iter().find(|later| day(later) > day(path))
}

/// Whether a file was written to since a moment.
pub(super) fn grew_since(path: &Path, usec: u64) -> bool {
    let written = |file: Metadata| file.mtime() * 1_000_000 + file.mtime_nsec() / 1_000;
    path.metadata().is_ok_and(|file| written(file) >= usec.cast_signed())
}

pub(super) fn of_file(line: &[u8]) -> Option<LogLine> {
    LogLine::of_file(&String::from_utf8_lossy(line))
}

/// What the files held when they were read.
#[derive(Debug, Default)]
pub(super) struct Newest {
    pub(super) lines: Vec<LogLine>,
    /// How far the youngest file was read: to the end of its last whole line.
    pub(super) end: Option<u64>,
}

/// The last lines since a moment. A week of a busy gateway may be gigabytes: of all files together
/// no more is read than is kept of a child's output.
pub(super) fn newest(files: &[PathBuf], since_usec: u64, most: usize) -> io::Result<Newest> {
    let mut newest = Newest::default();
    let mut room = child::LIMIT as u64;
    let mut is_cut = true;
    'files: for path in files.iter().rev() {
        if newest.end.is_some() && !grew_since(path, since_usec) {
            continue;
        }
        let mut file = match foreign::open(path) {
            Ok(file) => file,
            // what can be read of the other days is worth more than nothing
            Err(_) if Some(path) != files.last() => continue,
            Err(error) => return Err(error.into()),
        };
        let begin = file.seek(SeekFrom::End(0))?.saturating_sub(room);
        file.seek(SeekFrom::Start(begin))?;
        let mut read = Vec::new();
        room -= file.take(room).read_to_end(&mut read)? as u64;
        let whole = read.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        newest.end.get_or_insert(begin + whole as u64);
        for line in read[..whole].rsplit(|byte| *byte == b'\n').filter_map(of_file) {
            if newest.lines.len() == most {
                break 'files;
            }
            is_cut &= line.usec >= since_usec;
            newest.lines.extend((line.usec >= since_usec).then_some(line));
        }
    }
    if room == 0 && is_cut && newest.lines.len() < most {
        newest.lines.extend(newest.lines.last().map(older_are_left_out));
    }
    newest.lines.reverse();
    Ok(newest)
}

fn older_are_left_out(first: &LogLine) -> LogLine {
    let size = child::LIMIT / 1024 / 1024;
    let text = say!("older lines are left out: only the newest {size} MiB are shown", size);
    LogLine { usec: first.usec, speaker: "openclaw-setup".to_owned(), text, begins: true }
}

/// How the lines of the connector begin that hold nobody's words: what failed, and how it is
/// connected (0.6.0 to 0.8.20). Everything else that it says stays out of sight, since half of it
/// quotes a message or an answer.
const HARMLESS: &str = include_str!("harmless.txt");

/// Words after which people's words stand, whoever speaks them.
const MESSAGE_MARKS: [&str; 6] =
    ["原始 data", "收到消息", "处理消息: ", "先发送文本消息", "raw data", "received message"];

/// Lines one after the other: a message of several lines stays out of sight to its last.
#[derive(Debug, Default)]
pub struct Redaction {
    in_message: bool,
}

impl Redaction {
    /// For lines that are cut off somewhere: the first may be in the midst of a message.
    pub fn from_anywhere() -> Self {
        Self { in_message: true }
    }

    /// What of the next line may be shown. Who seems to speak within a message is a part of it.
    pub fn shown(&mut self, line: &LogLine) -> LogLine {
        if self.in_message && !line.begins {
            let (speaker, text) = (String::new(), MASK.to_owned());
            return LogLine { speaker, text, ..line.clone() };
        }
        LogLine { text: self.text_of(line), ..line.clone() }
    }

    fn text_of(&mut self, line: &LogLine) -> String {
        let kept = kept_length(line);
        self.in_message = kept < line.text.len();
        let shown = masked(&line.text[..kept]);
        if !self.in_message {
            return shown;
        }
        format!("{} {MASK}", shown.trim_end()).trim_start().to_owned()
    }
}

/// How much of a line comes before what people wrote.
fn kept_length(line: &LogLine) -> usize {
    let marks = MESSAGE_MARKS.iter().filter_map(|mark| Some(line.text.find(mark)? + mark.len()));
    let mark = marks.min().unwrap_or(line.text.len());
    if is_the_connectors(line) {
        let tags = tags_length(&line.text);
        let said = line.text[tags..].trim_start_matches(|c: char| !c.is_alphanumeric());
        if !HARMLESS.lines().chain(MESSAGE_MARKS).any(|beginning| said.starts_with(beginning)) {
            return tags;
        }
    }
    mark
}

/// The connector speaks as its channel, and on the console as `DingTalk`, `DingTalk:account`.
fn is_the_connectors(line: &LogLine) -> bool {
    let is_named = |text: &str| text.to_ascii_lowercase().contains("dingtalk");
    is_named(&line.speaker) || is_named(&line.text[..tags_length(&line.text)])
}

/// `[default] [DingTalk][AICard] `: how many bytes of it are tags.
fn tags_length(text: &str) -> usize {
    let mut length = 0;
    loop {
        let rest = &text[length..];
        let blanks = rest.len() - rest.trim_start().len();
        let tag = rest[blanks..].strip_prefix('[').and_then(|tag| tag.find(']'));
        let Some(tag) = tag.filter(|tag| *tag <= 40) else { return length + blanks };
        length += blanks + 1 + tag + 1;
    }
}

#[cfg(test)]
mod tests;
