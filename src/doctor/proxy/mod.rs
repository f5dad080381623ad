//! The proxy: does the gateway's own traffic to this machine go through one?

pub mod dingtalk;

use super::{Evidence, Finding, Severity, Snapshot, Verdict};
use crate::openclaw::document::Value;
use crate::plan::repair::Repair;
use crate::redaction::masked;
use crate::say;
use crate::snapshot::process::VariableFile;
use crate::systemd::drop_in;
use crate::systemd::environment::{Bypass, Environment, LoopbackHost, Override, Routing};

const PROXIES: [&str; 6] =
    ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// What OpenClaw's process sees, or its next one would; nothing where that cannot be known.
#[must_use]
pub fn environment(snapshot: &Snapshot) -> Option<Environment> {
    let (own, _) = base(snapshot).ok()?;
    Some(seen_by(snapshot, &own))
}

/// What OpenClaw's process sees: its environment, then what `.env` files and the config's `env`
/// add to it. Neither overrides a variable that is there.
fn seen_by(snapshot: &Snapshot, base: &Environment) -> Environment {
    let mut environment = base.clone();
    let files = snapshot.dotenv.iter().map(|file| file.environment.clone());
    for layer in files.chain([of_config(snapshot)]) {
        for (name, value) in layer.iter() {
            if environment.get(name).is_none() {
                environment.set(name, value);
            }
        }
    }
    environment
}

/// `env.vars.NAME` and `env.NAME`.
fn of_config(snapshot: &Snapshot) -> Environment {
    let mut environment = Environment::default();
    for path in [&["env", "vars"][..], &["env"]] {
        let members = snapshot.key(path).and_then(Value::as_object).into_iter().flatten();
        for (name, value) in members {
            if let Some(text) = value.as_str() {
                environment.set(name, text);
            }
        }
    }
    environment
}

/// The environment of the process that runs, or else of the next one; and what it is called.
fn base(snapshot: &Snapshot) -> Result<(Environment, String), String> {
    if let Some(process) = &snapshot.process {
        let pid = process.pid;
        let environment = process.environment.clone().ok_or_else(|| {
            say!("/proc/{pid}/environ may not be read; run it as the gateway's user", pid)
        })?;
        return Ok((environment, format!("/proc/{pid}/environ")));
    }
    let managed =
        snapshot.unit().ok_or_else(|| say!("no gateway is running, and its unit is not known"))?;
    Ok((managed.effective_environment(), managed.unit.name.clone()))
}

/// Read, not probed: OpenClaw 2026.3.13 turns to the proxy at the first run of an agent, so a
/// probe right after a restart passes on a broken machine.
pub(super) fn loopback(snapshot: &Snapshot) -> Verdict {
    let (own, place) = base(snapshot)?;
    let seen = seen_by(snapshot, &own);
    let routing = Routing::of(&seen, snapshot.installation.port);
    if !routing.is_broken() {
        return Ok(Vec::new());
    }
    let matters = routing.not_bypassed.contains(&LoopbackHost::V4)
        || routing.not_bypassed.contains(&LoopbackHost::Name);
    let severity = match (matters, snapshot.speaks_http()) {
        (true, Some(true)) => Severity::Error,
        (true, None) if snapshot.channel().is_some() => Severity::Error,
        (true, _) => Severity::Warning,
        (false, _) => Severity::Info,
    };
    let hosts: Vec<_> = routing.not_bypassed.iter().map(|host| host.in_url()).collect();
    let hosts = hosts.join(", ");
    let mut entries = Vec::new();
    for name in ["no_proxy", "NO_PROXY"] {
        entries.extend(seen.get(name).map(str::to_owned));
    }
    Finding::of(severity, say!("the gateway's own requests to {hosts} go to the proxy", hosts))
        .about(snapshot.installation.drop_in.0.display().to_string())
        .symptom(say!("fetch failed (from the second message on)"))
        .evidence(sources(snapshot, &own, &place))
        .repaired_by([Repair::Bypass { also: Bypass::of_value(&entries.join(",")) }])
        .into()
}

