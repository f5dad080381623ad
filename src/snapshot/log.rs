//! What the gateway's log tells since its start: the wordings that field reports have taught us.

use crate::health::{Connection, Connections, LogEvent, LogLine, connections, last_refusal};

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
pub const LOG_PATTERNS: [LogPattern; 38] = [
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
    LogPattern { words: &["[model-fetch] error", "SsrFBlockedError"], check: "llm.reach" },
    LogPattern { words: &["auto-restart attempt"], check: "channel.restart-loop" },
    LogPattern { words: &["channel exited"], check: "channel.restart-loop" },
    LogPattern { words: &["giving up after 10"], check: "channel.restart-loop" },
    LogPattern { words: &["dingtalk-connector failed to load"], check: "plugin.load" },
    LogPattern { words: &["dingtalk-connector failed during register"], check: "plugin.load" },
    LogPattern { words: &["Cannot find module"], check: "plugin.deps" },
    LogPattern { words: &["startAccount error"], check: "dingtalk.stream" },
    LogPattern { words: &[".api: Invalid"], check: "llm.api-mode" },
    LogPattern { words: &["plugin manifest not found"], check: "plugin.stray" },
    LogPattern { words: &["plugin manifest not found"], check: "plugin.present" },
    // its words for an entry that is missing, too
    LogPattern { words: &["extension entry escapes"], check: "plugin.present" },
    LogPattern { words: &["extension entry escapes"], check: "plugin.stray" },
    LogPattern { words: &["extension entry escapes"], check: "plugin.mode-link" },
    LogPattern {
        words: &["blocked plugin candidate", "dingtalk-connector"],
        check: "plugin.mode-link",
    },
    LogPattern { words: &["unknown channel id"], check: "config.channel-orphan" },
    LogPattern { words: &["must NOT have additional properties"], check: "config.legacy-keys" },
    LogPattern { words: &["protocol mismatch"], check: "proxy.socks" },
    LogPattern { words: &["Maximum number of redirects"], check: "proxy.dingtalk" },
    // axios' words: the connector asks only DingTalk with it, which answers none of these itself
    LogPattern { words: &["Request failed with status code 502"], check: "proxy.dingtalk" },
    LogPattern { words: &["Request failed with status code 503"], check: "proxy.dingtalk" },
    LogPattern { words: &["Request failed with status code 504"], check: "proxy.dingtalk" },
    LogPattern { words: &["Request failed with status code 407"], check: "proxy.dingtalk" },
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
    /// They go back to the gateway's start.
    pub is_whole: bool,
    /// What was found, in the order of [`LOG_PATTERNS`].
    pub heard: Vec<LogMatch>,
    /// The connector's own channel has spoken.
    pub channel_spoke: bool,
    /// Where it has not, the gateway was asked for its channels, and gave no answer.
    pub is_unanswered: bool,
    /// Why OpenClaw refuses its config, a reason each (`path: message`), in its own words.
    pub refused_config: Vec<String>,
    /// Why it refuses to start otherwise, in its own words.
    pub refused_start: Option<String>,
    /// The connection of each account that shall have one.
    pub connections: Connections,
    /// The last lines, without secrets.
    pub tail: Vec<String>,
}

/// From when on lines count, in µs since 1970.
#[derive(Debug, Clone, Copy, Default)]
pub struct Since {
    /// The gateway's last start.
    pub start: u64,
    /// The last change of its config: what was said of an earlier one is past. What depends on the
    /// model provider or the bot is taken over without a start.
    pub config: u64,
}

/// How long a gateway may take until it says its first word, in µs.
const FIRST: u64 = 120_000_000;

/// How many last lines are kept for an archive.
const TAIL: usize = 400;

impl Log {
    /// Reads the lines, of which everything may be shown.
    pub fn of(
        lines: &[LogLine],
        source: String,
        channel: &str,
        since: Since,
        accounts: &[String],
    ) -> Self {
        let begun = lines.partition_point(|line| line.usec < since.start);
        let heard = LOG_PATTERNS.iter().filter_map(|signature| {
            let is_hot = ["llm.", "dingtalk."].iter().any(|hot| signature.check.starts_with(hot));
            hear(*signature, &lines[begun..], if is_hot { since.config } else { 0 })
        });
        let refusal = last_refusal(lines, channel).filter(|(usec, _)| *usec >= since.config);
        let (refused_config, refused_start) = match refusal {
            Some((_, LogEvent::ConfigInvalid(reasons))) => {
                let reasons = reasons.lines().filter_map(|line| line.trim().strip_prefix("- "));
                (reasons.map(str::to_owned).collect(), None)
            }
            Some((_, LogEvent::StartRefused(reason))) => (Vec::new(), Some(one_line(&reason))),
            _ => (Vec::new(), None),
        };
        let tail = lines[lines.len().saturating_sub(TAIL)..].iter();
        Self {
            source,
            heard: heard.collect(),
            connections: connections(&lines[begun..], accounts),
            is_whole: lines[begun..].first().is_some_and(|line| line.usec < since.start + FIRST),
            channel_spoke: lines[begun..].iter().any(|line| line.speaker == channel),
            is_unanswered: false,
            refused_config,
            refused_start,
            tail: tail.map(shown).collect(),
            lines: lines.len(),
        }
    }

