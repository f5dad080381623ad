//! What can go wrong between a payload and a staged tree.

use std::io;
use std::path::PathBuf;

use super::checksums::ChecksumError;
use super::entry::Refusal;
use super::facts::FactsError;
use super::npm::NpmError;
use super::source_error::SourceError;
use crate::fs::FileError;
use crate::fs::error::closed;
use crate::fs::stage::StageError;
use crate::language::{Explain, Kind};
use crate::say;

/// A payload cannot be installed.
#[derive(Debug)]
pub enum PayloadError {
    /// What was named is no source of a connector.
    Source(SourceError),
    /// The archive ends before its content does.
    Truncated {
        /// The archive, absolute.
        archive: PathBuf,
    },
    /// The archive cannot be decoded.
    Corrupt {
        /// The archive, absolute.
        archive: PathBuf,
        /// The decoder's reason.
        cause: String,
    },
    /// Something could not be read.
    Read {
        /// The path, absolute.
        path: PathBuf,
        /// The system's answer.
        cause: io::Error,
    },
    /// A temporary file could not be written.
    Temporary {
        /// The directory for temporary files.
        directory: PathBuf,
        /// The system's answer.
        cause: io::Error,
    },
    /// Between checking and copying, the payload became another one.
    Changed {
        /// The archive or directory, absolute.
        payload: PathBuf,
        /// The entry that is no longer what it was.
        entry: String,
    },
    /// The operator asked the program to stop.
    Interrupted,
    /// An entry is unsafe.
    Refused(Refusal),
    /// A checksum is missing or wrong.
    Checksum(ChecksumError),
    /// What the payload says about itself is missing or wrong.
    Facts(FactsError),
    /// npm failed.
    Npm(NpmError),
    /// The tree could not be written.
    Stage(StageError),
}

impl From<SourceError> for PayloadError {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl From<Refusal> for PayloadError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<ChecksumError> for PayloadError {
    fn from(error: ChecksumError) -> Self {
        Self::Checksum(error)
    }
}

impl From<FactsError> for PayloadError {
    fn from(error: FactsError) -> Self {
        Self::Facts(error)
    }
}

impl From<NpmError> for PayloadError {
    fn from(error: NpmError) -> Self {
        match error {
            NpmError::Interrupted => Self::Interrupted,
            error => Self::Npm(error),
        }
    }
}

impl From<StageError> for PayloadError {
    fn from(error: StageError) -> Self {
        match error {
            StageError::Interrupted { .. } => Self::Interrupted,
            error @ StageError::Failed { .. } => Self::Stage(error),
        }
    }
}

impl PayloadError {
    /// An error of reading `path`, for `map_err`.
    pub(super) fn reading<C: Into<io::Error>>(path: impl Into<PathBuf>) -> impl FnOnce(C) -> Self {
        let path = path.into();
        move |cause| Self::Read { path, cause: cause.into() }
    }

    /// An error of looking whether something is there, for `map_err`.
    pub(super) fn looking(FileError { path, cause, .. }: FileError) -> Self {
        Self::Read { path, cause }
    }

    /// An error of the directory for temporary files, for `map_err`.
    pub(super) fn temporary(cause: io::Error) -> Self {
        Self::Temporary { directory: tempfile::env::temp_dir(), cause }
    }
}

impl Explain for PayloadError {
    fn problem(&self) -> crate::language::Problem {
        crate::language::Problem::new(self.code(), self.message(), self.hint()).of_kind(self.kind())
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "payload.truncated",
            Self::Corrupt { .. } => "payload.corrupt",
            Self::Read { .. } => "payload.read",
            Self::Temporary { .. } => "payload.temporary",
            Self::Changed { .. } => "payload.changed",
            Self::Interrupted => "payload.interrupted",
            Self::Source(part) => part.code(),
            Self::Refused(part) => part.code(),
            Self::Checksum(part) => part.code(),
            Self::Facts(part) => part.code(),
            Self::Npm(part) => part.code(),
            Self::Stage(part) => part.code(),
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
            Self::Truncated { archive } => {
                let archive = archive.display();
                say!("{archive} is cut off: it ends before its content does", archive)
            }
            Self::Corrupt { archive, cause } => {
                let archive = archive.display();
                say!("{archive} is damaged: {cause}", archive, cause)
            }
            Self::Read { path, cause } => {
                let path = path.display();
                say!("cannot read {path}: {cause}", path, cause)
            }
            Self::Temporary { directory, cause } => {
                let directory = directory.display();
                say!("cannot write a temporary file in {directory}: {cause}", directory, cause)
            }
            Self::Changed { payload, entry } => {
                let payload = payload.display();
                say!("{payload}: “{entry}” changed while it was being installed", payload, entry)
            }
            Self::Interrupted => say!("interrupted"),
            Self::Source(part) => part.message(),
            Self::Refused(part) => part.message(),
            Self::Checksum(part) => part.message(),
            Self::Facts(part) => part.message(),
            Self::Npm(part) => part.message(),
            Self::Stage(part) => part.message(),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Truncated { .. } | Self::Corrupt { .. } => {
                say!("Copy or download it again; nothing was written.")
            }
            Self::Read { path, cause } if cause.kind() == io::ErrorKind::PermissionDenied => {
                closed(path)
            }
            Self::Read { .. } => say!("Check that you may read it, then run the command again."),
            Self::Temporary { .. } => {
                say!("Free some space there, or set TMPDIR to a directory that has some.")
            }
            Self::Changed { .. } => say!(
                "Find out who writes to it; copy it to a directory of your own and install that."
            ),
            Self::Interrupted => say!("Run the command again."),
            Self::Source(part) => part.hint(),
            Self::Refused(part) => part.hint(),
            Self::Checksum(part) => part.hint(),
            Self::Facts(part) => part.hint(),
            Self::Npm(part) => part.hint(),
            Self::Stage(part) => part.hint(),
        }
    }
}
