//! What we ask a unit to do, and how systemd says it ended.

/// A job that we put into the manager's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Start it, unless it runs already.
    Start,
    /// Stop it, unless it is stopped already.
    Stop,
    /// Stop it if it runs, then start it.
    Restart,
}

impl Verb {
    /// The word that systemctl(1) uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }
}

/// The result of our own job, as `JobRemoved` reports it.
///
/// [`JobOutcome::Done`] of a start proves little: systemd 252 also says "done" for
/// `Type=simple` with a missing binary. The health gate looks further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobOutcome {
    /// The job ran to its end.
    Done,
    /// Somebody cancelled it, or a contrary job replaced it.
    Canceled,
    /// The job's own time-out was reached.
    Timeout,
    /// The unit failed.
    Failed,
    /// A unit that this one requires failed.
    Dependency,
    /// Nothing had to be done, or a condition of the unit was not met.
    Skipped,
    /// A result that a newer systemd invented.
    Other(String),
}

impl JobOutcome {
    pub(super) fn of_result(result: &str) -> Self {
        match result {
            "done" => Self::Done,
            "canceled" => Self::Canceled,
            "timeout" => Self::Timeout,
            "failed" => Self::Failed,
            "dependency" => Self::Dependency,
            "skipped" => Self::Skipped,
            other => Self::Other(other.to_owned()),
        }
    }

    /// systemd's own word for it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Done => "done",
            Self::Canceled => "canceled",
            Self::Timeout => "timeout",
            Self::Failed => "failed",
            Self::Dependency => "dependency",
            Self::Skipped => "skipped",
            Self::Other(result) => result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::JobOutcome;

    #[test]
    fn every_result_keeps_its_name() {
        for name in ["done", "canceled", "timeout", "failed", "dependency", "skipped", "once"] {
            assert_eq!(JobOutcome::of_result(name).name(), name);
        }
        assert_eq!(JobOutcome::of_result("once"), JobOutcome::Other("once".to_owned()));
    }
}
