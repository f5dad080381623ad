//! Why a config and its includes could not be read or edited: where, why, and what to do.

use std::path::{Path, PathBuf};

use super::edit::KeyPath;
use super::excerpt::Excerpt;
use super::token::Place;
use crate::fs::error::closed;
use crate::fs::own;
use crate::language::{Explain, list};

/// Why a config could not be read or edited; no file was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// Where in it.
    pub place: Option<Place>,
    /// Of a file that is not JSON5: that line with a caret; values are masked.
    pub excerpt: Option<Box<Excerpt>>,
    /// Why.
    pub cause: Cause,
    /// Whether it is a slip that [`Document::corrected`](super::Document::corrected) corrects.
    pub is_slip: bool,
    /// The `$include` that names a file which cannot be read.
    pub includer: Option<Box<Includer>>,
}

/// Where a file is included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Includer {
    /// The including file.
    pub file: PathBuf,
    /// Its `$include`.
    pub key: KeyPath,
    /// Where that stands.
    pub place: Place,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// A literal as another language writes it.
    OtherLiteral {
        /// As JSON writes it.
        right: &'static str,
    },
    /// A comment that begins with `#`.
    Hash,
    /// The fence of a Markdown code block.
    Fence,
    /// A character that nobody sees.
    Invisible {
        /// The character.
        found: char,
    },
    /// An unquoted key that is not an identifier.
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
    /// More than 256 levels.
    TooDeep,
    /// The file's value is not an object.
    RootNotAnObject,
    /// Anything else that is not JSON5.
    UnexpectedText,

    /// The file does not exist.
    Missing,
    /// The system refuses to read it.
    Io(String),
    /// It has more than one hard link, which OpenClaw refuses for includes.
    HardLinked,
    /// It is larger than OpenClaw reads: 2 MiB.
    TooLarge,
    /// It, or what its link leads to, is outside the config's directory.
    Outside,
    /// It is among the files that lead to it.
    Loop,
    /// It would be the eleventh level; OpenClaw follows ten.
    IncludedTooDeep,
    /// OpenClaw cannot read a file without a value.
    Blank,

    /// An `$include` that is neither a string nor an array of strings.
    NotAFileName(KeyPath),
    /// Other keys stand beside an `$include`, but what it includes is not an object.
    IncludesNoObject(KeyPath),
    /// More than one file could take the change.
    Ambiguous {
        /// The key.
        key: KeyPath,
        /// The files that hold its section.
        files: Vec<PathBuf>,
    },
    /// The change would not take effect, because several files contribute to the key, or would
    /// also take effect elsewhere, because the file is included twice.
    Entangled(KeyPath),

    /// A key was to be set inside something that is not an object.
    NotAnObject(KeyPath),
    /// An element was to be added to or removed from something that is not an array.
    NotAnArray(KeyPath),
    /// An array has no element of that index.
    NoSuchElement(KeyPath),
    /// The whole document can neither be removed nor replaced by something that is not an object.
    WholeDocument,
    /// The result of an edit did not pass a proof: a defect of this program.
    Internal {
        /// The key that was to be edited.
        key: KeyPath,
        /// The proof that failed.
        check: &'static str,
    },
}

/// What a cause is about, and with it what to do.
#[derive(PartialEq)]
enum Kind {
    Syntax,
    File,
    Include,
    Edit,
    Other,
}

impl Cause {
    fn kind(&self) -> Kind {
        match self {
            Self::Missing
            | Self::Io(_)
            | Self::HardLinked
            | Self::TooLarge
            | Self::Outside
            | Self::Loop
            | Self::IncludedTooDeep
            | Self::Blank => Kind::File,
            Self::NotAFileName(_) | Self::IncludesNoObject(_) => Kind::Include,
            Self::NotAnObject(_)
            | Self::NotAnArray(_)
            | Self::NoSuchElement(_)
            | Self::WholeDocument => Kind::Edit,
            Self::Ambiguous { .. } | Self::Entangled(_) | Self::Internal { .. } => Kind::Other,
            _ => Kind::Syntax,
        }
    }

