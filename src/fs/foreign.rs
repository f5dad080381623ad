//! Reading what others made: neither a pipe without a writer nor an endless file holds us up.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, fstat, openat, statat};
use rustix::io::Errno;

use super::{Action, FileError};
use crate::timeout::Deadline;

/// Enough for a secret or a handful of answers.
pub const SETTINGS_LIMIT: u64 = 1024 * 1024;
/// Enough for what people write: configs, units, manifests of packages.
pub const TEXT_LIMIT: u64 = 16 * 1024 * 1024;
/// Enough for a list of every file of a payload.
pub const LIST_LIMIT: u64 = 32 * 1024 * 1024;
/// Enough for the records of many large trees, and for the kernel's own tables.
pub const RECORD_LIMIT: u64 = 128 * 1024 * 1024;

const FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// Opens a regular file, links followed; anything else is an error that names its kind.
pub fn open(path: &Path) -> Result<File, FileError> {
    open_with(path, OFlags::empty())
}

/// What a file holds that may be absent or unreadable without harm.
pub fn glance(path: &Path) -> Option<Vec<u8>> {
    read(path, TEXT_LIMIT).ok()
}

/// The JSON that such a file holds.
pub fn json(path: &Path) -> Option<serde_json::Value> {
    serde_json::from_slice(&glance(path)?).ok()
}

/// Opens with more flags (`NOFOLLOW`).
pub(super) fn open_with(path: &Path, more: OFlags) -> Result<File, FileError> {
    open_at(CWD, path, more)
}

/// The same for a path that begins in an open directory.
pub(super) fn open_at(
    directory: BorrowedFd<'_>,
    path: &Path,
    more: OFlags,
) -> Result<File, FileError> {
    let descriptor = descriptor(directory, path, more)?;
    regular(File::from(descriptor), path)
}

/// An open file, if it is a regular one.
pub(super) fn regular(file: File, path: &Path) -> Result<File, FileError> {
    match kind_of(&file).map_err(FileError::at(Action::Read, path))? {
        FileType::RegularFile => Ok(file),
        kind => Err(refused(path, kind)),
    }
}

/// Reads a regular file of at most `limit` bytes.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    read_open(open(path)?, path, limit)
}

/// Reads on in an open file, at most `limit` bytes; `path` is for messages.
pub fn read_open(file: File, path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    // read in small pieces, `/proc/net/tcp` is looked through once for each of them, for 2 ms
    let mut bytes = Vec::with_capacity(16 * 1024);
    let outcome = file.take(limit + 1).read_to_end(&mut bytes);
    outcome.map_err(FileError::at(Action::Read, path))?;
    if bytes.len() as u64 > limit { Err(too_large(path, limit)) } else { Ok(bytes) }
}

/// Reads text that may also come through a pipe (`<(pass show bot)`) or, without a path, from
/// standard input; whoever writes it has time until `end`.
pub fn read_input(path: Option<&Path>, limit: u64, end: Deadline) -> Result<String, FileError> {
    let bytes = match path {
        Some(path) => {
            let descriptor = descriptor(CWD, path, OFlags::empty())?;
            match kind_of(&descriptor).map_err(FileError::at(Action::Read, path))? {
                FileType::RegularFile => read_open(File::from(descriptor), path, limit),
                FileType::Fifo | FileType::CharacterDevice => {
                    read_stream(&descriptor, path, limit, end)
                }
                kind => Err(refused(path, kind)),
            }
        }
        None => read_stream(&io::stdin(), Path::new("/dev/stdin"), limit, end),
    }?;
    let shown = path.unwrap_or(Path::new("/dev/stdin"));
    String::from_utf8(bytes).map_err(|_| because(shown, say!("it is not text in UTF-8")))
}

