//! Which connector answers on which `OpenClaw`, as data: cells that were measured, and rules read in
//! both programs' code. `docs/COMPATIBILITY.md` describes the form.

use std::path::{Path, PathBuf};

use semver::{Version as Semver, VersionReq};
use serde::{Deserialize, Serialize};

use super::adaptation::Adaptation;
use super::checksums::Sha256;
use super::facts::Package;
use super::npm::{self, Pin, Pinned};
use super::release::{Generation, HabitRow, KeyRow, Program, Release};
use crate::fs::{foreign, is_absent};
use crate::language::{Explain, Localized, Problem, unpacked};
use crate::openclaw::Version;

/// The catalogue that the program was built with.
const BUILT_IN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/compatibility.json.gz"));

/// Where a newer one may lie: the operator's, then the package's.
pub const PLACES: [&str; 2] =
    ["/etc/openclaw-setup/compatibility.json", "/usr/share/openclaw-setup/compatibility.json"];

/// The form of the file that is understood here.
const SCHEMA: u32 = 1;

/// What is known of pairs of connector and `OpenClaw`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Catalogue {
    schema_version: u32,
    /// The day of the last measurement: of several catalogues the newest is used.
    date: String,
    rules: Vec<Rule>,
    cells: Vec<Cell>,
    generations: Vec<HabitRow>,
    keys: Vec<KeyRow>,
    pins: Vec<Pinned>,
    programs: Vec<Program>,
    #[serde(default)]
    adaptations: Vec<Adaptation>,
    #[serde(default)]
    node: Vec<Engine>,
    #[serde(default)]
    forms: Vec<Form>,
    /// Nothing is adapted.
    #[serde(skip)]
    as_they_come: bool,
    /// The catalogues that cannot be used, each with the cause.
    #[serde(skip)]
    pub(crate) faults: Vec<(PathBuf, String)>,
}

#[derive(Debug, Clone, Deserialize)]
struct Rule {
    connector: VersionReq,
    openclaw: VersionReq,
    result: Answer,
    seen: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Cell {
    connector: Semver,
    openclaw: Semver,
    result: Answer,
    #[serde(default)]
    seen: String,
    /// How it did with an adaptation.
    #[serde(default)]
    adapted: Option<AdaptedCell>,
}

#[derive(Debug, Clone, Deserialize)]
struct AdaptedCell {
    by: String,
    result: Answer,
}

/// What an `OpenClaw` makes of connectors of one form, whatever their version.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Form {
    openclaw: VersionReq,
    /// How the files end that it starts a connector from.
    #[serde(default)]
    entries: String,
    /// Its `package.json` has `openclaw.install.npmSpec`.
    #[serde(default)]
    npm_spec: bool,
    result: Answer,
    seen: String,
}

/// Which Node.js an `OpenClaw` says it runs on.
#[derive(Debug, Clone, Deserialize)]
struct Engine {
    openclaw: VersionReq,
    /// A range in npm's form.
    node: String,
}

impl Catalogue {
    /// The newest catalogue that can be read: the operator's, the package's, the built-in one.
    pub fn newest() -> Self {
        Self::newest_of(&PLACES.map(Path::new))
    }

    fn newest_of(places: &[&Path]) -> Self {
        let (mut best, mut faults) = (Self::built_in(), Vec::new());
        for place in places.iter().filter(|place| !is_absent(place)) {
            let bytes = foreign::read(place, foreign::TEXT_LIMIT).map_err(|error| error.message());
            match bytes.and_then(|bytes| Self::parse(&bytes)) {
                Ok(other) if other.date > best.date => best = other,
                Ok(_) => {}
                Err(cause) => faults.push((place.to_path_buf(), cause)),
            }
        }
        Self { faults, ..best }
    }

