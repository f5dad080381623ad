//! One file per command; each reads like its manual page.

mod completions;
mod context;
mod doctor;
mod failure;
mod history;
mod install;
mod logs;
mod look;
mod recover;
mod repair_source;
mod rollback;
mod start;
mod status;
mod undertaking;
mod uninstall;
mod verify;

pub use start::run;
