//! What a road to the user manager must be able to do.

use super::properties::Properties;
use super::wait::Bounds;
use super::{JobOutcome, ManagerError, Verb};

/// One road: D-Bus, or `systemctl` where there is no bus. One that is lost says
/// [`ManagerError::Died`]; to find another is not its business.
pub(super) trait Backend {
    /// How a report calls it.
    fn road(&self) -> String;
    /// The properties of a unit, or of the manager itself.
    fn properties(
        &self,
        unit: Option<&str>,
        bounds: &Bounds<'_>,
    ) -> Result<Properties, ManagerError>;
    fn reload(&self, bounds: &Bounds<'_>) -> Result<(), ManagerError>;
    /// Puts our job into the queue and waits for its own result.
    fn run(&self, verb: Verb, unit: &str, bounds: &Bounds<'_>) -> Result<JobOutcome, ManagerError>;
    fn reset_failed(&self, unit: &str, bounds: &Bounds<'_>) -> Result<(), ManagerError>;
}
