//! Every wait ends: with an answer, at the deadline, or when the operator says so.

use std::pin::pin;
use std::time::Duration;

use zruntime::SharedRuntime;

use super::{ManagerError, Step, error};
use crate::interrupt::Interrupt;
use crate::patience::Deadline;

/// How often a wait asks whether it was interrupted.
pub(crate) const GLANCE: Duration = Duration::from_millis(50);

/// How long a call may take, and who may end it sooner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds<'a> {
    pub(super) deadline: Deadline,
    pub(super) interrupt: &'a Interrupt,
}

impl Bounds<'_> {
    /// Says why the wait must end now, if it must.
    pub(super) fn check(&self, step: &Step) -> Result<(), ManagerError> {
        if self.interrupt.is_raised() {
            return Err(ManagerError::Interrupted { step: step.clone() });
        }
        if self.deadline.has_passed() {
            return Err(ManagerError::Hung { step: step.clone() });
        }
        Ok(())
    }

    /// The same, but no longer than `span` from now.
    pub(super) fn within(&self, span: Duration) -> Self {
        Self { deadline: self.deadline.min(Deadline::after(span)), interrupt: self.interrupt }
    }

    /// The time until the next look at the clock and the interrupt.
    pub(super) fn glance(&self) -> Duration {
        self.deadline.remaining().min(GLANCE)
    }

    /// Awaits `future` no longer than that; for use inside [`zbus::block_on`].
    pub(super) async fn wait<F: Future>(
        &self,
        step: &Step,
        future: F,
    ) -> Result<F::Output, ManagerError> {
        let runtime =
            SharedRuntime::current().map_err(|cause| error::cannot_run("epoll", &cause))?;
        let mut future = pin!(future);
        loop {
            self.check(step)?;
            if let Ok(output) = runtime.timeout(self.glance(), future.as_mut()).await {
                return Ok(output);
            }
        }
    }
}
