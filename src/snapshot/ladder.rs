//! How far up the ladder of proof the machine stands at this moment, as far as looking tells.

use super::{Answers, Snapshot};
use crate::health::{
    ChatAnswer, Connection, Proof, Readiness, Rung, all_open, connector_unproven, not_answered,
    not_asked, not_ready, not_started, not_told,
};
use crate::language::Problem;
use crate::systemd::ActiveState;
use crate::systemd::environment::Routing;

impl Snapshot {
    /// The rungs that are seen; nothing where DingTalk is not set up. The model is not asked.
    pub fn proof(&self) -> Proof {
        if self.tree.is_none() || self.channel().is_none() {
            return Proof::default();
        }
        let seen = [
            (Rung::Running, self.is_running()),
            (Rung::Ready, self.is_ready()),
            (Rung::Loaded, self.is_loaded()),
            (Rung::Connected, all_open(&self.log.connections)),
        ];
        let next = seen.into_iter().find(|(_, is_seen)| !is_seen);
        let proof = match next {
            None => Proof::before(Rung::Answers, not_asked()).chosen(),
            Some((rung, _)) => self.without(rung),
        };
        Proof { accounts: self.log.connections.clone(), ..proof }
    }

    /// Why a rung is not seen that is the next one and should be.
    pub fn missed(&self, rung: Rung) -> Option<Problem> {
        let proof = self.proof();
        let (next, cause) = proof.next.filter(|_| !proof.is_chosen)?;
        (next == rung).then_some(cause)
    }

    fn without(&self, rung: Rung) -> Proof {
        let unit = &self.installation.paths.unit;
        let proof = |cause| Proof::before(rung, cause);
        let connections = &self.log.connections;
        let has_failed = |(_, state): &(String, Connection)| matches!(state, Connection::Failed(_));
        let is_told = self.log.is_whole || connections.iter().any(has_failed);
        match rung {
            Rung::Running => {
                let is_stopped = |state| state == &ActiveState::Inactive;
                let state = self.unit().map(|managed| &managed.unit.active_state);
                let proof = proof(not_started(self.installation.service.why_down(unit)));
                Proof { is_chosen: state.is_none_or(is_stopped), ..proof }
            }
            Rung::Connected if is_told || connections.is_empty() => {
                Proof::not_connected(connections)
            }
            _ if !self.channel_is_on() => {
                proof(not_started(say!("the channel is switched off"))).chosen()
            }
            Rung::Loaded | Rung::Connected if !is_told => proof(not_told()).chosen(),
            Rung::Loaded if self.log.is_unanswered => proof(not_answered()).chosen(),
            Rung::Loaded => proof(connector_unproven(unit, super::CONNECTOR)),
            _ => proof(not_ready(unit, &[])),
        }
    }

    fn is_running(&self) -> bool {
        self.unit().is_some_and(|managed| {
            managed.unit.active_state == ActiveState::Active && managed.unit.main_pid.is_some()
        })
    }

    fn is_ready(&self) -> bool {
        let is_ready = |found: &Answers| found.readiness == Readiness::Ready;
        let is_open = |found: &Answers| found.chat == ChatAnswer::Open && !self.is_blocked();
        let answers = self.answers.as_ref().filter(|found| is_ready(found));
        answers.is_some_and(|found| !self.speaks_http() || is_open(found))
    }

    /// Whether what the connector asks the gateway goes to a proxy.
    fn is_blocked(&self) -> bool {
        let seen = self.environment();
        let seen = seen.map(|own| self.installation.process_environment(&own, self.effective()));
        let routing = seen.map(|seen| Routing::of(&seen, self.installation.port));
        routing.is_some_and(|routing| routing.blocks_the_connector())
    }

    fn is_loaded(&self) -> bool {
        self.channel_is_on() && self.log.channel_spoke
    }
}
