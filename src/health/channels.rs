//! The channel's connections: each account's Stream connection to DingTalk, as the log of one start
//! tells of it, and which channels the running gateway has, asked through its own command line.
//!
//! A WebSocket client needs a paired device (`OpenClaw` 2026.3.13 refuses others even with auth
//! `none`), which the command line sets up for itself: the first question of a machine's life
//! leaves `identity/` and `devices/` in the state directory, as `openclaw status` would.

use std::collections::BTreeSet;

use serde_json::Value;

use super::LogLine;
use crate::child::Helper;
use crate::interrupt::Interrupt;
use crate::systemd::CommandLine;
use crate::systemd::environment::Environment;
use crate::timeout::Deadline;

/// Variables that tell a process that it is the service.
const OF_THE_SERVICE: [&str; 5] =
    ["OPENCLAW_SERVICE_", "INVOCATION_ID", "JOURNAL_STREAM", "NOTIFY_SOCKET", "SYSTEMD_EXEC_PID"];

/// What the gateway answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelQuestion {
    /// The channel is among those that the gateway has loaded.
    Listed {
        /// Its accounts whose connection stands, as the connector says (0.8.11 and later do).
        connected: Vec<String>,
    },
    /// It is not.
    Missing,
    /// No answer from the running gateway.
    Unanswered,
}

/// Asks the gateway by `OpenClaw`'s command line as the unit would run that: the same programs, the
/// same environment. `openclaw channels status` would ask the same, for twice as long (7 s with
/// 2026.4.9 and no channel), and tell its configuration where it is not answered.
pub fn asked_for_channel(
    id: &str,
    exec_start: &CommandLine,
    environment: &Environment,
    deadline: Deadline,
    interrupt: &Interrupt,
) -> ChannelQuestion {
    let Some(openclaw) = openclaw(exec_start, environment) else {
        return ChannelQuestion::Unanswered;
    };
    let question = ["gateway", "call", "channels.status", "--json", "--params", "{}"];
    match openclaw.args(question).run(deadline, interrupt) {
        Ok(finished) => answer(&finished.stdout, id),
        Err(_) => ChannelQuestion::Unanswered,
    }
}

/// `OpenClaw`'s command line as the unit would run it.
pub(super) fn openclaw(exec_start: &CommandLine, environment: &Environment) -> Option<Helper> {
    let program = exec_start.arguments.iter().take_while(|word| *word != "gateway");
    let program: Vec<&String> = program.collect();
    let (first, rest) = program.split_first()?;
    let is_ours = |name: &str| !OF_THE_SERVICE.iter().any(|prefix| name.starts_with(prefix));
    let openclaw = Helper::new(first)
        .args(rest)
        .envs(environment.iter().filter(|(name, _)| is_ours(name)))
        .current_dir(environment.get("HOME").unwrap_or("/"));
    Some(openclaw)
}

/// The gateway's reply, which the command line prints after what plugins have printed.
pub(super) fn reply(stdout: &str) -> Option<Value> {
    serde_json::from_str(&stdout[stdout.find('{')?..]).ok()
}

fn answer(stdout: &str, id: &str) -> ChannelQuestion {
    let status = reply(stdout).unwrap_or_default();
    let Some(channels) = status["channelOrder"].as_array() else {
        return ChannelQuestion::Unanswered;
    };
    if channels.iter().any(|channel| channel == id) {
        let accounts = status["channelAccounts"][id].as_array().into_iter().flatten();
        let connected = accounts.filter(|account| account["connected"] == true);
        let ids = connected.filter_map(|account| account["accountId"].as_str());
        ChannelQuestion::Listed { connected: ids.map(account_id).collect() }
    } else {
        ChannelQuestion::Missing
    }
}

/// The account that the channel's own block makes, where no others are named.
pub const DEFAULT_ACCOUNT: &str = "default";

/// The Stream connection of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// It stands.
    Open,
    /// It did not come about, or ended: why, in the gateway's or the connector's words.
    Failed(String),
    /// Nothing was heard of it.
    Unseen,
}

/// The accounts of a channel, each with its connection.
pub type Connections = Vec<(String, Connection)>;

