//! OpenClaw's config as it may be spread over files by `$include`.
//!
//! `$include` (a file name, or an array of them) may stand in any object. Names are relative to
//! the including file, the files must lie inside the config's directory, and the including
//! object's own keys lie over what is included (read from, and compared with, OpenClaw 2026.3.13's
//! `src/config/includes.ts`). Everything here reads; nothing writes.

mod load;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::document::mask::learn_secrets;
use super::document::{Cause, Change, Document, DuplicateKey, Edit, KeyPath, Place, Value};
use load::{INCLUDE, Loaded};

pub use super::document::ConfigError;

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
        let root = steps.iter().try_fold(self.root.clone(), |root, step| edited_in(&root, step))?;
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

/// A place where an edit could be made.
#[derive(Clone)]
struct Candidate {
    /// The file, as the way to it from the main config: (include, file in it), step by step.
    way: Way,
    /// The edit's key in that file.
    key: KeyPath,
    /// How many segments of the edit's key exist there.
    depth: usize,
}

type Way = Vec<(usize, usize)>;

/// The set with `edit` made in the file (or for a removal: the files) where it belongs.
fn edited_in(root: &Loaded, edit: &Edit) -> Result<Loaded, ConfigError> {
    let mut found = Vec::new();
    collect(root, &Way::new(), edit.path.segments(), 0, &mut found);
    let deepest = found.iter().map(|candidate| candidate.depth).max().unwrap_or_default();
    found.retain(|candidate| candidate.depth == deepest);
    let takes_away = matches!(edit.change, Change::Remove | Change::Withdraw(_));
    let exists = deepest == edit.path.segments().len();
    if !(takes_away && exists) {
        found = vec![the_one(root, found, edit)?];
    }
    let mut edited = root.clone();
    for candidate in found {
        edit_at(
            &mut edited,
            &candidate.way,
            &Edit { path: candidate.key, change: edit.change.clone() },
        )?;
    }
    Ok(edited)
}

/// The includer lies over what it includes; of several included files none is the right one.
fn the_one(root: &Loaded, found: Vec<Candidate>, edit: &Edit) -> Result<Candidate, ConfigError> {
    let shortest = found.iter().map(|candidate| candidate.way.len()).min();
    let top: Vec<Candidate> =
        found.into_iter().filter(|candidate| Some(candidate.way.len()) == shortest).collect();
    match <[Candidate; 1]>::try_from(top) {
        Ok([only]) => Ok(only),
        Err(several) => {
            let files = several.iter().map(|candidate| at(root, &candidate.way).real.clone());
            let cause = Cause::Ambiguous { key: edit.path.clone(), files: files.collect() };
            Err(ConfigError::of_file(&root.real, cause))
        }
    }
}

fn at<'l>(root: &'l Loaded, way: &[(usize, usize)]) -> &'l Loaded {
    way.iter().fold(root, |file, (include, position)| &file.includes[*include].files[*position])
}

fn edit_at(root: &mut Loaded, way: &[(usize, usize)], edit: &Edit) -> Result<(), ConfigError> {
    let step = |file, (include, position): &(usize, usize)| {
        let file: &mut Loaded = file;
        &mut file.includes[*include].files[*position]
    };
    let file = way.iter().fold(root, step);
    file.document = file.document.edit(std::slice::from_ref(edit))?;
    Ok(())
}

/// Finds the candidates in `file` and below, for `path`, of which `above` segments lie above it.
fn collect(file: &Loaded, way: &Way, path: &[String], above: usize, found: &mut Vec<Candidate>) {
    let mut here = KeyPath::default();
    for depth in 0..=path.len() {
        descend(file, way, &here, &path[depth..], above + depth, found);
        let next = path.get(depth).map(|segment| here.child(segment.as_str()));
        match next.filter(|next| exists(&file.document, next)) {
            Some(next) => here = next,
            None if only_includes(file, &here) => return,
            None => {
                let key =
                    path[depth..].iter().fold(here, |key, segment| key.child(segment.as_str()));
                found.push(Candidate { way: way.clone(), key, depth: above + depth });
                return;
            }
        }
    }
}

fn descend(
    file: &Loaded,
    way: &Way,
    here: &KeyPath,
    rest: &[String],
    depth: usize,
    found: &mut Vec<Candidate>,
) {
    for (position, include) in file.includes.iter().enumerate() {
        if include.object != *here {
            continue;
        }
        for (index, included) in include.files.iter().enumerate() {
            let way = way.iter().copied().chain([(position, index)]).collect();
            collect(included, &way, rest, depth, found);
        }
    }
}

fn exists(document: &Document, path: &KeyPath) -> bool {
    document.get(path.segments()).is_some()
}

/// Whether the object at `path` is nothing but an `$include`: then its section lives elsewhere.
fn only_includes(file: &Loaded, path: &KeyPath) -> bool {
    let object = file.document.get(path.segments()).and_then(Value::as_object);
    let includes = file.included_at(path).is_some_and(|files| !files.is_empty());
    includes && object.is_some_and(|members| members.len() == 1 && members.contains_key(INCLUDE))
}
