//! Why what the operator named is no source of a connector.

use std::path::PathBuf;

use crate::language::Explain;
use crate::say;

/// What was named is no source of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceError {
    /// There is nothing at the given path.
    NotFound {
        /// The path, absolute.
        path: PathBuf,
    },
    /// A file, but none of the archives that we read.
    UnknownFormat {
        /// The file, absolute.
        path: PathBuf,
    },
    /// A directory that is neither a connector nor a folder of connector versions.
    NoPayload {
        /// The directory, absolute.
        path: PathBuf,
    },
    /// `npm:…` that names no package.
    BadNpmName {
        /// What was given.
        given: String,
    },
}

impl Explain for SourceError {
    fn problem(&self) -> crate::language::Problem {
        crate::language::Problem::new(self.code(), self.message(), self.hint())
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "payload.not-found",
            Self::UnknownFormat { .. } => "payload.unknown-format",
            Self::NoPayload { .. } => "payload.none",
            Self::BadNpmName { .. } => "payload.npm-name",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::NotFound { path } => {
                let path = path.display();
                say!("there is no {path}", path)
            }
            Self::UnknownFormat { path } => {
                let path = path.display();
                say!("{path} is no archive that can be read here", path)
            }
            Self::NoPayload { path } => {
                let path = path.display();
                say!(
                    "{path} is neither a connector (no openclaw.plugin.json) nor a folder of connector versions",
                    path
                )
            }
            Self::BadNpmName { given } => say!("“{given}” names no npm package", given),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::NotFound { .. } => say!("Check the path, then run the command again."),
            Self::UnknownFormat { .. } | Self::NoPayload { .. } | Self::BadNpmName { .. } => say!(
                "SOURCE is a connector's directory, an archive (.tgz .tar.gz .tar.zst .tar .zip), or npm:NAME[@VERSION]."
            ),
        }
    }
}
