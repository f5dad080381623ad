//! The list of hosts that must never be reached through a proxy, and what it does: where Node sends a
//! request by the rules of undici 7 (`EnvHttpProxyAgent`), and the connector by those of axios 1
//! (`proxy-from-env`).

use std::fmt;

use super::{Environment, Target};

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
fn names_for(list: &str, port: u16) -> impl Iterator<Item = &str> {
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

/// This machine in a URL.
pub const LOOPBACK_V4: &str = "127.0.0.1";

/// The same in IPv6.
pub const LOOPBACK_V6: &str = "[::1]";

/// The ways to write "this machine" in a URL.
const LOOPBACK_HOSTS: [&str; 3] = [LOOPBACK_V4, "localhost", LOOPBACK_V6];

/// What an environment makes of plain-HTTP requests to this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routing {
    /// Whether a proxy for plain HTTP is set.
    pub is_proxied: bool,
    /// Every proxy variable that is set and not empty. Node ignores `all_proxy`; other programs
    /// do not.
    pub proxies_set: Vec<&'static str>,
    /// The loopback hosts that no entry of `no_proxy` covers.
    pub not_bypassed: Vec<&'static str>,
}

impl Routing {
    /// Reads the environment of a Node process whose gateway listens on `port`.
    pub fn of(environment: &Environment, port: u16) -> Self {
        let list = first_set(environment, ["no_proxy", "NO_PROXY"]);
        let hosts = LOOPBACK_HOSTS.into_iter();
        Self {
            is_proxied: !first_set(environment, ["http_proxy", "HTTP_PROXY"]).is_empty(),
            proxies_set: proxies_set(environment),
            not_bypassed: hosts.filter(|host| !bypasses(list, host, port)).collect(),
        }
    }

    /// Whether requests to this machine pass any proxy by, however it is named but for `[::1]`:
    /// nobody is known to call that.
    pub fn bypasses_loopback(&self) -> bool {
        self.not_bypassed.iter().all(|host| *host == LOOPBACK_V6)
    }

    /// Whether a request to this machine would be sent to a proxy.
    pub fn is_broken(&self) -> bool {
        self.is_proxied && !self.bypasses_loopback()
    }

    /// Whether the connector's own road, `http://127.0.0.1`, leads to a proxy.
    pub fn blocks_the_connector(&self) -> bool {
        self.is_broken() && self.not_bypassed.contains(&LOOPBACK_V4)
    }
}

/// The proxy through which undici 7 (`EnvHttpProxyAgent`) sends a request: for HTTPS the one for
/// plain HTTP where no other is set. It may hold a password.
pub fn undici_proxy<'e>(environment: &'e Environment, target: &Target<'_>) -> Option<&'e str> {
    let http = first_set(environment, ["http_proxy", "HTTP_PROXY"]);
    let https = first_set(environment, ["https_proxy", "HTTPS_PROXY"]);
    let chosen = if target.secure && !https.is_empty() { https } else { http };
    let list = first_set(environment, ["no_proxy", "NO_PROXY"]);
    let is_bypassed = bypasses(list, target.host, target.port);
    Some(chosen).filter(|url| !url.is_empty() && !is_bypassed)
}

/// `??` in undici: an empty lower-case variable still hides the upper-case one.
fn first_set<'e>(environment: &'e Environment, names: [&str; 2]) -> &'e str {
    names.into_iter().find_map(|name| environment.get(name)).unwrap_or_default()
}

fn proxies_set(environment: &Environment) -> Vec<&'static str> {
    let names =
        ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let is_set = |name: &&str| environment.get(name).is_some_and(|value| !value.is_empty());
    names.into_iter().filter(is_set).collect()
}

/// undici 7.30: exact names and their subdomains, an optional `:port`, no CIDR, no `127.*`.
fn bypasses(list: &str, host: &str, port: u16) -> bool {
    let covers = |name: &str| {
        let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
        is_or_holds(&name.strip_prefix('.').unwrap_or(name).to_ascii_lowercase(), host)
    };
    list == "*" || names_for(list, port).any(covers)
}

/// undici compares dotted addresses as if they were domains: an entry `1` bypasses `127.0.0.1`.
fn is_or_holds(name: &str, host: &str) -> bool {
    host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The proxy through which axios sends a request. It may hold a password, and be one that axios
/// cannot speak with.
pub fn axios_proxy<'e>(environment: &'e Environment, target: &Target<'_>) -> Option<&'e str> {
    let scheme = if target.secure { "https_proxy" } else { "http_proxy" };
    let proxy = either(environment, scheme).or_else(|| either(environment, "all_proxy"))?;
    let list = either(environment, "no_proxy").unwrap_or_default();
    (!axios_bypasses(list, target)).then_some(proxy)
}

/// `||` in JavaScript: an empty lower-case variable does not hide the upper-case one.
fn either<'e>(environment: &'e Environment, name: &str) -> Option<&'e str> {
    let spellings = [name.to_owned(), name.to_ascii_uppercase()];
    spellings.iter().filter_map(|name| environment.get(name)).find(|value| !value.is_empty())
}

