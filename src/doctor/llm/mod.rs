//! The model provider: the interface that is spoken with it, its key, its address.

mod answer;
mod reach;

use super::skipped::unreadable;
use super::whom::is_marker;
use super::{Check, Evidence, Examination, Finding, Severity, Verdict};
use crate::language::Language;
use crate::openclaw::document::{Edit, KeyPath, Value, is_reference, references};
use crate::plan::config::{COMPLETIONS, Provider, is_openais_own, provider_of, wrong_apis};
use crate::plan::repair::Repair;
use crate::say;
use crate::settings::Settings;
use crate::settings::placeholder::is_placeholder;

/// The checks of this family.
pub const CHECKS: [Check; 5] = [
    Check {
        id: "llm.api-mode",
        severity: Severity::Error,
        english: "the provider is asked over an interface that it has",
        chinese: "使用供应商支持的接口",
        judge: api_mode,
    },
    Check {
        id: "llm.models-json",
        severity: Severity::Error,
        english: "the agent model file agrees with the config",
        chinese: "代理的模型文件与配置一致",
        judge: models_json,
    },
    Check {
        id: "llm.credentials",
        severity: Severity::Error,
        english: "the provider's key and address are filled in",
        chinese: "已填写供应商的密钥和地址",
        judge: credentials,
    },
    Check {
        id: "llm.base-url",
        severity: Severity::Error,
        english: "the provider serves the model at its address (--live)",
        chinese: "供应商在该地址提供所配置的模型（--live）",
        judge: answer::base_url,
    },
    Check {
        id: "llm.reach",
        severity: Severity::Error,
        english: "model requests arrive in time (--live: stage by stage)",
        chinese: "模型请求能及时到达（--live：逐阶段计时）",
        judge: reach::reach,
    },
];

fn provider(effective: &Value) -> Provider {
    provider_of(effective, &Settings::default())
}

/// The page's problem 2: upstream answers 404, the gateway still says 200, and nothing comes.
fn api_mode(examination: &Examination, language: Language) -> Verdict {
    let Some(effective) = examination.effective() else { return unreadable(language) };
    let id = provider(effective).id;
    let Some(entry) = effective.get(&["models", "providers", &id]) else {
        return Verdict::Skipped(no_provider(language));
    };
    let Some(url) = entry.get(&["baseUrl"]).and_then(Value::as_str) else {
        return Verdict::Skipped(no_provider(language));
    };
    if is_openais_own(url) {
        return Verdict::well();
    }
    let mut evidence = Vec::new();
    let mut repairs = Vec::new();
    for place in wrong_apis(entry) {
        let path: Vec<&str> = ["models", "providers", id.as_str()]
            .into_iter()
            .chain(place.iter().map(String::as_str))
            .collect();
        evidence.push(Evidence::of_key(examination, &path));
        repairs.push(Repair::Config(Edit::set(path.as_slice(), COMPLETIONS)));
    }
    let models = examination.models.as_ref();
    if let Some((document, entry)) =
        models.and_then(|models| Some((models, models.get(&["providers", id.as_str()])?)))
    {
        for place in wrong_apis(entry) {
            let path: Vec<&str> = ["providers", id.as_str()]
                .into_iter()
                .chain(place.iter().map(String::as_str))
                .collect();
            let fact = format!("{} = \"openai-responses\"", KeyPath::from(path.as_slice()));
            let at = document.place_of(&path);
            evidence.push(Evidence::in_file(document.path(), at, fact));
            repairs.push(Repair::Models(Edit::set(path.as_slice(), COMPLETIONS)));
        }
    }
    if repairs.is_empty() {
        return Verdict::well();
    }
    Finding::error(
        say!(
            language,
            "provider {id} is asked over openai-responses, but {} is not OpenAI's own service: it answers 404 there, and the reply stays empty",
            "供应商 {id} 使用 openai-responses，但 {} 不是 OpenAI 官方服务：该接口返回 404，回复为空",
            crate::health::redacted(url, &[])
        ),
        say!(
            language,
            "Use openai-completions, in both files: openclaw-setup doctor --fix llm.api-mode",
            "两个文件都改为 openai-completions：openclaw-setup doctor --fix llm.api-mode"
        ),
    )
    .about(format!("models.providers.{id}.api"))
    .seen_as("No reply from agent / 返回 0 字符 / ✅ 媒体已发送")
    .proven_by(evidence)
    .proven_by(answer::interface_evidence(examination, language))
    .repaired_by(repairs)
    .into()
}

