//! `status` as a screen and as JSON.

use serde_json::{Map, Value, json};

use super::look::{Connector, Status};
use crate::command::history;
use crate::health::{ChatAnswer, Readiness};
use crate::installation::service::Managed;
use crate::language::Language;
use crate::report::Console;
use crate::report::console::Mark;
use crate::report::table::Table;
use crate::say;
use crate::systemd::LoadState;

/// The screen: a table, then what is wrong.
pub(super) fn text(status: &Status, console: Console) -> String {
    let language = console.language;
    let mut table = Table::default();
    let version = status.picture.program.version.map(|version| version.to_string());
    table.row("OpenClaw", version.unwrap_or_else(|| unknown(language)));
    table.row(
        say!(language, "state dir", "状态目录"),
        status.picture.paths.state_dir.display().to_string(),
    );
    table.row(
        say!(language, "config", "配置文件"),
        status.picture.paths.config.display().to_string(),
    );
    table
        .row(say!(language, "connector", "连接器"), connector(status.connector.as_ref(), language));
    table.row(say!(language, "unit", "服务单元"), unit(status, language));
    table.row(say!(language, "proxy bypass", "代理绕过"), bypass(status, language));
    table.row(say!(language, "gateway", "网关"), gateway(status, language));
    table.row(say!(language, "last transaction", "最近事务"), last(status, language));
    let mut lines = vec![table.text()];
    let problems = status.problems(language);
    lines.extend(problems.iter().map(|problem| console.marked(Mark::Bad, problem)));
    lines.extend(upgrade(status, language).map(|hint| console.marked(Mark::Hint, &hint)));
    lines.join("\n")
}

fn unknown(language: Language) -> String {
    say!(language, "unknown", "未知")
}

fn connector(connector: Option<&Connector>, language: Language) -> String {
    let Some(connector) = connector else { return say!(language, "not installed", "未安装") };
    let version = connector.version.clone().unwrap_or_else(|| unknown(language));
    let (path, state) = (
        connector.path.display(),
        match &connector.deviations {
            None => say!(language, "not installed by openclaw-setup", "非 openclaw-setup 安装"),
            Some(deviations) if deviations.is_empty() => {
                say!(language, "tree as installed", "目录与安装时一致")
            }
            Some(deviations) => {
                let count = deviations.len();
                say!(language, "{count} paths changed since", "{count} 处已被改动")
            }
        },
    );
    format!("{version}  {state}\n{path}")
}

/// A newer payload is an offer, not a problem.
fn upgrade(status: &Status, language: Language) -> Option<String> {
    let version = status.connector.as_ref()?.upgrade.as_ref()?;
    Some(say!(
        language,
        "connector {version} is here; move to it with: openclaw-setup upgrade",
        "已有新版连接器 {version}；升级请运行：openclaw-setup upgrade"
    ))
}

fn unit(status: &Status, language: Language) -> String {
    match status.picture.service.managed() {
        None => say!(language, "no systemd user manager", "没有 systemd 用户管理器"),
        Some(managed) if managed.unit.load_state == LoadState::NotFound => {
            let name = &managed.unit.name;
            say!(language, "{name} does not exist", "{name} 不存在")
        }
        Some(Managed { unit, .. }) => {
            let (name, active, sub) = (&unit.name, unit.active_state.name(), &unit.sub_state);
            let pid = unit.main_pid.map(|pid| format!(", pid {pid}")).unwrap_or_default();
            let restarts = unit.n_restarts;
            let flaps = match restarts {
                0 => String::new(),
                _ => say!(language, ", {restarts} automatic restarts", "，自动重启 {restarts} 次"),
            };
            format!("{name}  {active} ({sub}{pid}{flaps})")
        }
    }
}

fn bypass(status: &Status, language: Language) -> String {
    let value = status.bypass.clone().unwrap_or_else(|| say!(language, "none", "无"));
    let proxies = status.routing.as_ref().map(|routing| routing.proxies_set.join(", "));
    match proxies.filter(|names| !names.is_empty()) {
        Some(names) => {
            format!("{value}\n{}", say!(language, "proxy set by {names}", "代理变量：{names}"))
        }
        None => format!("{value}\n{}", say!(language, "no proxy is set", "未设置代理")),
    }
}

fn gateway(status: &Status, language: Language) -> String {
    let port = status.picture.port;
    let auth = status.auth_mode.as_deref().unwrap_or("–");
    let auth = say!(language, "auth {auth}", "认证 {auth}");
    let Some(gateway) = &status.gateway else {
        return format!(
            "{}  {auth}",
            say!(language, "not running (port {port})", "未运行（端口 {port}）")
        );
    };
    let ready = match &gateway.readiness {
        Readiness::Ready => say!(language, "ready", "就绪"),
        Readiness::NotReady { failing } => {
            let failing = failing.join(", ");
            say!(language, "not ready: {failing}", "未就绪：{failing}")
        }
        Readiness::NoListener => say!(language, "nobody listens", "无监听"),
        Readiness::Odd { what } => what.clone(),
    };
    let chat = chat(&gateway.chat, language);
    format!("127.0.0.1:{port}  {ready}  chatCompletions {chat}  {auth}")
}

fn chat(answer: &ChatAnswer, language: Language) -> String {
    match answer {
        ChatAnswer::Open => say!(language, "open", "已开启"),
        ChatAnswer::Unauthorised => say!(language, "refuses the token (401)", "拒绝令牌（401）"),
        ChatAnswer::Disabled => say!(language, "off (404)", "未开启（404）"),
        ChatAnswer::NotAllowed => say!(language, "off (405)", "未开启（405）"),
        ChatAnswer::RateLimited => say!(language, "rate limited (429)", "被限流（429）"),
        ChatAnswer::Odd { what } => what.clone(),
    }
}

fn last(status: &Status, language: Language) -> String {
    match &status.last {
        None => say!(language, "none", "无"),
        Some(journal) => {
            let intent = journal.intent();
            let state = history::state(journal.phase(), language);
            format!("{}  {}  {state}", intent.id, intent.command)
        }
    }
}

/// The body of the JSON document.
pub(super) fn json(status: &Status, problems: &[String]) -> Map<String, Value> {
    let picture = &status.picture;
    let managed = picture.service.managed();
    let body = json!({
        "openclaw": {
            "version": picture.program.version.map(|version| version.to_string()),
            "package": picture.program.package,
            "stateDir": picture.paths.state_dir,
            "config": picture.paths.config,
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
            "port": picture.port,
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
