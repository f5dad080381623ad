//! Tar archives as a stream of entries.
//!
//! The members are read raw and their extension headers by ourselves, because the crate would
//! hold a long name of any size in memory and accept two different sizes for one member.

use std::cell::Cell;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

use tar::EntryType;

use crate::connector::entry::{Body, Entry, Kind, Receiver, refusal};
use crate::connector::error;
use crate::connector::reading::{Watch, read_within};
use crate::language::Problem;

/// What may follow the end marker: zeros up to a large record size of tar(1).
const PADDING_LIMIT: u64 = 1024 * 1024;

/// Hands every member of the archive to `receiver`.
pub(super) fn read(
    // one program for every compression
    stream: &mut dyn Read,
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

fn deliver(
    member: &mut tar::Entry<'_, EndAware<'_>>,
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
    receiver.take(&Entry { name: &name, kind, mode }, Body::Stream(member))
}

/// Reads what follows the end marker. It also makes a decompressor check its own checksum.
fn expect_padding(stream: &mut dyn Read) -> io::Result<()> {
    match read_within(stream, PADDING_LIMIT)? {
        Some(padding) if padding.iter().all(|byte| *byte == 0) => Ok(()),
        _ => Err(damaged("something follows its end")),
    }
}

fn damaged(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// Remembers whether the stream has ever come to its end.
struct EndAware<'a> {
    stream: &'a mut dyn Read,
    exhausted: Rc<Cell<bool>>,
}

impl Read for EndAware<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            self.exhausted.set(true);
        }
        Ok(read)
    }
}

/// Longer than any name or record that a connector needs; they are held in memory.
const RECORD_LIMIT: u64 = 1024 * 1024;

/// Statements about the next member.
#[derive(Debug, Default)]
struct Extensions {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) sparse: bool,
    pub(super) any: bool,
}

impl Extensions {
    /// A GNU long name (`L`) or link target (`K`), or a pax extended header (`x`).
    pub(super) fn take(&mut self, kind: EntryType, body: &mut dyn Read) -> io::Result<()> {
        let record = read_within(body, RECORD_LIMIT)?.ok_or_else(malformed)?;
        self.any = true;
        match kind {
            EntryType::GNULongName => self.path = Some(without_final_nul(record)),
            EntryType::GNULongLink => self.link = Some(without_final_nul(record)),
            _ => self.take_pax(&record)?,
        }
        Ok(())
    }

    /// Records of the form `LENGTH KEY=VALUE\n`. They are split by their length and not at
    /// newlines, which a value may hold.
    fn take_pax(&mut self, mut rest: &[u8]) -> io::Result<()> {
        while !rest.is_empty() {
            let (key, value, after) = split_record(rest).ok_or_else(malformed)?;
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => self.size = Some(number(value).ok_or_else(malformed)?),
                _ if key.starts_with(b"GNU.sparse.") => self.sparse = true,
                _ => {}
            }
            rest = after;
        }
        Ok(())
    }
}

fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(number(&bytes[..space])?).ok()?;
    let (record, after) = bytes.split_at_checked(length)?;
    let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some((&record[..equals], &record[equals + 1..], after))
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn without_final_nul(mut name: Vec<u8>) -> Vec<u8> {
    if name.last() == Some(&0) {
        name.pop();
    }
    name
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "malformed extension header")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pax_records_are_split_by_their_length() {
        let mut said = Extensions::default();
        let records = b"12 path=a\nb\n12 size=123\n22 GNU.sparse.major=1\n";
        said.take_pax(records).unwrap();
        assert_eq!(said.path.as_deref(), Some(b"a\nb".as_slice()));
        assert_eq!((said.size, said.sparse), (Some(123), true));
    }

    #[test]
    fn malformed_records_are_errors() {
        for records in ["x", "99 path=a\n", "9 path=a\nrest", "3 \n", "0 a=b\n", "11 size=abc\n"] {
            let outcome = Extensions::default().take_pax(records.as_bytes());
            assert!(outcome.is_err(), "{records}");
        }
    }
}
