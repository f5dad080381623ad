//! The running gateway asked which channels it has, through its own command line.
//!
//! A WebSocket client needs a paired device (`OpenClaw` 2026.3.13 refuses others even with auth
//! `none`), which the command line sets up for itself: the first question of a machine's life
//! leaves `identity/` and `devices/` in the state directory, as `openclaw status` would.

use serde_json::Value;

use super::connection::account_id;
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
    /// No answer from the running gateway: the command line then falls back to the configuration
    /// and succeeds all the same.
    Unanswered,
}

/// Runs `openclaw channels status --json` as the unit would run `OpenClaw`: the same programs, the
/// same environment.
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
    match openclaw.args(["channels", "status", "--json"]).run(deadline, interrupt) {
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

fn answer(stdout: &str, id: &str) -> ChannelQuestion {
    let Ok(status) = serde_json::from_str::<Value>(stdout) else {
        return ChannelQuestion::Unanswered;
    };
    let Some(channels) = status["channelOrder"].as_array() else {
        return ChannelQuestion::Unanswered;
    };
    if status["gatewayReachable"] == false {
        return ChannelQuestion::Unanswered;
    }
    if channels.iter().any(|channel| channel == id) {
        let accounts = status["channelAccounts"][id].as_array().into_iter().flatten();
        let connected = accounts.filter(|account| account["connected"] == true);
        let ids = connected.filter_map(|account| account["accountId"].as_str());
        ChannelQuestion::Listed { connected: ids.map(account_id).collect() }
    } else {
        ChannelQuestion::Missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(connected: &[&str]) -> ChannelQuestion {
        ChannelQuestion::Listed { connected: connected.iter().map(|&id| id.to_owned()).collect() }
    }

    #[test]
    fn answers_of_a_running_gateway_are_told_from_the_fallback() {
        for (stdout, expected) in [
            (r#"{"ts":1,"channelOrder":["dingtalk-connector"]}"#, listed(&[])),
            (
                r#"{"channelOrder":["dingtalk-connector"],"channelAccounts":{"dingtalk-connector":
                    [{"accountId":"__default__","connected":true},{"accountId":"b","connected":null}]}}"#,
                listed(&["default"]),
            ),
            (r#"{"ts":1,"channelOrder":[]}"#, ChannelQuestion::Missing),
            (
                "Gateway not reachable; showing config-only status.\n- DingTalk default: enabled",
                ChannelQuestion::Unanswered,
            ),
            (r#"{"gatewayReachable":false,"channelOrder":[]}"#, ChannelQuestion::Unanswered),
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
        let text = r#"[ "$*" = "channels status --json" ] && [ "$KEPT-$OPENCLAW_SERVICE_KIND" = yes- ] &&
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
}
