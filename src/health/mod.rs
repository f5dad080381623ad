//! Probes of the running gateway, and the gate that they form.

mod answer;
mod channels;
mod endpoint;
mod error;
mod follow;
mod gate;
mod log;
mod log_events;
mod log_files;
mod log_source;
pub mod port;
mod redaction;

pub use answer::{Answered, Road, Session, agent_of, ask};
pub use channels::{ChannelQuestion, asked_for_channel};
pub use endpoint::{ChatAnswer, Endpoint, Readiness};
pub use follow::{Follower, Origin, Wanted};
pub use gate::{Expectations, Gate, Healthy, Proof};
pub use log::LogLine;
pub use log_events::{LogEvent, LogEvents, last_refusal};
pub use log_source::{LogSource, gateway_log};
pub use redaction::Redaction;
