//! Whole lines out of a stream that comes in pieces.

/// Of a line that does not end, no more is held.
const LONGEST: usize = 8 * 1024 * 1024;

/// What of the last piece was no whole line yet.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    rest: Vec<u8>,
}

impl Pieces {
    /// The lines, without their line breaks, that end in this piece.
    pub(super) fn whole_lines(&mut self, piece: &[u8]) -> Vec<Vec<u8>> {
        let Some(end) = piece.iter().rposition(|byte| *byte == b'\n') else {
            let room = LONGEST.saturating_sub(self.rest.len());
            self.rest.extend(&piece[..piece.len().min(room)]);
            return Vec::new();
        };
        let mut whole = std::mem::replace(&mut self.rest, piece[end + 1..].to_vec());
        whole.extend(&piece[..end]);
        whole.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Pieces;

    #[test]
    fn a_line_that_does_not_end_is_not_held_for_ever() {
        let mut pieces = Pieces::default();
        for _ in 0..20 {
            assert!(pieces.whole_lines(&vec![b'x'; 1024 * 1024]).is_empty());
        }
        assert_eq!(pieces.whole_lines(b"\nnext\n")[0].len(), super::LONGEST);
    }

    #[test]
    fn lines_are_whole_however_they_come() {
        let text = b"one\ntwo\n\nthree\nrest";
        for size in 1..=text.len() {
            let mut pieces = Pieces::default();
            let lines: Vec<_> =
                text.chunks(size).flat_map(|piece| pieces.whole_lines(piece)).collect();
            let lines: Vec<_> =
                lines.iter().map(|line| std::str::from_utf8(line).unwrap()).collect();
            assert_eq!(lines, ["one", "two", "", "three"], "{size}");
        }
    }
}
