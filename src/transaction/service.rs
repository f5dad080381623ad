//! What the engine asks of the gateway's unit.

use crate::language::Explain;

/// Why the unit could not be asked or did not obey.
pub type ServiceError = Box<dyn Explain>;

/// The gateway's unit under its user manager. Each call has its own deadline.
pub trait Service {
    /// Whether the unit runs or is about to.
    fn is_active(&mut self) -> Result<bool, ServiceError>;

    /// Stops the unit and waits until its job has ended well.
    fn stop(&mut self) -> Result<(), ServiceError>;

    /// Starts the unit and waits until its job has ended well; a failed state is reset before.
    fn start(&mut self) -> Result<(), ServiceError>;

    /// Lets the manager read its unit files again (`daemon-reload`).
    fn reload(&mut self) -> Result<(), ServiceError>;

    /// From here on nothing is interrupted any more: what was done is being taken back.
    fn stand_firm(&mut self);
}
