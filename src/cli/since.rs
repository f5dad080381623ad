//! A moment in the past, as people write it: how long ago, or when.

use std::str::FromStr;

use jiff::civil::{DateTime, Time};
use jiff::{Span, Timestamp, Zoned};

/// A moment, in µs since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// The count.
    pub usec: u64,
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let moment = moment(text.trim(), &Zoned::now());
        let usec = moment.and_then(|moment| u64::try_from(moment.as_microsecond()).ok());
        usec.map(|usec| Self { usec }).ok_or_else(|| say!("it is not a time span or a time"))
    }
}

/// Dates and times without a zone are those of the clock on the wall.
fn moment(text: &str, now: &Zoned) -> Option<Timestamp> {
    let local = |moment: DateTime| Some(moment.to_zoned(now.time_zone().clone()).ok()?.timestamp());
    if let Ok(span) = text.parse::<Span>() {
        return now.checked_sub(span.abs()).map(|moment| moment.timestamp()).ok();
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    if let Ok(moment) = text.parse::<DateTime>() {
        return local(moment);
    }
    // "10" may mean anything
    let time = text.contains(':').then(|| text.parse::<Time>().ok()).flatten();
    time.and_then(|time| local(now.date().to_datetime(time)))
}

#[cfg(test)]
mod tests {
    use super::{Since, moment};

    #[test]
    fn spans_dates_and_times_are_read() {
        let now: jiff::Zoned = "2026-03-13T12:00:00+08:00[+08:00]".parse().unwrap();
        for (text, expected) in [
            ("10min", Some("2026-03-13T03:50:00Z")),
            ("10m", Some("2026-03-13T03:50:00Z")),
            ("10 minutes ago", Some("2026-03-13T03:50:00Z")),
            ("1h30min", Some("2026-03-13T02:30:00Z")),
            ("2d", Some("2026-03-11T04:00:00Z")),
            ("90s", Some("2026-03-13T03:58:30Z")),
            ("11:30", Some("2026-03-13T03:30:00Z")),
            ("2026-03-12", Some("2026-03-11T16:00:00Z")),
            ("2026-03-12 01:00", Some("2026-03-11T17:00:00Z")),
            ("2026-03-12T01:00:30", Some("2026-03-11T17:00:30Z")),
            ("2026-03-12T01:00:30Z", Some("2026-03-12T01:00:30Z")),
            ("2026-03-12T01:00:30+01:00", Some("2026-03-12T00:00:30Z")),
            ("yesterday", None),
            ("10", None),
            ("10 apples", None),
            ("2026-13-01", None),
            ("", None),
        ] {
            let found = moment(text, &now).map(|moment| moment.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn before_1970_is_no_moment_of_a_log() {
        assert!("1960-01-01".parse::<Since>().is_err());
    }
}