    fn of_syntax(&self) -> String {
        match self {
            Self::InvalidUtf8 => say!("this is not UTF-8 text"),
            Self::MissingComma => say!("a comma is missing here"),
            Self::MissingColon => say!("a colon is missing after the key"),
            Self::MissingValue => say!("the value is missing"),
            Self::NoKey => say!("a key was expected here"),
            Self::Unclosed { opened } => say!("this “{opened}” is never closed", opened),
            Self::WrongBracket { found } => say!(
                "“{found}” closes nothing here: a bracket is missing before it, or it is one too many",
                found
            ),
            Self::ExtraComma => say!("one comma too many"),
            Self::UnclosedString => say!("this string has no closing quote"),
            Self::UnclosedComment => say!("this comment has no closing “*/”"),
            Self::BareWord => say!("a text value needs quotes"),
            Self::OtherLiteral { right } => say!("JSON writes this as {right}", right),
            Self::Hash => say!("“#” begins no comment here; “//” does"),
            Self::Fence => say!("this line is Markdown and not part of the configuration"),
            Self::Invisible { found } => say!(
                "an invisible character (U+{code}) stands here",
                code = format!("{:04X}", u32::from(*found))
            ),
            Self::BadKey => say!("this key needs quotes"),
            Self::BadNumber => say!("this is not a number"),
            Self::BadEscape => say!("this string has a malformed “\\” escape"),
            Self::FullWidth { found } => {
                say!("“{found}” is full-width punctuation, which JSON does not allow", found)
            }
            Self::TextAfterEnd => {
                say!("unexpected text after the end (one closing bracket too many?)")
            }
            Self::TooDeep => say!("more than 256 levels of brackets"),
            Self::RootNotAnObject => say!("the configuration must be an object, in “{{” and “}}”"),
            _ => say!("unexpected text"),
        }
    }

    fn of_file(&self) -> String {
        match self {
            Self::Missing => say!("does not exist"),
            Self::HardLinked => say!("has more than one hard link, which OpenClaw refuses"),
            Self::TooLarge => say!("is larger than the 2 MiB that OpenClaw reads"),
            Self::Outside => {
                say!("is outside the directory of the configuration, which OpenClaw refuses")
            }
            Self::Loop => say!("includes itself"),
            Self::IncludedTooDeep => {
                say!("is included more than 10 levels deep, which OpenClaw refuses")
            }
            Self::Blank => say!("is empty, which OpenClaw refuses"),
            Self::Io(error) => say!("cannot be read ({error})", error),
            _ => self.of_syntax(),
        }
    }

    fn of_key(&self) -> String {
        match self {
            Self::NotAFileName(key) => {
                say!("“{key}” must be a file name or an array of file names", key)
            }
            Self::IncludesNoObject(key) => say!(
                "“{key}” includes something that is not an object, although other keys stand beside it",
                key
            ),
            Self::Ambiguous { key, files } => {
                let names: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
                say!(
                    "the section of “{key}” stands in several included files ({names}), so it is not clear which one to edit",
                    key,
                    names = list(&names)
                )
            }
            Self::Entangled(key) => say!(
                "editing “{key}” in this file alone would not have exactly the wanted effect, because other files add to it or include the same file",
                key
            ),
            Self::NotAnObject(key) => say!("“{key}” is not an object", key),
            Self::NotAnArray(key) => say!("“{key}” is not an array", key),
            Self::NoSuchElement(key) => say!("the array has no element “{key}”", key),
            Self::WholeDocument => {
                say!("the whole configuration cannot be removed or replaced by a single value")
            }
            Self::Internal { key, check } => say!(
                "setting “{key}” did not pass the editor's own check “{check}”, so it was not done; this is a defect of openclaw-setup",
                key,
                check
            ),
            _ => self.of_syntax(),
        }
    }

    fn correction(&self) -> String {
        match self {
            Self::InvalidUtf8 => say!("Save the file as UTF-8"),
            Self::MissingComma => say!("Put a comma at the caret"),
            Self::ExtraComma => say!("Remove the comma at the caret"),
            Self::FullWidth { .. } => say!("Type it again with an English (half-width) keyboard"),
            Self::BareWord | Self::BadKey => say!("Put it in double quotes"),
            Self::OtherLiteral { right } => say!("Write {right}", right),
            Self::Hash => say!("Write // in place of #"),
            Self::Fence => say!("Remove the line"),
            Self::Invisible { .. } => say!("Remove it (it is at the caret)"),
            Self::Unclosed { .. } => say!("Close the bracket at the caret where its content ends"),
            _ => say!("Correct the file at the caret"),
        }
    }
}

