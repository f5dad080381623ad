//! Secrets that are told by the name before them, or by their own shape.

use std::ops::Range;

use super::until;

/// Words that make a name a secret's wherever they stand in it: OpenClaw's own patterns
/// (`sensitive-paths.ts`), what the connector marks as sensitive, and what HTTP and unit files use.
const WORDS: [&str; 14] = [
    "secret",
    "password",
    "passphrase",
    "passwd",
    "apikey",
    "privatekey",
    "accesskey",
    "encryptkey",
    "signingkey",
    "aeskey",
    "credential",
    "authorization",
    "cookie",
    "serviceaccount",
];

/// Words that do so only at its end: a `tokenizer` is none, and `maxTokens` is a number of words.
const ENDINGS: [&str; 5] = ["token", "pwd", "bearer", "authkey", "jwt"];

/// Names that hold one of these words and no secret: where it lies, or of which kind it is.
const HARMLESS: [&str; 7] = ["file", "path", "dir", "mode", "type", "limit", "tokens"];

/// Keys whose members are secrets whatever their names: environment variables, HTTP headers.
const HOLDERS: [&str; 3] = ["env", "vars", "headers"];

/// Words that say how an `Authorization` is meant, before what is secret.
const SCHEMES: [&str; 5] = ["bearer", "basic", "token", "digest", "negotiate"];

/// Whether the value of this key, variable, header or option is never shown. Case, `_` and `-`
/// make no difference.
pub fn is_secret_name(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    !HARMLESS.iter().any(|word| plain.ends_with(word))
        && (WORDS.iter().any(|word| plain.contains(word))
            || ENDINGS.iter().any(|word| plain.ends_with(word))
            || plain == "pass"
            || name == "_auth")
}

/// Whether everything below this key is secret.
pub fn is_holder(name: &str) -> bool {
    HOLDERS.iter().any(|holder| name.eq_ignore_ascii_case(holder))
}

/// Whether the text only says where a secret comes from.
pub(super) fn is_reference(value: &str) -> bool {
    value.starts_with("${") && value.find('}') == Some(value.len() - 1)
}

/// The values after `name:`, `name=`, `"name": "`, `--name `, `Bearer ` and the like.
pub(super) fn named_in(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(is_of_name).map(|start| at + start) {
        let end = start + until(&text[start..], |c| !is_of_name(c));
        at = end;
        if let Some(value) = value_after(text, start..end) {
            at = value.end.max(end);
            found.push(value);
        }
    }
    found
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn value_after(text: &str, name: Range<usize>) -> Option<Range<usize>> {
    let word = &text[name.clone()];
    let scheme = word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic");
    if !scheme && !is_secret_name(word) {
        return None;
    }
    let after = &text[name.end..];
    let gap = until(after, |c| !"\"'\\:= \t".contains(c));
    let separator = &after[..gap];
    let introduces = separator.contains([':', '='])
        || (word.starts_with("--") && separator.starts_with([' ', '\t']));
    let start = name.end + gap;
    let value = &text[start..];
    if scheme && !introduces {
        let length = until(value, |c| c.is_whitespace() || "\"',;)}".contains(c));
        let is_one = word.eq_ignore_ascii_case("bearer") || is_login(&value[..length]);
        return (separator.starts_with(' ') && is_one).then(|| start..start + length);
    }
    if !introduces || value.starts_with("${") {
        return None;
    }
    let before = text[..name.start].trim_end_matches('\\').chars().next_back();
    let length = if is_header(word) && !separator.contains(['"', '\'']) {
        return Some(without_scheme(text, start..start + line_length(value)));
    } else if let Some(quote) = separator.chars().rev().find(|c| *c == '"' || *c == '\'') {
        let ends_escaped = separator.contains('\\');
        quoted_length(value, quote, ends_escaped)
    } else if let Some(quote @ ('"' | '\'')) = before {
        quoted_length(value, quote, false)
    } else {
        until(value, |c| c.is_whitespace() || "\"',;&})".contains(c))
    };
    Some(without_scheme(text, start..start + length))
}

fn is_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("authorization") || name.ends_with("cookie")
}

fn line_length(text: &str) -> usize {
    until(text, |c| "\r\n\"".contains(c))
}

/// Up to the closing quote; a line break ends what was never closed.
fn quoted_length(text: &str, quote: char, ends_escaped: bool) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '\n' => return at,
            '\\' if ends_escaped => return at,
            '\\' => is_escaped = !is_escaped,
            c if c == quote && !is_escaped => return at,
            _ => is_escaped = false,
        }
    }
    text.len()
}

/// `Basic x`: the scheme is no secret.
pub(super) fn without_scheme(text: &str, value: Range<usize>) -> Range<usize> {
    let (first, rest) = text[value.clone()].split_once(' ').unwrap_or_default();
    let is_scheme = SCHEMES.iter().any(|scheme| first.eq_ignore_ascii_case(scheme));
    if is_scheme && !rest.is_empty() { value.start + first.len() + 1..value.end } else { value }
}

/// Base64 of `user:password`.
fn is_login(text: &str) -> bool {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text);
    bytes.is_ok_and(|bytes| bytes.contains(&b':'))
}

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

/// The places of all that are told by their shape.
pub(super) fn shaped_in(text: &str) -> Vec<Range<usize>> {
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
