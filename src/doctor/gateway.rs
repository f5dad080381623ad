//! The gateway's HTTP face: does it listen where the connector calls, and does it let it in?

use std::collections::BTreeSet;

use super::{Evidence, Finding, Snapshot, Verdict};
use crate::connector::release::Habit;
use crate::health::port::{Listener, described};
use crate::health::{ChatAnswer, Readiness};
use crate::language::word;
use crate::openclaw::document::{Edit, KeyPath, Value};
use crate::plan::error;
use crate::plan::repair::Repair;
use crate::settings::Setting;
use crate::snapshot::bots::{Bot, exposure};
use crate::snapshot::host::option_of;
use crate::snapshot::service::{OtherUnit, bots_of};

const ENDPOINT: [&str; 5] = ["gateway", "http", "endpoints", "chatCompletions", "enabled"];

pub(super) fn endpoint(snapshot: &Snapshot) -> Verdict {
    let is_on = snapshot.key(&ENDPOINT) == Some(&Value::from(true));
    if !snapshot.speaks_http() {
        return if is_on { unneeded(snapshot).into() } else { Ok(Vec::new()) };
    }
    let answer = snapshot.answers.as_ref().map(|answers| &answers.chat);
    let refused = matches!(answer, Some(ChatAnswer::Disabled | ChatAnswer::NotAllowed));
    if is_on && !refused {
        return Ok(Vec::new());
    }
    let text =
        say!("the gateway's chatCompletions endpoint is off, and the connector uses nothing else");
    let status = match answer {
        Some(ChatAnswer::NotAllowed) => Some("HTTP 405"),
        Some(ChatAnswer::Disabled) => Some("HTTP 404"),
        _ => None,
    };
    // a config that is right and a gateway that is not: it has not read it yet
    let repair = if is_on { Repair::Restart } else { Repair::Config(Edit::set(ENDPOINT, true)) };
    let mut finding = Finding::error(text)
        .symptom("Gateway error: 404")
        .about_key(snapshot, &ENDPOINT)
        .repaired_by([repair]);
    if let Some(status) = status {
        finding = finding.read(url(snapshot, "POST", "/v1/chat/completions"), status);
    }
    finding.into()
}

fn url(snapshot: &Snapshot, method: &str, path: &str) -> String {
    format!("{method} http://127.0.0.1:{}{path}", snapshot.installation.port)
}

fn unneeded(snapshot: &Snapshot) -> Finding {
    Finding::info(say!("chatCompletions is on, and this connector (0.8.0 or later) does not need it"))
        .hint(say!("If nothing else uses it: openclaw config set gateway.http.endpoints.chatCompletions.enabled false"))
        .about_key(snapshot, &ENDPOINT)
}

pub(super) fn auth(snapshot: &Snapshot) -> Verdict {
    let mut findings = Vec::new();
    findings.extend(exposed(snapshot));
    let shows_a_token = snapshot.generation().has(Habit::NeedsToken);
    let bots = if shows_a_token { snapshot.bots() } else { Vec::new() };
    let mut seen = BTreeSet::new();
    for bot in bots.iter().filter(|bot| seen.insert(bot.path("gatewayToken").concat())) {
        findings.extend(unsendable_token(snapshot, bot));
        findings.extend(wrong_token(snapshot, bot, bot.account == bots[0].account));
    }
    Ok(findings)
}

const MODE: [&str; 3] = ["gateway", "auth", "mode"];
const TOKEN: [&str; 3] = ["gateway", "auth", "token"];

fn exposed(snapshot: &Snapshot) -> Option<Finding> {
    if !snapshot.is_unguarded() {
        return None;
    }
    let command = snapshot.installation.service.command();
    let (path, key) = exposure(snapshot.effective()?, command)?;
    let name = KeyPath::from(path).to_string();
    Some(
        Finding::error(say!("the gateway asks for no token and can be reached from outside ({name} = {key}): anybody could run the agent", name, key))
            .hint(say!("Protect it: openclaw-setup install --gateway-auth token"))
            .about(name)
            .symptom(say!("the gateway refuses to start, or strangers use it"))
            .evidence([
                Evidence::of_key(snapshot, &MODE),
                Evidence::of_key(snapshot, path),
            ]),
    )
}

/// A placeholder such as `你的gatewayToken` cannot stand in an HTTP header.
fn unsendable_token(snapshot: &Snapshot, bot: &Bot<'_>) -> Option<Finding> {
    let path = bot.path("gatewayToken");
    let finding = Finding::of_value(snapshot, Setting::GatewayToken, &path)?;
    let key = KeyPath::from(path.as_slice());
    let unneeded = snapshot.is_unguarded().then(|| Edit::remove(path.as_slice()));
    Some(
        finding
            .hint(say!("Write the gateway's own token there, or take the key out where gateway.auth.mode is none: openclaw config unset {key}", key))
            .symptom("Cannot convert argument to a ByteString")
            .repaired_by(unneeded.map(Repair::Config)),
    )
}

