//! Decompression as a stream: gzip members and zstd frames, however many follow one another.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// `zstd -19` uses 8 MiB; more is what `--long` and `--ultra` ask of the reader's memory.
const ZSTD_WINDOW_LIMIT: u64 = 8 * 1024 * 1024;

/// The gzip decoder.
pub(super) type Gzip<R> = MultiGzDecoder<R>;

/// A zstd decoder that goes on after a frame's end, and steps over skippable frames.
pub(super) struct Zstd<R> {
    source: R,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: BufRead> Zstd<R> {
    pub(super) fn new(source: R) -> Self {
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

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

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
