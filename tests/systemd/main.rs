//! The program on a machine with a real user manager and a gateway stand-in.

#[path = "../bench/mod.rs"]
mod bench;

mod the_bench;
