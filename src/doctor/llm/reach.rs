//! Can the provider be reached, and in time: the page's problem 5. The log tells that it could
//! not; `--live` tells at which stage.

use super::provider;
use crate::doctor::examination::outside::{Asked, way_text};
use crate::doctor::{Evidence, Examination, Finding, Verdict};
use crate::language::Language;
use crate::outside::provider::{ProviderAnswers, Unasked};
use crate::outside::{Outcome, Stage, Way};
use crate::plan::repair::Repair;
use crate::say;
use crate::systemd::environment::{Bypass, Target};

/// From here on the gateway's own patience is at risk, in ms.
const SLOW: u64 = 20_000;

/// What a user sees of it.
const SYMPTOM: &str = "LLM request timed out";

pub(super) fn reach(examination: &Examination, language: Language) -> Verdict {
    if let Asked::Answered(answers) = &examination.outside.provider {
        let measured = unreachable(examination, answers, language)
            .or_else(|| unanswered(examination, answers, language));
        if let Some(finding) = measured {
            return finding.into();
        }
    }
    if examination.log.lines == 0 {
        return match &examination.outside.provider {
            Asked::Answered(_) => Verdict::well(),
            _ => Verdict::Skipped(say!(
                language,
                "no log of the gateway was found; to ask the provider itself: --live",
                "未找到网关日志；如需直接探测供应商，请加 --live"
            )),
        };
    }
    heard(examination, language).into()
}

/// No road, or not the gateway's own.
fn unreachable(
    examination: &Examination,
    answers: &ProviderAnswers,
    language: Language,
) -> Option<Finding> {
    let failed = answers.on(answers.way).filter(|answer| !answer.has_arrived())?;
    let Outcome::Failed { stage, code } = &failed.outcome else { return None };
    let other =
        answers.reach.iter().find(|(way, answer)| *way != answers.way && answer.has_arrived());
    let url = &examination.outside.base_url;
    let way = way_text(answers.way, language);
    let finding = Finding::error(
        say!(
            language,
            "the gateway cannot reach {url} {way}: {} fails ({code})",
            "网关无法{way}访问 {url}：{} 阶段失败（{code}）",
            stage.name()
        ),
        match other {
            Some((Way::Direct, _)) => say!(
                language,
                "Directly it answers. Let it bypass the proxy: openclaw-setup doctor --fix --live llm.reach",
                "直连可达。让它绕过代理：openclaw-setup doctor --fix --live llm.reach"
            ),
            Some((Way::Proxied, _)) => say!(
                language,
                "Through the proxy it answers. Give the unit the proxy, or take the host out of no_proxy: systemctl --user edit {}",
                "经代理可达。请在服务单元中设置代理，或将该主机移出 no_proxy：systemctl --user edit {}",
                examination.picture.paths.unit
            ),
            None => way_out(*stage, url, language),
        },
    );
    let bypass = other.filter(|(way, _)| *way == Way::Direct).and_then(|_| Target::of(url));
    let repair = bypass.map(|target| Repair::Bypass { also: Bypass::of_value(target.host) });
    Some(
        finding
            .about("models.providers")
            .seen_as(SYMPTOM)
            .proven_by(timings(examination))
            .repaired_by(repair),
    )
}

/// What to look at when a stage fails on every road.
fn way_out(stage: Stage, url: &str, language: Language) -> String {
    let host = Target::of(url).map_or(url, |target| target.host);
    match stage {
        Stage::Dns => say!(
            language,
            "The name is not found. Is it right in baseUrl? What does this say: getent ahosts {host}",
            "域名无法解析。请确认 baseUrl 是否正确，并查看：getent ahosts {host}"
        ),
        Stage::Tcp => say!(
            language,
            "Nobody answers there. Is the port right in baseUrl, and does a firewall let this machine out?",
            "对方没有响应。请确认 baseUrl 中的端口，以及防火墙是否允许本机外连。"
        ),
        Stage::Proxy => say!(
            language,
            "The proxy does not let us through: ask whoever runs it to allow {host}.",
            "代理拒绝放行：请联系代理管理员放行 {host}。"
        ),
        Stage::Tls => say!(
            language,
            "The certificate is not accepted. Behind a proxy that opens TLS, give the unit its authority: Environment=NODE_EXTRA_CA_CERTS=/path/to/ca.pem",
            "证书不被接受。若代理会解开 TLS，请在服务单元中指定其根证书：Environment=NODE_EXTRA_CA_CERTS=/path/to/ca.pem"
        ),
        Stage::Http => say!(
            language,
            "The connection stands, and no answer comes: ask whoever runs the service.",
            "连接已建立但没有应答：请联系服务提供方。"
        ),
    }
}

