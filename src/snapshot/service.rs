//! The gateway's unit and what surrounds it, as the user manager sees them now.

use crate::interrupt::Interrupt;
use crate::say;
use crate::snapshot::paths::Paths;
use crate::systemd::environment::{
    Environment, SetFile, UnitFile, effective, read_environment_files, read_unit_files,
};
use crate::systemd::{LoadState, ManagerError, Unit, UserManager, drop_in};
use crate::timeout::Deadline;

/// What the user manager says of the gateway's unit.
#[derive(Debug)]
pub enum Service {
    /// There is a manager.
    Managed(Box<Managed>),
    /// Nobody is logged in and lingering is off, or this machine runs no systemd.
    Unmanaged,
}

/// The manager's answers, read in one go.
#[derive(Debug)]
pub struct Managed {
    /// systemd's version.
    pub version: String,
    /// How the manager is reached: a bus address, or the `systemctl` fallback.
    pub route: String,
    /// The manager's own environment.
    pub environment: Environment,
    /// The unit, loaded or not.
    pub unit: Unit,
    /// What the unit's `EnvironmentFile=` lines set, as systemd will read them next.
    pub files: Vec<SetFile>,
    /// The unit's own file and its drop-ins, as systemd will read them next.
    pub unit_files: Vec<UnitFile>,
}

impl Service {
    /// Why no gateway runs under the unit, where none does.
    #[must_use]
    pub fn why_down(&self, unit: &str) -> String {
        match self {
            Self::Unmanaged => say!("no systemd user manager runs for this user"),
            Self::Managed(managed) if managed.has_unit() => say!("{unit} does not run", unit),
            Self::Managed(_) => say!("{unit} does not exist", unit),
        }
    }
}

impl Managed {
    /// Asks the manager for everything that a plan needs to know.
    pub fn observe(
        manager: &UserManager,
        paths: &Paths,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<Self, ManagerError> {
        let unit = manager.unit(&paths.unit, deadline, interrupt)?;
        let (version, environment) = manager.version_and_environment(deadline, interrupt)?;
        let folder = paths.unit_dir.join(format!("{}.d", paths.unit));
        let unit_files = read_unit_files(&unit, &folder);
        Ok(Self {
            version,
            route: manager.route(),
            environment,
            files: read_environment_files(&unit, &unit_files),
            unit_files,
            unit,
        })
    }

    /// The environment that the unit's next process would have.
    #[must_use]
    pub fn effective_environment(&self) -> Environment {
        effective(&self.environment, &self.unit, &self.files)
    }

    /// The environment of the process that runs now; where it cannot be read, that of the next.
    #[must_use]
    pub fn environment_of_process(&self) -> Environment {
        self.unit
            .main_pid
            .and_then(|pid| {
                crate::fs::foreign::glance(std::path::Path::new(&format!("/proc/{pid}/environ")))
            })
            .filter(|bytes| !bytes.is_empty())
            .map_or_else(|| self.effective_environment(), |bytes| Environment::of_process(&bytes))
    }

    /// Whether the unit or a drop-in of it has changed since systemd has read it.
    #[must_use]
    pub fn has_unread_files(&self) -> bool {
        let is_unread = |file: &UnitFile| {
            file.path.extension().is_some_and(|end| end == "conf")
                && !self.unit.drop_in_paths.contains(&file.path)
        };
        self.unit.need_daemon_reload || self.unit_files.iter().any(is_unread)
    }

    /// Whether the unit's file is there.
    #[must_use]
    pub fn has_unit(&self) -> bool {
        self.unit.load_state != LoadState::NotFound
    }
}

impl Service {
    /// The manager's answers, where there is a manager.
    #[must_use]
    pub fn managed(&self) -> Option<&Managed> {
        match self {
            Self::Managed(managed) => Some(managed),
            Self::Unmanaged => None,
        }
    }

    /// The gateway's command line, where its unit is known.
    #[must_use]
    pub fn command(&self) -> &[String] {
        self.managed()
            .and_then(|managed| managed.unit.exec_start.first())
            .map_or(&[], |command| &command.arguments)
    }

    /// The environment that the unit's next process would have.
    #[must_use]
    pub fn effective_environment(&self) -> Environment {
        self.managed().map(Managed::effective_environment).unwrap_or_default()
    }

    /// The same, if these were the unit's files and a file of `variables` were read last.
    #[must_use]
    pub fn environment_with(&self, files: &[UnitFile], variables: Option<&SetFile>) -> Environment {
        let texts = files.iter().map(|file| file.text.as_str());
        let Some(managed) = self.managed() else {
            return drop_in::variables(Environment::default(), texts);
        };
        let own = managed.unit.fragment_path.as_ref();
        let is_whole = own.is_some_and(|own| files.iter().any(|file| file.path == *own));
        let base = if is_whole { Environment::default() } else { managed.unit.environment.clone() };
        let unit = Unit { environment: drop_in::variables(base, texts), ..managed.unit.clone() };
        let read: Vec<SetFile> = managed.files.iter().chain(variables).cloned().collect();
        effective(&managed.environment, &unit, &read)
    }

    /// A variable of the unit's next process.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        self.effective_environment().get(name).map(str::to_owned)
    }
}
