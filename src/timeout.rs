//! How long a phase may take: one absolute deadline around all of it.

use std::time::{Duration, Instant};

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

#[cfg(test)]
mod tests {
    use super::{Timeout, USUAL};
    use std::time::Duration;

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
}
