//! What these tests share: connectors of other versions, quick machines, and looks at what was kept.

use serde_json::Value;

use crate::bench::program::{CONFIG, CONNECTOR, DROP_IN, SECRET, assert_exit, json};
use crate::bench::snapshot::{RECORDS, Snapshot};
use crate::bench::{HOME, Machine, Order, said};

/// The bypass of the page, as a file of the user's own.
pub(crate) const DROP_IN_OF_MINE: &str =
    "[Service]\n# mine\nEnvironment=\"no_proxy=corp.example\"\nMemoryMax=2G\n";

/// A channel block's schema that knows only four keys, as a newer connector may bring it.
const CLOSED_SCHEMA: &str = r#"sed -i '/"channels"/a "channelConfigs": {"dingtalk-connector": {"schema": {"type": "object", "additionalProperties": false, "properties": {"enabled": {}, "clientId": {}, "clientSecret": {}, "dmPolicy": {}}}}},' openclaw.plugin.json"#;

/// A line that is no TypeScript: the gateway cannot load such a connector.
const BROKEN: &str = "echo '@@ this is no TypeScript' >>plugin.ts";

impl Machine {
    /// A furnished home without a manager in which DingTalk has been set up.
    pub(crate) fn home_with_dingtalk() -> Self {
        let machine = Self::only_a_home();
        assert_exit(&machine.install(&[]).run(), 0);
        machine
    }

    /// A connector that the gateway cannot load.
    pub(crate) fn broken_connector(&self, version: &str) -> String {
        self.altered_connector(version, BROKEN)
    }

    /// A connector that forbids most keys of the channel block.
    pub(crate) fn strict_connector(&self, version: &str) -> String {
        self.altered_connector(version, CLOSED_SCHEMA)
    }

    /// `openclaw-setup upgrade` to the connector in that directory.
    pub(crate) fn upgrade(&self, source: &str, more: &[&str]) -> Order<'_> {
        self.setup(&[&["upgrade", source], more].concat())
    }

    /// Runs a command of the program that has to succeed, and returns all that it said.
    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let output = self.setup(arguments).run();
        assert_exit(&output, 0);
        assert!(!said(&output).contains(SECRET), "{}", said(&output));
        said(&output)
    }

    /// The home without the program's own records: what must be as before.
    pub(crate) fn theirs(&self) -> Snapshot {
        self.home().without(RECORDS)
    }

    /// The version that the live tree tells; `None` where there is no tree.
    pub(crate) fn live_version(&self) -> Option<String> {
        if !self.has(CONNECTOR) {
            return None;
        }
        let package: Value =
            serde_json::from_slice(&self.read(format!("{CONNECTOR}/package.json"))).unwrap();
        package["version"].as_str().map(str::to_owned)
    }

    /// The id of the newest transaction.
    pub(crate) fn newest(&self) -> String {
        self.transactions()[0]["id"].as_str().unwrap().to_owned()
    }

    /// Replaces one text by another in a file, which has to hold it, as an editor would.
    #[track_caller]
    pub(crate) fn edit(&self, file: &str, old: &str, new: &str) {
        let text = self.read_text(file);
        assert!(text.contains(old), "{old} is not in {file}:\n{text}");
        self.write(file, text.replace(old, new));
    }

    /// Whether OpenClaw accepts its config.
    #[track_caller]
    pub(crate) fn assert_config_valid(&self) {
        let judged = self.run(&[".local/bin/openclaw", "config", "validate"]);
        assert!(judged.status.success(), "{}\n{}", said(&judged), self.read_text(CONFIG));
    }

    /// The config's meaning, comments and all allowed.
    pub(crate) fn meaning(&self) -> Value {
        let script = "import sys, json; sys.path.insert(0, sys.argv[1]); import json5; print(json.dumps(json5.loads(open(sys.argv[2], encoding='utf-8').read())))";
        let stand_in = format!("{HOME}/.local/lib/node_modules/openclaw/dist");
        let text = self.ask(&["/usr/bin/python3", "-c", script, &stand_in, CONFIG]);
        serde_json::from_str(&text).unwrap()
    }

    /// OpenClaw in another version than the sandbox's 2026.3.13, which `file` tells: without a unit the config. The sample
    /// connector becomes one that answers there.
    pub(crate) fn let_openclaw_be(&self, version: &str, file: &str) {
        self.edit(file, "2026.3.13", version);
        self.shell(
            "cd payload/dingtalk-connector; sed -i 's/\"0\\.6\\.0\"/\"0.8.13\"/' package.json openclaw.plugin.json
             sha256sum *.json plugin.ts >SHA256SUMS",
        );
    }

    /// Fails unless a copy of this file, with this text in it, is kept in a transaction.
    #[track_caller]
    pub(crate) fn assert_kept(&self, file: &str, text: &str) {
        let found = self
            .shell(&format!("grep -rlF '{text}' {RECORDS}/transactions --include={file} || true"));
        assert!(!found.is_empty(), "no copy of {file} with {text} is kept");
    }

    /// What the page tells people to do by hand, done: nothing of it is in our records.
    pub(crate) fn set_up_by_hand(&self) {
        self.shell(&format!("mkdir -p .openclaw/extensions; cp -R payload/dingtalk-connector {CONNECTOR}; rm {CONNECTOR}/SHA256SUMS"));
        self.edit(CONFIG, "  \"tools\"", r#"  "channels": {"dingtalk-connector": {"enabled": true, "clientId": "by-hand", "clientSecret": "s3cret-by-hand", "gatewayUrl": "http://127.0.0.1:18789"}},
  "plugins": {"entries": {"dingtalk-connector": {"enabled": true}}, "installs": {"dingtalk-connector": {"source": "path", "sourcePath": "/home/tester/.openclaw/extensions/dingtalk-connector", "installPath": "/home/tester/.openclaw/extensions/dingtalk-connector", "version": "0.6.0", "installedAt": "2026-03-16T00:00:00.000Z"}}},
  "tools""#);
        self.assert_config_valid();
    }
}

