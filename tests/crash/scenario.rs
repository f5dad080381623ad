//! What is tried: each command as data. A new command, or a new repair, is one more line.

/// A command that changes files, and what has been done before it.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// Its name in the report.
    pub(crate) name: &'static str,
    /// What leads to the old state.
    pub(crate) before: &'static [Deed],
    /// The command that leads to the new one.
    pub(crate) command: &'static str,
}

/// One deed before the command.
#[derive(Debug)]
pub(crate) enum Deed {
    /// The program with these words.
    Program(&'static str),
    /// What somebody else does, as a shell script; `$1` is the home.
    Shell(&'static str),
}

use Deed::{Program, Shell};

// offline: a Node.js that asks DingTalk changes nothing here, and under strace takes most of the time; `machine.rs` has it
const INSTALL: &str = "--offline install ~/payload/0.6.0 --client-id id-1 --client-secret-file ~/secret --yes --lang en";
const INSTALL_NEXT: &str = "--offline install ~/payload/0.7.0 --client-id id-2 --client-secret-file ~/secret --force-incompatible --yes --lang en";

/// Whatever `doctor --fix` mends without a user manager.
const SPOIL: &str = r#"
state=$1/.openclaw
tree=$state/extensions/dingtalk-connector
chmod 777 "$tree" "$tree/plugin.ts"
chown 1234:4321 "$tree/plugin.ts" "$tree/openclaw.plugin.json"
ln "$tree/package.json" "$1/another-name"
mkdir "$state/extensions/half"
: >"$state/extensions/half/index.js"
: >"$state/extensions/stray.js"
sed -i 's/"enabled": true/"enabled": false/' "$state/openclaw.json""#;
/// Of the checks, those that need no gateway: others would find errors that nobody can mend here.
const FIX: &str = "doctor --fix plugin config gateway --yes --lang en";
/// A config that was cut off, and the copy that OpenClaw made when it was whole.
const CUT_OFF: &str = r#"
config=$1/.openclaw/openclaw.json
cp -p "$config" "$config.bak"
truncate --size=-40 "$config""#;

/// Nothing there yet: all is created.
pub(crate) const FIRST: Scenario = Scenario { name: "install", before: &[], command: INSTALL };

/// Another version is there: trees are exchanged, files replaced.
pub(crate) const OVER: Scenario =
    Scenario { name: "install over another", before: &[Program(INSTALL)], command: INSTALL_NEXT };

/// Another version of the connector, the settings stay.
pub(crate) const UPGRADE: Scenario = Scenario {
    name: "upgrade",
    before: &[Program(INSTALL)],
    command: "upgrade ~/payload/0.7.0 --yes",
};

/// Modes, owners, moves out of sight, a file with an inode of its own, and the config.
pub(crate) const DOCTOR: Scenario =
    Scenario { name: "doctor --fix", before: &[Program(INSTALL), Shell(SPOIL)], command: FIX };

/// All of them.
pub(crate) const SCENARIOS: &[Scenario] = &[
    FIRST,
    OVER,
    UPGRADE,
    Scenario { name: "uninstall", before: &[Program(INSTALL)], command: "uninstall --yes" },
    Scenario {
        name: "rollback",
        before: &[Program(INSTALL), Program("upgrade ~/payload/0.7.0")],
        command: "rollback",
    },
    Scenario {
        name: "rollback of all",
        before: &[Program(INSTALL), Program("rollback")],
        command: "rollback",
    },
    DOCTOR,
    Scenario {
        name: "rollback of doctor --fix",
        before: &[Program(INSTALL), Shell(SPOIL), Program(FIX)],
        command: "rollback",
    },
    Scenario {
        name: "doctor --restore-config",
        before: &[Program(INSTALL), Shell(CUT_OFF)],
        command: "doctor --fix --restore-config config --yes --lang en",
    },
];

/// What `doctor --fix` makes of a tree that somebody has damaged.
pub(crate) const REPAIRS: &[Scenario] = &[
    Scenario {
        name: "repair of a changed tree",
        before: &[
            Program(INSTALL),
            Shell("cd $1/.openclaw/extensions/*; echo >>plugin.ts; rm -r node_modules"),
        ],
        command: "doctor --fix --yes plugin.checksum",
    },
    Scenario {
        name: "repair of a tree that is gone",
        before: &[Program(INSTALL), Shell("rm -r $1/.openclaw/extensions")],
        command: "doctor --fix --yes plugin.present",
    },
    Scenario {
        name: "repair of a link in its place",
        before: &[
            Program(INSTALL),
            Shell(
                "cd $1/.openclaw/extensions; mv dingtalk-connector $1/mine; ln -s ../../mine dingtalk-connector",
            ),
        ],
        command: "doctor --fix --yes plugin.mode-link",
    },
    Scenario {
        name: "repair of the link to the host",
        before: &[
            Shell(
                "sed -i 's/\"version\": \"0.7.0\"/\"version\": \"0.8.20\"/' $1/payload/0.7.0/*.json",
            ),
            Shell(
                "cd $1/payload/0.7.0; rm SHA256SUMS; find . -type f -printf '%P\\n' | xargs sha256sum >../SUMS; mv ../SUMS SHA256SUMS",
            ),
            Shell("touch $1/.local/lib/node_modules/openclaw/dist/openclaw"),
            Program(INSTALL_NEXT),
            Shell("rm $1/.openclaw/extensions/dingtalk-connector/node_modules/openclaw"),
        ],
        command: "doctor --fix --yes plugin.host-link",
    },
];
