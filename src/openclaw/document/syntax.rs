//! What is wrong with a text that OpenClaw cannot read: where, why, and what to do.

use std::path::{Path, PathBuf};

use super::excerpt::Excerpt;
use super::place::Place;
use crate::language::Explain;
use crate::say;

/// The likely cause of a syntax error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The bytes are not UTF-8.
    InvalidUtf8,
    /// Two members or elements without a comma between them.
    MissingComma,
    /// A key without a colon.
    MissingColon,
    /// A key without a value.
    MissingValue,
    /// A value where a key was expected.
    NoKey,
    /// A bracket that is never closed.
    Unclosed {
        /// `{` or `[`.
        opened: char,
    },
    /// A closing bracket that closes nothing, or the wrong thing.
    WrongBracket {
        /// `}` or `]`.
        found: char,
    },
    /// A comma too many.
    ExtraComma,
    /// A string without its closing quote.
    UnclosedString,
    /// A comment without `*/`.
    UnclosedComment,
    /// A value without quotes.
    BareWord,
    /// An unquoted key that is no identifier.
    BadKey,
    /// A malformed number.
    BadNumber,
    /// A malformed `\` escape in a string, or half of a surrogate pair.
    BadEscape,
    /// Punctuation of a Chinese input method.
    FullWidth {
        /// The character.
        found: char,
    },
    /// Something after the end of the value.
    TextAfterEnd,
    /// More than 512 levels.
    TooDeep,
    /// The file's value is no object.
    NotAnObject,
    /// Anything else.
    UnexpectedText,
}

/// A cause at a byte.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) cause: Cause,
}

impl Fault {
    pub(super) fn new(offset: usize, cause: Cause) -> Self {
        Self { offset, cause }
    }
}

/// A config text that is no JSON5 as OpenClaw reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The file.
    pub path: PathBuf,
    /// Line and column of the place to look at.
    pub place: Place,
    /// That line with a caret; values are masked.
    pub excerpt: Excerpt,
    /// The likely cause.
    pub cause: Cause,
}

impl SyntaxError {
    pub(super) fn new(path: &Path, text: &str, fault: &Fault) -> Self {
        // An error at the end of the file is shown where its text ends, not on an empty line.
        let offset = fault.offset.min(text.trim_end().len());
        Self {
            path: path.to_owned(),
            place: Place::of(text, offset),
            excerpt: Excerpt::of(text, offset),
            cause: fault.cause,
        }
    }

    fn reason(&self) -> String {
        match self.cause {
            Cause::InvalidUtf8 => say!("this is not UTF-8 text"),
            Cause::MissingComma => say!("a comma is missing here"),
            Cause::MissingColon => say!("a colon is missing after the key"),
            Cause::MissingValue => say!("the value is missing"),
            Cause::NoKey => say!("a key was expected here"),
            Cause::Unclosed { opened } => say!("this “{opened}” is never closed", opened),
            Cause::WrongBracket { found } => say!(
                "“{found}” closes nothing here: a bracket is missing before it, or it is one too many",
                found
            ),
            Cause::ExtraComma => say!("one comma too many"),
            Cause::UnclosedString => say!("this string has no closing quote"),
            Cause::UnclosedComment => say!("this comment has no closing “*/”"),
            _ => self.reason_of_a_word(),
        }
    }

    fn reason_of_a_word(&self) -> String {
        match self.cause {
            Cause::BareWord => say!("a text value needs quotes"),
            Cause::BadKey => say!("this key needs quotes"),
            Cause::BadNumber => say!("this is no number"),
            Cause::BadEscape => say!("this string has a malformed “\\” escape"),
            Cause::FullWidth { found } => {
                say!("“{found}” is full-width punctuation, which JSON does not know", found)
            }
            Cause::TextAfterEnd => say!(
                "there is text after the end of the configuration: a closing bracket too many before it?"
            ),
            Cause::TooDeep => say!("more than 512 levels of brackets"),
            Cause::NotAnObject => say!("the configuration must be an object, in “{{” and “}}”"),
            _ => say!("unexpected text"),
        }
    }

    fn correction(&self) -> String {
        match self.cause {
            Cause::InvalidUtf8 => say!("Save the file as UTF-8"),
            Cause::MissingComma => say!("Put a comma at the caret"),
            Cause::ExtraComma => say!("Take the comma at the caret away"),
            Cause::FullWidth { .. } => say!("Type it again with an English (half-width) keyboard"),
            Cause::BareWord | Cause::BadKey => say!("Put it in double quotes"),
            _ => say!("Correct the file at the caret"),
        }
    }
}

impl Explain for SyntaxError {
    fn code(&self) -> &'static str {
        "config.syntax"
    }

    fn message(&self) -> String {
        let (path, place) = (self.path.display(), self.place);
        let (line, column) = (place.line, place.column);
        let (reason, excerpt) = (self.reason(), &self.excerpt);
        say!(
            "{path}, line {line}, column {column}: {reason}\n{excerpt}",
            path,
            line,
            column,
            reason,
            excerpt
        )
    }

    fn hint(&self) -> String {
        let correction = self.correction();
        say!("{correction}, then run the command again. Nothing was changed.", correction)
    }
}
