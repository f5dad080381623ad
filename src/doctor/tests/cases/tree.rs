//! The connector's tree: is it whole, and does OpenClaw accept it?

use super::*;

pub(super) const CASES: &[Case] = &[
    case!("plugin.present", "no tree", Error, false, |p| p.snapshot.tree = None, ABSENT),
    case!(
        "plugin.present",
        "no tree, but a payload",
        Error,
        true,
        |p| {
            p.snapshot.tree = None;
            p.stock(Modules::Brought);
        },
        ABSENT
    ),
    case!(
        "plugin.present",
        "no entry",
        Error,
        false,
        |p| p.tree().examined[2].attributes = None,
        ABSENT
    ),
    case!(
        "plugin.present",
        "no entry, but a payload",
        Error,
        true,
        |p| {
            p.tree().examined[2].attributes = None;
            p.stock(Modules::Kept);
        },
        ABSENT
    ),
    case!(
        "plugin.checksum",
        "one file",
        Warning,
        false,
        |p| p.deviate("a"),
        Some(|p| p.snapshot.deviations = None)
    ),
    case!(
        "plugin.checksum",
        "one file, and a payload",
        Warning,
        true,
        |p| {
            p.deviate("a");
            p.stock(Modules::Brought);
        },
        NEVER
    ),
    case!(
        "plugin.checksum",
        "one file, and a payload, but the tree is a stranger's",
        Warning,
        false,
        |p| {
            p.deviate("a");
            p.stock(Modules::Brought);
            p.snapshot.repair_source.movable = false;
        },
        NEVER
    ),
    case!(
        "plugin.checksum",
        "one file, and a payload for which npm is missing",
        Warning,
        false,
        |p| {
            p.deviate("a");
            p.snapshot.repair_source.needs_npm = Some("/payload".into());
        },
        NEVER
    ),
    case!(
        "plugin.checksum",
        "one file's permissions",
        Warning,
        true,
        |p| {
            p.deviate("a");
            let stands = Attributes { mode: 0o600, uid: UID, gid: UID };
            let stood = Attributes { mode: 0o644, ..stands };
            p.snapshot.repair_source.modes = vec![("/a".into(), stands, stood)];
        },
        NEVER
    ),
    case!(
        "plugin.version-truth",
        "another record",
        Info,
        false,
        |p| {
            p.set("plugins.installs.dingtalk-connector.version", json!("0.6.0"));
        },
        ABSENT
    ),
    case!(
        "plugin.deps",
        "missing, and no npm",
        Error,
        false,
        |p| p.tree().dependencies[0].found = None,
        ABSENT
    ),
    case!(
        "plugin.deps",
        "missing, and npm must not be asked",
        Error,
        false,
        |p| {
            p.tree().dependencies[0].found = None;
            p.snapshot.repair_source.npm = Npm::Forbidden;
        },
        ABSENT
    ),
    case!(
        "plugin.deps",
        "missing, and npm is there",
        Error,
        true,
        |p| {
            p.tree().dependencies[0].found = None;
            p.snapshot.repair_source.npm = Npm::There;
        },
        ABSENT
    ),
    case!(
        "plugin.deps",
        "missing, and the payload has them",
        Error,
        true,
        |p| {
            p.tree().dependencies[0].found = None;
            p.deviate("node_modules/dingtalk-stream/package.json");
            p.stock(Modules::Brought);
        },
        ABSENT
    ),
    case!(
        "plugin.deps",
        "cannot connect, and the payload is no better",
        Error,
        false,
        |p| {
            p.tree().dependencies[0].found = Some("2.1.5".to_owned());
            p.deviate("a");
            p.stock(Modules::Brought);
        },
        ABSENT
    ),
    case!(
        "plugin.deps",
        "cannot connect, and npm is there",
        Error,
        true,
        |p| {
            p.tree().dependencies[0].found = Some("2.1.5".to_owned());
            p.snapshot.repair_source.npm = Npm::There;
        },
        ABSENT
    ),
    case!(
        "plugin.host-link",
        "no link",
        Error,
        true,
        |p| {
            p.connector("0.8.20");
            p.snapshot.installation.program.package = Some("/usr".into());
        },
        Some(|p| p.connector("0.8.20"))
    ),
    case!(
        "plugin.host-link",
        "no link in a stranger's tree",
        Error,
        false,
        |p| {
            p.connector("0.8.20");
            p.snapshot.installation.program.package = Some("/usr".into());
            p.snapshot.repair_source.movable = false;
        },
        Some(|p| p.connector("0.8.20"))
    ),
    case!(
        "plugin.host-link",
        "no link on the last OpenClaw that needs it",
        Error,
        true,
        |p| unlinked(p, Version::of(2026, 9, 1)),
        Some(|p| unlinked(p, Version::of(2026, 9, 6)))
    ),
    case!("plugin.mode-link", "a link", Error, true, |p| p.tree().link = Some("/x".into()), ABSENT),
    case!("plugin.ownership", "a stranger's", Error, false, |p| own(p, 5), ABSENT),
    case!(
        "plugin.ownership",
        "a stranger's, and we are root",
        Error,
        true,
        |p| {
            own(p, 5);
            p.snapshot.installation.account.uid = 0;
        },
        ABSENT
    ),
    case!(
        "plugin.mode-link",
        "anybody may write",
        Error,
        true,
        |p| {
            p.tree().examined[0].attributes = Some(Attributes { mode: 0o777, uid: UID, gid: UID });
        },
        ABSENT
    ),
    case!(
        "plugin.mode-link",
        "hard links",
        Error,
        true,
        |p| p.tree().examined[1].links = 2,
        ABSENT
    ),
    case!(
        "plugin.mode-link",
        "leads out",
        Error,
        false,
        |p| p.tree().examined[2].escapes = true,
        ABSENT
    ),
];

fn unlinked(machine: &mut Machine, openclaw: Version) {
    machine.connector("0.8.20");
    machine.snapshot.installation.program.package = Some("/usr".into());
    machine.openclaw(Some(openclaw));
}
