//! What is tried: each command as data. A new command is one more line.

/// A command that changes files, and what has been done before it.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// Its name in the report.
    pub(crate) name: &'static str,
    /// Commands that lead to the old state.
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
