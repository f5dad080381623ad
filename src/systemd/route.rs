//! What a route to the user manager must be able to do: what it asks a unit to do, and how systemd
//! says it ended.

use super::unit::Properties;
use super::wait::Wait;
use super::{ActiveState, ManagerError, Unit};

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
