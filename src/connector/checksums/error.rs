//! Why a payload's checksums do not convince.

use std::path::PathBuf;

use crate::connector::digest::Sha256;
use crate::language::Explain;
use crate::say;

/// A checksum is missing, unreadable or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChecksumError {
    /// Nothing vouches for the payload.
    Unverified {
        /// The archive or directory, absolute.
        payload: PathBuf,
    },
    /// A file has other content than it should.
    Wrong {
        /// The file, absolute.
        file: PathBuf,
        /// The digest it should have.
        expected: Sha256,
        /// The digest it has.
        found: Sha256,
        /// The list that says so; `None` for the command line.
        said_by: Option<PathBuf>,
    },
    /// A list names a file that is not there.
    Absent {
        /// The list, absolute.
        list: PathBuf,
        /// The file, absolute.
        file: PathBuf,
    },
    /// A list does not name a file that is there.
    Unlisted {
        /// The list, absolute.
        list: PathBuf,
        /// The file, absolute.
        file: PathBuf,
    },
    /// A line of a list is not in sha256sum(1)'s format, or contradicts another.
    BadLine {
        /// The list, absolute.
        list: PathBuf,
        /// From 1.
        line: usize,
    },
    /// `--sha256` was given for a directory.
    NeedsArchive {
        /// The directory, absolute.
        payload: PathBuf,
    },
}

impl Explain for ChecksumError {
    fn problem(&self) -> crate::language::Problem {
        crate::language::Problem::new(self.code(), self.message(), self.hint())
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unverified { .. } => "payload.unverified",
            Self::Wrong { .. } => "payload.wrong-digest",
            Self::Absent { .. } => "payload.listed-but-missing",
            Self::Unlisted { .. } => "payload.not-listed",
            Self::BadLine { .. } => "payload.bad-checksum-line",
            Self::NeedsArchive { .. } => "payload.sha256-needs-archive",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Unverified { payload } => {
                let payload = payload.display();
                say!("no checksum vouches for {payload}", payload)
            }
            Self::Wrong { file, expected, found, said_by } => {
                let file = file.display();
                let source = said_by
                    .as_ref()
                    .map_or_else(|| "--sha256".to_string(), |list| list.display().to_string());
                say!(
                    "{file} has the wrong SHA-256: {found}, but {source} says {expected}",
                    file,
                    found,
                    source,
                    expected
                )
            }
            Self::Absent { list, file } => {
                let (list, file) = (list.display(), file.display());
                say!("{list} names {file}, but there is no such file", list, file)
            }
            Self::Unlisted { list, file } => {
                let (list, file) = (list.display(), file.display());
                say!("{list} does not name {file}", list, file)
            }
            Self::BadLine { list, line } => {
                let list = list.display();
                say!(
                    "{list}:{line}: not a line of sha256sum(1), or a second digest for one name",
                    list,
                    line
                )
            }
            Self::NeedsArchive { payload } => {
                let payload = payload.display();
                say!("--sha256 is the digest of an archive, but {payload} is a directory", payload)
            }
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Unverified { .. } => say!(
                "Give --sha256 HEX or --checksums FILE, or put SHA256SUMS beside it; if you trust it as it is, --allow-unverified."
            ),
            Self::BadLine { .. } => {
                say!("Write the list with sha256sum, then run the command again.")
            }
            Self::NeedsArchive { .. } => {
                say!("Give --checksums FILE, or a SHA256SUMS at the root of the directory.")
            }
            Self::Wrong { .. } | Self::Absent { .. } | Self::Unlisted { .. } => say!(
                "Get the payload and its checksums again from their publisher; nothing was written."
            ),
        }
    }
}
