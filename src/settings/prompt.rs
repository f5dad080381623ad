//! Asking on a terminal for what is missing; secrets without echo.

use std::io::IsTerminal;

use dialoguer::{Input, Password};

use super::{Setting, SettingError, Settings};
use crate::language::Language;
use crate::say;

/// Whether somebody is there to answer: both ends of the dialogue are a terminal.
#[must_use]
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for each setting until its value is acceptable.
pub fn ask(
    settings: &mut Settings,
    missing: &[Setting],
    language: Language,
) -> Result<(), SettingError> {
    for setting in missing {
        let validate = |text: &String| {
            Settings::default().accept(*setting, text).map_err(|error| {
                use crate::language::Explain;
                error.problem(language)
            })
        };
        let prompt = question(*setting, language);
        let answer = if setting.is_secret() {
            Password::new().with_prompt(prompt).validate_with(validate).interact()
        } else {
            Input::<String>::new().with_prompt(prompt).validate_with(validate).interact_text()
        };
        let answer = answer.map_err(|error| SettingError::Prompt(error.to_string()))?;
        settings.accept(*setting, &answer)?;
    }
    Ok(())
}

fn question(setting: Setting, language: Language) -> String {
    match setting {
        Setting::ClientId => {
            say!(language, "DingTalk client id (AppKey)", "钉钉 clientId（AppKey）")
        }
        Setting::ClientSecret => say!(
            language,
            "DingTalk client secret (AppSecret, not shown)",
            "钉钉 clientSecret（AppSecret，不回显）"
        ),
        Setting::GatewayToken => {
            say!(language, "gateway token (not shown)", "网关令牌（不回显）")
        }
        Setting::BaseUrl => say!(
            language,
            "base URL of the model provider, such as https://api.example.com/v1",
            "模型供应商的 baseUrl，例如 https://api.example.com/v1"
        ),
        Setting::Model => {
            say!(language, "model, such as gpt-5.4", "模型，例如 gpt-5.4")
        }
        Setting::ApiKey => say!(
            language,
            "API key of the model provider (not shown)",
            "模型供应商的 API Key（不回显）"
        ),
        Setting::GatewayAuth => {
            say!(language, "gateway auth (none or token)", "网关认证方式（none 或 token）")
        }
        Setting::SessionTimeout => {
            say!(language, "session timeout in milliseconds", "会话超时（毫秒）")
        }
    }
}
