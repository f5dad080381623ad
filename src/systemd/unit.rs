//! A service unit as the manager sees it: a plain installation, read in one go.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::environment::Environment;

/// Whether systemd could load the unit file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadState {
    /// Loaded.
    Loaded,
    /// There is no such unit file.
    #[default]
    NotFound,
    /// The unit file has a line that makes the whole unit unusable.
    BadSetting,
    /// Reading the unit file failed.
    Error,
    /// The unit is masked.
    Masked,
    /// Another word of systemd's, such as `stub` or `merged`.
    #[serde(untagged)]
    Other(String),
}

/// Whether the unit runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActiveState {
    /// It runs.
    Active,
    /// It runs and re-reads its configuration.
    Reloading,
    /// It is stopped.
    #[default]
    Inactive,
    /// It failed and stays down.
    Failed,
    /// It starts, or waits for its next automatic restart.
    Activating,
    /// It stops.
    Deactivating,
    /// Another word of systemd's.
    #[serde(untagged)]
    Other(String),
}

/// A line `EnvironmentFile=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentFile {
    /// The file, specifiers resolved; may hold wildcards.
    pub path: PathBuf,
    /// Written with `-`: systemd does not mind when it is missing.
    pub optional: bool,
}

/// A command with its arguments; an argument may be a secret, so `Debug` shows the program only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct CommandLine {
    /// `argv`, the program first. Over the `systemctl` fallback an argument with a space comes in
    /// pieces: `systemctl show` prints it without quotes.
    pub arguments: Vec<String>,
}

impl CommandLine {
    /// Its secrets are shown nowhere from now on.
    pub(super) fn of(arguments: Vec<String>) -> Self {
        crate::redaction::learn_arguments(&arguments);
        Self { arguments }
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = self.arguments.first().map_or("", String::as_str);
        write!(formatter, "{program} and {} arguments", self.arguments.len().saturating_sub(1))
    }
}

/// A service unit at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unit {
    /// Its full name, with `.service`.
    pub name: String,
    /// Whether the unit file could be loaded.
    pub load_state: LoadState,
    /// Why not, in systemd's words.
    pub load_error: Option<String>,
    /// Whether it runs.
    pub active_state: ActiveState,
    /// The finer state, such as `running` or `auto-restart`.
    pub sub_state: String,
    /// How the service ended last: `success`, `exit-code`, `signal`, `start-limit-hit`, …
    pub result: String,
    /// `enabled`, `disabled`, `static`, `masked`, …; empty where there is no file.
    pub unit_file_state: String,
    /// The unit file itself.
    pub fragment_path: Option<PathBuf>,
    /// Its drop-ins, in the order in which systemd applies them.
    pub drop_in_paths: Vec<PathBuf>,
    /// A known unit file has changed since it was read. False for a first drop-in: systemd 252
    /// does not look for new ones.
    pub need_daemon_reload: bool,
    /// All `Environment=` lines together, specifiers resolved.
    pub environment: Environment,
    /// All `EnvironmentFile=` lines; their values beat `environment`.
    pub environment_files: Vec<EnvironmentFile>,
    /// All `UnsetEnvironment=` entries; they beat both. An entry is a name or `name=value`.
    pub unset_environment: Vec<String>,
    /// The first `ExecStart=`; a service that goes on running has but one.
    pub exec_start: Vec<CommandLine>,
    /// The main process, while there is one.
    pub main_pid: Option<u32>,
    /// Automatic restarts since the unit was last started by hand.
    pub n_restarts: u32,
    /// The id of this run of the unit, in hexadecimal; empty if it never ran.
    pub invocation_id: String,
    /// `RestartSec=`; `None` means infinity.
    pub restart: Option<Duration>,
    /// `TimeoutStartSec=`; `None` means infinity.
    pub timeout_start: Option<Duration>,
    /// `TimeoutStopSec=`; `None` means infinity.
    pub timeout_stop: Option<Duration>,
    /// When it last became active, in µs since 1970; 0 if never.
    pub active_enter_usec: u64,
    /// When its main process was last started, in µs since 1970; 0 if never.
    pub main_start_usec: u64,
    /// How the main process ended last: an exit status, or a signal's number.
    pub exec_main_status: i32,
    /// Another job waits on this unit.
    pub job_queued: bool,
}

impl Unit {
    /// Whether it runs, or is about to.
    pub fn is_up(&self) -> bool {
        matches!(
            self.active_state,
            ActiveState::Active | ActiveState::Reloading | ActiveState::Activating
        )
    }
}
