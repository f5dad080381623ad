//! An installation in a directory of its own, its gateway, and what the plans do to it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::fs::replace::FileState;
use crate::fs::strike;
use crate::interrupt::Interrupt;
use crate::progress::Unwatched;
use crate::systemd::ManagerError;
use crate::transaction::apply::{Failure, Preparation, Watch};
use crate::transaction::error::{TransactionError, interrupted};
use crate::transaction::journal::{FORMAT, Intent, Journal, UnitBefore, private};
use crate::transaction::records::Records;
use crate::transaction::recover::{self, Recovery};
use crate::transaction::service::{Service, ServiceError};
use crate::transaction::step::{Attributes, FileStep, Role, Step, TreeSide, TreeStep};

const UNIT: &str = "openclaw-gateway.service";
const LIVE: &str = "openclaw/extensions/dingtalk-connector";
const CONFIG: &str = "openclaw/openclaw.json";
const RECORD: &str = "openclaw/openclaw-setup/installed.json";
const DROP_IN: &str = "systemd/openclaw-gateway.service.d/proxy.conf";

/// Bytes, modes and owners of everything but our journals.
pub(super) type State = BTreeMap<PathBuf, (Option<Vec<u8>>, u32, u32, u32)>;

/// The installation.
pub(super) struct Room {
    home: tempfile::TempDir,
    pub(super) gateway: Gateway,
    pub(super) interrupt: Interrupt,
}

/// A command as its steps, and what has been done before it.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    before: &'static [fn(&Room, &Path) -> Vec<Step>],
    steps: fn(&Room, &Path) -> Vec<Step>,
}

pub(super) const SCENARIOS: [Scenario; 5] = [
    Scenario { name: "install", before: &[], steps: install },
    Scenario { name: "upgrade", before: &[install], steps: upgrade },
    Scenario { name: "uninstall", before: &[install], steps: uninstall },
    Scenario { name: "rollback", before: &[install, upgrade], steps: rollback },
    Scenario { name: "doctor --fix", before: &[install, spoil], steps: fix },
];

impl Room {
    /// The installation before the scenario's command; its gateway runs.
    pub(super) fn before(scenario: &Scenario) -> Self {
        // in memory, where there is such a place: a sync costs nothing there
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let home = tempfile::tempdir_in(place).unwrap();
        for directory in ["openclaw", "systemd"] {
            fs::create_dir(home.path().join(directory)).unwrap();
        }
        let gateway = Gateway { root: home.path().to_owned(), read: State::new(), runs: None };
        let mut room = Self { home, gateway, interrupt: Interrupt::never() };
        room.write(CONFIG, "{\"port\": 1}");
        room.gateway.reload().unwrap();
        room.gateway.start().unwrap();
        for steps in scenario.before {
            room.switch(*steps).unwrap().unwrap();
        }
        room
    }

    /// The scenario's command, as the program does it.
    pub(super) fn run(
        &mut self,
        scenario: &Scenario,
    ) -> Result<Result<Journal, Failure>, TransactionError> {
        self.switch(scenario.steps)
    }

    fn switch(
        &mut self,
        steps: fn(&Self, &Path) -> Vec<Step>,
    ) -> Result<Result<Journal, Failure>, TransactionError> {
        let records = self.records();
        let _held = records.lock("test")?;
        let preparation = Preparation::open(&records)?;
        let intent = Intent {
            format: FORMAT,
            id: preparation.id().to_owned(),
            command: "test".to_owned(),
            program: "0".to_owned(),
            started: String::new(),
            connector: (None, None),
            unit: Some(UnitBefore { name: UNIT.to_owned(), was_active: true }),
            steps: steps(self, &preparation.slot()),
        };
        let watch =
            Watch { interrupt: &self.interrupt, progress: &Unwatched, timeout: Duration::ZERO };
        let stop = self.interrupt.clone();
        let mut verify = || match strike().map_err(lost) {
            Ok(()) if stop.is_raised() => Err(interrupted().into()),
            asked => asked,
        };
        Ok(preparation.switch(intent, &mut self.gateway, &watch, &mut verify))
    }

