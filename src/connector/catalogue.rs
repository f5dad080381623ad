//! Which connector answers on which `OpenClaw`, as data: cells that were measured, and rules read in
//! both programs' code. `docs/COMPATIBILITY.md` describes the form.

use std::path::Path;

use semver::{Version as Semver, VersionReq};
use serde::{Deserialize, Serialize};

use super::adaptation::Adaptation;
use super::facts::Package;
use crate::fs::foreign;
use crate::language::{Localized, Problem};
use crate::openclaw::version::Version;
use crate::say;

/// The catalogue that the program was built with.
const BUILT_IN: &str = include_str!("../../packaging/compatibility.json");

/// Where a newer one may lie: the operator's, then the package's.
pub const PLACES: [&str; 2] =
    ["/etc/openclaw-setup/compatibility.json", "/usr/share/openclaw-setup/compatibility.json"];

/// The form of the file that is understood here.
const SCHEMA: u32 = 1;

/// What is known of pairs of connector and `OpenClaw`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Catalogue {
    schema_version: u32,
    /// The day of the last measurement: of several catalogues the newest is used.
    date: String,
    rules: Vec<Rule>,
    cells: Vec<Cell>,
    #[serde(default)]
    adaptations: Vec<Adaptation>,
    #[serde(default)]
    node: Vec<Engine>,
    #[serde(default)]
    forms: Vec<Form>,
    /// Nothing is adapted.
    #[serde(skip)]
    as_they_come: bool,
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
    /// A rule for these versions, or an adaptation that was not tried on this pair.
    Rule,
}