/// The gateway's own credential is handed on as it is written: a literal, or `${VAR}`. The answer
/// that was asked for is that to the first bot's.
fn wrong_token(snapshot: &Snapshot, bot: &Bot<'_>, is_first: bool) -> Option<Finding> {
    let config = snapshot.effective()?;
    let installation = &snapshot.installation;
    let guard = installation.guard(config);
    let answer = snapshot.answers.as_ref().map(|answers| &answers.chat).filter(|_| is_first);
    let refused = answer == Some(&ChatAnswer::Unauthorised);
    let own = guard.credential();
    let shown = bot.credential();
    let meant =
        |text: Option<&str>| installation.resolved(text?, config).or(text.map(str::to_owned));
    let differs = own.is_some() && meant(own) != meant(shown);
    if !refused && (!differs || answer == Some(&ChatAnswer::Open)) {
        return None;
    }
    let is_password = guard.mode.as_deref() == Some("password");
    let key = if is_password && bot.get("gatewayToken").is_none() {
        "gatewayPassword"
    } else {
        "gatewayToken"
    };
    let path = bot.path(key);
    let by_hand = say!(
        "Write the token that the gateway asks for (gateway.auth, or OPENCLAW_GATEWAY_TOKEN in its environment) into this key."
    );
    let repair = own.filter(|_| differs).map(|own| Repair::Config(Edit::set(path.as_slice(), own)));
    let finding =
        Finding::error(say!("the gateway wants a token, and the connector's {key} is not it", key))
            .about(KeyPath::from(path.as_slice()).to_string())
            .symptom("Gateway error: 401")
            .evidence([
                Evidence::of_key(snapshot, &MODE),
                Evidence::of_key(snapshot, &TOKEN),
                Evidence::of_key(snapshot, &path),
            ])
            .remedied(repair.ok_or(by_hand));
    let said = refused.then(|| url(snapshot, "POST", "/v1/chat/completions"));
    Some(said.into_iter().fold(finding, |finding, url| finding.read(url, "HTTP 401")))
}

/// A port where the connector does not call, or TLS, which it does not speak.
pub(super) fn port(snapshot: &Snapshot) -> Verdict {
    let Some(version) = snapshot.connector() else { return Ok(Vec::new()) };
    let mut findings = Vec::new();
    let port = snapshot.installation.port;
    let generation = snapshot.generation();
    if let Some(missed) = error::port_missed(&version, &generation, port) {
        let command = snapshot.installation.service.command();
        let told = option_of(command, "--port").map(|port| format!("--port {port}"));
        let unit = &snapshot.installation.paths.unit;
        findings.push(
            Finding::error(missed.message)
                .hint(missed.hint)
                .about("gateway.port")
                .symptom("fetch failed")
                .read(unit.clone(), told.unwrap_or_else(|| format!("port {port}"))),
        );
    }
    let tls = ["gateway", "tls", "enabled"];
    if let Some(missed) = error::tls_missed(&version, &generation, snapshot.key(&tls)) {
        findings.push(
            Finding::error(missed.message)
                .hint(missed.hint)
                .symptom("fetch failed")
                .about_key(snapshot, &tls),
        );
    }
    findings.extend(moved_in_vain(snapshot));
    Ok(findings)
}

/// `openclaw gateway install` bakes the port into the unit.
fn moved_in_vain(snapshot: &Snapshot) -> Option<Finding> {
    let path = ["gateway", "port"];
    let written = snapshot.key(&path)?.as_f64()?;
    let port = snapshot.installation.port;
    ((written - f64::from(port)).abs() > f64::EPSILON).then(|| {
        Finding::warning(say!(
            "gateway.port is {written}, but the gateway's unit says {port}, and the unit wins",
            written,
            port
        ))
        .hint(format!("openclaw gateway install --force --port {written}"))
        .about("gateway.port")
        .evidence([Evidence::of_key(snapshot, &path)])
        .read(snapshot.installation.paths.unit.clone(), format!("port {port}"))
    })
}