    /// What is wrong with catalogues that cannot be used.
    pub fn faults(&self) -> impl Iterator<Item = Problem> + '_ {
        self.faults.iter().map(|(place, cause)| {
            let file = place.display();
            let message = say!("the catalogue {file} cannot be used: {cause}", file, cause);
            let hint =
                say!("Correct it, or remove it. Until then the newest of the others is used.");
            Problem::new("compat.catalogue", message, hint)
        })
    }

    /// The one that the program was built with.
    pub fn built_in() -> Self {
        Self::parse(unpacked(BUILT_IN).as_bytes()).unwrap_or_default()
    }

    /// Reads one; else why it cannot be used, with line and column.
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let catalogue: Self = serde_json::from_slice(bytes).map_err(|cause| cause.to_string())?;
        let (found, date) = (catalogue.schema_version, &catalogue.date);
        if found != SCHEMA {
            return Err(say!(
                "schemaVersion is {found}, and this program reads {SCHEMA}",
                found,
                SCHEMA
            ));
        }
        if date.parse::<jiff::civil::Date>().is_err() {
            return Err(say!("the date “{date}” is not of the form YYYY-MM-DD", date));
        }
        Ok(catalogue)
    }

    /// `--no-adapt`: a connector is judged, and stays, as it comes.
    pub fn take_them_as_they_come(&mut self) {
        self.as_they_come = true;
    }

    fn cell(&self, connector: &Semver, openclaw: &Semver) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.connector == *connector && cell.openclaw == *openclaw)
    }

    /// What is known of a pair, the connector being as it comes: a measured cell beats a rule.
    pub fn known(&self, connector: &Semver, openclaw: Version) -> Option<Known<'_>> {
        let openclaw = openclaw.as_semver();
        let cell = self.cell(connector, &openclaw).map(|cell| Known {
            answer: cell.result,
            seen: &cell.seen,
            basis: Basis::Measured,
            adapted: false,
        });
        cell.or_else(|| {
            let released = released(connector);
            let speaks = |rule: &&Rule| {
                rule.connector.matches(&released) && rule.openclaw.matches(&openclaw)
            };
            let rule = self.rules.iter().find(speaks)?;
            let (answer, seen) = (rule.result, &*rule.seen);
            Some(Known { answer, seen, basis: Basis::Rule, adapted: false })
        })
    }

    /// The adaptations with which a pair answers that does not as it comes. One that was measured and
    /// failed is none.
    pub fn adaptations(&self, connector: &Semver, openclaw: Version) -> Vec<&Adaptation> {
        if self.as_they_come { Vec::new() } else { self.fitting(connector, openclaw) }
    }

    fn fitting(&self, connector: &Semver, openclaw: Version) -> Vec<&Adaptation> {
        let answers =
            self.known(connector, openclaw).is_none_or(|known| known.answer == Answer::Answers);
        let (released, openclaw) = (released(connector), openclaw.as_semver());
        let tried = self.cell(connector, &openclaw).and_then(|cell| cell.adapted.as_ref());
        let fits = |adaptation: &&Adaptation| {
            let failed = tried
                .is_some_and(|tried| tried.by == adaptation.id && tried.result != Answer::Answers);
            !failed
                && adaptation.connector.matches(&released)
                && adaptation.openclaw.matches(&openclaw)
        };
        self.adaptations.iter().filter(|_| !answers).filter(fits).collect()
    }

    /// The same with its adaptation, where there is one: what becomes of a payload here.
    pub fn expected(&self, connector: &Semver, openclaw: Version) -> Option<Known<'_>> {
        let known = self.known(connector, openclaw)?;
        let adaptations = self.adaptations(connector, openclaw);
        if adaptations.is_empty() {
            return Some(known);
        }
        let cell = self.cell(connector, &openclaw.as_semver());
        let tried = cell.and_then(|cell| cell.adapted.as_ref());
        let is_tried =
            tried.is_some_and(|tried| adaptations.iter().any(|known| known.id == tried.by));
        let basis = if is_tried { Basis::Measured } else { Basis::Rule };
        Some(Known { answer: Answer::Answers, basis, adapted: true, ..known })
    }

    /// The same of a tree, whose code may not be that of the program that was measured.
    pub fn expected_of(&self, release: &Release, openclaw: Version) -> Option<Known<'_>> {
        Some(self.expected(&release.version, openclaw)?.of(release))
    }

    /// Whether a pair is known to answer, adapted or not.
    pub fn answers(&self, connector: &Semver, openclaw: Version) -> bool {
        self.expected(connector, openclaw).is_some_and(|known| known.answer == Answer::Answers)
    }

    /// The range of Node.js, in npm's form, that an `OpenClaw` needs.
    pub fn node_for(&self, openclaw: Version) -> Option<&str> {
        let openclaw = openclaw.as_semver();
        let engine = self.node.iter().find(|engine| engine.openclaw.matches(&openclaw));
        engine.map(|engine| &*engine.node)
    }

    /// What a connector of this version needs, heeds and does.
    pub fn generation(&self, connector: Option<&Semver>) -> Generation {
        connector.map_or_else(Generation::unknown, |connector| {
            Generation::of(&self.generations, &released(connector))
        })
    }

    /// The keys of the channel that some connectors read, and one of this version does not.
    pub fn unread_keys(&self, connector: &Semver) -> Vec<&str> {
        let version = released(connector);
        let unread = self.keys.iter().filter(|row| !row.connector.matches(&version));
        unread.map(|row| &*row.key).collect()
    }

    /// What is fetched otherwise than a connector declares.
    pub fn pins(&self, package: &Package) -> Vec<Pin> {
        npm::pins(&self.pins, package)
    }

    /// Which release a tree is that says this version; `digest` gives that of a file in it.
    pub fn release(&self, says: &str, digest: impl Fn(&str) -> Option<Sha256>) -> Option<Release> {
        Some(Release::of(&self.programs, says.parse().ok()?, digest))
    }

    /// What an `OpenClaw` makes of a connector of this form, and what is seen then; `None`: nothing
    /// is known.
    pub fn form(&self, package: &Package, openclaw: Version) -> Option<(Answer, &str)> {
        let openclaw = openclaw.as_semver();
        let fits = |form: &&Form| {
            form.openclaw.matches(&openclaw)
                && package.entries.iter().all(|entry| entry.ends_with(&form.entries))
                && (package.names_npm || !form.npm_spec)
        };
        self.forms.iter().find(fits).map(|form| (form.result, &*form.seen))
    }

    /// Whether nothing is known against a pair, adapted or not.
    pub fn may_work(&self, connector: &Semver, openclaw: Option<Version>) -> bool {
        let known = openclaw.and_then(|openclaw| self.expected(connector, openclaw));
        known.is_none_or(|known| known.answer == Answer::Answers)
    }

    /// The best of these connectors for an `OpenClaw`: the newest that was measured to answer, else the
    /// newest that answers by rule, else the newest that nothing is known against.
    pub fn best(
        &self,
        connectors: impl IntoIterator<Item = Semver>,
        openclaw: Option<Version>,
    ) -> Option<Semver> {
        // nothing known, by rule, measured
        let rank = |connector: &Semver| {
            let known = openclaw.and_then(|openclaw| self.expected(connector, openclaw));
            known.map(|known| known.basis == Basis::Measured)
        };
        let fits = connectors.into_iter().filter(|connector| self.may_work(connector, openclaw));
        fits.max_by_key(|connector| (rank(connector), connector.clone()))
    }

    /// What is known against a pair, adapted or not, and what would answer instead of the connector that stands.
    pub fn clash(
        &self,
        release: &Release,
        openclaw: Version,
        standing: Option<&Semver>,
    ) -> Option<Problem> {
        let connector = &release.version;
        if self.may_work(connector, Some(openclaw)) {
            return None;
        }
        let known = self.known(connector, openclaw)?.of(release);
        let message = known.text(connector, openclaw);
        let hint = self.instead(openclaw, standing, connector);
        let adapted = !self.fitting(connector, openclaw).is_empty();
        let adapted =
            adapted.then(|| say!("An adaptation to this OpenClaw is known: omit --no-adapt"));
        let hint = adapted.into_iter().chain([hint]).collect::<Vec<_>>().join("\n");
        Some(Problem::new("compat.matrix", message, hint))
    }

    /// What fits an `OpenClaw` beside the one that is refused, with the command that brings it in place
    /// of the connector that stands.
    pub fn instead(
        &self,
        openclaw: Version,
        standing: Option<&Semver>,
        refused: &Semver,
    ) -> String {
        let others = self.connectors().filter(|other| other != refused);
        let Some(better) = self.best(others, Some(openclaw)) else {
            return self.none_fits(openclaw);
        };
        let command = match standing {
            None => "install",
            Some(standing) if better < *standing => "upgrade --allow-downgrade",
            Some(_) => "upgrade",
        };
        let Some(known) = self.expected(&better, openclaw) else {
            return say!(
                "Nothing is known against connector {better} on OpenClaw {openclaw}: openclaw-setup {command} npm:@dingtalk-real-ai/dingtalk-connector@{better}",
                better,
                openclaw,
                command
            );
        };
        let basis = known.basis.text();
        say!(
            "Connector {better} fits OpenClaw {openclaw} ({basis}): openclaw-setup {command} npm:@dingtalk-real-ai/dingtalk-connector@{better}",
            better,
            openclaw,
            basis,
            command
        )
    }

    fn none_fits(&self, openclaw: Version) -> String {
        let answering = self.cells.iter().filter(|cell| cell.result == Answer::Answers);
        let last = answering.map(|cell| (&cell.openclaw, &cell.connector)).max();
        last.map_or_else(String::new, |(last, connector)| {
            say!(
                "No connector is known to answer on OpenClaw {openclaw}. The newest OpenClaw on which one was seen to answer is {last}, with connector {connector}.",
                openclaw,
                last,
                connector
            )
        })
    }

    /// The `OpenClaw` of every cell, in order.
    pub fn openclaws(&self) -> impl Iterator<Item = Version> + '_ {
        self.cells.iter().filter_map(|cell| Version::parse(&cell.openclaw.to_string()))
    }

    /// The released connectors that were measured.
    pub fn connectors(&self) -> impl Iterator<Item = Semver> + '_ {
        self.cells
            .iter()
            .map(|cell| cell.connector.clone())
            .filter(|version| version.pre.is_empty())
    }
}

/// A pre-release is no part of any range: judged as what it becomes.
fn released(version: &Semver) -> Semver {
    Semver::new(version.major, version.minor, version.patch)
}

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

#[cfg(test)]
mod tests;
