//! Why nobody outside could be asked. A check says it; only an interrupt ends the command.

use std::path::Path;

use crate::language::{Kind, Problem};

/// There is no Node.js to ask with.
pub(crate) fn no_node() -> Problem {
    unasked(
        "outside.no-node",
        say!("the gateway's Node.js, which makes the requests to the outside, was not found"),
    )
}

/// Node.js could not be started.
pub(super) fn not_started(node: &Path, cause: &std::io::Error) -> Problem {
    let node = node.display();
    unasked("outside.not-started", say!("{node} could not be started: {cause}", node, cause))
}

/// Node.js ended without an answer.
pub(super) fn no_answer(node: &Path, cause: &str) -> Problem {
    let node = node.display();
    unasked("outside.no-answer", say!("{node} returned nothing ({cause})", node, cause))
}

fn unasked(code: &'static str, message: String) -> Problem {
    let hint = say!(
        "Check that the unit's ExecStart names Node.js 18 or newer: openclaw-setup doctor host.node"
    );
    Problem::new(code, message, hint)
}

/// The operator's interrupt.
pub(crate) fn interrupted() -> Problem {
    Problem::new("interrupted", say!("interrupted"), say!("Run the command again."))
        .of_kind(Kind::Interrupted)
}
