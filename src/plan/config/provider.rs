//! The model provider: `models.providers.<id>`, the default model, and OpenClaw's generated
//! `models.json` beside them.

use std::path::Path;

use super::{Draft, Wish};
use crate::openclaw::document::{Edit, KeyPath, Value, escape_substitution};
use crate::plan::note::Note;
use crate::settings::{Setting, Settings};

const RESPONSES: &str = "openai-responses";
/// The interface that every provider of this kind has.
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
#[must_use]
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
    if settings.api_key.is_none() && !has("apiKey") && entry.is_none() {
        needed.push(Setting::ApiKey);
    }
    needed
}

fn is_filled(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !crate::settings::placeholder::is_placeholder(text),
        Some(Value::Array(elements)) => !elements.is_empty(),
        Some(_) => true,
    }
}

pub(super) fn section(draft: &mut Draft<'_>, wish: &Wish<'_>) {
    let provider = provider_of(draft.effective, wish.settings);
    let path = ["models", "providers", provider.id.as_str()];
    match draft.now(&path) {
        None if wish.settings.concern_the_provider() => create(draft, wish.settings, &provider),
        None => {}
        Some(entry) => amend(draft, wish, &provider, entry),
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

fn amend(draft: &mut Draft<'_>, wish: &Wish<'_>, provider: &Provider, entry: &Value) {
    let id = provider.id.as_str();
    let settings = wish.settings;
    if let Some(key) = &settings.api_key {
        draft.set(&["models", "providers", id, "apiKey"], escape_substitution(key.reveal()));
    }
    if let Some(url) = &settings.base_url {
        draft.set(&["models", "providers", id, "baseUrl"], escape_substitution(url));
    }
    if settings.concern_the_provider() && entry.get(&["api"]).is_none() {
        draft.set(&["models", "providers", id, "api"], COMPLETIONS);
    }
    correct_api(draft, wish, id, entry);
    let lists_none = !is_filled(entry.get(&["models"]));
    if let Some(model) =
        provider.model.as_deref().filter(|_| settings.model.is_some() || lists_none)
    {
        list_model(draft, id, entry, model);
    }
}

/// The page's problem 2: a provider that is not OpenAI answers nothing on `…/responses`.
fn correct_api(draft: &mut Draft<'_>, wish: &Wish<'_>, id: &str, entry: &Value) {
    let url = wish.settings.base_url.as_deref();
    let url = url.or_else(|| entry.get(&["baseUrl"]).and_then(Value::as_str));
    if url.is_none_or(is_openais_own) {
        return;
    }
    let wrong = wrong_apis(entry);
    for place in &wrong {
        let mut path = vec!["models", "providers", id];
        path.extend(place.iter().map(String::as_str));
        draft.set(&path, COMPLETIONS);
    }
    if !wrong.is_empty() {
        draft.notes.push(Note::api_corrected(id, wish.file));
    }
}

/// Where a provider entry says `openai-responses`: itself, or one of its models.
#[must_use]
pub fn wrong_apis(entry: &Value) -> Vec<Vec<String>> {
    let is_wrong = |value: &Value| value.get(&["api"]).and_then(Value::as_str) == Some(RESPONSES);
    let own = is_wrong(entry).then(|| vec!["api".to_owned()]);
    let models = entry.get(&["models"]).and_then(Value::as_array).unwrap_or_default();
    let of_models = models.iter().enumerate().filter(|(_, model)| is_wrong(model));
    own.into_iter()
        .chain(
            of_models
                .map(|(index, _)| vec!["models".to_owned(), index.to_string(), "api".to_owned()]),
        )
        .collect()
}

/// The service of OpenAI itself speaks both.
#[must_use]
pub fn is_openais_own(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or(url).split(['/', ':']).next().unwrap_or_default();
    host == "api.openai.com" || host.ends_with(".openai.com") || host.ends_with(".openai.azure.com")
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

/// What `models.json` needs beyond what OpenClaw regenerates: at a merge its old `apiKey` wins over
/// the config's, so a rotated one must be changed there too; a wrong `api` is corrected with it.
#[must_use]
pub fn models_file_edits(
    file: &Path,
    generated: &Value,
    effective: &Value,
    settings: &Settings,
) -> (Vec<Edit>, Vec<Note>) {
    let provider = provider_of(effective, settings);
    let Some(entry) = generated.get(&["providers", &provider.id]) else {
        return (Vec::new(), Vec::new());
    };
    let at = |place: &[String]| {
        let start = KeyPath::from(["providers", provider.id.as_str()]);
        place.iter().fold(start, |path, segment| path.child(segment))
    };
    let mut edits = Vec::new();
    if let Some(key) = &settings.api_key
        && entry.get(&["apiKey"]).and_then(Value::as_str) != Some(key.reveal())
    {
        edits.push(Edit::set(at(&["apiKey".to_owned()]), key.reveal()));
    }
    let url = settings.base_url.as_deref().or_else(|| {
        effective.get(&["models", "providers", &provider.id, "baseUrl"]).and_then(Value::as_str)
    });
    let wrong = if url.is_none_or(is_openais_own) { Vec::new() } else { wrong_apis(entry) };
    let notes = (!wrong.is_empty()).then(|| Note::api_corrected(&provider.id, file));
    let corrections = wrong.iter().map(|place| Edit::set(at(place), COMPLETIONS));
    edits.extend(corrections);
    (edits, notes.into_iter().collect())
}
