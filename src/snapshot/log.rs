//! What the gateway's log tells since its start: the wordings that field reports have taught us.

use crate::health::{LogLine, Redaction};

/// A wording that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPattern {
    /// All of these stand in the line.
    pub words: &'static [&'static str],
    /// The check that it is evidence for.
    pub check: &'static str,
}

/// What OpenClaw and the connector say when something is wrong (measured with OpenClaw 2026.3.13
/// and connector 0.6.0, and read in public reports).
pub const LOG_PATTERNS: [LogPattern; 27] = [
    LogPattern { words: &["fetch failed"], check: "proxy.loopback" },
    LogPattern { words: &["响应 status=404"], check: "gateway.endpoint" },
    LogPattern { words: &["Gateway error: 404"], check: "gateway.endpoint" },
    LogPattern { words: &["Gateway error: 405"], check: "gateway.endpoint" },
    LogPattern { words: &["响应 status=401"], check: "gateway.auth" },
    LogPattern { words: &["Gateway error: 401"], check: "gateway.auth" },
    LogPattern { words: &["ByteString"], check: "gateway.auth" },
    LogPattern { words: &["Invalid `model`"], check: "compat.matrix" },
    LogPattern { words: &["SDK 版本过低"], check: "compat.matrix" },
    LogPattern { words: &["共 0 chunks"], check: "llm.api-mode" },
    LogPattern { words: &["No reply from agent"], check: "llm.api-mode" },
    LogPattern { words: &["LLM request timed out"], check: "llm.reach" },
    LogPattern { words: &["auto-restart attempt"], check: "channel.restart-loop" },
    LogPattern { words: &["channel exited"], check: "channel.restart-loop" },
    LogPattern { words: &["giving up after 10"], check: "channel.restart-loop" },
    LogPattern { words: &["dingtalk-connector failed to load"], check: "plugin.load" },
    LogPattern { words: &["dingtalk-connector failed during register"], check: "plugin.load" },
    LogPattern { words: &["Cannot find module"], check: "plugin.deps" },
    LogPattern { words: &["startAccount error"], check: "plugin.load" },
    LogPattern {
        words: &["blocked plugin candidate", "dingtalk-connector"],
        check: "plugin.mode-link",
    },
    LogPattern { words: &["unknown channel id"], check: "config.channel-orphan" },
    LogPattern { words: &["must NOT have additional properties"], check: "config.legacy-keys" },
    LogPattern { words: &["protocol mismatch"], check: "proxy.socks" },
    LogPattern { words: &["Maximum number of redirects"], check: "proxy.dingtalk" },
    LogPattern { words: &["get endpoint failed"], check: "dingtalk.stream" },
    LogPattern { words: &["EADDRINUSE"], check: "gateway.listener" },
    LogPattern { words: &["already listening"], check: "gateway.listener" },
];

/// A wording that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogMatch {
    /// Which one.
    pub signature: LogPattern,
    /// In how many lines.
    pub count: usize,
    /// When it was said last, µs since 1970.
    pub last_usec: u64,
    /// The last line, without secrets and without what people wrote.
    pub sample: String,
}

/// The log since the gateway's start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Log {
    /// Where it came from, for people.
    pub source: String,
    /// How many lines there were.
    pub lines: usize,
    /// What was found, in the order of [`LOG_PATTERNS`].
    pub heard: Vec<LogMatch>,
    /// The connector's own channel has spoken.
    pub channel_spoke: bool,
    /// The last lines, without secrets.
    pub tail: Vec<String>,
}

/// How many last lines are kept for an archive.
const TAIL: usize = 400;

impl Log {
    /// Reads the lines. What somebody wrote to the bot is neither shown nor taken for a symptom.
    #[must_use]
    pub fn of(lines: &[LogLine], source: String, channel: &str) -> Self {
        let mut redaction = Redaction::default();
        let lines: Vec<LogLine> = lines.iter().map(|line| redaction.shown(line)).collect();
        let heard = LOG_PATTERNS.iter().filter_map(|signature| hear(*signature, &lines));
        let tail = lines[lines.len().saturating_sub(TAIL)..].iter();
        Self {
            source,
            heard: heard.collect(),
            channel_spoke: lines.iter().any(|line| line.speaker == channel),
            tail: tail.map(shown).collect(),
            lines: lines.len(),
        }
    }

    /// What was heard that is evidence for a check.
    pub fn about<'a>(&'a self, check: &'a str) -> impl Iterator<Item = &'a LogMatch> {
        self.heard.iter().filter(move |heard| heard.signature.check == check)
    }
}

fn hear(signature: LogPattern, lines: &[LogLine]) -> Option<LogMatch> {
    let says = |line: &&LogLine| signature.words.iter().all(|word| line.text.contains(word));
    let mut found = lines.iter().filter(says);
    let last = found.next_back()?;
    let count = found.count() + 1;
    Some(LogMatch { signature, count, last_usec: last.usec, sample: shown(last) })
}

fn shown(line: &LogLine) -> String {
    let speaker =
        if line.speaker.is_empty() { String::new() } else { format!("[{}] ", line.speaker) };
    let time = time_text(line.usec);
    format!("{time} {speaker}{}", line.text)
}

/// The time as people and programs read it, UTC.
#[must_use]
pub fn time_text(usec: u64) -> String {
    let usec = i64::try_from(usec).unwrap_or(i64::MAX);
    jiff::Timestamp::from_microsecond(usec)
        .map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Log, LogLine};

    #[test]
    fn what_people_write_is_no_symptom_and_is_not_kept() {
        let line = |speaker: &str, text: &str| LogLine {
            usec: 1,
            speaker: speaker.to_owned(),
            text: text.to_owned(),
            begins: !speaker.is_empty(),
        };
        let lines = [
            line("dingtalk-connector", "[DingTalk] 收到消息: why do I see fetch failed"),
            line("", "and LLM request timed out"),
            line("dingtalk-connector", "[DingTalk] Gateway 调用失败: fetch failed"),
        ];
        let log = Log::of(&lines, "log".to_owned(), "dingtalk-connector");
        let heard: Vec<_> =
            log.heard.iter().map(|heard| (heard.signature.check, heard.count)).collect();
        assert_eq!(heard, [("proxy.loopback", 1)]);
        assert!(!log.tail.concat().contains("why") && !log.tail.concat().contains("timed out"));
    }
}
