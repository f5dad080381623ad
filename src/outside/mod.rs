//! What lies outside the machine: the model provider and `DingTalk`, asked as the gateway would
//! ask them, directly and through its proxy. Nothing here is done unless `--live` wants it, a proof
//! has failed, or `install` is to make a bot or was given one.

mod answer;
pub mod dingtalk;
mod probe;
pub mod provider;
mod question;
pub mod registration;

use std::path::PathBuf;

use crate::language::{Explain, Kind};
use crate::say;

pub use answer::{Answer, Stage, StageTiming};
pub use probe::Probe;
pub use question::{Question, Route, routes};

/// Why nobody outside could be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutsideError {
    /// There is no Node.js to ask with.
    NoNode,
    /// Node.js could not be started.
    NotStarted {
        /// Which one.
        node: PathBuf,
        /// The system's reason.
        cause: String,
    },
    /// Node.js ended without an answer.
    NoAnswer {
        /// Which one.
        node: PathBuf,
        /// How it ended.
        cause: String,
    },
    /// The operator's interrupt.
    Interrupted,
}

impl Explain for OutsideError {
    fn problem(&self) -> crate::language::Problem {
        crate::language::Problem::new(self.code(), self.message(), self.hint()).of_kind(self.kind())
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoNode => "outside.no-node",
            Self::NotStarted { .. } => "outside.not-started",
            Self::NoAnswer { .. } => "outside.no-answer",
            Self::Interrupted => "interrupted",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Interrupted => Kind::Interrupted,
            _ => Kind::Lasting,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::NoNode => {
                say!(
                    "the gateway's Node.js, which makes the requests to the outside, was not found"
                )
            }
            Self::NotStarted { node, cause } => {
                let node = node.display();
                say!("{node} could not be started: {cause}", node, cause)
            }
            Self::NoAnswer { node, cause } => {
                let node = node.display();
                say!("{node} returned nothing ({cause})", node, cause)
            }
            Self::Interrupted => say!("interrupted"),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::NoNode | Self::NotStarted { .. } | Self::NoAnswer { .. } => say!(
                "Check that the unit's ExecStart names Node.js 18 or newer: openclaw-setup doctor host.node"
            ),
            Self::Interrupted => say!("Nothing was changed."),
        }
    }
}
