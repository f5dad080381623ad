//! Work on a thread of its own, which is left behind where a system call does not come back from it.
//!
//! Our own waits end at their deadline. Those inside a library need not: std and zbus repeat a call
//! that the kernel interrupts, however often it does so.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::interrupt::Interrupt;
use crate::timeout::Deadline;

/// How often a wait asks whether it was interrupted.
const GLANCE: Duration = Duration::from_millis(50);

/// How long after the deadline the work may take to say so itself.
const GRACE: Duration = Duration::from_millis(500);

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does one piece of work after the other.
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
    use super::*;

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
