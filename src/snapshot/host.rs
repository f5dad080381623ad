//! The machine around the gateway: lingering, Node.js, ffprobe, space, time.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::program::names_node;
use crate::child::Helper;
use crate::interrupt::Interrupt;
use crate::systemd::logind;
use crate::timeout::Deadline;

/// How long a program may take to tell its version.
const LONGEST: Duration = Duration::from_secs(5);

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Host {
    /// Whether the user's manager runs without a login; `None`: this system has no such folder.
    pub lingers: Option<bool>,
    /// Whether logind lets this process change that; asked only where it could help.
    pub may_linger: bool,
    /// The programs of the unit's `ExecStart=` that are not there.
    pub missing_programs: Vec<PathBuf>,
    /// The version that the unit's Node.js tells of itself.
    pub node: Option<String>,
    /// Where `ffprobe` is on the service's PATH.
    pub ffprobe: Option<PathBuf>,
    /// The PATH of the service, where it is known.
    pub path: Option<String>,
    /// Free bytes for this user on the file system of the state directory.
    pub free: Option<u64>,
    /// The time, in µs since 1970.
    pub now_usec: u64,
}

impl Host {
    /// Looks around. `command` is the unit's; `path` the PATH of its process.
    pub fn look(
        user: &str,
        state_dir: &Path,
        command: &[String],
        path: Option<String>,
        (deadline, interrupt): (Deadline, &Interrupt),
    ) -> Self {
        let node = command.first().map(PathBuf::from).filter(|program| names_node(program));
        let lingers = logind::lingers(user);
        Self {
            may_linger: lingers == Some(false) && logind::may_set_linger(deadline, interrupt),
            lingers,
            missing_programs: missing_programs(command),
            node: node.and_then(|node| version_of(&node, deadline, interrupt)),
            ffprobe: path.as_deref().and_then(|path| on_path(path, "ffprobe")),
            free: free(state_dir),
            now_usec: now_usec(),
            path,
        }
    }
}

fn now_usec() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// The program and the script that it is to run.
fn missing_programs(command: &[String]) -> Vec<PathBuf> {
    let paths = command.iter().take_while(|word| *word != "gateway").map(PathBuf::from);
    paths.filter(|path| path.is_absolute() && !path.exists()).collect()
}

fn version_of(node: &Path, deadline: Deadline, interrupt: &Interrupt) -> Option<String> {
    let deadline = deadline.min(Deadline::after(LONGEST));
    let told = Helper::new(node).arg("--version").run(deadline, interrupt);
    let finished = told.ok()?;
    let version = finished.stdout.trim().trim_start_matches('v').to_owned();
    finished.status.success().then_some(version).filter(|version| !version.is_empty())
}

fn on_path(path: &str, program: &str) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn free(directory: &Path) -> Option<u64> {
    let place = directory.ancestors().find(|above| above.exists())?;
    let found = rustix::fs::statvfs(place).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}