    /// Whether it leaves open whether the connector is loaded, or connected.
    pub fn is_silent(&self) -> bool {
        let is_unseen = |(_, state): &(String, Connection)| *state == Connection::Unseen;
        !self.channel_spoke || self.connections.iter().any(is_unseen)
    }

    /// What was heard that is evidence for a check.
    pub fn about<'a>(&'a self, check: &'a str) -> impl Iterator<Item = &'a LogMatch> {
        self.heard.iter().filter(move |heard| heard.signature.check == check)
    }
}

fn hear(signature: LogPattern, lines: &[LogLine], since: u64) -> Option<LogMatch> {
    let says = |line: &&LogLine| signature.words.iter().all(|word| line.text.contains(word));
    let mut found = lines.iter().filter(|line| line.usec >= since).filter(says);
    let last = found.next_back()?;
    let count = found.count() + 1;
    Some(LogMatch { signature, count, last_usec: last.usec, sample: one_line(&shown(last)) })
}

/// How much of a line is shown as evidence.
const LONGEST: usize = 240;

/// The message without the stack that follows it, whichever way it was written.
fn one_line(text: &str) -> String {
    let first = text.split(['\n', '\r']).next().unwrap_or_default();
    let first =
        first.split("\\n").next().unwrap_or_default().split(" {\"").next().unwrap_or_default();
    match first.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &first[..end]),
        None => first.to_owned(),
    }
}

fn shown(line: &LogLine) -> String {
    let speaker =
        if line.speaker.is_empty() { String::new() } else { format!("[{}] ", line.speaker) };
    let time = time_text(line.usec);
    format!("{time} {speaker}{}", line.text)
}

/// The time as people and programs read it, UTC.
pub fn time_text(usec: u64) -> String {
    let usec = i64::try_from(usec).unwrap_or(i64::MAX);
    jiff::Timestamp::from_microsecond(usec)
        .map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Log, LogLine, Since};
    use crate::health::Redaction;

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
        let mut redaction = Redaction::default();
        let lines = lines.map(|line| redaction.shown(&line));
        let log = Log::of(&lines, "log".to_owned(), "dingtalk-connector", Since::default(), &[]);
        let heard: Vec<_> =
            log.heard.iter().map(|heard| (heard.signature.check, heard.count)).collect();
        assert_eq!(heard, [("proxy.loopback", 1)]);
        assert!(!log.tail.concat().contains("why") && !log.tail.concat().contains("timed out"));
    }

    #[test]
    fn a_refusal_is_found_from_the_state_and_told_in_openclaws_words() {
        let line = |usec, text: &str| {
            let (speaker, text) = (String::new(), text.to_owned());
            LogLine { usec, speaker, text, begins: true }
        };
        let refused = [
            line(5, r#"Invalid config at /c:\n- agents.list.0: Unrecognized key: "thinking""#),
            line(5, r#"- <root>: Unrecognized key: "htpp""#),
            line(5, "Config invalid"),
        ];
        let reasons = [
            r#"agents.list.0: Unrecognized key: "thinking""#,
            r#"<root>: Unrecognized key: "htpp""#,
        ];
        let of = |lines: &[LogLine], start, config| {
            Log::of(lines, String::new(), "dingtalk-connector", Since { start, config }, &[])
        };
        assert_eq!(of(&refused, 0, 0).refused_config, reasons);
        // between two restarts, and while the next start has not said anything yet
        assert_eq!(of(&refused, 9, 4).refused_config, reasons);
        assert!(of(&refused, 0, 6).refused_config.is_empty(), "the config is another one since");
        let started = [&refused[..], &[line(8, "listening on ws://127.0.0.1:18789")]].concat();
        assert!(of(&started, 0, 0).refused_config.is_empty(), "it has started since");
        let problem = [line(5, "Problem:"), line(5, "  - a.b: Invalid input"), line(5, "Run: x")];
        assert_eq!(of(&problem, 0, 0).refused_config, ["a.b: Invalid input"]);
        let reload = [
            line(8, "listening on x"),
            line(9, "config reload skipped (invalid config): a: b; c: d"),
        ];
        assert_eq!(of(&reload, 0, 0).refused_config, ["a: b", "c: d"]);
        let taken =
            [line(5, "Gateway failed to start: another gateway instance is already listening")];
        assert!(of(&taken, 0, 0).refused_start.unwrap().contains("already listening"));
        let old = of(&[line(1, "fetch failed"), line(1, "LLM request timed out")], 0, 2);
        assert_eq!(old.heard.len(), 1, "{:?}", old.heard);
    }

    #[test]
    fn evidence_is_one_line() {
        for text in
            ["failed: no\n at x\n at y", r"failed: no\n at x", r#"failed: no {"stack":"at x"}"#]
        {
            assert_eq!(super::one_line(text), "failed: no");
        }
        assert_eq!(super::one_line(&"钉".repeat(300)).chars().count(), 241);
    }
}
