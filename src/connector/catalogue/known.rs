//! What is known of one pair, and whence, in words.

use semver::Version as Semver;
use serde::{Deserialize, Serialize};

use crate::connector::Release;
use crate::language::Localized;
use crate::openclaw::Version;

/// How the bot did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It answered.
    Answers,
    /// It did not.
    Fails,
    /// `OpenClaw` does not start without a network; with one it was not tried.
    NeedsNetwork,
}

/// Whence it is known; what stands first beats what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// This very pair was tried.
    Measured,
    /// Another program that calls itself by this version was tried.
    Namesake,
    /// A rule for these versions, or an adaptation that was not tried on this pair.
    Rule,
}

impl Localized for Basis {
    fn text(&self) -> String {
        match self {
            Self::Measured => say!("measured"),
            Self::Namesake => say!("measured with another program of this version"),
            Self::Rule => say!("by rule; this pair was not measured"),
        }
    }
}

/// What is known of one pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known<'a> {
    /// How the bot did, or would do.
    pub answer: Answer,
    /// What the log or the chat shows; of one that is adapted, without the adaptation.
    pub seen: &'a str,
    /// Whence.
    pub basis: Basis,
    /// It is so with an adaptation only.
    pub adapted: bool,
}

impl Known<'_> {
    /// The same of a tree: of one whose code was not tried, nothing is measured.
    #[must_use]
    pub fn of(self, release: &Release) -> Self {
        let is_untried = self.basis == Basis::Measured && release.is_namesake;
        Self { basis: if is_untried { Basis::Namesake } else { self.basis }, ..self }
    }

    /// The same in words.
    pub fn text(&self, connector: &Semver, openclaw: Version) -> String {
        let basis = self.basis.text();
        match self.answer {
            Answer::Answers if self.adapted && self.basis == Basis::Rule => say!(
                "for connector {connector} an adaptation to OpenClaw {openclaw} is known ({basis})",
                connector,
                openclaw,
                basis
            ),
            Answer::Answers if self.adapted => say!(
                "connector {connector} answers on OpenClaw {openclaw} when adapted ({basis})",
                connector,
                openclaw,
                basis
            ),
            Answer::Answers => say!(
                "connector {connector} answers on OpenClaw {openclaw} as it comes ({basis})",
                connector,
                openclaw,
                basis
            ),
            Answer::NeedsNetwork => say!(
                "with connector {connector}, OpenClaw {openclaw} does not start without a network ({basis}); with one it was not measured",
                connector,
                openclaw,
                basis
            ),
            Answer::Fails => say!(
                "connector {connector} does not answer on OpenClaw {openclaw} ({basis})",
                connector,
                openclaw,
                basis
            ),
        }
    }
}