/// What the log of one start, its messages taken out, tells of these accounts.
///
/// Only dingtalk-stream's own `connect success` says that a handshake succeeded, and it names no
/// account: where there are several, it takes as many of them as tickets were granted.
pub fn connections(lines: &[LogLine], accounts: &[String]) -> Connections {
    let mut opened = 0;
    let mut granted = BTreeSet::new();
    let mut told: Vec<(String, Connection)> = Vec::new();
    for line in lines {
        if line.text.trim_end().ends_with("connect success") {
            opened += 1;
            continue;
        }
        let Some((account, state)) = said(&line.text) else { continue };
        let account = account_id(account);
        told.retain(|(known, _)| *known != account);
        match state {
            Said::Granted => _ = granted.insert(account),
            Said::Is(connection) => told.push((account, connection)),
        }
    }
    let has_opened = |account: &str| match (accounts, granted.is_empty()) {
        ([_], _) => opened > 0,
        (_, true) => opened >= accounts.len(),
        (_, false) => granted.contains(account) && opened >= granted.len(),
    };
    let state_of = |account: &String| {
        let told = told.iter().find(|(known, _)| known == account);
        match told {
            Some((_, connection)) => connection.clone(),
            None if has_opened(account) => Connection::Open,
            None => Connection::Unseen,
        }
    };
    accounts.iter().map(|account| (account.clone(), state_of(account))).collect()
}

/// Takes the gateway's word for accounts of which the log says nothing.
pub fn mark_connected(connections: &mut Connections, connected: &[String]) {
    for (account, connection) in connections {
        if *connection == Connection::Unseen && connected.contains(account) {
            *connection = Connection::Open;
        }
    }
}

/// Whether there is an account, and every one is connected.
pub fn all_open(connections: &Connections) -> bool {
    let is_open = |(_, connection): &(String, Connection)| *connection == Connection::Open;
    !connections.is_empty() && connections.iter().all(is_open)
}

enum Said {
    /// DingTalk has granted a ticket; the handshake follows.
    Granted,
    Is(Connection),
}

/// What a line says of which account: OpenClaw 2026.3.13 of a channel that ended, the connector of
/// its own state (0.6.0 to 0.8.20).
fn said(text: &str) -> Option<(&str, Said)> {
    let (account, rest) = tagged(text)?;
    if let Some(reason) = rest.strip_prefix("channel exited: ") {
        return Some((account, Said::Is(Connection::Failed(reason.trim().to_owned()))));
    }
    if rest.starts_with("钉钉 Stream 客户端已连接") {
        return Some((account, Said::Granted));
    }
    let patch = rest.strip_prefix("onStatusChange patch={\"connected\":")?;
    let connection = if patch.starts_with("true") {
        Connection::Open
    } else {
        Connection::Failed("onStatusChange {\"connected\":false}".to_owned())
    };
    Some((account, Said::Is(connection)))
}

/// An account by the name that the config has for it: to OpenClaw and to connectors from 0.7.3 on
/// the default one is `default` or `__default__`.
pub(super) fn account_id(told: &str) -> String {
    if told == "__default__" { DEFAULT_ACCOUNT.to_owned() } else { told.to_owned() }
}

