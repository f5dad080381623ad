//! The rungs that show in the log, or to whoever asks: loaded, connected, answers.

use std::time::{Duration, Instant};

use super::{LOOK, LOOK_WHILE_YOUNG, READ_LOG, REQUEST, Run, Watch, YOUNG, is_due};
use crate::health::{
    Answered, ChannelQuestion, Connection, LogEvents, Proof, Road, Rung, all_open, ask,
    asked_for_channel, connections, error, mark_connected, not_asked,
};
use crate::language::Problem;
use crate::systemd::Unit;
use crate::systemd::environment::Environment;
use crate::timeout::Deadline;

/// How long the connections to DingTalk may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// How long the log may say nothing of a connection before the gateway is asked.
const SILENT: Duration = Duration::from_secs(3);

/// How often the gateway is asked for its channels, which takes seconds of CPU time.
const ASK_CHANNELS: Duration = Duration::from_secs(5);

impl Watch<'_> {
    /// The log of this start decides quickly, one way or the other; for a connector that says
    /// nothing the gateway is asked.
    pub(super) fn connector(
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
            return Err(error::connector_failed(self.gate.unit, reason));
        }
        if events.has_spoken() {
            run.loaded.get_or_insert_with(Instant::now);
        }
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
        self.gate.road.endpoint.stranger().map_or(Ok(()), Err)?;
        let answer = asked_for_channel(id, command, environment, self.deadline, self.interrupt);
        if let ChannelQuestion::Listed { connected } = &answer {
            run.loaded.get_or_insert_with(Instant::now);
            mark_connected(&mut run.connections, connected);
        }
        Ok(answer)
    }

    /// The rungs above *loaded*; nothing as long as there is more to be tried. What fails here is
    /// for the proof: it depends on the world outside.
    pub(super) fn climb(
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
        let Some(patience) = self.gate.asks else {
            let unasked = Proof::before(Rung::Answers, not_asked()).chosen();
            return Ok(Some(Proof { accounts: accounts(), ..unasked }));
        };
        let Some(answered) = run.answered.clone() else {
            run.answered = Some(self.ask(patience, unit, environment)?);
            // the question took its time, so the unit is looked at once more
            return Ok(None);
        };
        Ok(Some(Proof { accounts: accounts(), ..Proof::of_answer(answered) }))
    }

    /// Asks the model. The time that it takes is its own, not the gateway's.
    fn ask(
        &mut self,
        patience: Duration,
        unit: &Unit,
        environment: &Environment,
    ) -> Result<Answered, Problem> {
        let left = self.deadline.remaining();
        let road = Road {
            exec_start: unit.exec_start.first().cloned(),
            environment: environment.clone(),
            ..self.gate.road.clone()
        };
        let answered = ask(&road, Deadline::after(patience), self.interrupt);
        self.deadline = Deadline::after(left.max(REQUEST));
        if self.interrupt.is_raised() { Err(error::interrupted()) } else { Ok(answered) }
    }
}
