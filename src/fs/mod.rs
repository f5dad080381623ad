//! The only place that changes files: directory descriptors, stage, exchange, sync, lock.

pub mod beneath;
pub mod directory;
pub mod durable;
pub mod error;
pub mod exchange;
pub(crate) mod fault;
pub mod foreign;
pub mod image;
pub mod lock;
pub mod own;
pub mod replace;
pub mod stage;

use std::io::ErrorKind;
use std::path::Path;

pub use error::{Action, FileError};

/// Whether there is anything at the path, links followed. What cannot be looked at is an error, not
/// an absence.
pub fn exists(path: &Path) -> Result<bool, FileError> {
    match path.metadata() {
        Ok(_) => Ok(true),
        Err(cause) if matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(false)
        }
        Err(cause) => Err(FileError::at(Action::Read, path)(cause)),
    }
}

/// Whether there is certainly nothing at the path: where a wrong "nothing" would do harm, and the
/// next to read the path tells why it cannot.
pub fn is_absent(path: &Path) -> bool {
    matches!(exists(path), Ok(false))
}

#[cfg(test)]
mod tests {
    use super::{exists, is_absent};

    #[test]
    fn what_cannot_be_looked_at_is_not_absent() {
        let home = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| home.path().join(name));
        std::fs::write(&file, "").unwrap();
        // a link to itself fails for root, too, whom no mode keeps out
        std::os::unix::fs::symlink(&link, &link).unwrap();
        assert!(exists(&file).unwrap() && !is_absent(&file));
        for nothing in [home.path().join("nothing"), file.join("below")] {
            assert!(!exists(&nothing).unwrap() && is_absent(&nothing));
        }
        assert!(!is_absent(&link));
        assert_eq!(exists(&link).unwrap_err().path, link);
    }
}
