//! Config, plugin, compat, channel.

use super::*;

pub(super) const CASES: &[Case] = &[
    case!("config.syntax", "a comma is missing", Error, false, Patient::broken_config, NEVER),
    case!("config.channel-orphan", "no tree", Error, false, |p| p.examination.tree = None, BROKEN),
    case!(
        "config.channel-orphan",
        "a link",
        Error,
        false,
        |p| p.tree().link = Some("/x".into()),
        ABSENT
    ),
    case!(
        "config.channel-orphan",
        "tolerated later",
        Warning,
        false,
        |p| {
            p.openclaw(Some(Version::of(2026, 6, 1)));
            p.examination.tree = None;
        },
        ABSENT
    ),
    case!(
        "config.legacy-keys",
        "enforced",
        Error,
        true,
        |p| {
            p.openclaw(Some(Version::of(2026, 4, 9)));
            p.set("channels.dingtalk-connector.sessionTimeout", json!(1));
        },
        Some(|p| p.examination.tree = None)
    ),
    case!(
        "config.legacy-keys",
        "not yet enforced",
        Info,
        true,
        |p| {
            p.set("channels.dingtalk-connector.gatewayUrl", json!("x"));
        },
        BROKEN
    ),
    case!(
        "config.key-inert",
        "another address",
        Warning,
        false,
        |p| {
            p.set("channels.dingtalk-connector.gatewayUrl", json!("http://10.0.0.1:1"));
        },
        Some(|p| p.examination.tree = None)
    ),
    case!(
        "config.key-inert",
        "no longer read",
        Info,
        false,
        |p| {
            p.connector("0.8.3");
            p.set("channels.dingtalk-connector.sessionTimeout", json!(1));
        },
        BROKEN
    ),
    case!(
        "config.allowlist",
        "not allowed",
        Error,
        true,
        |p| p.set("plugins.allow", json!(["x"])),
        BROKEN
    ),
    case!(
        "config.allowlist",
        "denied",
        Error,
        true,
        |p| p.set("plugins.deny", json!(["dingtalk-connector"])),
        ABSENT
    ),
    case!(
        "config.allowlist",
        "all plugins off",
        Error,
        false,
        |p| p.set("plugins.enabled", json!(false)),
        ABSENT
    ),
    case!("config.secret-perms", "readable", Warning, true, |p| private(p, 0o644, false), NEVER),
    case!(
        "config.secret-perms",
        "readable, but shielded",
        Info,
        false,
        |p| private(p, 0o644, true),
        NEVER
    ),
    case!("config.include", "comments", Info, false, |p| p.write("{/* mine */}"), BROKEN),
    case!("plugin.present", "no tree", Error, false, |p| p.examination.tree = None, ABSENT),
    case!(
        "plugin.present",
        "no entry",
        Error,
        false,
        |p| p.tree().examined[2].attributes = None,
        ABSENT
    ),
    case!(
        "plugin.checksum",
        "one file",
        Warning,
        false,
        |p| {
            p.examination.deviations =
                Some(vec![Deviation { path: "a".to_owned(), kind: Difference::Changed }]);
        },
        Some(|p| p.examination.deviations = None)
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
        "missing",
        Error,
        false,
        |p| p.tree().dependencies[0].found = None,
        ABSENT
    ),
    case!(
        "plugin.deps",
        "cannot connect",
        Error,
        false,
        |p| {
            p.tree().dependencies[0].found = Some("2.1.5".to_owned());
        },
        ABSENT
    ),
    case!(
        "plugin.host-link",
        "no link",
        Error,
        false,
        |p| {
            p.connector("0.8.20");
            p.examination.picture.program.package = Some("/usr".into());
        },
        Some(|p| p.connector("0.8.20"))
    ),
    case!("plugin.ownership", "a stranger's", Error, false, |p| own(p, 5), ABSENT),
    case!(
        "plugin.ownership",
        "a stranger's, and we are root",
        Error,
        true,
        |p| {
            own(p, 5);
            p.examination.picture.account.uid = 0;
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
    case!(
        "plugin.duplicate",
        "a copy",
        Error,
        true,
        |p| {
            let copy = p.examination.picture.paths.extensions.join("old");
            p.examination.neighbours.copies.push(copy);
        },
        Some(unreadable_neighbours)
    ),
    case!(
        "plugin.duplicate",
        "a copy in another place",
        Error,
        false,
        |p| {
            p.examination.neighbours.copies.push("/elsewhere".into());
        },
        Some(unreadable_neighbours)
    ),
    case!(
        "plugin.stray",
        "half a plugin",
        Error,
        true,
        |p| {
            p.examination.neighbours.broken.push("/x".into());
        },
        Some(unreadable_neighbours)
    ),
    case!(
        "plugin.rival",
        "the same bot",
        Warning,
        false,
        |p| {
            p.set("channels.dingtalk.clientId", json!("id"));
        },
        BROKEN
    ),
    case!(
        "plugin.load",
        "the log says so",
        Error,
        false,
        |p| {
            p.log("dingtalk-connector failed to load from /x: Error");
        },
        UNLOGGED
    ),
    case!(
        "compat.matrix",
        "a clash",
        Error,
        false,
        |p| p.connector("0.8.13"),
        Some(|p| p.openclaw(None))
    ),
    case!(
        "compat.matrix",
        "reported only",
        Warning,
        false,
        |p| {
            p.connector("0.8.3");
            p.openclaw(Some(Version::of(2026, 3, 22)));
        },
        ABSENT
    ),
    case!(
        "channel.restart-loop",
        "by its version",
        Warning,
        false,
        |p| p.connector("0.6.0"),
        ABSENT
    ),
    case!(
        "channel.restart-loop",
        "given up",
        Error,
        false,
        |p| {
            p.log("giving up after 10 restart attempts");
        },
        ABSENT
    ),
    case!(
        "channel.access-open",
        "pairing",
        Warning,
        false,
        |p| {
            p.set("channels.dingtalk-connector.dmPolicy", json!("pairing"));
        },
        Some(|p| p.examination.tree = None)
    ),
    case!(
        "channel.access-open",
        "not looked at",
        Warning,
        false,
        |p| {
            p.connector("0.6.0");
            p.set("channels.dingtalk-connector.allowFrom", json!(["me"]));
        },
        BROKEN
    ),
    case!(
        "group.visible-replies",
        "unset",
        Warning,
        false,
        |p| {
            p.openclaw(Some(Version::of(2026, 6, 1)));
        },
        Some(|p| p.openclaw(None))
    ),
];
