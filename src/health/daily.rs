//! `OpenClaw`'s own log files: one a day, read to their end, and beyond it while they grow.

use std::collections::VecDeque;
use std::fs::{self, File, Metadata};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::pieces::Pieces;
use super::{LogLine, LogSource};
use crate::fs::foreign;
use crate::say;

/// How much of the end of a log file is read: a gateway that chats all day writes a lot of it.
const TAIL: u64 = 4 * 1024 * 1024;

/// What the two youngest files of each directory hold since a moment: the files' names hold local
/// dates, so a start before midnight needs both.
pub(super) fn since(source: &LogSource, usec: u64) -> Vec<LogLine> {
    let youngest = |files: Vec<PathBuf>| files[files.len().saturating_sub(2)..].to_vec();
    let files: Vec<_> = match &source.named {
        Some(_) => files(source),
        None => source.directories.iter().map(days_in).flat_map(youngest).collect(),
    };
    let lines = files.iter().flat_map(|path| tail(path).unwrap_or_default());
    lines.filter(|line| line.usec >= usec).collect()
}

fn tail(path: &Path) -> io::Result<Vec<LogLine>> {
    let mut file = open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let lines = BufReader::new(file.take(TAIL)).split(b'\n').map_while(Result::ok);
    Ok(lines.filter_map(|line| of_file(&line)).collect())
}

fn open(path: &Path) -> io::Result<File> {
    foreign::open(path).map_err(|error| error.cause)
}

fn of_file(line: &[u8]) -> Option<LogLine> {
    LogLine::of_file(&String::from_utf8_lossy(line))
}

/// The file that the config names; else those in the directories that are ours, the oldest day
/// first.
pub(super) fn files(source: &LogSource) -> Vec<PathBuf> {
    if let Some(named) = &source.named {
        return named.is_file().then(|| named.clone()).into_iter().collect();
    }
    let mut files: Vec<PathBuf> = source.directories.iter().flat_map(days_in).collect();
    files.sort_by(|one, other| day(one).cmp(day(other)).then_with(|| one.cmp(other)));
    files
}

fn days_in(directory: &PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).ok().filter(|_| is_ours(directory));
    let paths = entries.into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = paths.filter(|path| is_daily_log(path)).collect();
    files.sort();
    files
}

/// Anybody can make a folder in `/tmp` and write a log into it.
fn is_ours(directory: &Path) -> bool {
    let uid = rustix::process::geteuid().as_raw();
    directory
        .symlink_metadata()
        .is_ok_and(|attributes| attributes.is_dir() && attributes.uid() == uid)
}

fn is_daily_log(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("openclaw-") && path.extension().is_some_and(|end| end == "log")
}

/// The file's name without its folder: it holds the date.
fn day(path: &Path) -> &std::ffi::OsStr {
    path.file_name().unwrap_or_default()
}

/// Whether any file was written to since a moment.
pub(super) fn grew_since(files: &[PathBuf], usec: u64) -> bool {
    files.iter().filter_map(|path| path.metadata().ok()).any(|file| written(&file) >= usec)
}

fn written(file: &Metadata) -> u64 {
    let usec = file.mtime().saturating_mul(1_000_000).saturating_add(file.mtime_nsec() / 1_000);
    u64::try_from(usec).unwrap_or_default()
}

/// A reader that goes from one day's file to the next.
pub(super) struct Chase {
    source: LogSource,
    path: PathBuf,
    file: File,
    pieces: Pieces,
}

impl Chase {
    /// Reads what the files hold since a moment, of that the last `most` lines, and stands at the
    /// end of the youngest file; `None`: there is no file.
    pub(super) fn begin(
        source: &LogSource,
        since_usec: u64,
        most: Option<usize>,
    ) -> io::Result<Option<(Self, Vec<LogLine>)>> {
        let mut files = files(source);
        let Some(youngest) = files.pop() else { return Ok(None) };
        let mut kept = Kept { lines: VecDeque::new(), since_usec, most, bytes: 0, cut: false };
        for path in files.iter().filter(|path| grew_since(&[(*path).clone()], since_usec)) {
            kept.take(&mut Self::at(source, path.clone())?)?;
        }
        let mut chase = Self::at(source, youngest)?;
        kept.take(&mut chase)?;
        Ok(Some((chase, kept.read())))
    }

