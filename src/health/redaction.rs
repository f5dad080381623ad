//! What of a log line may be shown: no secret, and nothing that somebody wrote to the bot.

use super::LogLine;

/// What stands for something that was taken out.
const MASK: &str = "***";

/// Words after which the connector logs what people wrote (connector 0.6.0).
const MESSAGE_MARKS: [&str; 4] = ["原始 data", "收到消息", "raw data", "received message"];

/// Names after which a secret stands, compared without `_`, `-` and case.
const SECRET_NAMES: [&str; 8] = [
    "clientsecret",
    "appsecret",
    "apikey",
    "token",
    "password",
    "secret",
    "authorization",
    "bearer",
];

/// Lines one after the other: a message of several lines stays out of sight to its last.
#[derive(Debug, Default)]
pub struct Redaction {
    in_message: bool,
}

impl Redaction {
    /// What of the next line may be shown.
    ///
    /// The journal makes a line of its own of each line of a message; only the first begins as
    /// the gateway's lines do, with who speaks.
    pub fn shown(&mut self, line: &LogLine, secrets: &[String]) -> String {
        if self.in_message && line.speaker.is_empty() {
            return MASK.to_owned();
        }
        self.in_message = MESSAGE_MARKS.iter().any(|mark| line.text.contains(mark));
        redacted(&line.text, secrets)
    }
}

/// The text without `secrets`, without values that are named like one, and cut off where a
/// person's message begins.
#[must_use]
pub fn redacted(text: &str, secrets: &[String]) -> String {
    let cut =
        MESSAGE_MARKS.iter().filter_map(|mark| text.find(mark).map(|at| at + mark.len())).min();
    let mut shown = match cut {
        Some(at) => format!("{} {MASK}", &text[..at]),
        None => text.to_owned(),
    };
    for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
        shown = shown.replace(secret.as_str(), MASK);
    }
    without_url_logins(&without_named_values(&shown))
}

/// Masks the value after `name:`, `name=`, `"name": "` and `Bearer `.
fn without_named_values(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(end) = rest.find(|c: char| !is_name(c)) {
        let (name, after) = rest.split_at(end);
        let gap = after.len() - after.trim_start_matches(['"', '\'', ':', '=', ' ']).len();
        shown.push_str(name);
        let separator = &after[..gap];
        let introduces = separator.contains([':', '=']) || name.eq_ignore_ascii_case("bearer");
        if is_secret_name(name) && introduces && !starts_with_scheme(&after[gap..]) {
            let value = &after[gap..];
            let length = value.find(['"', '\'', ',', ' ', '}', ')', '&']).unwrap_or(value.len());
            shown.push_str(separator);
            shown.push_str(if length == 0 { "" } else { MASK });
            rest = &value[length..];
        } else {
            let step = after.chars().next().map_or(0, char::len_utf8);
            shown.push_str(&after[..step]);
            rest = &after[step..];
        }
    }
    shown + rest
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

fn is_secret_name(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|secret| plain.ends_with(secret))
}

/// `Authorization: Bearer x`: the scheme is no secret, and masks what follows it by itself.
fn starts_with_scheme(value: &str) -> bool {
    value.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer "))
}

/// `http://user:password@host` keeps its host.
fn without_url_logins(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        let authority = after.find(|c: char| "/?# \"'".contains(c)).unwrap_or(after.len());
        shown.push_str(before);
        rest = match after[..authority].rfind('@') {
            Some(login) => {
                shown.push_str(MASK);
                &after[login..]
            }
            None => after,
        };
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::{LogLine, Redaction, redacted};

    #[test]
    fn secrets_and_messages_are_taken_out_and_the_rest_stays() {
        let secrets = ["s3cr3t-value".to_owned(), "ab".to_owned()];
        for (text, shown) in [
            ("failed with s3cr3t-value at ab", "failed with *** at ab"),
            (r#"{"clientSecret":"x1y2","a":1}"#, r#"{"clientSecret":"***","a":1}"#),
            ("api_key=abc, next", "api_key=***, next"),
            ("Authorization: Bearer eyJh.x", "Authorization: Bearer ***"),
            ("proxy http://u:p%40s@10.0.0.1:3128/", "proxy http://***@10.0.0.1:3128/"),
            ("[DingTalk] 收到消息: 你好", "[DingTalk] 收到消息 ***"),
            ("[DingTalk] 原始 data: {\"text\":1}", "[DingTalk] 原始 data ***"),
            ("Unexpected token at plugin.ts:24:14", "Unexpected token at plugin.ts:24:14"),
            ("gateway.auth.token: Required", "gateway.auth.token: ***"),
            ("listening on ws://127.0.0.1:1 (PID 7)", "listening on ws://127.0.0.1:1 (PID 7)"),
            ("", ""),
        ] {
            assert_eq!(redacted(text, &secrets), shown, "{text}");
        }
    }

    #[test]
    fn a_message_of_several_lines_stays_out_of_sight_to_its_last() {
        let mut redaction = Redaction::default();
        for (speaker, text, shown) in [
            ("", "Config invalid", "Config invalid"),
            ("DingTalk", "收到消息: dear bot,", "收到消息 ***"),
            ("", "my salary is", "***"),
            ("", "", "***"),
            ("gateway", "up", "up"),
            ("", " at plugin.ts:24:14", " at plugin.ts:24:14"),
        ] {
            let line = LogLine { usec: 0, speaker: speaker.to_owned(), text: text.to_owned() };
            assert_eq!(redaction.shown(&line, &[]), shown, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_known_secret_never_survives(before in ".{0,20}", after in ".{0,20}") {
            let secret = "kq7-Zz0.token".to_owned();
            let text = format!("{before}{secret}{after}");
            proptest::prop_assert!(!redacted(&text, std::slice::from_ref(&secret)).contains(&secret));
        }
    }
}
