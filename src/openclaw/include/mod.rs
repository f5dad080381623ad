//! OpenClaw's config as it may be spread over files by `$include`.
//!
//! `$include` (a file name, or an array of them) may stand in any object. Names are relative to
//! the including file, the files must lie inside the config's directory, and the including
//! object's own keys lie over what is included (read from, and compared with, OpenClaw 2026.3.13's
//! `src/config/includes.ts`). Everything here reads; nothing writes.

mod load;
mod route;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

pub use super::document::ConfigError;
use super::document::mask::learn_secrets;
use super::document::{Cause, Document, DuplicateKey, Edit, Place, Value};
use load::Loaded;

/// A main config with everything that it includes.
#[derive(Debug, Clone)]
pub struct ConfigSet {
    root: Loaded,
    effective: Value,
}

/// A file that edits have changed. `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// The real file: every symbolic link followed.
    pub path: PathBuf,
    /// Its bytes as they were read.
    pub old: Vec<u8>,
    /// Its bytes as they shall be.
    pub new: Vec<u8>,
}

impl ConfigSet {
    /// Reads the config at `path` (absolute; it may be a symbolic link) and all its includes.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let root = load::load(path)?;
        let effective = load::effective(&root)?;
        // a key may stand in one file and its value in another
        learn_secrets(&effective);
        Ok(Self { root, effective })
    }

    /// The meaning of all files together, as OpenClaw sees it before it fills in `${VAR}`.
    pub fn effective(&self) -> &Value {
        &self.effective
    }

    /// The main config's own document.
    pub fn root(&self) -> &Document {
        &self.root.document
    }

    /// Every file's real path and document, the main config first.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &Document)> {
        self.root.all().into_iter().map(|file| (file.real.as_path(), &file.document))
    }

    /// The file and the place in it at which a key stands that has an effect.
    pub fn place_of(&self, path: &[&str]) -> Option<(&Path, Place)> {
        self.root.place_of(path)
    }

    /// Keys that stand twice in one object, file by file (real paths).
    pub fn warnings(&self) -> Vec<(PathBuf, DuplicateKey)> {
        let of_file = |(path, document): (&Path, &Document)| {
            let path = path.to_owned();
            document.warnings().into_iter().map(move |warning| (path.clone(), warning))
        };
        self.files().flat_map(of_file).collect()
    }

    /// Makes `edits` in order, each in the file where its section lives, and returns the files that
    /// change. The effective meaning is then the intended one, or nothing is returned.
    pub fn edit(&self, edits: &[Edit]) -> Result<Vec<ChangedFile>, ConfigError> {
        let edited = edits.iter().try_fold(self.clone(), Self::make)?;
        let before = self.root.all();
        let after = edited.root.all();
        let changed = before.iter().zip(&after).filter_map(|(old, new)| {
            let (old_bytes, new_bytes) = (old.document.bytes(), new.document.bytes());
            (old_bytes != new_bytes).then(|| ChangedFile {
                path: new.real.clone(),
                old: old_bytes.to_owned(),
                new: new_bytes.to_owned(),
            })
        });
        Ok(changed.collect())
    }

    fn make(self, edit: &Edit) -> Result<Self, ConfigError> {
        if edit.is_fulfilled_by(&self.effective) {
            return Ok(self);
        }
        let intended = edit.applied_to(&self.effective);
        let steps = edit.split(&self.effective);
        let root =
            steps.iter().try_fold(self.root.clone(), |root, step| route::make(&root, step))?;
        let effective = load::effective(&root)?;
        let as_intended = effective == intended && edit.is_fulfilled_by(&effective);
        if let Some(file) = torn_file(&root).or_else(|| misled(&self.root, &root, as_intended)) {
            return Err(ConfigError::of_file(&file, Cause::Entangled(edit.path.clone())));
        }
        Ok(Self { root, effective })
    }
}

/// The file in which an edit was made without the intended effect.
fn misled(before: &Loaded, after: &Loaded, as_intended: bool) -> Option<PathBuf> {
    if as_intended {
        return None;
    }
    let (old, new) = (before.all(), after.all());
    let differs = |(old, new): &(&&Loaded, &&Loaded)| old.document.bytes() != new.document.bytes();
    let changed = old.iter().zip(&new).find(differs).map(|(old, _)| old.real.clone());
    changed.or_else(|| Some(before.real.clone()))
}

/// A file that is included twice, and was edited in only one of its places.
fn torn_file(root: &Loaded) -> Option<PathBuf> {
    let mut seen: HashMap<&Path, &[u8]> = HashMap::new();
    let all = root.all();
    let torn = all.iter().find(|file| {
        let bytes = file.document.bytes();
        *seen.entry(file.real.as_path()).or_insert(bytes) != bytes
    });
    torn.map(|file| file.real.clone())
}

impl fmt::Debug for ChangedFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ChangedFile").field("path", &self.path).finish_non_exhaustive()
    }
}
