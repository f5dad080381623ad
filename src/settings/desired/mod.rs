//! The desired state of a machine, as `apply` reads it from one JSON5 file. Nothing beside the file
//! decides: no variable of this program's, no prompt.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use semver::Version;

use super::sources::{Given, input, read_setting};
use super::{ALL, Setting, Settings, error};
use crate::connector::Sha256;
use crate::language::{Explain, Problem, list};
use crate::openclaw::document::{Document, Value};
use crate::snapshot::account::Surroundings;
use crate::timeout::Deadline;

/// What a file says that a machine should be.
#[derive(Debug)]
pub struct Desired {
    /// The connector; `None`: absent, and all that belongs to it.
    pub connector: Option<Wanted>,
    /// What is configured; a setting that the file does not name stays as it is.
    pub settings: Settings,
    /// Whether a gateway that does not run is started.
    pub start: bool,
    /// Whether a gateway that runs may be stopped for a change, and started again.
    pub restart: bool,
    /// How far it is proved.
    pub proof: Effort,
}

/// Which connector; what is `None` does not matter.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Exactly this version.
    pub version: Option<Version>,
    /// Where it comes from: `npm:NAME[@VERSION]`, or an absolute path.
    pub source: Option<String>,
    /// The digest of the archive.
    pub sha256: Option<Sha256>,
}

/// How far a change is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effort {
    /// The model is asked, and everything undone unless it answers.
    Required,
    /// The model is asked.
    #[default]
    Asked,
    /// The model is not asked.
    Unasked,
}

/// The keys of each object, as `packaging/apply.schema.json` has them.
const KEYS: [&str; 7] =
    ["$schema", "connector", "settings", "start", "restart", "proof", "allowInlineSecrets"];
const CONNECTOR: [&str; 3] = ["version", "source", "sha256"];
const SETTINGS: [&str; ALL.len()] = {
    let mut keys = [""; ALL.len()];
    let mut at = 0;
    while at < ALL.len() {
        keys[at] = ALL[at].answer();
        at += 1;
    }
    keys
};
const REFERENCE: [&str; 2] = ["file", "env"];
const ABSENT: &str = "absent";
const PROOFS: [(&str, Effort); 3] =
    [("required", Effort::Required), ("asked", Effort::Asked), ("not-asked", Effort::Unasked)];

/// Reads the file; secrets that come through pipes have time until `end`.
pub fn read(path: &Path, surroundings: &Surroundings, end: Deadline) -> Result<Desired, Problem> {
    let text = input(Some(path), end)?;
    let document = Document::parse(path, text.as_bytes()).map_err(|error| syntax(&error))?;
    let file = File { path, document: &document, surroundings, end };
    file.desired()
}

/// They are needed, and neither in the file nor in OpenClaw's config.
pub fn missing(path: &Path, settings: &[Setting]) -> Problem {
    let names: Vec<_> = settings.iter().map(|setting| setting.answer()).collect();
    let (path, names) = (path.display(), list(&names));
    let message = say!("{path}: missing required settings: {names}", path, names);
    Problem::new("apply.missing", message, say!("Put them into \"settings\" of {path}.", path))
}

fn syntax(error: &dyn Explain) -> Problem {
    Problem { code: "apply.syntax", ..error.problem() }
}

struct File<'a> {
    path: &'a Path,
    document: &'a Document,
    surroundings: &'a Surroundings,
    end: Deadline,
}

