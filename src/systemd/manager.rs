//! The user manager: found, asked, told what to do, and found again where the way to it is lost.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use super::backend::Backend;
use super::bus::Bus;
use super::environment::Environment;
use super::systemctl::Systemctl;
use super::wait::{Bounds, GLANCE};
use super::{ActiveState, JobOutcome, LoadState, ManagerError, Session, Step, Unit, Verb, error};
use crate::interrupt::Interrupt;
use crate::patience::Deadline;

/// How long a manager whose socket is there may take to answer at first.
const ENTRY: Duration = Duration::from_secs(2);

/// How long one that is lost may take to come back: executed anew it needs less than a second.
const RETURN: Duration = Duration::from_secs(10);

/// A connection to somebody's `systemd --user`.
///
/// No call blocks past its deadline, and every wait ends when the interrupt is raised. A
/// connection that is lost is made anew, over whichever road is open then.
pub struct UserManager {
    session: Session,
    /// Empty where it was lost.
    road: RefCell<Option<Rc<dyn Backend>>>,
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
        let manager = Self { session: session.clone(), road: RefCell::default() };
        let patience = if session.is_anywhere() { ENTRY } else { Duration::ZERO };
        let bounds = Bounds { deadline, interrupt };
        match manager.insist(&Step::connect(), patience, &bounds, |_| Ok(())) {
            Ok(()) => Ok(manager),
            // that nobody is there is said only of one who was given the time to come
            Err(ManagerError::Absent { .. }) if deadline.has_passed() => {
                Err(ManagerError::Hung { step: Step::connect() })
            }
            Err(error) => Err(error),
        }
    }

    /// The bus address, or `systemctl` and the private socket; empty where the way to it is lost.
    #[must_use]
    pub fn road(&self) -> String {
        self.road.borrow().as_ref().map(|road| road.road()).unwrap_or_default()
    }

    /// systemd's version, such as `255.4-1ubuntu8`.
    pub fn version(
        &self,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<String, ManagerError> {
        let bounds = Bounds { deadline, interrupt };
        self.ask(&Step::reading(None), &bounds, |road| {
            Ok(road.properties(None, &bounds)?.text("Version"))
        })
    }

    /// The variables that every unit inherits (`systemctl --user show-environment`).
    pub fn environment(
        &self,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<Environment, ManagerError> {
        let bounds = Bounds { deadline, interrupt };
        self.ask(&Step::reading(None), &bounds, |road| {
            Ok(road.properties(None, &bounds)?.environment())
        })
    }

    /// The unit's present state. A unit without a file has [`LoadState::NotFound`].
    pub fn unit(
        &self,
        name: &str,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<Unit, ManagerError> {
        self.look(name, &Bounds { deadline, interrupt })
    }

    /// Reads all unit files again. Needed after every change of a drop-in: systemd does not look
    /// for new ones by itself.
    pub fn reload(&self, deadline: Deadline, interrupt: &Interrupt) -> Result<(), ManagerError> {
        let bounds = Bounds { deadline, interrupt };
        self.ask(&Step::reload(), &bounds, |road| road.reload(&bounds))
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

    fn look(&self, unit: &str, bounds: &Bounds<'_>) -> Result<Unit, ManagerError> {
        self.ask(&Step::reading(Some(unit)), bounds, |road| {
            Ok(road.properties(Some(unit), bounds)?.unit())
        })
    }

    /// A job is not simply asked for again: when the way is lost while it runs, the unit tells
    /// what has become of it.
    fn run(&self, verb: Verb, unit: &str, bounds: &Bounds<'_>) -> Result<JobOutcome, ManagerError> {
        let step = Step::job(verb, unit);
        loop {
            // a stop takes the place of whatever is queued, a start of ours included that was
            // interrupted
            let before = match verb {
                Verb::Start => self.ready_to_start(unit, bounds)?,
                Verb::Stop => String::new(),
            };
            let road = self.ask(&step, bounds, |road| Ok(Rc::clone(road)))?;
            match road.run(verb, unit, bounds) {
                Err(ManagerError::Died { .. }) => {
                    self.road.take();
                    let now = self.without_job(unit, bounds)?;
                    if let Some(outcome) = JobOutcome::of_unit(verb, &before, &now) {
                        return Ok(outcome);
                    }
                    bounds.check(&step)?;
                }
                outcome => return outcome,
            }
        }
    }

    /// Returns the run that the unit has had.
    fn ready_to_start(&self, unit: &str, bounds: &Bounds<'_>) -> Result<String, ManagerError> {
        let state = self.without_job(unit, bounds)?;
        match state.load_state {
            LoadState::NotFound => return Err(error::no_such_unit(unit)),
            LoadState::Masked => return Err(error::unit_masked(unit)),
            LoadState::BadSetting | LoadState::Error => {
                let reason = state.load_error.unwrap_or_default();
                return Err(error::unit_broken(unit, &reason));
            }
            LoadState::Loaded | LoadState::Other(_) => {}
        }
        if state.active_state == ActiveState::Failed {
            let step = Step::reset_failed(unit);
            self.ask(&step, bounds, |road| road.reset_failed(unit, bounds))?;
        }
        Ok(state.invocation_id)
    }

    /// Waits until no job is queued on the unit: one of somebody else's would be replaced by
    /// ours, or merged with it.
    fn without_job(&self, unit: &str, bounds: &Bounds<'_>) -> Result<Unit, ManagerError> {
        let step = Step::wait_for_others(unit);
        loop {
            let state = self.look(unit, bounds)?;
            if !state.job_queued {
                return Ok(state);
            }
            bounds.check(&step)?;
            std::thread::sleep(bounds.glance());
        }
    }

    /// Asks, and asks again over a new connection where the old one is lost: for what may be
    /// asked twice. It has been there: one that is found nowhere has gone.
    fn ask<T>(
        &self,
        step: &Step,
        bounds: &Bounds<'_>,
        question: impl Fn(&Rc<dyn Backend>) -> Result<T, ManagerError>,
    ) -> Result<T, ManagerError> {
        self.insist(step, RETURN, bounds, question).map_err(|error| match error {
            ManagerError::Absent { looked, .. } => {
                ManagerError::Died { step: step.clone(), reason: looked.join("; ") }
            }
            other => other,
        })
    }

    /// The same, with as much patience from the first loss on; what is told in the end is that.
    fn insist<T>(
        &self,
        step: &Step,
        patience: Duration,
        bounds: &Bounds<'_>,
        question: impl Fn(&Rc<dyn Backend>) -> Result<T, ManagerError>,
    ) -> Result<T, ManagerError> {
        let mut loss = None;
        loop {
            let error = match self.found(bounds) {
                Ok(road) => match question(&road) {
                    Err(error @ ManagerError::Died { .. }) => error,
                    outcome => return outcome,
                },
                Err(error) => error,
            };
            self.road.take();
            let back = bounds.within(patience).deadline;
            let (first, until) = loss.get_or_insert((error, back));
            if until.has_passed() {
                return Err(first.clone());
            }
            bounds.check(step)?;
            std::thread::sleep(GLANCE.min(until.remaining()));
        }
    }

    /// The road that is known, or the first that is open.
    fn found(&self, bounds: &Bounds<'_>) -> Result<Rc<dyn Backend>, ManagerError> {
        if let Some(road) = &*self.road.borrow() {
            return Ok(Rc::clone(road));
        }
        let buses = self.session.bus_addresses().into_iter().map(|address| {
            let bus = Bus::connect(&address, bounds)?;
            Ok(Rc::new(bus) as Rc<dyn Backend>)
        });
        let sockets = self.session.private_directories().into_iter().map(|directory| {
            let systemctl = Systemctl::connect(&directory)?;
            Ok(Rc::new(systemctl) as Rc<dyn Backend>)
        });
        let mut looked = Vec::new();
        let mut trouble = None;
        for road in buses.chain(sockets) {
            match road {
                Ok(road) => {
                    *self.road.borrow_mut() = Some(Rc::clone(&road));
                    return Ok(road);
                }
                Err(ManagerError::Absent { looked: found, .. }) => looked.extend(found),
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        looked.extend(self.session.places());
        Err(trouble.unwrap_or(ManagerError::Absent { uid: self.session.uid, looked }))
    }
}

impl fmt::Debug for UserManager {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "UserManager({})", self.road())
    }
}