    fn at(source: &LogSource, path: PathBuf) -> io::Result<Self> {
        let file = open(&path)?;
        Ok(Self { source: source.clone(), path, file, pieces: Pieces::default() })
    }

    /// What was written since the last call, across midnight, a truncation and a rotation.
    pub(super) fn news(&mut self) -> io::Result<Vec<LogLine>> {
        let mut lines = Vec::new();
        loop {
            self.start_over_if_cut()?;
            while let Some(piece) = self.piece()? {
                lines.extend(piece.iter().filter_map(|line| of_file(line)));
            }
            // one that has gone again already is looked for the next time
            let next = self.next().and_then(|path| Self::at(&self.source, path).ok());
            let Some(next) = next else { return Ok(lines) };
            *self = next;
        }
    }

    /// The next whole lines; `None` at the end of the file.
    fn piece(&mut self) -> io::Result<Option<Vec<Vec<u8>>>> {
        let mut bytes = [0; 16 * 1024];
        let length = self.file.read(&mut bytes)?;
        Ok((length > 0).then(|| self.pieces.whole_lines(&bytes[..length])))
    }

    fn start_over_if_cut(&mut self) -> io::Result<()> {
        if self.file.metadata()?.len() < self.file.stream_position()? {
            self.file.seek(SeekFrom::Start(0))?;
            self.pieces = Pieces::default();
        }
        Ok(())
    }

    /// The file after this one: of a later day, or another of the same name in its place.
    fn next(&self) -> Option<PathBuf> {
        let identity = |file: Metadata| (file.dev(), file.ino());
        let replaced =
            self.path.metadata().ok().map(identity) != self.file.metadata().ok().map(identity);
        let mut files = files(&self.source).into_iter();
        files.find(|path| day(path) > day(&self.path) || (replaced && *path == self.path))
    }
}

/// How much of the newest lines is held at once: a week of a busy gateway may be gigabytes.
const NEWEST: usize = 32 * 1024 * 1024;

/// The last lines. Where they are counted, they are not yet read for what they say: of a long
/// file, few are shown.
struct Kept {
    lines: VecDeque<Vec<u8>>,
    since_usec: u64,
    most: Option<usize>,
    bytes: usize,
    cut: bool,
}

impl Kept {
    fn take(&mut self, chase: &mut Chase) -> io::Result<()> {
        while let Some(piece) = chase.piece()? {
            for line in piece {
                self.add(line);
            }
        }
        Ok(())
    }

    fn add(&mut self, line: Vec<u8>) {
        let is_old = |line: &[u8]| of_file(line).is_none_or(|line| line.usec < self.since_usec);
        if self.most.is_none() && is_old(&line) {
            return;
        }
        self.bytes += line.len();
        self.lines.push_back(line);
        while self.bytes > NEWEST || self.most.is_some_and(|most| self.lines.len() > most) {
            self.cut |= self.bytes > NEWEST;
            let Some(oldest) = self.lines.pop_front() else { return };
            self.bytes -= oldest.len();
        }
    }

