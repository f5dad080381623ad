//! What the provider itself answers, where `--live` has asked it for one tiny completion.

use super::provider;
use super::reach::{timings, why_unasked};
use crate::doctor::finding::only_live;
use crate::doctor::{Finding, Snapshot, Verdict};
use crate::language::Localized;
use crate::outside::provider::Completion;
use crate::settings::Setting;

/// The completion, or why a check that can say nothing without it is skipped.
pub(super) fn completion(snapshot: &Snapshot) -> Result<&Completion, String> {
    let asked = snapshot.outside.provider.as_ref().ok_or_else(only_live)?;
    let answers = asked.as_ref().map_err(Localized::text)?;
    answers.completion.as_ref().map_err(|why| why_unasked(why, snapshot))
}

/// The address of problem 2's relatives: a base URL with or without `/v1` (field reports).
pub(in crate::doctor) fn base_url(snapshot: &Snapshot) -> Verdict {
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
pub(super) fn refused_key(snapshot: &Snapshot) -> Option<Finding> {
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
