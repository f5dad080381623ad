//! A file as it stands: bytes, mode, owner; and the image by which it is recognised later.

use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{CWD, OFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Action, FileError, foreign};

/// What tells two states of a file apart, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileImage {
    /// SHA-256 of the content, in hex.
    pub sha256: String,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// A file with its bytes. Its `Debug` shows none of them: they may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct FileState {
    /// The content; shared, since a record is as large as a tree has files.
    pub bytes: Arc<Vec<u8>>,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

impl std::fmt::Debug for FileState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FileState({} bytes, {:o})", self.bytes.len(), self.mode)
    }
}

impl FileState {
    /// Reads a regular file; `None` where there is none. A symbolic link is an error: the caller
    /// names the real file.
    pub fn read(path: &Path) -> Result<Option<Self>, FileError> {
        Self::read_at(CWD, path)
    }

    /// The same for a path that begins in an open directory, wherever that is by now.
    pub(super) fn read_at(
        directory: BorrowedFd<'_>,
        path: &Path,
    ) -> Result<Option<Self>, FileError> {
        let file = match foreign::open_at(directory, path, OFlags::NOFOLLOW) {
            Err(error) if error.is_missing() => return Ok(None),
            opened => opened?,
        };
        let attributes = file.metadata().map_err(FileError::at(Action::Read, path))?;
        let bytes = foreign::read_open(file, path, foreign::RECORD_LIMIT)?;
        let mode = attributes.mode() & 0o7777;
        let bytes = Arc::new(bytes);
        Ok(Some(Self { bytes, mode, uid: attributes.uid(), gid: attributes.gid() }))
    }

    /// The same file with other bytes.
    #[must_use]
    pub fn with_bytes(&self, bytes: impl Into<Arc<Vec<u8>>>) -> Self {
        Self { bytes: bytes.into(), ..*self }
    }

    /// The image by which this state is recognised.
    pub fn image(&self) -> FileImage {
        let sha256 = base16ct::lower::encode_string(&Sha256::digest(&*self.bytes));
        FileImage { sha256, mode: self.mode, uid: self.uid, gid: self.gid }
    }
}

#[cfg(test)]
mod tests {
    use super::FileState;

    #[test]
    fn an_image_changes_with_content_and_mode() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("f");
        assert!(FileState::read(&path).unwrap().is_none());
        std::fs::write(&path, "secret").unwrap();
        let state = FileState::read(&path).unwrap().unwrap();
        let mut other = state.clone();
        other.mode ^= 0o1;
        assert_ne!(state.image(), other.image());
        assert_ne!(state.image(), state.with_bytes(b"x".to_vec()).image());
        assert!(!format!("{state:?}").contains("secret"));
        let link = home.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(FileState::read(&link).is_err(), "a planted link is not followed");
    }
}
