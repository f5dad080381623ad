//! Which file an edit belongs to: the one that holds the deepest existing part of its key.

use super::load::{INCLUDE, Loaded};
use crate::openclaw::document::{Cause, Change, ConfigError, Document, Edit, KeyPath, Value};

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
pub(super) fn make(root: &Loaded, edit: &Edit) -> Result<Loaded, ConfigError> {
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