/// Every place that sets a proxy or its exceptions.
fn sources(snapshot: &Snapshot, own: &Environment, place: &str) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    note_all(&mut evidence, place, own);
    if let Some(managed) = snapshot.unit() {
        note_all(&mut evidence, "systemctl --user show-environment", &managed.environment);
        let unit = managed.unit.fragment_path.as_ref().map(|path| path.display().to_string());
        let unit = unit.unwrap_or_else(|| managed.unit.name.clone());
        let place = say!("{unit} with its drop-ins", unit);
        note_all(&mut evidence, &place, &managed.unit.environment);
        for file in &managed.files {
            note_all(&mut evidence, &file.path.display().to_string(), &file.environment);
        }
    }
    for VariableFile { path, environment } in &snapshot.dotenv {
        note_all(&mut evidence, &path.display().to_string(), environment);
    }
    let config = format!("{} env", snapshot.installation.paths.config.display());
    note_all(&mut evidence, &config, &of_config(snapshot));
    evidence
}

fn note_all(evidence: &mut Vec<Evidence>, place: &str, environment: &Environment) {
    for name in PROXIES.into_iter().chain(["no_proxy", "NO_PROXY"]) {
        if let Some(value) = environment.get(name) {
            let fact = format!("{name}={}", masked(value));
            evidence.push(Evidence { place: place.to_owned(), fact });
        }
    }
}

pub(super) fn dropin(snapshot: &Snapshot) -> Verdict {
    let Some(managed) = snapshot.unit() else {
        return Err(say!("the gateway's unit is not known"));
    };
    let mut findings = Vec::new();
    for file in &snapshot.drop_ins {
        let path = file.path.display().to_string();
        if drop_in::repaired(&file.text).is_some() {
            findings.push(damaged(snapshot, &file.path, &path));
        } else if !managed.unit.drop_in_paths.iter().any(|known| same_drop_in(known, &file.path)) {
            let text = say!("{path} is there, but systemd has not read it", path);
            findings.push(
                unread(text)
                    .about(path.clone())
                    .read(format!("{} DropInPaths", managed.unit.name), listed(managed)),
            );
        }
    }
    if managed.unit.need_daemon_reload && findings.is_empty() {
        let name = &managed.unit.name;
        let text = say!("{name} or a drop-in of it was changed since systemd read it", name);
        findings
            .push(unread(text).about(name.clone()).read(format!("{name} NeedDaemonReload"), "yes"));
    }
    findings.extend(undone(snapshot));
    findings.extend(stale_process(snapshot).filter(|_| findings.is_empty()));
    Ok(findings)
}

fn same_drop_in(a: &std::path::Path, b: &std::path::Path) -> bool {
    let folder = |path: &std::path::Path| {
        path.parent().and_then(|above| above.file_name().map(std::ffi::OsStr::to_owned))
    };
    a.file_name() == b.file_name() && folder(a) == folder(b)
}

fn listed(managed: &crate::snapshot::service::Managed) -> String {
    let paths: Vec<_> =
        managed.unit.drop_in_paths.iter().map(|path| path.display().to_string()).collect();
    if paths.is_empty() { "–".to_owned() } else { paths.join(" ") }
}

/// The page's own one-line text.
fn damaged(snapshot: &Snapshot, file: &std::path::Path, path: &str) -> Finding {
    let is_ours = snapshot.installation.drop_in.0.file_name() == file.file_name();
    Finding::error(say!(
        "{path} has lost its line breaks: systemd reads nothing of it (“Invalid section header”)",
        path
    ))
    .about(path.to_owned())
    .symptom(say!("fetch failed, in spite of the override"))
    .read(format!("{path}:1"), "Invalid section header")
    .remedied(
        is_ours.then(|| Repair::Bypass { also: Bypass::default() }).ok_or_else(|| {
            say!("Put them back in an editor, then: systemctl --user daemon-reload")
        }),
    )
}

fn unread(text: String) -> Finding {
    Finding::error(text)
        .hint(say!("By hand: systemctl --user daemon-reload, then systemctl --user restart openclaw-gateway"))
        .symptom(say!("the fix “does not work”"))
        .repaired_by([Repair::Restart])
}

