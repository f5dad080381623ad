//! Why an edit was not made.

use std::path::PathBuf;

use super::key_path::KeyPath;
use super::place::Place;
use crate::language::Explain;
use crate::say;

/// A proof that an edit's result has to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The spans of one edit are apart, and take away nothing but what the edit names.
    Splices,
    /// The bytes outside the spans are the same.
    BytesOutside,
    /// The result is JSON5.
    Syntax,
    /// The result means what was intended.
    Meaning,
}

/// An edit that could not be made; the document is as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditError {
    /// A key was to be set inside something that is no object.
    NotAnObject {
        /// The file.
        path: PathBuf,
        /// The value that should have been an object.
        key: KeyPath,
        /// Where it stands.
        place: Place,
    },
    /// An element was to be added to or taken from something that is no array.
    NotAnArray {
        /// The file.
        path: PathBuf,
        /// The value that should have been an array.
        key: KeyPath,
        /// Where it stands.
        place: Place,
    },
    /// An array has no element of that index.
    NoSuchElement {
        /// The file.
        path: PathBuf,
        /// The element.
        key: KeyPath,
        /// Where the array stands.
        place: Place,
    },
    /// The whole document can neither be removed nor replaced by something that is no object.
    WholeDocument {
        /// The file.
        path: PathBuf,
    },
    /// A proof failed: a defect of this program.
    Internal {
        /// The file.
        path: PathBuf,
        /// The key that was to be edited.
        key: KeyPath,
        /// The proof that failed.
        check: Check,
    },
}

impl Explain for EditError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAnObject { .. } => "config.not-an-object",
            Self::NotAnArray { .. } => "config.not-an-array",
            Self::NoSuchElement { .. } => "config.no-such-element",
            Self::WholeDocument { .. } => "config.whole-document",
            Self::Internal { .. } => "config.internal",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::NotAnObject { path, key, place } => {
                let (path, Place { line, column }) = (path.display(), place);
                say!(
                    "{path}, line {line}, column {column}: “{key}” is no object, so no key can be set inside it",
                    path,
                    line,
                    column,
                    key
                )
            }
            Self::NotAnArray { path, key, place } => {
                let (path, Place { line, column }) = (path.display(), place);
                say!(
                    "{path}, line {line}, column {column}: “{key}” is no array",
                    path,
                    line,
                    column,
                    key
                )
            }
            Self::NoSuchElement { path, key, place } => {
                let (path, Place { line, column }) = (path.display(), place);
                say!(
                    "{path}, line {line}, column {column}: the array has no element “{key}”",
                    path,
                    line,
                    column,
                    key
                )
            }
            Self::WholeDocument { path } => {
                let path = path.display();
                say!(
                    "{path}: the whole configuration cannot be removed or replaced by a single value",
                    path
                )
            }
            Self::Internal { path, key, check } => {
                let path = path.display();
                say!(
                    "{path}: setting “{key}” did not pass the editor's own check “{check}”, so it was not done; this is a defect of openclaw-setup",
                    path,
                    key,
                    check = format!("{check:?}")
                )
            }
        }
    }

    fn hint(&self) -> String {
        if let Self::Internal { .. } = self {
            say!(
                "Make this change by hand, run the command again, and report the defect. Nothing was changed."
            )
        } else {
            say!(
                "Correct this value by hand (OpenClaw expects another kind here), then run the command again. Nothing was changed."
            )
        }
    }
}
