//! Reading a payload piece by piece: whose bytes they are, and who watches.

use std::io::{self, Read};
use std::path::Path;

use sha2::Digest as _;

use super::checksums::Sha256;
use super::entry::shown;
use super::error;
use crate::interrupt::Interrupt;
use crate::language::Problem;
use crate::progress::Progress;

/// Memory in use for content by one thread, whatever the payload's size.
const PIECE: usize = 256 * 1024;

/// Who may stop long reading, and who is told that it goes on.
#[derive(Clone, Copy)]
pub(super) struct Watch<'a> {
    pub(super) interrupt: &'a Interrupt,
    pub(super) progress: &'a dyn Progress,
}

impl Watch<'_> {
    /// An error once the operator has asked the program to stop.
    pub(super) fn ask(&self) -> Result<(), Problem> {
        if self.interrupt.is_raised() { Err(error::interrupted()) } else { Ok(()) }
    }

    /// Tells the watcher that `activity` begins and ends; `total` is its size in bytes.
    pub(super) fn during<T>(
        &self,
        activity: &str,
        total: Option<u64>,
        work: impl FnOnce() -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.progress.begin(activity, total);
        let outcome = work();
        self.progress.end();
        outcome
    }
}

/// What entries lie in, by absolute path.
#[derive(Clone, Copy)]
pub(super) enum Container<'a> {
    Archive(&'a Path),
    Directory(&'a Path),
}

impl<'a> Container<'a> {
    pub(super) fn path(self) -> &'a Path {
        match self {
            Self::Archive(path) | Self::Directory(path) => path,
        }
    }

    /// The problem of content that cannot be read.
    fn broken(self, entry: &[u8], cause: io::Error) -> Problem {
        match self {
            Self::Archive(archive) => error::broken_archive(archive, &cause),
            Self::Directory(path) => error::reading(path.join(shown(entry)))(cause),
        }
    }

    /// The problem of a file whose length is not the declared one.
    fn other_length(self, entry: &[u8], is_shorter: bool) -> Problem {
        let entry = shown(entry);
        match self {
            Self::Archive(archive) if is_shorter => error::truncated(archive),
            Self::Archive(archive) => {
                error::corrupt(archive, say!("{entry} is longer than its header says", entry))
            }
            Self::Directory(path) => error::changed(path, &entry),
        }
    }
}

/// Reads files in pieces and hashes them on the way; owns the thread's one buffer.
pub(super) struct HashingReader<'a> {
    container: Container<'a>,
    watch: Watch<'a>,
    piece: Vec<u8>,
}

impl<'a> HashingReader<'a> {
    pub(super) fn new(container: Container<'a>, watch: Watch<'a>) -> Self {
        Self { container, watch, piece: vec![0; PIECE] }
    }

    /// Hands all of the file `name` to `each` and returns its digest. Its length must be `size`: an
    /// archive that is cut off yields less, a lying header more.
    pub(super) fn read(
        &mut self,
        name: &[u8],
        size: u64,
        body: &mut dyn Read,
        mut each: impl FnMut(&[u8]) -> Result<(), Problem>,
    ) -> Result<Sha256, Problem> {
        let mut hash = sha2::Sha256::new();
        let mut found: u64 = 0;
        loop {
            self.watch.ask()?;
            let read = match body.read(&mut self.piece) {
                Ok(0) if found < size => return Err(self.container.other_length(name, true)),
                Ok(0) => return Ok(hash.into()),
                Ok(read) => read,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                Err(cause) => return Err(self.container.broken(name, cause)),
            };
            found += read as u64;
            if found > size {
                return Err(self.container.other_length(name, false));
            }
            hash.update(&self.piece[..read]);
            each(&self.piece[..read])?;
            self.watch.progress.advance(read as u64);
        }
    }
}

/// Reads `body` to its end, or not at all if it is longer than `limit`.
pub(super) fn read_within(body: &mut dyn Read, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    body.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// The last part of a path: the name by which work on it is told.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
