//! OpenClaw's own lock on its config: a file beside it, from about 2026.5.12 on.
//!
//! Form and rules as OpenClaw 2026.9.6 has them (`CONFIG_MUTATION_LOCK_OPTIONS`): the file is
//! created exclusively, holds `{pid, createdAt, starttime}`, and is stale after 30 seconds.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::fs::{Action, FileError};
use crate::timeout::Deadline;

const STALE: Duration = Duration::from_secs(30);
/// Longer than a crashed holder's lock lives.
pub const TIMEOUT: Duration = Duration::from_secs(40);
const PAUSE: Duration = Duration::from_millis(50);

/// The lock, held until it is dropped.
#[derive(Debug)]
pub struct ConfigLock {
    path: PathBuf,
}

impl ConfigLock {
    /// Takes the lock where there is one to take: older versions of OpenClaw have none.
    pub fn take_if_any(path: Option<&Path>, timeout: Duration) -> Result<Option<Self>, FileError> {
        path.map(|path| Self::take(path, Deadline::after(timeout))).transpose()
    }

    /// Takes the lock file `path`, waiting while somebody else holds it; a stale one is taken over,
    /// as OpenClaw does.
    pub fn take(path: &Path, deadline: Deadline) -> Result<Self, FileError> {
        loop {
            match create(path) {
                Ok(()) => return Ok(Self { path: path.to_owned() }),
                Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {
                    if is_stale(path) {
                        remove(path)?;
                    } else if deadline.has_passed() {
                        return Err(FileError::at(Action::Lock, path)(cause));
                    } else {
                        std::thread::sleep(PAUSE);
                    }
                }
                Err(cause) => return Err(FileError::at(Action::Lock, path)(cause)),
            }
        }
    }

    /// Removes a lock whose holder is dead: a run of ours that was killed leaves it behind.
    pub fn remove_dead(path: &Path) -> Result<(), FileError> {
        if is_dead(path) { remove(path) } else { Ok(()) }
    }
}

impl Drop for ConfigLock {
    fn drop(&mut self) {
        // one that stays is stale in half a minute
        let _ = std::fs::remove_file(&self.path);
    }
}

fn create(path: &Path) -> std::io::Result<()> {
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let created = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    let holder = serde_json::json!({
        "pid": std::process::id(),
        "createdAt": created,
        "starttime": start_time(std::process::id()),
    });
    // one that a full disk leaves empty would keep OpenClaw waiting
    // at once: who is killed meanwhile leaves it whole, or empty
    file.write_all(holder.to_string().as_bytes()).inspect_err(|_| drop(std::fs::remove_file(path)))
}

/// Clock ticks since boot at which a process started: field 22 of `/proc/PID/stat`.
fn start_time(pid: u32) -> Option<u64> {
    let stat = PathBuf::from(format!("/proc/{pid}/stat"));
    let stat = String::from_utf8(crate::fs::foreign::glance(&stat)?).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(19)?.parse().ok()
}

/// Whether the process that took the lock is gone; of one that is still empty after a moment, too.
fn is_dead(path: &Path) -> bool {
    let read = || crate::fs::foreign::glance(path);
    let Some(mut text) = read() else { return false };
    if text.is_empty() {
        std::thread::sleep(PAUSE);
        text = read().unwrap_or_default();
    }
    let Ok(holder) = serde_json::from_slice::<serde_json::Value>(&text) else {
        return text.is_empty();
    };
    let pid = holder["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
    let started = pid.and_then(start_time);
    pid.is_some() && (started.is_none() || started != holder["starttime"].as_u64())
}

fn is_stale(path: &Path) -> bool {
    let age = |written: SystemTime| SystemTime::now().duration_since(written).unwrap_or_default();
    path.metadata().and_then(|attributes| attributes.modified()).is_ok_and(|time| age(time) > STALE)
}

fn remove(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(FileError::at(Action::Lock, path)(cause))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::ConfigLock;
    use crate::timeout::Deadline;
    use std::time::{Duration, SystemTime};

    #[test]
    fn is_exclusive_and_goes_away_and_a_stale_one_is_taken_over() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("openclaw.json.lock");
        let soon = || Deadline::after(Duration::ZERO);
        let lock = ConfigLock::take(&path, soon()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let holder: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(holder["pid"], std::process::id());
        assert!(holder["starttime"].as_u64().unwrap() > 0);
        assert!(ConfigLock::take(&path, soon()).is_err());
        drop(lock);
        assert!(!path.exists());
        // of a process that is gone, and of one that has its number now
        let pid = std::process::id();
        for dead in [
            String::new(),
            format!(r#"{{"pid":{pid},"starttime":1}}"#),
            r#"{"pid":4194305}"#.to_owned(),
        ] {
            std::fs::write(&path, dead).unwrap();
            ConfigLock::remove_dead(&path).unwrap();
            assert!(!path.exists());
        }
        let lives = ConfigLock::take(&path, soon()).unwrap();
        ConfigLock::remove_dead(&path).unwrap();
        assert!(path.exists());
        drop(lives);
        std::fs::write(&path, "{}").unwrap();
        let old = SystemTime::now() - Duration::from_secs(31);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        ConfigLock::take(&path, soon()).unwrap();
    }
}
