//! Probes of the running gateway, and the gate that they form.

mod answer;
mod channels;
mod endpoint;
mod error;
mod follow;
mod gate;
mod log;
mod log_source;
pub mod port;
mod rung;

pub use answer::{Answered, Road, Session, agent_of, ask};
pub use channels::{
    ChannelQuestion, Connection, Connections, DEFAULT_ACCOUNT, all_open, asked_for_channel,
    connections, mark_connected,
};
pub use endpoint::{ChatAnswer, Endpoint, Readiness};
pub use error::{connector_unproven, not_ready, provider_blocked};
pub use follow::{Follower, Origin, Wanted};
pub use gate::{Expectations, Gate};
pub use log::{LogEvent, LogEvents, LogLine, blocked_provider, last_refusal};
pub use log_source::{LogSource, Redaction, gateway_log};
pub use rung::{Proof, Rung, not_answered, not_asked, not_started, not_told};
