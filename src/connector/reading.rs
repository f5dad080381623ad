//! Reading a payload piece by piece: whose bytes they are, who watches, and how failures are told.

use std::error::Error;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::activity::Activity;
use super::digest::{Sha256, Sha256Stream};
use super::entry::shown;
use super::error::PayloadError;
use crate::interrupt::Interrupt;
use crate::progress::Progress;

/// Memory in use for content, whatever the payload's size.
const PIECE: usize = 256 * 1024;

/// Who may stop long reading, and who is told that it goes on.
#[derive(Clone, Copy)]
pub(super) struct Watch<'a> {
    pub(super) interrupt: &'a Interrupt,
    pub(super) progress: &'a dyn Progress,
}

impl Watch<'_> {
    /// An error once the operator has asked the program to stop.
    pub(super) fn ask(&self) -> Result<(), PayloadError> {
        if self.interrupt.is_raised() { Err(PayloadError::Interrupted) } else { Ok(()) }
    }

    /// Tells the watcher that `work` on `path` begins and ends; `total` is its size in bytes.
    pub(super) fn during<T>(
        &self,
        activity: &Activity,
        total: Option<u64>,
        work: impl FnOnce() -> Result<T, PayloadError>,
    ) -> Result<T, PayloadError> {
        self.progress.begin(activity, total);
        let outcome = work();
        self.progress.end();
        outcome
    }
}

/// Where entries come from, by absolute path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Archive(PathBuf),
    Directory(PathBuf),
}

impl Origin {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Archive(path) | Self::Directory(path) => path,
        }
    }

    /// The error of content that could not be read.
    pub(super) fn broken(&self, entry: &[u8], cause: io::Error) -> PayloadError {
        match self {
            Self::Archive(archive) => broken_archive(archive, &cause),
            Self::Directory(path) => PayloadError::Read { path: path.join(shown(entry)), cause },
        }
    }

    /// The error of a file whose length is not the declared one.
    fn other_length(&self, entry: &[u8], found: u64, declared: u64) -> PayloadError {
        match self {
            Self::Archive(archive) if found < declared => {
                PayloadError::Truncated { archive: archive.clone() }
            }
            Self::Archive(archive) => PayloadError::Corrupt {
                archive: archive.clone(),
                cause: format!("{} is longer than its header says", shown(entry)),
            },
            Self::Directory(payload) => {
                PayloadError::Changed { payload: payload.clone(), entry: shown(entry) }
            }
        }
    }
}

/// The error of an archive whose bytes cannot be decoded: cut off, or damaged.
pub(super) fn broken_archive(archive: &Path, cause: &io::Error) -> PayloadError {
    let archive = archive.to_path_buf();
    if ends_early(cause) {
        PayloadError::Truncated { archive }
    } else {
        PayloadError::Corrupt { archive, cause: cause.to_string() }
    }
}

/// Decoders wrap the end of input in errors of their own.
fn ends_early(cause: &io::Error) -> bool {
    let mut link: Option<&(dyn Error + 'static)> = Some(cause);
    while let Some(error) = link {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            if io.kind() == io::ErrorKind::UnexpectedEof {
                return true;
            }
            link = io.get_ref().map(|inner| inner as &(dyn Error + 'static));
        } else {
            link = error.source();
        }
    }
    false
}

/// A file of a payload that is about to be read.
pub(super) struct Content<'a> {
    pub(super) name: &'a [u8],
    pub(super) size: u64,
    pub(super) body: &'a mut dyn Read,
}

/// Carries content in pieces and hashes it on the way; owns the one buffer.
pub(super) struct Pump<'a> {
    origin: &'a Origin,
    watch: Watch<'a>,
    piece: Vec<u8>,
}

impl<'a> Pump<'a> {
    pub(super) fn new(origin: &'a Origin, watch: Watch<'a>) -> Self {
        Self { origin, watch, piece: vec![0; PIECE] }
    }

    /// Hands all of `content` to `each` and returns its digest. The length must be the declared
    /// one: an archive that is cut off yields less, a lying header more.
    pub(super) fn carry(
        &mut self,
        content: Content<'_>,
        mut each: impl FnMut(&[u8]) -> Result<(), PayloadError>,
    ) -> Result<Sha256, PayloadError> {
        let Content { name, size, body } = content;
        let mut stream = Sha256Stream::default();
        let mut found: u64 = 0;
        loop {
            self.watch.ask()?;
            let read = match body.read(&mut self.piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                Err(cause) => return Err(self.origin.broken(name, cause)),
            };
            found += read as u64;
            if found > size {
                return Err(self.origin.other_length(name, found, size));
            }
            stream.update(&self.piece[..read]);
            each(&self.piece[..read])?;
            self.watch.progress.advance(read as u64);
        }
        if found < size {
            return Err(self.origin.other_length(name, found, size));
        }
        Ok(stream.finish())
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
