//! A bot of one's own by `DingTalk`'s device registration: somebody scans a link, and the bot's id and
//! secret come back. As the connector's own installer does it (`bin/dingtalk-connector.js`, 0.8.14
//! and later), its variables included.

use std::time::Duration;

use serde_json::{Value, json};

use super::dingtalk::Bot;
use super::{Answer, Probe, Question, Route, routes};
use crate::language::{Explain, Problem, word};
use crate::redaction::{learn, masked};

/// Another server than `DingTalk`'s.
pub const BASE_VARIABLE: &str = "DINGTALK_REGISTRATION_BASE_URL";
/// Another name of who asks.
pub const SOURCE_VARIABLE: &str = "DINGTALK_REGISTRATION_SOURCE";

const BASE: &str = "https://oapi.dingtalk.com";
const SOURCE: &str = "DING_DWS_CLAW";

/// How long one question may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What the installer takes where `DingTalk` does not say, and the least that it takes.
const INTERVAL: [u64; 2] = [3, 3];
const EXPIRY: [u64; 2] = [7200, 60];

/// Whoever makes bots.
pub struct Registrar<'a> {
    probe: &'a Probe<'a>,
    base: String,
    source: String,
    proxy: Option<&'a str>,
}

/// An invitation to make a bot.
pub struct Invitation {
    /// To be opened or scanned with `DingTalk`.
    pub link: String,
    /// How often to ask whether somebody has.
    pub interval: Duration,
    /// For how long it holds.
    pub expires_in: Duration,
    device_code: String,
    route: Route,
}

impl<'a> Registrar<'a> {
    /// `base` and `source` are what the installer's variables say.
    pub fn new(
        probe: &'a Probe<'a>,
        proxy: Option<&'a str>,
        base: Option<String>,
        source: Option<String>,
    ) -> Self {
        let base = base.map(|base| base.trim().to_owned()).filter(|base| !base.is_empty());
        let source = source.map(|source| source.trim().to_owned()).filter(|text| !text.is_empty());
        Self {
            probe,
            base: base.unwrap_or_else(|| BASE.to_owned()),
            source: source.unwrap_or_else(|| SOURCE.to_owned()),
            proxy,
        }
    }

    /// Asks for an invitation.
    pub fn invite(&self) -> Result<Invitation, Problem> {
        let init = json!({"source": self.source});
        let asked = routes(self.proxy).map(|proxy| self.question("init", &init, proxy));
        let asked: Vec<_> = asked.collect();
        let mut answers = self.probe.told(&asked).map_err(|error| error.problem())?;
        let arrived = answers.iter().position(Answer::has_arrived).unwrap_or_default();
        let answer = answers.swap_remove(arrived);
        let nonce = json!({"nonce": told(&answer)?["nonce"]});
        let told = self.ask("begin", &nonce, answer.route)?;
        let word = |key: &str| told[key].as_str().map(|text| text.trim().to_owned());
        let seconds = |key: &str, [usual, least]: [u64; 2]| {
            let number = told[key].as_u64().or_else(|| told[key].as_str()?.parse().ok());
            Duration::from_secs(number.unwrap_or(usual).max(least))
        };
        let (link, device_code) = word("verification_uri_complete")
            .zip(word("device_code"))
            .ok_or_else(|| trouble(say!("DingTalk has sent no link")))?;
        if !link.contains(&device_code) {
            learn(&device_code);
        }
        let (interval, expires_in) = (seconds("interval", INTERVAL), seconds("expires_in", EXPIRY));
        Ok(Invitation { link, interval, expires_in, device_code, route: answer.route })
    }

    /// Asks once what has become of it; nothing while nobody has made use of it.
    pub fn bot_of(&self, invitation: &Invitation) -> Result<Option<Bot>, Problem> {
        let code = json!({"device_code": invitation.device_code});
        let told = self.ask("poll", &code, invitation.route)?;
        let word = |key: &str| told[key].as_str().unwrap_or_default().trim().to_owned();
        match (word("status").to_uppercase().as_str(), word("fail_reason")) {
            ("WAITING", _) => Ok(None),
            ("SUCCESS", _) => {
                let (client_id, client_secret) = (word("client_id"), word("client_secret"));
                learn(&client_secret);
                if client_id.is_empty() || client_secret.is_empty() {
                    return Err(trouble(say!("DingTalk has sent no client id and secret")));
                }
                Ok(Some(Bot { account: None, client_id, client_secret }))
            }
            ("EXPIRED", _) => Err(expired()),
            (status, reason) => {
                let reason = masked(&format!("{status} {reason}"));
                Err(trouble(say!("DingTalk has made no bot: {reason}", reason = reason.trim())))
            }
        }
    }

    fn ask(&self, step: &str, body: &Value, route: Route) -> Result<Value, Problem> {
        let proxy = self.proxy.filter(|_| route == Route::Proxied);
        let asked = [self.question(step, body, proxy)];
        told(&self.probe.told(&asked).map_err(|error| error.problem())?[0])
    }

    fn question(&self, step: &str, body: &Value, proxy: Option<&str>) -> Question {
        let base = self.base.trim_end_matches('/');
        Question::post(format!("{base}/app/registration/{step}"), body, proxy, TIMEOUT)
    }
}

/// What was told; every answer says by `errcode` whether all is well.
fn told(answer: &Answer) -> Result<Value, Problem> {
    if let Some((stage, code)) = answer.failure() {
        let (subject, stage) = (&answer.subject, word(stage));
        let text =
            say!("{subject} cannot be reached: {stage} fails ({code})", subject, stage, code);
        return Err(trouble(text));
    }
    let told = answer.json();
    if told["errcode"] == 0 {
        return Ok(told);
    }
    let (status, complaint) = (answer.status.unwrap_or_default(), masked(&answer.complaint()));
    let code = &told["errcode"];
    let text =
        say!("DingTalk refuses (HTTP {status}, {code}): {complaint}", status, code, complaint);
    Err(trouble(text))
}

/// Nobody has made use of the invitation in time.
pub fn expired() -> Problem {
    trouble(say!("the link has expired"))
}

fn trouble(text: String) -> Problem {
    Problem::new("outside.registration", text, say!("Type client id and secret instead."))
}
