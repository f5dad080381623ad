//! What the config says of provider and bot.

use super::*;

pub(super) const CASES: &[Case] = &[
    case!(
        "llm.api-mode",
        "the newer interface, and nobody has asked",
        Warning,
        false,
        |p| p.set("models.providers.openai.api", json!("openai-responses")),
        BROKEN
    ),
    case!(
        "llm.api-mode",
        "OpenAI's own is asked like any other",
        Warning,
        false,
        |p| {
            p.set("models.providers.openai.api", json!("openai-responses"));
            p.set("models.providers.openai.baseUrl", json!("https://api.openai.com/v1"));
        },
        BROKEN
    ),
    case!(
        "llm.api-mode",
        "a word that OpenClaw does not know",
        Error,
        true,
        |p| p.set("models.providers.another.api", json!("openai-chat-completions")),
        BROKEN
    ),
    case!(
        "llm.models-json",
        "another key",
        Info,
        true,
        with_other_key,
        Some(|p| {
            p.snapshot.installation.models = None;
        })
    ),
    case!(
        "llm.credentials",
        "a placeholder",
        Error,
        false,
        |p| {
            p.set("models.providers.openai.apiKey", json!("你的API_KEY"));
        },
        BROKEN
    ),
    case!(
        "llm.reach",
        "blocked by OpenClaw",
        Error,
        false,
        |p| p.log_of(
            "provider-transport-fetch",
            "[model-fetch] error provider=openai api=x name=SsrFBlockedError"
        ),
        UNLOGGED
    ),
    case!("llm.reach", "timed out", Warning, false, |p| p.log("LLM request timed out"), UNLOGGED),
    case!(
        "dingtalk.credentials",
        "a placeholder",
        Error,
        false,
        |p| {
            p.set("channels.dingtalk-connector.clientSecret", json!("your-secret"));
        },
        BROKEN
    ),
    case!(
        "dingtalk.credentials",
        "an account's",
        Error,
        false,
        |p| {
            p.set("channels.dingtalk-connector.accounts", json!({"b": {"clientId": "ding，abc"}}));
        },
        ABSENT
    ),
    case!(
        "dingtalk.credentials",
        "a form that this connector cannot read",
        Error,
        false,
        |p| {
            let kept = json!({"source": "env", "provider": "default", "id": "SECRET"});
            p.set("channels.dingtalk-connector.clientSecret", kept);
        },
        ABSENT
    ),
    case!(
        "llm.credentials",
        "a no-break space",
        Error,
        false,
        |p| p.set("models.providers.openai.apiKey", json!("sk-1\u{a0}")),
        BROKEN
    ),
    case!(
        "llm.base-url",
        "an endpoint",
        Error,
        false,
        |p| {
            let url = "https://llm.example/v1/chat/completions";
            p.set("models.providers.openai.baseUrl", json!(url));
        },
        NEVER
    ),
    case!(
        "config.key-inert",
        "minutes for milliseconds",
        Warning,
        false,
        |p| p.set("channels.dingtalk-connector.sessionTimeout", json!(30)),
        BROKEN
    ),
    case!("dingtalk.stream", "failed", Error, false, |p| p.log("get endpoint failed"), UNLOGGED),
];
