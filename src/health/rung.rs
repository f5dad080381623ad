//! The ladder of proof: how far up a gateway was seen to work, and what stands before the next rung.

use serde::Serialize;

use super::channels::{Connection, Connections};
use super::{Answered, Session};
use crate::language::{Problem, list};
use crate::redaction::masked;

/// A rung; each needs those below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rung {
    /// The unit's process runs.
    Running,
    /// `/readyz` says so, and the bypass is in the process's environment.
    Ready,
    /// The connector's channel is in the running gateway.
    Loaded,
    /// Each enabled account's Stream connection to DingTalk stands.
    Connected,
    /// The model has answered over the connector's own road.
    Answers,
}

impl Rung {
    /// Each of them, from the lowest up.
    pub const ALL: [Self; 5] =
        [Self::Running, Self::Ready, Self::Loaded, Self::Connected, Self::Answers];

    /// What was seen, where it was.
    pub fn text(self) -> String {
        match self {
            Self::Running => say!("the gateway runs"),
            Self::Ready => say!("the gateway is ready"),
            Self::Loaded => say!("the connector is loaded"),
            Self::Connected => say!("the bot is connected to DingTalk"),
            Self::Answers => say!("the model answers"),
        }
    }
}

/// How far the proof came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proof {
    /// The highest rung that was seen; nothing where none was tried.
    pub reached: Option<Rung>,
    /// The next one, and why it was not; nothing where nothing more is expected.
    pub next: Option<(Rung, Problem)>,
    /// It was not tried because the operator wants it so, or cannot be seen any more: no failure.
    pub is_chosen: bool,
    /// Each account's connection.
    pub accounts: Connections,
    /// What the question has left in `OpenClaw`: to be removed once the proof is told.
    pub session: Option<Session>,
}

impl Proof {
    /// Everything was seen up to this rung, and no more is expected.
    pub fn whole(reached: Rung) -> Self {
        Self { reached: Some(reached), ..Self::default() }
    }

    /// Everything was seen up to the rung before this one, and why not this one.
    pub fn before(next: Rung, cause: Problem) -> Self {
        let reached = Rung::ALL.into_iter().rfind(|rung| *rung < next);
        Self { reached, next: Some((next, cause)), ..Self::default() }
    }

    /// Not every account is connected to DingTalk; that none is switched on is the operator's choice.
    pub fn not_connected(accounts: &Connections) -> Self {
        let is_chosen = accounts.is_empty();
        Self {
            is_chosen,
            accounts: accounts.clone(),
            ..Self::before(Rung::Connected, not_connected(accounts))
        }
    }

    /// What the model's answer proves, where every rung below it was seen.
    pub fn of_answer(answered: Answered) -> Self {
        match answered {
            Answered::Yes(session) => Self { session: Some(session), ..Self::whole(Rung::Answers) },
            Answered::No(cause) => Self::before(Rung::Answers, cause),
            Answered::CannotTry(reason) => Self::before(Rung::Answers, cannot_ask(&reason)),
        }
    }

    /// The same where the operator has chosen that no more is tried.
    #[must_use]
    pub fn chosen(self) -> Self {
        Self { is_chosen: true, ..self }
    }

    /// Whether a rung that was tried was not reached.
    pub fn has_failed(&self) -> bool {
        self.next.is_some() && !self.is_chosen
    }

    /// The accounts in words, where there is more than the one.
    pub fn accounts_text(&self) -> Option<String> {
        let word = |(account, connection): &(String, Connection)| {
            let state = match connection {
                Connection::Open => say!("connected"),
                Connection::Failed(reason) => reason.clone(),
                Connection::Unseen => say!("not heard of"),
            };
            format!("{account}: {state}")
        };
        let words: Vec<_> = self.accounts.iter().map(word).collect();
        (words.len() > 1).then(|| list(&words))
    }
}

/// Not every account is connected to DingTalk.
fn not_connected(connections: &Connections) -> Problem {
    if connections.is_empty() {
        return not_started(say!("every account of the channel is switched off"));
    }
    let is_open = |state: &Connection| *state == Connection::Open;
    let lacking = connections.iter().filter(|(_, state)| !is_open(state));
    let words = lacking.map(|(account, state)| match state {
        Connection::Failed(reason) => format!("{account}: {}", masked(reason)),
        _ => account.clone(),
    });
    let accounts = list(&words.collect::<Vec<_>>());
    let message = say!("no Stream connection to DingTalk stands for {accounts}", accounts);
    let hint = say!(
        "See whether DingTalk can be reached, and takes the bot: openclaw-setup doctor --live dingtalk"
    );
    Problem::new("gateway.not-connected", message, hint)
}

/// Nobody was to be asked.
pub fn not_asked() -> Problem {
    let message = say!("the model was not asked");
    Problem::new("answer.not-asked", message, ask_it())
}

/// No gateway was started that could be looked at; `reason` says why.
pub fn not_started(reason: String) -> Problem {
    let hint = say!("When the gateway runs: openclaw-setup status --live");
    Problem::new("gateway.not-started", reason, hint)
}

/// What was said at the start can no longer be read.
pub fn not_told() -> Problem {
    let message = say!("the gateway's log does not go back to its start");
    Problem::new("gateway.not-told", message, ask_it())
}

/// The log says nothing of the connector, and the gateway, asked for its channels, did not answer:
/// a busy one is slow to (2026.4.9, measured), which tells nothing against the connector.
pub fn not_answered() -> Problem {
    let message = say!(
        "the gateway's log does not tell, and the gateway gave no answer when it was asked for its channels"
    );
    Problem::new("gateway.not-told", message, ask_it())
}

/// There is no way to ask the model.
fn cannot_ask(reason: &str) -> Problem {
    Problem::new("answer.no-road", say!("the model could not be asked: {reason}", reason), ask_it())
}

fn ask_it() -> String {
    say!("Write to the bot, or ask for an answer: openclaw-setup status --live")
}