fn no_provider(language: Language) -> String {
    say!(
        language,
        "the config names no provider of its own for the default model",
        "配置中没有为默认模型单独设置供应商"
    )
}

/// OpenClaw 2026.3.13 merges: the old `apiKey` of `models.json` wins over the config's.
fn models_json(examination: &Examination, language: Language) -> Verdict {
    let Some(effective) = examination.effective() else { return unreadable(language) };
    let Some((path, _)) = &examination.picture.models else {
        return Verdict::Skipped(say!(
            language,
            "there is no agent model file yet: OpenClaw writes it at the first agent run",
            "尚无代理的模型文件：OpenClaw 会在首次运行代理时生成"
        ));
    };
    let shown = path.display().to_string();
    let Some(models) = &examination.models else {
        return Finding::warning(
            say!(
                language,
                "{shown} is not valid JSON; OpenClaw writes it anew at the next agent run",
                "{shown} 不是有效的 JSON；OpenClaw 下次运行代理时会重新生成"
            ),
            say!(language, "Nothing has to be done.", "无需处理。"),
        )
        .about(shown)
        .into();
    };
    let id = provider(effective).id;
    if examination.text(&["models", "mode"]) == Some("replace") {
        return Verdict::well();
    }
    let key = ["models", "providers", &id, "apiKey"];
    let written = examination.text(&key).filter(|text| is_literal(text));
    let generated = ["providers", id.as_str(), "apiKey"];
    let held = models.get(&generated).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (Some(written), Some(held)) = (written, held) else { return Verdict::well() };
    if written == held || is_marker(held) {
        return Verdict::well();
    }
    Finding::error(
        say!(
            language,
            "{shown} holds another apiKey for {id} than the config, and the one there wins",
            "{shown} 中 {id} 的 apiKey 与配置不同，且以该文件为准"
        ),
        say!(
            language,
            "Bring the config's key there: openclaw-setup doctor --fix llm.models-json",
            "将配置中的密钥同步过去：openclaw-setup doctor --fix llm.models-json"
        ),
    )
    .about(shown)
    .seen_as(say!(
        language,
        "the changed key has no effect (401 from the provider)",
        "更换的密钥不起作用（供应商返回 401）"
    ))
    .proven_by([
        Evidence::of_key(examination, &key),
        Evidence::in_file(
            models.path(),
            models.place_of(&generated),
            format!("providers.{id}.apiKey = ••• (another one)"),
        ),
    ])
    .repaired_by([Repair::Models(Edit::set(generated, written))])
    .into()
}

/// Neither `${VAR}` nor a placeholder: only of a literal it can be said that another one differs.
fn is_literal(text: &str) -> bool {
    !is_reference(text) && references(text).is_empty() && !is_placeholder(text)
}

/// Placeholders; and with `--live` what the provider itself says to the key.
fn credentials(examination: &Examination, language: Language) -> Verdict {
    let Some(effective) = examination.effective() else { return unreadable(language) };
    let id = provider(effective).id;
    let Some(entry) = effective.get(&["models", "providers", &id]) else {
        return Verdict::Skipped(no_provider(language));
    };
    let findings = ["apiKey", "baseUrl"].into_iter().filter_map(|key| {
        let text = entry.get(&[key])?.as_str()?;
        let path = ["models", "providers", &id, key];
        is_placeholder(text).then(|| {
            let name = KeyPath::from(&path).to_string();
            Finding::error(
                say!(language, "{name} still holds a placeholder", "{name} 仍是占位文字"),
                say!(
                    language,
                    "Fill it in: openclaw-setup install --api-key-file FILE --base-url URL",
                    "请填写：openclaw-setup install --api-key-file FILE --base-url URL"
                ),
            )
            .about(name)
            .seen_as("No reply from agent")
            .proven_by([Evidence::of_key(examination, &path)])
        })
    });
    Verdict::Found(findings.chain(answer::refused_key(examination, language)).collect())
}
