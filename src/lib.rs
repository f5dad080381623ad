//! openclaw-setup: makes a `DingTalk` bot work on an `OpenClaw` server, and takes every step back.
//!
//! This page is the table of contents. Data flows one way:
//! parse (`cli`) → look (`snapshot`) → plan → apply (`transaction`) → verify (`health`) → `report`.

#![deny(clippy::disallowed_methods)]

// the ground floor: words that every room uses; say!, which all of them say, comes first
#[macro_use]
pub mod language;
mod child;
pub mod interrupt;
pub mod progress;
pub mod redaction;
pub mod timeout;

// what the world outside is like
pub mod connector;
pub mod fs;
pub mod health;
pub mod openclaw;
pub mod outside;
pub mod systemd;

// what the operator wants, the machine, the plan, and the engine that changes it
pub mod plan;
pub mod settings;
pub mod snapshot;
pub mod transaction;

// what may be wrong with it, and what that means
pub mod doctor;
pub mod explanation;

// the two ends: the command line, and what is said
pub mod cli;
pub mod command;
pub mod report;
