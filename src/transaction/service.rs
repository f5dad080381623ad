//! What the engine asks of the gateway's unit.

use std::time::Duration;

use super::error;
use crate::interrupt::Interrupt;
use crate::language::Explain;
use crate::systemd::{JobOutcome, ManagerError, UserManager, Verb};
use crate::timeout::{Deadline, Timeout};

/// What systemd needs to kill a service that has not stopped in its time.
const KILLING: Duration = Duration::from_secs(10);

/// Why the unit could not be asked or did not obey.
pub type ServiceError = Box<dyn Explain>;

/// The gateway's unit under its user manager. One deadline stands around all calls together.
pub trait Service {
    /// Whether the unit runs or is about to.
    fn is_active(&mut self) -> Result<bool, ServiceError>;

    /// Stops the unit and waits until its job has ended well.
    fn stop(&mut self) -> Result<(), ServiceError>;

    /// Starts the unit and waits until its job has ended well; a failed state is reset before.
    fn start(&mut self) -> Result<(), ServiceError>;

    /// Lets the manager read its unit files again (`daemon-reload`).
    fn reload(&mut self) -> Result<(), ServiceError>;

    /// What was done is being taken back: from here on nothing is interrupted, one deadline stands
    /// around all calls together, and a manager that has not answered once is not asked again.
    fn begin_undo(&mut self);
}

/// The unit under a real user manager, or none at all.
pub struct GatewayUnit<'a> {
    manager: Option<&'a UserManager>,
    unit: &'a str,
    timeout: Timeout,
    interrupt: Interrupt,
    /// Around all calls, from the first one on.
    deadline: Option<Deadline>,
    is_undoing: bool,
    silence: Option<ManagerError>,
}

impl<'a> GatewayUnit<'a> {
    /// The unit `unit`; all calls together may take as long as `timeout` says, and once more to
    /// take them back.
    pub fn new(
        manager: Option<&'a UserManager>,
        unit: &'a str,
        timeout: Timeout,
        interrupt: &Interrupt,
    ) -> Self {
        let interrupt = interrupt.clone();
        let (deadline, is_undoing, silence) = (None, false, None);
        Self { manager, unit, timeout, interrupt, deadline, is_undoing, silence }
    }

    /// Asks the manager. Without one no step that needs one is planned; only a recovery on a
    /// machine whose manager has gone gets here all the same, and there is nothing to stop or
    /// start: the next manager reads the files as they then are.
    fn ask<T>(
        &mut self,
        manager: &UserManager,
        question: impl FnOnce(&UserManager, Deadline, &Interrupt) -> Result<T, ManagerError>,
    ) -> Result<T, ServiceError> {
        if let Some(silence) = &self.silence {
            return Err(silence.clone().into());
        }
        let span = self.timeout.span();
        let deadline = *self.deadline.get_or_insert_with(|| Deadline::after(span));
        let answer = question(manager, deadline, &self.interrupt);
        if let Err(error @ (ManagerError::Hung { .. } | ManagerError::Died { .. })) = &answer
            && self.is_undoing
        {
            self.silence = Some(error.clone());
        }
        Ok(answer?)
    }

    /// A start that is "done" proves little: the health gate looks further.
    fn run(&mut self, manager: &UserManager, verb: Verb) -> Result<(), ServiceError> {
        let unit = self.unit;
        match self.ask(manager, |it, deadline, stop| it.run(verb, unit, deadline, stop))? {
            JobOutcome::Done => Ok(()),
            JobOutcome::Failed(outcome) => Err(error::job(verb, unit, &outcome).into()),
        }
    }

    /// systemd waits `TimeoutStopSec=` for the service before it kills it, and OpenClaw 2026.9.6
    /// asks for 330 s. A service that may take for ever gets no more than any other.
    fn allow_for_a_slow_stop(&mut self, manager: &UserManager) -> Result<(), ServiceError> {
        let unit = self.unit;
        let found = self.ask(manager, |it, deadline, stop| it.unit(unit, deadline, stop))?;
        let allowed = found.timeout_stop.unwrap_or_default().saturating_add(KILLING);
        let (usual, span) = (self.timeout.span(), self.timeout.span_for(allowed));
        if span > usual {
            // what is asked after such a stop needs its time, too
            self.deadline = Some(Deadline::after(span + usual));
        }
        Ok(())
    }
}

impl Service for GatewayUnit<'_> {
    fn is_active(&mut self) -> Result<bool, ServiceError> {
        let (unit, Some(manager)) = (self.unit, self.manager) else { return Ok(false) };
        let found = self.ask(manager, |it, deadline, stop| it.unit(unit, deadline, stop))?;
        Ok(found.is_up())
    }

    fn stop(&mut self) -> Result<(), ServiceError> {
        let Some(manager) = self.manager else { return Ok(()) };
        self.allow_for_a_slow_stop(manager)?;
        self.run(manager, Verb::Stop)
    }

    fn start(&mut self) -> Result<(), ServiceError> {
        let Some(manager) = self.manager else { return Ok(()) };
        self.run(manager, Verb::Start)
    }

    fn reload(&mut self) -> Result<(), ServiceError> {
        let Some(manager) = self.manager else { return Ok(()) };
        self.ask(manager, UserManager::reload)
    }

    fn begin_undo(&mut self) {
        self.interrupt = Interrupt::never();
        self.is_undoing = true;
        self.deadline = Some(Deadline::after(self.timeout.span()));
    }
}