impl From<std::io::Error> for Cause {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Io(error.to_string()),
        }
    }
}

impl ConfigError {
    /// The file at `path` cannot be read, or not be edited as a whole.
    pub(in crate::openclaw) fn of_file(path: &Path, cause: Cause) -> Self {
        let path = path.to_owned();
        Self { path, place: None, excerpt: None, cause, is_slip: false, includer: None }
    }

    /// Something at `place` of the file at `path`.
    pub(in crate::openclaw) fn at(path: &Path, place: Place, cause: Cause) -> Self {
        Self { place: Some(place), ..Self::of_file(path, cause) }
    }

    /// The same of a file that cannot be read: it is included there.
    pub(in crate::openclaw) fn included_by(self, includer: Includer) -> Self {
        let is_new = self.cause.kind() == Kind::File && self.includer.is_none();
        Self { includer: if is_new { Some(Box::new(includer)) } else { self.includer }, ..self }
    }
}

impl Explain for ConfigError {
    fn problem(&self) -> crate::language::Problem {
        crate::language::Problem::new(self.code(), self.message(), self.hint())
    }

    fn code(&self) -> &'static str {
        match (&self.cause, self.cause.kind()) {
            (Cause::NotAnObject(_), _) => "config.not-an-object",
            (Cause::NotAnArray(_), _) => "config.not-an-array",
            (Cause::NoSuchElement(_), _) => "config.no-such-element",
            (Cause::WholeDocument, _) => "config.whole-document",
            (Cause::Ambiguous { .. }, _) => "config.ambiguous-file",
            (Cause::Entangled(_), _) => "config.entangled",
            (Cause::Internal { .. }, _) => "config.internal",
            (_, Kind::Include) => "config.bad-include",
            (_, Kind::File) if self.includer.is_some() => "config.include-unreadable",
            (Cause::Missing, _) => "config.missing",
            (_, Kind::File) => "config.unreadable",
            _ => "config.syntax",
        }
    }

    fn message(&self) -> String {
        let path = self.path.display();
        if let Some(includer) = &self.includer {
            let Includer { file, key, place: Place { line, column } } = &**includer;
            return say!(
                "{path} {why}; “{key}” in {file}, line {line}, column {column}, includes it",
                path,
                why = self.cause.of_file(),
                key,
                file = file.display(),
                line,
                column
            );
        }
        if self.cause.kind() == Kind::File {
            return say!("OpenClaw's configuration {path} {why}", path, why = self.cause.of_file());
        }
        let reason = self.cause.of_key();
        let Some(Place { line, column }) = self.place else {
            return say!("{path}: {reason}", path, reason);
        };
        let text =
            say!("{path}, line {line}, column {column}: {reason}", path, line, column, reason);
        match &self.excerpt {
            Some(excerpt) => format!("{text}\n{excerpt}"),
            None => text,
        }
    }

    fn hint(&self) -> String {
        match (self.cause.kind(), &self.cause) {
            (Kind::File, Cause::Missing) if self.includer.is_none() => {
                say!("Set OpenClaw up first: openclaw onboard")
            }
            (_, Cause::Io(_)) if own::barrier(&self.path).is_some() => closed(&self.path),
            (Kind::File, _) if self.includer.is_none() => say!(
                "Make it readable, then run the command again:\nls -l {path}",
                path = self.path.display()
            ),
            (Kind::File | Kind::Include, _) => say!(
                "Correct the $include or the file, then run the command again. Nothing was changed."
            ),
            (_, Cause::Ambiguous { key, .. } | Cause::Entangled(key)) => say!(
                "Move “{key}” into one file by hand, then run the command again. Nothing was changed.",
                key
            ),
            (_, Cause::Internal { .. }) => say!(
                "Make this change by hand, run the command again, and report the defect. Nothing was changed."
            ),
            (Kind::Edit, _) => say!(
                "Correct this value by hand (OpenClaw expects another kind here), then run the command again. Nothing was changed."
            ),
            (_, cause) if self.is_slip => say!(
                "{correction}, or let it be corrected: openclaw-setup doctor --fix config.syntax. Nothing was changed.",
                correction = cause.correction()
            ),
            (_, cause) => say!(
                "{correction}, then run the command again. Nothing was changed.",
                correction = cause.correction()
            ),
        }
    }
}
