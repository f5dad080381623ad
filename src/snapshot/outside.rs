//! What the world outside has answered, where `--live` had it asked.

use crate::language::{Explain, Localized};
use crate::outside::dingtalk::{BotAnswers, OPEN_URL, STREAM_HOST, TOKEN_URL};
use crate::outside::provider::ProviderAnswers;
use crate::outside::{Answer, OutsideError, Way};
use crate::say;

/// What was asked, and what came back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outside {
    /// The model provider.
    pub provider: Asked<ProviderAnswers>,
    /// DingTalk, account by account and road by road.
    pub dingtalk: Asked<Vec<BotAnswers>>,
    /// The provider's address, without a login in it.
    pub base_url: String,
}

/// Whether somebody was asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Asked<T> {
    /// Nobody wanted it.
    #[default]
    No,
    /// It could not be asked.
    Unable(Reason),
    /// What came back.
    Answered(T),
}

/// Why somebody could not be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The config does not say whom.
    NotConfigured,
    /// The secret is kept where we do not look.
    SecretElsewhere,
    /// The messenger could not go.
    Messenger(OutsideError),
}

impl Localized for Reason {
    fn text(&self) -> String {
        match self {
            Self::NotConfigured => say!("the config does not say whom to ask"),
            Self::SecretElsewhere => {
                say!("its secret is kept outside the config, where it is not looked for")
            }
            Self::Messenger(error) => error.message(),
        }
    }
}

/// One thing that was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement<'o> {
    /// Who was asked: an address without anything secret.
    pub subject: String,
    /// The way.
    pub way: Way,
    /// How long it took, and where it ended.
    pub answer: &'o Answer,
}

impl Outside {
    /// What was measured at the provider, in the order in which it was asked.
    #[must_use]
    pub fn provider_measurements(&self) -> Vec<Measurement<'_>> {
        let Asked::Answered(provider) = &self.provider else { return Vec::new() };
        let reach = provider.reach.iter();
        let reach = reach.map(|(way, answer)| measured(&self.base_url, *way, answer));
        let completion = provider.completion.iter();
        let completion = completion.map(|done| measured(&done.url, done.way, &done.answer));
        reach.chain(completion).collect()
    }

    /// Everything that was measured.
    #[must_use]
    pub fn measurements(&self) -> Vec<Measurement<'_>> {
        let mut all = self.provider_measurements();
        if let Asked::Answered(bots) = &self.dingtalk {
            for bot in bots {
                let asked =
                    [(TOKEN_URL, &bot.token), (OPEN_URL, &bot.open), (STREAM_HOST, &bot.stream)];
                all.extend(asked.map(|(subject, answer)| measured(subject, bot.way, answer)));
            }
        }
        all
    }
}

fn measured<'o>(subject: &str, way: Way, answer: &'o Answer) -> Measurement<'o> {
    Measurement { subject: crate::redaction::masked(subject), way, answer }
}

/// The way in words.
#[must_use]
pub fn way_text(way: Way) -> String {
    match way {
        Way::Direct => say!("directly"),
        Way::Proxied => say!("through the proxy"),
    }
}
