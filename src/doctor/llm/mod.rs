//! The model provider: the interface that is spoken with it, its key, its address.

pub(super) mod answer;
pub(super) mod reach;

use super::live_targets::is_marker;
use super::{Evidence, Finding, Snapshot, Verdict};
use crate::openclaw::document::{Edit, KeyPath, Value, is_reference, references};
use crate::plan::config::{COMPLETIONS, Provider, is_openais_own, provider_of, wrong_apis};
use crate::plan::repair::Repair;
use crate::say;
use crate::settings::Settings;
use crate::settings::placeholder::is_placeholder;

fn provider(effective: &Value) -> Provider {
    provider_of(effective, &Settings::default())
}

/// The page's problem 2: upstream answers 404, the gateway still says 200, and nothing comes.
pub(super) fn api_mode(snapshot: &Snapshot) -> Verdict {
    let Some(effective) = snapshot.effective() else { return Ok(Vec::new()) };
    let id = provider(effective).id;
    let Some(entry) = effective.get(&["models", "providers", &id]) else {
        return Err(no_provider());
    };
    let Some(url) = entry.get(&["baseUrl"]).and_then(Value::as_str) else {
        return Err(no_provider());
    };
    if is_openais_own(url) {
        return Ok(Vec::new());
    }
    let mut evidence = Vec::new();
    let mut repairs = Vec::new();
    for place in wrong_apis(entry) {
        let path: Vec<&str> = ["models", "providers", id.as_str()]
            .into_iter()
            .chain(place.iter().map(String::as_str))
            .collect();
        evidence.push(Evidence::of_key(snapshot, &path));
        repairs.push(Repair::Config(Edit::set(path.as_slice(), COMPLETIONS)));
    }
    let models = snapshot.models.as_ref();
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
        return Ok(Vec::new());
    }
    Finding::error(say!("provider {id} is asked over openai-responses, but {url} is not OpenAI's own service: it answers 404 there, and the reply stays empty", id, url = crate::redaction::masked(url)))
        .about(format!("models.providers.{id}.api"))
        .symptom("No reply from agent / 返回 0 字符 / ✅ 媒体已发送")
        .evidence(evidence)
        .evidence(answer::interface_evidence(snapshot))
        .repaired_by(repairs)
        .into()
}

fn no_provider() -> String {
    say!("the config names no provider of its own for the default model")
}

/// OpenClaw 2026.3.13 merges: the old `apiKey` of `models.json` wins over the config's.
pub(super) fn models_json(snapshot: &Snapshot) -> Verdict {
    let Some(effective) = snapshot.effective() else { return Ok(Vec::new()) };
    let Some((path, _)) = &snapshot.installation.models else {
        return Err(say!(
            "there is no agent model file yet; OpenClaw writes it at the first agent run"
        ));
    };
    let shown = path.display().to_string();
    let Some(models) = &snapshot.models else {
        return Finding::warning(say!(
            "{shown} is not valid JSON; OpenClaw writes it again at the next agent run",
            shown
        ))
        .hint(say!("Nothing needs to be done."))
        .about(shown)
        .into();
    };
    let id = provider(effective).id;
    if snapshot.text(&["models", "mode"]) == Some("replace") {
        return Ok(Vec::new());
    }
    let key = ["models", "providers", &id, "apiKey"];
    let written = snapshot.text(&key).filter(|text| is_literal(text));
    let generated = ["providers", id.as_str(), "apiKey"];
    let held = models.get(&generated).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (Some(written), Some(held)) = (written, held) else { return Ok(Vec::new()) };
    if written == held || is_marker(held) {
        return Ok(Vec::new());
    }
    Finding::error(say!(
        "{shown} holds another apiKey for {id} than the config, and the one there wins",
        shown,
        id
    ))
    .about(shown)
    .symptom(say!("the changed key has no effect (401 from the provider)"))
    .evidence([
        Evidence::of_key(snapshot, &key),
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
pub(super) fn credentials(snapshot: &Snapshot) -> Verdict {
    let Some(effective) = snapshot.effective() else { return Ok(Vec::new()) };
    let id = provider(effective).id;
    let Some(entry) = effective.get(&["models", "providers", &id]) else {
        return Err(no_provider());
    };
    let findings = ["apiKey", "baseUrl"].into_iter().filter_map(|key| {
        let text = entry.get(&[key])?.as_str()?;
        let path = ["models", "providers", &id, key];
        is_placeholder(text).then(|| {
            let name = KeyPath::from(&path).to_string();
            Finding::error(say!("{name} still holds a placeholder", name))
                .hint(say!("Fill it in: openclaw-setup install --api-key-file FILE --base-url URL"))
                .about(name)
                .symptom("No reply from agent")
                .evidence([Evidence::of_key(snapshot, &path)])
        })
    });
    Ok(findings.chain(answer::refused_key(snapshot)).collect())
}