pub(super) fn listener(snapshot: &Snapshot) -> Verdict {
    let port = snapshot.installation.port;
    let place = format!("127.0.0.1:{port}");
    let own = &snapshot.installation.paths.unit;
    if let Some(who) = &snapshot.elsewhere {
        let text = say!(
            "the gateway is {who}, not {own}: openclaw-setup reads what it may of it, and neither starts nor stops it",
            who,
            own
        );
        return Finding::info(text)
            .hint(say!("After a change, restart it the way that it was started."))
            .about(place.clone())
            .read(place, who)
            .into();
    }
    if snapshot.listener == Listener::Unknown {
        return Err(say!("/proc/net/tcp cannot be read"));
    }
    let mut findings: Vec<Finding> = Vec::new();
    if snapshot.is_up() {
        findings.extend(snapshot.other_units.iter().filter_map(|unit| other_unit(snapshot, unit)));
    }
    let main = snapshot.process.as_ref().map(|process| process.pid);
    let other = snapshot.listener.other_than(main, own);
    let account = snapshot.installation.account.uid;
    // a process of this user that may not be looked at is taken for the gateway
    let stranger = other.filter(|(uid, holder)| holder.is_some() || *uid != account);
    if let Some((uid, holder)) = stranger {
        let who = described(holder.map_or(&[], std::slice::from_ref), uid);
        let text = say!("port {port} is held by {who}, not by {own}", port, who, own);
        let hint = say!("Find out what it is and stop it: ss -ltnp 'sport = :{port}'", port);
        findings.push(
            Finding::error(text)
                .hint(hint)
                .about(place.clone())
                .symptom("EADDRINUSE / another gateway instance is already listening")
                .read(place, who),
        );
    }
    Ok(findings)
}

/// Another gateway that runs beside ours is at fault only where it is after the same.
fn other_unit(snapshot: &Snapshot, unit: &OtherUnit) -> Option<Finding> {
    let path = unit.path.display().to_string();
    let port = snapshot.installation.port;
    let bots = snapshot.effective().map(bots_of).unwrap_or_default();
    let text = if unit.port == Some(port) {
        say!("{path} runs a second gateway on port {port}", path, port)
    } else if unit.bots.iter().any(|bot| bots.contains(bot)) {
        say!(
            "{path} runs a second gateway with the same bot: DingTalk spreads the bot's messages over both",
            path
        )
    } else {
        return None;
    };
    let name = unit.path.file_name().unwrap_or_default().to_string_lossy();
    let systemctl = if unit.of_system { "sudo systemctl" } else { "systemctl --user" };
    let finding = Finding::error(text)
        .hint(format!("{systemctl} disable --now {name}"))
        .about(path.clone())
        .symptom("EADDRINUSE");
    Some(finding.read(path, format!("ExecStart={}", crate::redaction::masked(&unit.exec_start))))
}

pub(super) fn health(snapshot: &Snapshot) -> Verdict {
    let Some(managed) = snapshot.unit() else {
        return Err(say!("the gateway's unit is not known (service.bus, service.unit)"));
    };
    let unit = &managed.unit;
    if !unit.is_up() {
        let (name, state) = (&unit.name, word(&unit.active_state));
        let text = say!("{name} is not running ({state})", name, state);
        return Finding::error(text)
            .hint(format!("systemctl --user start {name}"))
            .about(name.clone())
            .symptom(say!("the bot is silent"))
            .read(format!("{name} ActiveState"), format!("{state} ({})", unit.result))
            .into();
    }
    if unit.sub_state == "auto-restart" {
        return Err(say!("the gateway waits for its next automatic restart (service.crashloop)"));
    }
    let Some(answers) = &snapshot.answers else { return Ok(Vec::new()) };
    let port = snapshot.installation.port;
    let not_ready = |what: &str| say!("the gateway is running but not ready: {what}", what);
    let odd =
        |what: &str| say!("the gateway is ready, but answers the connector with {what}", what);
    let chat = url(snapshot, "POST", "/v1/chat/completions");
    let ready = url(snapshot, "GET", "/readyz");
    let (text, asked, what) = match &answers.readiness {
        Readiness::Ready => match &answers.chat {
            _ if !(snapshot.has_dingtalk() && snapshot.speaks_http()) => return Ok(Vec::new()),
            ChatAnswer::Odd { what } => (odd(what), chat, what.clone()),
            ChatAnswer::RateLimited => (odd("HTTP 429"), chat, "HTTP 429".to_owned()),
            // the rest is gateway.endpoint's, gateway.auth's and gateway.listener's
            _ => return Ok(Vec::new()),
        },
        Readiness::NotReady { failing } => {
            (not_ready(&failing.join(", ")), ready, failing.join(", "))
        }
        Readiness::NoListener => {
            let what = say!("nothing listens on port {port}", port);
            (not_ready(&what), ready, what)
        }
        Readiness::Foreign { .. } => {
            return Err(say!("the port is not the gateway's (gateway.listener)"));
        }
        Readiness::Odd { what } => (not_ready(what), ready, what.clone()),
    };
    Finding::error(text)
        .hint(format!("journalctl --user -u {} -n 50", unit.name))
        .about(unit.name.clone())
        .read(asked, what)
        .into()
}
