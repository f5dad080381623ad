//! Why an edit was not made.

use std::path::PathBuf;

use super::key_path::KeyPath;
use super::place::Place;
use crate::language::{Explain, Language};
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

    fn problem(&self, language: Language) -> String {
        match self {
            Self::NotAnObject { path, key, place } => {
                let (path, Place { line, column }) = (path.display(), place);
                say!(
                    language,
                    "{path}, line {line}, column {column}: “{key}” is no object, so no key can be set inside it",
                    "{path} 第 {line} 行第 {column} 列:“{key}”不是对象,无法在其中设置键"
                )
            }
            Self::NotAnArray { path, key, place } => {
                let (path, Place { line, column }) = (path.display(), place);
                say!(
                    language,
                    "{path}, line {line}, column {column}: “{key}” is no array",
                    "{path} 第 {line} 行第 {column} 列:“{key}”不是数组"
                )
            }
            Self::NoSuchElement { path, key, place } => {
                let (path, Place { line, column }) = (path.display(), place);
                say!(
                    language,
                    "{path}, line {line}, column {column}: the array has no element “{key}”",
                    "{path} 第 {line} 行第 {column} 列:数组中没有元素“{key}”"
                )
            }
            Self::WholeDocument { path } => {
                let path = path.display();
                say!(
                    language,
                    "{path}: the whole configuration cannot be removed or replaced by a single value",
                    "{path}:不能删除整个配置,也不能用单个值替换它"
                )
            }
            Self::Internal { path, key, check } => {
                let path = path.display();
                say!(
                    language,
                    "{path}: setting “{key}” did not pass the editor's own check “{check:?}”, so it was not done; this is a defect of openclaw-setup",
                    "{path}:修改“{key}”未通过编辑器自检“{check:?}”,因此没有执行;这是 openclaw-setup 的缺陷"
                )
            }
        }
    }

    fn remedy(&self, language: Language) -> String {
        match self {
            Self::Internal { .. } => say!(
                language,
                "Make this change by hand, run the command again, and report the defect. Nothing was changed.",
                "请手动完成这一处修改后重新运行命令,并报告该缺陷。没有做任何改动。"
            ),
            _ => say!(
                language,
                "Correct this value by hand (OpenClaw expects another kind here), then run the command again. Nothing was changed.",
                "请手动更正这个值(OpenClaw 在此处需要另一种类型),然后重新运行命令。没有做任何改动。"
            ),
        }
    }
}
