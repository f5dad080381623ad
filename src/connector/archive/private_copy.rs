//! The private copy of an archive: what was verified is what is unpacked.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::connector::digest::Sha256;
use crate::connector::entry::{Fault, Refusal};
use crate::connector::error::PayloadError;
use crate::connector::reading::{Content, Origin, Pump, Watch};
use crate::fs::foreign;

/// An unnamed temporary file that holds an archive's bytes. Nobody else can open or change it, so
/// its digest stays true however often it is read, and a crash leaves nothing behind.
#[derive(Debug)]
pub(in crate::connector) struct PrivateCopy {
    file: File,
    size: u64,
    sha256: Sha256,
}

impl PrivateCopy {
    /// Copies the archive at `path`, which must be a regular file of at most `limit` bytes.
    pub(in crate::connector) fn of(
        path: &Path,
        limit: u64,
        watch: Watch<'_>,
    ) -> Result<Self, PayloadError> {
        let mut body = foreign::open(path).map_err(PayloadError::looking)?;
        let size = body.metadata().map_err(PayloadError::reading(path))?.len();
        if size > limit {
            return Err(too_large(path, limit).into());
        }
        let mut copy = tempfile::tempfile().map_err(PayloadError::temporary)?;
        let origin = Origin::Directory(path.parent().unwrap_or(path).to_path_buf());
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let content = Content { name, size, body: &mut body };
        let sha256 = Pump::new(&origin, watch)
            .carry(content, |piece| copy.write_all(piece).map_err(PayloadError::temporary))?;
        Ok(Self { file: copy, size, sha256 })
    }

    /// The digest of the archive.
    pub(in crate::connector) fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// The archive's bytes from their beginning.
    pub(in crate::connector) fn reader(&self) -> BufReader<At<'_>> {
        BufReader::with_capacity(64 * 1024, self.at())
    }

    /// The archive's bytes at any place.
    pub(in crate::connector) fn at(&self) -> At<'_> {
        At { file: &self.file, size: self.size, position: 0 }
    }
}

fn too_large(path: &Path, limit: u64) -> Refusal {
    Refusal {
        payload: path.to_path_buf(),
        entry: ".".to_string(),
        fault: Fault::PayloadTooLarge { limit },
    }
}

/// A reader with a position of its own: several can read one file.
#[derive(Debug, Clone)]
pub(in crate::connector) struct At<'a> {
    file: &'a File,
    size: u64,
    position: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for At<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
