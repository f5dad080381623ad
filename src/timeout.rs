//! How long a phase may take: one absolute deadline around all of it. And work on a thread of its own,
//! which is left behind where a system call does not come back from it.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::interrupt::Interrupt;

/// How long a phase may take where the operator does not say.
pub const USUAL: Duration = Duration::from_secs(120);

/// How long a phase may take: what `--timeout` says, else [`USUAL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeout {
    given: Option<Duration>,
}

impl Timeout {
    /// What the operator said, if anything.
    pub fn new(given: Option<Duration>) -> Self {
        Self { given }
    }

    /// For a phase that nobody but us can end.
    pub fn span(self) -> Duration {
        self.given.unwrap_or(USUAL)
    }

    /// For a wait that has a limit of its own, which the operator may shorten.
    pub fn at_most(self, ours: Duration) -> Duration {
        ours.min(self.span())
    }

    /// For a first word that is waited for, unless the operator said otherwise.
    pub fn span_instead_of(self, ours: Duration) -> Duration {
        self.given.unwrap_or(ours)
    }

    /// For a phase that another allows `theirs`: as long as that, unless the operator said less.
    pub fn span_for(self, theirs: Duration) -> Duration {
        self.given.unwrap_or_else(|| USUAL.max(theirs))
    }
}

/// The moment at which a phase gives up. Copied into every wait of that phase, so that no sum of
/// small time-outs can exceed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    at: Instant,
}

impl Deadline {
    /// A deadline `timeout` from now.
    pub fn after(timeout: Duration) -> Self {
        Self { at: Instant::now() + timeout }
    }

    /// The time that is left; zero once it has passed.
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Whether the time is up.
    pub fn has_passed(&self) -> bool {
        self.remaining().is_zero()
    }
}

/// How often a wait asks whether it was interrupted.
const GLANCE: Duration = Duration::from_millis(50);

/// How long after the deadline the work may take to say so itself.
const GRACE: Duration = Duration::from_millis(500);

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does one piece of work after the other.
///
/// Our own waits end at their deadline. Those inside a library need not: std and zbus repeat a call
/// that the kernel interrupts, however often it does so.
#[derive(Debug, Clone)]
pub(crate) struct Worker(Sender<Job>);

impl Worker {
    /// Starts it; it ends with the last handle.
    pub(crate) fn start() -> io::Result<Self> {
        let (jobs, queue) = channel::<Job>();
        thread::Builder::new().spawn(move || queue.into_iter().for_each(|job| job()))?;
        Ok(Self(jobs))
    }

    /// What the work comes to; `None` where it has not come back shortly after the deadline or the
    /// interrupt, which it knows of itself.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        deadline: Deadline,
        interrupt: &Interrupt,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (done, result) = channel();
        let job = move || drop(done.send(work()));
        self.0.send(Box::new(job)).ok()?;
        loop {
            match result.recv_timeout(GLANCE.min(deadline.remaining())) {
                Err(RecvTimeoutError::Timeout)
                    if deadline.has_passed() || interrupt.is_raised() =>
                {
                    return result.recv_timeout(GRACE).ok();
                }
                Err(RecvTimeoutError::Timeout) => {}
                outcome => return outcome.ok(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Timeout, USUAL, *};

    #[test]
    fn the_operators_word_counts_then_the_others_then_ours() {
        let [short, long] = [1, 330].map(Duration::from_secs);
        for (given, span, for_short, for_long) in
            [(None, USUAL, USUAL, long), (Some(short), short, short, short)]
        {
            let timeout = Timeout::new(given);
            assert_eq!(timeout.span(), span);
            assert_eq!(timeout.span_for(short), for_short);
            assert_eq!(timeout.span_for(long), for_long);
            assert_eq!(timeout.at_most(Duration::from_secs(3)), span.min(Duration::from_secs(3)));
        }
    }

    #[test]
    fn work_that_does_not_come_back_is_left_behind() {
        let soon = Deadline::after(Duration::from_millis(100));
        let never = Interrupt::never();
        let worker = Worker::start().unwrap();
        assert_eq!(worker.run(soon, &never, || 1), Some(1));
        let (held, release) = channel::<()>();
        let endless = move || release.recv().is_ok();
        assert_eq!(worker.run(soon, &never, endless), None);
        let raised = Interrupt::never();
        raised.raise();
        let late = Deadline::after(Duration::from_secs(60));
        assert_eq!(worker.run(late, &raised, || ()), None);
        drop(held);
        assert_eq!(worker.run(late, &never, || 2), Some(2));
    }
}
