//! What lies outside the machine: the model provider and `DingTalk`, asked as the gateway would
//! ask them, directly and through its proxy. Nothing here is done unless `--live` wants it, a proof
//! has failed, or `install` is to make a bot or was given one.

pub mod dingtalk;
mod probe;
pub mod provider;
pub mod registration;

pub(crate) use probe::interrupted;
#[cfg(test)]
pub(crate) use probe::no_node;
pub use probe::{Answer, Probe, Question, Route, Stage, StageTiming, routes};
