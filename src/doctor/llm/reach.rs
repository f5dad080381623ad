//! Can the provider be reached, and in time: the page's problem 5. The log tells that it could
//! not; `--live` tells at which stage.

use super::provider;
use crate::doctor::{Evidence, Finding, Snapshot, Verdict};
use crate::outside::provider::{ProviderAnswers, Unasked};
use crate::outside::{Outcome, Stage, Way};
use crate::plan::repair::Repair;
use crate::say;
use crate::snapshot::outside::{Asked, way_text};
use crate::systemd::environment::{Bypass, Target};

/// From here on the gateway's own patience is at risk, in ms.
const SLOW: u64 = 20_000;

/// What a user sees of it.
const SYMPTOM: &str = "LLM request timed out";

pub(in crate::doctor) fn reach(snapshot: &Snapshot) -> Verdict {
    if let Asked::Answered(answers) = &snapshot.outside.provider {
        let measured = unreachable(snapshot, answers).or_else(|| unanswered(snapshot, answers));
        if let Some(finding) = measured {
            return finding.into();
        }
    }
    if snapshot.log.lines == 0 {
        return match &snapshot.outside.provider {
            Asked::Answered(_) => Verdict::well(),
            _ => Verdict::Skipped(say!(
                "no log of the gateway was found; to ask the provider itself: --live"
            )),
        };
    }
    heard(snapshot).into()
}

/// No road, or not the gateway's own.
fn unreachable(snapshot: &Snapshot, answers: &ProviderAnswers) -> Option<Finding> {
    let failed = answers.on(answers.way).filter(|answer| !answer.has_arrived())?;
    let Outcome::Failed { stage, code } = &failed.outcome else { return None };
    let other =
        answers.reach.iter().find(|(way, answer)| *way != answers.way && answer.has_arrived());
    let url = &snapshot.outside.base_url;
    let way = way_text(answers.way);
    let finding = Finding::error(
        say!(
            "the gateway cannot reach {url} {way}: {name} fails ({code})",
            url,
            way,
            name = stage.name(),
            code
        ),
        match other {
            Some((Way::Direct, _)) => say!(
                "Directly it answers. Let it bypass the proxy: openclaw-setup doctor --fix --live llm.reach"
            ),
            Some((Way::Proxied, _)) => say!(
                "Through the proxy it answers. Give the unit the proxy, or take the host out of no_proxy: systemctl --user edit {unit}",
                unit = snapshot.installation.paths.unit
            ),
            None => way_out(*stage, url),
        },
    );
    let bypass = other.filter(|(way, _)| *way == Way::Direct).and_then(|_| Target::of(url));
    let repair = bypass.map(|target| Repair::Bypass { also: Bypass::of_value(target.host) });
    Some(
        finding
            .about("models.providers")
            .symptom(SYMPTOM)
            .evidence(timings(snapshot))
            .repaired_by(repair),
    )
}

/// What to look at when a stage fails on every road.
fn way_out(stage: Stage, url: &str) -> String {
    let host = Target::of(url).map_or(url, |target| target.host);
    match stage {
        Stage::Dns => say!(
            "The name is not found. Is it right in baseUrl? What does this say: getent ahosts {host}",
            host
        ),
        Stage::Tcp => say!(
            "Nobody answers there. Is the port right in baseUrl, and does a firewall let this machine out?"
        ),
        Stage::Proxy => {
            say!("The proxy does not let us through: ask whoever runs it to allow {host}.", host)
        }
        Stage::Tls => say!(
            "The certificate is not accepted. Behind a proxy that opens TLS, give the unit its authority: Environment=NODE_EXTRA_CA_CERTS=/path/to/ca.pem"
        ),
        Stage::Http => {
            say!("The connection stands, and no answer comes: ask whoever runs the service.")
        }
    }
}

/// The road is open, and the completion does not come, or comes late.
fn unanswered(snapshot: &Snapshot, answers: &ProviderAnswers) -> Option<Finding> {
    let completion = answers.completion.as_ref().ok()?;
    let url = &completion.url;
    let millis = completion.answer.millis();
    let finding = match &completion.answer.outcome {
        Outcome::Failed { stage, code } => Finding::error(
            say!(
                "{url} takes the connection and brings no completion: {name} fails ({code})",
                url,
                name = stage.name(),
                code
            ),
            way_out(*stage, url),
        ),
        Outcome::Answered { status: status @ 500.., .. } => Finding::error(
            say!(
                "{url} answers HTTP {status}: {complaint}",
                url,
                status,
                complaint = completion.answer.complaint()
            ),
            say!("The fault is on the provider's side: try again later, or ask whoever runs it."),
        ),
        Outcome::Answered { .. } if millis >= SLOW => Finding::warning(
            say!("{url} needs {millis} s for two words", url, millis = millis / 1000),
            say!(
                "Choose a faster model, or a provider that is nearer: longer answers run out of time."
            ),
        ),
        Outcome::Answered { .. } => return None,
    };
    Some(finding.about("models.providers").symptom(SYMPTOM).evidence(timings(snapshot)))
}

/// What the log tells of it.
fn heard(snapshot: &Snapshot) -> Option<Finding> {
    snapshot.log.about("llm.reach").next()?;
    let hint = if let Asked::Answered(_) = &snapshot.outside.provider {
        say!("Just now it answers in time. If it comes again: openclaw-setup doctor --live llm")
    } else {
        say!("See at which stage, directly and through the proxy: openclaw-setup doctor --live llm")
    };
    let finding =
        Finding::warning(say!("model requests have timed out since the gateway's start"), hint);
    Some(finding.about("models.providers").symptom(SYMPTOM).evidence(timings(snapshot)))
}

/// How long each stage took, on each road.
pub(super) fn timings(snapshot: &Snapshot) -> Vec<Evidence> {
    let provider = snapshot.outside.provider_measurements();
    let told = provider.into_iter().map(|measured| Evidence {
        place: format!("{} ({})", measured.subject, measured.way.name()),
        fact: measured.answer.to_string(),
    });
    told.collect()
}

/// Why there was no completion.
pub(super) fn why_unasked(why: &Unasked, snapshot: &Snapshot) -> String {
    match why {
        Unasked::NoKey => {
            say!("the provider's key is kept outside the config, where it is not looked for")
        }
        Unasked::NoModel => say!("no model is configured"),
        Unasked::Interface(api) => say!("the interface {api} is not spoken here", api),
        Unasked::Unreachable => {
            let id = snapshot.effective().map(|effective| provider(effective).id);
            let id = id.unwrap_or_default();
            say!("{id} cannot be reached (llm.reach)", id)
        }
    }
}
