//! What the world outside has answered, where `--live` had it asked.

use crate::language::{Localized, Problem};
use crate::outside::Answer;
use crate::outside::dingtalk::BotAnswers;
use crate::outside::provider::ProviderAnswers;

/// Something that only `--live` brings: nothing where nobody wanted it, or why it is not there.
pub type Live<T> = Option<Result<T, Reason>>;

/// What was asked, and what came back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outside {
    /// The model provider.
    pub provider: Live<ProviderAnswers>,
    /// DingTalk, account by account and route by route.
    pub dingtalk: Live<Vec<BotAnswers>>,
}

/// Why somebody could not be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The config does not say whom.
    NotConfigured,
    /// The secret is kept where we do not look.
    SecretElsewhere,
    /// There was nothing to ask with.
    Probe(Problem),
}

impl Localized for Reason {
    fn text(&self) -> String {
        match self {
            Self::NotConfigured => say!("the config names nothing to ask"),
            Self::SecretElsewhere => {
                say!("its secret is not in the config, so it cannot be checked")
            }
            Self::Probe(problem) => problem.message.clone(),
        }
    }
}

impl Outside {
    /// The provider's answers.
    pub fn provider(&self) -> Option<&ProviderAnswers> {
        self.provider.as_ref()?.as_ref().ok()
    }

    /// DingTalk's answers.
    pub fn dingtalk(&self) -> Option<&[BotAnswers]> {
        self.dingtalk.as_ref()?.as_deref().ok()
    }

    /// Everything that was answered.
    pub fn answers(&self) -> Vec<&Answer> {
        let of_provider = self.provider().into_iter().flat_map(ProviderAnswers::all);
        let of_bots = self.dingtalk().into_iter().flatten().flat_map(BotAnswers::all);
        of_provider.chain(of_bots).collect()
    }
}
