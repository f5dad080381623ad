//! `status`: what is installed, running and effective, on one screen.

mod look;
mod tell;

use super::context::Context;
use super::failure::{Exit, Failure};
use crate::report::json;

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let manager = context.manager();
    let status = look::look(context, manager)?;
    let console = context.console;
    console.result(&tell::text(&status, console));
    let problems = status.problems();
    console.document(&json::document(
        "status",
        problems.is_empty(),
        tell::json(&status, &problems),
    ));
    Ok(if problems.is_empty() { Exit::Done } else { Exit::Problems })
}
