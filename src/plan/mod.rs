//! Desired state and installation become ordered changes; pure, no I/O; renders as text and JSON.

pub mod bypass;
pub mod config;
pub mod error;
pub mod fix;
pub mod install;
pub mod note;
pub mod order;
pub mod render;
pub mod repair;
pub mod rollback;
pub mod uninstall;

use crate::connector::installed::Traces;
use crate::health::Expectations;
use crate::language::Explain;
use crate::transaction::journal::UnitBefore;
use crate::transaction::step::{Step, TreeStep};

/// What will be done, in order, and what there is to say about it.
#[derive(Debug, Default)]
pub struct Plan {
    /// The command that it fulfils.
    pub command: &'static str,
    /// The connector's version before and after.
    pub connector: (Option<String>, Option<String>),
    /// The gateway's unit, where there is one.
    pub unit: Option<UnitBefore>,
    /// What the gateway must show afterwards, besides running and being ready.
    pub expectations: Expectations,
    /// What we will have changed outside the tree, for the record.
    pub traces: Traces,
    /// The tree is right as it stands, but not in our records: only the record is written.
    pub adopts: bool,
    /// The changes, in the order in which they are made.
    pub steps: Vec<Step>,
    /// The remarks.
    pub notes: Vec<note::Note>,
}

impl Plan {
    /// Whether the machine already is as it should be.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && !self.adopts
    }

    /// The step that swaps the tree, if there is one.
    pub fn tree(&self) -> Option<&TreeStep> {
        self.steps.iter().find_map(|step| match step {
            Step::Tree(tree) => Some(tree),
            _ => None,
        })
    }

    /// Adds a step that has to be done before the gateway starts.
    pub fn add_before_start(&mut self, step: Step) {
        let start = self.steps.iter().position(|step| matches!(step, Step::Start { .. }));
        self.steps.insert(start.unwrap_or(self.steps.len()), step);
    }

    /// Whether a gateway that runs is stopped for it.
    pub fn stops_the_gateway(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Stop { .. }))
    }

    /// Whether the gateway runs afterwards, so that its health can be judged.
    pub fn starts_the_gateway(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Start { .. }))
    }
}

/// Why there is no plan.
pub type PlanFailure = Box<dyn Explain>;
