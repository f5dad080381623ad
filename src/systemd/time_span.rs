//! Time spans as systemd prints them, such as `1min 30s`, and as D-Bus counts them.

use std::time::Duration;

/// A span in µs; systemd's `USEC_INFINITY` is no span at all.
pub(super) fn of_usec(usec: u64) -> Option<Duration> {
    (usec != u64::MAX).then(|| Duration::from_micros(usec))
}

/// A span as `systemctl show` prints it; `None` for `infinity`, and for what is no span.
pub(super) fn parsed(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    for part in text.split_whitespace() {
        let digits = part.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(part.len());
        let amount: f64 = part[..digits].parse().ok()?;
        total += Duration::try_from_secs_f64(amount * unit_seconds(&part[digits..])?).ok()?;
    }
    (!text.trim().is_empty()).then_some(total)
}

/// The units of `format_timespan()`: a month is a twelfth of 365.25 days.
fn unit_seconds(name: &str) -> Option<f64> {
    const DAY: f64 = 86_400.0;
    Some(match name {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3_600.0,
        "d" => DAY,
        "w" => 7.0 * DAY,
        "month" => 30.4375 * DAY,
        "y" => 365.25 * DAY,
        _ => return (name.is_empty()).then_some(1e-6),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_systemctl_are_read() {
        for (text, span) in [
            ("5s", Some(Duration::from_secs(5))),
            ("1min 30s", Some(Duration::from_secs(90))),
            ("100ms", Some(Duration::from_millis(100))),
            ("5min 30.500s", Some(Duration::from_millis(330_500))),
            ("0", Some(Duration::ZERO)),
            ("1h 2d", Some(Duration::from_secs(3_600 + 172_800))),
            ("infinity", None),
            ("", None),
            ("5 apples", None),
        ] {
            assert_eq!(parsed(text), span, "{text}");
        }
    }

    #[test]
    fn the_largest_count_is_infinity() {
        assert_eq!(of_usec(u64::MAX), None);
        assert_eq!(of_usec(5_000_000), Some(Duration::from_secs(5)));
    }
}
