//! What a tar archive says about its next member in advance: GNU long names and pax records.

use std::io::{self, Read};

use tar::EntryType;

use crate::connector::reading::read_within;

/// Longer than any name or record that a connector needs; they are held in memory.
const RECORD_LIMIT: u64 = 1024 * 1024;

/// Statements about the next member.
#[derive(Debug, Default)]
pub(super) struct Extensions {
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
