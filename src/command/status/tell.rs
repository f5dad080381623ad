//! `status` as a screen and as JSON.

use serde_json::{Map, Value, json};

use super::look::{Connector, Status};
use crate::command::history;
use crate::health::{ChatAnswer, Readiness};
use crate::report::Console;
use crate::report::console::Mark;
use crate::report::table::Table;
use crate::say;
use crate::snapshot::service::Managed;
use crate::systemd::LoadState;

/// The screen: a table, then what is wrong.
pub(super) fn text(status: &Status, console: Console) -> String {
    let mut table = Table::default();
    let version = status.installation.program.version.map(|version| version.to_string());
    table.row("OpenClaw", version.unwrap_or_else(unknown));
    table.row(say!("state dir"), status.installation.paths.state_dir.display().to_string());
    table.row(say!("config"), status.installation.paths.config.display().to_string());
    table.row(say!("connector"), connector(status.connector.as_ref()));
    table.row(say!("unit"), unit(status));
    table.row(say!("proxy bypass"), bypass(status));
    table.row(say!("gateway"), gateway(status));
    table.row(say!("last transaction"), last(status));
    let mut lines = vec![table.text()];
    let problems = status.problems();
    lines.extend(problems.iter().map(|problem| console.marked(Mark::Bad, problem)));
    lines.extend(upgrade(status).map(|hint| console.marked(Mark::Hint, &hint)));
    lines.join("\n")
}

fn unknown() -> String {
    say!("unknown")
}

fn connector(connector: Option<&Connector>) -> String {
    let Some(connector) = connector else { return say!("not installed") };
    let version = connector.version.clone().unwrap_or_else(unknown);
    let (path, state) = (
        connector.path.display(),
        match &connector.deviations {
            None => say!("not installed by openclaw-setup"),
            Some(deviations) if deviations.is_empty() => say!("tree as installed"),
            Some(deviations) => {
                let count = deviations.len();
                say!("{count} paths changed since", count)
            }
        },
    );
    format!("{version}  {state}\n{path}")
}

/// A newer payload is an offer, not a problem.
fn upgrade(status: &Status) -> Option<String> {
    let version = status.connector.as_ref()?.upgrade.as_ref()?;
    Some(say!("connector {version} is here; move to it with: openclaw-setup upgrade", version))
}

fn unit(status: &Status) -> String {
    match status.installation.service.managed() {
        None => say!("no systemd user manager"),
        Some(managed) if managed.unit.load_state == LoadState::NotFound => {
            let name = &managed.unit.name;
            say!("{name} does not exist", name)
        }
        Some(Managed { unit, .. }) => {
            let (name, active, sub) = (&unit.name, unit.active_state.name(), &unit.sub_state);
            let pid = unit.main_pid.map(|pid| format!(", pid {pid}")).unwrap_or_default();
            let restarts = unit.n_restarts;
            let flaps = if restarts == 0 {
                String::new()
            } else {
                say!(", {restarts} automatic restarts", restarts)
            };
            format!("{name}  {active} ({sub}{pid}{flaps})")
        }
    }
}

fn bypass(status: &Status) -> String {
    let value = status.bypass.clone().unwrap_or_else(|| say!("none"));
    let proxies = status.routing.as_ref().map(|routing| routing.proxies_set.join(", "));
    match proxies.filter(|names| !names.is_empty()) {
        Some(names) => {
            format!("{value}\n{}", say!("proxy set by {names}", names))
        }
        None => format!("{value}\n{}", say!("no proxy is set")),
    }
}

fn gateway(status: &Status) -> String {
    let port = status.installation.port;
    let auth = status.auth_mode.as_deref().unwrap_or("–");
    let auth = say!("auth {auth}", auth);
    let Some(gateway) = &status.gateway else {
        return format!("{}  {auth}", say!("not running (port {port})", port));
    };
    let ready = match &gateway.readiness {
        Readiness::Ready => say!("ready"),
        Readiness::NotReady { failing } => {
            let failing = failing.join(", ");
            say!("not ready: {failing}", failing)
        }
        Readiness::NoListener => say!("nobody listens"),
        Readiness::Odd { what } => what.clone(),
    };
    let chat = chat(&gateway.chat);
    format!("127.0.0.1:{port}  {ready}  chatCompletions {chat}  {auth}")
}

