//! npm, narrowly: fetching a package, and adding the dependencies of a staged connector.

mod fetch;
mod install;
mod pins;
mod program;

pub(super) use fetch::fetch;
pub use install::{expect_cached, install_dependencies};
pub(super) use pins::{HOST, Pinned, pins};
pub use pins::{Pin, Resolution, admits};
pub use program::Registry;