/// The road is open, and the completion does not come, or comes late.
fn unanswered(
    examination: &Examination,
    answers: &ProviderAnswers,
    language: Language,
) -> Option<Finding> {
    let completion = answers.completion.as_ref().ok()?;
    let url = &completion.url;
    let millis = completion.answer.millis();
    let finding = match &completion.answer.outcome {
        Outcome::Failed { stage, code } => Finding::error(
            say!(
                language,
                "{url} takes the connection and brings no completion: {} fails ({code})",
                "{url} 可以连接但没有返回补全：{} 阶段失败（{code}）",
                stage.name()
            ),
            way_out(*stage, url, language),
        ),
        Outcome::Answered { status: status @ 500.., .. } => Finding::error(
            say!(
                language,
                "{url} answers HTTP {status}: {}",
                "{url} 返回 HTTP {status}：{}",
                completion.answer.complaint()
            ),
            say!(
                language,
                "The fault is on the provider's side: try again later, or ask whoever runs it.",
                "问题在供应商一侧：请稍后再试，或联系服务提供方。"
            ),
        ),
        Outcome::Answered { .. } if millis >= SLOW => Finding::warning(
            say!(
                language,
                "{url} needs {} s for two words",
                "{url} 返回两个词需要 {} 秒",
                millis / 1000
            ),
            say!(
                language,
                "Choose a faster model, or a provider that is nearer: longer answers run out of time.",
                "请换用更快的模型或更近的供应商：较长的回复会超时。"
            ),
        ),
        Outcome::Answered { .. } => return None,
    };
    Some(finding.about("models.providers").seen_as(SYMPTOM).proven_by(timings(examination)))
}

/// What the log tells of it.
fn heard(examination: &Examination, language: Language) -> Option<Finding> {
    examination.log.about("llm.reach").next()?;
    let hint = match &examination.outside.provider {
        Asked::Answered(_) => say!(
            language,
            "Just now it answers in time. If it comes again: openclaw-setup doctor --live llm",
            "目前响应正常。若再次出现：openclaw-setup doctor --live llm"
        ),
        _ => say!(
            language,
            "See at which stage, directly and through the proxy: openclaw-setup doctor --live llm",
            "查看卡在哪一阶段（直连与经代理）：openclaw-setup doctor --live llm"
        ),
    };
    let finding = Finding::warning(
        say!(
            language,
            "model requests have timed out since the gateway's start",
            "网关启动以来出现过模型请求超时"
        ),
        hint,
    );
    Some(finding.about("models.providers").seen_as(SYMPTOM).proven_by(timings(examination)))
}

/// How long each stage took, on each road.
pub(super) fn timings(examination: &Examination) -> Vec<Evidence> {
    let provider = examination.outside.provider_measurements();
    let told = provider.into_iter().map(|measured| Evidence {
        place: format!("{} ({})", measured.subject, measured.way.name()),
        fact: measured.answer.to_string(),
    });
    told.collect()
}

/// Why there was no completion.
pub(super) fn why_unasked(why: &Unasked, examination: &Examination, language: Language) -> String {
    match why {
        Unasked::NoKey => say!(
            language,
            "the provider's key is kept outside the config, where it is not looked for",
            "供应商的密钥不在配置中，无法取得"
        ),
        Unasked::NoModel => say!(language, "no model is configured", "未配置模型"),
        Unasked::Interface(api) => {
            say!(language, "the interface {api} is not spoken here", "不支持用接口 {api} 探测")
        }
        Unasked::Unreachable => {
            let id = examination.effective().map(|effective| provider(effective).id);
            let id = id.unwrap_or_default();
            say!(language, "{id} cannot be reached (llm.reach)", "无法访问 {id}（见 llm.reach）")
        }
    }
}
