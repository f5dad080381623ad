//! What is wrong with a text that OpenClaw cannot read: where, why, and what to do.

use std::path::{Path, PathBuf};

use super::excerpt::Excerpt;
use super::place::Place;
use crate::language::{Explain, Language};
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

    fn reason(&self, language: Language) -> String {
        match self.cause {
            Cause::InvalidUtf8 => say!(language, "this is not UTF-8 text", "这里不是 UTF-8 文本"),
            Cause::MissingComma => say!(language, "a comma is missing here", "这里缺少逗号"),
            Cause::MissingColon => {
                say!(language, "a colon is missing after the key", "键的后面缺少冒号")
            }
            Cause::MissingValue => say!(language, "the value is missing", "缺少值"),
            Cause::NoKey => say!(language, "a key was expected here", "这里应当是一个键"),
            Cause::Unclosed { opened } => {
                say!(language, "this “{opened}” is never closed", "这个“{opened}”没有闭合")
            }
            Cause::WrongBracket { found } => say!(
                language,
                "“{found}” closes nothing here: a bracket is missing before it, or it is one too many",
                "这里的“{found}”没有对应的括号:前面少了一个括号,或者多写了它"
            ),
            Cause::ExtraComma => say!(language, "one comma too many", "多了一个逗号"),
            Cause::UnclosedString => {
                say!(language, "this string has no closing quote", "这个字符串缺少结束的引号")
            }
            Cause::UnclosedComment => {
                say!(language, "this comment has no closing “*/”", "这段注释缺少结束的“*/”")
            }
            _ => self.reason_of_a_word(language),
        }
    }

    fn reason_of_a_word(&self, language: Language) -> String {
        match self.cause {
            Cause::BareWord => {
                say!(language, "a text value needs quotes", "文本值需要加引号")
            }
            Cause::BadKey => say!(language, "this key needs quotes", "这个键需要加引号"),
            Cause::BadNumber => say!(language, "this is no number", "这不是合法的数字"),
            Cause::BadEscape => say!(
                language,
                "this string has a malformed “\\” escape",
                "这个字符串里有不合法的“\\”转义"
            ),
            Cause::FullWidth { found } => say!(
                language,
                "“{found}” is full-width punctuation, which JSON does not know",
                "“{found}”是全角(中文)标点,JSON 不认识"
            ),
            Cause::TextAfterEnd => say!(
                language,
                "there is text after the end of the configuration: a closing bracket too many before it?",
                "配置已经结束,后面还有内容:前面是否多了一个右括号?"
            ),
            Cause::TooDeep => {
                say!(language, "more than 512 levels of brackets", "括号嵌套超过 512 层")
            }
            Cause::NotAnObject => say!(
                language,
                "the configuration must be an object, in “{{” and “}}”",
                "配置必须是一个对象,写在“{{”和“}}”之间"
            ),
            _ => say!(language, "unexpected text", "这里的内容无法识别"),
        }
    }

    fn correction(&self, language: Language) -> String {
        match self.cause {
            Cause::InvalidUtf8 => {
                say!(language, "Save the file as UTF-8", "请将文件另存为 UTF-8 编码")
            }
            Cause::MissingComma => {
                say!(language, "Put a comma at the caret", "请在 ^ 处加一个逗号")
            }
            Cause::ExtraComma => {
                say!(language, "Take the comma at the caret away", "请删除 ^ 处的逗号")
            }
            Cause::FullWidth { .. } => say!(
                language,
                "Type it again with an English (half-width) keyboard",
                "请切换到英文(半角)输入法重新输入"
            ),
            Cause::BareWord | Cause::BadKey => {
                say!(language, "Put it in double quotes", "请给它加上双引号")
            }
            _ => say!(language, "Correct the file at the caret", "请修改 ^ 处的内容"),
        }
    }
}

impl Explain for SyntaxError {
    fn code(&self) -> &'static str {
        "config.syntax"
    }

    fn problem(&self, language: Language) -> String {
        let (path, place) = (self.path.display(), self.place);
        let (line, column) = (place.line, place.column);
        let (reason, excerpt) = (self.reason(language), &self.excerpt);
        say!(
            language,
            "{path}, line {line}, column {column}: {reason}\n{excerpt}",
            "{path} 第 {line} 行第 {column} 列:{reason}\n{excerpt}"
        )
    }

    fn remedy(&self, language: Language) -> String {
        let correction = self.correction(language);
        say!(
            language,
            "{correction}, then run the command again. Nothing was changed.",
            "{correction},然后重新运行命令。没有做任何改动。"
        )
    }
}
