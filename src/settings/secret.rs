//! A text that is never shown.

use std::fmt;
use std::io::Read;
use std::path::Path;

use crate::fs::{Action, FileError};
use crate::redaction;

/// A secret. Neither `Debug` nor anything else prints it; who needs it says so with
/// [`Secret::reveal`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text, which is shown nowhere from now on.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        redaction::learn(&text);
        Self(text)
    }

    /// A new one: 256 bits of the kernel's randomness, in hex.
    pub fn fresh() -> Result<Self, FileError> {
        let source = Path::new("/dev/urandom");
        let mut bytes = [0_u8; 32];
        std::fs::File::open(source)
            .and_then(|mut file| file.read_exact(&mut bytes))
            .map_err(FileError::at(Action::Read, source))?;
        Ok(Self::new(base16ct::lower::encode_string(&bytes)))
    }

    /// The text itself, for the one place that must write or send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(redaction::MASK)
    }
}
