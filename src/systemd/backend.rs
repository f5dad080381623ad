//! What a road to the user manager must be able to do.

use super::environment::Environment;
use super::wait::Bounds;
use super::{JobOutcome, ManagerError, Unit, Verb};

/// One road: D-Bus, or `systemctl` where there is no bus.
pub(super) trait Backend {
    fn version(&self, bounds: &Bounds<'_>) -> Result<String, ManagerError>;
    fn environment(&self, bounds: &Bounds<'_>) -> Result<Environment, ManagerError>;
    fn unit(&self, name: &str, bounds: &Bounds<'_>) -> Result<Unit, ManagerError>;
    fn reload(&self, bounds: &Bounds<'_>) -> Result<(), ManagerError>;
    /// Puts our job into the queue and waits for its own result.
    fn run(&self, verb: Verb, unit: &str, bounds: &Bounds<'_>) -> Result<JobOutcome, ManagerError>;
    fn reset_failed(&self, unit: &str, bounds: &Bounds<'_>) -> Result<(), ManagerError>;
}