    /// What the next run does first.
    pub(super) fn recover(&mut self) -> Result<Option<Recovery>, TransactionError> {
        let records = self.records();
        let _held = records.lock("recover")?;
        let recovery = recover::recover(&records, &mut self.gateway, &Unwatched)?;
        recover::sweep(&records)?;
        Ok(recovery)
    }

    pub(super) fn records(&self) -> Records {
        Records::below(&self.path("openclaw"))
    }

    pub(super) fn state(&self) -> State {
        state_of(self.home.path())
    }

    /// Temporary files, our own journals' among them.
    pub(super) fn left_over(&self) -> Vec<PathBuf> {
        let (mut open, mut found) = (vec![self.home.path().to_owned()], Vec::new());
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
            if path.extension().is_some_and(|kind| kind == "tmp" || kind == "aside") {
                found.push(path);
            }
        }
        found
    }

    pub(super) fn config(&self) -> PathBuf {
        self.path(CONFIG)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    }

    fn stage(slot: &Path, version: &str) -> TreeSide {
        fs::create_dir(slot).unwrap();
        for name in ["package.json", "plugin.ts"] {
            fs::write(slot.join(name), version).unwrap();
        }
        side(version)
    }

    fn file(&self, role: Role, name: &str, after: Option<&str>) -> Step {
        let path = self.path(name);
        let before = if path.exists() { FileState::read(&path).unwrap() } else { None };
        let after = after.map(|text| match &before {
            Some(before) => before.with_bytes(Vec::from(text)),
            None => private(Vec::from(text)),
        });
        Step::File(FileStep::new(role, path, before, after))
    }

    fn directory(&self, name: &str) -> Step {
        Step::Directory { path: self.path(name), mode: 0o750 }
    }

    fn tree(&self, before: Option<TreeSide>, after: Option<TreeSide>) -> Step {
        Step::Tree(TreeStep {
            live: self.path(LIVE),
            before,
            after,
            slot: None,
            changes: Vec::new(),
        })
    }
}

fn side(version: &str) -> TreeSide {
    TreeSide { version: version.to_owned(), identity: None, adapted: None }
}

fn stop() -> Step {
    Step::Stop { unit: UNIT.to_owned() }
}

fn start() -> Step {
    Step::Start { unit: UNIT.to_owned() }
}

fn install(room: &Room, slot: &Path) -> Vec<Step> {
    vec![
        stop(),
        room.directory("openclaw/extensions"),
        room.tree(None, Some(Room::stage(slot, "1"))),
        room.directory("systemd/openclaw-gateway.service.d"),
        room.file(Role::DropIn, DROP_IN, Some("[Service]")),
        Step::Reload,
        room.file(Role::Config, CONFIG, Some("{\"port\": 1, \"channels\": {}}")),
        room.file(Role::Record, RECORD, Some("1")),
        start(),
    ]
}

fn upgrade(room: &Room, slot: &Path) -> Vec<Step> {
    vec![
        stop(),
        room.tree(Some(side("1")), Some(Room::stage(slot, "2"))),
        room.file(Role::Config, CONFIG, Some("{\"port\": 2, \"channels\": {}}")),
        room.file(Role::Record, RECORD, Some("2")),
        start(),
    ]
}

fn uninstall(room: &Room, _slot: &Path) -> Vec<Step> {
    let directories = ["systemd/openclaw-gateway.service.d", "openclaw/extensions"];
    let removed = directories.map(|name| Step::RemoveDirectory { path: room.path(name), mode: 0 });
    let mut steps = vec![
        stop(),
        room.file(Role::Config, CONFIG, Some("{\"port\": 1}")),
        room.file(Role::DropIn, DROP_IN, None),
        room.tree(Some(side("1")), None),
    ];
    steps.extend(removed);
    steps.extend([Step::Reload, room.file(Role::Record, RECORD, None), start()]);
    steps
}

