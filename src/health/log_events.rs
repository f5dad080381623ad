//! What the gateway says about itself: how `OpenClaw` words a failure, and what proves a success.

use super::LogLine;

/// A fact that the log states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEvent {
    /// The gateway refuses its configuration and exits.
    ConfigInvalid(String),
    /// The gateway cannot start for another reason, such as a port in use.
    StartRefused(String),
    /// The connector was not loaded, or threw while it registered.
    ConnectorFailed(String),
    /// The connector's channel has spoken: the gateway started its account.
    ConnectorSpoke,
}

/// All that was found, the first one of each kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogEvents {
    found: Vec<LogEvent>,
}

impl LogEvents {
    /// Reads the log of one start for what it says about the connector `id`.
    ///
    /// `/readyz` stays at 200 and `plugins list` says "loaded" when the running gateway could not
    /// load a plugin; the gateway's own log does not lie (`OpenClaw` 2026.3.13, measured).
    #[must_use]
    pub fn of(lines: &[LogLine], id: &str) -> Self {
        let mut events = Self::default();
        for (at, line) in lines.iter().enumerate() {
            if let Some(event) = event(line, &lines[at + 1..], id) {
                events.add(event);
            }
        }
        events
    }

    /// Why the gateway did not start.
    #[must_use]
    pub fn refusal(&self) -> Option<&LogEvent> {
        let refuses = |event: &&LogEvent| {
            matches!(event, LogEvent::ConfigInvalid(_) | LogEvent::StartRefused(_))
        };
        self.found.iter().find(refuses)
    }

    /// Why the connector is not loaded.
    #[must_use]
    pub fn connector_failure(&self) -> Option<&str> {
        self.found.iter().find_map(|event| match event {
            LogEvent::ConnectorFailed(reason) => Some(reason.as_str()),
            _ => None,
        })
    }

    /// Whether the connector's own channel has spoken, which proves that it is loaded.
    #[must_use]
    pub fn has_spoken(&self) -> bool {
        self.found.contains(&LogEvent::ConnectorSpoke)
    }

    fn add(&mut self, event: LogEvent) {
        let kind = std::mem::discriminant(&event);
        if self.found.iter().all(|known| std::mem::discriminant(known) != kind) {
            self.found.push(event);
        }
    }
}

/// What the gateway's config or start was refused for last, with the time, unless it has started
/// since; a config that only a running gateway did not take over counts, too.
#[must_use]
pub fn last_refusal(lines: &[LogLine], id: &str) -> Option<(u64, LogEvent)> {
    lines.iter().enumerate().fold(None, |last, (at, line)| {
        if line.text.starts_with("listening on ") {
            return None;
        }
        let skipped = line.text.strip_prefix("config reload skipped (invalid config): ");
        let skipped =
            skipped.map(|all| LogEvent::ConfigInvalid(format!("- {}", all.replace("; ", "\n- "))));
        let event = skipped.or_else(|| event(line, &lines[at + 1..], id));
        let refuses = |event: &LogEvent| {
            matches!(event, LogEvent::ConfigInvalid(_) | LogEvent::StartRefused(_))
        };
        event.filter(refuses).map(|event| (line.usec, event)).or(last)
    })
}

fn event(line: &LogLine, following: &[LogLine], id: &str) -> Option<LogEvent> {
    let text = line.text.as_str();
    if line.speaker == id {
        return Some(LogEvent::ConnectorSpoke);
    }
    let listed = text.strip_prefix("Invalid config at ");
    if let Some(reason) = listed.or_else(|| text.strip_prefix("Problem:")) {
        let more = following.iter().map(|line| line.text.trim_start());
        let more = more.take_while(|text| text.starts_with("- "));
        let all = std::iter::once(unfolded(reason)).chain(more.map(str::to_owned));
        return Some(LogEvent::ConfigInvalid(all.collect::<Vec<_>>().join("\n")));
    }
    let refusals = ["Gateway failed to start", "Gateway start blocked", "refusing to bind gateway"];
    if refusals.iter().any(|refusal| text.contains(refusal)) {
        return Some(LogEvent::StartRefused(with_continuation(text, following)));
    }
    let text = text.strip_prefix("[plugins] ").unwrap_or(text);
    let about_it = text.strip_prefix(id).is_some_and(|rest| rest.starts_with(' '));
    let failures = ["failed to load from", "failed during ", "missing register/activate export"];
    let failed = about_it && failures.iter().any(|failure| text.contains(failure));
    let blocked = text.contains("blocked plugin candidate") && names(text, id);
    (failed || blocked).then(|| LogEvent::ConnectorFailed(with_continuation(text, following)))
}

