//! One line of the gateway's log, whichever way it came to us, and what it says: how `OpenClaw` words
//! a failure, and what proves a success.

use serde_json::Value;

/// A line as `OpenClaw` prints it on its console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When, in µs since 1970.
    pub usec: u64,
    /// The part of the gateway that speaks: `gateway`, `plugins`, a channel's id; empty if it
    /// does not say.
    pub speaker: String,
    /// What it says.
    pub text: String,
    /// It is proven to begin a record. A line that is not may go on with the one before it, whatever
    /// it looks like: a message of several lines is several lines of the journal.
    pub begins: bool,
}

/// How far the time in a line may be from the one at which the journal got it.
const NEAR_USEC: u64 = 5_000_000;

impl LogLine {
    /// Out of a console line: `2026-11-22T10:43:30.135+00:00 [dingtalk-connector] [default] …`.
    ///
    /// It begins a record if it bears about the time at which it came: nobody who writes to the bot
    /// knows when that will be logged. That time is then its own: a busy journal has it late, when
    /// the next gateway may run already.
    pub(super) fn of_console(usec: u64, line: &str) -> Self {
        if let Some(line) = Self::of_json(usec, line) {
            return line;
        }
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        let time = time_usec(first);
        let own = time.filter(|time| time.abs_diff(usec) <= NEAR_USEC);
        let line = if time.is_some() { rest } else { line };
        let tagged = line.strip_prefix('[').and_then(|rest| rest.split_once("] "));
        // DingTalk writes an emoji of a message as `[微笑]`: that is nobody who speaks
        let tagged = tagged.filter(|(speaker, _)| speaker.bytes().all(is_of_a_name));
        let (speaker, text) = tagged.unwrap_or(("", line));
        let (speaker, text) = (speaker.to_owned(), text.to_owned());
        Self { usec: own.unwrap_or(usec), speaker, text, begins: own.is_some() }
    }

    /// Out of what `logging.consoleStyle: "json"` prints.
    fn of_json(usec: u64, line: &str) -> Option<Self> {
        let entry: Value = serde_json::from_str(line).ok().filter(Value::is_object)?;
        let time = time_usec(entry["time"].as_str()?)?;
        let text = entry["message"].as_str()?.to_owned();
        let speaker = short(entry["subsystem"].as_str().unwrap_or_default());
        let own = Some(time).filter(|time| time.abs_diff(usec) <= NEAR_USEC);
        Some(Self { usec: own.unwrap_or(usec), speaker, text, begins: own.is_some() })
    }

    /// Out of a line of `OpenClaw`'s own log file (tslog): the arguments under `"0"`, `"1"`, …, the
    /// subsystem as JSON in the first one.
    pub(super) fn of_file(line: &str) -> Option<Self> {
        let entry: Value = serde_json::from_str(line).ok()?;
        let usec = time_usec(entry["time"].as_str()?)?;
        let arguments = (0..).map_while(|n: u8| entry.get(n.to_string()));
        let mut texts: Vec<String> = arguments.map(text_of).collect();
        let subsystem = texts.first().and_then(|first| serde_json::from_str::<Value>(first).ok());
        let subsystem = subsystem.and_then(|first| first["subsystem"].as_str().map(str::to_owned));
        let speaker = subsystem.map_or_else(String::new, |name| {
            texts.remove(0);
            short(&name)
        });
        Some(Self { usec, speaker, text: texts.join(" "), begins: true })
    }
}

/// A subsystem as the console names it.
fn short(subsystem: &str) -> String {
    subsystem.trim_start_matches("gateway/").trim_start_matches("channels/").to_owned()
}

fn time_usec(text: &str) -> Option<u64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_microsecond()).ok()
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_/.:@ ".contains(&byte)
}

fn text_of(argument: &Value) -> String {
    argument.as_str().map_or_else(|| argument.to_string(), str::to_owned)
}

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
    pub fn refusal(&self) -> Option<&LogEvent> {
        let refuses = |event: &&LogEvent| {
            matches!(event, LogEvent::ConfigInvalid(_) | LogEvent::StartRefused(_))
        };
        self.found.iter().find(refuses)
    }

    /// Why the connector is not loaded.
    pub fn connector_failure(&self) -> Option<&str> {
        self.found.iter().find_map(|event| match event {
            LogEvent::ConnectorFailed(reason) => Some(reason.as_str()),
            _ => None,
        })
    }

    /// Whether the connector's own channel has spoken, which proves that it is loaded.
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

