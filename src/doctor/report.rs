//! The findings of all chosen checks together, and how bad they are.

use super::{Check, Evidence, Finding, Severity, Snapshot};
use crate::plan::repair::Repair;
use crate::snapshot::log::time_text;

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Diagnosis {
    /// The findings, worst first, each with its check.
    pub findings: Vec<(&'static Check, Finding)>,
    /// The checks that could not look, with the reason.
    pub skipped: Vec<(&'static Check, String)>,
    /// The checks that have looked and found nothing.
    pub passed: Vec<&'static Check>,
    /// How many checks have looked.
    pub run: usize,
}

/// Checks that find what other faults bring about.
const CONSEQUENCES: [&str; 2] = ["service.crashloop", "gateway.health"];

/// Runs the chosen checks. Log lines that speak of a check's subject become its evidence.
pub fn diagnose(checks: &[&'static Check], snapshot: &Snapshot) -> Diagnosis {
    let mut diagnosis = Diagnosis::default();
    for check in checks {
        match check.verdict(snapshot) {
            Err(why) => diagnosis.skipped.push((check, why)),
            Ok(findings) => {
                diagnosis.run += 1;
                if findings.is_empty() {
                    diagnosis.passed.push(check);
                }
                let mut findings = findings.into_iter();
                let first = findings.next().map(|finding| {
                    let told = finding.message.clone();
                    let more = heard(snapshot, check.id).into_iter();
                    finding.evidence(more.filter(|evidence| !told.contains(&evidence.fact)))
                });
                diagnosis.findings.extend(first.into_iter().chain(findings).map(|f| (*check, f)));
            }
        }
    }
    diagnosis.findings.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.severity));
    diagnosis.point_to_the_causes();
    diagnosis
}

/// What the log says about a check's subject.
pub fn heard(snapshot: &Snapshot, check: &str) -> Vec<Evidence> {
    let about = snapshot.log.about(check);
    about
        .map(|heard| Evidence {
            place: format!(
                "{} ({}×, {})",
                snapshot.log.source,
                heard.count,
                time_text(heard.last_usec)
            ),
            fact: heard.sample.clone(),
        })
        .collect()
}

impl Diagnosis {
    /// What follows from others says so, where there are others.
    fn point_to_the_causes(&mut self) {
        let follows = |check: &Check| CONSEQUENCES.contains(&check.id);
        let is_cause = |(check, finding): &(&'static Check, Finding)| {
            finding.severity == Severity::Error && !follows(check)
        };
        if self.findings.iter().any(is_cause) {
            for (_, finding) in self.findings.iter_mut().filter(|(check, _)| follows(check)) {
                let hint = std::mem::take(&mut finding.hint);
                finding.hint = format!("{}\n{hint}", say!("Fix the other findings first."));
            }
        }
    }

    /// Whether nothing is as bad as `severity`.
    pub fn is_below(&self, severity: Severity) -> bool {
        self.findings.iter().all(|(_, finding)| finding.severity < severity)
    }

    /// How many findings are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|(_, finding)| finding.severity == severity).count()
    }

    /// Everything that `--fix` would do.
    pub fn repairs(&self) -> Vec<Repair> {
        let all = self.findings.iter().flat_map(|(_, finding)| finding.repairs.clone());
        let mut repairs: Vec<Repair> = Vec::new();
        for repair in all {
            if !repairs.contains(&repair) {
                repairs.push(repair);
            }
        }
        repairs
    }

    /// Whether an error remains that has no safe repair.
    pub fn leaves_errors(&self) -> bool {
        let is_error = |(check, finding): &(&Check, Finding)| {
            finding.severity == Severity::Error && !self.would_fix(check, finding)
        };
        self.findings.iter().any(is_error)
    }

    /// Whether the repairs would make a finding go. What only follows from others goes with them.
    fn would_fix(&self, check: &Check, finding: &Finding) -> bool {
        let follows = CONSEQUENCES.contains(&check.id) && !self.repairs().is_empty();
        !finding.repairs.is_empty() || follows
    }

    /// What the repairs would make go, and what would be left.
    pub fn split(&self) -> (Self, Self) {
        let all = self.findings.iter().cloned();
        let (findings, left) = all.partition(|(check, finding)| self.would_fix(check, finding));
        let (skipped, run) = (self.skipped.clone(), self.run);
        let left = Self { findings: left, skipped, run, ..Self::default() };
        (Self { findings, ..Self::default() }, left)
    }

    /// The findings of checks that found nothing any more when `later` was made.
    #[must_use]
    pub fn without(&self, later: &Self) -> Self {
        let is_gone = |(check, _): &&(&'static Check, Finding)| {
            later.findings.iter().all(|(other, _)| other.id != check.id)
        };
        let findings = self.findings.iter().filter(is_gone).cloned().collect();
        Self { findings, ..Self::default() }
    }
}
