//! Archives: every format yields the same stream of entries.

mod compression;
mod private_copy;
mod tar;
mod tar_extensions;
mod zip;

use std::path::Path;

use super::entry::Receiver;
use super::reading::Watch;
use crate::language::Problem;
use compression::{Gzip, Zstd};
pub(super) use private_copy::PrivateCopy;

/// An archive format, chosen by the file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.tar`
    Tar,
    /// `.tgz`, `.tar.gz`
    TarGzip,
    /// `.tar.zst`
    TarZstd,
    /// `.zip`
    Zip,
}

impl Format {
    /// The format of a file called so.
    #[must_use]
    pub fn of_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        [
            (".tar", Self::Tar),
            (".tgz", Self::TarGzip),
            (".tar.gz", Self::TarGzip),
            (".tar.zst", Self::TarZstd),
            (".zip", Self::Zip),
        ]
        .into_iter()
        .find_map(|(ending, format)| name.ends_with(ending).then_some(format))
    }
}

/// Hands every entry of the archive to `receiver`. `path` is its absolute path, for messages.
pub(super) fn read(
    copy: &PrivateCopy,
    format: Format,
    path: &Path,
    receiver: &mut dyn Receiver,
    watch: Watch<'_>,
) -> Result<(), Problem> {
    match format {
        Format::Tar => tar::read(copy.reader(), path, receiver, watch),
        Format::TarGzip => tar::read(Gzip::new(copy.reader()), path, receiver, watch),
        Format::TarZstd => tar::read(Zstd::new(copy.reader()), path, receiver, watch),
        Format::Zip => zip::read(copy, path, receiver, watch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_chooses_the_format() {
        for (name, format) in [
            ("/p/c-0.8.3.tgz", Some(Format::TarGzip)),
            ("/p/c.TAR.GZ", Some(Format::TarGzip)),
            ("/p/c.tar.zst", Some(Format::TarZstd)),
            ("/p/c.tar", Some(Format::Tar)),
            ("/p/c.zip", Some(Format::Zip)),
            ("/p/c.tar.xz", None),
            ("/p/c.gz", None),
            ("/p/tgz", None),
        ] {
            assert_eq!(Format::of_name(Path::new(name)), format, "{name}");
        }
    }
}
