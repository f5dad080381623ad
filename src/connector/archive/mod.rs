//! Archives: every format yields the same stream of entries, from a private copy: what was verified is
//! what is unpacked.

mod tar;
mod zip;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::checksums::Sha256;
use super::entry::{Receiver, refusal};
use super::error;
use super::reading::{Container, HashingReader, Watch};
use crate::fs::foreign;
use crate::language::Problem;

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
        Format::Tar => tar::read(&mut copy.reader(), path, receiver, watch),
        Format::TarGzip => tar::read(&mut Gzip::new(copy.reader()), path, receiver, watch),
        Format::TarZstd => tar::read(&mut Zstd::new(copy.reader()), path, receiver, watch),
        Format::Zip => zip::read(copy, path, receiver, watch),
    }
}

/// `zstd -19` uses 8 MiB; more is what `--long` and `--ultra` ask of the reader's memory.
const ZSTD_WINDOW_LIMIT: u64 = 8 * 1024 * 1024;

/// The gzip decoder.
type Gzip<R> = MultiGzDecoder<R>;

/// A zstd decoder that goes on after a frame's end, and steps over skippable frames.
struct Zstd<R> {
    source: R,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: BufRead> Zstd<R> {
    fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(ZSTD_WINDOW_LIMIT);
        Self { source, decoder, in_frame: false }
    }

    /// Begins the next frame; false at the end of input.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => self.skip(u64::from(length))?,
                Err(other) => return Err(io::Error::other(other)),
            }
        }
        Ok(false)
    }

    /// The frame's content is what was packed, if the frame tells its checksum.
    fn expect_checksum(&self) -> io::Result<()> {
        let told = self.decoder.get_checksum_from_data();
        if told.is_some() && told != self.decoder.get_calculated_checksum() {
            let reason = "the content has another checksum than its zstd frame tells";
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        Ok(())
    }

    fn skip(&mut self, length: u64) -> io::Result<()> {
        let skipped = io::copy(&mut (&mut self.source).take(length), &mut io::sink())?;
        if skipped < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.in_frame {
                self.in_frame = self.next_frame()?;
                if !self.in_frame {
                    return Ok(0);
                }
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)?;
            }
            let read = self.decoder.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.expect_checksum()?;
            self.in_frame = false;
        }
    }
}

/// An unnamed temporary file that holds an archive's bytes. Nobody else can open or change it, so
/// its digest stays true however often it is read, and a crash leaves nothing behind.
#[derive(Debug)]
pub(super) struct PrivateCopy {
    file: File,
    size: u64,
    sha256: Sha256,
}

impl PrivateCopy {
    /// Copies the archive at `path`, which must be a regular file of at most `limit` bytes.
    pub(in crate::connector) fn of(
        path: &Path,
        limit: u64,
        watch: Watch<'_>,
    ) -> Result<Self, Problem> {
        let mut body = foreign::open(path).map_err(error::looking)?;
        let size = body.metadata().map_err(error::reading(path))?.len();
        if size > limit {
            return Err(refusal::of(path, b".", refusal::payload_too_large(limit)));
        }
        let mut copy = tempfile::tempfile().map_err(error::temporary)?;
        let container = Container::Directory(path.parent().unwrap_or(path));
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let sha256 = HashingReader::new(container, watch)
            .read(name, size, &mut body, |piece| copy.write_all(piece).map_err(error::temporary))?;
        Ok(Self { file: copy, size, sha256 })
    }

    /// The digest of the archive.
    pub(in crate::connector) fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// The archive's bytes from their beginning.
    pub(in crate::connector) fn reader(&self) -> BufReader<At<'_>> {
        BufReader::with_capacity(64 * 1024, self.at())
    }

    /// The archive's bytes at any place.
    pub(in crate::connector) fn at(&self) -> At<'_> {
        At { file: &self.file, size: self.size, position: 0 }
    }
}

/// A reader with a position of its own: several can read one file.
#[derive(Debug, Clone)]
pub(in crate::connector) struct At<'a> {
    file: &'a File,
    size: u64,
    position: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for At<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

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

    #[test]
    fn frames_follow_one_another_and_skippable_ones_are_skipped() {
        let frame = |text: &str| compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let stream = [frame("one "), skippable.to_vec(), frame("two"), frame("")].concat();
        let mut text = String::new();
        Zstd::new(stream.as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "one two");
        for cut in [3, stream.len() - 25, stream.len() - 1] {
            let outcome = Zstd::new(&stream[..cut]).read_to_end(&mut Vec::new());
            assert!(outcome.is_err(), "{cut}");
        }
        let mut other = stream;
        *other.last_mut().unwrap() ^= 1;
        let error = Zstd::new(other.as_slice()).read_to_end(&mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("checksum"), "{error}");
    }
}