/// The provider that `OpenClaw` itself does not let the gateway ask, because it takes its address for a
/// private one (2026.9.6, measured).
pub fn blocked_provider(text: &str) -> Option<&str> {
    let told = text.split_once("[model-fetch] error provider=")?.1;
    let id = told.contains("name=SsrFBlockedError").then(|| told.split(' ').next())??;
    // it becomes part of a command to paste
    id.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)).then_some(id)
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

    const NOON: u64 = 1_795_344_210_134_000;

    fn line(begins: bool, speaker: &str, text: &str) -> LogLine {
        LogLine { usec: NOON, speaker: speaker.to_owned(), text: text.to_owned(), begins }
    }

    #[test]
    fn console_lines_lose_their_time_and_give_their_speaker() {
        for (console, begins, speaker, text) in [
            (
                "2026-11-22T10:43:30.135+00:00 [gateway] listening on ws",
                true,
                "gateway",
                "listening on ws",
            ),
            (
                "[plugins] x failed to load from /p: Error",
                false,
                "plugins",
                "x failed to load from /p: Error",
            ),
            (
                "2026-11-22T10:43:30.135Z [dingtalk-connector] [default] up",
                true,
                "dingtalk-connector",
                "[default] up",
            ),
            // pasted into a message: of another time
            ("2026-11-22T09:43:30.135Z [gateway] up", false, "gateway", "up"),
            (
                r#"{"time":"2026-11-22T10:43:31Z","level":"info","subsystem":"gateway/ws","message":"up"}"#,
                true,
                "ws",
                "up",
            ),
            (r#"{"time":"2026-11-22T09:43:31Z","message":"up"}"#, false, "", "up"),
            ("Config invalid", false, "", "Config invalid"),
            ("[微笑] 你好", false, "", "[微笑] 你好"),
            (" /p/plugin.ts:24:14", false, "", " /p/plugin.ts:24:14"),
            ("", false, "", ""),
        ] {
            let found = LogLine::of_console(NOON, console);
            let its_own = found.usec != NOON;
            assert_eq!(its_own, begins, "{console}");
            let expected = LogLine { usec: found.usec, ..line(begins, speaker, text) };
            assert_eq!(found, expected, "{console}");
        }
    }

    #[test]
    fn lines_of_the_log_file_read_the_same() {
        let entry = r#"{"0":"{\"subsystem\":\"gateway/channels/dingtalk-connector\"}","1":"[default] channel exited: no","_meta":{},"time":"2026-11-22T10:43:30.134+00:00"}"#;
        let expected = line(true, "dingtalk-connector", "[default] channel exited: no");
        assert_eq!(LogLine::of_file(entry), Some(expected));
        let bare = r#"{"0":"Config invalid","1":{"a":1},"time":"1970-01-01T00:00:01Z"}"#;
        let expected = LogLine { usec: 1_000_000, ..line(true, "", r#"Config invalid {"a":1}"#) };
        assert_eq!(LogLine::of_file(bare), Some(expected));
        assert_eq!(LogLine::of_file("torn li"), None);
    }

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
    fn a_provider_that_openclaw_blocks_is_named() {
        let line = "2026-11-29T16:56:09.286+00:00 [provider-transport-fetch] [model-fetch] error provider=openai api=openai-completions model=gpt-5.4 elapsedMs=11 name=SsrFBlockedError code=undefined causeName=undefined causeCode=undefined message=Blocked hostname or private/internal/special-use IP address";
        assert_eq!(blocked_provider(line), Some("openai"));
        assert_eq!(blocked_provider(&line.replace("SsrFBlockedError", "TypeError")), None);
        assert_eq!(blocked_provider(&line.replace("=openai ", "=$(id) ")), None);
    }

    #[test]
    fn a_refused_start_is_seen() {
        let line = "Gateway failed to start: another gateway instance is already listening on ws://127.0.0.1:18789";
        assert_eq!(events(line).refusal(), Some(&LogEvent::StartRefused(line.to_owned())));
    }
}