impl File<'_> {
    fn desired(&self) -> Result<Desired, Problem> {
        self.expect_keys(&[], &KEYS)?;
        let connector = self.connector()?;
        let inline = self.flag("allowInlineSecrets", false)?;
        let mut settings = Settings::default();
        if self.document.get(&["settings"]).is_some() {
            self.expect_keys(&["settings"], &SETTINGS)?;
            // what goes needs none of them
            for setting in ALL.into_iter().filter(|_| connector.is_some()) {
                self.take(&mut settings, setting, inline)?;
            }
        }
        let words = PROOFS.map(|(word, _)| word);
        let known = |word: &str| PROOFS.into_iter().find(|(known, _)| *known == word);
        let proof = self.parsed(&["proof"], known, &list(&words))?;
        let proof = proof.map(|(_, effort)| effort).unwrap_or_default();
        self.text(&["$schema"])?;
        let (start, restart) = (self.flag("start", false)?, self.flag("restart", true)?);
        Ok(Desired { connector, settings, start, restart, proof })
    }

    fn connector(&self) -> Result<Option<Wanted>, Problem> {
        const AT: [&str; 1] = ["connector"];
        let form = say!("“absent”, or an object with version, source, sha256");
        match self.document.get(&AT) {
            Some(Value::String(word)) if word == ABSENT => return Ok(None),
            Some(Value::Object(_)) => self.expect_keys(&AT, &CONNECTOR)?,
            _ => return Err(self.bad(&AT, &form)),
        }
        let [version, source, sha256] = CONNECTOR.map(|key| [AT[0], key]);
        let exact = say!("a version such as 0.8.20");
        let is_place = |text: &&str| text.starts_with("npm:") || text.starts_with('/');
        let place = say!("npm:NAME[@VERSION] or an absolute path");
        let wanted = Wanted {
            version: self.parsed(&version, |text| Version::parse(text).ok(), &exact)?,
            source: self
                .parsed(&source, |text| Some(text).filter(is_place), &place)?
                .map(str::to_owned),
            sha256: self.parsed(
                &sha256,
                |text| text.parse().ok(),
                &say!("64 hexadecimal digits"),
            )?,
        };
        if wanted.sha256.is_some() && wanted.source.is_none() {
            return Err(self.bad(&sha256, &say!("given together with source")));
        }
        Ok(Some(wanted))
    }

    /// Takes a setting: as it stands there, or from where the file says that it is.
    fn take(&self, settings: &mut Settings, setting: Setting, inline: bool) -> Result<(), Problem> {
        let at = ["settings", setting.answer()];
        let text = match self.document.get(&at) {
            None => return Ok(()),
            Some(Value::Object(_)) => self.referred(setting, &at)?,
            Some(Value::Number(number)) if setting == Setting::SessionTimeout => number.to_string(),
            Some(Value::String(text)) if setting != Setting::SessionTimeout => {
                if setting.is_secret() {
                    self.permit_inline(&at, inline)?;
                }
                text.clone()
            }
            Some(_) if setting == Setting::SessionTimeout => {
                return Err(self.bad(&at, &say!("a whole number of milliseconds")));
            }
            Some(_) => return Err(self.bad(&at, &say!("a text, or {{file: …}} or {{env: …}}"))),
        };
        settings.accept(setting, &text).map_err(|problem| self.at(&at, problem))
    }

    /// `{file: PATH}` or `{env: NAME}`; a relative path begins where this file is.
    fn referred(&self, setting: Setting, at: &[&str; 2]) -> Result<String, Problem> {
        self.expect_keys(at, &REFERENCE)?;
        let [file, env] = REFERENCE.map(|key| [at[0], at[1], key]);
        match (self.text(&file)?, self.text(&env)?) {
            (Some(path), None) => {
                let path = self.path.parent().unwrap_or(Path::new("")).join(path);
                read_setting(setting, &Given::File(path), self.end)
                    .map_err(|problem| self.at(&file, problem))
            }
            (None, Some(name)) => self.surroundings.text(name).ok_or_else(|| {
                let hint = say!("Set it where apply is started, or name a file instead.");
                let message = say!("the variable {name} is not set", name);
                self.at(&env, Problem::new("apply.unset", message, hint))
            }),
            _ => Err(self.bad(at, &say!("{{file: PATH}} or {{env: NAME}}"))),
        }
    }

    /// A secret in the file itself, which the file has to allow, and nobody else may read.
    fn permit_inline(&self, at: &[&str; 2], allowed: bool) -> Result<(), Problem> {
        if !allowed {
            let message = say!("a secret stands in the file itself");
            let hint = say!(
                "Put it into a file of its own (mode 0600) and write {{file: \"PATH\"}}, or {{env: \"NAME\"}}; allowInlineSecrets: true allows it in a file of mode 0600."
            );
            return Err(self.at(at, Problem::new("apply.inline-secret", message, hint)));
        }
        let mode = self.path.metadata().map_or(0o777, |found| found.permissions().mode());
        if mode.trailing_zeros() >= 6 {
            return Ok(());
        }
        let message = say!("a secret stands in a file that others may read");
        let hint = format!("chmod 600 {}", self.path.display());
        Err(self.at(at, Problem::new("apply.readable-secret", message, hint)))
    }

    fn expect_keys(&self, at: &[&str], known: &[&str]) -> Result<(), Problem> {
        let value = if at.is_empty() { Some(self.document.value()) } else { self.document.get(at) };
        let Some(members) = value.and_then(Value::as_object) else {
            return Err(self.bad(at, &say!("an object")));
        };
        match members.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let message = say!("there is no such key");
                let hint = say!("Known keys: {known}", known = list(known));
                let at = [at, &[key.as_str()]].concat();
                Err(self.at(&at, Problem::new("apply.unknown-key", message, hint)))
            }
        }
    }

    fn flag(&self, key: &str, default: bool) -> Result<bool, Problem> {
        match self.document.get(&[key]) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.bad(&[key], &say!("true or false"))),
        }
    }

    fn text(&self, at: &[&str]) -> Result<Option<&str>, Problem> {
        match self.document.get(at) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.bad(at, &say!("a text"))),
        }
    }

    fn parsed<'t, T>(
        &'t self,
        at: &[&str],
        parse: impl Fn(&'t str) -> Option<T>,
        form: &str,
    ) -> Result<Option<T>, Problem> {
        let text = self.text(at)?;
        text.map(|text| parse(text).ok_or_else(|| self.bad(at, form))).transpose()
    }

    /// Something else has to stand there.
    fn bad(&self, at: &[&str], form: &str) -> Problem {
        self.at(at, error::incorrect("apply.value", say!("this must be {form}", form)))
    }

    /// What is wrong, with the file, the line and the key.
    fn at(&self, at: &[&str], problem: Problem) -> Problem {
        let line = self.document.place_of(at).map(|place| format!(":{}", place.line));
        let key = if at.is_empty() { String::new() } else { format!(" {}:", at.join(".")) };
        let place = format!("{}{}:{key}", self.path.display(), line.unwrap_or_default());
        Problem { message: format!("{place} {}", problem.message), ..problem }
    }
}

#[cfg(test)]
mod tests;
