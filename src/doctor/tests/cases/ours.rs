//! Config, what stands beside the plugin, compat, channel.

use super::*;

pub(super) const CASES: &[Case] = &[
    case!("config.syntax", "a comma is missing", Error, false, Machine::broken_config, NEVER),
    case!("config.syntax", "it is empty", Error, false, |p| p.write("\n"), NEVER),
    case!(
        "config.accepted",
        "a key that OpenClaw does not know",
        Error,
        false,
        |p| {
            p.snapshot.log.refused_config =
                vec![r#"agents.list.0: Unrecognized key: "thinking""#.to_owned()];
            not_ready(p);
        },
        UNLOGGED
    ),
    case!(
        "config.accepted",
        "in the form of a later OpenClaw",
        Error,
        false,
        |p| {
            p.set("meta.lastTouchedVersion", json!("2026.9.6"));
            p.snapshot.log.refused_config = vec![r#"meta: Unrecognized key: "migrations""#.into()];
            not_ready(p);
        },
        UNLOGGED
    ),
    case!(
        "config.accepted",
        "the running gateway goes on with the one before",
        Warning,
        false,
        |p| p.snapshot.log.refused_config = vec!["a: Invalid input".to_owned()],
        BROKEN
    ),
    case!("config.channel-orphan", "no tree", Error, false, |p| p.snapshot.tree = None, BROKEN),
    case!(
        "config.channel-orphan",
        "no tree, but a payload",
        Error,
        true,
        |p| {
            p.snapshot.tree = None;
            p.stock(Modules::Brought);
        },
        BROKEN
    ),
    case!(
        "config.channel-orphan",
        "a link",
        Error,
        true,
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
            p.snapshot.tree = None;
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
        Some(|p| p.snapshot.tree = None)
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
        Some(|p| p.snapshot.tree = None)
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
    case!(
        "plugin.duplicate",
        "a copy",
        Error,
        true,
        |p| {
            let copy = p.snapshot.installation.paths.extensions.join("old");
            p.snapshot.other_plugins.copies.push(copy);
        },
        Some(unreadable_neighbours)
    ),
    case!(
        "plugin.duplicate",
        "a copy in another place",
        Error,
        false,
        |p| {
            p.snapshot.other_plugins.copies.push("/elsewhere".into());
        },
        Some(unreadable_neighbours)
    ),
    case!(
        "plugin.stray",
        "half a plugin",
        Error,
        true,
        |p| {
            p.snapshot.other_plugins.broken.push("/x".into());
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
        "compat.catalogue",
        "one that cannot be used",
        Warning,
        false,
        |p| {
            p.snapshot.installation.catalogue.faults.push(("/etc/x".into(), "line 1".to_owned()));
        },
        NEVER
    ),
    case!(
        "compat.matrix",
        "predicted, with doubts",
        Info,
        false,
        |p| {
            p.connector("0.9.0");
            p.snapshot.prediction = Some(doubtful());
        },
        ABSENT
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
        "not without a network",
        Warning,
        false,
        |p| {
            p.connector("0.8.14");
            p.openclaw(Some(Version::of(2026, 7, 10)));
            p.snapshot.installation.catalogue.take_them_as_they_come();
        },
        ABSENT
    ),
    case!(
        "compat.matrix",
        "adapted, it answers",
        Error,
        true,
        |p| {
            p.connector("0.8.20");
            p.openclaw(Some(Version::of(2026, 9, 6)));
            p.snapshot.refit = Ok(Some(adapted()));
            p.snapshot.deviations = Some(Vec::new());
        },
        ABSENT
    ),
    case!(
        "compat.matrix",
        "adapted in a file that somebody has changed",
        Error,
        false,
        |p| {
            p.connector("0.8.20");
            p.openclaw(Some(Version::of(2026, 9, 6)));
            p.snapshot.refit = Ok(Some(adapted()));
            p.deviate("dist/a.mjs");
        },
        ABSENT
    ),
    case!(
        "compat.matrix",
        "adapted, and not without a network as it comes",
        Warning,
        true,
        needs_network,
        ABSENT
    ),
    case!(
        "compat.matrix",
        "adapted for an OpenClaw that is gone",
        Error,
        true,
        |p| p.adapted_before(Version::of(2026, 4, 9), None),
        ABSENT
    ),
    case!(
        "compat.matrix",
        "adapted for an OpenClaw that is gone, and on this one it fails as it comes, too",
        Error,
        false,
        |p| {
            p.adapted_before(Version::of(2026, 3, 13), None);
            p.snapshot.refit = Ok(None);
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
        Some(|p| p.snapshot.tree = None)
    ),
    case!(
        "channel.access-open",
        "skipped",
        Warning,
        false,
        |p| {
            p.connector("0.6.0");
            p.set("channels.dingtalk-connector.allowFrom", json!(["me"]));
        },
        BROKEN
    ),
    case!(
        "channel.access-open",
        "a list that names nobody",
        Warning,
        false,
        |p| p.set("channels.dingtalk-connector.dmPolicy", json!("allowlist")),
        BROKEN
    ),
    case!(
        "channel.access-open",
        "an account's own",
        Warning,
        false,
        |p| p.set("channels.dingtalk-connector.accounts.a.groupPolicy", json!("allowlist")),
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
