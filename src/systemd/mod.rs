//! The systemd user manager over D-Bus, drop-in syntax, environment rules.

pub mod drop_in;
pub mod environment;

mod bus;
mod error;
pub mod logind;
mod manager;
mod route;
mod session;
mod systemctl;
mod unit;

pub use error::ManagerError;
pub use manager::UserManager;
pub use route::{JobOutcome, Verb};
pub use session::Session;
pub use unit::{ActiveState, CommandLine, EnvironmentFile, LoadState, Unit};
