//! What the engine asks of the gateway's unit.

use std::time::Duration;

use super::error::TransactionError;
use crate::interrupt::Interrupt;
use crate::language::Explain;
use crate::patience::Deadline;
use crate::systemd::{JobOutcome, ManagerError, UserManager, Verb};

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

/// The unit under a real user manager, or none at all.
pub struct GatewayUnit<'a> {
    manager: Option<&'a UserManager>,
    unit: &'a str,
    timeout: Duration,
    interrupt: Interrupt,
}

impl<'a> GatewayUnit<'a> {
    /// The unit `unit`; each call may take `timeout`.
    #[must_use]
    pub fn new(
        manager: Option<&'a UserManager>,
        unit: &'a str,
        timeout: Duration,
        interrupt: &Interrupt,
    ) -> Self {
        Self { manager, unit, timeout, interrupt: interrupt.clone() }
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout)
    }

    /// Without a manager no step that needs one is planned; only a recovery on a machine whose
    /// manager has gone comes here.
    fn manager(&self) -> Result<&'a UserManager, ServiceError> {
        let looked = Vec::new();
        let uid = rustix::process::geteuid().as_raw();
        self.manager.ok_or_else(|| ManagerError::Absent { uid, looked }.into())
    }
}

impl Service for GatewayUnit<'_> {
    fn is_active(&mut self) -> Result<bool, ServiceError> {
        let Some(manager) = self.manager else { return Ok(false) };
        Ok(manager.unit(self.unit, self.deadline(), &self.interrupt)?.is_up())
    }

    fn stop(&mut self) -> Result<(), ServiceError> {
        let outcome = self.manager()?.stop(self.unit, self.deadline(), &self.interrupt)?;
        judge(Verb::Stop, self.unit, &outcome)
    }

    fn start(&mut self) -> Result<(), ServiceError> {
        let outcome = self.manager()?.start(self.unit, self.deadline(), &self.interrupt)?;
        judge(Verb::Start, self.unit, &outcome)
    }

    fn reload(&mut self) -> Result<(), ServiceError> {
        Ok(self.manager()?.reload(self.deadline(), &self.interrupt)?)
    }

    fn stand_firm(&mut self) {
        self.interrupt = Interrupt::never();
    }
}

/// `skipped` means that there was nothing to do. A start that is "done" proves little: the health
/// gate looks further.
fn judge(verb: Verb, unit: &str, outcome: &JobOutcome) -> Result<(), ServiceError> {
    match outcome {
        JobOutcome::Done | JobOutcome::Skipped => Ok(()),
        other => {
            let (unit, outcome) = (unit.to_owned(), other.name().to_owned());
            Err(TransactionError::Job { verb, unit, outcome }.into())
        }
    }
}
