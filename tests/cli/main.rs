//! The program in a home without a user manager: what it asks, reads, refuses and writes.

#[path = "../bench/mod.rs"]
mod bench;

mod config;
mod dry_run;
mod prompts;
mod records;
mod settings;
mod sources;
