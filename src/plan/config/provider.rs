//! The model provider: `models.providers.<id>`, the default model, and OpenClaw's generated
//! `models.json` beside them.

use super::{Draft, Wish, is_filled};
use crate::openclaw::document::{Edit, KeyPath, Value, escape_substitution};
use crate::settings::{Setting, Settings};

/// OpenAI's newer interface, which not every provider of this kind has.
pub const RESPONSES: &str = "openai-responses";
/// The older one, which most have.
pub const COMPLETIONS: &str = "openai-completions";

/// The provider and model that the connector's conversations use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Id of the provider, such as `openai`.
    pub id: String,
    /// Id of the model, where one is known.
    pub model: Option<String>,
}

/// Which provider is meant: that of the model that was given, else that of the default model.
///
/// A model's own id may hold slashes (`deepseek-ai/DeepSeek-V3`), so what stands before the first
/// one is a provider only if the config has it, or if it is `openai`.
pub fn provider_of(effective: &Value, settings: &Settings) -> Provider {
    let present = default_model(effective).and_then(|model| model.split_once('/'));
    let known = |id: &str| id == "openai" || effective.get(&["models", "providers", id]).is_some();
    let present_id = present.map(|(id, _)| id).filter(|id| known(id));
    match settings.model.as_deref() {
        Some(model) => match model.split_once('/') {
            Some((id, model)) if known(id) => of(id, Some(model)),
            _ => of(present_id.unwrap_or("openai"), Some(model)),
        },
        None => of(present_id.unwrap_or("openai"), present.map(|(_, model)| model)),
    }
}

fn of(id: &str, model: Option<&str>) -> Provider {
    Provider { id: id.to_owned(), model: model.map(str::to_owned) }
}

/// `agents.defaults.model` is an object with `primary`, or the model itself.
fn default_model(effective: &Value) -> Option<&str> {
    let model = effective.get(&["agents", "defaults", "model"])?;
    model.as_str().or_else(|| model.get(&["primary"]).and_then(Value::as_str))
}

/// OpenClaw 2026.3.13 refuses a provider without `baseUrl` or `models[]`.
pub(super) fn needed(effective: &Value, settings: &Settings) -> Vec<Setting> {
    let provider = provider_of(effective, settings);
    let entry = effective.get(&["models", "providers", &provider.id]);
    if entry.is_none() && !settings.concern_the_provider() {
        return Vec::new();
    }
    let has = |key: &str| entry.is_some_and(|entry| is_filled(entry.get(&[key])));
    let mut needed = Vec::new();
    if settings.base_url.is_none() && !has("baseUrl") {
        needed.push(Setting::BaseUrl);
    }
    if provider.model.is_none() && !has("models") {
        needed.push(Setting::Model);
    }
    // no key at all may be meant; a placeholder is not
    let names_a_key = entry.is_none_or(|entry| entry.get(&["apiKey"]).is_some());
    if settings.api_key.is_none() && !has("apiKey") && names_a_key {
        needed.push(Setting::ApiKey);
    }
    needed
}

pub(super) fn section(draft: &mut Draft<'_>, wish: &Wish<'_>) {
    let provider = provider_of(draft.effective, wish.settings);
    let path = ["models", "providers", provider.id.as_str()];
    match draft.now(&path) {
        None if wish.settings.concern_the_provider() => create(draft, wish.settings, &provider),
        None => {}
        Some(entry) => amend(draft, wish.settings, &provider, entry),
    }
    if wish.settings.model.is_some() {
        default_model_edits(draft, &provider);
    }
}

fn create(draft: &mut Draft<'_>, settings: &Settings, provider: &Provider) {
    let text = |text: &str| Value::from(escape_substitution(text));
    let members = [
        ("apiKey", settings.api_key.as_ref().map(|key| text(key.reveal()))),
        ("baseUrl", settings.base_url.as_deref().map(text)),
        ("api", Some(Value::from(COMPLETIONS))),
        ("models", provider.model.as_deref().map(|model| Value::from(vec![model_entry(model)]))),
    ];
    let entry: indexmap::IndexMap<String, Value> =
        members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    if draft.now(&["models"]).is_none() {
        // what OpenClaw takes when it is absent, written as on the page
        draft.set(&["models", "mode"], "merge");
    }
    draft.set(&["models", "providers", &provider.id], Value::Object(entry));
}

fn model_entry(model: &str) -> Value {
    Value::from([("id", Value::from(model)), ("name", Value::from(model))])
}

