//! The program and the real OpenClaw 2026.3.13 from npm, on a machine behind a proxy.

#[path = "../bench/mod.rs"]
mod bench;

mod doctor;
mod installation;
mod logs;
mod proof;
mod the_bench;