/// Swaps with the slot in which the upgrade has left the tree.
fn rollback(room: &Room, _slot: &Path) -> Vec<Step> {
    let upgrade = room.records().journals().unwrap().pop().unwrap();
    let tree = TreeStep {
        live: room.path(LIVE),
        before: Some(side("2")),
        after: Some(side("1")),
        slot: Some(upgrade.slot()),
        changes: Vec::new(),
    };
    vec![
        stop(),
        Step::Tree(tree),
        room.file(Role::Config, CONFIG, Some("{\"port\": 1, \"channels\": {}}")),
        room.file(Role::Record, RECORD, Some("1")),
        start(),
    ]
}

fn spoil(room: &Room, _slot: &Path) -> Vec<Step> {
    for name in ["stray.js", "half.js"] {
        room.write(&format!("openclaw/extensions/{name}"), name);
    }
    vec![stop(), start()]
}

/// A mode (as root an owner, too), a file out of sight, one elsewhere, one with a new inode.
fn fix(room: &Room, _slot: &Path) -> Vec<Step> {
    let live = room.path(LIVE);
    let path = live.join("plugin.ts");
    let before = Attributes::of(&path).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    let after = Attributes { mode: 0o600, gid: if is_root { 1234 } else { before.gid }, ..before };
    vec![
        stop(),
        Step::Attributes { path, before, after },
        Step::Move { from: room.path("openclaw/extensions/stray.js"), to: None },
        Step::Move {
            from: room.path("openclaw/extensions/half.js"),
            to: Some(room.path("openclaw/half.js")),
        },
        room.file(Role::Connector, &format!("{LIVE}/package.json"), Some("1")),
        room.file(Role::Config, CONFIG, Some("{\"port\": 3, \"channels\": {}}")),
        start(),
    ]
}

fn state_of(root: &Path) -> State {
    let mut state = State::new();
    collect(root, root, &mut state);
    state
}

fn collect(root: &Path, path: &Path, state: &mut State) {
    let found = path.symlink_metadata().unwrap();
    let is_ours =
        ["openclaw-setup", "transactions", "lock"].iter().any(|name| path.ends_with(name));
    if !is_ours {
        let bytes = found.is_file().then(|| fs::read(path).unwrap());
        let name = path.strip_prefix(root).unwrap().to_owned();
        state.insert(name, (bytes, found.mode(), found.uid(), found.gid()));
    }
    if found.is_dir() && !path.ends_with("transactions") {
        for entry in fs::read_dir(path).unwrap() {
            collect(root, &entry.unwrap().path(), state);
        }
    }
}

/// The unit and its manager. Each call may be lost before it has done anything, or after.
pub(super) struct Gateway {
    root: PathBuf,
    /// The unit files that the manager knows.
    read: State,
    /// The files with which the gateway was started, and the unit files of that time.
    runs: Option<(State, State)>,
}

impl Gateway {
    /// Whether it runs, with all that lies on disk now.
    pub(super) fn runs_what_is_there(&self) -> bool {
        self.runs == Some(self.there())
    }

    fn there(&self) -> (State, State) {
        (state_of(&self.root.join("openclaw")), state_of(&self.root.join("systemd")))
    }

    fn ask<T>(&mut self, deed: impl FnOnce(&mut Self) -> T) -> Result<T, ServiceError> {
        strike().map_err(lost)?;
        let answer = deed(self);
        strike().map_err(lost)?;
        Ok(answer)
    }
}

fn lost(cause: rustix::io::Errno) -> ServiceError {
    ManagerError::Died { step: "asking".to_owned(), reason: cause.to_string() }.into()
}

impl Service for Gateway {
    fn is_active(&mut self) -> Result<bool, ServiceError> {
        self.ask(|it| it.runs.is_some())
    }

    fn stop(&mut self) -> Result<(), ServiceError> {
        self.ask(|it| it.runs = None)
    }

    fn start(&mut self) -> Result<(), ServiceError> {
        self.ask(|it| it.runs = Some((it.there().0, it.read.clone())))
    }

    fn reload(&mut self) -> Result<(), ServiceError> {
        self.ask(|it| it.read = it.there().1)
    }

    fn begin_undo(&mut self) {}
}
