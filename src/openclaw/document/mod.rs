//! A JSON5 config that can be edited without disturbing a byte beside the edit.
//!
//! [`Document::parse`] finds every value's bytes; [`Document::edit`] splices new text in the style
//! of its neighbours, parses the result again, and returns it only if it means what was intended
//! and differs nowhere else. See [`edit`] for what each edit does to the text.

pub mod edit;
mod error;
mod excerpt;
pub mod mask;
mod parse;
mod slip;
mod steps;
mod token;
mod value;
mod write;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

pub use edit::{Change, Edit, KeyPath};
pub use error::{Cause, ConfigError, Includer};
pub use excerpt::{Excerpt, masked};

pub use token::Place;
pub use value::{Value, escape_substitution, is_reference, references, substituted};

use parse::Node;
use steps::Splice;

/// A config file's text and meaning. `Debug` shows neither.
#[derive(Clone)]
pub struct Document {
    path: PathBuf,
    text: String,
    root: Option<Node>,
    value: Value,
}

/// A key that stands twice in one object: JSON5 takes the last, and so does every edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateKey {
    /// The key.
    pub key: KeyPath,
    /// Where the member stands that is overruled by a later one.
    pub overruled: Place,
    /// Where the member stands that counts.
    pub effective: Place,
}

impl Document {
    /// Reads a main config: an object, or nothing but white space and comments.
    /// `path` is only for messages.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ConfigError> {
        let document = Self::parse_any(path, bytes)?;
        match &document.root {
            Some(root) if !root.is_object(&document.text) => Err(ConfigError::of_syntax(
                path,
                &document.text,
                root.span.start,
                Cause::RootNotAnObject,
            )),
            _ => Ok(document),
        }
    }

    /// Reads a file whose value may be of any kind, as an included one's may.
    pub fn parse_any(path: &Path, bytes: &[u8]) -> Result<Self, ConfigError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let text = String::from_utf8_lossy(bytes);
            ConfigError::of_syntax(path, &text, error.valid_up_to(), Cause::InvalidUtf8)
        })?;
        Self::of_text(path, text.to_owned())
    }

    fn of_text(path: &Path, text: String) -> Result<Self, ConfigError> {
        let parsed = parse::parse(&text).map_err(|fault| {
            mask::learn_from_broken(&text);
            ConfigError::of_syntax(path, &text, fault.offset, fault.cause)
        })?;
        let (root, value) = parsed.map_or((None, Value::object()), |(root, v)| (Some(root), v));
        mask::learn_secrets(&value);
        Ok(Self { path: path.to_owned(), text, root, value })
    }

    /// The bytes of a broken config with its slips of the hand corrected, where each can have meant
    /// one thing only.
    pub fn corrected(bytes: &[u8]) -> Option<Vec<u8>> {
        slip::corrected(std::str::from_utf8(bytes).ok()?).map(String::into_bytes)
    }

    /// What is wrong at the byte `offset`.
    fn error(&self, offset: usize, cause: Cause) -> ConfigError {
        ConfigError::at(&self.path, Place::of(&self.text, offset), cause)
    }

    /// The file's path, as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's bytes, a byte order mark included.
    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Whether the file holds only white space and comments, which OpenClaw refuses to read.
    pub fn is_blank(&self) -> bool {
        self.root.is_none()
    }

    /// The meaning of the whole file; of a blank one, an empty object.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// What stands at `path`; a segment such as `0` also selects an array's element.
    pub fn get<S: AsRef<str>>(&self, path: &[S]) -> Option<&Value> {
        self.value.get(path)
    }

    /// Where the key (or element) at `path` stands.
    pub fn place_of<S: AsRef<str>>(&self, path: &[S]) -> Option<Place> {
        let (last, parents) = path.split_last()?;
        let root = self.root.as_ref()?;
        let parent = parents.iter().try_fold(root, |node, segment| node.child(segment.as_ref()))?;
        let part = &parent.parts[parent.position(last.as_ref())?];
        Some(Place::of(&self.text, part.span().start))
    }

    /// The keys that stand twice in one object, in the order of the text.
    pub fn warnings(&self) -> Vec<DuplicateKey> {
        let mut found = Vec::new();
        if let Some(root) = &self.root {
            self.collect_duplicates(root, &KeyPath::default(), &mut found);
        }
        found.sort_by_key(|duplicate| duplicate.overruled);
        found
    }

    fn collect_duplicates(&self, node: &Node, path: &KeyPath, found: &mut Vec<DuplicateKey>) {
        let mut last = HashMap::new();
        for (index, part) in node.parts.iter().enumerate().rev() {
            let Some((name, span)) = &part.key else {
                self.collect_duplicates(&part.value, &path.child(index.to_string()), found);
                continue;
            };
            let key = path.child(name.as_str());
            self.collect_duplicates(&part.value, &key, found);
            let effective = *last.entry(name).or_insert(span.start);
            if effective != span.start {
                let place = |offset| Place::of(&self.text, offset);
                let (overruled, effective) = (place(span.start), place(effective));
                found.push(DuplicateKey { key, overruled, effective });
            }
        }
    }

    /// Makes `edits` in order. Either all succeed or nothing is returned.
    pub fn edit(&self, edits: &[Edit]) -> Result<Self, ConfigError> {
        edits.iter().try_fold(self.clone(), Self::make)
    }

    /// Each step is parsed again: for the places of the next one, and as the proof of this one.
    fn make(self, edit: &Edit) -> Result<Self, ConfigError> {
        let intended = edit.applied_to(&self.value);
        let steps = edit.split(&self.value);
        let mut document = self;
        for step in &steps {
            let wanted = step.applied_to(&document.value);
            while let Some(splices) = steps::next_splices(&document, step)? {
                if document.value == wanted {
                    break;
                }
                document =
                    document.spliced(&splices).map_err(|check| document.defect(edit, check))?;
            }
        }
        if document.value == intended {
            Ok(document)
        } else {
            Err(document.defect(edit, "meaning"))
        }
    }

    /// The document with the splices made: still JSON5, and unchanged outside them.
    fn spliced(&self, splices: &[Splice]) -> Result<Self, &'static str> {
        let text = steps::apply(&self.text, splices).ok_or("splices")?;
        if !steps::is_same_outside(&self.text, &text, splices) || text == self.text {
            return Err("bytes outside");
        }
        Self::of_text(&self.path, text).map_err(|_| "syntax")
    }

    fn defect(&self, edit: &Edit, check: &'static str) -> ConfigError {
        let cause = Cause::Internal { key: edit.path.clone(), check };
        ConfigError::of_file(&self.path, cause)
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.text.len();
        formatter
            .debug_struct("Document")
            .field("path", &self.path)
            .field("bytes", &bytes)
            .finish_non_exhaustive()
    }
}

impl ConfigError {
    /// A text that is not JSON5 as OpenClaw reads it.
    fn of_syntax(path: &Path, text: &str, offset: usize, cause: Cause) -> Self {
        // An error at the end of the file is shown where its text ends, not on an empty line.
        let offset = offset.min(text.trim_end().len());
        let excerpt = Some(Box::new(Excerpt::of(text, offset)));
        let is_slip = slip::corrected(text).is_some();
        Self { excerpt, is_slip, ..Self::at(path, Place::of(text, offset), cause) }
    }
}
