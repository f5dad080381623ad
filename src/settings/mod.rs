//! What the operator wants: settings from options, files, environment, answers, prompts.

pub mod desired;
pub mod error;
pub mod form;
pub mod prompt;
pub mod secret;
pub mod sources;

use clap::ValueEnum;

use crate::language::Problem;

pub use error::missing;
pub use secret::Secret;

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
        if let Some(fault) = form::fault(setting, text) {
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

#[cfg(test)]
mod tests {
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
}
