//! `doctor` on machines on which a fault was made for real: what it names, what it repairs, and
//! that nothing false stands beside it.

#[path = "../bench/mod.rs"]
mod bench;

mod command;
mod faults;
mod healthy;
mod linger;
mod live;
mod patient;
mod problems;
