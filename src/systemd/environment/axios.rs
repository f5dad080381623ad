//! Where the connector sends a request, by the rules of axios 1 (`proxy-from-env`).

use super::bypass::names_for;
use super::{Environment, Target};

/// The proxy through which axios sends a request. It may hold a password, and be one that axios
/// cannot speak with.
pub fn axios_proxy<'e>(environment: &'e Environment, target: &Target<'_>) -> Option<&'e str> {
    let scheme = if target.secure { "https_proxy" } else { "http_proxy" };
    let proxy = either(environment, scheme).or_else(|| either(environment, "all_proxy"))?;
    let list = either(environment, "no_proxy").unwrap_or_default();
    (!bypasses(list, target)).then_some(proxy)
}

/// `||` in JavaScript: an empty lower-case variable does not hide the upper-case one.
fn either<'e>(environment: &'e Environment, name: &str) -> Option<&'e str> {
    let spellings = [name.to_owned(), name.to_ascii_uppercase()];
    spellings.iter().filter_map(|name| environment.get(name)).find(|value| !value.is_empty())
}

/// `.dingtalk.com` and `*.dingtalk.com` cover subdomains, `dingtalk.com` itself alone.
fn bypasses(list: &str, target: &Target<'_>) -> bool {
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
    use super::{Environment, Target, axios_proxy};

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
