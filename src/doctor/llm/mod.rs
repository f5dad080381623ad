//! The model provider: the interface that is spoken with it, its key, its address.
//!
//! What the provider itself answers, where `--live` has asked it for one tiny completion.

pub(super) mod reach;

use super::finding::only_live;
use super::live_targets::is_marker;
use super::{Evidence, Finding, Snapshot, Verdict};
use crate::language::Localized;
use crate::openclaw::document::{Edit, KeyPath, Value, is_reference, references};
use crate::outside::provider::Completion;
use crate::plan::config::{COMPLETIONS, Provider, RESPONSES, apis, provider_of, right_api};
use crate::plan::repair::Repair;
use crate::settings::{Setting, Settings, is_placeholder};
use reach::{timings, why_unasked};

fn provider(effective: &Value) -> Provider {
    provider_of(effective, &Settings::default())
}

/// The page's problem 2: upstream answers 404, the gateway still says 200, and nothing comes. And
/// words for an interface that OpenClaw does not know: it refuses the whole config for one.
pub(super) fn api_mode(snapshot: &Snapshot) -> Verdict {
    let Some(effective) = snapshot.effective() else { return Ok(Vec::new()) };
    let all = effective.get(&["models", "providers"]).and_then(Value::as_object);
    let misnamed = all.into_iter().flatten().flat_map(|(id, entry)| misnamed(snapshot, id, entry));
    let mut findings: Vec<Finding> = misnamed.collect();
    let id = provider(effective).id;
    match effective.get(&["models", "providers", &id]) {
        Some(entry) => findings.extend(newer_interface(snapshot, &id, entry)),
        None if findings.is_empty() => return Err(no_provider()),
        None => {}
    }
    Ok(findings)
}

fn path_below<'a>(id: &'a str, place: &'a [String]) -> Vec<&'a str> {
    ["models", "providers", id].into_iter().chain(place.iter().map(String::as_str)).collect()
}

fn misnamed(snapshot: &Snapshot, id: &str, entry: &Value) -> Vec<Finding> {
    let wrong = apis(entry).filter_map(|(place, word)| Some((place, word, right_api(word)?)));
    let finding = |(place, word, right): (Vec<String>, &str, &'static str)| {
        let path = path_below(id, &place);
        let key = KeyPath::from(path.as_slice()).to_string();
        Finding::error(say!(
            "{key}: OpenClaw does not know “{word}”; it calls that {right}",
            key,
            word,
            right
        ))
        .about_key(snapshot, &path)
        .symptom("Config invalid / Invalid option: expected one of …")
        .repaired_by([Repair::Config(Edit::set(path.as_slice(), right))])
    };
    wrong.map(finding).collect()
}

/// Only who has asked knows whether a provider has it: no address is told by its name.
fn newer_interface(snapshot: &Snapshot, id: &str, entry: &Value) -> Option<Finding> {
    let places: Vec<_> = apis(entry).filter(|(_, api)| *api == RESPONSES).collect();
    let paths: Vec<Vec<&str>> = places.iter().map(|(place, _)| path_below(id, place)).collect();
    let shown = paths.first()?.join(".");
    let asked = completion(snapshot).ok();
    let finding = match asked.map(|asked| (asked, asked.older_interface())) {
        Some((_, None)) => return None,
        Some((asked, Some(base))) => {
            let answers = [&asked.answer].into_iter().chain(&asked.next_door);
            let url = crate::redaction::masked(base);
            let moved = entry.get(&["baseUrl"]).and_then(Value::as_str);
            let moved = moved.filter(|url| url.trim_end_matches('/') != base);
            let address = ["models", "providers", id, "baseUrl"];
            let repairs = paths.iter().map(|path| Edit::set(path.as_slice(), COMPLETIONS));
            let repairs = repairs.chain(moved.map(|_| Edit::set(address, base)));
            Finding::error(say!("provider {id} answers 404 to openai-responses, and openai-completions works at {url}", id, url))
                .evidence(answers.map(Evidence::from))
                .repaired_by(repairs.map(Repair::Config))
        }
        None => Finding::warning(say!("provider {id} is asked over openai-responses, which many providers do not have; nobody has asked whether this one does", id))
            .hint(say!("If the bot answers, keep it. To ask the provider: openclaw-setup doctor --live llm.api-mode")),
    };
    let evidence = paths.iter().map(|path| Evidence::of_key(snapshot, path));
    let finding = finding.about(shown).symptom("No reply from agent / 返回 0 字符 / ✅ 媒体已发送");
    Some(finding.evidence(evidence))
}

fn no_provider() -> String {
    say!("the config names no provider of its own for the default model")
}

/// OpenClaw 2026.3.13 keeps the old `apiKey` in `models.json`, and asks with the config's (measured
/// there with provider `openai`; nothing is known of others).
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
    Finding::info(say!(
        "{shown} holds another apiKey for {id} than the config; OpenClaw 2026.3.13 asks with the config's",
        shown,
        id
    ))
    .hint(say!("Which of them works: openclaw-setup doctor --live llm"))
    .about(shown)
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

