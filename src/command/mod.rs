//! One file per command; each reads like its manual page.

mod completions;
mod context;
mod failure;
mod history;
mod install;
mod recover;
mod start;
mod status;
mod verify;

pub use start::run;
