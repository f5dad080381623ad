//! What lies outside the machine: the model provider and `DingTalk`, asked as the gateway would
//! ask them, directly and through its proxy. Nothing here is done unless `doctor --live` wants it.

mod answer;
pub mod dingtalk;
mod error;
mod probe;
pub mod provider;
mod question;

pub use answer::{Answer, Stage, StageTiming};
pub use error::OutsideError;
pub use probe::Probe;
pub use question::{Question, Route, routes};
