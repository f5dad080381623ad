//! A line of the log as people read it, and as programs do.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::health::LogLine;
use crate::report::terminal::Shown;

/// How lines are written.
pub(super) enum Form {
    /// `TIME [SPEAKER] TEXT`, the time by the clock on the wall: as OpenClaw itself writes it.
    Text(TimeZone),
    /// One object per line, its time in UTC.
    Json,
}

impl Form {
    pub(super) fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Text(TimeZone::system()) }
    }

    /// The line, of which everything may be shown.
    pub(super) fn line(&self, line: &LogLine) -> Shown {
        let text = &line.text;
        let speaker = Some(&line.speaker).filter(|speaker| !speaker.is_empty());
        match self {
            Self::Json => {
                let time = moment(line.usec).strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
                Shown::json(&json!({"time": time, "speaker": speaker, "text": text}), true)
            }
            Self::Text(zone) => {
                let speaker = speaker.map(|speaker| format!("[{speaker}] ")).unwrap_or_default();
                let text = format!("{speaker}{text}").replace('\n', "\n  ");
                Shown::of(&format!("{} {text}", in_zone(line.usec, zone)))
            }
        }
    }
}

/// A moment (µs since 1970) by the clock on the wall.
pub(super) fn local_time(usec: u64) -> String {
    in_zone(usec, &TimeZone::system())
}

fn in_zone(usec: u64, zone: &TimeZone) -> String {
    let moment = moment(usec).to_zoned(zone.clone());
    moment.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}

fn moment(usec: u64) -> Timestamp {
    let usec = i64::try_from(usec).unwrap_or(i64::MAX);
    Timestamp::from_microsecond(usec).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Form, LogLine, TimeZone};

    #[test]
    fn lines_for_people_and_for_programs() {
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        for (speaker, text, shown, object) in [
            (
                "gateway",
                "up",
                "1970-01-01T08:00:01.500+08:00 [gateway] up",
                r#"{"time":"1970-01-01T00:00:01.500000Z","speaker":"gateway","text":"up"}"#,
            ),
            (
                "",
                "a\u{1b}[2J\tb\nc",
                "1970-01-01T08:00:01.500+08:00 a\\x1b[2J\tb\n  c",
                r#"{"time":"1970-01-01T00:00:01.500000Z","speaker":null,"text":"a\u001b[2J\tb\nc"}"#,
            ),
        ] {
            let line = LogLine {
                usec: 1_500_000,
                speaker: speaker.into(),
                text: text.into(),
                begins: true,
            };
            assert_eq!(Form::Text(zone.clone()).line(&line).into_text(), shown);
            assert_eq!(Form::Json.line(&line).into_text(), object);
        }
    }
}
