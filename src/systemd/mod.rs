//! The systemd user manager over D-Bus, drop-in syntax, environment rules.

pub mod drop_in;
pub mod environment;

mod bus;
mod error;
mod job;
pub mod logind;
mod manager;
mod properties;
mod route;
mod session;
mod systemctl;
mod unit;
mod wait;
mod words;

pub use error::ManagerError;
pub use job::{JobOutcome, Verb};
pub use manager::UserManager;
pub use session::Session;
pub use unit::{ActiveState, CommandLine, EnvironmentFile, LoadState, Unit};
