//! One run at a time: a lock on a file, held by the kernel for as long as the process lives.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::{Action, FileError};

/// The lock, held until it is dropped or the process ends in whatever way.
#[derive(Debug)]
pub struct Lock {
    _file: File,
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
                .open(path)
                .map_err(FileError::at(Action::Lock, path))?;
            match file.try_lock() {
                Ok(()) => {
                    // a run that found nothing to record removes the file it had locked
                    if !is_still_at(&file, path).map_err(FileError::at(Action::Lock, path))? {
                        continue;
                    }
                    // only a message for others: a full disk must not keep us from the lock
                    let _ = write_holder(&mut file, holder);
                    return Ok(Attempt::Taken(Self { _file: file }));
                }
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    file.read_to_string(&mut holder).map_err(FileError::at(Action::Read, path))?;
                    return Ok(Attempt::HeldBy(holder.trim().to_owned()));
                }
                Err(TryLockError::Error(cause)) => {
                    return Err(FileError::at(Action::Lock, path)(cause));
                }
            }
        }
    }

    /// Whether somebody holds the lock at this moment; a missing file means nobody.
    pub fn is_held(path: &Path) -> Result<bool, FileError> {
        match File::open(path) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(cause) => Err(FileError::at(Action::Lock, path)(cause)),
            // shared, so that two who only look do not see each other
            Ok(file) => match file.try_lock_shared() {
                Ok(()) => Ok(false),
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
