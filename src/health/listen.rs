//! The gateway's log line by line, as it is written: out of the journal, or out of its files.

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::daily::{self, Chase};
use super::pieces::Pieces;
use super::{LogLine, LogSource, error, journal};
use crate::child::Running;
use crate::interrupt::Interrupt;
use crate::language::Problem;
use crate::patience::Deadline;

/// How often the log files are looked at. inotify would have to watch the folders above them too:
/// systemd-tmpfiles removes and OpenClaw makes them again; and each look is a few system calls.
const GLANCE: Duration = Duration::from_millis(250);

/// What is wanted of a log.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Only what was said since then, in µs since 1970.
    pub since_usec: u64,
    /// Of that only the last lines; what is said later is not counted.
    pub lines: Option<u32>,
    /// Go on with what is said later.
    pub follow: bool,
}

/// Where the log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In the journal.
    Journal,
    /// In files; this is the youngest.
    Files(PathBuf),
}

/// Who listens.
pub struct Listener<'a> {
    /// Ends the listening.
    pub interrupt: &'a Interrupt,
    /// Where the lines go: if nobody reads there any more, the listening ends, too.
    pub output: BorrowedFd<'a>,
    /// Takes a line; an error ends the listening.
    pub hear: &'a mut dyn FnMut(LogLine) -> io::Result<()>,
}

/// Where the gateway's log is: where it has spoken since a moment; else, where it ever has.
pub fn origin(
    source: &LogSource,
    since_usec: u64,
    deadline: Deadline,
    interrupt: &Interrupt,
) -> Result<Origin, Problem> {
    let journal = |since| {
        let heard = journal::has_heard(&source.unit, since, deadline, interrupt);
        heard.then_some(Origin::Journal)
    };
    let files = daily::files(source);
    let grew = daily::grew_since(&files, since_usec);
    let youngest = files.last().cloned().map(Origin::Files);
    let recent = journal(since_usec).or_else(|| youngest.clone().filter(|_| grew));
    let absent = || {
        let named = source.named.as_ref().map(std::slice::from_ref);
        error::no_log(&source.unit, named.unwrap_or(&source.directories))
    };
    recent.or_else(|| journal(0)).or(youngest).ok_or_else(absent)
}

/// Tells the listener every line that is wanted, until the log's end or for ever. An interrupt and
/// a reader that has gone away are ends like any other.
pub fn listen(
    origin: &Origin,
    source: &LogSource,
    wanted: Wanted,
    listener: &mut Listener,
) -> Result<(), Problem> {
    let bell = Interrupt::bell().map_err(|cause| error::log_unreadable(&cause))?;
    match origin {
        Origin::Journal => from_journal(&source.unit, wanted, listener, &bell),
        Origin::Files(_) => from_files(source, wanted, listener, &bell),
    }
}

fn from_journal(
    unit: &str,
    wanted: Wanted,
    listener: &mut Listener,
    bell: &PipeReader,
) -> Result<(), Problem> {
    let mut journalctl = started(unit, wanted).map_err(|cause| unheard(&cause))?;
    let (mut stream, errors) = journalctl.outputs().ok_or_else(|| unheard(&"no pipe"))?;
    let (mut pieces, mut bytes) = (Pieces::default(), vec![0; 64 * 1024]);
    loop {
        match listener.wait(bell, Some(stream.as_fd()), None) {
            Event::Over => return Ok(()),
            Event::Time => {}
            Event::Readable => {
                let length = stream.read(&mut bytes).map_err(|cause| unheard(&cause))?;
                if length == 0 {
                    return ended(journalctl, errors, wanted.follow);
                }
                let lines = pieces.whole_lines(&bytes[..length]);
                let lines = lines.iter().map(|line| String::from_utf8_lossy(line));
                let lines = lines.filter_map(|line| journal::entry(&line)).map(|entry| entry.line);
                if !listener.take(lines.filter(|line| line.usec >= wanted.since_usec))? {
                    return Ok(());
                }
            }
        }
    }
}

fn from_files(
    source: &LogSource,
    wanted: Wanted,
    listener: &mut Listener,
    bell: &PipeReader,
) -> Result<(), Problem> {
    let read = |cause| error::log_unreadable(&cause);
    let most = wanted.lines.map(|lines| lines as usize);
    let begun = Chase::begin(source, wanted.since_usec, most).map_err(read)?;
    let Some((mut chase, lines)) = begun else { return Ok(()) };
    let mut goes_on = listener.take(lines.into_iter())?;
    while goes_on && wanted.follow {
        goes_on = match listener.wait(bell, None, Some(GLANCE)) {
            Event::Over => false,
            Event::Readable | Event::Time => {
                listener.take(chase.news().map_err(read)?.into_iter())?
            }
        };
    }
    Ok(())
}

fn unheard(complaint: &dyn ToString) -> Problem {
    error::journal_ended(&complaint.to_string())
}

/// What a wait ended with.
enum Event {
    Readable,
    /// The time is up.
    Time,
    /// Interrupted, or nobody reads any more.
    Over,
}

impl Listener<'_> {
    /// Whether there is still somebody who reads.
    fn take(&mut self, mut lines: impl Iterator<Item = LogLine>) -> Result<bool, Problem> {
        match lines.try_for_each(&mut *self.hear) {
            Ok(()) => Ok(!self.interrupt.is_raised()),
            Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(cause) => Err(error::log_unwritable(&cause)),
        }
    }

    fn wait(
        &self,
        bell: &PipeReader,
        source: Option<BorrowedFd>,
        patience: Option<Duration>,
    ) -> Event {
        let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
        let mut watched = vec![
            PollFd::new(bell, PollFlags::IN),
            // no events asked for: a pipe without a reader tells so unasked
            PollFd::from_borrowed_fd(self.output, PollFlags::empty()),
        ];
        watched.extend(source.map(|source| PollFd::from_borrowed_fd(source, PollFlags::IN)));
        loop {
            if self.interrupt.is_raised() {
                return Event::Over;
            }
            match poll(&mut watched, patience.as_ref()) {
                Ok(0) => return Event::Time,
                Err(Errno::INTR) => {}
                // the kernel has no memory for a wait: nothing is left but to stop
                Err(_) => return Event::Over,
                Ok(_) if watched[..2].iter().any(|watched| !watched.revents().is_empty()) => {
                    return Event::Over;
                }
                Ok(_) => return Event::Readable,
            }
        }
    }
}

/// A journalctl at work. Its own `--since` is of no use where lines are counted: systemd 252 would
/// then count from the other end.
fn started(unit: &str, wanted: Wanted) -> io::Result<Running> {
    let journalctl = journal::journalctl(unit).args(wanted.follow.then_some("--follow"));
    let journalctl = match wanted.lines {
        Some(lines) => journalctl.arg(format!("--lines={lines}")),
        None => journalctl.args(["--no-tail", "--since", &journal::moment(wanted.since_usec)]),
    };
    journalctl.start()
}

/// How it has ended: one that follows does not end by itself.
fn ended(mut journalctl: Running, mut errors: impl Read, followed: bool) -> Result<(), Problem> {
    let status = journalctl.wait().map_err(|cause| unheard(&cause))?;
    if status.success() && !followed {
        return Ok(());
    }
    let mut said = String::new();
    let _ = errors.read_to_string(&mut said);
    let said = said.lines().find(|line| !line.trim().is_empty());
    Err(unheard(&said.map_or_else(|| status.to_string(), str::to_owned)))
}
