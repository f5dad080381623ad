//! Probes of the running gateway, and the gate that they form.

mod channels;
mod daily;
mod endpoint;
mod error;
mod gate;
mod journal;
mod listen;
mod log;
mod pieces;
pub mod port;
mod redaction;
mod signs;

pub use channels::{ChannelQuestion, asked_for_channel};
pub use endpoint::{ChatAnswer, Endpoint, Readiness};
pub use error::bypass_undone;
pub use gate::{Expectations, Gate, Healthy, Proof};
pub use journal::{LogSource, gateway_log};
pub use listen::{Listener, Origin, Wanted, listen, origin};
pub use log::LogLine;
pub use redaction::Redaction;
pub use signs::{Sign, Signs};
