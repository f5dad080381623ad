//! Where a request goes, as far as the choice of a proxy asks.

use super::Environment;

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
    #[must_use]
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
#[must_use]
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