/// Our assignment is read, and something that systemd applies after it takes it away again.
fn undone(snapshot: &Snapshot) -> Vec<Finding> {
    let undone = snapshot.undone.iter();
    undone
        .map(|undone| {
            let name = undone.spelling.name();
            let culprit = match &undone.culprit {
                Override::EnvironmentFile(path) => format!("EnvironmentFile={}", path.display()),
                Override::DropIn(path) => path.display().to_string(),
                Override::UnsetEnvironment => "UnsetEnvironment=".to_owned(),
                Override::Unknown => "?".to_owned(),
            };
            Finding::error(say!("{culprit} overrides {name} from the drop-in", culprit, name))
                .hint(say!("Add 127.0.0.1,localhost,::1,[::1] there, or remove the variable there, then: openclaw-setup doctor --fix"))
                .about(culprit.clone())
                .symptom(say!("the fix “does not work”"))
                .read(culprit, format!("{name}={}", undone.value.as_deref().unwrap_or("(unset)")))
        })
        .collect()
}

/// The next process would be right; the one that runs was started before.
fn stale_process(snapshot: &Snapshot) -> Option<Finding> {
    let running = snapshot.process.as_ref()?.environment.as_ref()?;
    let port = snapshot.installation.port;
    let next = snapshot.unit()?.effective_environment();
    let is_broken = |environment| Routing::of(&seen_by(snapshot, environment), port).is_broken();
    let pid = snapshot.process.as_ref()?.pid;
    (is_broken(running) && !is_broken(&next)).then(|| {
        let text = say!("the bypass takes effect at the next start; the running gateway (pid {pid}) was started before it", pid);
        unread(text).about(format!("/proc/{pid}/environ"))
    })
}

pub(super) fn case_clash(snapshot: &Snapshot) -> Verdict {
    let (own, place) = base(snapshot)?;
    let seen = seen_by(snapshot, &own);
    let routing = Routing::of(&seen, snapshot.installation.port);
    let (Some(lower), Some(upper)) = (seen.get("no_proxy"), seen.get("NO_PROXY")) else {
        return Ok(Vec::new());
    };
    let (a, b) = (Bypass::of_value(lower), Bypass::of_value(upper));
    if routing.proxies_set.is_empty() || (a.covers(&b) && b.covers(&a)) {
        return Ok(Vec::new());
    }
    Finding::warning(say!("no_proxy and NO_PROXY differ; Node uses no_proxy, even if it is empty, other programs may use NO_PROXY"))
        .symptom("fetch failed")
        .read(place.clone(), format!("no_proxy={lower}"))
        .read(place, format!("NO_PROXY={upper}"))
        .repaired_by([Repair::Bypass { also: Bypass::of_value(&format!("{lower},{upper}")) }])
        .into()
}

pub(super) fn socks(snapshot: &Snapshot) -> Verdict {
    let (own, place) = base(snapshot)?;
    let seen = seen_by(snapshot, &own);
    let is_socks = |name: &&str| {
        seen.get(name).is_some_and(|url| url.trim().to_lowercase().starts_with("socks"))
    };
    let named: Vec<&str> = PROXIES.into_iter().filter(is_socks).collect();
    let direct = ["no_proxy", "NO_PROXY"].iter().filter_map(|name| seen.get(name)).any(|list| {
        list.split([',', ' ']).any(|entry| entry == "*" || entry.ends_with(".dingtalk.com"))
    });
    if named.is_empty() || direct {
        return Ok(Vec::new());
    }
    let listed = named.join(", ");
    let facts = named.iter().map(|name| Evidence {
        place: place.clone(),
        fact: format!("{name}={}", masked(seen.get(name).unwrap_or_default())),
    });
    Finding::warning(say!("{listed} names a SOCKS proxy, which the connector's HTTP client does not support", listed))
        .hint(say!("Where DingTalk can be reached directly, add .dingtalk.com to no_proxy and NO_PROXY in {drop_in}; else use an http:// proxy", drop_in = snapshot.installation.drop_in.0.display()))
        .symptom("protocol mismatch")
        .evidence(facts)
        .repaired_by(dingtalk::leads_directly(snapshot).then(dingtalk::bypass))
        .into()
}
