//! `logs`: what the gateway says, and goes on saying, without secrets and without what people wrote.

use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::context::Context;
use super::failure::{Exit, Failure};
use crate::cli::Logs;
use crate::fs::foreign;
use crate::health::{Follower, LogLine, LogSource, Origin, Redaction, Wanted};
use crate::openclaw::auth_profiles;
use crate::openclaw::document::{Document, Value};
use crate::openclaw::include::{ConfigError, ConfigSet};
use crate::report::terminal::Shown;
use crate::snapshot::paths::Paths;
use crate::snapshot::service::{Managed, Process, Service, dotenv};
use crate::timeout::Timeout;

/// How many lines are shown where nothing says so.
const LINES: u32 = 100;

/// A log is wanted just when nothing else answers: a hung user manager is not waited for.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Shows the log until its end, or until Ctrl-C.
pub(super) fn run(context: Context, options: &Logs) -> Result<Exit, Failure> {
    let timeout = Timeout::new(Some(context.timeout.span().min(TIMEOUT)));
    let context = Context { timeout, ..context };
    let mut secrets = Secrets::read(&context);
    let started = secrets.service.managed().map_or(0, |managed| managed.unit.main_start_usec);
    let source = LogSource::of(&context.paths.unit, secrets.config());
    let wanted = wanted(options, started);
    let origin = source.origin(wanted.since_usec, context.deadline(), &context.interrupt);
    if context.interrupt.is_raised() {
        return Ok(cut_off(options));
    }
    let origin = origin?;
    introduce(&context, &origin, secrets.config().is_some());

    let form = Form::of(context.console.json);
    let (mut redaction, mut count) = (Redaction::from_anywhere(), 0_u64);
    let stdout = std::io::stdout();
    let mut hear = |line: LogLine| {
        count += 1;
        secrets.refresh(line.usec);
        form.line(&redaction.shown(&line)).write_to(&mut stdout.lock())
    };
    let (interrupt, output) = (&context.interrupt, stdout.as_fd());
    Follower { interrupt, output, hear: &mut hear }.read(&origin, &source, wanted)?;
    if context.interrupt.is_raised() {
        return Ok(cut_off(options));
    }
    if count == 0 {
        tell_of_silence(&context, wanted.since_usec);
    }
    Ok(Exit::Done)
}

/// Ctrl-C is how people leave a log that they follow: no script waits for another end of it.
fn cut_off(options: &Logs) -> Exit {
    if options.follow { Exit::Done } else { Exit::Interrupted }
}

/// What was asked for; else the last lines since the gateway's last start.
fn wanted(options: &Logs, started_usec: u64) -> Wanted {
    let since = options.since.map(|since| since.usec);
    let by_default = since.is_none().then_some(LINES);
    Wanted {
        since_usec: since.unwrap_or(started_usec),
        lines: options.lines.or(by_default),
        follow: options.follow,
    }
}

fn introduce(context: &Context, origin: &Origin, secrets_are_known: bool) {
    let console = context.console;
    match origin {
        Origin::Journal if console.verbose => {
            console.print(&say!("from the journal, {unit}", unit = context.paths.unit));
        }
        Origin::Journal => {}
        Origin::Files(path) => console.print(&say!(
            "Not in the journal; from OpenClaw's log file {path}",
            path = path.display()
        )),
    }
    if !secrets_are_known {
        console.print(&say!(
            "The config cannot be read, so secrets are recognised only by the names before them."
        ));
    }
}

fn tell_of_silence(context: &Context, since_usec: u64) {
    let since = local_time(since_usec);
    context.console.print(&say!(
        "Nothing has been logged since {since}. Earlier lines: openclaw-setup logs --since 1d",
        since
    ));
}

/// Tells whether a file is still the one that was read.
type Stamp = (u64, u64, i64, i64);

/// What the gateway has its secrets from: its files, its unit, its process. Whoever reads one learns
/// them.
struct Secrets<'a> {
    context: &'a Context,
    service: Service,
    config: Result<ConfigSet, ConfigError>,
    files: Vec<(PathBuf, Option<Stamp>)>,
    read_usec: u64,
}

impl<'a> Secrets<'a> {
    fn read(context: &'a Context) -> Self {
        let read_usec = u64::try_from(Timestamp::now().as_microsecond()).unwrap_or_default();
        let paths = &context.paths;
        let manager = context.manager().ok().flatten();
        let service =
            context.service(manager.as_ref(), context.deadline()).unwrap_or(Service::Unmanaged);
        let _ = service.managed().and_then(|managed| managed.unit.main_pid).map(Process::look);
        let config = ConfigSet::load(&paths.config);
        if let Some(models) = foreign::glance(&paths.models) {
            // one that cannot be read holds nothing that the gateway knows
            let _ = Document::parse(&paths.models, &models);
        }
        let mut files = auth_profiles::learn_all(&paths.state_dir);
        files.extend([paths.config.clone(), paths.models.clone()]);
        for folder in [context.account.home.as_path(), &paths.state_dir] {
            let _ = dotenv(folder);
            files.push(folder.join(".env"));
        }
        files.extend(config.iter().flat_map(ConfigSet::files).map(|(path, _)| path.to_owned()));
        files.extend(service.managed().into_iter().flat_map(|managed| sources(managed, paths)));
        let files = files.into_iter().map(|path| (path.clone(), stamp(&path))).collect();
        Self { context, service, config, files, read_usec }
    }

