//! What a route to the user manager must be able to do: what it asks a unit to do, how systemd says
//! that it ended, and that every wait ends: with an answer, at the deadline, or when the operator says so.

use std::pin::pin;
use std::time::Duration;

use zruntime::SharedRuntime;

use super::unit::Properties;
use super::{ActiveState, ManagerError, Unit, error};
use crate::interrupt::Interrupt;
use crate::timeout::{Deadline, Worker};

/// One route: D-Bus, or `systemctl` where there is no bus. One that is lost says
/// [`ManagerError::Died`]; to find another is not its business.
pub(super) trait Route {
    /// How a report calls it.
    fn name(&self) -> String;
    /// The properties of a unit, or of the manager itself.
    fn properties(&self, unit: Option<&str>, wait: &Wait) -> Result<Properties, ManagerError>;
    fn reload(&self, wait: &Wait) -> Result<(), ManagerError>;
    /// Puts our job into the queue and waits for its own result.
    fn run(&self, verb: Verb, unit: &str, wait: &Wait) -> Result<JobOutcome, ManagerError>;
    fn reset_failed(&self, unit: &str, wait: &Wait) -> Result<(), ManagerError>;
}

/// A job that we put into the manager's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Start it, unless it runs already.
    Start,
    /// Stop it, unless it is stopped already.
    Stop,
}

impl Verb {
    /// The word that systemctl(1) uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
        }
    }

    /// Whether the unit is where the job was to bring it.
    pub(super) fn is_done(self, unit: &Unit) -> bool {
        match self {
            Self::Start => unit.is_up(),
            Self::Stop => {
                matches!(unit.active_state, ActiveState::Inactive | ActiveState::Failed)
            }
        }
    }
}

/// The result of our own job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobOutcome {
    /// The job ran to its end, or there was nothing to do. That of a start proves little: systemd
    /// 252 also says "done" for `Type=simple` with a missing binary. The health gate looks further.
    Done,
    /// It did not, in systemd's own word: `canceled`, `timeout`, `failed`, `dependency`, …; where
    /// the job was not heard to end, how the service ended.
    Failed(String),
}

impl JobOutcome {
    /// As `JobRemoved` reports it. "skipped": nothing had to be done, or a condition was not met.
    pub(super) fn of_result(result: &str) -> Self {
        match result {
            "done" | "skipped" => Self::Done,
            other => Self::Failed(other.to_owned()),
        }
    }

    /// What the unit itself tells when the job is no longer queued and nobody has heard it end;
    /// `None`: the job has never run. `before` is the run that the unit had had.
    pub(super) fn of_unit(verb: Verb, before: &str, unit: &Unit) -> Option<Self> {
        if verb.is_done(unit) {
            return Some(Self::Done);
        }
        let has_run = verb == Verb::Start && unit.invocation_id != before;
        has_run.then(|| match unit.result.as_str() {
            "success" => Self::Done,
            other => Self::Failed(other.to_owned()),
        })
    }
}

/// How often a wait asks whether it was interrupted.
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(50);

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unheard_job_is_judged_by_the_unit() {
        let unit = |active_state, run: &str, result: &str| Unit {
            active_state,
            invocation_id: run.to_owned(),
            result: result.to_owned(),
            ..Unit::default()
        };
        let failed = |word: &str| Some(JobOutcome::Failed(word.to_owned()));
        for (verb, unit, outcome) in [
            (Verb::Stop, unit(ActiveState::Inactive, "a", "success"), Some(JobOutcome::Done)),
            (Verb::Stop, unit(ActiveState::Failed, "a", "timeout"), Some(JobOutcome::Done)),
            (Verb::Stop, unit(ActiveState::Active, "a", "success"), None),
            (Verb::Stop, unit(ActiveState::Deactivating, "a", "success"), None),
            (Verb::Start, unit(ActiveState::Active, "b", "success"), Some(JobOutcome::Done)),
            (Verb::Start, unit(ActiveState::Activating, "b", "exit-code"), Some(JobOutcome::Done)),
            (Verb::Start, unit(ActiveState::Failed, "b", "exit-code"), failed("exit-code")),
            (Verb::Start, unit(ActiveState::Inactive, "b", "success"), Some(JobOutcome::Done)),
            (Verb::Start, unit(ActiveState::Inactive, "a", "success"), None),
        ] {
            assert_eq!(JobOutcome::of_unit(verb, "a", &unit), outcome, "{verb:?} {unit:?}");
        }
    }
}