/// The last of the tags, and what stands after it.
fn tagged(text: &str) -> Option<(&str, &str)> {
    let mut account = None;
    let mut rest = text.trim_start();
    while let Some((tag, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        account = Some(tag);
        rest = after.trim_start();
    }
    account.zip(Some(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(connected: &[&str]) -> ChannelQuestion {
        ChannelQuestion::Listed { connected: connected.iter().map(|&id| id.to_owned()).collect() }
    }

    #[test]
    fn an_answer_of_the_gateway_is_told_from_others() {
        for (stdout, expected) in [
            (r#"{"ts":1,"channelOrder":["dingtalk-connector"]}"#, listed(&[])),
            (
                r#"{"channelOrder":["dingtalk-connector"],"channelAccounts":{"dingtalk-connector":
                    [{"accountId":"__default__","connected":true},{"accountId":"b","connected":null}]}}"#,
                listed(&["default"]),
            ),
            (r#"{"ts":1,"channelOrder":[]}"#, ChannelQuestion::Missing),
            ("[plugins] loaded\n{\"channelOrder\":[]}", ChannelQuestion::Missing),
            ("Gateway call failed: Error: gateway closed (1006)", ChannelQuestion::Unanswered),
            (r#"{"error":"no"}"#, ChannelQuestion::Unanswered),
            ("", ChannelQuestion::Unanswered),
        ] {
            assert_eq!(answer(stdout, "dingtalk-connector"), expected, "{stdout}");
        }
    }

    #[test]
    fn the_units_program_is_asked_in_the_units_environment() {
        let directory = tempfile::tempdir().unwrap();
        let script = directory.path().join("index.js");
        let text = r#"[ "$*" = "gateway call channels.status --json --params {}" ] && [ "$KEPT-$OPENCLAW_SERVICE_KIND" = yes- ] &&
            echo '{"channelOrder":["dingtalk-connector"]}'"#;
        std::fs::write(&script, text).unwrap();
        let words = ["/bin/sh", script.to_str().unwrap(), "gateway", "--port", "1"];
        let exec_start = CommandLine { arguments: words.map(str::to_owned).to_vec() };
        let environment = Environment::of_assignments(["KEPT=yes", "OPENCLAW_SERVICE_KIND=x"]);
        let deadline = Deadline::after(std::time::Duration::from_secs(10));
        let ask =
            |id| asked_for_channel(id, &exec_start, &environment, deadline, &Interrupt::never());
        assert_eq!(ask("dingtalk-connector"), listed(&[]));
        assert_eq!(ask("telegram"), ChannelQuestion::Missing);
    }

    fn heard(lines: &[&str], accounts: &[&str]) -> Vec<Connection> {
        let lines: Vec<_> = lines.iter().map(|line| LogLine::of_console(0, line)).collect();
        let accounts: Vec<_> = accounts.iter().map(|&account| account.to_owned()).collect();
        connections(&lines, &accounts).into_iter().map(|(_, connection)| connection).collect()
    }

    /// The lines of connector 0.6.0 and OpenClaw 2026.3.13, and of 0.8.13.
    #[test]
    fn each_accounts_connection_is_read_off_the_log() {
        use Connection::{Failed, Open, Unseen};
        const SUCCESS: &str =
            "2026-11-22T10:43:30.135+00:00 [2026-11-22T10:43:30.135Z] connect success";
        const GRANTED: &str =
            "2026-11-22T10:43:30.135+00:00 [dingtalk-connector] [default] 钉钉 Stream 客户端已连接";
        const REFUSED: &str = "2026-11-22T10:43:30.135+00:00 [dingtalk-connector] [default] channel exited: Request failed with status code 400";
        const UP: &str = r#"[dingtalk-connector][a] onStatusChange patch={"connected":true,"lastConnectedAt":1} current={}"#;
        const DOWN: &str =
            r#"[dingtalk-connector][a] onStatusChange patch={"connected":false} current={}"#;
        let refused = || Failed("Request failed with status code 400".to_owned());
        let lost = || Failed("onStatusChange {\"connected\":false}".to_owned());
        for (lines, accounts, expected) in [
            (&[][..], &["default"][..], vec![Unseen]),
            (&[GRANTED], &["default"], vec![Unseen]),
            (&[GRANTED, SUCCESS], &["default"], vec![Open]),
            (&[REFUSED], &["default"], vec![refused()]),
            (&[REFUSED, GRANTED, SUCCESS], &["default"], vec![Open]),
            (&[GRANTED, SUCCESS], &["default", "b"], vec![Open, Unseen]),
            (&[SUCCESS], &["a", "b"], vec![Unseen, Unseen]),
            (&[SUCCESS, SUCCESS], &["a", "b"], vec![Open, Open]),
            (&[UP], &["a", "b"], vec![Open, Unseen]),
            (&[UP, DOWN], &["a"], vec![lost()]),
            (
                &["[dingtalk-connector][__default__] onStatusChange patch={\"connected\":true}"],
                &["default"],
                vec![Open],
            ),
        ] {
            assert_eq!(heard(lines, accounts), expected, "{lines:?}");
        }
    }
}
