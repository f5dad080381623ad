//! What a damaged connector could be made whole from, without asking anybody outside.

use std::path::PathBuf;

use crate::connector::Sha256;
use crate::connector::adaptation::Refit;
use crate::connector::npm::Pin;
use crate::language::Problem;
use crate::transaction::step::Attributes;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepairSource {
    /// A payload on this machine: proven to be what was installed, or, where nothing is recorded,
    /// the newest that fits. Looked for only where the tree needs one.
    pub stock: Option<LocalPayload>,
    /// A payload that would be such a one, if its npm dependencies could be fetched now.
    pub needs_npm: Option<PathBuf>,
    /// Why such a payload cannot be adapted as this OpenClaw needs it.
    pub unfit: Option<Problem>,
    /// Paths of the tree whose permissions are other than recorded: how they stand, and how they
    /// stood. Empty where anything else is other, too, or where this user may not change them.
    pub modes: Vec<(PathBuf, Attributes, Attributes)>,
    /// Whether npm could fetch dependencies.
    pub npm: Npm,
    /// Whether this user may move the tree that stands there: a directory can be renamed into
    /// another one only by its owner.
    pub movable: bool,
}

/// Whether npm could fetch dependencies, as far as this machine can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Npm {
    /// It is there, and may be used.
    There,
    /// `--offline`.
    Forbidden,
    /// There is none.
    #[default]
    Missing,
}

/// A payload on this machine from which the tree can be made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPayload {
    /// The directory or archive.
    pub place: PathBuf,
    /// Its identity: the deed refuses another one.
    pub digest: Sha256,
    /// The connector's version.
    pub version: String,
    /// Where its npm dependencies come from.
    pub modules: Modules,
    /// How it is adapted to this OpenClaw.
    pub refit: Refit,
}

/// Where the npm dependencies of the new tree come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Modules {
    /// From where the rest comes from; or there are none.
    Brought,
    /// From the live tree, where they are as they were recorded.
    Kept,
    /// From the registry, with these pins.
    Fetched {
        /// What is not left to npm's choice.
        pins: Vec<Pin>,
    },
}
