//! Why a config and its includes could not be read or edited.

use std::io;
use std::path::PathBuf;

use crate::language::Explain;
use crate::openclaw::document::{EditError, KeyPath, Place, SyntaxError};
use crate::say;

/// Why a file could not be read.
#[derive(Debug)]
pub enum Unreadable {
    /// It does not exist.
    Missing,
    /// The system refuses.
    Io(io::Error),
    /// It is a directory, a pipe, or the like.
    NotAFile,
    /// It has more than one hard link, which OpenClaw refuses for includes.
    HardLinked,
    /// It is larger than OpenClaw reads: 2 MiB.
    TooLarge,
    /// It, or what its link leads to, is outside the config's directory.
    Outside,
    /// It is among the files that lead to it.
    Loop,
    /// It would be the eleventh level; OpenClaw follows ten.
    TooDeep,
    /// OpenClaw cannot read a file without a value.
    Blank,
}

/// What an `$include` asks for that OpenClaw does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadInclude {
    /// It is neither a string nor an array of strings.
    Kind,
    /// Other keys stand beside it, but what it includes is no object.
    NotAnObject,
}

/// Why a config could not be read or edited; no file was changed.
#[derive(Debug)]
pub enum ConfigError {
    /// The main config could not be read.
    Config {
        /// The config as named.
        path: PathBuf,
        /// Why.
        why: Unreadable,
    },
    /// A file is no JSON5.
    Syntax(SyntaxError),
    /// An included file could not be read.
    Include {
        /// The included file.
        path: PathBuf,
        /// Why.
        why: Unreadable,
        /// The including file.
        file: PathBuf,
        /// Its `$include`.
        key: KeyPath,
        /// Where that stands.
        place: Place,
    },
    /// An `$include` that OpenClaw would refuse.
    BadInclude {
        /// The including file.
        file: PathBuf,
        /// Its `$include`.
        key: KeyPath,
        /// Where that stands.
        place: Place,
        /// Why.
        why: BadInclude,
    },
    /// More than one file could take the change.
    Ambiguous {
        /// The key.
        key: KeyPath,
        /// The files that hold its section.
        files: Vec<PathBuf>,
    },
    /// The change would not take effect, because several files contribute to the key, or would
    /// also take effect elsewhere, because the file is included twice.
    Entangled {
        /// The key.
        key: KeyPath,
        /// The file in which the key's section stands.
        file: PathBuf,
    },
    /// The edit itself is impossible.
    Edit(EditError),
}

impl From<SyntaxError> for ConfigError {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

impl From<EditError> for ConfigError {
    fn from(error: EditError) -> Self {
        Self::Edit(error)
    }
}

impl Unreadable {
    fn text(&self) -> String {
        match self {
            Self::Missing => say!("does not exist"),
            Self::Io(error) => say!("cannot be read ({error})", error),
            Self::NotAFile => say!("is not a regular file"),
            Self::HardLinked => say!("has more than one hard link, which OpenClaw refuses"),
            Self::TooLarge => say!("is larger than the 2 MiB that OpenClaw reads"),
            Self::Outside => {
                say!("is outside the directory of the configuration, which OpenClaw refuses")
            }
            Self::Loop => say!("includes itself in the end"),
            Self::TooDeep => say!("is included more than 10 levels deep, which OpenClaw refuses"),
            Self::Blank => say!("holds no value, which OpenClaw cannot read"),
        }
    }
}

impl BadInclude {
    fn text(self) -> String {
        match self {
            Self::Kind => say!("must be a file name or an array of file names"),
            Self::NotAnObject => {
                say!("includes something that is no object, although other keys stand beside it")
            }
        }
    }
}

impl Explain for ConfigError {
    fn code(&self) -> &'static str {
        match self {
            Self::Config { why: Unreadable::Missing, .. } => "config.missing",
            Self::Config { .. } => "config.unreadable",
            Self::Syntax(error) => error.code(),
            Self::Include { .. } => "config.include-unreadable",
            Self::BadInclude { .. } => "config.bad-include",
            Self::Ambiguous { .. } => "config.ambiguous-file",
            Self::Entangled { .. } => "config.entangled",
            Self::Edit(error) => error.code(),
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Config { path, why } => {
                let (path, why) = (path.display(), why.text());
                say!("OpenClaw's configuration {path} {why}", path, why)
            }
            Self::Syntax(error) => error.message(),
            Self::Include { path, why, file, key, place } => {
                let (path, why, file) = (path.display(), why.text(), file.display());
                let Place { line, column } = place;
                say!(
                    "{path} {why}; “{key}” in {file}, line {line}, column {column}, includes it",
                    path,
                    why,
                    key,
                    file,
                    line,
                    column
                )
            }
            Self::BadInclude { file, key, place, why } => {
                let (file, why) = (file.display(), why.text());
                let Place { line, column } = place;
                say!(
                    "{file}, line {line}, column {column}: “{key}” {why}",
                    file,
                    line,
                    column,
                    key,
                    why
                )
            }
            Self::Ambiguous { key, files } => {
                let names: Vec<String> =
                    files.iter().map(|file| file.display().to_string()).collect();
                let names = names.join(", ");
                say!(
                    "the section of “{key}” stands in several included files ({names}), so it is not clear which one to edit",
                    key,
                    names
                )
            }
            Self::Entangled { key, file } => {
                let file = file.display();
                say!(
                    "editing “{key}” in {file} alone would not have exactly the wanted effect, because other files add to it or include the same file",
                    key,
                    file
                )
            }
            Self::Edit(error) => error.message(),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Config { why: Unreadable::Missing, .. } => {
                say!("Set OpenClaw up first: openclaw onboard")
            }
            Self::Config { path, .. } => {
                let path = path.display();
                say!("Make it readable, then run the command again:\nls -l {path}", path)
            }
            Self::Syntax(error) => error.hint(),
            Self::Include { .. } | Self::BadInclude { .. } => say!(
                "Correct the $include or the file, then run the command again. Nothing was changed."
            ),
            Self::Ambiguous { key, .. } | Self::Entangled { key, .. } => say!(
                "Move “{key}” into one file by hand, then run the command again. Nothing was changed.",
                key
            ),
            Self::Edit(error) => error.hint(),
        }
    }
}
