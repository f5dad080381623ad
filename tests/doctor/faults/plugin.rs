//! The plugin: what OpenClaw does not accept, what stands beside it, what was changed in it.

use super::{Cure, Fault, LOOP, TREE, by_root, go_through, shell};
use crate::patient::healthy;

/// A mode that OpenClaw does not accept: it looks past the plugin, and refuses its channel.
const SHUT_OUT: &[(&str, &str)] = &[
    ("plugin.mode-link", "error"),
    ("config.channel-orphan", "error"),
    ("plugin.checksum", "warning"),
    LOOP,
];

#[test]
fn the_plugins_tree_is_not_accepted() {
    go_through(
        &healthy(),
        &[
            Fault {
                name: "anybody may write the tree",
                make: |m| shell(m, &format!("chmod 777 ~/{TREE}")),
                named: SHUT_OUT,
                cure: Cure::Fix,
            },
            Fault {
                name: "anybody may write the entry",
                make: |m| shell(m, &format!("chmod 666 ~/{TREE}/plugin.ts")),
                named: SHUT_OUT,
                cure: Cure::Fix,
            },
            Fault {
                name: "anybody may write the entry, which has a second name",
                make: |m| {
                    shell(
                        m,
                        &format!("chmod 666 ~/{TREE}/plugin.ts; ln ~/{TREE}/plugin.ts ~/second.ts"),
                    );
                },
                named: SHUT_OUT,
                cure: Cure::Fix,
            },
            Fault {
                name: "the manifest has a hard link",
                make: |m| shell(m, &format!("ln ~/{TREE}/plugin.ts ~/twin.ts")),
                named: &[("plugin.mode-link", "error"), ("config.channel-orphan", "error"), LOOP],
                cure: Cure::Fix,
            },
        ],
    );
}

#[test]
fn something_else_lies_in_extensions() {
    go_through(
        &healthy(),
        &[
            Fault {
                name: "a copy",
                make: |m| shell(m, &format!("cp -a ~/{TREE} ~/{TREE}.bak.20260101")),
                named: &[("plugin.duplicate", "error")],
                cure: Cure::Fix,
            },
            Fault {
                name: "half a plugin",
                make: |m| {
                    shell(
                        m,
                        r#"mkdir ~/.openclaw/extensions/half; echo '{"openclaw": {"extensions": ["./x.ts"]}}' >~/.openclaw/extensions/half/package.json"#,
                    );
                },
                named: &[("plugin.stray", "error"), LOOP],
                cure: Cure::Fix,
            },
            Fault {
                name: "a stage of OpenClaw's own installer",
                make: |m| shell(m, "mkdir ~/.openclaw/extensions/.openclaw-install-stage-abc"),
                named: &[("host.leftovers", "warning")],
                cure: Cure::Fix,
            },
        ],
    );
}

/// Nothing there that OpenClaw could load: it refuses the channel.
const GONE: &[(&str, &str)] = &[
    ("plugin.present", "error"),
    ("plugin.checksum", "warning"),
    ("config.channel-orphan", "error"),
    LOOP,
];

#[test]
fn the_connector_is_another_than_it_should_be() {
    go_through(
        &healthy(),
        &[
            Fault {
                name: "the tree is gone",
                make: |m| shell(m, &format!("rm -r ~/{TREE}")),
                named: GONE,
                cure: Cure::Fix,
            },
            Fault {
                name: "its entry is gone",
                make: |m| shell(m, &format!("rm ~/{TREE}/plugin.ts")),
                named: GONE,
                cure: Cure::Fix,
            },
            Fault {
                name: "a file was edited",
                make: |m| shell(m, &format!("echo >>~/{TREE}/plugin.ts")),
                named: &[("plugin.checksum", "warning")],
                cure: Cure::Fix,
            },
            Fault {
                name: "it does not compile",
                make: |m| shell(m, &format!("echo @@ >>~/{TREE}/plugin.ts")),
                named: &[("plugin.checksum", "warning"), ("plugin.load", "error")],
                cure: Cure::Fix,
            },
            Fault {
                name: "a dependency is missing, another cannot connect",
                make: |m| {
                    shell(
                        m,
                        &format!(
                            r#"cd ~/{TREE}; sed -i 's/"private"/"dependencies": {{"axios": "1", "dingtalk-stream": "^2.1.4"}}, "private"/' package.json
                mkdir -p node_modules/dingtalk-stream; echo '{{"version": "2.1.5"}}' >node_modules/dingtalk-stream/package.json"#
                        ),
                    );
                },
                named: &[("plugin.checksum", "warning"), ("plugin.deps", "error")],
                cure: Cure::Fix,
            },
            Fault {
                name: "a version that this OpenClaw cannot load",
                make: |m| {
                    shell(
                        m,
                        &format!(
                            r#"sed -i 's/"version": "0.6.0"/"version": "0.8.13"/' ~/{TREE}/package.json"#
                        ),
                    );
                },
                named: &[("plugin.checksum", "warning"), ("compat.matrix", "error")],
                cure: Cure::Fix,
            },
            Fault {
                name: "a published version that leaks connections",
                make: |m| {
                    shell(m, &format!("sed -i s,@sandbox/,@openclaw/, ~/{TREE}/package.json"));
                },
                named: &[("plugin.checksum", "warning"), ("channel.restart-loop", "warning")],
                cure: Cure::Fix,
            },
            Fault {
                name: "it belongs to somebody else",
                make: |m| by_root(m, &format!("chown -R 1234 /home/tester/{TREE}")),
                named: &[("plugin.ownership", "error"), ("config.channel-orphan", "error"), LOOP],
                cure: Cure::Advice,
            },
        ],
    );
}
