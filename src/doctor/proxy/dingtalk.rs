//! Does what the connector sends to DingTalk survive the proxy?

use super::{base, note_all, seen_by};
use crate::connector::behaviour::Habit;
use crate::doctor::finding::only_live;
use crate::doctor::{Evidence, Finding, Snapshot, Verdict};
use crate::language::Localized;
use crate::outside::Route;
use crate::outside::dingtalk::{BotAnswers, TOKEN_URL};
use crate::plan::repair::Repair;
use crate::redaction::masked;
use crate::systemd::environment::{Bypass, Environment, Target, axios_proxy};

/// What keeps the connector's requests from the proxy: axios reads a leading dot as “and all
/// below”, and the bare name as that host alone.
pub(super) const DINGTALK: &str = ".dingtalk.com";

/// The proxy that the connector's HTTP requests take. Its Stream connection always goes directly:
/// `ws` knows no proxy.
fn proxy_of_connector(snapshot: &Snapshot, seen: &Environment) -> Option<String> {
    let ignores = snapshot.generation().has(Habit::IgnoresProxies)
        && seen.get("DINGTALK_FORCE_PROXY") != Some("true");
    let target = Target::of(TOKEN_URL);
    let proxy = target.and_then(|target| axios_proxy(seen, &target).map(masked));
    proxy.filter(|_| !ignores)
}

/// Whether the log shows that the proxy is in the way.
pub(in crate::doctor) fn is_in_the_way(snapshot: &Snapshot) -> bool {
    let heard = snapshot.log.about("proxy.dingtalk").next().is_some();
    heard && dingtalk(snapshot).is_ok_and(|findings| !findings.is_empty())
}

pub(in crate::doctor) fn dingtalk(snapshot: &Snapshot) -> Verdict {
    let (own, place) = base(snapshot)?;
    let seen = seen_by(snapshot, &own);
    let Some(proxy) = proxy_of_connector(snapshot, &seen) else { return Ok(Vec::new()) };
    let heard = snapshot.log.about("proxy.dingtalk").next().is_some();
    let answers = match &snapshot.outside.dingtalk {
        Some(Ok(answers)) => answers.as_slice(),
        Some(Err(reason)) => return Err(reason.text()),
        None if heard => &[],
        None => return Err(only_live()),
    };
    let (direct, proxied) = (passes(answers, Route::Direct), passes(answers, Route::Proxied));
    if proxied == Some(true) && !heard {
        return Ok(of_an_old_axios(snapshot, answers).into_iter().collect());
    }
    let finding = Finding::error(say!(
        "the connector's requests to DingTalk go through the proxy {proxy} and fail there",
        proxy
    ))
    .hint(hint(direct));
    let mut named = Vec::new();
    note_all(&mut named, &place, &seen);
    finding
        .about(snapshot.installation.drop_in.0.display().to_string())
        .symptom("get endpoint failed / 400 / 502 / Maximum number of redirects exceeded")
        .evidence(named)
        .evidence(answers.iter().flat_map(BotAnswers::all).map(Evidence::from))
        .repaired_by((direct == Some(true)).then(bypass))
        .into()
}

/// axios before 1.15 asks an HTTP proxy for `https://…` itself, where the probe, as later ones, has
/// it open a tunnel: that the probe arrives proves little then.
fn of_an_old_axios(snapshot: &Snapshot, answers: &[BotAnswers]) -> Option<Finding> {
    let dependencies = snapshot.tree.iter().flat_map(|tree| &tree.dependencies);
    let mut axios = dependencies.filter(|dependency| dependency.name == "axios");
    let version = axios.next()?.found.clone()?;
    let tunnels = semver::Version::parse(&version).ok()? >= semver::Version::new(1, 15, 0);
    let direct = passes(answers, Route::Direct);
    let finding = Finding::warning(say!(
            "the connector's axios {version} asks the proxy for https addresses without a tunnel, which many proxies refuse",
            version
        ))
    .hint(hint(direct));
    (!tunnels).then(|| {
        finding
            .about(snapshot.installation.drop_in.0.display().to_string())
            .symptom("400 / 502 / Maximum number of redirects exceeded")
            .evidence(answers.iter().flat_map(BotAnswers::all).map(Evidence::from))
            .repaired_by((direct == Some(true)).then(bypass))
    })
}

/// Whether `--live` has found that DingTalk can be reached without a proxy.
pub(super) fn leads_directly(snapshot: &Snapshot) -> bool {
    passes(snapshot.outside.dingtalk().unwrap_or_default(), Route::Direct) == Some(true)
}

/// What lets the connector reach DingTalk without the proxy.
pub(super) fn bypass() -> Repair {
    Repair::Bypass { also: Bypass::of_value(DINGTALK) }
}

fn hint(direct: Option<bool>) -> String {
    match direct {
        Some(true) => say!("Directly DingTalk answers."),
        Some(false) => say!(
            "It cannot be reached directly either, and the Stream connection does not support proxies: allow this machine to reach api.dingtalk.com, oapi.dingtalk.com and wss-open-connection.dingtalk.com, port 443."
        ),
        None => {
            say!("See whether it answers directly: openclaw-setup doctor --live proxy.dingtalk")
        }
    }
}

/// Whether everything that takes this route arrives; `None` where it was not tried.
pub(in crate::doctor) fn passes(answers: &[BotAnswers], route: Route) -> Option<bool> {
    let on_it: Vec<&BotAnswers> = answers.iter().filter(|bot| bot.route() == route).collect();
    let arrives = |bot: &&BotAnswers| {
        let http = bot.token.has_arrived() && bot.open.has_arrived();
        http && (route == Route::Proxied || bot.stream.has_arrived())
    };
    (!on_it.is_empty()).then(|| on_it.iter().all(arrives))
}
