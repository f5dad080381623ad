//! Start and exit code; everything else lives in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    openclaw_setup::command::run()
}