    /// The config, where it can be read.
    fn config(&self) -> Option<&Value> {
        self.config.as_ref().ok().map(ConfigSet::effective)
    }

    /// Reads all again if a file has changed or the process has gone, and, as long as there is
    /// none, for whatever was said since.
    fn refresh(&mut self, said_usec: u64) {
        let has_none = self.service.managed().is_some_and(|it| it.unit.main_pid.is_none());
        if has_none && said_usec > self.read_usec
            || self.files.iter().any(|(path, seen)| stamp(path) != *seen)
        {
            let before = std::mem::take(&mut self.files);
            *self = Self::read(self.context);
            // a manager that does not answer names none of its files
            let is_known = |path: &Path| self.files.iter().any(|(known, _)| known == path);
            let lost = before.into_iter().map(|(path, _)| path).filter(|path| !is_known(path));
            let lost: Vec<_> = lost.map(|path| (stamp(&path), path)).collect();
            let lost = lost.into_iter().filter(|(seen, _)| seen.is_some());
            self.files.extend(lost.map(|(seen, path)| (path, seen)));
        }
    }
}

/// What of the unit tells that its secrets may be others: its files, the folder where new ones
/// appear, and its process, which is gone when there is a new one.
fn sources(managed: &Managed, paths: &Paths) -> Vec<PathBuf> {
    let drop_ins = paths.unit_dir.join(format!("{}.d", paths.unit));
    let mut sources = vec![drop_ins];
    sources.extend(managed.unit_files.iter().map(|file| file.path.clone()));
    sources.extend(managed.files.iter().map(|file| file.path.clone()));
    sources.extend(managed.unit.main_pid.map(|pid| format!("/proc/{pid}").into()));
    sources
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = path.metadata().ok()?;
    Some((file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
}

/// How lines are written.
enum Form {
    /// `TIME [SPEAKER] TEXT`, the time by the clock on the wall: as OpenClaw itself writes it.
    Text(TimeZone),
    /// One object per line, its time in UTC.
    Json,
}

impl Form {
    fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Text(TimeZone::system()) }
    }

    /// The line, of which everything may be shown.
    fn line(&self, line: &LogLine) -> Shown {
        let text = &line.text;
        let speaker = Some(&line.speaker).filter(|speaker| !speaker.is_empty());
        match self {
            Self::Json => {
                let time = moment(line.usec).strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
                Shown::json(&json!({"time": time, "speaker": speaker, "text": text}), true)
            }
            Self::Text(zone) => {
                let speaker = speaker.map(|speaker| format!("[{speaker}] ")).unwrap_or_default();
                let text = format!("{speaker}{text}").replace('\n', "\n  ");
                Shown::of(&format!("{} {text}", in_zone(line.usec, zone)))
            }
        }
    }
}

/// A moment (µs since 1970) by the clock on the wall.
fn local_time(usec: u64) -> String {
    in_zone(usec, &TimeZone::system())
}

fn in_zone(usec: u64, zone: &TimeZone) -> String {
    let moment = moment(usec).to_zoned(zone.clone());
    moment.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}

fn moment(usec: u64) -> Timestamp {
    let usec = i64::try_from(usec).unwrap_or(i64::MAX);
    Timestamp::from_microsecond(usec).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Form, LogLine, TimeZone};

    #[test]
    fn lines_for_people_and_for_programs() {
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        for (speaker, text, shown, object) in [
            (
                "gateway",
                "up",
                "1970-01-01T08:00:01.500+08:00 [gateway] up",
                r#"{"time":"1970-01-01T00:00:01.500000Z","speaker":"gateway","text":"up"}"#,
            ),
            (
                "",
                "a\u{1b}[2J\tb\nc",
                "1970-01-01T08:00:01.500+08:00 a\\x1b[2J\tb\n  c",
                r#"{"time":"1970-01-01T00:00:01.500000Z","speaker":null,"text":"a\u001b[2J\tb\nc"}"#,
            ),
        ] {
            let line = LogLine {
                usec: 1_500_000,
                speaker: speaker.into(),
                text: text.into(),
                begins: true,
            };
            assert_eq!(Form::Text(zone.clone()).line(&line).into_text(), shown);
            assert_eq!(Form::Json.line(&line).into_text(), object);
        }
    }
}
