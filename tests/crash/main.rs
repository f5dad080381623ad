//! What is left after a death, a fault, a full disk, a power cut or a race: the old state or the
//! new one, never something between (invariants I1, I2, I8, I10, I12 of the design).
//!
//! The real binary does its real work, again and again, and each time something else goes wrong.
//! `OPENCLAW_SETUP_CRASH=full` takes every point; otherwise the larger sweeps take a sample.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "where the bench fails, so does the test; a sweep tells how much it has tried"
)]

#[path = "../bench/mod.rs"]
mod bench;
mod fault;
mod full_disk;
mod home;
mod kill;
mod machine;
mod odd_homes;
mod planted;
mod power;
mod race;
mod reowned;
mod room;
mod scenario;
mod signal;
mod state;
mod strace;
mod sweep;