fn chat(answer: &ChatAnswer) -> String {
    match answer {
        ChatAnswer::Open => say!("open"),
        ChatAnswer::Unauthorised => say!("refuses the token (401)"),
        ChatAnswer::Disabled => say!("off (404)"),
        ChatAnswer::NotAllowed => say!("off (405)"),
        ChatAnswer::RateLimited => say!("rate limited (429)"),
        ChatAnswer::Odd { what } => what.clone(),
    }
}

fn last(status: &Status) -> String {
    match &status.last {
        None => say!("none"),
        Some(journal) => {
            let intent = journal.intent();
            let state = history::state(journal.phase());
            format!("{}  {}  {state}", intent.id, intent.command)
        }
    }
}

/// The body of the JSON document.
pub(super) fn json(status: &Status, problems: &[String]) -> Map<String, Value> {
    let installation = &status.installation;
    let managed = installation.service.managed();
    let body = json!({
        "openclaw": {
            "version": installation.program.version.map(|version| version.to_string()),
            "package": installation.program.package,
            "stateDir": installation.paths.state_dir,
            "config": installation.paths.config,
            "configReadable": status.config_error.is_none(),
        },
        "connector": status.connector.as_ref().map(|connector| json!({
            "version": connector.version,
            "path": connector.path,
            "recorded": connector.deviations.is_some(),
            "deviations": connector.deviations,
            "upgrade": connector.upgrade,
        })),
        "unit": managed.map(|managed| json!({
            "name": managed.unit.name,
            "exists": managed.has_unit(),
            "activeState": managed.unit.active_state.name(),
            "subState": managed.unit.sub_state,
            "mainPid": managed.unit.main_pid,
            "restarts": managed.unit.n_restarts,
            "result": managed.unit.result,
            "dropIns": managed.unit.drop_in_paths,
            "needDaemonReload": managed.unit.need_daemon_reload,
            "systemd": managed.version,
            "bus": managed.road,
        })),
        "bypass": {
            "effective": status.bypass,
            "proxyVariables": status.routing.as_ref().map(|routing| &routing.proxies_set),
            "notBypassed": status.routing.as_ref().map(|routing| {
                routing.not_bypassed.iter().map(|host| host.in_url()).collect::<Vec<_>>()
            }),
        },
        "gateway": {
            "port": installation.port,
            "authMode": status.auth_mode,
            "readiness": status.gateway.as_ref().map(|gateway| readiness_word(&gateway.readiness)),
            "chatCompletions": status.gateway.as_ref().map(|gateway| chat_word(&gateway.chat)),
        },
        "lastTransaction": status.last.as_ref().map(history::as_json),
        "pendingRecovery": status.pending.as_ref().map(|pending| json!({
            "id": pending.id, "command": pending.command, "atWork": pending.at_work,
        })),
        "problems": problems,
    });
    match body {
        Value::Object(body) => body,
        _ => Map::new(),
    }
}

fn readiness_word(readiness: &Readiness) -> &'static str {
    match readiness {
        Readiness::Ready => "ready",
        Readiness::NotReady { .. } => "not-ready",
        Readiness::NoListener => "no-listener",
        Readiness::Odd { .. } => "odd",
    }
}

fn chat_word(answer: &ChatAnswer) -> &'static str {
    match answer {
        ChatAnswer::Open => "open",
        ChatAnswer::Unauthorised => "unauthorised",
        ChatAnswer::Disabled | ChatAnswer::NotAllowed => "off",
        ChatAnswer::RateLimited => "rate-limited",
        ChatAnswer::Odd { .. } => "odd",
    }
}
