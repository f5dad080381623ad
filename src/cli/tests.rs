//! Spans, dates and times, and what is heard of the voice before anything is parsed.

use std::ffi::OsString;

use super::{Since, Voice, moment};
use crate::cli::{Cli, Color};
use crate::language::Language;

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

fn arguments(line: &str) -> Vec<OsString> {
    line.split(' ').map(OsString::from).collect()
}

#[test]
fn hears_what_parsing_finds() {
    for line in [
        "openclaw-setup status",
        "openclaw-setup --lang zh-CN status",
        "openclaw-setup install --lang=zh --json --color never",
        "openclaw-setup --color=always --lang en verify",
        "openclaw-setup install -- --json",
        "openclaw-setup --lang zh_cn status",
    ] {
        let arguments = arguments(line);
        let cli = Cli::read(&arguments).unwrap();
        assert_eq!(Voice::overheard(&arguments), Voice::from(&cli.global), "{line}");
    }
}

#[test]
fn hears_through_faults() {
    let line = "openclaw-setup --nonsense --lang zh-CN --color sometimes --json";
    let voice = Voice::overheard(&arguments(line));
    assert_eq!(voice, Voice { lang: Some(Language::Chinese), json: true, color: Color::Auto });
}
