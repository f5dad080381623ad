//! How far up the ladder of proof the machine stands at this moment, as far as looking tells.

use super::Snapshot;
use crate::health::{
    Proof, Readiness, Rung, all_open, connector_unproven, not_asked, not_ready, not_started,
};
use crate::say;
use crate::systemd::ActiveState;
use crate::systemd::environment::Routing;

impl Snapshot {
    /// The rungs that are seen; nothing where DingTalk is not set up. The model is not asked.
    #[must_use]
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

    fn without(&self, rung: Rung) -> Proof {
        let unit = &self.installation.paths.unit;
        let proof = |cause| Proof::before(rung, cause);
        match rung {
            Rung::Running => {
                let is_stopped = |state| state == &ActiveState::Inactive;
                let state = self.unit().map(|managed| &managed.unit.active_state);
                let proof = proof(not_started(self.installation.service.why_down(unit)));
                Proof { is_chosen: state.is_none_or(is_stopped), ..proof }
            }
            Rung::Connected => Proof::not_connected(&self.log.connections),
            _ if !self.channel_is_on() => {
                proof(not_started(say!("the channel is switched off"))).chosen()
            }
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
        let routing = |environment| Routing::of(&environment, self.installation.port);
        let is_broken = self.environment().map(routing).is_some_and(|routing| routing.is_broken());
        let answers = self.answers.as_ref();
        answers.is_some_and(|answers| answers.readiness == Readiness::Ready) && !is_broken
    }

    fn is_loaded(&self) -> bool {
        self.channel_is_on() && self.log.channel_spoke
    }
}
