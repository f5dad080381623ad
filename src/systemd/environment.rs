//! Which environment a unit's process gets, and what that means for loopback requests.

mod axios;
mod bypass;
mod effective;
mod file;
mod node;
mod target;

use std::collections::BTreeMap;
use std::fmt;

pub use axios::axios_proxy;
pub use bypass::{Bypass, LOOPBACK_ENTRIES, Spelling};
pub use effective::{SetFile, UnitFile, effective, read_environment_files, read_unit_files};
pub use file::parsed_file;
pub use node::{LOOPBACK_V4, LOOPBACK_V6, Routing, undici_proxy};
pub use target::{Target, any_proxy};

/// Environment variables. Their values may be secrets, so `Debug` shows the names only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// Out of `NAME=value` items, a later one beating an earlier one.
    #[must_use]
    pub fn of_assignments<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> Self {
        let mut environment = Self::default();
        for item in items {
            if let Some((name, value)) = item.as_ref().split_once('=') {
                environment.set(name, value);
            }
        }
        environment
    }

    /// Out of `/proc/PID/environ`: NUL-separated, not necessarily UTF-8.
    #[must_use]
    pub fn of_process(bytes: &[u8]) -> Self {
        Self::of_assignments(bytes.split(|&byte| byte == 0).map(String::from_utf8_lossy))
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: &str) {
        crate::redaction::learn_named(name, value);
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// All variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn overlay(&mut self, other: &Self) {
        self.variables.extend(other.variables.clone());
    }

    fn remove(&mut self, name: &str) {
        self.variables.remove(name);
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Environment;

    #[test]
    fn a_process_environment_is_read_and_not_shown() {
        let environment = Environment::of_process(b"A=b=c\0TOKEN=hush\0\0junk\0B=\xff\0");
        assert_eq!(environment.get("A"), Some("b=c"));
        assert_eq!(environment.get("B"), Some("\u{fffd}"));
        assert_eq!(environment.get("junk"), None);
        assert_eq!(format!("{environment:?}"), r#"{"A", "B", "TOKEN"}"#);
    }
}
