//! What a check says: findings with their evidence, or why it could not look.

use std::path::Path;

use serde::Serialize;

use crate::language::{Localized, addressed, word};
use crate::openclaw::document::mask::is_secret_key;
use crate::openclaw::document::{KeyPath, Place, references};
use crate::outside::Answer;
use crate::plan::repair::Repair;
use crate::redaction::{MASK, masked};
use crate::settings::{Setting, fault, is_placeholder};
use crate::snapshot::Snapshot;

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
