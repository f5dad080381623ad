//! Why a config and its includes could not be read or edited.

use std::io;
use std::path::PathBuf;

use crate::language::{Explain, Language};
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
    fn text(&self, language: Language) -> String {
        match self {
            Self::Missing => say!(language, "does not exist", "不存在"),
            Self::Io(error) => say!(language, "cannot be read ({error})", "无法读取({error})"),
            Self::NotAFile => say!(language, "is not a regular file", "不是普通文件"),
            Self::HardLinked => say!(
                language,
                "has more than one hard link, which OpenClaw refuses",
                "有多个硬链接,OpenClaw 拒绝读取"
            ),
            Self::TooLarge => say!(
                language,
                "is larger than the 2 MiB that OpenClaw reads",
                "超过 OpenClaw 允许的 2 MiB"
            ),
            Self::Outside => say!(
                language,
                "is outside the directory of the configuration, which OpenClaw refuses",
                "位于配置目录之外,OpenClaw 拒绝读取"
            ),
            Self::Loop => say!(language, "includes itself in the end", "形成了循环包含"),
            Self::TooDeep => say!(
                language,
                "is included more than 10 levels deep, which OpenClaw refuses",
                "包含层数超过 10 层,OpenClaw 拒绝读取"
            ),
            Self::Blank => say!(
                language,
                "holds no value, which OpenClaw cannot read",
                "没有任何内容,OpenClaw 无法读取"
            ),
        }
    }
}

impl BadInclude {
    fn text(self, language: Language) -> String {
        match self {
            Self::Kind => say!(
                language,
                "must be a file name or an array of file names",
                "必须是文件名或文件名数组"
            ),
            Self::NotAnObject => say!(
                language,
                "includes something that is no object, although other keys stand beside it",
                "所包含的内容不是对象,但旁边还有其他键"
            ),
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

    fn problem(&self, language: Language) -> String {
        match self {
            Self::Config { path, why } => {
                let (path, why) = (path.display(), why.text(language));
                say!(
                    language,
                    "OpenClaw's configuration {path} {why}",
                    "OpenClaw 的配置 {path} {why}"
                )
            }
            Self::Syntax(error) => error.problem(language),
            Self::Include { path, why, file, key, place } => {
                let (path, why, file) = (path.display(), why.text(language), file.display());
                let Place { line, column } = place;
                say!(
                    language,
                    "{path} {why}; “{key}” in {file}, line {line}, column {column}, includes it",
                    "{path} {why};它由 {file} 第 {line} 行第 {column} 列的“{key}”包含"
                )
            }
            Self::BadInclude { file, key, place, why } => {
                let (file, why) = (file.display(), why.text(language));
                let Place { line, column } = place;
                say!(
                    language,
                    "{file}, line {line}, column {column}: “{key}” {why}",
                    "{file} 第 {line} 行第 {column} 列:“{key}”{why}"
                )
            }
            Self::Ambiguous { key, files } => {
                let names: Vec<String> =
                    files.iter().map(|file| file.display().to_string()).collect();
                let names = names.join(", ");
                say!(
                    language,
                    "the section of “{key}” stands in several included files ({names}), so it is not clear which one to edit",
                    "“{key}”所在的部分同时存在于多个被包含的文件({names})中,无法确定应修改哪一个"
                )
            }
            Self::Entangled { key, file } => {
                let file = file.display();
                say!(
                    language,
                    "editing “{key}” in {file} alone would not have exactly the wanted effect, because other files add to it or include the same file",
                    "仅在 {file} 中修改“{key}”达不到预期效果,因为其他文件也设置了它,或重复包含了同一文件"
                )
            }
            Self::Edit(error) => error.problem(language),
        }
    }

    fn remedy(&self, language: Language) -> String {
        match self {
            Self::Config { why: Unreadable::Missing, .. } => say!(
                language,
                "Set OpenClaw up first: openclaw onboard",
                "请先完成 OpenClaw 的初始设置:openclaw onboard"
            ),
            Self::Config { path, .. } => {
                let path = path.display();
                say!(
                    language,
                    "Make it readable, then run the command again:\nls -l {path}",
                    "请使其可读后重新运行命令:\nls -l {path}"
                )
            }
            Self::Syntax(error) => error.remedy(language),
            Self::Include { .. } | Self::BadInclude { .. } => say!(
                language,
                "Correct the $include or the file, then run the command again. Nothing was changed.",
                "请更正该 $include 或该文件,然后重新运行命令。没有做任何改动。"
            ),
            Self::Ambiguous { key, .. } | Self::Entangled { key, .. } => say!(
                language,
                "Move “{key}” into one file by hand, then run the command again. Nothing was changed.",
                "请手动把“{key}”集中到一个文件中,然后重新运行命令。没有做任何改动。"
            ),
            Self::Edit(error) => error.remedy(language),
        }
    }
}
