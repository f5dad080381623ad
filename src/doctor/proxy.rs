//! The proxy: does the gateway's own traffic to this machine go through one?
//!
//! Does what the connector sends to DingTalk survive the proxy?

use super::finding::only_live;
use super::{Evidence, Finding, Severity, Snapshot, Verdict};
use crate::connector::release::Habit;
use crate::language::Localized;
use crate::outside::Route;
use crate::outside::dingtalk::{BotAnswers, TOKEN_URL};
use crate::plan::bypass;
use crate::plan::repair::Repair;
use crate::redaction::masked;
use crate::snapshot::installation::environment_of_config;
use crate::snapshot::service::Managed;
use crate::systemd::drop_in;
use crate::systemd::environment::{
    Bypass, Environment, Routing, Spelling, Target, UnitFile, axios_proxy,
};

const PROXIES: [&str; 6] =
    ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// What OpenClaw's process sees, or its next one would; nothing where that cannot be known.
pub fn environment(snapshot: &Snapshot) -> Option<Environment> {
    let (own, _) = base(snapshot).ok()?;
    Some(seen_by(snapshot, &own))
}

fn seen_by(snapshot: &Snapshot, own: &Environment) -> Environment {
    snapshot.installation.process_environment(own, snapshot.effective())
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
    let blocks = snapshot.has_dingtalk()
        && snapshot.generation().has(Habit::NeedsBypass)
        && routing.blocks_the_connector();
    let severity = if blocks { Severity::Error } else { Severity::Warning };
    let hosts = routing.not_bypassed.join(", ");
    let listed = Spelling::BOTH.map(|spelling| seen.get(spelling.name()).unwrap_or_default());
    let also = Bypass::of_value(&listed.join(","));
    let planned = bypass::plan(&snapshot.installation, snapshot.effective(), &also);
    let remedy = match planned.refusal {
        Some(refusal) => Err(format!("{}. {}", refusal.message, refusal.hint)),
        None if planned.steps.is_empty() => Ok(Repair::Restart),
        None => Ok(Repair::Bypass { also }),
    };
    Finding::of(severity, say!("the gateway's own requests to {hosts} go to the proxy", hosts))
        .about(snapshot.installation.drop_in.0.display().to_string())
        .symptom(say!("fetch failed (from the second message on)"))
        .evidence(sources(snapshot, &own, &place))
        .remedied(remedy)
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
    }
    for file in snapshot.installation.variable_files() {
        note_all(&mut evidence, &file.path.display().to_string(), &file.environment);
    }
    let config = format!("{} env", snapshot.installation.paths.config.display());
    let of_config = snapshot.effective().map(environment_of_config).unwrap_or_default();
    note_all(&mut evidence, &config, &of_config);
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
    let is_drop_in = |file: &&UnitFile| file.path.extension().is_some_and(|end| end == "conf");
    for file in managed.unit_files.iter().filter(is_drop_in) {
        let path = file.path.display().to_string();
        if drop_in::repaired(&file.text).is_some() {
            findings.push(damaged(snapshot, &file.path, &path));
        } else if !managed.unit.drop_in_paths.iter().any(|known| same_drop_in(known, &file.path)) {
            let text = say!("{path} is there, but systemd has not read it", path);
            findings.push(
                unread(managed, text)
                    .about(path.clone())
                    .read(format!("{} DropInPaths", managed.unit.name), listed(managed)),
            );
        }
    }
    if managed.unit.need_daemon_reload && findings.is_empty() {
        let name = &managed.unit.name;
        let text = say!("{name} or a drop-in of it was changed since systemd read it", name);
        findings.push(
            unread(managed, text)
                .about(name.clone())
                .read(format!("{name} NeedDaemonReload"), "yes"),
        );
    }
    findings.extend(stale_process(snapshot).filter(|_| findings.is_empty()));
    Ok(findings)
}

fn same_drop_in(a: &std::path::Path, b: &std::path::Path) -> bool {
    let folder = |path: &std::path::Path| {
        path.parent().and_then(|above| above.file_name().map(std::ffi::OsStr::to_owned))
    };
    a.file_name() == b.file_name() && folder(a) == folder(b)
}

