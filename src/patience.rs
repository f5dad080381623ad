//! How long a phase may take: one absolute deadline around all of it.

use std::time::{Duration, Instant};

/// The moment at which a phase gives up. Copied into every wait of that phase, so that no sum of
/// small time-outs can exceed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    at: Instant,
}

impl Deadline {
    /// A deadline `patience` from now.
    #[must_use]
    pub fn after(patience: Duration) -> Self {
        Self { at: Instant::now() + patience }
    }

    /// The time that is left; zero once it has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Whether the time is up.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.remaining().is_zero()
    }
}
