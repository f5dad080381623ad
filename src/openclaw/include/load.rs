//! Follows every `$include` from a config downward.
//!
//! What a config with its includes amounts to, merged as OpenClaw merges.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use crate::fs::foreign;
use crate::openclaw::document::{Cause, ConfigError, Document, Includer, KeyPath, Place, Value};

/// OpenClaw 2026.3.13 follows this many levels of includes.
const DEEPEST: usize = 10;
/// The key that includes.
pub(super) const INCLUDE: &str = "$include";

/// A file, and the files that it includes.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    /// Where the file really is, links followed.
    pub(super) real: PathBuf,
    pub(super) document: Document,
    pub(super) includes: Vec<Include>,
}

/// An object with an `$include`.
#[derive(Debug, Clone)]
pub(super) struct Include {
    /// The object's path in its file.
    pub(super) object: KeyPath,
    /// What it includes, in order: later ones lie over earlier ones.
    pub(super) files: Vec<Loaded>,
}

impl Loaded {
    /// The files that the object at `path` of this file includes.
    pub(super) fn included_at(&self, path: &KeyPath) -> Option<&[Loaded]> {
        let include = self.includes.iter().find(|include| include.object == *path)?;
        Some(&include.files)
    }

    /// Where a key stands: the includer lies over what it includes, a later file over an earlier one.
    pub(super) fn place_of(&self, path: &[&str]) -> Option<(&Path, Place)> {
        let below = || {
            self.includes.iter().find_map(|include| {
                let object: Vec<&str> =
                    include.object.segments().iter().map(String::as_str).collect();
                let rest = path.strip_prefix(object.as_slice())?;
                include.files.iter().rev().find_map(|file| file.place_of(rest))
            })
        };
        let here = self.document.place_of(path);
        here.map(|place| (self.real.as_path(), place)).or_else(below)
    }

    /// This file and all below it.
    pub(super) fn all(&self) -> Vec<&Loaded> {
        let below = self.includes.iter().flat_map(|include| &include.files);
        std::iter::once(self).chain(below.flat_map(Self::all)).collect()
    }
}

/// The config at `path`, which is absolute, with everything that it includes.
pub(super) fn load(path: &Path) -> Result<Loaded, ConfigError> {
    let source = config(path).map_err(|cause| ConfigError::of_file(path, cause))?;
    let document = Document::parse(path, &source.bytes)?;
    let path = normalized(path);
    let directory = path.parent().unwrap_or(&path).to_owned();
    let search = Search { directory, chain: vec![path] };
    search.follow(source, document)
}

/// Where the search stands: the config's directory, and the files that led here.
struct Search {
    directory: PathBuf,
    chain: Vec<PathBuf>,
}

impl Search {
    fn follow(&self, source: Source, document: Document) -> Result<Loaded, ConfigError> {
        let mut includes = Vec::new();
        self.visit(&document, document.value(), &KeyPath::default(), &mut includes)?;
        Ok(Loaded { real: source.real, document, includes })
    }

    fn visit(
        &self,
        document: &Document,
        value: &Value,
        path: &KeyPath,
        includes: &mut Vec<Include>,
    ) -> Result<(), ConfigError> {
        match value {
            Value::Array(elements) => {
                elements.iter().enumerate().try_for_each(|(index, element)| {
                    self.visit(document, element, &path.child(index.to_string()), includes)
                })
            }
            Value::Object(members) => {
                if let Some(wanted) = members.get(INCLUDE) {
                    let files = self.include(document, &path.child(INCLUDE), wanted)?;
                    includes.push(Include { object: path.clone(), files });
                }
                let others = members.iter().filter(|(name, _)| *name != INCLUDE);
                others.into_iter().try_for_each(|(name, value)| {
                    self.visit(document, value, &path.child(name.as_str()), includes)
                })
            }
            _ => Ok(()),
        }
    }

    fn include(
        &self,
        document: &Document,
        key: &KeyPath,
        wanted: &Value,
    ) -> Result<Vec<Loaded>, ConfigError> {
        let names = wanted.as_array().unwrap_or(std::slice::from_ref(wanted));
        let load = |name: &Value| {
            let place = at(document, key);
            let name = name.as_str().ok_or_else(|| {
                ConfigError::at(document.path(), place, Cause::NotAFileName(key.clone()))
            })?;
            self.include_one(name).map_err(|error| {
                let by = Includer { file: document.path().to_owned(), key: key.clone(), place };
                error.included_by(by)
            })
        };
        names.iter().map(load).collect()
    }

    fn include_one(&self, name: &str) -> Result<Loaded, ConfigError> {
        let including = self.chain.last().and_then(|file| file.parent());
        let path = normalized(&including.unwrap_or(&self.directory).join(name));
        let refused = |cause| ConfigError::of_file(&path, cause);
        if self.chain.contains(&path) {
            return Err(refused(Cause::Loop));
        }
        if self.chain.len() > DEEPEST {
            return Err(refused(Cause::IncludedTooDeep));
        }
        let source = include(&path, &self.directory).map_err(refused)?;
        let document = Document::parse_any(&path, &source.bytes)?;
        if document.is_blank() {
            return Err(refused(Cause::Blank));
        }
        let mut chain = self.chain.clone();
        chain.push(path);
        Search { directory: self.directory.clone(), chain }.follow(source, document)
    }
}

/// Where the `$include` at `key` stands.
pub(super) fn at(document: &Document, key: &KeyPath) -> Place {
    document.place_of(key.segments()).unwrap_or(Place { line: 1, column: 1 })
}

/// OpenClaw 2026.3.13's limit for an included file, in bytes.
const LARGEST_INCLUDE: u64 = 2 * 1024 * 1024;

