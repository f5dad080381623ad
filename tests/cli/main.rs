//! The program in a home without a user manager: what it asks, reads, refuses and writes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "where a step of a test fails, so does the test"
)]

#[path = "../bench/mod.rs"]
mod bench;

mod bot;
mod completions;
mod config;
mod control_characters;
mod dry_run;
mod hang_up;
mod logs;
mod progress;
mod prompts;
mod records;
mod settings;
mod sources;
mod terminal;
mod watch;
