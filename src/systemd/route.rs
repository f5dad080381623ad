//! What a route to the user manager must be able to do.

use super::properties::Properties;
use super::wait::Wait;
use super::{JobOutcome, ManagerError, Verb};

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
