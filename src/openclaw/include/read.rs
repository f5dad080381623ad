//! Reads one file under the conditions on which OpenClaw reads it.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use crate::fs::foreign;
use crate::openclaw::document::Cause;

/// OpenClaw 2026.3.13's limit for an included file, in bytes.
const LARGEST_INCLUDE: u64 = 2 * 1024 * 1024;

/// A file that was read: its real path and its bytes.
pub(super) struct Source {
    pub(super) real: PathBuf,
    pub(super) bytes: Vec<u8>,
}

/// The main config: any regular file, also behind a symbolic link.
pub(super) fn config(path: &Path) -> Result<Source, Cause> {
    let real = path.canonicalize()?;
    let file = open(&real)?;
    read(real, file)
}

/// An included file: inside `directory` by name and in reality, one link, at most 2 MiB.
pub(super) fn include(path: &Path, directory: &Path) -> Result<Source, Cause> {
    if !path.starts_with(directory) {
        return Err(Cause::Outside);
    }
    let real = path.canonicalize()?;
    if !real.starts_with(directory.canonicalize()?) {
        return Err(Cause::Outside);
    }
    let file = open(&real)?;
    let metadata = file.metadata()?;
    if metadata.nlink() > 1 {
        return Err(Cause::HardLinked);
    }
    if metadata.len() > LARGEST_INCLUDE {
        return Err(Cause::TooLarge);
    }
    read(real, file)
}

fn open(real: &Path) -> Result<File, Cause> {
    Ok(foreign::open(real).map_err(io::Error::from)?)
}

fn read(real: PathBuf, file: File) -> Result<Source, Cause> {
    let bytes = foreign::read_open(file, &real, foreign::TEXT_LIMIT).map_err(io::Error::from)?;
    Ok(Source { real, bytes })
}

/// The path without `.` and `..`, by its words alone, as Node's `path.normalize` does.
pub(super) fn normalized(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            component => plain.push(component),
        }
    }
    plain
}
