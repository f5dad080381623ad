//! What OpenClaw is on disk: config document, includes, plugin records, models, versions.

pub mod auth_profiles;
pub mod config_lock;
pub mod document;
pub mod include;
pub mod keys;

use std::fmt;

/// The first version that rejects, or ignores and strips, `plugins.installs` in its config.
pub const INSTALLS_LEAVE_THE_CONFIG: Version = Version::of(2026, 4, 25);

/// The first version that takes `openclaw.json.lock` while it writes the config (by 2026.5.28; the
/// change log points at 5.12).
pub const CONFIG_HAS_A_LOCK: Version = Version::of(2026, 5, 12);

/// The first version seen to start with a channel whose plugin is missing, as long as
/// `plugins.entries` names it.
pub const UNKNOWN_CHANNELS_ARE_TOLERATED: Version = Version::of(2026, 5, 28);

/// The first version that enforces a plugin manifest's `channelConfigs` schema.
pub const CHANNEL_SCHEMA_IS_ENFORCED: Version = Version::of(2026, 3, 28);

/// The first version on which a connector was measured to answer with and without a link to OpenClaw in
/// its `node_modules`: it runs a captured copy, which has one of its own.
pub const PLUGINS_RUN_CAPTURED: Version = Version::of(2026, 9, 6);

/// A version of OpenClaw: a calendar date, sometimes with a revision (`2026.3.23-2`). Revisions and
/// pre-releases compare as their date: no rule of ours depends on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    year: u16,
    month: u16,
    day: u16,
}

impl Version {
    /// A version by its date.
    pub const fn of(year: u16, month: u16, day: u16) -> Self {
        Self { year, month, day }
    }

    /// The same date as a semantic version, which ranges can be compared with.
    pub fn as_semver(self) -> semver::Version {
        semver::Version::new(self.year.into(), self.month.into(), self.day.into())
    }

    /// Reads `2026.3.13`, `2026.3.23-2`, `2026.5.30-beta.1` or `OpenClaw 2026.3.13 (61d171a)`.
    pub fn parse(text: &str) -> Option<Self> {
        let word =
            text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
        let date = word.split(['-', '+']).next()?;
        let mut parts = date.split('.').map(str::parse::<u16>);
        let mut part = || parts.next()?.ok();
        Some(Self { year: part()?, month: part()?, day: part()? })
    }
}

impl std::str::FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| say!("it is not a version of OpenClaw, such as 2026.9.6"))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use crate::openclaw::Version;

    #[test]
    fn reads_what_openclaw_prints_and_compares_by_date() {
        let parse = |text| Version::parse(text).unwrap();
        assert_eq!(parse("OpenClaw 2026.3.13 (61d171a)"), Version::of(2026, 3, 13));
        assert_eq!(parse("2026.3.23-2"), Version::of(2026, 3, 23));
        assert!(parse("2026.4.9") < parse("2026.4.25"));
        assert!(parse("2026.10.1") > parse("2026.9.6"));
        assert_eq!(Version::parse("unknown"), None);
        assert_eq!(Version::parse("2026.3"), None);
    }
}
