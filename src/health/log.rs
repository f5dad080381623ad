//! One line of the gateway's log, whichever way it came to us.

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

#[cfg(test)]
mod tests {
    use super::LogLine;

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
}
