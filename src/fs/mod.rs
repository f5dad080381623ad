//! The only place that changes files: directory descriptors, stage, exchange, sync, lock.

pub mod beneath;
pub mod directory;
pub mod error;
pub mod exchange;
pub mod foreign;
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

/// A call that changes files. The program does just that.
#[cfg(not(test))]
macro_rules! change {
    ($call:expr) => {
        $call
    };
}

/// A call that changes files, unless this thread's [`Fate`] has it otherwise.
#[cfg(test)]
macro_rules! change {
    ($call:expr) => {
        $crate::fs::strike().and_then(|()| $call)
    };
}

pub(crate) use change;
#[cfg(test)]
pub(crate) use tests::{Fate, Killed, await_fate, strike};

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::path::PathBuf;

    use rustix::io::Errno;

    use super::{exists, is_absent};
    use crate::interrupt::Interrupt;

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

    /// What happens at a call.
    #[derive(Debug, Clone)]
    pub(crate) enum Fate {
        /// Nothing: the calls are counted.
        Nothing,
        /// The program dies. Whatever its destructors still try is refused.
        Death,
        /// The call fails, once or from then on.
        Fails(Errno, bool),
        /// A stranger writes the file, whole, and so many calls later the program dies.
        Stranger(PathBuf, &'static str, usize),
        /// The operator's signal comes, once or at each call from then on.
        Signal(Interrupt, bool),
    }

    /// What a thread that died is unwound with.
    #[derive(Debug)]
    pub(crate) struct Killed;

    thread_local! {
        static AWAITED: RefCell<(Fate, usize, usize)> = const { RefCell::new((Fate::Nothing, 0, 0)) };
    }

    /// From now on `fate` waits at call `number` (from 0) of this thread. Returns how many calls
    /// there were since the last time.
    pub(crate) fn await_fate(fate: Fate, number: usize) -> usize {
        AWAITED.replace((fate, number, 0)).2
    }

    /// One more call.
    pub(crate) fn strike<E: From<Errno>>() -> Result<(), E> {
        let (fate, place, late) = AWAITED.with_borrow_mut(|(fate, number, count)| {
            *count += 1;
            (fate.clone(), (*count - 1).cmp(number), (*count - 1).saturating_sub(*number))
        });
        match fate {
            _ if place.is_lt() => Ok(()),
            Fate::Stranger(path, text, _) if place.is_eq() => {
                let written = path.with_extension("stranger");
                std::fs::write(&written, text).unwrap();
                std::fs::rename(written, path).unwrap();
                Ok(())
            }
            Fate::Stranger(_, _, later) if late == later => {
                std::panic::resume_unwind(Box::new(Killed))
            }
            Fate::Stranger(_, _, later) if late > later => Err(Errno::IO.into()),
            Fate::Death if place.is_eq() => std::panic::resume_unwind(Box::new(Killed)),
            Fate::Death => Err(Errno::IO.into()),
            Fate::Fails(error, for_ever) if for_ever || place.is_eq() => Err(error.into()),
            Fate::Signal(interrupt, for_ever) if for_ever || place.is_eq() => {
                interrupt.raise();
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
