//! Whether anything vouches for a payload, and what.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checksums::{ChecksumError, ChecksumList, SHA256SUMS};
use super::digest::Sha256;
use super::entry::Limits;
use super::error::PayloadError;
use crate::fs::{exists, foreign};

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
    pub(super) fn vouch_for_archive(
        &self,
        archive: &Path,
        found: Sha256,
    ) -> Result<Verification, PayloadError> {
        let mut vouched = None;
        if let Some(expected) = self.sha256 {
            expect(archive, expected, found, None)?;
            vouched = Some(Verification::Sha256);
        }
        if let Some(path) = &self.checksums {
            let list = read_list(path)?;
            expect_listed(&list, archive, found)?;
            vouched = Some(Verification::Checksums { list: list.path().to_path_buf() });
        }
        if vouched.is_none() {
            vouched = vouched_by_neighbour(archive, found)?;
        }
        vouched.or(self.nothing()).ok_or_else(|| unverified(archive))
    }

    /// The list for a directory that was given, if it was.
    pub(super) fn list_for_directory(
        &self,
        directory: &Path,
    ) -> Result<Option<ChecksumList>, PayloadError> {
        if self.sha256.is_some() {
            return Err(ChecksumError::NeedsArchive { payload: directory.to_path_buf() }.into());
        }
        let expected = self.checksums.is_some() || self.allow_unverified;
        if !expected && !exists(&directory.join(SHA256SUMS)).map_err(PayloadError::looking)? {
            return Err(unverified(directory));
        }
        self.checksums.as_deref().map(read_list).transpose()
    }

    /// What vouches for a directory after all lists have been checked.
    pub(super) fn vouch_for_directory(
        &self,
        directory: &Path,
        list: Option<&ChecksumList>,
    ) -> Result<Verification, PayloadError> {
        list.map(|list| Verification::Checksums { list: list.path().to_path_buf() })
            .or(self.nothing())
            .ok_or_else(|| unverified(directory))
    }

    fn nothing(&self) -> Option<Verification> {
        self.allow_unverified.then_some(Verification::Nothing)
    }
}

fn unverified(payload: &Path) -> PayloadError {
    ChecksumError::Unverified { payload: payload.to_path_buf() }.into()
}

fn vouched_by_neighbour(
    archive: &Path,
    found: Sha256,
) -> Result<Option<Verification>, PayloadError> {
    let mut sidecar = archive.as_os_str().to_os_string();
    sidecar.push(".sha256");
    let sidecar = PathBuf::from(sidecar);
    if exists(&sidecar).map_err(PayloadError::looking)? {
        let list = ChecksumList::parse_sidecar(&sidecar, &read(&sidecar)?, archive)?;
        expect_listed(&list, archive, found)?;
        return Ok(Some(Verification::Checksums { list: sidecar }));
    }
    let beside = archive.with_file_name(SHA256SUMS);
    if !exists(&beside).map_err(PayloadError::looking)? {
        return Ok(None);
    }
    let list = read_list(&beside)?;
    // a list of other archives in the same directory says nothing about this one
    if list.digest_of(&name_of(archive)).is_none() {
        return Ok(None);
    }
    expect_listed(&list, archive, found)?;
    Ok(Some(Verification::Checksums { list: beside }))
}

fn expect_listed(list: &ChecksumList, archive: &Path, found: Sha256) -> Result<(), ChecksumError> {
    let expected = list.digest_of(&name_of(archive)).ok_or_else(|| ChecksumError::Unlisted {
        list: list.path().to_path_buf(),
        file: archive.to_path_buf(),
    })?;
    expect(archive, expected, found, Some(list.path()))
}

fn expect(
    file: &Path,
    expected: Sha256,
    found: Sha256,
    said_by: Option<&Path>,
) -> Result<(), ChecksumError> {
    if expected == found {
        return Ok(());
    }
    let said_by = said_by.map(Path::to_path_buf);
    Err(ChecksumError::Wrong { file: file.to_path_buf(), expected, found, said_by })
}

fn name_of(archive: &Path) -> String {
    archive.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read_list(path: &Path) -> Result<ChecksumList, PayloadError> {
    let path = std::path::absolute(path).map_err(PayloadError::reading(path))?;
    Ok(ChecksumList::parse(&path, &read(&path)?)?)
}

fn read(path: &Path) -> Result<Vec<u8>, PayloadError> {
    foreign::read(path, foreign::LIST_LIMIT).map_err(PayloadError::looking)
}
