//! `completions`: prints a shell's completion script.

use super::failure::Exit;
use crate::cli::localize;
use crate::language::Language;

pub(super) fn run(shell: clap_complete::Shell, language: Language) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut localize::command(language),
        localize::PROGRAM,
        &mut script,
    );
    // a reader that has gone away is no error
    let _ = std::io::Write::write_all(&mut std::io::stdout().lock(), &script);
    Exit::Done
}
