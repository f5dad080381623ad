//! An snapshot of a healthy machine, and ways to make it ill.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use crate::connector::adaptation::{Adapted, Change, Refit};
use crate::connector::catalogue::{Answer, Catalogue};
use crate::connector::installed::{InstalledRecord, Origin, Traces};
use crate::connector::manifest::{Deviation, Difference};
use crate::connector::prediction::Prediction;
use crate::connector::{Package, PluginManifest, Sha256, TreeManifest, Verification};
use crate::doctor::Snapshot;
use crate::fs::replace::FileState;
use crate::health::port::{Holder, Listener};
use crate::health::{ChatAnswer, LogLine, Readiness, Redaction};
use crate::openclaw::Version;
use crate::openclaw::document::Document;
use crate::openclaw::include::ConfigSet;
use crate::snapshot::account::{Account, Surroundings};
use crate::snapshot::host::{Host, Program};
use crate::snapshot::installation::Installation;
use crate::snapshot::log::{Log, Since};
use crate::snapshot::other_plugins::OtherPlugins;
use crate::snapshot::paths::{CONNECTOR, Paths, Wishes};
use crate::snapshot::service::{Managed, Process, Service};
use crate::snapshot::tree::{Dependency, Examined, LocalPayload, Modules, RepairSource, Tree};
use crate::snapshot::{Answers, Outside};
use crate::systemd::environment::Environment;
use crate::systemd::{ActiveState, CommandLine, LoadState, Unit, drop_in};
use crate::transaction::step::Attributes;

pub(super) const UID: u32 = 1000;

/// A machine, with a real config on the disk.
pub(super) struct Machine {
    home: tempfile::TempDir,
    config: Json,
    pub(super) snapshot: Snapshot,
}

