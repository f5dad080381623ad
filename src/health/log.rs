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
}

impl LogLine {
    /// Out of a console line: `2026-11-22T10:43:30.135+00:00 [dingtalk-connector] [default] …`.
    pub(super) fn of_console(usec: u64, line: &str) -> Self {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        let is_time = first.len() > 18 && first.as_bytes()[4] == b'-' && first.contains('T');
        let line = if is_time { rest } else { line };
        let tagged = line.strip_prefix('[').and_then(|rest| rest.split_once("] "));
        // DingTalk writes an emoji of a message as `[微笑]`: that is nobody who speaks
        let tagged = tagged.filter(|(speaker, _)| speaker.bytes().all(is_of_a_name));
        let (speaker, text) = tagged.unwrap_or(("", line));
        Self { usec, speaker: speaker.to_owned(), text: text.to_owned() }
    }

    /// Out of a line of `OpenClaw`'s own log file (tslog): the arguments under `"0"`, `"1"`, …, the
    /// subsystem as JSON in the first one.
    pub(super) fn of_file(line: &str) -> Option<Self> {
        let entry: Value = serde_json::from_str(line).ok()?;
        let time: jiff::Timestamp = entry["time"].as_str()?.parse().ok()?;
        let usec = u64::try_from(time.as_microsecond()).ok()?;
        let arguments = (0..).map_while(|n: u8| entry.get(n.to_string()));
        let mut texts: Vec<String> = arguments.map(text_of).collect();
        let subsystem = texts.first().and_then(|first| serde_json::from_str::<Value>(first).ok());
        let subsystem = subsystem.and_then(|first| first["subsystem"].as_str().map(str::to_owned));
        let speaker = subsystem.map_or_else(String::new, |name| {
            texts.remove(0);
            name.trim_start_matches("gateway/").trim_start_matches("channels/").to_owned()
        });
        Some(Self { usec, speaker, text: texts.join(" ") })
    }
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

    fn line(usec: u64, speaker: &str, text: &str) -> LogLine {
        LogLine { usec, speaker: speaker.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn console_lines_lose_their_time_and_give_their_speaker() {
        for (console, speaker, text) in [
            (
                "2026-11-22T10:43:30.135+00:00 [gateway] listening on ws",
                "gateway",
                "listening on ws",
            ),
            (
                "[plugins] x failed to load from /p: Error",
                "plugins",
                "x failed to load from /p: Error",
            ),
            (
                "2026-11-22T10:43:30.135Z [dingtalk-connector] [default] up",
                "dingtalk-connector",
                "[default] up",
            ),
            ("Config invalid", "", "Config invalid"),
            ("[微笑] 你好", "", "[微笑] 你好"),
            (" /p/plugin.ts:24:14", "", " /p/plugin.ts:24:14"),
            ("", "", ""),
        ] {
            assert_eq!(LogLine::of_console(7, console), line(7, speaker, text), "{console}");
        }
    }

    #[test]
    fn lines_of_the_log_file_read_the_same() {
        let entry = r#"{"0":"{\"subsystem\":\"gateway/channels/dingtalk-connector\"}","1":"[default] channel exited: no","_meta":{},"time":"2026-11-22T10:43:30.134+00:00"}"#;
        let expected =
            line(1_795_344_210_134_000, "dingtalk-connector", "[default] channel exited: no");
        assert_eq!(LogLine::of_file(entry), Some(expected));
        let bare = r#"{"0":"Config invalid","1":{"a":1},"time":"1970-01-01T00:00:01Z"}"#;
        assert_eq!(LogLine::of_file(bare), Some(line(1_000_000, "", r#"Config invalid {"a":1}"#)));
        assert_eq!(LogLine::of_file("torn li"), None);
    }
}