/// `.dingtalk.com` and `*.dingtalk.com` cover subdomains, `dingtalk.com` itself alone.
fn axios_bypasses(list: &str, target: &Target<'_>) -> bool {
    let host = target.host.to_ascii_lowercase();
    let covers = |name: &str| {
        let name = name.to_ascii_lowercase();
        match name.strip_prefix('*') {
            Some(end) => host.ends_with(end),
            None if name.starts_with('.') => host.ends_with(&name),
            None => host == name,
        }
    };
    list == "*" || names_for(list, target.port).any(covers)
}

#[cfg(test)]
mod tests {
    use super::{Bypass, Environment, Target, axios_proxy, *};

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

    const V4: &str = LOOPBACK_V4;
    const V6: &str = LOOPBACK_V6;
    const NAME: &str = "localhost";

    #[test]
    fn undici_sevens_rules() {
        for (lower, upper, open) in [
            (None, None, vec![V4, NAME, V6]),
            (Some("127.0.0.1,localhost,::1"), None, vec![V6]),
            (Some("127.0.0.1,localhost,::1,[::1]"), None, vec![]),
            (Some(""), Some("127.0.0.1,localhost,[::1]"), vec![V4, NAME, V6]),
            (None, Some("127.0.0.1 localhost\t[::1]"), vec![]),
            (Some("127.0.0.0/8"), None, vec![V4, NAME, V6]),
            (Some("127.*,.localhost"), None, vec![V4, V6]),
            (Some("*"), None, vec![]),
            (Some("127.0.0.1:18789,localhost:1,[::1]:18789"), None, vec![NAME]),
            (Some("LOCALHOST"), None, vec![V4, V6]),
            (Some("0.1"), None, vec![NAME, V6]),
        ] {
            let mut environment = Environment::default();
            for (name, value) in [("no_proxy", lower), ("NO_PROXY", upper)] {
                value.inspect(|value| environment.set(name, value));
            }
            let routing = Routing::of(&environment, 18789);
            assert_eq!(routing.not_bypassed, open, "{lower:?} {upper:?}");
            assert!(!routing.is_broken(), "no proxy is set");
        }
    }

    #[test]
    fn where_undici_sends_a_request() {
        let target = |secure| Target { secure, host: "api.model.example", port: 443 };
        for (assignments, https, http) in [
            (&["http_proxy=http://a:1"][..], Some("http://a:1"), Some("http://a:1")),
            (
                &["http_proxy=http://a:1", "HTTPS_PROXY=http://b:1"],
                Some("http://b:1"),
                Some("http://a:1"),
            ),
            (
                &["https_proxy=", "HTTPS_PROXY=http://b:1", "http_proxy=http://a:1"],
                Some("http://a:1"),
                Some("http://a:1"),
            ),
            (&["https_proxy=http://b:1", "no_proxy=model.example"], None, None),
            (&["https_proxy=http://b:1", "no_proxy=.model.example:80"], Some("http://b:1"), None),
            (&["all_proxy=http://b:1"], None, None),
        ] {
            let environment = Environment::of_assignments(assignments);
            assert_eq!(undici_proxy(&environment, &target(true)), https, "{assignments:?}");
            assert_eq!(undici_proxy(&environment, &target(false)), http, "{assignments:?}");
        }
    }

    #[test]
    fn an_empty_lower_case_proxy_hides_the_upper_case_one() {
        let environment = Environment::of_assignments(["http_proxy=", "HTTP_PROXY=http://p:1"]);
        assert!(!Routing::of(&environment, 1).is_proxied);
        let environment = Environment::of_assignments(["HTTP_PROXY=http://p:1", "ALL_PROXY=x"]);
        let routing = Routing::of(&environment, 1);
        assert!(routing.is_proxied);
        assert_eq!(routing.proxies_set, ["HTTP_PROXY", "ALL_PROXY"]);
        assert!(routing.is_broken());
    }

    #[test]
    fn proxy_from_envs_rules() {
        let target = Target { secure: true, host: "api.dingtalk.com", port: 443 };
        let proxied = Some("http://p:1");
        for (assignments, expected) in [
            (&["https_proxy=http://p:1"][..], proxied),
            (&["http_proxy=http://p:1"], None),
            (&["ALL_PROXY=http://p:1"], proxied),
            (&["https_proxy=", "HTTPS_PROXY=http://p:1"], proxied),
            (&["https_proxy=http://p:1", "no_proxy=dingtalk.com"], proxied),
            (&["https_proxy=http://p:1", "no_proxy=a, .dingtalk.com"], None),
            (&["https_proxy=http://p:1", "no_proxy=", "NO_PROXY=*.dingtalk.com"], None),
            (&["https_proxy=http://p:1", "no_proxy=api.dingtalk.com:80"], proxied),
            (&["https_proxy=http://p:1", "no_proxy=API.dingtalk.com:443"], None),
            (&["https_proxy=http://p:1", "no_proxy=*"], None),
        ] {
            let environment = Environment::of_assignments(assignments);
            assert_eq!(axios_proxy(&environment, &target), expected, "{assignments:?}");
        }
    }
}
