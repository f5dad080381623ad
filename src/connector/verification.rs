//! Whether anything vouches for a payload, and what.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checksums::{ChecksumList, SHA256SUMS, expect};
use super::digest::Sha256;
use super::entry::Limits;
use super::error;
use super::reading::name_of;
use crate::fs::exists;
use crate::language::Problem;

/// What the operator says about a payload's checksums.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checks {
    /// `--sha256`: the digest of the archive.
    pub sha256: Option<Sha256>,
    /// `--checksums`: a list in sha256sum(1)'s format.
    pub checksums: Option<PathBuf>,
    /// `--allow-unverified`: go on if nothing vouches for the payload. A checksum that is there
    /// must match all the same.
    pub allow_unverified: bool,
    /// How large the payload may be.
    pub limits: Limits,
}

/// What vouched for a payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Verification {
    /// `--sha256`.
    Sha256,
    /// A list of checksums.
    Checksums {
        /// The list, absolute.
        list: PathBuf,
    },
    /// The registry's integrity value, which we checked ourselves.
    NpmIntegrity {
        /// `sha512-…`
        integrity: String,
    },
    /// Nothing; the operator allowed it.
    Nothing,
}

impl Checks {
    /// Checks an archive with the digest `found`: against everything that was given, or else
    /// against `<archive>.sha256` or `SHA256SUMS` beside it.
    pub(super) fn verify_archive(
        &self,
        archive: &Path,
        found: Sha256,
    ) -> Result<Verification, Problem> {
        if let Some(expected) = self.sha256 {
            expect(archive, expected, found, None)?;
        }
        let list = match (&self.checksums, self.sha256) {
            (Some(path), _) => Some(ChecksumList::read(path)?),
            (None, Some(_)) => None,
            (None, None) => list_beside(archive)?,
        };
        if let Some(list) = &list {
            list.expect_listed(archive, found)?;
        }
        self.verified_by(list.as_ref(), archive)
    }

    /// The list for a directory that was given, if it was.
    pub(super) fn list_for_directory(
        &self,
        directory: &Path,
    ) -> Result<Option<ChecksumList>, Problem> {
        if self.sha256.is_some() {
            return Err(error::sha256_needs_archive(directory));
        }
        let expected = self.checksums.is_some() || self.allow_unverified;
        if !expected && !exists(&directory.join(SHA256SUMS)).map_err(error::looking)? {
            return Err(error::unverified(directory));
        }
        self.checksums.as_deref().map(ChecksumList::read).transpose()
    }

    /// What vouches for a payload after all checksums have been found right.
    pub(super) fn verified_by(
        &self,
        list: Option<&ChecksumList>,
        payload: &Path,
    ) -> Result<Verification, Problem> {
        list.map(|list| Verification::Checksums { list: list.path().to_path_buf() })
            .or(self.sha256.map(|_| Verification::Sha256))
            .or(self.allow_unverified.then_some(Verification::Nothing))
            .ok_or_else(|| error::unverified(payload))
    }
}

/// The list beside an archive that says something about it.
fn list_beside(archive: &Path) -> Result<Option<ChecksumList>, Problem> {
    let mut sidecar = archive.as_os_str().to_os_string();
    sidecar.push(".sha256");
    let sidecar = PathBuf::from(sidecar);
    if exists(&sidecar).map_err(error::looking)? {
        return ChecksumList::read_sidecar(&sidecar, archive).map(Some);
    }
    let beside = archive.with_file_name(SHA256SUMS);
    if !exists(&beside).map_err(error::looking)? {
        return Ok(None);
    }
    // a list of other archives in the same directory says nothing about this one
    Ok(Some(ChecksumList::read(&beside)?)
        .filter(|list| list.digest_of(&name_of(archive)).is_some()))
}
