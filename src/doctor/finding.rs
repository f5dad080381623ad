//! What a check says: findings with their evidence, or why it could not look; and what all chosen checks
//! say together.

use std::path::Path;

use serde::Serialize;

use super::Check;
use crate::language::{Localized, addressed, word};
use crate::openclaw::document::mask::is_secret_key;
use crate::openclaw::document::{KeyPath, Place, references};
use crate::outside::Answer;
use crate::plan::repair::Repair;
use crate::redaction::{MASK, masked};
use crate::settings::{Setting, fault, is_placeholder};
use crate::snapshot::Snapshot;
use crate::snapshot::log::time_text;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// It works, but not well, or not for long.
    Warning,
    /// It does not work.
    Error,
}

/// One thing that was read somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The place: a file with its line, a property, a process, a URL.
    pub place: String,
    /// What was read there; never a secret.
    pub fact: String,
}

/// Something that is wrong, or worth knowing.
#[must_use]
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What a user sees because of it.
    pub symptom: Option<String>,
    /// The file or key that it is about.
    pub path: Option<String>,
    /// What it was concluded from.
    pub evidence: Vec<Evidence>,
    /// What to do, with the exact command.
    pub hint: String,
    /// What `--fix` does about it; empty where nothing is safe to do unasked.
    pub repairs: Vec<Repair>,
}

impl Finding {
    /// Something that does not work.
    pub fn error(message: String) -> Self {
        Self::of(Severity::Error, message)
    }

    /// Something that does not work well, or not for long.
    pub fn warning(message: String) -> Self {
        Self::of(Severity::Warning, message)
    }

    /// Something worth knowing.
    pub fn info(message: String) -> Self {
        Self::of(Severity::Info, message)
    }

    /// A finding of a severity that is decided elsewhere.
    pub fn of(severity: Severity, message: String) -> Self {
        let (symptom, path, evidence, repairs) = (None, None, Vec::new(), Vec::new());
        Self { severity, message, symptom, path, evidence, hint: String::new(), repairs }
    }

    /// What to do by hand, with the exact command; what `--fix` does needs no word here.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        let hint = [self.hint, addressed(&hint.into())].join("\n").trim().to_owned();
        Self { hint, ..self }
    }

    /// What a user sees because of it.
    pub fn symptom(mut self, symptom: impl Into<String>) -> Self {
        self.symptom = Some(symptom.into());
        self
    }

    /// The file or key that it is about.
    pub fn about(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The key that it is about, which is its evidence as it stands.
    pub(super) fn about_key(self, snapshot: &Snapshot, path: &[&str]) -> Self {
        let name = KeyPath::from(path).to_string();
        self.about(name).evidence([Evidence::of_key(snapshot, path)])
    }

    /// One more piece of evidence.
    pub fn read(mut self, place: impl Into<String>, fact: impl Into<String>) -> Self {
        self.evidence.push(Evidence { place: place.into(), fact: fact.into() });
        self
    }

    /// More evidence.
    pub fn evidence(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// What `--fix` does about it.
    pub fn repaired_by(mut self, repairs: impl IntoIterator<Item = Repair>) -> Self {
        self.repairs.extend(repairs);
        self
    }

    /// What `--fix` does about it, or what to do by hand.
    pub(super) fn remedied(self, remedy: Result<Repair, String>) -> Self {
        match remedy {
            Ok(repair) => self.repaired_by([repair]),
            Err(hint) => self.hint(hint),
        }
    }

    /// The command that repairs it, in the one place that knows both check and repair.
    pub(super) fn with_fix(mut self, options: &str) -> Self {
        if let Some(repair) = self.repairs.first() {
            let purpose = repair.text();
            let fix = say!("{purpose}: openclaw-setup doctor --fix {options}", purpose, options);
            let by_hand = std::mem::replace(&mut self.hint, fix);
            return self.hint(by_hand);
        }
        self
    }
}

impl Evidence {
    /// Something read in a file.
    pub fn in_file(file: &Path, place: Option<Place>, fact: impl Into<String>) -> Self {
        let file = file.display();
        let place = place.map_or_else(|| file.to_string(), |place| format!("{file}:{place}"));
        Self { place, fact: fact.into() }
    }
}

impl From<&Answer> for Evidence {
    fn from(answer: &Answer) -> Self {
        let place = format!("{} ({})", answer.subject, word(answer.route));
        Self { place, fact: answer.to_string() }
    }
}

/// The outcome of one check: nothing found means that all is well; or the reason why it could not
/// look, or does not apply here.
pub type Verdict = Result<Vec<Finding>, String>;

/// Why a check is skipped that only the network can answer.
pub(super) fn only_live() -> String {
    say!("it needs --live, which asks the outside world")
}

impl From<Finding> for Verdict {
    fn from(finding: Finding) -> Self {
        Ok(vec![finding])
    }
}

impl Finding {
    /// What is wrong with a value where it stands: the same that `install` refuses where it enters.
    /// What is kept elsewhere (`${VAR}`) is not judged.
    pub(super) fn of_value(snapshot: &Snapshot, setting: Setting, path: &[&str]) -> Option<Self> {
        let value = snapshot.key(path)?;
        let text = value.as_str().map_or_else(|| value.to_json().to_string(), str::to_owned);
        let name = KeyPath::from(path).to_string();
        let message = if is_placeholder(&text) {
            say!("{name} still holds a placeholder", name)
        } else {
            let fault = fault(setting, &text).filter(|_| references(&text).is_empty())?;
            say!("{name} {fault}", name, fault)
        };
        let key = Evidence::of_key(snapshot, path);
        Some(Self::error(message).about(name).evidence([key]))
    }
}

impl Evidence {
    /// A key of the config with its value, where it stands; a secret is only said to be there.
    pub fn of_key(snapshot: &Snapshot, path: &[&str]) -> Self {
        let (file, place) = snapshot.place(path);
        let name = KeyPath::from(path).to_string();
        let value = match snapshot.key(path) {
            None => say!("(not set)"),
            Some(_) if path.iter().any(|segment| is_secret_key(segment)) => MASK.to_owned(),
            Some(value) => masked(&value.to_json().to_string()),
        };
        Self::in_file(&file, place, format!("{name} = {value}"))
    }
}

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