/// Fails unless `command`, which takes ours out again, leaves a drop-in that was edited since with the edits and without ours:
/// one that we made, and one that was there before.
#[track_caller]
pub(crate) fn assert_an_edited_drop_in_keeps_the_edits(command: &str) {
    for before in ["", DROP_IN_OF_MINE] {
        let machine = Machine::only_a_home();
        if !before.is_empty() {
            machine.write(DROP_IN, before);
        }
        assert_exit(&machine.install(&[]).run(), 0);
        let with_ours = machine.read_text(DROP_IN);
        machine.write(DROP_IN, format!("{with_ours}# since\nNice=5\n"));
        machine.done(&[command]);
        let left = machine.read_text(DROP_IN);
        assert!(left.contains("# since\nNice=5\n") && !left.contains("127.0.0.1"), "{left}");
        assert_eq!(left.contains("no_proxy=corp.example"), !before.is_empty(), "{left}");
        assert_eq!(left.contains("MemoryMax=2G"), !before.is_empty(), "{left}");
        assert!(!left.contains("NO_PROXY"), "{left}");
    }
}

/// The steps of a plan in a `--json` document: a file's or the tree's by what it is, a job by its name.
pub(crate) fn steps(output: &std::process::Output) -> Vec<String> {
    let document = json(output);
    let steps = document["steps"].as_array().unwrap();
    let names = steps.iter().map(|step| step["role"].as_str().or(step["step"].as_str()).unwrap());
    names.filter(|name| !name.ends_with("-directory")).map(str::to_owned).collect()
}

/// The codes of the remarks in a `--json` document.
pub(crate) fn remarks(output: &std::process::Output) -> Vec<String> {
    let document = json(output);
    let notes = document["notes"].as_array().unwrap();
    notes.iter().map(|note| note["code"].as_str().unwrap().to_owned()).collect()
}