impl Localized for Basis {
    fn text(&self) -> String {
        match self {
            Self::Measured => say!("measured"),
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
    /// The same in words.
    #[must_use]
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
                "with connector {connector}, OpenClaw {openclaw} does not start without a network; with one it was not measured",
                connector,
                openclaw
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

impl Catalogue {
    /// The newest catalogue that can be read: the operator's, the package's, the built-in one.
    #[must_use]
    pub fn newest() -> Self {
        Self::newest_of(&PLACES.map(Path::new))
    }

    fn newest_of(places: &[&Path]) -> Self {
        let read = |place: &&Path| Self::parse(&foreign::glance(place)?);
        places
            .iter()
            .filter_map(read)
            .fold(Self::built_in(), |best, other| if other.date > best.date { other } else { best })
    }

    /// The one that the program was built with.
    #[must_use]
    pub fn built_in() -> Self {
        Self::parse(BUILT_IN.as_bytes()).unwrap_or_else(Self::empty)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let catalogue: Self = serde_json::from_slice(bytes).ok()?;
        (catalogue.schema_version == SCHEMA).then_some(catalogue)
    }

    fn empty() -> Self {
        Self {
            schema_version: SCHEMA,
            date: String::new(),
            rules: Vec::new(),
            cells: Vec::new(),
            adaptations: Vec::new(),
            node: Vec::new(),
            forms: Vec::new(),
            as_they_come: false,
        }
    }

    /// `--no-adapt`: a connector is judged, and stays, as it comes.
    pub fn take_them_as_they_come(&mut self) {
        self.as_they_come = true;
    }

    fn cell(&self, connector: &Semver, openclaw: &Semver) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.connector == *connector && cell.openclaw == *openclaw)
    }

    /// What is known of a pair, the connector being as it comes: a measured cell beats a rule.
    #[must_use]
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
    #[must_use]
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
    #[must_use]
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

    /// Whether a pair is known to answer, adapted or not.
    #[must_use]
    pub fn answers(&self, connector: &Semver, openclaw: Version) -> bool {
        self.expected(connector, openclaw).is_some_and(|known| known.answer == Answer::Answers)
    }

    /// The range of Node.js, in npm's form, that an `OpenClaw` needs.
    #[must_use]
    pub fn node_for(&self, openclaw: Version) -> Option<&str> {
        let openclaw = openclaw.as_semver();
        let engine = self.node.iter().find(|engine| engine.openclaw.matches(&openclaw));
        engine.map(|engine| &*engine.node)
    }

    /// What an `OpenClaw` makes of a connector of this form, and what is seen then; `None`: nothing
    /// is known.
    #[must_use]
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
    #[must_use]
    pub fn may_work(&self, connector: &Semver, openclaw: Option<Version>) -> bool {
        let known = openclaw.and_then(|openclaw| self.expected(connector, openclaw));
        known.is_none_or(|known| known.answer == Answer::Answers)
    }

    /// The best of these connectors for an `OpenClaw`: the newest that answered, else the newest that
    /// nothing is known against.
    pub fn best(
        &self,
        connectors: impl IntoIterator<Item = Semver>,
        openclaw: Option<Version>,
    ) -> Option<Semver> {
        let answers =
            |connector: &Semver| openclaw.is_some_and(|openclaw| self.answers(connector, openclaw));
        let fits = connectors.into_iter().filter(|connector| self.may_work(connector, openclaw));
        fits.max_by_key(|connector| (answers(connector), connector.clone()))
    }

    /// What is known against a pair, adapted or not, and what would answer instead of the connector that stands.
    #[must_use]
    pub fn clash(
        &self,
        connector: &Semver,
        openclaw: Version,
        standing: Option<&Semver>,
    ) -> Option<Problem> {
        if self.may_work(connector, Some(openclaw)) {
            return None;
        }
        let known = self.known(connector, openclaw)?;
        let message = known.text(connector, openclaw);
        let hint = self.instead(openclaw, standing);
        let adapted = !self.fitting(connector, openclaw).is_empty();
        let adapted =
            adapted.then(|| say!("An adaptation to this OpenClaw is known: omit --no-adapt"));
        let hint = adapted.into_iter().chain([hint]).collect::<Vec<_>>().join("\n");
        Some(Problem::new("compat.matrix", message, hint))
    }

    /// What fits an `OpenClaw`, with the command that brings it in place of the connector that stands.
    #[must_use]
    pub fn instead(&self, openclaw: Version, standing: Option<&Semver>) -> String {
        let better = self.best(self.connectors(), Some(openclaw));
        better.map_or_else(
            || self.none_fits(openclaw),
            |better| {
                let command = match standing {
                    None => "install",
                    Some(standing) if better < *standing => "upgrade --allow-downgrade",
                    Some(_) => "upgrade",
                };
                say!(
                    "Connector {better} fits OpenClaw {openclaw}: openclaw-setup {command} npm:@dingtalk-real-ai/dingtalk-connector@{better}",
                    better,
                    openclaw,
                    command
                )
            },
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

#[cfg(test)]
mod tests {
    use super::*;

    fn known(connector: &str, openclaw: &str) -> Option<(Answer, bool)> {
        let catalogue = Catalogue::newest_of(&[]);
        let connector = Semver::parse(connector).unwrap();
        let known = catalogue.known(&connector, Version::parse(openclaw).unwrap());
        known.map(|known| (known.answer, known.basis == Basis::Measured))
    }

    #[test]
    fn a_cell_beats_a_rule_and_a_rule_fills_the_gaps() {
        use Answer::{Answers, Fails, NeedsNetwork};
        for (connector, openclaw, expected) in [
            ("0.6.0", "2026.3.13", Some((Answers, true))),
            ("0.6.0", "2026.4.9", Some((Fails, true))),
            ("0.7.5", "2026.4.9", Some((Fails, false))),
            ("0.8.0", "2026.3.13", None),
            ("0.8.3", "2026.3.28", Some((Fails, true))),
            ("0.8.3", "2026.5.28", Some((Answers, true))),
            ("0.8.6", "2026.3.13", Some((Fails, false))),
            ("0.8.13", "2026.5.7", Some((Fails, true))),
            ("0.8.20", "2026.5.7", Some((Answers, true))),
            ("0.8.20", "2026.7.35", Some((NeedsNetwork, true))),
            ("0.8.24", "2026.9.6", Some((Fails, false))),
            ("0.8.21-beta.0", "2026.3.1", Some((Fails, false))),
            ("0.9.0", "2026.9.6", None),
        ] {
            assert_eq!(known(connector, openclaw), expected, "{connector} on {openclaw}");
        }
    }

    /// Rules that contradict what was measured would mislead between the cells.
    #[test]
    fn rules_agree_with_the_cells_that_they_speak_of() {
        let catalogue = Catalogue::newest_of(&[]);
        assert!(catalogue.cells.len() > 60);
        let ids: Vec<_> = catalogue.adaptations.iter().map(|adaptation| &adaptation.id).collect();
        let named = catalogue.cells.iter().filter_map(|cell| cell.adapted.as_ref());
        assert!(named.clone().count() > 10 && named.clone().all(|cell| ids.contains(&&cell.by)));
        let rules_alone = Catalogue { cells: Vec::new(), ..catalogue.clone() };
        for cell in &catalogue.cells {
            let openclaw = Version::parse(&cell.openclaw.to_string()).unwrap();
            if let Some(known) = rules_alone.known(&cell.connector, openclaw) {
                let pair = (&cell.connector, &cell.openclaw);
                assert_eq!(known.answer, cell.result, "{pair:?}");
            }
        }
    }

    #[test]
    fn what_is_chosen_has_answered() {
        let catalogue = Catalogue::newest_of(&[]);
        for (openclaw, best) in [
            ("2026.3.13", Some("0.8.3")),
            ("2026.3.24", Some("0.8.20")),
            ("2026.4.9", Some("0.8.20")),
            ("2026.5.7", Some("0.8.20")),
            ("2026.7.1", Some("0.8.20")),
            ("2026.7.35", Some("0.8.20")),
            ("2026.8.2", Some("0.8.20")),
            ("2026.9.6", Some("0.8.20")),
        ] {
            let chosen = catalogue.best(catalogue.connectors(), Version::parse(openclaw));
            assert_eq!(chosen.map(|v| v.to_string()).as_deref(), best, "{openclaw}");
        }
        let clash = catalogue.clash(&Semver::new(0, 8, 20), Version::of(2026, 9, 6), None);
        assert_eq!(clash, None);
    }

    /// What was measured to fail adapted is none; `--no-adapt` judges as it comes.
    #[test]
    fn what_is_not_to_be_adapted_is_judged_as_it_comes() {
        let mut catalogue = Catalogue::newest_of(&[]);
        let connector = Semver::new(0, 8, 20);
        let adaptations = |catalogue: &Catalogue, openclaw| {
            let found = catalogue.adaptations(&connector, Version::parse(openclaw).unwrap());
            found.into_iter().map(|adaptation| adaptation.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(adaptations(&catalogue, "2026.4.9"), [""; 0]);
        assert_eq!(adaptations(&catalogue, "2026.7.1"), ["no-install-metadata"]);
        assert_eq!(adaptations(&catalogue, "2026.9.6"), ["channel-runtime"]);
        let cell = catalogue
            .cells
            .iter_mut()
            .find(|cell| cell.connector == connector && cell.openclaw == Semver::new(2026, 9, 6));
        cell.unwrap().adapted.as_mut().unwrap().result = Answer::Fails;
        assert_eq!(adaptations(&catalogue, "2026.9.6"), [""; 0]);
        let mut catalogue = Catalogue::newest_of(&[]);
        catalogue.take_them_as_they_come();
        let newest =
            catalogue.clash(&Semver::new(0, 8, 20), Version::of(2026, 9, 6), None).unwrap();
        assert!(newest.hint.contains("is 2026.7.35, with connector 0.8.13."), "{}", newest.hint);
        assert!(newest.hint.contains("omit --no-adapt"), "{}", newest.hint);
    }

    /// `upgrade` refuses where nothing stands, and an older connector unless told.
    #[test]
    fn the_command_that_is_named_works_here() {
        let catalogue = Catalogue::newest_of(&[]);
        for (standing, command) in [
            (None, " install npm:"),
            (Some(Semver::new(0, 6, 0)), " upgrade npm:"),
            (Some(Semver::new(0, 8, 24)), " upgrade --allow-downgrade npm:"),
        ] {
            let (payload, openclaw) = (Semver::new(0, 7, 10), Version::of(2026, 4, 9));
            let clash = catalogue.clash(&payload, openclaw, standing.as_ref()).unwrap();
            assert!(clash.hint.contains(command), "{}", clash.hint);
        }
    }

    #[test]
    fn the_newest_readable_catalogue_counts() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let empty = |date: &str| {
            format!(r#"{{"schemaVersion": 1, "date": "{date}", "rules": [], "cells": []}}"#)
        };
        let (old, new) = (write("old", &empty("2020-01-01")), write("new", &empty("2099-01-01")));
        let other = write("other", &empty("2099-02-02").replace("1,", "2,"));
        let (broken, absent) = (write("broken", "{"), folder.path().join("absent"));
        let places = [&*old, &*new, &*other, &*broken, &*absent];
        assert_eq!(Catalogue::newest_of(&places).date, "2099-01-01");
        assert_ne!(Catalogue::newest_of(&places[..1]).date, "2020-01-01");
    }
}
