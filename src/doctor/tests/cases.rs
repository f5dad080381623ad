//! The faults, one row each: how it is made, how bad it is, whether it has a safe repair, and when
//! it cannot be known.

use serde_json::json;

use super::patient::{Patient, UID, with_other_key};
use crate::connector::manifest::{Deviation, Difference};
use crate::doctor::Severity::{self, Error, Info, Warning};
use crate::doctor::examination::files::PrivateFile;
use crate::doctor::examination::port::Listener;
use crate::doctor::examination::units::{DropInFile, OtherUnit};
use crate::health::{ChatAnswer, Readiness};
use crate::openclaw::version::Version;
use crate::systemd::{ActiveState, LoadState};
use crate::transaction::step::Attributes;

/// One row.
pub(super) struct Case {
    pub(super) check: &'static str,
    pub(super) what: &'static str,
    pub(super) severity: Severity,
    pub(super) repairs: bool,
    pub(super) fault: fn(&mut Patient),
    pub(super) unknown: Option<fn(&mut Patient)>,
}

const NEVER: Option<fn(&mut Patient)> = None;

/// A row in one line.
macro_rules! case {
    ($check:literal, $what:literal, $severity:expr, $repairs:expr, $fault:expr, $unknown:expr) => {
        Case {
            check: $check,
            what: $what,
            severity: $severity,
            repairs: $repairs,
            fault: $fault,
            unknown: $unknown,
        }
    };
}

const BROKEN: Option<fn(&mut Patient)> = Some(Patient::broken_config);
const ABSENT: Option<fn(&mut Patient)> = Some(Patient::no_dingtalk);
const UNMANAGED: Option<fn(&mut Patient)> = Some(Patient::unmanaged);
const UNLOGGED: Option<fn(&mut Patient)> = Some(Patient::no_log);

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
            p.examination.picture.port = 19000;
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
            p.examination.listener = Listener::Hidden { uid: 5 };
        },
        Some(|p| p.examination.listener = Listener::Unknown)
    ),
    case!(
        "gateway.listener",
        "a second unit",
        Warning,
        false,
        |p| {
            p.examination.other_units.push(OtherUnit {
                path: "/u/clawdbot-gateway.service".into(),
                exec_start: "clawdbot gateway".to_owned(),
                of_system: false,
                enabled: false,
            });
        },
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
        UNMANAGED
    ),
    case!(
        "gateway.health",
        "not ready",
        Error,
        false,
        not_ready,
        Some(|p| {
            not_ready(p);
            p.managed().unit.main_start_usec = p.examination.host.now_usec;
        })
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
        "[::1] only",
        Info,
        true,
        |p| {
            p.environment(&["http_proxy=http://p:1", "no_proxy=127.0.0.1,localhost,::1"]);
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
    case!("service.bus", "none", Error, false, Patient::unmanaged, NEVER),
    case!(
        "service.linger",
        "off",
        Warning,
        false,
        |p| {
            p.examination.host.lingers = Some(false);
        },
        Some(|p| p.examination.host.lingers = None)
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
        "llm.api-mode",
        "responses",
        Error,
        true,
        |p| {
            p.set("models.providers.openai.api", json!("openai-responses"));
        },
        BROKEN
    ),
    case!(
        "llm.models-json",
        "another key",
        Error,
        true,
        with_other_key,
        Some(|p| {
            p.examination.picture.models = None;
        })
    ),
    case!(
        "llm.credentials",
        "a placeholder",
        Error,
        false,
        |p| {
            p.set("models.providers.openai.apiKey", json!("你的API_KEY"));
        },
        BROKEN
    ),
    case!("llm.reach", "timed out", Warning, false, |p| p.log("LLM request timed out"), UNLOGGED),
    case!(
        "dingtalk.credentials",
        "a placeholder",
        Error,
        false,
        |p| {
            p.set("channels.dingtalk-connector.clientSecret", json!("your-secret"));
        },
        BROKEN
    ),
    case!("dingtalk.stream", "failed", Error, false, |p| p.log("get endpoint failed"), UNLOGGED),
    case!(
        "host.node",
        "too old",
        Error,
        false,
        |p| {
            p.examination.host.node = Some("20.1.0".to_owned());
        },
        Some(|p| p.examination.host.node = None)
    ),
    case!(
        "host.ffprobe",
        "none",
        Info,
        false,
        |p| p.examination.host.ffprobe = None,
        Some(|p| {
            p.examination.host.path = None;
        })
    ),
    case!(
        "host.space",
        "full",
        Warning,
        false,
        |p| p.examination.host.free = Some(1),
        Some(|p| {
            p.examination.host.free = None;
        })
    ),
    case!(
        "host.leftovers",
        "cut off",
        Warning,
        false,
        |p| {
            p.examination.pending = Some(("20260101".to_owned(), "install".to_owned()));
        },
        NEVER
    ),
    case!(
        "host.leftovers",
        "a stage",
        Warning,
        true,
        |p| {
            p.examination.neighbours.stages.push("/x/.openclaw-install-stage-a".into());
        },
        NEVER
    ),
];

fn private(patient: &mut Patient, mode: u32, shielded: bool) {
    let attributes = Attributes { mode, uid: UID, gid: UID };
    let path = patient.examination.picture.paths.config.clone();
    patient.examination.private_files = vec![PrivateFile { path, attributes, shielded }];
}

fn own(patient: &mut Patient, uid: u32) {
    patient.tree().examined[0].attributes = Some(Attributes { mode: 0o755, uid, gid: uid });
}

fn unreadable_neighbours(patient: &mut Patient) {
    patient.examination.neighbours.unreadable = Some("Permission denied".to_owned());
}

fn answer(patient: &mut Patient, chat: ChatAnswer) {
    patient.examination.answers.as_mut().unwrap().chat = chat;
}

fn not_ready(patient: &mut Patient) {
    patient.examination.answers.as_mut().unwrap().readiness = Readiness::NoListener;
}

fn hidden(patient: &mut Patient) {
    patient.examination.process.as_mut().unwrap().environment = None;
}

fn drop_in(patient: &mut Patient, text: &str) {
    let path = patient.examination.picture.paths.drop_in.clone();
    let file = DropInFile { path, text: text.to_owned(), modified_usec: 0 };
    patient.examination.drop_ins = vec![file];
}
