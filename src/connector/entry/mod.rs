//! One entry of a payload as it stands in an archive or a directory, before it is believed.

mod links;
mod name;
pub(super) mod refusal;
mod validator;

use std::io::Read;

use crate::language::Problem;
pub(super) use links::refuse_escapes;
pub(super) use name::{clean, shown, text};
pub use validator::Limits;
pub(super) use validator::Validator;

/// What an entry claims to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind<'a> {
    /// A regular file of so many bytes.
    File { size: u64 },
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink { target: &'a [u8] },
    /// Anything that no payload may bring, with the reason.
    Forbidden(fn() -> Problem),
}

/// An entry as the payload has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    /// Its path, any bytes.
    pub(super) name: &'a [u8],
    /// What it claims to be.
    pub(super) kind: Kind<'a>,
    /// Its permission bits; the type bits are not looked at.
    pub(super) mode: u32,
}

impl Entry<'_> {
    /// Whether anybody may execute it.
    pub(super) fn executable(&self) -> bool {
        self.mode & 0o111 != 0
    }
}

/// Somebody who is handed the entries of a payload one after the other.
pub(super) trait Receiver {
    /// Takes one entry; `body` yields a file's content, and nothing for other kinds.
    fn take(&mut self, entry: &Entry<'_>, body: &mut dyn Read) -> Result<(), Problem>;
}
