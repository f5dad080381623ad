//! What the provider itself answers, where `--live` has asked it for one tiny completion.

use super::reach::{timings, why_unasked};
use crate::doctor::examination::outside::Asked;
use crate::doctor::skipped::only_live;
use crate::doctor::{Evidence, Examination, Finding, Verdict};
use crate::language::{Language, Localized};
use crate::outside::provider::Completion;
use crate::say;

/// The completion, or the verdict of a check that can say nothing without it.
fn completion(examination: &Examination, language: Language) -> Result<&Completion, Verdict> {
    let answers = match &examination.outside.provider {
        Asked::No => return Err(only_live(language)),
        Asked::Unable(reason) => return Err(Verdict::Skipped(reason.text(language))),
        Asked::Answered(answers) => answers,
    };
    let why = |why| Verdict::Skipped(why_unasked(why, examination, language));
    answers.completion.as_ref().map_err(why)
}

/// The address of problem 2's relatives: a base URL with or without `/v1` (field reports).
pub(super) fn base_url(examination: &Examination, language: Language) -> Verdict {
    let completion = match completion(examination, language) {
        Ok(completion) => completion,
        Err(verdict) => return verdict,
    };
    let url = &completion.url;
    let complaint = completion.answer.complaint();
    let finding = match completion.answer.status() {
        Some(404 | 405) => missing(completion, language),
        Some(200) if !completion.is_completion => Some(Finding::error(
            say!(
                language,
                "{url} answers, but not with a completion: that address leads somewhere else",
                "{url} 有应答，但不是补全结果：该地址指向别处"
            ),
            set_base_url("URL", language),
        )),
        Some(status @ 400..=499) if !is_about_the_key(status) => Some(Finding::error(
            say!(
                language,
                "{url} refuses a plain request (HTTP {status}): {complaint}",
                "{url} 拒绝了普通请求（HTTP {status}）：{complaint}"
            ),
            say!(
                language,
                "Look whether the provider has this model, and what it asks of a request.",
                "请确认供应商是否提供该模型，以及它对请求的要求。"
            ),
        )),
        _ => None,
    };
    let finding = finding.map(|finding| {
        finding
            .about("models.providers")
            .seen_as("No reply from agent / 404")
            .proven_by(timings(examination))
    });
    finding.into()
}

fn missing(completion: &Completion, language: Language) -> Option<Finding> {
    let url = &completion.url;
    let interface = url.rsplit_once('/').map_or("", |(_, last)| last);
    let same = completion.next_door.iter().find(|door| door.ends_with(interface));
    if same.is_none() && !completion.next_door.is_empty() {
        // another interface at the same address: llm.api-mode says so
        return None;
    }
    let complaint = completion.answer.complaint();
    Some(match same {
        Some(door) => {
            let base = door.strip_suffix("/chat/completions");
            let base = base.or_else(|| door.strip_suffix("/v1/messages"));
            let base = base.or_else(|| door.strip_suffix("/responses")).unwrap_or(door);
            Finding::error(
                say!(
                    language,
                    "the provider answers 404 at {url}, and is there at {door}",
                    "供应商在 {url} 返回 404，而在 {door} 可用"
                ),
                set_base_url(base, language),
            )
        }
        None => Finding::error(
            say!(
                language,
                "the provider answers 404 at {url}: {complaint}",
                "供应商在 {url} 返回 404：{complaint}"
            ),
            say!(
                language,
                "Either the address or the model is not known there. Compare both with the provider's own documentation.",
                "地址或模型在该供应商处不存在，请对照供应商的文档。"
            ),
        ),
    })
}

fn set_base_url(base: &str, language: Language) -> String {
    say!(
        language,
        "Set the address, a copy of the config is kept: openclaw-setup install --base-url {base}",
        "修改地址（会保留配置副本）：openclaw-setup install --base-url {base}"
    )
}

fn is_about_the_key(status: u16) -> bool {
    matches!(status, 401 | 402 | 403 | 429)
}

/// Whether the provider takes the key; nothing where it was not asked.
pub(super) fn refused_key(examination: &Examination, language: Language) -> Option<Finding> {
    let completion = completion(examination, language).ok()?;
    let status = completion.answer.status().filter(|status| is_about_the_key(*status))?;
    let (url, complaint) = (&completion.url, completion.answer.complaint());
    let finding = match status {
        401 | 403 => Finding::error(
            say!(
                language,
                "the provider does not take the key (HTTP {status}): {complaint}",
                "供应商不接受该密钥（HTTP {status}）：{complaint}"
            ),
            say!(
                language,
                "Give it the right one: openclaw-setup install --api-key-file FILE",
                "请更换正确的密钥：openclaw-setup install --api-key-file FILE"
            ),
        ),
        _ => Finding::warning(
            say!(
                language,
                "the provider takes no more requests just now (HTTP {status}): {complaint}",
                "供应商暂不受理请求（HTTP {status}）：{complaint}"
            ),
            say!(
                language,
                "Look at quota and balance in the provider's console.",
                "请在供应商后台查看额度与余额。"
            ),
        ),
    };
    let evidence = Evidence { place: url.clone(), fact: completion.answer.to_string() };
    Some(
        finding
            .about("models.providers")
            .seen_as("No reply from agent / 401")
            .proven_by([evidence]),
    )
}

/// That the interface is missing there, and another one is not.
pub(super) fn interface_evidence(examination: &Examination, language: Language) -> Vec<Evidence> {
    let Ok(completion) = completion(examination, language) else { return Vec::new() };
    if completion.answer.status() != Some(404) {
        return Vec::new();
    }
    let asked = Evidence { place: completion.url.clone(), fact: completion.answer.to_string() };
    let doors = completion.next_door.iter();
    let doors = doors.map(|door| Evidence {
        place: door.clone(),
        fact: "POST {} → HTTP 4xx, not 404".to_owned(),
    });
    [asked].into_iter().chain(doors).collect()
}
