//! Secrets that are told by their own shape.

use std::ops::Range;

use super::name::{is_reference, is_secret_name};
use super::until;

/// Query parameters that are credentials in a URL, though not elsewhere.
const PARAMETERS: [&str; 6] = ["key", "sig", "sign", "signature", "auth", "code"];

/// Webhooks whose path is the credential.
const HOOKS: [&str; 3] = ["hooks.slack.com/services/", "open-apis/bot/v2/hook/", "/api/webhooks/"];

/// How the keys of well-known services begin.
const PREFIXES: [&str; 14] = [
    "sk-",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "gsk_",
    "AIza",
    "pplx-",
    "npm_",
    "eyJ",
];

/// Shorter ones may be words.
const SHORTEST_KEY: usize = 20;

/// The places of all of them.
pub(super) fn secrets_in(text: &str) -> Vec<Range<usize>> {
    let mut found = private_keys(text);
    found.extend(in_urls(text));
    found.extend(service_keys(text));
    found
}

/// The bodies of PEM blocks; one that is cut off goes to the text's end.
fn private_keys(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find("-----BEGIN ").map(|start| at + start) {
        let label = start + "-----BEGIN ".len();
        at = label;
        let Some(body) = text[label..].find("-----").map(|end| label + end + 5) else { break };
        if text[label..body].contains("PRIVATE KEY") {
            at = text[body..].find("-----END ").map_or(text.len(), |end| body + end);
            found.push(body..at);
        }
    }
    found
}

fn in_urls(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find("://").map(|start| at + start + 3) {
        let length = until(&text[start..], |c| c.is_whitespace() || "\"'<>`\\|".contains(c));
        let url = &text[start..start + length];
        let login = login_length(url);
        found.push(start..start + login);
        found.extend(credentials(url, start));
        at = start;
    }
    found
}

/// The length of `user:password` before an `@`. A password with a `/` in it is against the rules
/// and happens: what follows the colon of a host is a port.
fn login_length(url: &str) -> usize {
    let authority = until(url, |c| "/?#".contains(c));
    let has_port = url[..authority].split_once(':').is_none_or(|(_, port)| {
        port.bytes().all(|byte| byte.is_ascii_digit()) || url.starts_with('[')
    });
    let end = if has_port || url[..authority].contains('@') { authority } else { url.len() };
    url[..end].rfind('@').filter(|end| !is_reference(&url[..*end])).unwrap_or(0)
}

fn credentials(url: &str, start: usize) -> Vec<Range<usize>> {
    let hook = HOOKS.iter().find_map(|hook| url.find(hook).map(|at| at + hook.len()));
    let hook = hook.map(|at| start + at..start + at + until(&url[at..], |c| "?#,)".contains(c)));
    let mut found: Vec<_> = hook.into_iter().collect();
    for (at, _) in url.match_indices(['?', '&', '#']) {
        let pair = &url[at + 1..];
        let pair = &pair[..until(pair, |c| "&#,)".contains(c))];
        let Some((name, value)) = pair.split_once('=') else { continue };
        let is_one = PARAMETERS.iter().any(|parameter| name.eq_ignore_ascii_case(parameter));
        if (is_one || is_secret_name(name)) && !is_reference(value) {
            let from = start + at + 1 + name.len() + 1;
            found.push(from..from + value.len());
        }
    }
    found
}

fn service_keys(text: &str) -> Vec<Range<usize>> {
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let mut found = Vec::new();
    for prefix in PREFIXES {
        for (start, _) in text.match_indices(prefix) {
            let is_inside = text[..start].chars().next_back().is_some_and(is_of_key);
            let length = until(&text[start..], |c| !is_of_key(c));
            let key = &text[start..start + length];
            let is_random = key[prefix.len()..].bytes().any(|byte| byte.is_ascii_digit());
            if !is_inside && length >= SHORTEST_KEY && is_random {
                found.push(start..start + length);
            }
        }
    }
    found
}
