//! The private copy of an archive: what was verified is what is unpacked.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::connector::digest::Sha256;
use crate::connector::entry::refusal;
use crate::connector::error;
use crate::connector::reading::{Container, HashingReader, Watch};
use crate::fs::foreign;
use crate::language::Problem;

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
    ) -> Result<Self, Problem> {
        let mut body = foreign::open(path).map_err(error::looking)?;
        let size = body.metadata().map_err(error::reading(path))?.len();
        if size > limit {
            return Err(refusal::of(path, b".", refusal::payload_too_large(limit)));
        }
        let mut copy = tempfile::tempfile().map_err(error::temporary)?;
        let container = Container::Directory(path.parent().unwrap_or(path));
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let sha256 = HashingReader::new(container, watch)
            .read(name, size, &mut body, |piece| copy.write_all(piece).map_err(error::temporary))?;
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
