//! Tar archives as a stream of entries.
//!
//! The members are read raw and their extension headers by ourselves, because the crate would
//! hold a long name of any size in memory and accept two different sizes for one member.

use std::cell::Cell;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

use tar::EntryType;

use super::tar_extensions::Extensions;
use crate::connector::entry::{Entry, Kind, Receiver, refusal};
use crate::connector::error;
use crate::connector::reading::{Watch, read_within};
use crate::language::Problem;

/// What may follow the end marker: zeros up to a large record size of tar(1).
const PADDING_LIMIT: u64 = 1024 * 1024;

/// Hands every member of the archive to `receiver`.
pub(super) fn read(
    stream: impl Read,
    path: &Path,
    receiver: &mut dyn Receiver,
    watch: Watch<'_>,
) -> Result<(), Problem> {
    let exhausted = Rc::new(Cell::new(false));
    // the crate calls a header that is cut off damaged
    let broken = |cause: io::Error| {
        if exhausted.get() { error::truncated(path) } else { error::broken_archive(path, &cause) }
    };
    let mut archive = tar::Archive::new(EndAware { stream, exhausted: Rc::clone(&exhausted) });
    let mut ahead = Extensions::default();
    for member in archive.entries().map_err(broken)?.raw(true) {
        watch.ask()?;
        let mut member = member.map_err(broken)?;
        match member.header().entry_type() {
            kind @ (EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader) => {
                ahead.take(kind, &mut member).map_err(broken)?;
            }
            // git-archive(1) writes one with the commit's id
            EntryType::XGlobalHeader => {}
            _ => deliver(&mut member, &std::mem::take(&mut ahead), path, receiver)?,
        }
    }
    // the crate takes a bare end of input for the end of the archive
    if exhausted.get() {
        return Err(error::truncated(path));
    }
    if ahead.any {
        return Err(broken(damaged("an extension header without a member")));
    }
    expect_padding(archive.into_inner().stream).map_err(broken)
}

fn deliver<R: Read>(
    member: &mut tar::Entry<'_, R>,
    extensions: &Extensions,
    path: &Path,
    receiver: &mut dyn Receiver,
) -> Result<(), Problem> {
    let broken = |cause: io::Error| error::broken_archive(path, &cause);
    let size = member.header().entry_size().map_err(broken)?;
    if extensions.size.is_some_and(|told| told != size) {
        return Err(broken(damaged("a member with two different sizes")));
    }
    let name = extensions.path.clone().unwrap_or_else(|| member.path_bytes().into_owned());
    let target = extensions
        .link
        .clone()
        .or_else(|| member.link_name_bytes().map(std::borrow::Cow::into_owned))
        .unwrap_or_default();
    let kind = match member.header().entry_type() {
        _ if extensions.sparse => Kind::Forbidden(refusal::sparse),
        // before POSIX, a directory was a file whose name ends with a slash
        EntryType::Regular if name.ends_with(b"/") && size == 0 => Kind::Directory,
        EntryType::Regular | EntryType::Continuous => Kind::File { size },
        EntryType::Directory => Kind::Directory,
        EntryType::Symlink => Kind::Symlink { target: &target },
        EntryType::Link => Kind::Forbidden(refusal::hard_link),
        EntryType::Char | EntryType::Block => Kind::Forbidden(refusal::device),
        EntryType::Fifo => Kind::Forbidden(refusal::fifo),
        EntryType::GNUSparse => Kind::Forbidden(refusal::sparse),
        _ => Kind::Forbidden(refusal::unknown_kind),
    };
    let mode = member.header().mode().map_err(broken)?;
    receiver.take(&Entry { name: &name, kind, mode }, member)
}

/// Reads what follows the end marker. It also makes a decompressor check its own checksum.
fn expect_padding(mut stream: impl Read) -> io::Result<()> {
    match read_within(&mut stream, PADDING_LIMIT)? {
        Some(padding) if padding.iter().all(|byte| *byte == 0) => Ok(()),
        _ => Err(damaged("something follows its end")),
    }
}

fn damaged(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// Remembers whether the stream has ever come to its end.
struct EndAware<R> {
    stream: R,
    exhausted: Rc<Cell<bool>>,
}

impl<R: Read> Read for EndAware<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            self.exhausted.set(true);
        }
        Ok(read)
    }
}
