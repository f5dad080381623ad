//! One entry of a payload as it stands in an archive or a directory, before it is believed.

mod gate;
mod links;
mod name;
mod refusal;

pub use gate::Limits;
pub(super) use gate::{Admitted, AdmittedKind, Gate};
pub(super) use links::refuse_escapes;
pub(super) use name::{clean, shown};
pub use refusal::{Fault, Refusal};

/// What an entry claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A regular file of so many bytes.
    File { size: u64 },
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink { target: &'a [u8] },
    /// Anything that is always refused, with the reason.
    Forbidden(ForbiddenKind),
}

/// Kinds that no payload may bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ForbiddenKind {
    HardLink,
    Device,
    Fifo,
    Sparse,
    Encrypted,
    Unknown,
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
