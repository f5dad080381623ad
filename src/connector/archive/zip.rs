//! Zip archives as a stream of entries, in the order of the central directory.

use std::io;
use std::path::Path;

use rustix::fs::FileType;
use zip::read::{Config, ZipFile, ZipReadOptions};
use zip::result::ZipError;
use zip::unstable::read::ZipIterable;

use super::{At, PrivateCopy};
use crate::connector::entry::{Body, Entry, Kind, Receiver, refusal};
use crate::connector::error::broken_archive;
use crate::connector::reading::{Watch, read_within};
use crate::language::Problem;

/// The longest target that Linux takes for a symbolic link.
const TARGET_LIMIT: u64 = 4096;
const TYPE_BITS: u32 = 0o170_000;
/// What a zip without Unix modes gets.
const PLAIN_MODE: u32 = 0o644;

/// Hands every member of the archive to `receiver`.
///
/// Members are read one at a time, not collected, so that a million of them costs no memory; and
/// their local headers must agree with the central directory, so that no other unpacker sees
/// another archive than we do.
pub(super) fn read(
    copy: &PrivateCopy,
    path: &Path,
    receiver: &mut dyn Receiver,
    watch: Watch<'_>,
) -> Result<(), Problem> {
    let broken = |error| broken_archive(path, &into_io(error));
    let mut archive = ZipIterable::try_new(copy.at(), Config::default())
        .map_err(broken)?
        .enforce_header_consistency(true);
    let members = archive.files().map_err(broken)?;
    let mut bodies = copy.at();
    for member in members {
        watch.ask()?;
        let member = member.map_err(broken)?;
        if member.encrypted() {
            let kind = Kind::Forbidden(refusal::encrypted);
            let entry = Entry { name: member.name_raw(), kind, mode: PLAIN_MODE };
            receiver.take(&entry, Body::Nothing)?;
            continue;
        }
        let mut member =
            member.with_reader(&mut bodies, ZipReadOptions::default()).map_err(broken)?;
        deliver(&mut member, path, receiver)?;
    }
    Ok(())
}

fn deliver(
    member: &mut ZipFile<'_, At<'_>>,
    path: &Path,
    receiver: &mut dyn Receiver,
) -> Result<(), Problem> {
    let name = member.name_raw().to_vec();
    // the crate's own answer hides setuid and setgid
    let mode = match member.external_attributes() >> 16 {
        0 => member.unix_mode().unwrap_or(PLAIN_MODE),
        mode => mode,
    };
    let kind = match FileType::from_raw_mode(mode & TYPE_BITS) {
        _ if name.ends_with(b"/") && member.size() == 0 => Kind::Directory,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => {
            let target = read_within(member, TARGET_LIMIT)
                .map_err(|cause| broken_archive(path, &cause))?
                .unwrap_or_default();
            let entry = Entry { name: &name, kind: Kind::Symlink { target: &target }, mode };
            return receiver.take(&entry, Body::Nothing);
        }
        FileType::RegularFile => Kind::File { size: member.size() },
        FileType::Fifo | FileType::Socket => Kind::Forbidden(refusal::fifo),
        FileType::CharacterDevice | FileType::BlockDevice => Kind::Forbidden(refusal::device),
        // no type at all: made on a system without modes
        FileType::Unknown if mode & TYPE_BITS == 0 => Kind::File { size: member.size() },
        FileType::Unknown => Kind::Forbidden(refusal::unknown_kind),
    };
    receiver.take(&Entry { name: &name, kind, mode }, Body::Stream(member))
}

fn into_io(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(cause) => cause,
        other => io::Error::new(io::ErrorKind::InvalidData, other.to_string()),
    }
}
