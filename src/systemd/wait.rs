//! Every wait ends: with an answer, at the deadline, or when the operator says so.

use std::pin::pin;
use std::time::Duration;

use zruntime::SharedRuntime;

use super::{ManagerError, error};
use crate::interrupt::Interrupt;
use crate::timeout::Deadline;
use crate::worker::Worker;

/// How often a wait asks whether it was interrupted.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// What is waited for, how long that may take, and who may end it sooner.
#[derive(Debug, Clone)]
pub(super) struct Wait {
    /// What is being done, in the reader's words.
    pub(super) step: String,
    pub(super) deadline: Deadline,
    pub(super) interrupt: Interrupt,
}

impl Wait {
    /// Says why the wait must end now, if it must.
    pub(super) fn check(&self) -> Result<(), ManagerError> {
        if self.interrupt.is_raised() {
            return Err(ManagerError::Interrupted { step: self.step.clone() });
        }
        if self.deadline.has_passed() {
            return Err(ManagerError::Hung { step: self.step.clone() });
        }
        Ok(())
    }

    /// The same, but no longer than `span` from now.
    pub(super) fn within(&self, span: Duration) -> Self {
        Self { deadline: self.deadline.min(Deadline::after(span)), ..self.clone() }
    }

    /// Sleeps until the next look at the clock and the interrupt.
    pub(super) fn pause(&self) -> Result<(), ManagerError> {
        self.check()?;
        std::thread::sleep(self.deadline.remaining().min(POLL_INTERVAL));
        Ok(())
    }

    /// Awaits `future` no longer than that; for use inside [`zbus::block_on`].
    pub(super) async fn until<F: Future>(&self, future: F) -> Result<F::Output, ManagerError> {
        let runtime =
            SharedRuntime::current().map_err(|cause| error::cannot_run("epoll", &cause))?;
        let mut future = pin!(future);
        loop {
            self.check()?;
            let glance = self.deadline.remaining().min(POLL_INTERVAL);
            if let Ok(output) = runtime.timeout(glance, future.as_mut()).await {
                return Ok(output);
            }
        }
    }

    /// Awaits `future` on that thread, and no longer either where the thread does not come back.
    pub(super) fn until_on<F>(&self, worker: &Worker, future: F) -> Result<F::Output, ManagerError>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let wait = self.clone();
        let waiting = move || zbus::block_on(wait.until(future));
        worker.run(self.deadline, &self.interrupt, waiting).unwrap_or_else(|| {
            self.check()?;
            Err(ManagerError::Hung { step: self.step.clone() })
        })
    }

    /// The connection or the manager has gone away.
    pub(super) fn died(&self, reason: &dyn ToString) -> ManagerError {
        ManagerError::Died { step: self.step.clone(), reason: reason.to_string() }
    }
}
