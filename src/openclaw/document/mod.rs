//! A JSON5 config that can be edited without disturbing a byte beside the edit.
//!
//! [`Document::parse`] finds every value's bytes; [`Document::edit`] splices new text in the style
//! of its neighbours, parses the result again, and returns it only if it means what was intended
//! and differs nowhere else. See [`edit`] for what each edit does to the text.

mod check;
pub mod edit;
mod error;
mod excerpt;
mod identifier;
mod insert;
mod key_path;
mod lexical;
mod list;
pub mod mask;
mod parse;
mod place;
mod remove;
mod splice;
mod steps;
mod style;
mod substitution;
mod syntax;
mod tree;
mod value;
mod write;

use std::fmt;
use std::path::{Path, PathBuf};

pub use edit::Edit;
pub use error::{Check, EditError};
pub use excerpt::Excerpt;
pub use key_path::KeyPath;
pub use place::Place;
pub use substitution::{escape_substitution, is_reference, references, substituted};
pub use syntax::{Cause, SyntaxError};
pub use value::Value;

use syntax::Fault;
use tree::{Content, Node};

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
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, SyntaxError> {
        let document = Self::parse_any(path, bytes)?;
        match &document.root {
            Some(Node { content: Content::Scalar(_) | Content::Array(_), span }) => {
                let fault = Fault::new(span.start, Cause::NotAnObject);
                Err(SyntaxError::new(path, &document.text, &fault))
            }
            _ => Ok(document),
        }
    }

    /// Reads a file whose value may be of any kind, as an included one's may.
    pub fn parse_any(path: &Path, bytes: &[u8]) -> Result<Self, SyntaxError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let fault = Fault::new(error.valid_up_to(), Cause::InvalidUtf8);
            SyntaxError::new(path, &String::from_utf8_lossy(bytes), &fault)
        })?;
        Self::of_text(path, text.to_owned())
            .map_err(|(text, fault)| SyntaxError::new(path, &text, &fault))
    }

    fn of_text(path: &Path, text: String) -> Result<Self, (String, Fault)> {
        match parse::parse(&text) {
            Ok(root) => {
                let value = root.as_ref().map_or_else(Value::object, Node::value);
                mask::learn_secrets(&value);
                Ok(Self { path: path.to_owned(), text, root, value })
            }
            Err(fault) => Err((text, fault)),
        }
    }

    /// The file's path, as given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's bytes, a byte order mark included.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Whether the file holds only white space and comments, which OpenClaw refuses to read.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.root.is_none()
    }

    /// The meaning of the whole file; of a blank one, an empty object.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// What stands at `path`; a segment such as `0` also selects an array's element.
    #[must_use]
    pub fn get<S: AsRef<str>>(&self, path: &[S]) -> Option<&Value> {
        self.value.get(path)
    }

    /// Where the key (or element) at `path` stands.
    #[must_use]
    pub fn place_of<S: AsRef<str>>(&self, path: &[S]) -> Option<Place> {
        let (last, parents) = path.split_last()?;
        let node = self.root.as_ref()?;
        let parent = parents.iter().try_fold(node, |node, segment| node.child(segment.as_ref()))?;
        let offset = match &parent.content {
            Content::Object(members) => {
                members.iter().rfind(|member| member.name == last.as_ref())?.key.start
            }
            _ => parent.child(last.as_ref())?.span.start,
        };
        Some(Place::of(&self.text, offset))
    }

    /// The keys that stand twice in one object, in the order of the text.
    #[must_use]
    pub fn warnings(&self) -> Vec<DuplicateKey> {
        let mut found = Vec::new();
        if let Some(root) = &self.root {
            self.collect_duplicates(root, &KeyPath::default(), &mut found);
        }
        found.sort_by_key(|duplicate| duplicate.overruled);
        found
    }

    fn collect_duplicates(&self, node: &Node, path: &KeyPath, found: &mut Vec<DuplicateKey>) {
        match &node.content {
            Content::Scalar(_) => {}
            Content::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.collect_duplicates(element, &path.child(index.to_string()), found);
                }
            }
            Content::Object(members) => {
                let mut last = std::collections::HashMap::new();
                for member in members.iter().rev() {
                    let key = path.child(&*member.name);
                    self.collect_duplicates(&member.value, &key, found);
                    let effective = *last.entry(&member.name).or_insert(member.key.start);
                    if effective != member.key.start {
                        found.push(DuplicateKey {
                            key,
                            overruled: Place::of(&self.text, member.key.start),
                            effective: Place::of(&self.text, effective),
                        });
                    }
                }
            }
        }
    }

    /// Makes `edits` in order. Either all succeed or nothing is returned.
    pub fn edit(&self, edits: &[Edit]) -> Result<Self, EditError> {
        edits.iter().try_fold(self.clone(), |document, edit| document.make(edit))
    }

    fn make(&self, edit: &Edit) -> Result<Self, EditError> {
        let intended = edit.applied_to(&self.value);
        let mut document = self.clone();
        while let Some(splices) = steps::next_splices(&document, edit)? {
            if document.value == intended {
                break;
            }
            document = check::spliced(&document, &splices, edit)?;
        }
        check::means(&document, &intended, edit)?;
        Ok(document)
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
