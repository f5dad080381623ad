//! The program and the real OpenClaw from npm, on a machine behind a proxy: 2026.3.13, and `every_version` on later ones.

#[path = "../bench/mod.rs"]
mod bench;

mod doctor;
mod every_version;
mod in_place;
mod installation;
mod logs;
mod proof;
mod the_bench;