fn listed(managed: &Managed) -> String {
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

fn unread(managed: &Managed, text: String) -> Finding {
    let unit = &managed.unit.name;
    Finding::error(text)
        .hint(say!(
            "By hand: systemctl --user daemon-reload, then: systemctl --user restart {unit}",
            unit
        ))
        .symptom(say!("the fix “does not work”"))
        .repaired_by([Repair::Restart])
}

/// The next process would be right; the one that runs was started before.
fn stale_process(snapshot: &Snapshot) -> Option<Finding> {
    let running = snapshot.process.as_ref()?.environment.as_ref()?;
    let port = snapshot.installation.port;
    let managed = snapshot.unit()?;
    let next = managed.effective_environment();
    let is_broken = |environment| Routing::of(&seen_by(snapshot, environment), port).is_broken();
    let pid = snapshot.process.as_ref()?.pid;
    (is_broken(running) && !is_broken(&next)).then(|| {
        let text = say!("the bypass takes effect at the next start; the running gateway (pid {pid}) was started before it", pid);
        unread(managed, text).about(format!("/proc/{pid}/environ"))
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
        .repaired_by(leads_directly(snapshot).then(bypass))
        .into()
}

/// What keeps the connector's requests from the proxy: axios reads a leading dot as “and all
/// below”, and the bare name as that host alone.
const DINGTALK: &str = ".dingtalk.com";

/// The proxy that the connector's HTTP requests take. Its Stream connection always goes directly:
/// `ws` knows no proxy.
fn proxy_of_connector(snapshot: &Snapshot, seen: &Environment) -> Option<String> {
    let ignores = snapshot.generation().has(Habit::IgnoresProxies)
        && seen.get("DINGTALK_FORCE_PROXY") != Some("true");
    let target = Target::of(TOKEN_URL);
    let proxy = target.and_then(|target| axios_proxy(seen, &target).map(masked));
    proxy.filter(|_| !ignores)
}

/// Whether the log shows that the proxy is in the way.
pub(super) fn is_in_the_way(snapshot: &Snapshot) -> bool {
    let heard = snapshot.log.about("proxy.dingtalk").next().is_some();
    heard && dingtalk(snapshot).is_ok_and(|findings| !findings.is_empty())
}

pub(super) fn dingtalk(snapshot: &Snapshot) -> Verdict {
    let (own, place) = base(snapshot)?;
    let seen = seen_by(snapshot, &own);
    let Some(proxy) = proxy_of_connector(snapshot, &seen) else { return Ok(Vec::new()) };
    let heard = snapshot.log.about("proxy.dingtalk").next().is_some();
    let answers = match &snapshot.outside.dingtalk {
        Some(Ok(answers)) => answers.as_slice(),
        Some(Err(reason)) => return Err(reason.text()),
        None if heard => &[],
        None => return Err(only_live()),
    };
    let (direct, proxied) = (passes(answers, Route::Direct), passes(answers, Route::Proxied));
    if proxied == Some(true) && !heard {
        return Ok(of_an_old_axios(snapshot, answers).into_iter().collect());
    }
    let finding = Finding::error(say!(
        "the connector's requests to DingTalk go through the proxy {proxy} and fail there",
        proxy
    ))
    .hint(hint(direct));
    let mut named = Vec::new();
    note_all(&mut named, &place, &seen);
    finding
        .about(snapshot.installation.drop_in.0.display().to_string())
        .symptom("get endpoint failed / 400 / 502 / Maximum number of redirects exceeded")
        .evidence(named)
        .evidence(answers.iter().flat_map(BotAnswers::all).map(Evidence::from))
        .repaired_by((direct == Some(true)).then(bypass))
        .into()
}

/// axios before 1.15 asks an HTTP proxy for `https://…` itself, where the probe, as later ones, has
/// it open a tunnel: that the probe arrives proves little then.
fn of_an_old_axios(snapshot: &Snapshot, answers: &[BotAnswers]) -> Option<Finding> {
    let dependencies = snapshot.tree.iter().flat_map(|tree| &tree.dependencies);
    let mut axios = dependencies.filter(|dependency| dependency.name == "axios");
    let version = axios.next()?.found.clone()?;
    let tunnels = semver::Version::parse(&version).ok()? >= semver::Version::new(1, 15, 0);
    let direct = passes(answers, Route::Direct);
    let finding = Finding::warning(say!(
            "the connector's axios {version} asks the proxy for https addresses without a tunnel, which many proxies refuse",
            version
        ))
    .hint(hint(direct));
    (!tunnels).then(|| {
        finding
            .about(snapshot.installation.drop_in.0.display().to_string())
            .symptom("400 / 502 / Maximum number of redirects exceeded")
            .evidence(answers.iter().flat_map(BotAnswers::all).map(Evidence::from))
            .repaired_by((direct == Some(true)).then(bypass))
    })
}

/// Whether `--live` has found that DingTalk can be reached without a proxy.
fn leads_directly(snapshot: &Snapshot) -> bool {
    passes(snapshot.outside.dingtalk().unwrap_or_default(), Route::Direct) == Some(true)
}

/// What lets the connector reach DingTalk without the proxy.
fn bypass() -> Repair {
    Repair::Bypass { also: Bypass::of_value(DINGTALK) }
}

fn hint(direct: Option<bool>) -> String {
    match direct {
        Some(true) => say!("Directly DingTalk answers."),
        Some(false) => say!(
            "It cannot be reached directly either, and the Stream connection does not support proxies: allow this machine to reach api.dingtalk.com, oapi.dingtalk.com and wss-open-connection.dingtalk.com, port 443."
        ),
        None => {
            say!("See whether it answers directly: openclaw-setup doctor --live proxy.dingtalk")
        }
    }
}

/// Whether everything that takes this route arrives; `None` where it was not tried.
pub(super) fn passes(answers: &[BotAnswers], route: Route) -> Option<bool> {
    let on_it: Vec<&BotAnswers> = answers.iter().filter(|bot| bot.route() == route).collect();
    let arrives = |bot: &&BotAnswers| {
        let http = bot.token.has_arrived() && bot.open.has_arrived();
        http && (route == Route::Proxied || bot.stream.has_arrived())
    };
    (!on_it.is_empty()).then(|| on_it.iter().all(arrives))
}
