//! What the operator wants: settings from options, files, environment, answers, prompts. What form
//! a value has to have is judged here, where it enters as where it stands; a secret is never shown.

pub mod desired;
pub mod error;
pub mod prompt;
pub mod sources;

use std::fmt;
use std::io::Read;
use std::path::Path;

use clap::ValueEnum;

use crate::fs::{Action, FileError};
use crate::language::Problem;
use crate::redaction;

pub use error::missing;

/// How the gateway's HTTP interface is guarded; OpenClaw's words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GatewayAuth {
    /// No token: the page's setting; only behind a loopback bind.
    None,
    /// A token, which the connector sends.
    Token,
}

/// One setting of the operator: its name on every way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// The bot's client id (`AppKey`).
    ClientId,
    /// The bot's client secret (`AppSecret`).
    ClientSecret,
    /// The token that the connector sends to the gateway.
    GatewayToken,
    /// The model provider's base URL.
    BaseUrl,
    /// The model, `gpt-5.4` or `openai/gpt-5.4`.
    Model,
    /// The model provider's key.
    ApiKey,
    /// `none` or `token`.
    GatewayAuth,
    /// When a silent conversation starts anew, in milliseconds.
    SessionTimeout,
    /// Hosts that the gateway reaches past any proxy, besides this machine.
    NoProxy,
}

impl Setting {
    /// The key in the answers file, the option on the command line, the environment variable.
    const fn names(self) -> [&'static str; 3] {
        match self {
            Self::ClientId => ["clientId", "--client-id", "OPENCLAW_SETUP_CLIENT_ID"],
            Self::ClientSecret => {
                ["clientSecret", "--client-secret-file", "OPENCLAW_SETUP_CLIENT_SECRET"]
            }
            Self::GatewayToken => {
                ["gatewayToken", "--gateway-token-file", "OPENCLAW_SETUP_GATEWAY_TOKEN"]
            }
            Self::BaseUrl => ["baseUrl", "--base-url", "OPENCLAW_SETUP_BASE_URL"],
            Self::Model => ["model", "--model", "OPENCLAW_SETUP_MODEL"],
            Self::ApiKey => ["apiKey", "--api-key-file", "OPENCLAW_SETUP_API_KEY"],
            Self::GatewayAuth => ["gatewayAuth", "--gateway-auth", "OPENCLAW_SETUP_GATEWAY_AUTH"],
            Self::SessionTimeout => {
                ["sessionTimeout", "--session-timeout", "OPENCLAW_SETUP_SESSION_TIMEOUT"]
            }
            Self::NoProxy => ["noProxy", "--no-proxy", "OPENCLAW_SETUP_NO_PROXY"],
        }
    }

    /// The key in the answers file.
    pub const fn answer(self) -> &'static str {
        self.names()[0]
    }

    /// The option on the command line.
    pub fn option(self) -> &'static str {
        self.names()[1]
    }

    /// The environment variable.
    pub fn variable(self) -> &'static str {
        self.names()[2]
    }

    /// Whether its value is never shown.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::ClientSecret | Self::GatewayToken | Self::ApiKey)
    }
}

/// Every setting, in the order in which they are asked for.
pub const ALL: [Setting; 9] = [
    Setting::ClientId,
    Setting::ClientSecret,
    Setting::BaseUrl,
    Setting::Model,
    Setting::ApiKey,
    Setting::GatewayAuth,
    Setting::GatewayToken,
    Setting::SessionTimeout,
    Setting::NoProxy,
];

/// The settings that the operator has given; what is absent stays as the config has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The bot's client id.
    pub client_id: Option<String>,
    /// The bot's client secret.
    pub client_secret: Option<Secret>,
    /// The token that the connector sends to the gateway.
    pub gateway_token: Option<Secret>,
    /// The model provider's base URL.
    pub base_url: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The model provider's key.
    pub api_key: Option<Secret>,
    /// How the gateway is guarded.
    pub gateway_auth: Option<GatewayAuth>,
    /// Milliseconds.
    pub session_timeout: Option<u32>,
    /// Hosts, as the variable `no_proxy` lists them.
    pub no_proxy: Option<String>,
}

impl Settings {
    /// Whether anything about the model provider was given.
    pub fn concern_the_provider(&self) -> bool {
        self.base_url.is_some() || self.model.is_some() || self.api_key.is_some()
    }