/// Whether a path or a `plugin=` in the text names the plugin.
fn names(text: &str, id: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || "-_".contains(c))).any(|word| word == id)
}

/// `OpenClaw` prints this message with the two characters `\n` in it.
fn unfolded(text: &str) -> String {
    text.replace("\\n", "\n")
}

/// The journal cuts a message at its line ends; what goes on is indented and has no speaker.
fn with_continuation(text: &str, following: &[LogLine]) -> String {
    let more = following.iter().take_while(|line| {
        line.speaker.is_empty()
            && line.text.starts_with([' ', '\t'])
            && !line.text.trim().is_empty()
    });
    let more = more.map(|line| line.text.trim());
    std::iter::once(text.trim_end()).chain(more.take(3)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "dingtalk-connector";

    fn events(console: &str) -> LogEvents {
        let lines: Vec<LogLine> =
            console.lines().map(|line| LogLine::of_console(0, line)).collect();
        LogEvents::of(&lines, ID)
    }

    /// Each log is what `OpenClaw` 2026.3.13 printed for a connector with that fault.
    #[test]
    fn a_connector_that_does_not_compile_is_seen_with_its_line() {
        let events = events(
            "[plugins] plugins.allow is empty; discovered non-bundled plugins may auto-load: dingtalk-connector (/x/plugin.ts). Set plugins.allow to explicit trusted ids.\n\
             2026-11-22T10:40:09.472+00:00 [gateway] [plugins] dingtalk-connector failed to load from /x/plugin.ts: Error: ParseError: Unexpected token  \n \
             /x/plugin.ts:24:14\n\
             2026-11-22T10:40:09.605+00:00 [gateway] listening on ws://127.0.0.1:19021",
        );
        let reason = "dingtalk-connector failed to load from /x/plugin.ts: Error: ParseError: Unexpected token\n/x/plugin.ts:24:14";
        assert_eq!(events.connector_failure(), Some(reason));
        assert_eq!((events.has_spoken(), events.refusal()), (false, None));
    }

    #[test]
    fn a_connector_that_throws_or_is_blocked_is_seen() {
        for line in [
            "2026-11-22T10:40:45.734+00:00 [gateway] [plugins] dingtalk-connector failed during register from /x/plugin.ts: Error: register went wrong",
            "[plugins] dingtalk-connector failed during load from /x/index.ts: Error [ERR_PACKAGE_PATH_NOT_EXPORTED]: Package subpath './plugin-sdk' is not defined",
            "[plugins] dingtalk-connector missing register/activate export",
            "[plugins] blocked plugin candidate: world-writable path (/h/.openclaw/extensions/dingtalk-connector, mode=777)",
        ] {
            assert!(events(line).connector_failure().is_some(), "{line}");
        }
    }

    #[test]
    fn other_plugins_failures_are_not_ours() {
        for line in [
            "[plugins] dingtalk-connector-pro failed to load from /x: Error",
            "[plugins] telegram failed to load from /x/dingtalk-connector: Error",
            "[plugins] blocked plugin candidate: world-writable path (/h/extensions/other, mode=777)",
            "[gateway] [plugins] dingtalk-connector: loaded without install/load-path provenance; treat as untracked local code",
        ] {
            assert_eq!(events(line), LogEvents::default(), "{line}");
        }
    }

    #[test]
    fn the_channels_own_voice_proves_that_it_is_loaded() {
        let line = "2026-11-22T10:43:30.135+00:00 [dingtalk-connector] [default] channel exited: cannot start account";
        assert!(events(line).has_spoken());
    }

    #[test]
    fn an_invalid_configuration_is_seen_with_its_lines() {
        let events = events(
            "Invalid config at /h/openclaw.json:\\n- channels.dingtalk-connector: unknown channel id: dingtalk-connector\nConfig invalid",
        );
        let reason = "/h/openclaw.json:\n- channels.dingtalk-connector: unknown channel id: dingtalk-connector";
        assert_eq!(events.refusal(), Some(&LogEvent::ConfigInvalid(reason.to_owned())));
    }

    #[test]
    fn a_refused_start_is_seen() {
        let line = "Gateway failed to start: another gateway instance is already listening on ws://127.0.0.1:18789";
        assert_eq!(events(line).refusal(), Some(&LogEvent::StartRefused(line.to_owned())));
    }
}
