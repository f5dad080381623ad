//! `completions`: prints a shell's completion script.

use super::failure::Exit;
use crate::cli::localize;
use crate::report::console::Output;

pub(super) fn run(shell: clap_complete::Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut localize::command(), localize::PROGRAM, &mut script);
    // a reader that has gone away is no error
    let _ = std::io::Write::write_all(&mut Output, &script);
    Exit::Done
}
