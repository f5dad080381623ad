//! Who is handed the entries of a payload: the census, and the copy.

use std::io::Read;

use super::entry::Entry;
use super::error::PayloadError;

/// Somebody who is handed the entries of a payload one after the other.
pub(super) trait Receiver {
    /// Takes one entry; `body` yields a file's content, and nothing for other kinds.
    fn take(&mut self, entry: &Entry<'_>, body: &mut dyn Read) -> Result<(), PayloadError>;
}