fn read_stream(
    stream: &impl AsFd,
    path: &Path,
    limit: u64,
    end: Deadline,
) -> Result<Vec<u8>, FileError> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let rest = Timespec::try_from(end.remaining()).ok();
        match poll(&mut [PollFd::new(stream, PollFlags::IN)], rest.as_ref()) {
            Ok(0) => return Err(because(path, say!("nothing finished writing to it in time"))),
            Ok(_) => {}
            Err(cause) => return Err(FileError::at(Action::Read, path)(cause)),
        }
        match rustix::io::read(stream, &mut piece) {
            Ok(0) => return Ok(bytes),
            Ok(length) => bytes.extend(&piece[..length]),
            Err(Errno::AGAIN) => {}
            Err(cause) => return Err(FileError::at(Action::Read, path)(cause)),
        }
        if bytes.len() as u64 > limit {
            return Err(too_large(path, limit));
        }
    }
}

fn descriptor(directory: BorrowedFd<'_>, path: &Path, more: OFlags) -> Result<OwnedFd, FileError> {
    match openat(directory, path, FLAGS | more, Mode::empty()) {
        // what a socket says, and a device without its driver
        Err(Errno::NXIO) => {
            let kind = statat(directory, path, AtFlags::empty())
                .map(|found| FileType::from_raw_mode(found.st_mode));
            Err(refused(path, kind.unwrap_or(FileType::Unknown)))
        }
        opened => opened.map_err(FileError::at(Action::Read, path)),
    }
}

fn kind_of(descriptor: &impl AsFd) -> io::Result<FileType> {
    Ok(FileType::from_raw_mode(fstat(descriptor)?.st_mode))
}

fn refused(path: &Path, kind: FileType) -> FileError {
    let kind = match kind {
        FileType::Directory => say!("a directory"),
        FileType::Fifo => say!("a named pipe (FIFO)"),
        FileType::Socket => say!("a socket"),
        _ => say!("a device"),
    };
    because(path, say!("it is {kind}, not a regular file", kind))
}

fn too_large(path: &Path, limit: u64) -> FileError {
    let limit = limit / 1024;
    because(path, say!("it is larger than {limit} KiB", limit))
}

fn because(path: &Path, reason: String) -> FileError {
    let path: PathBuf = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    FileError::at(Action::Read, path)(io::Error::other(reason))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::time::{Duration, Instant};

    use rustix::fs::CWD;

    use super::*;
    use crate::language::Explain;

    fn message(outcome: Result<impl std::fmt::Debug, FileError>) -> String {
        outcome.unwrap_err().message()
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once_by_its_kind() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        rustix::fs::mkfifoat(CWD, at("fifo"), Mode::RUSR | Mode::WUSR).unwrap();
        std::fs::create_dir(at("directory")).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", at("zero")).unwrap();
        std::fs::write(at("large"), [b'x'; 2049]).unwrap();
        let began = Instant::now();
        for (name, reason, as_input) in [
            ("fifo", "named pipe", "in time"),
            ("directory", "a directory", "a directory"),
            ("socket", "a socket", "a socket"),
            ("zero", "a device", "larger than 2 KiB"),
            ("large", "larger than 2 KiB", "larger than 2 KiB"),
        ] {
            let path = at(name);
            let soon = Deadline::after(Duration::from_millis(200));
            let input = message(read_input(Some(&path), 2048, soon));
            for (said, reason) in [(message(read(&path, 2048)), reason), (input, as_input)] {
                assert!(said.contains(path.to_str().unwrap()), "{said}");
                assert!(said.contains(reason), "{name}: {said}");
            }
        }
        assert!(began.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn files_of_the_kernel_and_pipes_with_a_writer_are_read() {
        assert!(!read(Path::new("/proc/self/stat"), TEXT_LIMIT).unwrap().is_empty());
        let (reader, writer) = io::pipe().unwrap();
        let path = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
        let writing = std::thread::spawn(move || io::Write::write_all(&mut &writer, b"s3cret\n"));
        let text =
            read_input(Some(Path::new(&path)), 2048, Deadline::after(Duration::from_secs(5)))
                .unwrap();
        assert_eq!(text, "s3cret\n");
        writing.join().unwrap().unwrap();
    }
}
