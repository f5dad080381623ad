//! Gateway, proxy, service, host.

use std::sync::Arc;

use super::*;
use crate::fs::{Action, FileError};
use crate::snapshot::{Part, Pending, Unseen};
use crate::systemd::environment::{Environment, SetFile};

pub(super) const CASES: &[Case] = &[
    case!(
        "gateway.endpoint",
        "off in the config",
        Error,
        true,
        |p| {
            p.set("gateway.http", json!({}));
        },
        BROKEN
    ),
    case!(
        "gateway.endpoint",
        "off in the process",
        Error,
        true,
        |p| answer(p, ChatAnswer::Disabled),
        ABSENT
    ),
    case!("gateway.endpoint", "on and unneeded", Info, false, |p| p.connector("0.8.3"), ABSENT),
    case!("gateway.auth", "refused", Error, false, |p| answer(p, ChatAnswer::Unauthorised), BROKEN),
    case!(
        "gateway.auth",
        "another token",
        Error,
        true,
        |p| {
            answer(p, ChatAnswer::Unauthorised);
            p.set("gateway.auth", json!({"mode": "token", "token": "t"}));
        },
        BROKEN
    ),
    case!("gateway.auth", "exposed", Error, false, |p| p.set("gateway.bind", json!("lan")), BROKEN),
    case!(
        "gateway.auth",
        "no header can carry it",
        Error,
        true,
        |p| {
            p.set("channels.dingtalk-connector.gatewayToken", json!("你的gatewayToken"));
        },
        BROKEN
    ),
    case!(
        "gateway.port",
        "another port",
        Error,
        false,
        |p| {
            p.connector("0.6.0");
            p.set("gateway.port", json!(19000));
            p.snapshot.installation.port = 19000;
        },
        ABSENT
    ),
    case!(
        "gateway.port",
        "moved in vain",
        Warning,
        false,
        |p| p.set("gateway.port", json!(19000)),
        ABSENT
    ),
    case!(
        "gateway.listener",
        "a stranger",
        Error,
        false,
        |p| {
            p.snapshot.listener = Listener::Hidden { uid: 5 };
        },
        Some(|p| p.snapshot.listener = Listener::Unknown)
    ),
    case!(
        "gateway.listener",
        "a second unit on the same port",
        Error,
        false,
        |p| second_unit(p, Some(18789), &[]),
        NEVER
    ),
    case!(
        "gateway.listener",
        "a second unit with the same bot",
        Error,
        false,
        |p| second_unit(p, Some(19000), &["id"]),
        NEVER
    ),
    case!(
        "gateway.listener",
        "the gateway is a unit of the system",
        Info,
        false,
        |p| elsewhere(p),
        NEVER
    ),
    case!(
        "gateway.health",
        "not running",
        Error,
        false,
        |p| {
            p.managed().unit.active_state = ActiveState::Inactive;
        },
        Some(elsewhere)
    ),
    case!(
        "gateway.health",
        "not ready",
        Error,
        false,
        not_ready,
        Some(|p| p.managed().unit.sub_state = "auto-restart".to_owned())
    ),
    case!(
        "gateway.health",
        "too many requests",
        Error,
        false,
        |p| answer(p, ChatAnswer::RateLimited),
        NEVER
    ),
    case!(
        "proxy.loopback",
        "a proxy",
        Error,
        true,
        |p| p.environment(&["http_proxy=http://p:1"]),
        Some(hidden)
    ),
    case!(
        "proxy.loopback",
        "by the name only",
        Warning,
        true,
        |p| {
            p.environment(&["http_proxy=http://p:1", "no_proxy=127.0.0.1"]);
        },
        UNMANAGED
    ),
    case!(
        "proxy.loopback",
        "nothing of ours beats it",
        Error,
        false,
        |p| {
            p.environment(&["http_proxy=http://p:1"]);
            p.managed().unit.unset_environment = vec!["no_proxy".to_owned(), "NO_PROXY".to_owned()];
        },
        UNMANAGED
    ),
    case!(
        "proxy.dropin",
        "not read",
        Error,
        true,
        |p| {
            drop_in(p, "[Service]\nEnvironment=no_proxy=127.0.0.1\n");
        },
        UNMANAGED
    ),
    case!(
        "proxy.dropin",
        "on one line",
        Error,
        true,
        |p| {
            drop_in(
                p,
                "[Service]Environment=\"no_proxy=127.0.0.1\"Environment=\"NO_PROXY=127.0.0.1\"",
            );
        },
        UNMANAGED
    ),
    case!(
        "proxy.dropin",
        "not in the process yet",
        Error,
        true,
        |p| {
            p.environment(&["http_proxy=http://p:1"]);
            p.managed().unit.environment.set("no_proxy", "*");
        },
        UNMANAGED
    ),
    case!(
        "proxy.case-clash",
        "they differ",
        Warning,
        true,
        |p| {
            p.environment(&["http_proxy=http://p:1", "no_proxy=", "NO_PROXY=localhost"]);
        },
        Some(hidden)
    ),
    case!(
        "proxy.socks",
        "SOCKS",
        Warning,
        false,
        |p| {
            p.environment(&["all_proxy=socks5://p:1"]);
        },
        Some(hidden)
    ),
    case!("service.bus", "none", Error, false, Machine::unmanaged, Some(elsewhere)),
    case!(
        "service.linger",
        "off",
        Warning,
        false,
        |p| {
            p.snapshot.host.lingers = Some(false);
        },
        Some(|p| p.snapshot.host.lingers = None)
    ),
    case!(
        "service.linger",
        "off, and logind would switch it on",
        Warning,
        true,
        |p| {
            p.snapshot.host.lingers = Some(false);
            p.snapshot.host.may_linger = true;
        },
        Some(|p| p.snapshot.host.lingers = None)
    ),
    case!(
        "service.unit",
        "missing",
        Error,
        false,
        |p| {
            p.managed().unit.load_state = LoadState::NotFound;
        },
        UNMANAGED
    ),
    case!(
        "service.unit",
        "disabled",
        Warning,
        false,
        |p| {
            p.managed().unit.unit_file_state = "disabled".to_owned();
        },
        UNMANAGED
    ),
    case!(
        "service.environment-file",
        "systemd minds",
        Error,
        false,
        |p| unreadable(p, false),
        NEVER
    ),
    case!(
        "service.environment-file",
        "systemd does not mind",
        Warning,
        false,
        |p| unreadable(p, true),
        NEVER
    ),
    case!(
        "service.crashloop",
        "failed",
        Error,
        false,
        |p| {
            p.managed().unit.active_state = ActiveState::Failed;
        },
        UNMANAGED
    ),
    case!(
        "service.crashloop",
        "flaps",
        Warning,
        false,
        |p| p.managed().unit.n_restarts = 7,
        UNMANAGED
    ),
    case!(
        "service.crashloop",
        "it is up for a moment, and not ready",
        Error,
        false,
        |p| {
            p.managed().unit.n_restarts = 7;
            not_ready(p);
        },
        UNMANAGED
    ),
    case!(
        "host.node",
        "too old",
        Error,
        false,
        |p| {
            p.snapshot.host.node = Some("20.1.0".to_owned());
        },
        Some(|p| p.snapshot.host.node = None)
    ),
    case!(
        "host.openclaw",
        "another one on the PATH",
        Info,
        false,
        |p| {
            let program = &mut p.snapshot.installation.program;
            program.package = Some("/a".into());
            program.other = Some(("/b".into(), Version::of(2026, 5, 7)));
        },
        Some(|p| p.openclaw(None))
    ),
    case!(
        "host.openclaw",
        "a later one wrote the config",
        Info,
        false,
        |p| {
            p.snapshot.installation.program.package = Some("/a".into());
            p.set("meta.lastTouchedVersion", json!("2026.9.6"));
        },
        Some(|p| p.openclaw(None))
    ),
    case!(
        "host.ffprobe",
        "none",
        Info,
        false,
        |p| p.snapshot.host.ffprobe = None,
        Some(|p| {
            p.snapshot.host.path = None;
        })
    ),
    case!(
        "host.space",
        "full",
        Warning,
        false,
        |p| p.snapshot.host.free = Some(1),
        Some(|p| {
            p.snapshot.host.free = None;
        })
    ),
    case!(
        "config.read-only",
        "managed elsewhere",
        Warning,
        false,
        |p| p.snapshot.installation.read_only = Some("OPENCLAW_NIX_MODE"),
        NEVER
    ),
    case!(
        "host.leftovers",
        "cut off",
        Error,
        false,
        |p| {
            p.snapshot.pending = Some(Pending {
                id: "20260101".to_owned(),
                command: "install".to_owned(),
                at_work: false,
            });
        },
        Some(|p| unseen(p, Some(Part::Records)))
    ),
    case!(
        "host.leftovers",
        "a stage",
        Warning,
        true,
        |p| {
            p.snapshot.other_plugins.stages.push("/x/.openclaw-install-stage-a".into());
        },
        NEVER
    ),
    case!("host.access", "closed", Error, false, |p| unseen(p, Some(Part::Models)), NEVER),
    case!("host.access", "somebody else's", Warning, false, |p| unseen(p, None), NEVER),
];

fn unseen(machine: &mut Machine, part: Option<Part>) {
    let error = FileError::at(Action::Read, "/x")(rustix::io::Errno::ACCESS).into();
    machine.snapshot.installation.unseen.push(Unseen { part, error });
}

fn unreadable(machine: &mut Machine, optional: bool) {
    let error = FileError::at(Action::Read, "/env")(rustix::io::Errno::ISDIR);
    let (path, fault) = (error.path.clone(), Some(Arc::new(error)));
    let environment = Environment::default();
    machine.managed().files.push(SetFile { path, environment, fault, optional });
}
