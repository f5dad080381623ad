//! One run at a time: a lock on a file, held by the kernel for as long as the process lives.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::libc::O_NONBLOCK;

use super::{Action, FileError, foreign};

/// The lock, held until it is dropped or the process ends in whatever way.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// A child that is just being started still holds a copy of the descriptor, and with it the lock:
/// given back, it is free at once.
impl Drop for Lock {
    fn drop(&mut self) {
        // closing gives it back, too, only later
        let _ = self.file.unlock();
    }
}

/// What came of trying to lock.
#[derive(Debug)]
pub enum Attempt {
    /// It is ours.
    Taken(Lock),
    /// Another process holds it; the text is what it wrote about itself (pid and command).
    HeldBy(String),
}

impl Lock {
    /// Tries to take the lock at `path` without waiting; `holder` is shown to others meanwhile.
    pub fn attempt(path: &Path, holder: &str) -> Result<Attempt, FileError> {
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .custom_flags(O_NONBLOCK)
                .open(path)
                .map_err(FileError::at(Action::Lock, path))
                .and_then(|file| foreign::regular(file, path))?;
            match file.try_lock() {
                Ok(()) => {
                    // a run that found nothing to record removes the file it had locked
                    if !is_still_at(&file, path).map_err(FileError::at(Action::Lock, path))? {
                        continue;
                    }
                    // only a message for others: a full disk must not keep us from the lock
                    let _ = write_holder(&mut file, holder);
                    return Ok(Attempt::Taken(Self { file }));
                }
                Err(TryLockError::WouldBlock) => {
                    let holder = foreign::read_open(file, path, foreign::SETTINGS_LIMIT)?;
                    let holder = String::from_utf8_lossy(&holder).trim().to_owned();
                    return Ok(Attempt::HeldBy(holder));
                }
                Err(TryLockError::Error(cause)) => {
                    return Err(FileError::at(Action::Lock, path)(cause));
                }
            }
        }
    }

    /// Whether somebody holds the lock at this moment; a missing file means nobody.
    pub fn is_held(path: &Path) -> Result<bool, FileError> {
        match foreign::open(path) {
            Err(error) if error.is_missing() => Ok(false),
            Err(error) => Err(error),
            // shared, so that two who only look do not see each other
            Ok(file) => match file.try_lock_shared() {
                // and not only when it is closed: a child may hold a copy of it
                Ok(()) => file.unlock().map(|()| false).map_err(FileError::at(Action::Lock, path)),
                Err(TryLockError::WouldBlock) => Ok(true),
                Err(TryLockError::Error(cause)) => Err(FileError::at(Action::Lock, path)(cause)),
            },
        }
    }
}

fn is_still_at(file: &File, path: &Path) -> std::io::Result<bool> {
    let identity = |attributes: std::fs::Metadata| (attributes.dev(), attributes.ino());
    match path.symlink_metadata() {
        Ok(there) => Ok(identity(there) == identity(file.metadata()?)),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(cause),
    }
}

fn write_holder(file: &mut File, holder: &str) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{holder}")
}

#[cfg(test)]
mod tests {
    use super::{Attempt, Lock};
    use crate::language::Explain;

    #[test]
    fn what_is_no_regular_file_is_refused_at_once_and_an_endless_holder_too() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for error in [Lock::is_held(&path).map(drop), Lock::attempt(&path, "pid 1").map(drop)] {
            assert!(error.unwrap_err().message().contains("named pipe"));
        }
        std::fs::remove_file(&path).unwrap();
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(1 << 40).unwrap();
        file.lock().unwrap();
        assert!(Lock::is_held(&path).unwrap());
        assert!(Lock::attempt(&path, "pid 1").unwrap_err().message().contains("larger"));
    }

    #[test]
    fn the_second_is_told_who_holds_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        assert!(!Lock::is_held(&path).unwrap());
        let Attempt::Taken(first) = Lock::attempt(&path, "pid 1, install").unwrap() else {
            panic!("a free lock was not taken");
        };
        assert!(Lock::is_held(&path).unwrap());
        match Lock::attempt(&path, "pid 2").unwrap() {
            Attempt::HeldBy(holder) => assert_eq!(holder, "pid 1, install"),
            Attempt::Taken(_) => panic!("two holders"),
        }
        drop(first);
        assert!(matches!(Lock::attempt(&path, "pid 2").unwrap(), Attempt::Taken(_)));
    }
}
