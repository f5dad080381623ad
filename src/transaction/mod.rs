//! The transaction: journal, apply, undo, recover, generations.
//!
//! A transaction is a directory below our records: `intent.json` (what will be done, complete and
//! durable before anything is), `files/` (every preimage and postimage), `tree` (the staged tree,
//! which the exchange turns into the backup), `progress` and `state`. One rename of `state` commits.

pub mod apply;
pub mod bounds;
pub mod error;
pub mod generations;
pub mod journal;
mod leftover;
pub mod records;
pub mod recover;
pub mod service;
pub mod step;
#[cfg(test)]
mod tests;
pub mod undo;
