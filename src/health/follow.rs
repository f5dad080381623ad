//! The gateway's log line by line, as it is written: out of the journal, or out of its files.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::log_source::{self, journalctl, moment, of_journal, printed_since};
use super::{LogLine, LogSource, error};
use crate::child::Helper;
use crate::interrupt::Interrupt;
use crate::language::Problem;
use crate::timeout::Deadline;

/// After so much silence is asked whether it is over, and whether a new day has begun.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

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

impl LogSource {
    /// Where the gateway's log is: where it has spoken since a moment; else, where it ever has.
    pub fn origin(
        &self,
        since_usec: u64,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<Origin, Problem> {
        let journal = |since| {
            let heard = printed_since(&self.unit, since).arg("--lines=1").run(deadline, interrupt);
            let heard = heard.map(|heard| heard.stdout).unwrap_or_default();
            let mut lines = heard.lines().filter_map(of_journal);
            lines.any(|line| line.usec >= since).then_some(Origin::Journal)
        };
        let files = log_source::files(self);
        let grew = files.iter().any(|path| log_source::grew_since(path, since_usec));
        let youngest = files.last().cloned().map(Origin::Files);
        let recent = journal(since_usec).or_else(|| youngest.clone().filter(|_| grew));
        recent.or_else(|| journal(0)).or(youngest).ok_or_else(|| {
            let named = self.named.as_ref().map(std::slice::from_ref);
            error::no_log(&self.unit, named.unwrap_or(&self.directories))
        })
    }
}

/// Who reads a log as it grows.
pub struct Follower<'a> {
    /// Ends the reading.
    pub interrupt: &'a Interrupt,
    /// Where the lines go: if nobody reads there any more, the reading ends, too.
    pub output: BorrowedFd<'a>,
    /// Takes a line; an error ends the reading.
    pub hear: &'a mut dyn FnMut(LogLine) -> io::Result<()>,
}

impl Follower<'_> {
    /// Takes every line that is wanted, until the log's end or for ever. An interrupt and a reader
    /// that has gone away are ends like any other.
    pub fn read(
        &mut self,
        origin: &Origin,
        source: &LogSource,
        wanted: Wanted,
    ) -> Result<(), Problem> {
        match origin {
            Origin::Journal => self.journal(&source.unit, wanted),
            Origin::Files(_) => self.files(source, wanted),
        }
    }

    /// journalctl's own `--since` is of no use where lines are counted: systemd 252 would then count
    /// from the other end.
    fn journal(&mut self, unit: &str, wanted: Wanted) -> Result<(), Problem> {
        let journalctl = journalctl(unit).args(wanted.follow.then_some("--follow"));
        let journalctl = match wanted.lines {
            Some(lines) => journalctl.arg(format!("--lines={lines}")),
            None => journalctl.args(["--no-tail", "--since", &moment(wanted.since_usec)]),
        };
        let read = |line: &str| of_journal(line).filter(|line| line.usec >= wanted.since_usec);
        let quiet = || None;
        self.child(("journalctl", journalctl), wanted.follow, &read, &quiet).map(drop)
    }

    /// tail(1) follows a file through truncation and rotation; we go on to the next day's.
    fn files(&mut self, source: &LogSource, wanted: Wanted) -> Result<(), Problem> {
        let files = log_source::files(source);
        let most = wanted.lines.map_or(usize::MAX, |lines| lines as usize);
        let newest = log_source::newest(&files, wanted.since_usec, most)
            .map_err(|cause| error::log_unreadable(&cause))?;
        let mut youngest = files.last().cloned().zip(newest.end);
        let goes_on = self.take(newest.lines)?;
        while let Some((file, end)) = youngest.filter(|_| goes_on && wanted.follow) {
            // watched by inotify, a folder that is removed and made again is lost to uutils' tail
            let tail = Helper::new("tail").args(["---disable-inotify", "-F"]);
            let tail = tail.args(["--sleep-interval=0.1", "-c"]);
            let tail = tail.arg(format!("+{}", end + 1)).arg("--").arg(&file);
            let quiet = || log_source::of_next_day(source, &file);
            let next = self.child(("tail", tail), true, &LogLine::of_file, &quiet)?;
            youngest = next.map(|next| (next, 0));
        }
        Ok(())
    }

    /// Takes the lines that a program prints, until there is something else to read when it is
    /// quiet, or all is over.
    fn child(
        &mut self,
        (name, program): (&str, Helper),
        is_endless: bool,
        read: &dyn Fn(&str) -> Option<LogLine>,
        quiet: &dyn Fn() -> Option<PathBuf>,
    ) -> Result<Option<PathBuf>, Problem> {
        let failed = |cause: io::Error| error::log_program_ended(name, &cause.to_string());
        let program = program.start().map_err(failed)?;
        let mut next = None;
        loop {
            match program.next(POLL_INTERVAL) {
                Ok(line) if !self.take(read(&line))? => return Ok(None),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) if self.is_over() => return Ok(None),
                // the program itself looks only now and then: it gets one more chance
                Err(RecvTimeoutError::Timeout) => match std::mem::replace(&mut next, quiet()) {
                    None => {}
                    found => return Ok(found),
                },
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let end = program.end().map_err(failed)?;
        if end.status.success() && !is_endless {
            return Ok(None);
        }
        Err(error::log_program_ended(name, &end.complaint()))
    }

    /// Whether there is still somebody who reads.
    fn take(&mut self, lines: impl IntoIterator<Item = LogLine>) -> Result<bool, Problem> {
        match lines.into_iter().try_for_each(&mut *self.hear) {
            Ok(()) => Ok(!self.interrupt.is_raised()),
            Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(cause) => Err(error::log_unwritable(&cause)),
        }
    }

    /// A pipe without a reader tells so unasked.
    fn is_over(&self) -> bool {
        let output = PollFd::from_borrowed_fd(self.output, PollFlags::empty());
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        self.interrupt.is_raised() || poll(&mut [output], Some(&now)).is_ok_and(|found| found > 0)
    }
}
