//! The gate that a started gateway passes, or does not: healthy for long enough, and provably so.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::{
    Answered, ChannelQuestion, ChatAnswer, Connection, Connections, Endpoint, LogEvent, LogEvents,
    LogLine, LogSource, Proof, Readiness, Redaction, Road, Rung, all_open, ask, asked_for_channel,
    connections, error, gateway_log, not_asked,
};
use crate::fs::foreign;
use crate::interrupt::Interrupt;
use crate::language::{Explain, Problem};
use crate::redaction::masked;
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

/// How long the connections to DingTalk may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// How long the log may say nothing of a connection before the gateway is asked.
const SILENT: Duration = Duration::from_secs(3);

/// How often the gateway is asked for its channels, which takes seconds of CPU time.
const ASK_CHANNELS: Duration = Duration::from_secs(5);

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
    /// Where it listens.
    pub endpoint: &'a Endpoint,
    /// Where it logs.
    pub log: &'a LogSource,
    /// The accounts that shall be connected to DingTalk.
    pub accounts: &'a [String],
    /// What the model shall be asked, if it may be.
    pub question: Option<Question<'a>>,
}

/// What has to be known to ask the model over the connector's road.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The connector's version.
    pub connector: Option<&'a semver::Version>,
    /// The default agent.
    pub agent: &'a str,
    /// OpenClaw's state directory.
    pub state_dir: &'a Path,
    /// How long the answer may take.
    pub timeout: Duration,
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
        self.lacking =
            error::not_up(self.gate.unit, &format!("{:?}/{}", unit.active_state, unit.sub_state));
        Ok(None)
    }

    /// Whatever is still unproved of this run, or what is certainly wrong with it.
    fn probe(
        &self,
        run: &mut Run,
        unit: &Unit,
        environment: &Environment,
    ) -> Result<Option<Problem>, Problem> {
        let readiness = self.gate.endpoint.readiness(self.request());
        if let Some(cause) = self.unready(readiness) {
            return Ok(Some(cause));
        }
        if self.expectations.chat && !run.chat {
            match self.gate.endpoint.chat(self.request()) {
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
            let routing = Routing::of(environment, self.gate.endpoint.port());
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
        failure
            .map_or(Ok(()), |reason| Err(error::connector_failed(self.gate.unit, &masked(reason))))
    }

    fn unready(&self, readiness: Readiness) -> Option<Problem> {
        let (unit, port) = (self.gate.unit, self.gate.endpoint.port());
        match readiness {
            Readiness::Ready => None,
            Readiness::NotReady { failing } => Some(error::not_ready(unit, &failing)),
            Readiness::NoListener => Some(error::no_listener(unit, port)),
            Readiness::Foreign { whose } => Some(self.taken(&whose)),
            Readiness::Odd { what } => Some(self.odd(&what)),
        }
    }

    /// The log of this start decides quickly, one way or the other; for a connector that says
    /// nothing the gateway is asked.
    fn connector(
        &self,
        run: &mut Run,
        unit: &Unit,
        environment: &Environment,
    ) -> Result<Option<Problem>, Problem> {
        let Some(id) = &self.expectations.connector else { return Ok(None) };
        if !all_open(&run.connections) || run.loaded.is_none() {
            self.read_log(run, id)?;
        }
        if run.loaded.is_none() && run.since.elapsed() >= READ_LOG {
            match self.ask_for_channel(run, unit, environment, id) {
                Err(whose) => return Ok(Some(self.taken(&whose))),
                Ok(ChannelQuestion::Missing) => {
                    return Err(error::connector_missing(self.gate.unit, id));
                }
                // the question took its time, so the unit is looked at once more
                Ok(ChannelQuestion::Listed { .. } | ChannelQuestion::Unanswered) => {}
            }
            return Ok(Some(error::connector_unproven(self.gate.unit, id)));
        }
        Ok(run.loaded.is_none().then(|| error::connector_unproven(self.gate.unit, id)))
    }

    fn read_log(&self, run: &mut Run, id: &str) -> Result<(), Problem> {
        let young = run.since.elapsed() < YOUNG;
        if !is_due(&mut run.log_read, if young { 2 * LOOK_WHILE_YOUNG } else { READ_LOG }) {
            return Ok(());
        }
        let lines = self.lines_since(self.last_start_usec);
        let events = LogEvents::of(&lines, id);
        if let Some(reason) = events.connector_failure() {
            return Err(error::connector_failed(self.gate.unit, &masked(reason)));
        }
        if events.has_spoken() {
            run.loaded.get_or_insert_with(Instant::now);
        }
        let mut redaction = Redaction::default();
        let lines: Vec<LogLine> = lines.iter().map(|line| redaction.shown(line)).collect();
        run.connections = connections(&lines, self.gate.accounts);
        Ok(())
    }

    /// Asks the gateway, where it is time to; an error says whose the port is instead of its.
    fn ask_for_channel(
        &self,
        run: &mut Run,
        unit: &Unit,
        environment: &Environment,
        id: &str,
    ) -> Result<ChannelQuestion, String> {
        let command = unit.exec_start.first();
        let Some(command) = command.filter(|_| is_due(&mut run.channels_asked, ASK_CHANNELS))
        else {
            return Ok(ChannelQuestion::Unanswered);
        };
        // OpenClaw's own command line shows the gateway's token to whoever is there
        self.gate.endpoint.stranger().map_or(Ok(()), Err)?;
        let answer = asked_for_channel(id, command, environment, self.deadline, self.interrupt);
        if let ChannelQuestion::Listed { connected } = &answer {
            run.loaded.get_or_insert_with(Instant::now);
            for (account, connection) in &mut run.connections {
                if *connection == Connection::Unseen && connected.contains(account) {
                    *connection = Connection::Open;
                }
            }
        }
        Ok(answer)
    }

    /// The rungs above *loaded*; nothing as long as there is more to be tried. What fails here is
    /// for the proof: it depends on the world outside.
    fn climb(
        &mut self,
        run: &mut Run,
        unit: &Unit,
        environment: &Environment,
    ) -> Result<Option<Proof>, Problem> {
        let (Some(loaded), Some(id)) = (run.loaded, &self.expectations.connector) else {
            return Ok(Some(Proof::whole(Rung::Ready)));
        };
        let accounts = || run.connections.clone();
        if !all_open(&run.connections) {
            let failed = |(_, state): &(String, Connection)| matches!(state, Connection::Failed(_));
            let is_over = loaded.elapsed() >= CONNECT || self.deadline.remaining() < 2 * LOOK;
            let is_sure = run.connections.is_empty() || run.connections.iter().any(failed);
            if !is_over && !is_sure {
                if loaded.elapsed() >= SILENT {
                    // whose the port is has been looked at just now
                    let _ = self.ask_for_channel(run, unit, environment, id);
                }
                return Ok(None);
            }
            return Ok(Some(Proof::not_connected(&run.connections)));
        }
        let Some(question) = self.gate.question else {
            let unasked = Proof::before(Rung::Answers, not_asked()).chosen();
            return Ok(Some(Proof { accounts: accounts(), ..unasked }));
        };
        let Some(answered) = run.answered.clone() else {
            run.answered = Some(self.ask(&question, unit, environment)?);
            // the question took its time, so the unit is looked at once more
            return Ok(None);
        };
        Ok(Some(Proof { accounts: accounts(), ..Proof::of_answer(answered) }))
    }

    /// Asks the model. The time that it takes is its own, not the gateway's.
    fn ask(
        &mut self,
        question: &Question<'_>,
        unit: &Unit,
        environment: &Environment,
    ) -> Result<Answered, Problem> {
        let left = self.deadline.remaining();
        let road = Road {
            connector: question.connector,
            endpoint: self.gate.endpoint,
            exec_start: unit.exec_start.first(),
            environment,
            agent: question.agent,
            state_dir: question.state_dir,
            log: self.gate.log,
        };
        let answered = ask(&road, Deadline::after(question.timeout), self.interrupt);
        self.deadline = Deadline::after(left.max(REQUEST));
        if self.interrupt.is_raised() { Err(error::interrupted()) } else { Ok(answered) }
    }

    /// Why the gateway itself says that it will not start.
    fn refusal(&self) -> Result<(), Problem> {
        let id = self.expectations.connector.as_deref().unwrap_or_default();
        match LogEvents::of(&self.lines_since(self.first_start_usec), id).refusal() {
            Some(LogEvent::ConfigInvalid(reason)) => Err(error::config_invalid(&masked(reason))),
            Some(LogEvent::StartRefused(reason)) => {
                Err(error::start_refused(self.gate.unit, &masked(reason)))
            }
            _ => Ok(()),
        }
    }

    fn taken(&self, whose: &str) -> Problem {
        error::port_taken(self.gate.endpoint.port(), whose)
    }

    fn odd(&self, what: &str) -> Problem {
        error::odd_answer(self.gate.unit, self.gate.endpoint.port(), what)
    }

    fn verdict(&self, cause: Problem) -> Problem {
        let lines = self.lines_since(self.first_start_usec);
        let mut redaction = Redaction::default();
        let shown = lines.iter().map(|line| {
            let LogLine { speaker, text, .. } = redaction.shown(line);
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
        gateway_log(self.gate.log, usec, enough, &Interrupt::never())
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