    /// Takes a value as it came as text; refuses placeholders and malformed values.
    pub fn accept(&mut self, setting: Setting, text: &str) -> Result<(), Problem> {
        let text = text.trim();
        if is_placeholder(text) {
            return Err(error::placeholder(setting));
        }
        if let Some(fault) = fault(setting, text) {
            return Err(error::faulty(setting, &fault));
        }
        let (plain, secret) = (|| Some(text.to_owned()), || Some(Secret::new(text)));
        match setting {
            Setting::ClientId => self.client_id = plain(),
            Setting::ClientSecret => self.client_secret = secret(),
            Setting::GatewayToken => self.gateway_token = secret(),
            Setting::ApiKey => self.api_key = secret(),
            Setting::BaseUrl => self.base_url = plain(),
            Setting::Model => self.model = plain(),
            Setting::NoProxy => self.no_proxy = plain(),
            Setting::GatewayAuth => {
                let auth = GatewayAuth::from_str(text, false);
                self.gateway_auth = Some(auth.map_err(|_| error::malformed(setting))?);
            }
            Setting::SessionTimeout => {
                self.session_timeout = Some(text.parse().map_err(|_| error::malformed(setting))?);
            }
        }
        Ok(())
    }
}

/// Whether a value is a placeholder: `你的…`, `your-…`, `<…>`, `xxx`, or nothing at all.
///
/// The page's `gatewayToken: "你的gatewayToken"`, left as it is, makes the connector fail with
/// "Cannot convert argument to a `ByteString`".
pub fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_lowercase();
    value.is_empty()
        || value.starts_with("你的")
        || value.starts_with("您的")
        || lower.starts_with("your-")
        || lower.starts_with("your_")
        || (value.starts_with('<') && value.ends_with('>'))
        || lower.chars().all(|c| c == 'x')
        || lower.chars().all(|c| c == '*')
}

/// A secret. Neither `Debug` nor anything else prints it; who needs it says so with
/// [`Secret::reveal`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text, which is shown nowhere from now on.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        redaction::learn(&text);
        Self(text)
    }

    /// A new one: 256 bits of the kernel's randomness, in hex.
    pub fn fresh() -> Result<Self, FileError> {
        let source = Path::new("/dev/urandom");
        let mut bytes = [0_u8; 32];
        std::fs::File::open(source)
            .and_then(|mut file| file.read_exact(&mut bytes))
            .map_err(FileError::at(Action::Read, source))?;
        Ok(Self::new(base16ct::lower::encode_string(&bytes)))
    }

    /// The text itself, for the one place that must write or send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(redaction::MASK)
    }
}

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
    use super::fault;

    use super::{Setting, Settings, is_placeholder};

    #[test]
    fn takes_good_values_and_names_the_bad_ones() {
        let mut settings = Settings::default();
        settings.accept(Setting::ClientSecret, " s3cret\n").unwrap();
        assert_eq!(settings.client_secret.as_ref().unwrap().reveal(), "s3cret");
        for (setting, text) in [
            (Setting::GatewayToken, "令牌"),
            (Setting::BaseUrl, "www.open1.codes"),
            (Setting::BaseUrl, "https://"),
            (Setting::ClientId, "ding，abc"),
            (Setting::GatewayAuth, "password"),
            (Setting::SessionTimeout, "5"),
            (Setting::SessionTimeout, "30min"),
        ] {
            let error = settings.accept(setting, text).unwrap_err();
            assert_eq!(error.code, "setting.malformed", "{setting:?}");
        }
        let error = settings.accept(Setting::ApiKey, "你的API_KEY").unwrap_err();
        assert!(error.code == "setting.placeholder" && error.message.starts_with("apiKey"));
        assert!(!format!("{settings:?}").contains("s3cret"));
    }

    #[test]
    fn tells_placeholders_from_values() {
        for placeholder in [
            "你的钉钉clientId",
            "your-api-key",
            "YOUR_TOKEN",
            "<token>",
            "xxx",
            "XXXX",
            "****",
            " ",
        ] {
            assert!(is_placeholder(placeholder), "{placeholder}");
        }
        for value in ["dingabc123", "sk-xxx1", "yourself", "${DINGTALK_SECRET}", "x1"] {
            assert!(!is_placeholder(value), "{value}");
        }
    }

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
