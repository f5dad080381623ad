//! The list of hosts that must never be reached through a proxy.

use std::fmt;

use super::Environment;

/// What a loopback request may be addressed to. undici 7, which OpenClaw 2026.3.13 fetches with,
/// reads a bare `::1` as host and port and wants `[::1]`; curl and undici 8 want the bare one.
pub const LOOPBACK_ENTRIES: [&str; 4] = ["127.0.0.1", "localhost", "::1", "[::1]"];

/// The two names of the same variable; programs differ in which one they prefer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spelling {
    /// `no_proxy`, which wins in Node.
    Lower,
    /// `NO_PROXY`.
    Upper,
}

impl Spelling {
    /// Both, the stronger one first.
    pub const BOTH: [Self; 2] = [Self::Lower, Self::Upper];

    /// The variable's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lower => "no_proxy",
            Self::Upper => "NO_PROXY",
        }
    }
}

/// The entries of `no_proxy`, in order and without repetition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bypass {
    entries: Vec<String>,
}

impl Bypass {
    /// The loopback names added to everything that `environment` already bypasses under either
    /// spelling: our assignment replaces both values, so none of their entries may get lost.
    pub fn extending(environment: &Environment) -> Self {
        let values = Spelling::BOTH.map(|spelling| environment.get(spelling.name()));
        let mut bypass = Self::default();
        values.into_iter().flatten().for_each(|value| bypass.add_all(entries(value)));
        if bypass.entries.iter().any(|entry| entry == "*") {
            return Self { entries: vec!["*".to_owned()] };
        }
        bypass.add_all(LOOPBACK_ENTRIES.into_iter());
        bypass
    }

    /// The entries of a value as it stands.
    pub fn of_value(value: &str) -> Self {
        let mut bypass = Self::default();
        bypass.add_all(entries(value));
        bypass
    }

    /// The value to write.
    pub fn value(&self) -> String {
        self.entries.join(",")
    }

    /// The entries.
    pub fn entries(&self) -> &[String] {
        &self.entries
    }

    /// Whether every entry of `other` is an entry here too, or `*` makes that needless.
    pub fn covers(&self, other: &Self) -> bool {
        let all = self.entries.iter().any(|entry| entry == "*");
        all || other.entries.iter().all(|entry| self.contains(entry))
    }

    /// The same list without `entries`.
    #[must_use]
    pub fn without(&self, entries: &Self) -> Self {
        let mut kept = self.clone();
        kept.entries.retain(|entry| !entries.contains(entry));
        kept
    }

    fn contains(&self, entry: &str) -> bool {
        self.entries.iter().any(|known| known.eq_ignore_ascii_case(entry))
    }

    fn add_all<'a>(&mut self, entries: impl Iterator<Item = &'a str>) {
        for entry in entries {
            if !self.contains(entry) {
                self.entries.push(entry.to_owned());
            }
        }
    }
}

impl fmt::Display for Bypass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.value())
    }
}

/// Commas and blanks separate entries, as in undici.
fn entries(value: &str) -> impl Iterator<Item = &str> {
    value.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty())
}

/// The names in a list that count for a port: those without one, or with 0, and those with it.
/// `/^(.+):(\d+)$/`, as undici and axios read it: this is what makes host `:` and port 1 of a bare
/// `::1`.
pub(super) fn names_for(list: &str, port: u16) -> impl Iterator<Item = &str> {
    entries(list).filter_map(move |entry| match entry.rsplit_once(':') {
        Some((name, digits))
            if !name.is_empty()
                && !digits.is_empty()
                && digits.bytes().all(|digit| digit.is_ascii_digit()) =>
        {
            digits.parse().is_ok_and(|only: u16| only == 0 || only == port).then_some(name)
        }
        _ => Some(entry),
    })
}

#[cfg(test)]
mod tests {
    use super::{Bypass, Environment};

    #[test]
    fn existing_entries_stay_in_front_and_ours_are_added() {
        for (lower, upper, expected) in [
            (None, None, "127.0.0.1,localhost,::1,[::1]"),
            (Some(""), None, "127.0.0.1,localhost,::1,[::1]"),
            (Some("corp.example"), None, "corp.example,127.0.0.1,localhost,::1,[::1]"),
            (None, Some("a, b"), "a,b,127.0.0.1,localhost,::1,[::1]"),
            (Some("a,b"), Some("B,c"), "a,b,c,127.0.0.1,localhost,::1,[::1]"),
            (Some("localhost,LOCALHOST,x"), None, "localhost,x,127.0.0.1,::1,[::1]"),
            (Some("127.0.0.1,localhost,::1"), None, "127.0.0.1,localhost,::1,[::1]"),
            (Some("*"), None, "*"),
            (Some("corp"), Some("*"), "*"),
        ] {
            let mut environment = Environment::default();
            for (name, value) in [("no_proxy", lower), ("NO_PROXY", upper)] {
                value.inspect(|value| environment.set(name, value));
            }
            assert_eq!(Bypass::extending(&environment).value(), expected, "{lower:?} {upper:?}");
        }
    }

    #[test]
    fn merging_twice_changes_nothing() {
        let mut environment = Environment::default();
        environment.set("NO_PROXY", "corp");
        let once = Bypass::extending(&environment);
        environment.set("no_proxy", &once.value());
        environment.set("NO_PROXY", &once.value());
        assert_eq!(Bypass::extending(&environment), once);
    }

    #[test]
    fn a_list_covers_another() {
        let ours = Bypass::extending(&Environment::default());
        assert!(Bypass::of_value("x,[::1],::1,LocalHost,127.0.0.1").covers(&ours));
        assert!(Bypass::of_value("*").covers(&ours));
        assert!(!Bypass::of_value("127.0.0.1,localhost,::1").covers(&ours));
        assert_eq!(Bypass::of_value("a,localhost").without(&ours).value(), "a");
    }
}
