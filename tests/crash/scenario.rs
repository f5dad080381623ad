//! What is tried: each command as data. A new command is one more line.

/// A command that changes files, and what has been done before it.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// Its name in the report.
    pub(crate) name: &'static str,
    /// Commands that lead to the old state; after `! ` a shell script, whose `$1` is the home.
    pub(crate) before: &'static [&'static str],
    /// The command that leads to the new one.
    pub(crate) command: &'static str,
}

const INSTALL: &str =
    "install ~/payload/0.6.0 --client-id id-1 --client-secret-file ~/secret --yes --lang en";
const INSTALL_NEXT: &str =
    "install ~/payload/0.7.0 --client-id id-2 --client-secret-file ~/secret --yes --lang en";

/// Nothing there yet: all is created.
pub(crate) const FIRST: Scenario = Scenario { name: "install", before: &[], command: INSTALL };

/// Another version is there: trees are exchanged, files replaced.
pub(crate) const OVER: Scenario =
    Scenario { name: "install over another", before: &[INSTALL], command: INSTALL_NEXT };

/// Another version of the connector, the settings stay.
pub(crate) const UPGRADE: Scenario =
    Scenario { name: "upgrade", before: &[INSTALL], command: "upgrade ~/payload/0.7.0 --yes" };

/// All of them.
pub(crate) const SCENARIOS: &[Scenario] = &[
    FIRST,
    OVER,
    UPGRADE,
    Scenario { name: "uninstall", before: &[INSTALL], command: "uninstall --yes" },
    Scenario {
        name: "rollback",
        before: &[INSTALL, "upgrade ~/payload/0.7.0"],
        command: "rollback",
    },
    Scenario { name: "rollback of all", before: &[INSTALL, "rollback"], command: "rollback" },
];

/// What `doctor --fix` makes of a tree that somebody has damaged.
pub(crate) const REPAIRS: &[Scenario] = &[
    Scenario {
        name: "repair of a changed tree",
        before: &[INSTALL, "! cd $1/.openclaw/extensions/*; echo >>plugin.ts; rm -r node_modules"],
        command: "doctor --fix --yes plugin.checksum",
    },
    Scenario {
        name: "repair of a tree that is gone",
        before: &[INSTALL, "! rm -r $1/.openclaw/extensions"],
        command: "doctor --fix --yes plugin.present",
    },
    Scenario {
        name: "repair of a link in its place",
        before: &[
            INSTALL,
            "! cd $1/.openclaw/extensions; mv dingtalk-connector $1/mine; ln -s ../../mine dingtalk-connector",
        ],
        command: "doctor --fix --yes plugin.mode-link",
    },
    Scenario {
        name: "repair of the link to the host",
        before: &[
            "! sed -i 's/\"version\": \"0.7.0\"/\"version\": \"0.8.20\"/' $1/payload/0.7.0/*.json",
            "! cd $1/payload/0.7.0; rm SHA256SUMS; find . -type f -printf '%P\\n' | xargs sha256sum >../SUMS; mv ../SUMS SHA256SUMS",
            "! touch $1/.local/lib/node_modules/openclaw/dist/openclaw",
            INSTALL_NEXT,
        ],
        command: "doctor --fix --yes plugin.host-link",
    },
];
