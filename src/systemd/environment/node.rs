//! Where Node sends a loopback request, by the rules of undici 7 (`EnvHttpProxyAgent`).
//!
//! Where the connector sends a request, by the rules of axios 1 (`proxy-from-env`).

use super::bypass::names_for;
use super::{Environment, Target};

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
    use super::{Environment, Target, axios_proxy, *};

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
