//! What the gateway's log tells since its start: the wordings that field reports have taught us.

use crate::health::{LogLine, Redaction};

/// A wording that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// All of these stand in the line.
    pub words: &'static [&'static str],
    /// The check that it is evidence for.
    pub check: &'static str,
}

/// What OpenClaw and the connector say when something is wrong (measured with OpenClaw 2026.3.13
/// and connector 0.6.0, and read in public reports).
pub const SIGNATURES: [Signature; 27] = [
    Signature { words: &["fetch failed"], check: "proxy.loopback" },
    Signature { words: &["响应 status=404"], check: "gateway.endpoint" },
    Signature { words: &["Gateway error: 404"], check: "gateway.endpoint" },
    Signature { words: &["Gateway error: 405"], check: "gateway.endpoint" },
    Signature { words: &["响应 status=401"], check: "gateway.auth" },
    Signature { words: &["Gateway error: 401"], check: "gateway.auth" },
    Signature { words: &["ByteString"], check: "gateway.auth" },
    Signature { words: &["Invalid `model`"], check: "compat.matrix" },
    Signature { words: &["SDK 版本过低"], check: "compat.matrix" },
    Signature { words: &["共 0 chunks"], check: "llm.api-mode" },
    Signature { words: &["No reply from agent"], check: "llm.api-mode" },
    Signature { words: &["LLM request timed out"], check: "llm.reach" },
    Signature { words: &["auto-restart attempt"], check: "channel.restart-loop" },
    Signature { words: &["channel exited"], check: "channel.restart-loop" },
    Signature { words: &["giving up after 10"], check: "channel.restart-loop" },
    Signature { words: &["dingtalk-connector failed to load"], check: "plugin.load" },
    Signature { words: &["dingtalk-connector failed during register"], check: "plugin.load" },
    Signature { words: &["Cannot find module"], check: "plugin.deps" },
    Signature { words: &["startAccount error"], check: "plugin.load" },
    Signature {
        words: &["blocked plugin candidate", "dingtalk-connector"],
        check: "plugin.mode-link",
    },
    Signature { words: &["unknown channel id"], check: "config.channel-orphan" },
    Signature { words: &["must NOT have additional properties"], check: "config.legacy-keys" },
    Signature { words: &["protocol mismatch"], check: "proxy.socks" },
    Signature { words: &["Maximum number of redirects"], check: "proxy.dingtalk" },
    Signature { words: &["get endpoint failed"], check: "dingtalk.stream" },
    Signature { words: &["EADDRINUSE"], check: "gateway.listener" },
    Signature { words: &["already listening"], check: "gateway.listener" },
];

/// A wording that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Which one.
    pub signature: Signature,
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
    /// What was found, in the order of [`SIGNATURES`].
    pub heard: Vec<Heard>,
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
    pub fn of(lines: &[LogLine], source: String, channel: &str, secrets: &[String]) -> Self {
        let mut redaction = Redaction::default();
        let mut masked = |line: &LogLine| {
            let text = redaction.shown(line, secrets);
            LogLine { text, ..line.clone() }
        };
        let lines: Vec<LogLine> = lines.iter().map(&mut masked).collect();
        let heard = SIGNATURES.iter().filter_map(|signature| hear(*signature, &lines));
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
    pub fn about<'a>(&'a self, check: &'a str) -> impl Iterator<Item = &'a Heard> {
        self.heard.iter().filter(move |heard| heard.signature.check == check)
    }
}

fn hear(signature: Signature, lines: &[LogLine]) -> Option<Heard> {
    let says = |line: &&LogLine| signature.words.iter().all(|word| line.text.contains(word));
    let mut found = lines.iter().filter(says);
    let last = found.next_back()?;
    let count = found.count() + 1;
    Some(Heard { signature, count, last_usec: last.usec, sample: shown(last) })
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
        };
        let lines = [
            line("dingtalk-connector", "[DingTalk] 收到消息: why do I see fetch failed"),
            line("", "and LLM request timed out"),
            line("dingtalk-connector", "[DingTalk] Gateway 调用失败: fetch failed"),
        ];
        let log = Log::of(&lines, "log".to_owned(), "dingtalk-connector", &[]);
        let heard: Vec<_> =
            log.heard.iter().map(|heard| (heard.signature.check, heard.count)).collect();
        assert_eq!(heard, [("proxy.loopback", 1)]);
        assert!(!log.tail.concat().contains("why") && !log.tail.concat().contains("timed out"));
    }
}
