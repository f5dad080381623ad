//! Which environment a unit's process gets, and what that means for loopback requests.

mod bypass;
mod effective;

use std::collections::BTreeMap;
use std::fmt;

pub use bypass::{
    Bypass, LOOPBACK_ENTRIES, LOOPBACK_V4, LOOPBACK_V6, Routing, Spelling, axios_proxy,
    undici_proxy,
};
pub use effective::parsed_file;
pub use effective::{SetFile, UnitFile, effective, read_environment_files, read_unit_files};

/// Environment variables. Their values may be secrets, so `Debug` shows the names only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// Out of `NAME=value` items, a later one beating an earlier one.
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
    pub fn of_process(bytes: &[u8]) -> Self {
        Self::of_assignments(bytes.split(|&byte| byte == 0).map(String::from_utf8_lossy))
    }

    /// The value of a variable.
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

/// The server of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'u> {
    /// `https` or `wss`.
    pub secure: bool,
    /// The host as it stands in the URL; an IPv6 address in brackets.
    pub host: &'u str,
    /// The port, the scheme's own where none is named.
    pub port: u16,
}

impl<'u> Target<'u> {
    /// The server that a URL names.
    pub fn of(url: &'u str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let secure = matches!(scheme.to_ascii_lowercase().as_str(), "https" | "wss");
        let authority = rest.split(['/', '?', '#']).next()?;
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let own = if secure { 443 } else { 80 };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (authority, own),
        };
        (!host.is_empty()).then_some(Self { secure, host, port })
    }
}

/// A proxy that speaks HTTP, under whichever name an environment has it. It may hold a password.
pub fn any_proxy(environment: &Environment) -> Option<&str> {
    let names =
        ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
    let speaks_http = |url: &&str| url.starts_with("http://") || url.starts_with("https://");
    names.into_iter().filter_map(|name| environment.get(name)).find(speaks_http)
}

#[cfg(test)]
mod tests {
    use super::{Environment, Target, any_proxy};

    #[test]
    fn a_process_environment_is_read_and_not_shown() {
        let environment = Environment::of_process(b"A=b=c\0TOKEN=hush\0\0junk\0B=\xff\0");
        assert_eq!(environment.get("A"), Some("b=c"));
        assert_eq!(environment.get("B"), Some("\u{fffd}"));
        assert_eq!(environment.get("junk"), None);
        assert_eq!(format!("{environment:?}"), r#"{"A", "B", "TOKEN"}"#);
    }

    #[test]
    fn the_server_of_a_url() {
        let target = |secure, host, port| Some(Target { secure, host, port });
        for (url, expected) in [
            ("https://api.example/v1", target(true, "api.example", 443)),
            ("http://me:pw@h:8080?x", target(false, "h", 8080)),
            ("WSS://[::1]:9/x", target(true, "[::1]", 9)),
            ("http://[fe80::1]", target(false, "[fe80::1]", 80)),
            ("api.example", None),
            ("http://h:99999", None),
            ("http://", None),
        ] {
            assert_eq!(Target::of(url), expected, "{url}");
        }
    }

    #[test]
    fn a_proxy_that_speaks_http_is_found() {
        let environment =
            Environment::of_assignments(["https_proxy=socks5://a", "ALL_PROXY=http://b:1"]);
        assert_eq!(any_proxy(&environment), Some("http://b:1"));
        assert_eq!(any_proxy(&Environment::default()), None);
    }
}
