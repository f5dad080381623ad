//! The model provider: the interface that is spoken with it, its key, its address.
//!
//! What the provider itself answers, where `--live` has asked it for one tiny completion; and whether it
//! can be reached, and in time (the page's problem 5): the log tells that it could not, `--live` at which
//! stage.

use super::finding::only_live;
use super::live_targets::is_marker;
use super::{Evidence, Finding, Snapshot, Verdict};
use crate::health::{blocked_provider, provider_blocked};
use crate::language::{Localized, Problem, word};
use crate::openclaw::document::{Edit, KeyPath, Value, is_reference, references};
use crate::outside::provider::{Completion, ProviderAnswers, Unasked};
use crate::outside::{Route, Stage};
use crate::plan::config::{COMPLETIONS, Provider, RESPONSES, apis, provider_of, right_api};
use crate::plan::repair::Repair;
use crate::settings::{Setting, Settings, is_placeholder};
use crate::systemd::environment::{Bypass, Target};

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

/// From here on the gateway's own timeout is at risk, in ms.
const SLOW: u64 = 20_000;

/// What a user sees of it.
const SYMPTOM: &str = "LLM request timed out";

pub(super) fn reach(snapshot: &Snapshot) -> Verdict {
    if let Some(answers) = snapshot.outside.provider() {
        let measured = unreachable(snapshot, answers).or_else(|| unanswered(snapshot, answers));
        if let Some(finding) = measured {
            return finding.into();
        }
    }
    if snapshot.log.lines == 0 {
        return match snapshot.outside.provider() {
            Some(_) => Ok(Vec::new()),
            None => {
                Err(say!("no log of the gateway was found; to ask the provider itself: --live"))
            }
        };
    }
    Ok(heard(snapshot).into_iter().collect())
}

/// No route, or not the gateway's own.
fn unreachable(snapshot: &Snapshot, answers: &ProviderAnswers) -> Option<Finding> {
    let failed = answers.on(answers.route)?;
    let (stage, code) = failed.failure()?;
    let mut open = answers.reach.iter().filter(|answer| answer.has_arrived());
    let other = open.next().map(|answer| answer.route);
    let (url, way, name) = (&failed.subject, failed.route.text(), word(stage));
    // on this route nobody else is connected to first
    let is_dead = failed.route == Route::Proxied && matches!(stage, Stage::Dns | Stage::Tcp);
    let message = if is_dead {
        say!(
            "the proxy through which the gateway asks for {url} cannot be reached: {name} fails ({code})",
            url,
            name,
            code
        )
    } else {
        say!("the gateway cannot reach {url} {way}: {name} fails ({code})", url, way, name, code)
    };
    let finding = Finding::error(message).hint(match other {
            Some(Route::Direct) => say!(
                "Directly it answers: add its host to no_proxy and NO_PROXY of the unit"
            ),
            Some(Route::Proxied) => say!(
                "Through the proxy it answers. Give the unit the proxy, or take the host out of no_proxy: systemctl --user edit {unit}",
                unit = snapshot.installation.paths.unit
            ),
            None if is_dead => say!(
                "Does the proxy run, and is its address right in the gateway's environment (http_proxy, https_proxy)?"
            ),
            None => way_out(stage, url),
        });
    let bypass = other.filter(|route| *route == Route::Direct).and_then(|_| Target::of(url));
    let repair = bypass.map(|target| Repair::Bypass { also: Bypass::of_value(target.host) });
    Some(
        finding
            .about("models.providers")
            .symptom(SYMPTOM)
            .evidence(timings(snapshot))
            .repaired_by(repair),
    )
}

/// What to look at when a stage fails on every route.
fn way_out(stage: Stage, url: &str) -> String {
    let host = Target::of(url).map_or(url, |target| target.host);
    match stage {
        Stage::Dns => say!(
            "The name is not found. Is it right in baseUrl? What does this say: getent ahosts {host}",
            host
        ),
        Stage::Tcp => say!(
            "Nothing answers there. Is the port in baseUrl right, and does the firewall let this machine out?"
        ),
        Stage::Proxy => {
            say!("The proxy does not let us through: ask whoever runs it to allow {host}.", host)
        }
        Stage::Tls => say!(
            "The certificate is not accepted. Behind a proxy that opens TLS, give the unit its authority: Environment=NODE_EXTRA_CA_CERTS=/path/to/ca.pem"
        ),
        Stage::Http => {
            say!("Connected, but no response: ask whoever runs the service.")
        }
    }
}

/// The route is open, and the completion does not come, or comes late.
fn unanswered(snapshot: &Snapshot, answers: &ProviderAnswers) -> Option<Finding> {
    let completion = answers.completion.as_ref().ok()?;
    let answer = &completion.answer;
    let (url, millis) = (&answer.subject, answer.millis());
    let finding = match (answer.failure(), answer.status) {
        (Some((stage, code)), _) => Finding::error(say!(
            "{url} accepts the connection but returns no completion: {name} fails ({code})",
            url,
            name = word(stage),
            code
        ))
        .hint(way_out(stage, url)),
        (None, Some(status @ 500..)) => Finding::error(say!(
            "{url} answers HTTP {status}: {complaint}",
            url,
            status,
            complaint = answer.complaint()
        ))
        .hint(say!(
            "The fault is on the provider's side: try again later, or ask whoever runs it."
        )),
        (None, _) if millis >= SLOW => Finding::warning(say!(
            "{url} needs {millis} s for two words",
            url,
            millis = millis / 1000
        ))
        .hint(say!(
            "Choose a faster model, or a provider that is nearer: longer answers will time out."
        )),
        (None, _) => return None,
    };
    Some(finding.about("models.providers").symptom(SYMPTOM).evidence(timings(snapshot)))
}

/// What the log tells of it.
fn heard(snapshot: &Snapshot) -> Option<Finding> {
    let mut heard = snapshot.log.about("llm.reach").peekable();
    heard.peek()?;
    if let Some(id) = heard.find_map(|heard| blocked_provider(&heard.sample)) {
        let Problem { message, hint, .. } = provider_blocked(id);
        let key = KeyPath::from(&["models", "providers", id, "request"]).to_string();
        return Some(Finding::error(message).hint(hint).about(key).symptom(SYMPTOM));
    }
    let hint = if snapshot.outside.provider().is_some() {
        say!("It answers in time now. If it happens again: openclaw-setup doctor --live llm")
    } else {
        say!("See at which stage, directly and through the proxy: openclaw-setup doctor --live llm")
    };
    let finding = Finding::warning(say!("model requests have timed out since the gateway's start"))
        .hint(hint);
    Some(finding.about("models.providers").symptom(SYMPTOM).evidence(timings(snapshot)))
}

/// How long each stage took, on each route.
fn timings(snapshot: &Snapshot) -> Vec<Evidence> {
    let answers = snapshot.outside.provider().into_iter().flat_map(ProviderAnswers::all);
    answers.map(Evidence::from).collect()
}

/// Why there was no completion.
fn why_unasked(why: &Unasked, snapshot: &Snapshot) -> String {
    match why {
        Unasked::NoKey => {
            say!("the provider's key is not in the config, so it cannot be checked")
        }
        Unasked::NoModel => say!("no model is configured"),
        Unasked::Interface(api) => say!("openclaw-setup cannot test the API {api}", api),
        Unasked::Unreachable => {
            let id = snapshot.effective().map(|effective| provider(effective).id);
            let id = id.unwrap_or_default();
            say!("{id} cannot be reached (llm.reach)", id)
        }
    }
}
