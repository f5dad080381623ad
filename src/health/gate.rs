//! The gate that a started gateway passes, or does not: healthy for long enough, and provably so.

mod upper_rungs;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::{
    Answered, ChatAnswer, Connections, LogEvent, LogEvents, LogLine, Proof, Readiness, Road, Rung,
    connections, error, gateway_log,
};
use crate::fs::foreign;
use crate::interrupt::Interrupt;
use crate::language::{Explain, Problem, word};
use crate::systemd::environment::{Environment, Routing};
use crate::systemd::{ActiveState, ManagerError, Unit, UserManager};
use crate::timeout::Deadline;

/// How often the gate looks, and, while a start is as young as [`YOUNG`], how often then.
const LOOK: Duration = Duration::from_millis(200);
const LOOK_WHILE_YOUNG: Duration = Duration::from_millis(50);
const YOUNG: Duration = Duration::from_secs(15);

/// How often the gateway's log is read, which takes a child process; while a start is young, at
/// every second look.
const READ_LOG: Duration = Duration::from_secs(1);

/// How long one HTTP request may take.
const REQUEST: Duration = Duration::from_secs(2);

/// The shortest time for which everything must have been well.
const SETTLE: Duration = Duration::from_secs(3);

/// Automatic restarts that are a crash loop: one may be `OpenClaw` applying a changed configuration.
const LOOP: u32 = 2;

/// How many of the gateway's last lines a [`Problem`] shows.
const SHOWN_LINES: usize = 12;

/// What a healthy gateway must show, besides running and being ready.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expectations {
    /// `POST /v1/chat/completions` is open to us.
    pub chat: bool,
    /// The process's own environment takes requests to this machine past any proxy.
    pub bypass: bool,
    /// The gateway has loaded the connector of this channel id.
    pub connector: Option<String>,
}

/// A gateway at the gate.
#[derive(Debug, Clone, Copy)]
pub struct Gate<'a> {
    /// The manager of its unit.
    pub manager: &'a UserManager,
    /// Its unit.
    pub unit: &'a str,
    /// Where it listens and logs, and how the connector asks it.
    pub road: &'a Road,
    /// The accounts that shall be connected to DingTalk.
    pub accounts: &'a [String],
    /// How long the model's answer may take, if it may be asked.
    pub asks: Option<Duration>,
}

impl Gate<'_> {
    /// Watches the gateway, which has been told to start, until it is proved as far as it can be,
    /// certainly not healthy, or out of time. Beyond *loaded*, what fails is in the proof.
    pub fn pass(
        &self,
        expectations: &Expectations,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<Proof, Problem> {
        let begin = Instant::now();
        let mut watch = Watch {
            gate: self,
            expectations,
            deadline,
            interrupt,
            run: None,
            first_restarts: None,
            first_start_usec: 0,
            last_start_usec: 0,
            last_look: None,
            lacking: error::not_up(self.unit, "?"),
        };
        loop {
            let look = if begin.elapsed() < YOUNG { LOOK_WHILE_YOUNG } else { LOOK };
            match watch.look() {
                Ok(Some(proof)) => return Ok(proof),
                Ok(None) if interrupt.is_raised() => {
                    return Err(watch.verdict(error::interrupted()));
                }
                Ok(None) if watch.deadline.remaining() < LOOK => {
                    let cause = watch.lacking.clone();
                    return Err(watch.verdict(cause));
                }
                Ok(None) => thread::sleep(look),
                Err(cause) => return Err(watch.verdict(cause)),
            }
        }
    }
}

/// What has been seen so far.
struct Watch<'a> {
    gate: &'a Gate<'a>,
    expectations: &'a Expectations,
    deadline: Deadline,
    interrupt: &'a Interrupt,
    run: Option<Run>,
    first_restarts: Option<u32>,
    /// When the main process that was seen first, and last, was started.
    first_start_usec: u64,
    last_start_usec: u64,
    last_look: Option<Instant>,
    /// What would be reported if time were up now.
    lacking: Problem,
}

