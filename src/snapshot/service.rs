//! The gateway's unit, its process and what surrounds them, as the user manager and the kernel see them
//! now, and as they lie on the disk.

use std::fs;
use std::path::{Path, PathBuf};

use super::bots::bots;
use super::host::option_of;
use crate::fs::foreign;
use crate::interrupt::Interrupt;
use crate::openclaw::document::Value;
use crate::openclaw::include::ConfigSet;
use crate::snapshot::paths::Paths;
use crate::systemd::environment::{
    Environment, SetFile, UnitFile, effective, parsed_file, read_environment_files, read_unit_files,
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
    pub fn effective_environment(&self) -> Environment {
        effective(&self.environment, &self.unit, &self.files)
    }

    /// Whether the unit or a drop-in of it has changed since systemd has read it.
    pub fn has_unread_files(&self) -> bool {
        let is_unread = |file: &UnitFile| {
            file.path.extension().is_some_and(|end| end == "conf")
                && !self.unit.drop_in_paths.contains(&file.path)
        };
        self.unit.need_daemon_reload || self.unit_files.iter().any(is_unread)
    }

    /// Whether the unit's file is there.
    pub fn has_unit(&self) -> bool {
        self.unit.load_state != LoadState::NotFound
    }
}

impl Service {
    /// The manager's answers, where there is a manager.
    pub fn managed(&self) -> Option<&Managed> {
        match self {
            Self::Managed(managed) => Some(managed),
            Self::Unmanaged => None,
        }
    }

    /// The gateway's command line, where its unit is known.
    pub fn command(&self) -> &[String] {
        self.managed()
            .and_then(|managed| managed.unit.exec_start.first())
            .map_or(&[], |command| &command.arguments)
    }

    /// The environment that the unit's next process would have.
    pub fn effective_environment(&self) -> Environment {
        self.managed().map(Managed::effective_environment).unwrap_or_default()
    }

    /// The same, if these were the unit's files and a file of `variables` were read last.
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
    pub fn variable(&self, name: &str) -> Option<String> {
        self.effective_environment().get(name).map(str::to_owned)
    }
}

/// Another unit that runs a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherUnit {
    /// Its file.
    pub path: PathBuf,
    /// The `ExecStart=` line.
    pub exec_start: String,
    /// It is one of the system, not of a user.
    pub of_system: bool,
    /// The port that its unit or its config names.
    pub port: Option<u16>,
    /// The client ids in its config, where that can be read.
    pub bots: Vec<String>,
}

/// The units of the user and of the system, but for `own`, that start `openclaw … gateway`.
pub fn other_units(unit_dir: &Path, own: &str, home: &Path) -> Vec<OtherUnit> {
    let places = [(unit_dir, false), (Path::new("/etc/systemd/system"), true)];
    let all = places.into_iter().flat_map(|(place, of_system)| gateways(place, of_system, home));
    all.filter(|unit| unit.of_system || !unit.path.ends_with(own)).collect()
}

fn gateways(directory: &Path, of_system: bool, home: &Path) -> Vec<OtherUnit> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut units: Vec<OtherUnit> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "service"))
        .filter_map(|path| {
            let text = String::from_utf8(foreign::glance(&path)?).ok()?;
            let exec_start = gateway_line(&text)?.to_owned();
            let set = assignments(&text);
            // the home of a unit of the system is another user's
            let config = config_of(&set, (!of_system).then_some(home));
            let config = config.and_then(|path| ConfigSet::load(&path).ok());
            let config = config.as_ref().map(ConfigSet::effective);
            let port = port_of(&exec_start, &set, config);
            let bots = config.map(bots_of).unwrap_or_default();
            Some(OtherUnit { path, exec_start, of_system, port, bots })
        })
        .collect();
    units.sort_by(|a, b| a.path.cmp(&b.path));
    units
}

fn assignments(text: &str) -> Environment {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("Environment="));
    parsed_file(&lines.map(|line| line.trim_matches('"')).collect::<Vec<_>>().join("\n"))
}

/// Where the gateway of such a unit has its config, as OpenClaw looks for it.
fn config_of(set: &Environment, home: Option<&Path>) -> Option<PathBuf> {
    let state_dir = || set.get("OPENCLAW_STATE_DIR").map(PathBuf::from);
    let of_profile = || {
        let suffix = set.get("OPENCLAW_PROFILE").map(|name| format!("-{name}"));
        Some(home?.join(format!(".openclaw{}", suffix.unwrap_or_default())))
    };
    let named = set.get("OPENCLAW_CONFIG_PATH").map(PathBuf::from);
    named.or_else(|| Some(state_dir().or_else(of_profile)?.join("openclaw.json")))
}

