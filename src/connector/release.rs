//! Which program a connector really is: several call themselves 0.6.0.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde::Deserialize;

use super::digest::Sha256;

/// One published program, known by the one file that is nearly all of its code: a row of the catalogue.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Program {
    /// The release that it is.
    connector: Version,
    file: String,
    pub(super) sha256: Sha256,
    /// The cells of that release were measured with it.
    #[serde(default)]
    measured: bool,
    /// Where it is published.
    pub(super) source: String,
}

/// Which release a tree is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// By its code, where that is known; else as it says.
    pub version: Version,
    /// Its code is known.
    pub is_known: bool,
    /// Its version was measured with another program.
    pub is_namesake: bool,
    /// What is to be said of it beside its version.
    pub remark: Option<String>,
}

impl Release {
    /// By the digest of a file of the tree, and by what its `package.json` says.
    pub(super) fn of(
        programs: &[Program],
        says: Version,
        digest: impl Fn(&str) -> Option<Sha256>,
    ) -> Self {
        // each file is read once, however many programs are known by it
        let files: BTreeSet<_> = programs.iter().map(|program| &*program.file).collect();
        let found: BTreeMap<_, _> = files.into_iter().map(|file| (file, digest(file))).collect();
        let is_it = |program: &&Program| found[&*program.file] == Some(program.sha256);
        let same: Vec<_> = programs.iter().filter(is_it).collect();
        let found = same.iter().find(|program| program.connector == says).or(same.first());
        let measured = |program: &Program| program.connector == says && program.measured;
        let was_measured = programs.iter().any(measured);
        let remark = match found {
            Some(program) if program.connector != says => {
                let version = &program.connector;
                Some(say!("it calls itself {says}; its code is that of {version}", says, version))
            }
            Some(program) if was_measured && !program.measured => {
                let source = &program.source;
                Some(say!(
                    "its code is that of {source}, not that of the {says} that was measured",
                    source,
                    says
                ))
            }
            None if was_measured => Some(say!(
                "its code is not that of the {says} that was measured, nor any other that is known",
                says
            )),
            _ => None,
        };
        let version = found.map_or(says, |program| program.connector.clone());
        let of_version = |program: &&Program| program.connector == version && program.measured;
        let is_namesake = programs.iter().any(|program| of_version(&program))
            && !found.is_some_and(|program| program.measured);
        Self { version, is_known: found.is_some(), is_namesake, remark }
    }

    /// A release of which nothing is known but its version.
    pub fn named(version: Version) -> Self {
        Self { version, is_known: false, is_namesake: false, remark: None }
    }

    /// A sentence about it, with what is to be said beside its version.
    pub fn told(&self, text: &str) -> String {
        let remark = self.remark.as_ref();
        remark.map_or_else(|| text.to_owned(), |remark| say!("{text}; {remark}", text, remark))
    }
}
