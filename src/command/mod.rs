//! One file per command; each reads like its manual page.

mod adaptation;
mod apply;
mod completions;
mod connector;
mod context;
mod doctor;
mod execute;
mod explain;
mod failure;
mod history;
mod install;
mod logs;
mod look;
mod outlook;
mod prove;
mod recover;
mod repair_source;
mod rollback;
mod stage;
mod start;
mod status;
mod uninstall;
mod verify;

pub use start::run;