fn port_of(exec_start: &str, set: &Environment, config: Option<&Value>) -> Option<u16> {
    let words: Vec<String> = exec_start.split_whitespace().map(str::to_owned).collect();
    let told = option_of(&words, "--port").or_else(|| set.get("OPENCLAW_GATEWAY_PORT"));
    let configured = || Some(config?.get(&["gateway", "port"])?.to_json().to_string());
    told.map(str::to_owned).or_else(configured)?.parse().ok()
}

/// The client ids of a config's channel and its accounts.
pub fn bots_of(config: &Value) -> Vec<String> {
    let all = bots(config, true).into_iter();
    all.filter_map(|bot| Some(bot.get("clientId")?.as_str()?.to_owned())).collect()
}

/// `ExecStart=… openclaw … gateway …`, or the same under one of its former names.
fn gateway_line(text: &str) -> Option<&str> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("ExecStart="));
    lines
        .filter(|line| line.split_whitespace().any(|word| word == "gateway"))
        .find(|line| ["openclaw", "clawdbot", "moltbot"].iter().any(|name| line.contains(name)))
}

/// The main process of the gateway's unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its environment at its start; `None`: it may not be read.
    pub environment: Option<Environment>,
    /// Its user.
    pub uid: Option<u32>,
}

impl Process {
    /// Looks at a process.
    pub fn look(pid: u32) -> Self {
        let bytes = foreign::glance(Path::new(&format!("/proc/{pid}/environ")));
        let environment = bytes.filter(|bytes| !bytes.is_empty());
        let uid = fs::metadata(format!("/proc/{pid}")).ok();
        Self {
            pid,
            environment: environment.map(|bytes| Environment::of_process(&bytes)),
            uid: uid.map(|found| std::os::unix::fs::MetadataExt::uid(&found)),
        }
    }
}

/// The `.env` below a directory, as OpenClaw reads it (`src/infra/dotenv.ts`): it never overrides a
/// variable that is there, not even an empty one.
pub fn dotenv(directory: &Path) -> Option<SetFile> {
    SetFile::read(&directory.join(".env"), true, |text| {
        // dotenv knows a leading `export`, which systemd's format does not
        let lines = text.lines().map(str::trim_start);
        let lines: Vec<_> =
            lines.map(|line| line.strip_prefix("export ").unwrap_or(line)).collect();
        parsed_file(&lines.join("\n"))
    })
}

#[cfg(test)]
mod tests {
    use super::{gateway_line, other_units};

    #[test]
    fn a_units_port_and_bot_are_read_from_it_and_its_config() {
        let home = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = home.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let unit = |more: &str| format!("[Service]\n{more}ExecStart=/usr/bin/openclaw gateway\n");
        write(
            ".openclaw-work/openclaw.json",
            "{gateway: {port: 19000}, channels: {'dingtalk-connector': {clientId: 'a', accounts: {x: {clientId: 'b'}}}}}",
        );
        write("units/openclaw-gateway-work.service", &unit("Environment=OPENCLAW_PROFILE=work\n"));
        write("units/other.service", &unit("Environment=\"OPENCLAW_GATEWAY_PORT=18790\"\n"));
        write("units/own.service", &unit(""));
        let found = other_units(&home.path().join("units"), "own.service", home.path());
        let found = found.iter().filter(|unit| !unit.of_system);
        let told: Vec<_> = found.map(|unit| (unit.port, unit.bots.len())).collect();
        assert_eq!(told, [(Some(19000), 1), (Some(18790), 0)]);
    }

    #[test]
    fn gateways_are_told_from_other_services() {
        for (text, is_gateway) in [
            ("[Service]\nExecStart=/usr/bin/node /x/openclaw/dist/index.js gateway --port 1", true),
            ("ExecStart=/usr/bin/clawdbot gateway", true),
            ("ExecStart=/usr/bin/node /x/openclaw/dist/index.js node run", false),
            ("ExecStart=/usr/sbin/api gateway", false),
            ("Description=openclaw gateway", false),
        ] {
            assert_eq!(gateway_line(text).is_some(), is_gateway, "{text}");
        }
    }
}
