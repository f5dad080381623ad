//! What can be wrong with a setting. No text shows a value: it may be a secret.

use std::path::PathBuf;

use super::Setting;
use crate::fs::FileError;
use crate::language::{Explain, Language};
use crate::say;

/// A setting that cannot be used.
#[derive(Debug)]
pub enum SettingError {
    /// It still holds a placeholder.
    Placeholder {
        /// Which one.
        setting: Setting,
    },
    /// It does not have the form that it must have.
    Malformed {
        /// Which one.
        setting: Setting,
    },
    /// They are needed, absent everywhere, and no terminal is there to ask on.
    Missing {
        /// Which ones.
        settings: Vec<Setting>,
    },
    /// A file that holds a setting cannot be read.
    Unreadable(FileError),
    /// The answers file is no JSON5 object of known keys with plain values.
    Answers {
        /// The file.
        path: PathBuf,
        /// The line, from 1, where it is known.
        line: Option<usize>,
        /// The key that is wrong.
        key: String,
    },
    /// The answers file is no JSON5.
    AnswersSyntax(Box<dyn Explain>),
    /// Two secrets cannot both be read from standard input.
    StandardInputTwice,
    /// The prompt broke off.
    Prompt(String),
    /// The operator stopped the prompt.
    Interrupted,
}

impl Explain for SettingError {
    fn code(&self) -> &'static str {
        match self {
            Self::Placeholder { .. } => "setting.placeholder",
            Self::Malformed { .. } => "setting.malformed",
            Self::Missing { .. } => "setting.missing",
            Self::Unreadable(_) => "setting.unreadable",
            Self::Answers { .. } => "setting.answers",
            Self::AnswersSyntax(_) => "setting.answers-syntax",
            Self::StandardInputTwice => "setting.stdin-twice",
            Self::Prompt(_) => "setting.prompt",
            Self::Interrupted => "setting.interrupted",
        }
    }

    fn problem(&self, language: Language) -> String {
        match self {
            Self::Placeholder { setting } => {
                let (option, answer) = (setting.option(), setting.answer());
                say!(
                    language,
                    "{answer} ({option}) still holds a placeholder",
                    "{answer}（{option}）仍是占位符，没有填写真实值"
                )
            }
            Self::Malformed { setting } => {
                let (option, form) = (setting.option(), form(*setting, language));
                say!(language, "{option} must be {form}", "{option} 必须是{form}")
            }
            Self::Missing { settings } => {
                let names: Vec<_> = settings.iter().map(|setting| setting.answer()).collect();
                let names = names.join(", ");
                say!(
                    language,
                    "needed and given nowhere: {names}; and there is no terminal to ask on",
                    "缺少必需的设置：{names}；当前没有终端可供询问"
                )
            }
            Self::Unreadable(error) => error.problem(language),
            Self::Answers { path, line, key } => {
                let path = path.display();
                let line = line.map(|line| format!(":{line}")).unwrap_or_default();
                say!(
                    language,
                    "{path}{line}: {key} is no answer that openclaw-setup knows, or its value is no text or number",
                    "{path}{line}：{key} 不是 openclaw-setup 认识的键，或其值不是文本或数字"
                )
            }
            Self::AnswersSyntax(error) => error.problem(language),
            Self::StandardInputTwice => say!(
                language,
                "standard input (-) can give only one secret",
                "标准输入（-）只能提供一个机密值"
            ),
            Self::Prompt(reason) => {
                say!(language, "the prompt broke off: {reason}", "交互输入中断：{reason}")
            }
            Self::Interrupted => say!(language, "interrupted", "已中断"),
        }
    }

    fn remedy(&self, language: Language) -> String {
        match self {
            Self::Placeholder { .. } => say!(
                language,
                "Put the real value there; DingTalk's developer console shows client id and secret.",
                "请填入真实值；clientId 与 clientSecret 可在钉钉开放平台控制台查看。"
            ),
            Self::Malformed { .. } | Self::Prompt(_) => say!(
                language,
                "Correct it and run the command again.",
                "请更正后重试。"
            ),
            Self::Missing { settings } => settings
                .iter()
                .map(|setting| {
                    let (option, variable, answer) =
                        (setting.option(), setting.variable(), setting.answer());
                    say!(
                        language,
                        "{answer}: give {option}, or set {variable}, or put \"{answer}\" into the file of --answers",
                        "{answer}：使用 {option}，或设置环境变量 {variable}，或在 --answers 文件中写入 \"{answer}\""
                    )
                })
                .collect::<Vec<_>>()
                .join("\n"),
            Self::Unreadable(error) => error.remedy(language),
            Self::Answers { .. } => {
                let known: Vec<_> = super::ALL.iter().map(|setting| setting.answer()).collect();
                let known = known.join(", ");
                say!(language, "Known keys: {known}", "可用的键：{known}")
            }
            Self::AnswersSyntax(error) => error.remedy(language),
            Self::StandardInputTwice => say!(
                language,
                "Give the other one by a file or a variable.",
                "请用文件或环境变量提供另一个。"
            ),
            Self::Interrupted => {
                say!(language, "Nothing was changed.", "没有做任何改动。")
            }
        }
    }
}

fn form(setting: Setting, language: Language) -> String {
    match setting {
        Setting::BaseUrl => say!(
            language,
            "a URL that begins with https:// or http://",
            "以 https:// 或 http:// 开头的 URL"
        ),
        Setting::GatewayAuth => say!(language, "none or token", " none 或 token"),
        Setting::SessionTimeout => {
            say!(language, "a whole number of milliseconds", "以毫秒为单位的整数")
        }
        _ => say!(
            language,
            "plain Latin text on one line (it travels in an HTTP header)",
            "单行的拉丁字符文本（它会放入 HTTP 头）"
        ),
    }
}
