//! The program on a machine with a real user manager and a gateway stand-in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "where a step of a test fails, so does the test"
)]

#[path = "../bench/mod.rs"]
mod bench;

mod apply;
mod children;
mod counts;
mod drop_in;
mod failing_gateway;
mod fresh_install;
mod gateway_auth;
mod hangs;
mod interrupted;
mod killed;
mod logs;
mod not_running;
mod other_users;
mod planted_secrets;
mod proof;
mod secrets;
mod status;
mod the_bench;
mod the_manager;
mod twice;