/// One run of the unit: what has been proved of it.
struct Run {
    invocation_id: String,
    restarts: u32,
    since: Instant,
    chat: bool,
    bypass: bool,
    /// Since when the connector is known to be loaded.
    loaded: Option<Instant>,
    connections: Connections,
    answered: Option<Answered>,
    log_read: Option<Instant>,
    channels_asked: Option<Instant>,
}

impl Run {
    fn of(unit: &Unit, accounts: &[String]) -> Self {
        Self {
            invocation_id: unit.invocation_id.clone(),
            restarts: unit.n_restarts,
            since: Instant::now(),
            chat: false,
            bypass: false,
            loaded: None,
            connections: connections(&[], accounts),
            answered: None,
            log_read: None,
            channels_asked: None,
        }
    }

    fn is_of(&self, unit: &Unit) -> bool {
        self.invocation_id == unit.invocation_id && self.restarts == unit.n_restarts
    }
}

impl Watch<'_> {
    /// One look: `Some` when as much as can be has been proved of a run that has settled. A run
    /// that has stayed up until the model answered needs no settling.
    fn look(&mut self) -> Result<Option<Proof>, Problem> {
        let unit = self.gate.manager.unit(self.gate.unit, self.deadline, self.interrupt);
        let unit = match unit {
            Ok(unit) => unit,
            // our own time was up, in the middle of a look like many before
            Err(ManagerError::Hung { .. }) if self.has_looked_lately() => return Ok(None),
            Err(ManagerError::Interrupted { .. }) => return Err(error::interrupted()),
            Err(error) => return Err(error.problem()),
        };
        self.note(&unit);
        let Some(pid) = self.running(&unit)? else { return Ok(None) };
        let mut run = match self.run.take() {
            Some(run) if run.is_of(&unit) => run,
            _ => Run::of(&unit, self.gate.accounts),
        };
        let environment =
            foreign::glance(Path::new(&format!("/proc/{pid}/environ"))).unwrap_or_default();
        let environment = Environment::of_process(&environment);
        let settle = unit.restart.map_or(SETTLE, |restart| SETTLE.max(restart + SETTLE / 3));
        match self.probe(&mut run, &unit, &environment)? {
            Some(cause) => self.lacking = cause,
            None => match self.climb(&mut run, &unit, &environment)? {
                Some(proof)
                    if proof.reached == Some(Rung::Answers) || run.since.elapsed() >= settle =>
                {
                    return Ok(Some(proof));
                }
                _ => self.lacking = error::unsettled(self.gate.unit),
            },
        }
        self.run = Some(run);
        Ok(None)
    }

    fn has_looked_lately(&self) -> bool {
        self.last_look.is_some_and(|last| last.elapsed() < READ_LOG)
    }

    fn note(&mut self, unit: &Unit) {
        if self.last_look.is_none() {
            self.first_start_usec = unit.main_start_usec;
        }
        self.last_start_usec = unit.main_start_usec;
        self.last_look = Some(Instant::now());
    }

    /// The main process, if the unit is up; an error if it is certainly not going to be.
    fn running(&mut self, unit: &Unit) -> Result<Option<u32>, Problem> {
        let restarts =
            unit.n_restarts.saturating_sub(*self.first_restarts.get_or_insert(unit.n_restarts));
        if unit.active_state == ActiveState::Active && restarts < LOOP {
            return Ok(unit.main_pid);
        }
        self.run = None;
        if unit.active_state != ActiveState::Active {
            self.refusal()?;
        }
        if restarts >= LOOP {
            return Err(error::crash_loop(self.gate.unit, restarts));
        }
        let is_down = matches!(unit.active_state, ActiveState::Failed | ActiveState::Inactive);
        if is_down && !unit.job_queued {
            return Err(error::down(self.gate.unit, &unit.result, unit.exec_main_status));
        }
        self.lacking = error::not_up(
            self.gate.unit,
            &format!("{}/{}", word(&unit.active_state), unit.sub_state),
        );
        Ok(None)
    }

    /// Whatever is still unproved of this run, or what is certainly wrong with it.
    fn probe(
        &self,
        run: &mut Run,
        unit: &Unit,
        environment: &Environment,
    ) -> Result<Option<Problem>, Problem> {
        let readiness = self.gate.road.endpoint.readiness(self.request());
        if let Some(cause) = self.unready(readiness) {
            return Ok(Some(cause));
        }
        if self.expectations.chat && !run.chat {
            match self.gate.road.endpoint.chat(self.request()) {
                ChatAnswer::Open => run.chat = true,
                ChatAnswer::Disabled | ChatAnswer::NotAllowed => return Err(error::chat_disabled()),
                ChatAnswer::Unauthorised => {
                    // a connector that could not be loaded is the nearer cause
                    self.load_failure()?;
                    return Err(error::chat_unauthorised());
                }
                ChatAnswer::RateLimited => return Ok(Some(self.odd("HTTP 429"))),
                ChatAnswer::Foreign { whose } => return Ok(Some(self.taken(&whose))),
                ChatAnswer::Odd { what } => return Ok(Some(self.odd(&what))),
            }
        }
        if self.expectations.bypass && !run.bypass {
            let routing = Routing::of(environment, self.gate.road.endpoint.port());
            run.bypass = routing.bypasses_loopback();
            if !run.bypass {
                return Err(error::bypass_missing(&routing.not_bypassed));
            }
        }
        self.connector(run, unit, environment)
    }

    fn load_failure(&self) -> Result<(), Problem> {
        let Some(id) = &self.expectations.connector else { return Ok(()) };
        let events = LogEvents::of(&self.lines_since(self.last_start_usec), id);
        let failure = events.connector_failure();
        failure.map_or(Ok(()), |reason| Err(error::connector_failed(self.gate.unit, reason)))
    }

    fn unready(&self, readiness: Readiness) -> Option<Problem> {
        let (unit, port) = (self.gate.unit, self.gate.road.endpoint.port());
        match readiness {
            Readiness::Ready => None,
            Readiness::NotReady { failing } => Some(error::not_ready(unit, &failing)),
            Readiness::NoListener => Some(error::no_listener(unit, port)),
            Readiness::Foreign { whose } => Some(self.taken(&whose)),
            Readiness::Odd { what } => Some(self.odd(&what)),
        }
    }

    /// Why the gateway itself says that it will not start.
    fn refusal(&self) -> Result<(), Problem> {
        let id = self.expectations.connector.as_deref().unwrap_or_default();
        match LogEvents::of(&self.lines_since(self.first_start_usec), id).refusal() {
            Some(LogEvent::ConfigInvalid(reason)) => Err(error::config_invalid(reason)),
            Some(LogEvent::StartRefused(reason)) => {
                Err(error::start_refused(self.gate.unit, reason))
            }
            _ => Ok(()),
        }
    }

    fn taken(&self, whose: &str) -> Problem {
        error::port_taken(self.gate.road.endpoint.port(), whose)
    }

    fn odd(&self, what: &str) -> Problem {
        error::odd_answer(self.gate.unit, self.gate.road.endpoint.port(), what)
    }

    fn verdict(&self, cause: Problem) -> Problem {
        let lines = self.lines_since(self.first_start_usec);
        let shown = lines.into_iter().map(|LogLine { speaker, text, .. }| {
            if speaker.is_empty() { text } else { format!("[{speaker}] {text}") }
        });
        let mut log: Vec<String> = shown.collect();
        log.drain(..log.len().saturating_sub(SHOWN_LINES));
        Problem { evidence: log, ..cause }
    }

    /// Read even when time is up: the log is the answer to "why".
    fn lines_since(&self, usec: u64) -> Vec<LogLine> {
        if usec == 0 {
            return Vec::new(); // it has never been started
        }
        let enough = Deadline::after(REQUEST);
        gateway_log(&self.gate.road.log, usec, enough, &Interrupt::never())
    }

    fn request(&self) -> Duration {
        self.deadline.remaining().clamp(LOOK, REQUEST)
    }
}

/// Whether something was last done longer ago than `every`; if so, notes that it is done now.
fn is_due(last: &mut Option<Instant>, every: Duration) -> bool {
    let due = last.is_none_or(|last| last.elapsed() >= every);
    if due {
        *last = Some(Instant::now());
    }
    due
}
