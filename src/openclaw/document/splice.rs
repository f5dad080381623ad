//! Replacing spans of a text, and proving that nothing else moved.

use super::token::{Span, is_space};

/// One span and what stands there afterwards.
#[derive(Clone)]
pub(super) struct Splice {
    pub(super) span: Span,
    pub(super) with: String,
    /// The value or member that the edit is about, which may vanish with its comments.
    subject: bool,
}

impl Splice {
    /// New text between two bytes.
    pub(super) fn insertion(at: usize, with: impl Into<String>) -> Self {
        Self { span: Span::new(at, at), with: with.into(), subject: false }
    }

    /// White space and commas around the subject go.
    pub(super) fn closing_up(start: usize, end: usize) -> Self {
        Self { span: Span::new(start, end), with: String::new(), subject: false }
    }

    /// The subject itself goes or is replaced.
    pub(super) fn subject(span: Span, with: impl Into<String>) -> Self {
        Self { span, with: with.into(), subject: true }
    }

    /// Whether only the subject, white space or commas vanish: never a comment beside it.
    fn is_valid(&self, text: &str) -> bool {
        let gone = self.span.of(text);
        self.subject || gone.chars().all(|c| c == ',' || is_space(c))
    }
}

/// The text with all splices made, which are in order and do not overlap; `None` if they do, or if
/// one takes what it may not.
pub(super) fn apply(text: &str, splices: &[Splice]) -> Option<String> {
    let mut result = String::with_capacity(text.len());
    let mut copied = 0;
    for splice in splices {
        let valid = splice.span.start >= copied && splice.is_valid(text);
        result.push_str(text.get(copied..splice.span.start).filter(|_| valid)?);
        result.push_str(&splice.with);
        copied = splice.span.end;
    }
    result.push_str(&text[copied..]);
    Some(result)
}

/// Whether `new` has exactly the bytes of `old` outside the splices. Walks from the end, so that
/// it is no repetition of [`apply`].
pub(super) fn is_same_outside(old: &str, new: &str, splices: &[Splice]) -> bool {
    let (mut old, mut new) = (old.as_bytes(), new.as_bytes());
    for splice in splices.iter().rev() {
        let kept = &old[splice.span.end..];
        let Some(rest) = new.strip_suffix(kept) else { return false };
        let Some(rest) = rest.strip_suffix(splice.with.as_bytes()) else { return false };
        (old, new) = (&old[..splice.span.start], rest);
    }
    old == new
}

#[cfg(test)]
mod tests {
    use super::{Span, Splice, apply, is_same_outside};

    #[test]
    fn a_comment_beside_the_subject_may_not_vanish() {
        let text = "{a: 1 /* c */, b: 2}";
        assert!(apply(text, &[Splice::closing_up(5, 14)]).is_none());
        assert!(apply(text, &[Splice::subject(Span::new(1, 14), "")]).is_some());
    }

    #[test]
    fn a_moved_byte_is_seen() {
        let splices = [Splice::insertion(1, "x"), Splice::insertion(2, "y")];
        let new = apply("abc", &splices).unwrap();
        assert_eq!(new, "axbyc");
        assert!(is_same_outside("abc", &new, &splices));
        assert!(!is_same_outside("abc", "axByc", &splices));
        assert!(!is_same_outside("abc", "axbyC", &splices));
    }
}