fn amend(draft: &mut Draft<'_>, settings: &Settings, provider: &Provider, entry: &Value) {
    let id = provider.id.as_str();
    if let Some(key) = &settings.api_key {
        draft.set(&["models", "providers", id, "apiKey"], escape_substitution(key.reveal()));
    }
    if let Some(url) = &settings.base_url {
        draft.set(&["models", "providers", id, "baseUrl"], escape_substitution(url));
    }
    if settings.concern_the_provider() && entry.get(&["api"]).is_none() {
        draft.set(&["models", "providers", id, "api"], COMPLETIONS);
    }
    let lists_none = !is_filled(entry.get(&["models"]));
    if let Some(model) =
        provider.model.as_deref().filter(|_| settings.model.is_some() || lists_none)
    {
        list_model(draft, id, entry, model);
    }
}

/// Where a provider entry names its interface, itself and in its models, and what it says there.
pub fn apis(entry: &Value) -> impl Iterator<Item = (Vec<String>, &str)> {
    fn of(value: &Value) -> Option<&str> {
        value.get(&["api"]).and_then(Value::as_str)
    }
    let own = of(entry).map(|api| (vec!["api".to_owned()], api));
    let models = entry.get(&["models"]).and_then(Value::as_array).unwrap_or_default();
    let place = |index: usize| vec!["models".to_owned(), index.to_string(), "api".to_owned()];
    let of_models = models.iter().enumerate();
    own.into_iter().chain(of_models.filter_map(move |(at, model)| Some((place(at), of(model)?))))
}

/// OpenClaw's own word for an interface that somebody has named otherwise.
pub fn right_api(word: &str) -> Option<&'static str> {
    let right = match word.to_lowercase().replace(['_', ' '], "-").as_str() {
        "openai"
        | "openai-compatible"
        | "openai-chat"
        | "openai-completion"
        | COMPLETIONS
        | "openai-chat-completion"
        | "openai-chat-completions"
        | "chat-completions" => COMPLETIONS,
        "openai-response" | RESPONSES => RESPONSES,
        "anthropic" | "anthropic-message" | "anthropic-messages" => "anthropic-messages",
        "google" | "gemini" | "google-generative-ai" => "google-generative-ai",
        _ => return None,
    };
    Some(right).filter(|right| *right != word)
}

fn list_model(draft: &mut Draft<'_>, id: &str, entry: &Value, model: &str) {
    let path = ["models", "providers", id, "models"];
    match entry.get(&["models"]).and_then(Value::as_array) {
        None => draft.set(&path, vec![model_entry(model)]),
        Some(models) => {
            let is_ours = |entry: &Value| entry.get(&["id"]).and_then(Value::as_str) == Some(model);
            if !models.iter().any(is_ours) {
                let (path, value) = (KeyPath::from(&path), model_entry(model));
                draft.edits.push(Edit::append(path, value));
            }
        }
    }
}

fn default_model_edits(draft: &mut Draft<'_>, provider: &Provider) {
    let Some(model) = &provider.model else { return };
    let name = format!("{}/{model}", provider.id);
    let default = ["agents", "defaults", "model"];
    let was_fresh = draft.now(&default).is_none();
    match draft.now(&default) {
        Some(Value::String(_)) => draft.set(&default, name.as_str()),
        _ => draft.set(&["agents", "defaults", "model", "primary"], name.as_str()),
    }
    // a list of models allows only what it names: it is extended, and begun only on a fresh machine
    let list = ["agents", "defaults", "models"];
    let listed = draft.now(&["agents", "defaults", "models", &name]).is_some();
    if !listed && (was_fresh || draft.now(&list).is_some()) {
        draft.set(&["agents", "defaults", "models", &name], Value::object());
    }
}

/// What `models.json` needs beyond what OpenClaw regenerates: at a merge its old `apiKey` stays, so
/// a rotated one is changed there, too.
pub fn models_file_edits(generated: &Value, effective: &Value, settings: &Settings) -> Vec<Edit> {
    let provider = provider_of(effective, settings);
    let path = ["providers", provider.id.as_str(), "apiKey"];
    let is_known = generated.get(&path[..2]).is_some();
    let held = generated.get(&path).and_then(Value::as_str);
    let key = settings.api_key.as_ref().map(crate::settings::Secret::reveal);
    let rotated = key.filter(|key| is_known && held != Some(*key));
    rotated.map(|key| Edit::set(path, key)).into_iter().collect()
}
