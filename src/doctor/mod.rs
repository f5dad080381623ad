//! What may be wrong: one file per family of checks. A check is data and a pure function of the
//! [`Snapshot`]; all looking is done before.

pub mod channel;
pub mod compat;
pub mod config;
pub mod dingtalk;
pub mod finding;
pub mod gateway;
pub mod host;
pub mod llm;
pub mod plugin;
pub mod proxy;
pub mod report;
pub mod service;
mod skipped;
pub mod whom;

use crate::language::translated;
use crate::snapshot::Snapshot;
pub use finding::{Evidence, Finding, Severity, Verdict};
pub use report::{Diagnosis, diagnose};

/// One check.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Its id, which never changes: `family.name`.
    pub id: &'static str,
    /// The worst that it can find.
    pub severity: Severity,
    /// What it looks for, in English.
    pub title: &'static str,
    /// Looks.
    pub judge: fn(&Snapshot) -> Verdict,
}

impl Check {
    /// What it looks for.
    #[must_use]
    pub fn title(&self) -> &'static str {
        translated(self.title)
    }

    /// The part of the id before the dot.
    #[must_use]
    pub fn family(&self) -> &'static str {
        self.id.split('.').next().unwrap_or(self.id)
    }
}

/// Every check, in the order in which they are shown.
pub fn catalogue() -> impl Iterator<Item = &'static Check> {
    let families: [&[Check]; 10] = [
        &config::CHECKS,
        &plugin::CHECKS,
        &compat::CHECKS,
        &channel::CHECKS,
        &gateway::CHECKS,
        &proxy::CHECKS,
        &service::CHECKS,
        &llm::CHECKS,
        &dingtalk::CHECKS,
        &host::CHECKS,
    ];
    families.into_iter().flatten()
}

#[cfg(test)]
mod tests;