    /// The lines since the moment, under a word that there were older ones.
    fn read(&self) -> Vec<LogLine> {
        let lines = self.lines.iter().filter_map(|line| of_file(line));
        let mut lines: Vec<_> = lines.filter(|line| line.usec >= self.since_usec).collect();
        if let (true, Some(first)) = (self.cut, lines.first()) {
            let (size, usec) = (NEWEST / 1024 / 1024, first.usec);
            let text = say!("older lines are left out: only the newest {size} MiB are shown", size);
            let speaker = "openclaw-setup".to_owned();
            lines.insert(0, LogLine { usec, speaker, text, begins: true });
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn entry(time: &str, text: &str) -> String {
        format!("{{\"0\":\"{text}\",\"time\":\"{time}\"}}\n")
    }

    fn usec(time: &str) -> u64 {
        let time: jiff::Timestamp = time.parse().unwrap();
        u64::try_from(time.as_microsecond()).unwrap()
    }

    fn texts(lines: Vec<LogLine>) -> Vec<String> {
        lines.into_iter().map(|line| line.text).collect()
    }

    fn in_folders(directories: &[&Path]) -> LogSource {
        let directories = directories.iter().map(|path| (*path).to_owned()).collect();
        LogSource { directories, ..LogSource::of_unit("") }
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

        fn add(&self, name: &str, text: &str) {
            let mut file = File::options().append(true).create(true).open(self.path(name)).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }

        fn chase(&self, since: &str, most: Option<usize>) -> (Chase, Vec<String>) {
            let source = in_folders(&[self.0.path()]);
            let (chase, lines) = Chase::begin(&source, usec(since), most).unwrap().unwrap();
            (chase, texts(lines))
        }
    }

    #[test]
    fn files_are_read_from_the_moment_on() {
        let days = Days::new();
        let since = since(&in_folders(&[days.0.path()]), usec("2026-01-02T23:00:00Z"));
        assert_eq!(texts(since), ["late", "next day"]);
    }

    #[test]
    fn of_more_than_can_be_held_the_newest_is_shown_and_the_rest_named() {
        let days = Days::new();
        let long = "x".repeat(1024 * 1024);
        let text: String =
            (0..40).map(|n| entry("2026-01-04T10:00:00Z", &format!("{n} {long}"))).collect();
        days.add("openclaw-2026-01-04.log", &text);
        let (_, lines) = days.chase("2026-01-04T00:00:00Z", None);
        assert!(lines[0].contains("older lines are left out"), "{:.80}", lines[0]);
        assert!(lines.len() <= 33 && lines.last().unwrap().starts_with("39 "));
    }

    #[test]
    fn the_last_lines_are_counted_over_all_files() {
        let days = Days::new();
        for (since, most, lines) in [
            ("2026-01-02T23:00:00Z", None, &["late", "next day"][..]),
            ("2026-01-01T00:00:00Z", None, &["old file", "before", "late", "next day"]),
            ("2026-01-01T00:00:00Z", Some(2), &["late", "next day"]),
            ("2026-01-01T00:00:00Z", Some(0), &[]),
            ("2026-01-04T00:00:00Z", None, &[]),
        ] {
            assert_eq!(days.chase(since, most).1, lines, "{since} {most:?}");
        }
    }

    #[test]
    fn growth_midnight_truncation_and_rotation_are_followed() {
        let days = Days::new();
        let now = "2026-01-03T00:00:02Z";
        let mut chase = days.chase(now, None).0;
        let mut news = || texts(chase.news().unwrap());
        assert!(news().is_empty());
        let third = "openclaw-2026-01-03.log";
        let line = entry(now, "in two pieces");
        days.add(third, &format!("\n{}", &line[..9]));
        assert!(news().is_empty());
        days.add(third, &line[9..]);
        assert_eq!(news(), ["in two pieces"]);

        fs::write(days.path(third), entry(now, "cut")).unwrap();
        assert_eq!(news(), ["cut"]);

        days.add(third, &entry(now, "last of the old file"));
        fs::rename(days.path(third), days.path("rotated")).unwrap();
        assert_eq!(news(), ["last of the old file"]);
        days.add(third, &entry(now, "first of the new one"));
        assert_eq!(news(), ["first of the new one"]);

        days.add(third, &entry(now, "before midnight"));
        days.add("openclaw-2026-01-04.log", &entry(now, "after it"));
        days.add("openclaw-2026-01-05.log", &entry(now, "and a day later"));
        assert_eq!(news(), ["before midnight", "after it", "and a day later"]);
        assert!(news().is_empty());
    }

    #[test]
    fn a_file_that_the_config_names_is_the_only_one() {
        let days = Days::new();
        let named = days.path("named");
        let source = in_folders(&[days.0.path()]).in_file(Some(named.clone()));
        assert!(files(&source).is_empty());
        days.add("named", &entry("2026-01-03T00:00:01Z", "elsewhere"));
        assert_eq!(files(&source), [named]);
        assert_eq!(texts(since(&source, 0)), ["elsewhere"]);
        let (mut chase, lines) = Chase::begin(&source, 0, None).unwrap().unwrap();
        assert_eq!(texts(lines), ["elsewhere"]);
        days.add("named", &entry("2026-01-03T00:00:01Z", "more"));
        assert_eq!(texts(chase.news().unwrap()), ["more"]);
    }

    #[test]
    fn a_folder_that_is_no_folder_of_ours_is_not_read() {
        let days = Days::new();
        let link = days.path("link");
        std::os::unix::fs::symlink(days.0.path(), &link).unwrap();
        assert!(
            files(&in_folders(&[&link, Path::new("/proc/1"), Path::new("/nowhere")])).is_empty()
        );
    }
}
