//! npm, narrowly: fetching a package, and adding the dependencies of a staged connector.

mod fetch;
mod install;
mod pins;
mod program;

pub(super) use fetch::fetch;
pub use install::{expect_cached, install_dependencies};
pub(super) use pins::pinned;
pub use pins::{Pin, Resolution, pins};
pub use program::Registry;
