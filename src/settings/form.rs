//! What form a value has to have: one judgement, where it enters and where it stands.

use super::Setting;

/// A conversation that is shorter is nobody's wish: the number was meant in minutes or seconds.
const SHORTEST_SESSION: u32 = 60_000;

/// What OpenClaw itself appends to a base URL.
const ENDPOINTS: [&str; 4] = ["/chat/completions", "/completions", "/responses", "/messages"];

/// Why a value cannot be right, as the end of a sentence that begins with its name.
pub fn fault(setting: Setting, text: &str) -> Option<String> {
    match setting {
        Setting::ClientId => odd(text, |c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
        Setting::ClientSecret | Setting::ApiKey => odd(text, |c| c.is_ascii_graphic()),
        Setting::GatewayToken => {
            let is_inner = |c| c == ' ' && text.trim() == text;
            odd(text, |c| is_inner(c) || c.is_ascii_graphic() || ('¡'..='ÿ').contains(&c))
        }
        Setting::Model => odd(text, |c| !is_unseen(c) && !c.is_whitespace()),
        Setting::BaseUrl => base_url(text),
        Setting::SessionTimeout => {
            let millis = text.parse().ok().filter(|millis: &u32| *millis < SHORTEST_SESSION)?;
            Some(say!("is {millis} milliseconds: half an hour is 1800000", millis))
        }
        Setting::GatewayAuth => None,
        Setting::NoProxy => odd(text, |c| c.is_ascii_alphanumeric() || ",.*-_:[]/".contains(c)),
    }
}

fn odd(text: &str, fits: impl Fn(char) -> bool) -> Option<String> {
    let odd = text.chars().find(|c| !fits(*c))?;
    let what = match odd {
        ' ' => say!("a blank"),
        odd if odd.is_whitespace() || is_unseen(odd) => format!("U+{:04X}", u32::from(odd)),
        odd => format!("“{odd}”"),
    };
    Some(say!("holds {what}, which does not belong there", what))
}

/// Control characters, and those of no width.
fn is_unseen(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

fn base_url(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let is_host = host.chars().any(|c| c.is_ascii_alphanumeric());
    if !is_host || !text.chars().all(|c| c.is_ascii_graphic()) {
        return Some(say!("is not a URL that begins with https:// or http://"));
    }
    let path = text.trim_end_matches('/');
    let base = ENDPOINTS.iter().find_map(|end| path.strip_suffix(end))?;
    let base = crate::redaction::masked(base);
    Some(say!(
        "is the address of an endpoint, to which OpenClaw adds its own: the base is {base}",
        base
    ))
}

#[cfg(test)]
mod tests {
    use super::{Setting, fault};

    #[test]
    fn values_that_cannot_be_right_are_told_from_those_that_can() {
        use Setting::{
            ApiKey, BaseUrl, ClientId, ClientSecret, GatewayToken, Model, NoProxy, SessionTimeout,
        };
        for (setting, text) in [
            (ClientId, "dingabc123"),
            (ClientId, "ding-id_1.x"),
            (ClientSecret, "aB3-_x=/+"),
            (ApiKey, "sk-proj-1"),
            (GatewayToken, "a pass phrase"),
            (GatewayToken, "é"),
            (Model, "deepseek-ai/DeepSeek-V3"),
            (BaseUrl, "https://api.example.com/v1"),
            (BaseUrl, "http://127.0.0.1:1234/v1/"),
            (BaseUrl, "http://[::1]:11434"),
            (SessionTimeout, "1800000"),
            (NoProxy, "*.corp.example,10.0.0.0/8,[fd00::1]:8080"),
        ] {
            assert_eq!(fault(setting, text), None, "{text}");
        }
        for (setting, text, told) in [
            (ClientId, "钉钉", "“钉”"),
            (ClientId, "ding，abc", "“，”"),
            (ClientId, "ding abc", "a blank"),
            (ClientId, "openclaw config set x", "a blank"),
            (ClientSecret, "secret ", "a blank"),
            (ClientSecret, "sec\u{a0}ret", "U+00A0"),
            (ClientSecret, "ｓｅｃｒｅｔ", "“ｓ”"),
            (ApiKey, "sk-1\u{200b}", "U+200B"),
            (GatewayToken, "令牌", "“令”"),
            (GatewayToken, "token\u{a0}", "U+00A0"),
            (Model, "gpt 5", "a blank"),
            (BaseUrl, "www.open1.codes", "not a URL"),
            (BaseUrl, "https://", "not a URL"),
            (BaseUrl, "https:///v1", "not a URL"),
            (BaseUrl, "https://api.example.com /v1", "not a URL"),
            (BaseUrl, "https://api。example。com", "not a URL"),
            (BaseUrl, "https://a.b/v1/chat/completions", "the base is https://a.b/v1"),
            (BaseUrl, "https://a.b/v1/responses/", "the base is https://a.b/v1"),
            (SessionTimeout, "5", "milliseconds"),
            (SessionTimeout, "1800", "milliseconds"),
            (NoProxy, "a.example, b.example", "a blank"),
            (NoProxy, "a.example，b.example", "“，”"),
            (NoProxy, "a.example;b.example", "“;”"),
        ] {
            let found = fault(setting, text).unwrap_or_else(|| panic!("{text}"));
            assert!(found.contains(told), "{found}");
        }
    }
}