/// A file that was read: its real path and its bytes.
struct Source {
    pub(super) real: PathBuf,
    pub(super) bytes: Vec<u8>,
}

/// The main config: any regular file, also behind a symbolic link.
fn config(path: &Path) -> Result<Source, Cause> {
    let real = path.canonicalize()?;
    let file = open(&real)?;
    read(real, file)
}

/// An included file: inside `directory` by name and in reality, one link, at most 2 MiB.
fn include(path: &Path, directory: &Path) -> Result<Source, Cause> {
    if !path.starts_with(directory) {
        return Err(Cause::Outside);
    }
    let real = path.canonicalize()?;
    if !real.starts_with(directory.canonicalize()?) {
        return Err(Cause::Outside);
    }
    let file = open(&real)?;
    let metadata = file.metadata()?;
    if metadata.nlink() > 1 {
        return Err(Cause::HardLinked);
    }
    if metadata.len() > LARGEST_INCLUDE {
        return Err(Cause::TooLarge);
    }
    read(real, file)
}

fn open(real: &Path) -> Result<File, Cause> {
    Ok(foreign::open(real).map_err(io::Error::from)?)
}

fn read(real: PathBuf, file: File) -> Result<Source, Cause> {
    let bytes = foreign::read_open(file, &real, foreign::TEXT_LIMIT).map_err(io::Error::from)?;
    Ok(Source { real, bytes })
}

/// The path without `.` and `..`, by its words alone, as Node's `path.normalize` does.
fn normalized(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            component => plain.push(component),
        }
    }
    plain
}

/// What OpenClaw makes of `file` and everything below it, `${VAR}` left as it is.
pub(super) fn effective(file: &Loaded) -> Result<Value, ConfigError> {
    expand(file, file.document.value(), &KeyPath::default())
}

fn expand(file: &Loaded, value: &Value, path: &KeyPath) -> Result<Value, ConfigError> {
    match value {
        Value::Array(elements) => {
            let parts = elements.iter().enumerate();
            let expanded =
                parts.map(|(index, part)| expand(file, part, &path.child(index.to_string())));
            Ok(Value::Array(expanded.collect::<Result<_, _>>()?))
        }
        Value::Object(members) => {
            let others = members.iter().filter(|(name, _)| *name != INCLUDE);
            let expanded = others.map(|(name, part)| {
                Ok((name.clone(), expand(file, part, &path.child(name.as_str()))?))
            });
            let own = Value::Object(expanded.collect::<Result<_, ConfigError>>()?);
            match file.included_at(path).filter(|_| members.contains_key(INCLUDE)) {
                Some(files) => over_included(file, own, files, members.len() > 1, path),
                None => Ok(own),
            }
        }
        scalar => Ok(scalar.clone()),
    }
}

fn over_included(
    file: &Loaded,
    own: Value,
    files: &[Loaded],
    has_siblings: bool,
    path: &KeyPath,
) -> Result<Value, ConfigError> {
    // An array of includes is merged from an empty object upward; a single one stands for itself.
    let included = match (files, file.document.get(path.child(INCLUDE).segments())) {
        ([only], Some(Value::String(_))) => effective(only)?,
        _ => files.iter().try_fold(Value::object(), |below, file| {
            Ok::<_, ConfigError>(merge(below, effective(file)?))
        })?,
    };
    match included {
        included if !has_siblings => Ok(included),
        included @ Value::Object(_) => Ok(merge(included, own)),
        _ => {
            let key = path.child(INCLUDE);
            Err(ConfigError::at(
                file.document.path(),
                at(&file.document, &key),
                Cause::IncludesNoObject(key),
            ))
        }
    }
}

/// Keys that OpenClaw drops from the upper layer (they would reach into JavaScript's prototypes).
const BLOCKED: [&str; 3] = ["__proto__", "prototype", "constructor"];

/// `upper` over `lower`: objects merge deeply, arrays are joined (lower first), else upper wins
/// (`deepMerge` of OpenClaw 2026.3.13).
fn merge(lower: Value, upper: Value) -> Value {
    match (lower, upper) {
        (Value::Array(mut lower), Value::Array(upper)) => {
            lower.extend(upper);
            Value::Array(lower)
        }
        (Value::Object(mut lower), Value::Object(upper)) => {
            for (key, value) in upper.into_iter().filter(|(key, _)| !BLOCKED.contains(&&**key)) {
                match lower.get_mut(&key) {
                    Some(below) => *below = merge(std::mem::replace(below, Value::Null), value),
                    None => {
                        lower.insert(key, value);
                    }
                }
            }
            Value::Object(lower)
        }
        (_, upper) => upper,
    }
}

#[cfg(test)]
mod tests {
    use super::merge;
    use crate::openclaw::document::Value;

    #[test]
    fn layers_merge_as_in_openclaw() {
        let value =
            |json: &str| Value::from(serde_json::from_str::<serde_json::Value>(json).unwrap());
        for (lower, upper, merged) in [
            (r#"{"a":1,"b":{"c":1}}"#, r#"{"b":{"d":2},"a":3}"#, r#"{"a":3,"b":{"c":1,"d":2}}"#),
            (r#"{"l":[1]}"#, r#"{"l":[1,2]}"#, r#"{"l":[1,1,2]}"#),
            (r#"{"a":{"b":1}}"#, r#"{"a":2}"#, r#"{"a":2}"#),
            (r#"{"a":[1]}"#, r#"{"a":null,"__proto__":{}}"#, r#"{"a":null}"#),
            ("[1]", "{}", "{}"),
        ] {
            assert_eq!(merge(value(lower), value(upper)), value(merged));
        }
    }
}
