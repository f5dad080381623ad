//! The read-only installation of one installation, from which every plan and every report is made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use semver::Version;

use super::account::{Account, Surroundings};
use super::bots::{Guard, bots};
use super::host::{Program, option_of};
use super::paths::Paths;
use super::service::{Service, dotenv};
use super::{Part, Unseen, seen};
use crate::connector::catalogue::Catalogue;
use crate::connector::installed::InstalledRecord;
use crate::connector::release::{Habit, USUAL_PORT};
use crate::fs::error::Cause;
use crate::fs::replace::FileState;
use crate::fs::{Action, FileError, directory, exists};
use crate::health::Endpoint;
use crate::health::port::Owner;
use crate::openclaw::auth_profiles;
use crate::openclaw::document::{Value, substituted};
use crate::openclaw::include::{ConfigError, ConfigSet};
use crate::systemd::drop_in;
use crate::systemd::environment::{Environment, SetFile};
use crate::transaction::records::Records;

/// One installation at one moment.
#[derive(Debug)]
pub struct Installation {
    /// Whose it is.
    pub account: Account,
    /// Its places, symbolic links of directories followed.
    pub paths: Paths,
    /// The OpenClaw program.
    pub program: Program,
    /// Which connector answers on which OpenClaw.
    pub catalogue: Catalogue,
    /// The config's real files with their attributes.
    pub config_files: BTreeMap<PathBuf, FileState>,
    /// The agent model file, with its real path.
    pub models: Option<(PathBuf, FileState)>,
    /// Our drop-in's file as it stands, with its real path.
    pub drop_in: (PathBuf, Option<FileState>),
    /// Our drop-in that systemd reads last, and the file of variables to which it leads: for what
    /// the other one cannot do.
    pub last_drop_in: [(PathBuf, Option<FileState>); 2],
    /// The unit and its manager.
    pub service: Service,
    /// `.env` files that OpenClaw reads, in its order.
    pub dotenv: Vec<SetFile>,
    /// What we installed last, if we did.
    pub record: Option<InstalledRecord>,
    /// Where the record is kept.
    pub record_path: PathBuf,
    /// The record's file as it stands.
    pub record_file: Option<FileState>,
    /// Directories above the connector that do not exist yet, outermost first.
    pub missing_extensions: Vec<PathBuf>,
    /// The same above our drop-in.
    pub missing_unit_dirs: Vec<PathBuf>,
    /// What could not be looked at.
    pub unseen: Vec<Unseen>,
    /// The gateway's port.
    pub port: u16,
    /// A variable that makes the config immutable, if it is set.
    pub read_only: Option<&'static str>,
}

impl Installation {
    /// Looks at the disk; the unit's side was observed before. What cannot be looked at is noted. The
    /// config comes apart from the installation, or why it cannot be read: what can be told without it
    /// is told.
    pub fn observe(
        account: Account,
        paths: Paths,
        service: Service,
        surroundings: &Surroundings,
        records: &Records,
    ) -> (Self, Result<ConfigSet, ConfigError>) {
        let paths = paths.with_real_directories();
        let mut unseen = Vec::new();
        let record = seen(&mut unseen, Part::Records, records.installed_record());
        let config = ConfigSet::load(&paths.config);
        let effective = config.as_ref().ok().map(ConfigSet::effective);
        let models = seen(&mut unseen, Part::Models, models(&paths.models));
        auth_profiles::learn_all(&paths.state_dir);
        let mut with_state = |named: &Path| {
            let path = real_file(named);
            let state = seen(&mut unseen, Part::DropIns, state(&path, named));
            (path, state)
        };
        let drop_in = with_state(&paths.drop_in);
        let last_drop_in =
            drop_in::LAST.map(|name| with_state(&paths.drop_in.with_file_name(name)));
        let missing_unit_dirs = drop_in.0.parent().map_or(Ok(Vec::new()), directory::missing);
        let dotenv: Vec<_> =
            [&account.home, &paths.state_dir].into_iter().filter_map(|home| dotenv(home)).collect();
        let installation = Self {
            program: program(&service, effective, surroundings),
            port: port(&service, effective, surroundings),
            catalogue: Catalogue::newest(),
            read_only: read_only(surroundings, &service),
            record_path: records.installed(),
            record_file: record.0,
            record: record.1,
            config_files: seen(&mut unseen, Part::Other, attributes(&config)),
            missing_extensions: seen(
                &mut unseen,
                Part::Tree,
                directory::missing(&paths.extensions),
            ),
            missing_unit_dirs: seen(&mut unseen, Part::DropIns, missing_unit_dirs),
            drop_in,
            last_drop_in,
            dotenv,
            account,
            paths,
            models,
            service,
            unseen,
        };
        (installation, config)
    }

    /// What OpenClaw's process sees: its environment, then what `.env` files and the config's `env`
    /// add to it. Neither overrides a variable that is there.
    pub fn process_environment(&self, own: &Environment, config: Option<&Value>) -> Environment {
        let mut environment = own.clone();
        let files = self.dotenv.iter().map(|file| file.environment.clone());
        for layer in files.chain(config.map(environment_of_config)) {
            for (name, value) in layer.iter() {
                if environment.get(name).is_none() {
                    environment.set(name, value);
                }
            }
        }
        environment
    }

