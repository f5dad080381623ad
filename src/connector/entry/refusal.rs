//! Why an entry of a payload is refused, said in the reader's language.

use std::path::PathBuf;

use crate::language::Explain;
use crate::say;

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Its name starts at the root of the file system.
    AbsolutePath,
    /// Its name climbs with `..`.
    ParentPath,
    /// Its name is no UTF-8.
    NotUtf8,
    /// Its name holds a NUL, a newline or another control character.
    ControlCharacter,
    /// Its name is longer or deeper than a file system can hold.
    NameTooLong,
    /// The same name came before.
    Duplicate,
    /// Another name differs from it only by case.
    CaseCollision {
        /// The name that came before.
        other: String,
    },
    /// Its name leads through a symbolic link of the same payload.
    ThroughSymlink {
        /// The link.
        link: String,
    },
    /// Its name leads through something that is no directory.
    ThroughFile {
        /// What is there instead.
        file: String,
    },
    /// A symbolic link that leads out of the tree.
    SymlinkEscapes {
        /// Where it leads.
        target: String,
    },
    /// A symbolic link that leads to itself.
    SymlinkLoop {
        /// Where it leads.
        target: String,
    },
    /// A hard link: `OpenClaw` rejects plugins that have some.
    HardLink,
    /// A block or character device.
    Device,
    /// A FIFO or socket.
    Fifo,
    /// A sparse file.
    Sparse,
    /// It is encrypted.
    Encrypted,
    /// A kind of entry that no connector has.
    UnknownKind,
    /// It would run with the rights of its owner or group.
    SetId,
    /// It is larger than one file may be.
    FileTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// With it, the payload becomes larger than it may be.
    PayloadTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// With it, the payload has more entries than it may have.
    TooManyEntries {
        /// The limit.
        limit: usize,
    },
}

/// One entry of a payload, refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The archive or directory, absolute.
    pub payload: PathBuf,
    /// The entry's name as the payload has it; bytes that cannot be shown are escaped.
    pub entry: String,
    /// What is wrong with it.
    pub fault: Fault,
}

impl Explain for Refusal {
    fn problem(&self) -> crate::language::Problem {
        crate::language::Problem::new(self.code(), self.message(), self.hint())
    }

    fn code(&self) -> &'static str {
        match self.fault {
            Fault::AbsolutePath => "payload.absolute-path",
            Fault::ParentPath => "payload.parent-path",
            Fault::NotUtf8 => "payload.not-utf8",
            Fault::ControlCharacter => "payload.control-character",
            Fault::NameTooLong => "payload.name-too-long",
            Fault::Duplicate => "payload.duplicate",
            Fault::CaseCollision { .. } => "payload.case-collision",
            Fault::ThroughSymlink { .. } => "payload.through-symlink",
            Fault::ThroughFile { .. } => "payload.through-file",
            Fault::SymlinkEscapes { .. } => "payload.symlink-escapes",
            Fault::SymlinkLoop { .. } => "payload.symlink-loop",
            Fault::HardLink => "payload.hard-link",
            Fault::Device => "payload.device",
            Fault::Fifo => "payload.fifo",
            Fault::Sparse => "payload.sparse",
            Fault::Encrypted => "payload.encrypted",
            Fault::UnknownKind => "payload.unknown-kind",
            Fault::SetId => "payload.set-id",
            Fault::FileTooLarge { .. } => "payload.file-too-large",
            Fault::PayloadTooLarge { .. } => "payload.too-large",
            Fault::TooManyEntries { .. } => "payload.too-many-entries",
        }
    }

    fn message(&self) -> String {
        let (payload, entry) = (self.payload.display(), &self.entry);
        let why = self.why();
        say!("{payload}: the entry “{entry}” is refused: {why}", payload, entry, why)
    }

    fn hint(&self) -> String {
        match self.fault {
            Fault::FileTooLarge { .. }
            | Fault::PayloadTooLarge { .. }
            | Fault::TooManyEntries { .. } => say!(
                "No connector is that large. Get the payload again from its publisher; nothing was written."
            ),
            Fault::Encrypted => {
                say!("Unpack it yourself and install the directory; nothing was written.")
            }
            _ => say!(
                "Do not trust this payload. Get it again from its publisher; nothing was written."
            ),
        }
    }
}

impl Refusal {
    fn why(&self) -> String {
        match &self.fault {
            Fault::AbsolutePath
            | Fault::ParentPath
            | Fault::NotUtf8
            | Fault::ControlCharacter
            | Fault::NameTooLong => self.why_name(),
            Fault::Duplicate
            | Fault::CaseCollision { .. }
            | Fault::ThroughSymlink { .. }
            | Fault::ThroughFile { .. } => self.why_place(),
            Fault::SymlinkEscapes { target } => {
                say!("it is a symbolic link to {target}, out of the connector's tree", target)
            }
            Fault::SymlinkLoop { target } => {
                say!("it is a symbolic link to {target}: a symlink loop", target)
            }
            Fault::FileTooLarge { limit } => {
                say!("it is larger than {limit} bytes, the limit for one file", limit)
            }
            Fault::PayloadTooLarge { limit } => {
                say!("with it the payload unpacks to more than {limit} bytes", limit)
            }
            Fault::TooManyEntries { limit } => {
                say!("it comes after {limit} entries, the limit", limit)
            }
            _ => self.why_kind(),
        }
    }

    fn why_name(&self) -> String {
        match self.fault {
            Fault::AbsolutePath => say!("its path is absolute"),
            Fault::ParentPath => say!("its path climbs with “..”"),
            Fault::NotUtf8 => say!("its name is not UTF-8"),
            Fault::ControlCharacter => say!("its name holds a control character (NUL, newline …)"),
            _ => say!("its path is too long or too deep"),
        }
    }

    fn why_place(&self) -> String {
        match &self.fault {
            Fault::CaseCollision { other } => {
                say!("its name differs only by case from “{other}”", other)
            }
            Fault::ThroughSymlink { link } => {
                say!("it would be written through the symbolic link “{link}”", link)
            }
            Fault::ThroughFile { file } => say!("“{file}” in its path is not a directory", file),
            _ => say!("the same name came before"),
        }
    }

    fn why_kind(&self) -> String {
        match self.fault {
            Fault::HardLink => say!("it is a hard link, which OpenClaw rejects"),
            Fault::Device => say!("it is a device"),
            Fault::Fifo => say!("it is a FIFO or a socket"),
            Fault::Sparse => say!("it is a sparse file"),
            Fault::Encrypted => say!("it is encrypted"),
            Fault::SetId => say!("it has the setuid or setgid bit"),
            _ => say!("it is neither file, directory nor symbolic link"),
        }
    }
}
