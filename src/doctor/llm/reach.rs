//! Can the provider be reached, and in time: the page's problem 5. The log tells that it could
//! not; `--live` tells at which stage.

use super::provider;
use crate::doctor::{Evidence, Finding, Snapshot, Verdict};
use crate::health::{blocked_provider, provider_blocked};
use crate::language::{Localized, Problem, word};
use crate::openclaw::document::KeyPath;
use crate::outside::provider::{ProviderAnswers, Unasked};
use crate::outside::{Route, Stage};
use crate::plan::repair::Repair;
use crate::systemd::environment::{Bypass, Target};

/// From here on the gateway's own timeout is at risk, in ms.
const SLOW: u64 = 20_000;

/// What a user sees of it.
const SYMPTOM: &str = "LLM request timed out";

pub(in crate::doctor) fn reach(snapshot: &Snapshot) -> Verdict {
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
pub(super) fn timings(snapshot: &Snapshot) -> Vec<Evidence> {
    let answers = snapshot.outside.provider().into_iter().flat_map(ProviderAnswers::all);
    answers.map(Evidence::from).collect()
}

/// Why there was no completion.
pub(super) fn why_unasked(why: &Unasked, snapshot: &Snapshot) -> String {
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
