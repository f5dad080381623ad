//! Every step back: `upgrade`, `uninstall`, `rollback`, `recover` and `history`, each as its user meets it.

#![allow(clippy::unwrap_used, reason = "where a look at the machine fails, so does the test")]

#[path = "../bench/mod.rs"]
mod bench;
mod room;

mod adaptation;
mod after_recovery;
mod foreign;
mod history;
mod includes;
mod limits;
mod other_writers;
mod recover;
mod rollback;
mod rollback_after_edits;
mod uninstall;
mod uninstall_after_edits;
mod upgrade;
mod valid_throughout;