/// The key as it stands; and with `--live` what the provider itself says to the key.
pub(super) fn credentials(snapshot: &Snapshot) -> Verdict {
    let Some(effective) = snapshot.effective() else { return Ok(Vec::new()) };
    let id = provider(effective).id;
    let Some(entry) = effective.get(&["models", "providers", &id]) else {
        return Err(no_provider());
    };
    let key = ["models", "providers", &id, "apiKey"];
    let faulty = entry.get(&["apiKey"]).and_then(Value::as_str);
    let faulty = faulty.and_then(|_| Finding::of_value(snapshot, Setting::ApiKey, &key));
    let findings = faulty.into_iter().map(|finding| {
        let hint = say!("Fill it in: openclaw-setup install --api-key-file FILE");
        finding.hint(hint).symptom("No reply from agent / 401")
    });
    Ok(findings.chain(refused_key(snapshot)).collect())
}

/// The completion, or why a check that can say nothing without it is skipped.
fn completion(snapshot: &Snapshot) -> Result<&Completion, String> {
    let asked = snapshot.outside.provider.as_ref().ok_or_else(only_live)?;
    let answers = asked.as_ref().map_err(Localized::text)?;
    answers.completion.as_ref().map_err(|why| why_unasked(why, snapshot))
}

/// The address of problem 2's relatives: a base URL with or without `/v1` (field reports).
pub(super) fn base_url(snapshot: &Snapshot) -> Verdict {
    if let Some(effective) = snapshot.effective() {
        let id = provider(effective).id;
        let path = ["models", "providers", &id, "baseUrl"];
        if let Some(finding) = Finding::of_value(snapshot, Setting::BaseUrl, &path) {
            return finding.hint(set_base_url("URL")).symptom("No reply from agent / 404").into();
        }
    }
    let completion = completion(snapshot)?;
    let answer = &completion.answer;
    let (url, complaint) = (&answer.subject, answer.complaint());
    let finding = match answer.status {
        Some(404 | 405) => missing(completion),
        Some(200) if !answer.is_completion => Some(
            Finding::error(say!(
                "{url} answers, but not with a completion: that address leads somewhere else",
                url
            ))
            .hint(set_base_url("URL")),
        ),
        Some(status @ 400..=499) if !is_about_the_key(status) => Some(
            Finding::error(say!(
                "{url} refuses a plain request (HTTP {status}): {complaint}",
                url,
                status,
                complaint
            ))
            .hint(say!("Check that the provider has this model, and what its API requires.")),
        ),
        _ => None,
    };
    let finding = finding.map(|finding| {
        finding
            .about("models.providers")
            .symptom("No reply from agent / 404")
            .evidence(timings(snapshot))
    });
    Ok(finding.into_iter().collect())
}

fn missing(completion: &Completion) -> Option<Finding> {
    let url = &completion.answer.subject;
    let interface = url.rsplit_once('/').map_or("", |(_, last)| last);
    let mut doors = completion.next_door.iter().map(|door| &door.subject);
    let same = doors.find(|door| door.ends_with(interface));
    if completion.older_interface().is_some() {
        // llm.api-mode says so
        return None;
    }
    let complaint = completion.answer.complaint();
    Some(match same {
        Some(door) => {
            let base = door.strip_suffix("/chat/completions");
            let base = base.or_else(|| door.strip_suffix("/v1/messages"));
            let base = base.or_else(|| door.strip_suffix("/responses")).unwrap_or(door);
            Finding::error(say!("the provider answers 404 at {url}, and is there at {door}", url, door))
                .hint(set_base_url(base))
        }
        None => Finding::error(say!("the provider answers 404 at {url}: {complaint}", url, complaint))
        .hint(say!(
                "Either the address or the model is not known there. Compare both with the provider's own documentation."
            )),
    })
}

fn set_base_url(base: &str) -> String {
    say!(
        "Set the address, a copy of the config is kept: openclaw-setup install --base-url {base}",
        base
    )
}

fn is_about_the_key(status: u16) -> bool {
    matches!(status, 401 | 402 | 403 | 429)
}

/// Whether the provider takes the key; nothing where it was not asked.
fn refused_key(snapshot: &Snapshot) -> Option<Finding> {
    let answer = &completion(snapshot).ok()?.answer;
    let status = answer.status.filter(|status| is_about_the_key(*status))?;
    let complaint = answer.complaint();
    let finding = match status {
        401 | 403 => Finding::error(say!(
            "the provider rejects the key (HTTP {status}): {complaint}",
            status,
            complaint
        ))
        .hint(say!("Give it the right one: openclaw-setup install --api-key-file FILE")),
        _ => Finding::warning(say!(
            "the provider refuses more requests for now (HTTP {status}): {complaint}",
            status,
            complaint
        ))
        .hint(say!("Check quota and balance in the provider's console.")),
    };
    let finding = finding.about("models.providers").symptom("No reply from agent / 401");
    Some(finding.evidence([answer.into()]))
}
