//! What can go wrong with npm.

use std::io;
use std::path::PathBuf;

use crate::language::{Explain, Kind};
use crate::say;

/// npm could not do what was asked of it.
#[derive(Debug)]
pub enum NpmError {
    /// There is no npm.
    NotInstalled,
    /// `--offline` was given, and something would have to be fetched.
    Offline {
        /// What: a package, or the dependencies of one.
        needed: String,
    },
    /// npm could not be started.
    NotStarted {
        /// The program.
        program: PathBuf,
        /// The system's answer.
        cause: io::Error,
    },
    /// npm ended with an error.
    Failed {
        /// The command, as it would be typed.
        command: String,
        /// The last lines that npm said.
        last_lines: String,
    },
    /// npm did not end in time.
    TimedOut {
        /// The command, as it would be typed.
        command: String,
    },
    /// npm's answer is not what was asked for.
    Answer {
        /// The command, as it would be typed.
        command: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The download is not what the registry says it is.
    WrongIntegrity {
        /// The package with its version.
        package: String,
        /// The registry's value.
        expected: String,
        /// The value of what was downloaded.
        found: String,
    },
    /// The registry says nothing by which the download could be checked.
    NoIntegrity {
        /// The package with its version.
        package: String,
    },
    /// The operator asked the program to stop; npm was ended.
    Interrupted,
}

impl Explain for NpmError {
    fn problem(&self) -> crate::language::Problem {
        crate::language::Problem::new(self.code(), self.message(), self.hint()).of_kind(self.kind())
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotInstalled => "payload.npm-missing",
            Self::Offline { .. } => "payload.npm-offline",
            Self::NotStarted { .. } => "payload.npm-not-started",
            Self::Failed { .. } => "payload.npm-failed",
            Self::TimedOut { .. } => "payload.npm-timed-out",
            Self::Answer { .. } => "payload.npm-answer",
            Self::WrongIntegrity { .. } => "payload.npm-wrong-integrity",
            Self::NoIntegrity { .. } => "payload.npm-no-integrity",
            Self::Interrupted => "payload.interrupted",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Interrupted => Kind::Interrupted,
            _ => Kind::Lasting,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::NotInstalled => {
                say!("npm is needed, but it is neither beside the gateway's node nor on the PATH")
            }
            Self::Offline { needed } => {
                say!("{needed} would have to be fetched with npm, but --offline was given", needed)
            }
            Self::NotStarted { program, cause } => {
                let program = program.display();
                say!("cannot start {program}: {cause}", program, cause)
            }
            Self::Failed { command, last_lines } => {
                say!("“{command}” failed; its last lines:\n{last_lines}", command, last_lines)
            }
            Self::TimedOut { command } => say!("“{command}” did not end in time", command),
            Self::Answer { command, cause } => {
                say!("“{command}” gave an answer that is not understood: {cause}", command, cause)
            }
            Self::WrongIntegrity { package, expected, found } => say!(
                "the download of {package} has the integrity {found}, but the registry says {expected}",
                package,
                found,
                expected
            ),
            Self::NoIntegrity { package } => {
                say!("the registry has no SHA-512 integrity for {package}", package)
            }
            Self::Interrupted => say!("interrupted"),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::NotInstalled => {
                say!("Install npm, or give a payload that brings its node_modules along.")
            }
            Self::Offline { .. } => {
                say!("Give a payload that brings its node_modules along, or leave --offline out.")
            }
            Self::TimedOut { .. } => {
                say!("Check the network and npm's registry (npm ping), or raise --timeout.")
            }
            Self::WrongIntegrity { .. } => say!(
                "Do not use it; a mirror or a proxy may have altered it. Nothing was installed."
            ),
            Self::NoIntegrity { .. } => {
                say!("Download the package yourself and give it as SOURCE with --sha256.")
            }
            Self::Interrupted => say!("Run the command again."),
            Self::NotStarted { .. } | Self::Failed { .. } | Self::Answer { .. } => {
                say!("Remove the cause that npm names, then run the command again.")
            }
        }
    }
}
