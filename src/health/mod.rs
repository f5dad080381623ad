//! Probes of the running gateway, and the gate that they form.

mod channels;
mod endpoint;
mod error;
mod gate;
mod journal;
mod log;
mod redaction;
mod signs;
mod undone;

pub use channels::{ChannelQuestion, asked_for_channel};
pub use endpoint::{ChatAnswer, Endpoint, Readiness};
pub use error::{Cause, Unhealthy};
pub use gate::{Expectations, Gate, Healthy, Proof};
pub use journal::{LogSource, gateway_log};
pub use log::LogLine;
pub use redaction::redacted;
pub use signs::{Sign, Signs};
pub use undone::BypassUndone;
