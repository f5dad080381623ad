//! The user manager: found, asked, told what to do, and found again where the way to it is lost.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use super::bus::Bus;
use super::environment::Environment;
use super::route::{Route, Wait};
use super::systemctl::Systemctl;
use super::{ActiveState, JobOutcome, LoadState, ManagerError, Session, Unit, Verb, error};
use crate::interrupt::Interrupt;
use crate::timeout::Deadline;

/// How long a manager whose socket is there may take to answer at first.
const ENTRY: Duration = Duration::from_secs(2);

/// How long one that is lost may take to come back: executed anew it needs less than a second.
const RETURN: Duration = Duration::from_secs(10);

/// The `Result` of a unit that was not started because it had been started too often.
const START_LIMIT: &str = "start-limit-hit";

/// A connection to somebody's `systemd --user`.
///
/// No call blocks past its deadline, and every wait ends when the interrupt is raised. A
/// connection that is lost is made anew, over whichever route is open then. A clone speaks over the
/// same one.
#[derive(Clone)]
pub struct UserManager {
    session: Session,
    /// Empty where it was lost.
    route: RefCell<Option<Rc<dyn Route>>>,
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
        let manager = Self { session: session.clone(), route: RefCell::default() };
        let timeout = if session.is_anywhere() { ENTRY } else { Duration::ZERO };
        let wait = Wait { step: say!("connecting to it"), deadline, interrupt: interrupt.clone() };
        match manager.insist(timeout, &wait, |_| Ok(())) {
            // that nobody is there is said only of one who was given the time to come
            Err(ManagerError::Absent { .. }) if deadline.has_passed() => {
                Err(ManagerError::Hung { step: wait.step })
            }
            outcome => outcome.map(|()| manager),
        }
    }

    /// The bus address, or `systemctl` and the private socket; empty where the way to it is lost.
    pub fn route(&self) -> String {
        self.route.borrow().as_ref().map(|route| route.name()).unwrap_or_default()
    }

    /// systemd's version, such as `255.4-1ubuntu8`, and the variables that every unit inherits
    /// (`systemctl --user show-environment`).
    pub fn version_and_environment(
        &self,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<(String, Environment), ManagerError> {
        let wait = Wait {
            step: say!("asking for its properties"),
            deadline,
            interrupt: interrupt.clone(),
        };
        let properties = self.ask(&wait, |route| route.properties(None, &wait))?;
        Ok((properties.text("Version"), properties.environment()))
    }

    /// The unit's present state. A unit without a file has [`LoadState::NotFound`].
    pub fn unit(
        &self,
        unit: &str,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<Unit, ManagerError> {
        self.look(
            unit,
            &Wait { step: say!("reading {unit}", unit), deadline, interrupt: interrupt.clone() },
        )
    }

    /// Reads all unit files again. Needed after every change of a drop-in: systemd does not look
    /// for new ones by itself.
    pub fn reload(&self, deadline: Deadline, interrupt: &Interrupt) -> Result<(), ManagerError> {
        let wait =
            Wait { step: say!("reloading unit files"), deadline, interrupt: interrupt.clone() };
        self.ask(&wait, |route| route.reload(&wait))
    }

    /// Starts the unit, forgetting an earlier failure, which may have used up its start limit; or
    /// stops it, whatever else was to be done with it.
    ///
    /// A job is not simply asked for again: when the way is lost while it runs, the unit tells
    /// what has become of it.
    pub fn run(
        &self,
        verb: Verb,
        unit: &str,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<JobOutcome, ManagerError> {
        let step = match verb {
            Verb::Start => say!("starting {unit}", unit),
            Verb::Stop => say!("stopping {unit}", unit),
        };
        let wait = Wait { step, deadline, interrupt: interrupt.clone() };
        let mut is_limited = false;
        loop {
            // a stop takes the place of whatever is queued, a start of ours included that was
            // interrupted
            let before = match verb {
                Verb::Start => self.ready_to_start(unit, &wait)?,
                Verb::Stop => String::new(),
            };
            let route = self.ask(&wait, |route| Ok(Rc::clone(route)))?;
            match route.run(verb, unit, &wait) {
                Err(ManagerError::Died { .. }) => {
                    self.route.take();
                    let now = self.without_job(unit, &wait)?;
                    if let Some(outcome) = JobOutcome::of_unit(verb, &before, &now) {
                        return Ok(outcome);
                    }
                    wait.check()?;
                }
                // nothing of the unit was run: it had been started too often, by us among others
                Ok(JobOutcome::Failed(_))
                    if !is_limited && self.look(unit, &wait)?.result == START_LIMIT =>
                {
                    is_limited = true;
                }
                outcome => return outcome,
            }
        }
    }

    fn look(&self, unit: &str, wait: &Wait) -> Result<Unit, ManagerError> {
        Ok(self.ask(wait, |route| route.properties(Some(unit), wait))?.unit())
    }

    /// Returns the run that the unit has had.
    fn ready_to_start(&self, unit: &str, wait: &Wait) -> Result<String, ManagerError> {
        let state = self.without_job(unit, wait)?;
        match state.load_state {
            LoadState::NotFound => return Err(error::no_such_unit(unit)),
            LoadState::Masked => return Err(error::unit_masked(unit)),
            LoadState::BadSetting | LoadState::Error => {
                let reason = state.load_error.unwrap_or_default();
                return Err(error::unit_broken(unit, &reason));
            }
            LoadState::Loaded | LoadState::Other(_) => {}
        }
        // restarts from before this start would count as its own: a stop leaves them (systemd 252)
        if state.active_state == ActiveState::Failed || state.n_restarts > 0 {
            self.ask(wait, |route| route.reset_failed(unit, wait))?;
        }
        Ok(state.invocation_id)
    }

    /// Waits until no job is queued on the unit: one of somebody else's would be replaced by
    /// ours, or merged with it.
    fn without_job(&self, unit: &str, wait: &Wait) -> Result<Unit, ManagerError> {
        let wait = Wait { step: say!("waiting for another job on {unit}", unit), ..wait.clone() };
        loop {
            let state = self.look(unit, &wait)?;
            if !state.job_queued {
                return Ok(state);
            }
            wait.pause()?;
        }
    }

    /// Asks, and asks again over a new connection where the old one is lost: for what may be
    /// asked twice. It has been there: one that is found nowhere has gone.
    fn ask<T>(
        &self,
        wait: &Wait,
        question: impl Fn(&Rc<dyn Route>) -> Result<T, ManagerError>,
    ) -> Result<T, ManagerError> {
        self.insist(RETURN, wait, question).map_err(|error| match error {
            ManagerError::Absent { looked, .. } => wait.died(&looked.join("; ")),
            other => other,
        })
    }

    /// The same, for so long from the first loss on; what is told in the end is that.
    fn insist<T>(
        &self,
        timeout: Duration,
        wait: &Wait,
        question: impl Fn(&Rc<dyn Route>) -> Result<T, ManagerError>,
    ) -> Result<T, ManagerError> {
        let mut loss = None;
        loop {
            let error = match self.found(wait) {
                Ok(route) => match question(&route) {
                    Err(error @ ManagerError::Died { .. }) => error,
                    outcome => return outcome,
                },
                Err(error) => error,
            };
            self.route.take();
            let (first, until) = loss.get_or_insert((error, wait.within(timeout).deadline));
            if until.has_passed() {
                return Err(first.clone());
            }
            wait.pause()?;
        }
    }

    /// The route that is known, or the first that is open.
    fn found(&self, wait: &Wait) -> Result<Rc<dyn Route>, ManagerError> {
        if let Some(route) = &*self.route.borrow() {
            return Ok(Rc::clone(route));
        }
        let buses = self.session.bus_addresses().into_iter().map(|address| {
            let bus = Bus::connect(&address, wait)?;
            Ok(Rc::new(bus) as Rc<dyn Route>)
        });
        let sockets = self.session.private_directories().into_iter().map(|directory| {
            let systemctl = Systemctl::connect(&directory, wait)?;
            Ok(Rc::new(systemctl) as Rc<dyn Route>)
        });
        let mut looked = Vec::new();
        let mut trouble = None;
        for route in buses.chain(sockets) {
            match route {
                Ok(route) => {
                    *self.route.borrow_mut() = Some(Rc::clone(&route));
                    return Ok(route);
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
        write!(formatter, "UserManager({})", self.route())
    }
}
