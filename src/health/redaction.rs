//! What of a log line may be shown: no secret, and nothing that somebody wrote to the bot or that
//! it answered.

use super::LogLine;
use crate::redaction::{MASK, masked};

/// How the lines of the connector begin that hold nobody's words: what failed, and how it is
/// connected (0.6.0 to 0.8.20). Everything else that it says stays out of sight, since half of it
/// quotes a message or an answer.
const HARMLESS: &str = include_str!("harmless.txt");

/// Words after which people's words stand, whoever speaks them.
const MESSAGE_MARKS: [&str; 6] =
    ["原始 data", "收到消息", "处理消息: ", "先发送文本消息", "raw data", "received message"];

/// Lines one after the other: a message of several lines stays out of sight to its last.
#[derive(Debug, Default)]
pub struct Redaction {
    in_message: bool,
}

impl Redaction {
    /// For lines that are cut off somewhere: the first may be in the midst of a message.
    pub fn from_anywhere() -> Self {
        Self { in_message: true }
    }

    /// What of the next line may be shown. Who seems to speak within a message is a part of it.
    pub fn shown(&mut self, line: &LogLine) -> LogLine {
        if self.in_message && !line.begins {
            let (speaker, text) = (String::new(), MASK.to_owned());
            return LogLine { speaker, text, ..line.clone() };
        }
        LogLine { text: self.text_of(line), ..line.clone() }
    }

    fn text_of(&mut self, line: &LogLine) -> String {
        let kept = kept_length(line);
        self.in_message = kept < line.text.len();
        let shown = masked(&line.text[..kept]);
        if !self.in_message {
            return shown;
        }
        format!("{} {MASK}", shown.trim_end()).trim_start().to_owned()
    }
}

/// How much of a line comes before what people wrote.
fn kept_length(line: &LogLine) -> usize {
    let marks = MESSAGE_MARKS.iter().filter_map(|mark| Some(line.text.find(mark)? + mark.len()));
    let mark = marks.min().unwrap_or(line.text.len());
    if is_the_connectors(line) {
        let tags = tags_length(&line.text);
        let said = line.text[tags..].trim_start_matches(|c: char| !c.is_alphanumeric());
        if !HARMLESS.lines().chain(MESSAGE_MARKS).any(|beginning| said.starts_with(beginning)) {
            return tags;
        }
    }
    mark
}

/// The connector speaks as its channel, and on the console as `DingTalk`, `DingTalk:account`.
fn is_the_connectors(line: &LogLine) -> bool {
    let is_named = |text: &str| text.to_ascii_lowercase().contains("dingtalk");
    is_named(&line.speaker) || is_named(&line.text[..tags_length(&line.text)])
}

/// `[default] [DingTalk][AICard] `: how many bytes of it are tags.
fn tags_length(text: &str) -> usize {
    let mut length = 0;
    loop {
        let rest = &text[length..];
        let blanks = rest.len() - rest.trim_start().len();
        let tag = rest[blanks..].strip_prefix('[').and_then(|tag| tag.find(']'));
        let Some(tag) = tag.filter(|tag| *tag <= 40) else { return length + blanks };
        length += blanks + 1 + tag + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{LogLine, Redaction};

    fn line(begins: bool, speaker: &str, text: &str) -> LogLine {
        LogLine { usec: 0, speaker: speaker.to_owned(), text: text.to_owned(), begins }
    }

    #[test]
    fn what_people_wrote_and_the_bot_answered_is_taken_out_and_the_rest_stays() {
        for (speaker, text, shown) in [
            ("gateway", "listening on ws://127.0.0.1:1", "listening on ws://127.0.0.1:1"),
            ("plugins", "x failed to load: token=x1", "x failed to load: token=***"),
            ("DingTalk", "收到消息: 你好", "收到消息 ***"),
            ("dingtalk-connector", "[DingTalk] 收到消息: from=joe", "[DingTalk] 收到消息 ***"),
            ("dingtalk-connector", "[DingTalk] Gateway chunk #1: \"Dear Joe\"", "[DingTalk] ***"),
            ("dingtalk-connector", "[DingTalk][AICard] POST body={}", "[DingTalk][AICard] ***"),
            ("dingtalk-connector", "先发送文本消息: fetch failed", "先发送文本消息 ***"),
            ("", "[DingTalk:main] 消息内容预览：hi", "[DingTalk:main] ***"),
            ("", "处理消息: accountId=a, data= {", "处理消息: ***"),
            (
                "dingtalk-connector",
                "[DingTalk] Gateway 调用失败: fetch failed",
                "[DingTalk] Gateway 调用失败: fetch failed",
            ),
            (
                "dingtalk-connector",
                "[default] auto-restart attempt 3/10 in 41s",
                "[default] auto-restart attempt 3/10 in 41s",
            ),
        ] {
            let shown_now = Redaction::default().shown(&line(true, speaker, text));
            assert_eq!(shown_now.text, shown, "{text}");
        }
    }

    #[test]
    fn a_log_that_is_cut_off_may_begin_within_a_message() {
        let mut redaction = Redaction::from_anywhere();
        for (begins, text, shown) in
            [(false, "my salary", "***"), (true, "up", "up"), (false, "x", "x")]
        {
            assert_eq!(redaction.shown(&line(begins, "", text)).text, shown);
        }
    }

    #[test]
    fn a_message_of_several_lines_stays_out_of_sight_to_its_last() {
        let mut redaction = Redaction::default();
        for (begins, speaker, text, shown) in [
            (false, "", "Config invalid", "Config invalid"),
            (true, "DingTalk", "收到消息: dear bot,", "收到消息 ***"),
            (false, "", "my salary is", "***"),
            (false, "salary", "is what I mean", "***"),
            (false, "gateway", "pasted from another day", "***"),
            (false, "", "", "***"),
            (true, "gateway", "up", "up"),
            (false, "", " at plugin.ts:24:14", " at plugin.ts:24:14"),
            (true, "dingtalk-connector", "startAccount error: x", "startAccount error: x"),
            (false, "", " at plugin.ts:24:14", " at plugin.ts:24:14"),
        ] {
            let shown_now = redaction.shown(&line(begins, speaker, text));
            assert_eq!(shown_now.text, shown, "{text}");
            assert!(begins || shown_now.speaker.is_empty(), "{text}");
        }
    }
}