impl Machine {
    pub(super) fn healthy() -> Self {
        let home = tempfile::tempdir().unwrap();
        let config = healthy_config();
        let file = home.path().join("openclaw.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let nowhere = |_: &std::path::Path| false;
        let paths = Paths {
            config: file.clone(),
            ..Paths::resolve(&Surroundings::default(), home.path(), &Wishes::default(), &nowhere)
        };
        let snapshot = Snapshot {
            config: ConfigSet::load(&file),
            models: Some(models(&paths.models, "sk-1")),
            manager_error: None,
            tree: Some(tree(&paths.connector, "0.7.10")),
            deviations: Some(Vec::new()),
            refit: Ok(None),
            prediction: None,
            repair_source: RepairSource { movable: true, ..RepairSource::default() },
            other_plugins: OtherPlugins::default(),
            process: Some(Process {
                pid: 7,
                environment: Some(Environment::of_assignments(["PATH=/usr/bin"])),
                uid: Some(UID),
            }),
            private_files: Vec::new(),
            backups: Vec::new(),
            listener: Listener::Held(vec![Holder {
                pid: 7,
                name: "node".to_owned(),
                uid: UID,
                unit: Some(paths.unit.clone()),
                of_system: false,
            }]),
            elsewhere: None,
            other_units: Vec::new(),
            answers: Some(Answers { readiness: Readiness::Ready, chat: ChatAnswer::Open }),
            log: Log { lines: 10, channel_spoke: true, ..Log::default() },
            host: host(),
            pending: None,
            outside: Outside::default(),
            installation: installation(home.path().to_owned(), paths),
        };
        Self { home, config, snapshot }
    }

    /// Sets a key of the config, by its path with dots; `null` takes it out.
    pub(super) fn set(&mut self, path: &str, value: Json) {
        let mut place = &mut self.config;
        for segment in path.split('.') {
            if !place.is_object() {
                *place = json!({});
            }
            place = &mut place[segment];
        }
        *place = value;
        self.write(&self.config.to_string());
    }

    /// Writes the config's text.
    pub(super) fn write(&mut self, text: &str) {
        let file = self.home.path().join("openclaw.json");
        std::fs::write(&file, text).unwrap();
        self.snapshot.config = ConfigSet::load(&file);
    }

    /// Gives the connector a version.
    pub(super) fn connector(&mut self, version: &str) {
        let path = self.snapshot.installation.paths.connector.clone();
        self.snapshot.tree = Some(tree(&path, version));
    }

    pub(super) fn openclaw(&mut self, version: Option<Version>) {
        self.snapshot.installation.program.version = version;
    }

    pub(super) fn tree(&mut self) -> &mut Tree {
        self.snapshot.tree.as_mut().unwrap()
    }

    pub(super) fn managed(&mut self) -> &mut Managed {
        match &mut self.snapshot.installation.service {
            Service::Managed(managed) => managed,
            Service::Unmanaged => panic!("there is no manager"),
        }
    }

    pub(super) fn environment(&mut self, items: &[&str]) {
        let environment = Environment::of_assignments(items);
        self.managed().unit.environment = environment.clone();
        self.snapshot.process.as_mut().unwrap().environment = Some(environment);
    }

    /// Lets the gateway have logged a line.
    pub(super) fn log(&mut self, text: &str) {
        self.log_of(CONNECTOR, text);
    }

    /// The same, said by another part of the gateway.
    pub(super) fn log_of(&mut self, speaker: &str, text: &str) {
        let (speaker, text) = (speaker.to_owned(), text.to_owned());
        let line = LogLine { usec: 1, speaker, text, begins: true };
        let line = Redaction::default().shown(&line);
        self.snapshot.log = Log::of(&[line], "log".to_owned(), CONNECTOR, Since::default(), &[]);
    }

    /// Lets a payload be there that is what was installed.
    pub(super) fn stock(&mut self, modules: Modules) {
        self.snapshot.repair_source.stock = Some(LocalPayload {
            place: "/payload".into(),
            digest: Sha256::of(b""),
            version: "0.7.10".to_owned(),
            modules,
            refit: Refit::default(),
        });
    }

    /// Lets connector 0.8.20 be adapted for OpenClaw 2026.9.6, and another OpenClaw have come that has
    /// it adapted in another way, or not at all.
    pub(super) fn adapted_before(&mut self, openclaw: Version, anew: Option<Adapted>) {
        self.connector("0.8.20");
        self.openclaw(Some(openclaw));
        let origin = Origin {
            name: "@dingtalk-real-ai/dingtalk-connector".to_owned(),
            version: "0.8.20".to_owned(),
            payload: Sha256::of(b""),
            place: "/payload".to_owned(),
            verification: Verification::Sha256,
            installed_at: "2026-11-29T00:00:00Z".to_owned(),
        };
        let record = InstalledRecord::of(origin, Traces::default(), TreeManifest::default());
        let Refit { mut changes, adapted } = adapted();
        self.snapshot.installation.record = Some(InstalledRecord { adapted, ..record });
        for change in &mut changes {
            std::mem::swap(&mut change.old, &mut change.new);
        }
        self.snapshot.refit = Ok(Some(Refit { changes, adapted: anew }));
    }

    /// Lets a path of the tree be another than it was.
    pub(super) fn deviate(&mut self, path: &str) {
        let deviation = Deviation { path: path.to_owned(), kind: Difference::Changed };
        self.snapshot.deviations = Some(vec![deviation]);
    }

    pub(super) fn no_log(&mut self) {
        self.snapshot.log = Log::default();
    }

    pub(super) fn broken_config(&mut self) {
        self.write("{\"a\": 1 \"b\": 2}");
    }

    pub(super) fn no_dingtalk(&mut self) {
        self.snapshot.tree = None;
        self.set("channels", json!({}));
    }

    pub(super) fn unmanaged(&mut self) {
        self.snapshot.installation.service = Service::Unmanaged;
        self.snapshot.process = None;
        self.snapshot.answers = None;
    }
}

fn healthy_config() -> Json {
    json!({
        "models": {"mode": "merge", "providers": {"openai": {
            "apiKey": "sk-1", "baseUrl": "https://llm.example", "api": "openai-completions",
            "models": [{"id": "gpt-5.4", "name": "gpt-5.4"}],
        }}},
        "agents": {"defaults": {"model": {"primary": "openai/gpt-5.4"}}},
        "channels": {"dingtalk-connector": {"enabled": true, "clientId": "id", "clientSecret": "s3"}},
        "plugins": {"entries": {"dingtalk-connector": {"enabled": true}}},
        "gateway": {"port": 18789, "bind": "loopback", "auth": {"mode": "none"},
            "http": {"endpoints": {"chatCompletions": {"enabled": true}}}},
    })
}

fn models(path: &std::path::Path, key: &str) -> Document {
    let text = json!({"providers": {"openai": {"apiKey": key, "api": "openai-completions"}}});
    Document::parse(path, text.to_string().as_bytes()).unwrap()
}

pub(super) fn tree(path: &std::path::Path, version: &str) -> Tree {
    let package = json!({
        "name": "@dingtalk-real-ai/dingtalk-connector", "version": version,
        "openclaw": {"extensions": ["./plugin.ts"]},
        "dependencies": {"dingtalk-stream": "^2.1.4"},
    });
    let manifest = json!({
        "id": CONNECTOR, "version": version, "channels": [CONNECTOR], "configSchema": {},
        "channelConfigs": {CONNECTOR: {"schema": {"additionalProperties": false, "properties":
            {"enabled": {}, "clientId": {}, "clientSecret": {}, "gatewayToken": {}, "dmPolicy": {}}}}},
    });
    let attributes = Attributes { mode: 0o755, uid: UID, gid: UID };
    let examined = |path: PathBuf, decides| Examined {
        path,
        attributes: Some(attributes),
        links: 1,
        escapes: false,
        decides,
    };
    Tree {
        release: Catalogue::built_in().release(version, |_| None),
        link: None,
        package: Package::parse(Some(package.to_string().as_bytes()), path),
        manifest: PluginManifest::parse(Some(manifest.to_string().as_bytes()), path),
        examined: vec![
            examined(path.to_owned(), true),
            examined(path.join("package.json"), false),
            examined(path.join("plugin.ts"), true),
        ],
        dependencies: vec![Dependency {
            name: "dingtalk-stream".to_owned(),
            declared: "^2.1.4".to_owned(),
            found: Some("2.1.4".to_owned()),
        }],
        host_link: None,
        bytes: 1,
        path: path.to_owned(),
    }
}

fn host() -> Host {
    Host {
        lingers: Some(true),
        may_linger: false,
        missing_programs: Vec::new(),
        node: Some("22.16.0".to_owned()),
        ffprobe: Some("/usr/bin/ffprobe".into()),
        path: Some("/usr/bin".to_owned()),
        free: Some(1 << 40),
        now_usec: 1_000_000_000,
    }
}

fn installation(home: PathBuf, paths: Paths) -> Installation {
    let unit = Unit {
        name: paths.unit.clone(),
        load_state: LoadState::Loaded,
        active_state: ActiveState::Active,
        sub_state: "running".to_owned(),
        result: "success".to_owned(),
        unit_file_state: "enabled".to_owned(),
        exec_start: vec![CommandLine {
            arguments: ["/usr/bin/node", "index.js", "gateway"].map(str::to_owned).to_vec(),
        }],
        main_pid: Some(7),
        ..Unit::default()
    };
    let managed = Managed {
        version: "255".to_owned(),
        route: "bus".to_owned(),
        environment: Environment::default(),
        unit,
        files: Vec::new(),
        unit_files: Vec::new(),
    };
    let state = FileState { bytes: Vec::new().into(), mode: 0o600, uid: UID, gid: UID };
    Installation {
        catalogue: Catalogue::newest(),
        account: Account { name: "ann".to_owned(), uid: UID, gid: UID, home },
        program: Program {
            version: Some(Version::of(2026, 3, 13)),
            package: None,
            node: Some("/usr/bin/node".into()),
            other: None,
        },
        config_files: BTreeMap::new(),
        models: Some((paths.models.clone(), state)),
        drop_in: (paths.drop_in.clone(), None),
        last_drop_in: drop_in::LAST.map(|name| (paths.drop_in.with_file_name(name), None)),
        dotenv: Vec::new(),
        service: Service::Managed(Box::new(managed)),
        record: None,
        record_path: PathBuf::new(),
        record_file: None,
        unseen: Vec::new(),
        missing_extensions: Vec::new(),
        missing_unit_dirs: Vec::new(),
        port: 18789,
        read_only: None,
        paths,
    }
}

/// What an adaptation changes.
pub(super) fn adapted() -> Refit {
    let (path, old) = ("dist/a.mjs".to_owned(), Some("old".to_owned()));
    Refit::of(&[Change { path, old, new: Some("new".to_owned()) }], Some(Version::of(2026, 9, 6)))
}

/// What speaks against an untried connector, and is not certain.
pub(super) fn doubtful() -> Prediction {
    let reasons = vec!["x".to_owned()];
    Prediction { answer: Answer::Answers, is_certain: false, reasons }
}

/// The model file with another key.
pub(super) fn with_other_key(machine: &mut Machine) {
    let path = machine.snapshot.installation.paths.models.clone();
    machine.snapshot.models = Some(models(&path, "sk-0"));
}
