//! The user manager: found, asked, and told what to do.

use std::fmt;

use super::backend::Backend;
use super::bus::Bus;
use super::environment::Environment;
use super::systemctl::Systemctl;
use super::wait::Bounds;
use super::{ActiveState, JobOutcome, ManagerError, Session, Step, Unit, Verb};
use crate::interrupt::Interrupt;
use crate::patience::Deadline;

/// A connection to somebody's `systemd --user`.
///
/// No call blocks past its deadline, and every wait ends when the interrupt is raised.
pub struct UserManager {
    backend: Box<dyn Backend>,
    road: String,
}

impl UserManager {
    /// Finds the manager of the session's user: over the announced bus, the bus of the runtime
    /// directory, or, with no bus, `systemctl` over the manager's private socket (zbus cannot
    /// speak to it: systemd answers there under a name that only a bus may hand out).
    pub fn connect(
        session: &Session,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<Self, ManagerError> {
        let bounds = Bounds { deadline, interrupt };
        let mut looked = Vec::new();
        let mut refusal = None;
        for address in session.bus_addresses() {
            match Bus::connect(&address, &bounds) {
                Ok(bus) => return Ok(Self { backend: Box::new(bus), road: address }),
                Err(ManagerError::Absent { looked: found, .. }) => looked.extend(found),
                Err(error @ ManagerError::Refused { .. }) => refusal = refusal.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        for directory in session.private_directories() {
            let road = format!("systemctl, {}", directory.join("systemd/private").display());
            let systemctl = Systemctl::new(&directory);
            match systemctl.version(&bounds) {
                Ok(_) => return Ok(Self { backend: Box::new(systemctl), road }),
                Err(ManagerError::Absent { looked: found, .. }) => looked.extend(found),
                Err(error @ ManagerError::Refused { .. }) => refusal = refusal.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        looked.extend(session.places());
        Err(refusal.unwrap_or(ManagerError::Absent { uid: session.uid, looked }))
    }

    /// The bus address, or `systemctl` and the private socket.
    #[must_use]
    pub fn road(&self) -> &str {
        &self.road
    }

    /// systemd's version, such as `255.4-1ubuntu8`.
    pub fn version(
        &self,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<String, ManagerError> {
        self.backend.version(&Bounds { deadline, interrupt })
    }

    /// The variables that every unit inherits (`systemctl --user show-environment`).
    pub fn environment(
        &self,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<Environment, ManagerError> {
        self.backend.environment(&Bounds { deadline, interrupt })
    }

    /// The unit's present state. A unit without a file has [`super::LoadState::NotFound`].
    pub fn unit(
        &self,
        name: &str,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<Unit, ManagerError> {
        self.backend.unit(name, &Bounds { deadline, interrupt })
    }

    /// Reads all unit files again. Needed after every change of a drop-in: systemd does not look
    /// for new ones by itself.
    pub fn reload(&self, deadline: Deadline, interrupt: &Interrupt) -> Result<(), ManagerError> {
        self.backend.reload(&Bounds { deadline, interrupt })
    }

    /// Starts the unit, forgetting an earlier failure, which may have used up its start limit.
    pub fn start(
        &self,
        unit: &str,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<JobOutcome, ManagerError> {
        self.run(Verb::Start, unit, &Bounds { deadline, interrupt })
    }

    /// Stops the unit, whatever else was to be done with it.
    pub fn stop(
        &self,
        unit: &str,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<JobOutcome, ManagerError> {
        self.run(Verb::Stop, unit, &Bounds { deadline, interrupt })
    }

    /// Stops and starts the unit, forgetting an earlier failure.
    pub fn restart(
        &self,
        unit: &str,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<JobOutcome, ManagerError> {
        self.run(Verb::Restart, unit, &Bounds { deadline, interrupt })
    }

    /// Forgets that the unit failed, and how often it was restarted.
    pub fn reset_failed(
        &self,
        unit: &str,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<(), ManagerError> {
        self.backend.reset_failed(unit, &Bounds { deadline, interrupt })
    }

    fn run(&self, verb: Verb, unit: &str, bounds: &Bounds<'_>) -> Result<JobOutcome, ManagerError> {
        // a stop takes the place of whatever is queued, a start of ours included that was
        // interrupted
        if verb != Verb::Stop {
            let state = self.without_foreign_job(unit, bounds)?;
            if state.active_state == ActiveState::Failed {
                self.backend.reset_failed(unit, bounds)?;
            }
        }
        self.backend.run(verb, unit, bounds)
    }

    /// Waits until no job of somebody else's is queued on the unit: ours would replace it, or
    /// be merged with it.
    fn without_foreign_job(&self, unit: &str, bounds: &Bounds<'_>) -> Result<Unit, ManagerError> {
        let step = Step::WaitForOthers(unit.to_owned());
        loop {
            let state = self.backend.unit(unit, bounds)?;
            if !state.job_queued {
                return Ok(state);
            }
            bounds.check(&step)?;
            std::thread::sleep(bounds.glance());
        }
    }
}

impl fmt::Debug for UserManager {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "UserManager({})", self.road)
    }
}