    /// The files of variables that the gateway is started with: those of its unit, then `.env`.
    pub fn variable_files(&self) -> impl Iterator<Item = &SetFile> {
        self.service.managed().into_iter().flat_map(|managed| &managed.files).chain(&self.dotenv)
    }

    /// What OpenClaw's next process will see.
    pub fn next_environment(&self, config: &Value) -> Environment {
        self.process_environment(&self.service.effective_environment(), Some(config))
    }

    /// A text of the config as OpenClaw reads it; `None` where a variable of it is not known.
    pub fn resolved(&self, text: &str, config: &Value) -> Option<String> {
        let environment = self.next_environment(config);
        substituted(text, |name| environment.get(name).map(str::to_owned))
    }

    /// The gateway as this connector calls it, with what it shows for the first of its bots. What no
    /// header can carry it cannot show: a finding of its own.
    pub fn endpoint(
        &self,
        config: Option<&Value>,
        connector: Option<&Version>,
        owner: Owner,
    ) -> Endpoint {
        let token = config.and_then(|config| {
            let inherit = self.catalogue.generation(connector).has(Habit::AccountsInherit);
            self.resolved(bots(config, inherit).first()?.credential()?, config)
        });
        let token = token.filter(|token| token.chars().all(|c| c.is_ascii_graphic()));
        Endpoint::new(self.port, token, owner)
    }

    /// What guards the gateway.
    pub fn guard(&self, config: &Value) -> Guard {
        Guard::of(config, &self.next_environment(config), self.service.command())
    }

    /// Whose the gateway's port has to be: the user's, and, where the unit runs, the unit's.
    pub fn owner_of_the_port(&self) -> Owner {
        let running = self.service.managed().filter(|managed| managed.unit.is_up());
        let unit = running.map(|_| self.paths.unit.clone());
        Owner { uid: self.account.uid, unit }
    }

    /// A file that will be ours alone: the owner's, readable by nobody else.
    pub fn new_file(&self, bytes: Vec<u8>, mode: u32) -> FileState {
        FileState { bytes: bytes.into(), mode, uid: self.account.uid, gid: self.account.gid }
    }
}

/// `env.vars.NAME` and `env.NAME`.
pub fn environment_of_config(config: &Value) -> Environment {
    let mut environment = Environment::default();
    for path in [&["env", "vars"][..], &["env"]] {
        let members = config.get(path).and_then(Value::as_object).into_iter().flatten();
        for (name, value) in members {
            if let Some(text) = value.as_str() {
                environment.set(name, text);
            }
        }
    }
    environment
}

fn attributes(
    config: &Result<ConfigSet, ConfigError>,
) -> Result<BTreeMap<PathBuf, FileState>, FileError> {
    let mut files = BTreeMap::new();
    for (path, _) in config.iter().flat_map(ConfigSet::files) {
        if let Some(state) = FileState::read(path)? {
            files.insert(path.to_owned(), state);
        }
    }
    Ok(files)
}

fn program(service: &Service, effective: Option<&Value>, surroundings: &Surroundings) -> Program {
    let told = service.variable("OPENCLAW_SERVICE_VERSION");
    let touched = effective
        .and_then(|config| config.get(&["meta", "lastTouchedVersion"]))
        .and_then(Value::as_str);
    Program::find(service.command(), told.as_deref(), touched, surroundings)
}

/// `--port` of the unit beats the variable, the variable beats the config: `openclaw gateway
/// install` bakes both into the unit, so editing `gateway.port` alone moves nothing.
fn port(service: &Service, effective: Option<&Value>, surroundings: &Surroundings) -> u16 {
    let option = option_of(service.command(), "--port").and_then(|port| port.parse().ok());
    let variable = || {
        let of_unit = service.variable("OPENCLAW_GATEWAY_PORT");
        of_unit.or_else(|| surroundings.text("OPENCLAW_GATEWAY_PORT"))?.parse().ok()
    };
    let config = || match effective?.get(&["gateway", "port"])? {
        Value::Number(number) => format!("{number}").parse().ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    option.or_else(variable).or_else(config).unwrap_or(USUAL_PORT)
}

/// OpenClaw 2026.9.6 treats its config as immutable under these.
fn read_only(surroundings: &Surroundings, service: &Service) -> Option<&'static str> {
    ["OPENCLAW_CONFIG_READONLY", "OPENCLAW_NIX_MODE"].into_iter().find(|name| {
        surroundings.text(name).or_else(|| service.variable(name)).as_deref() == Some("1")
    })
}

/// The agent model file with its real path, if there is one.
fn models(path: &Path) -> Result<Option<(PathBuf, FileState)>, FileError> {
    if !exists(path)? {
        return Ok(None);
    }
    let real = path.canonicalize().map_err(FileError::at(Action::Read, path))?;
    Ok(state(&real, path)?.map(|state| (real, state)))
}

/// The file that a name leads to; one that is refused for what it is, is so under that name.
fn state(real: &Path, named: &Path) -> Result<Option<FileState>, FileError> {
    FileState::read(real).map_err(|error| match &error.cause {
        Cause::System(cause) if cause.raw_os_error().is_none() => {
            FileError { path: named.to_owned(), ..error }
        }
        _ => error,
    })
}

/// The file behind a symbolic link; a path that does not exist yet stays as it is, below the real
/// form of what exists of it.
fn real_file(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| super::paths::real(path))
}
