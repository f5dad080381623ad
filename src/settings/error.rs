//! What can be wrong with a setting. No text shows a value: it may be a secret.

use std::path::PathBuf;

use super::Setting;
use crate::fs::FileError;
use crate::language::{Explain, Kind};
use crate::say;

/// A setting that cannot be used.
#[derive(Debug)]
pub enum SettingError {
    /// It still holds a placeholder.
    Placeholder {
        /// Which one.
        setting: Setting,
    },
    /// The file that should hold it holds nothing.
    Empty {
        /// Which one.
        setting: Setting,
        /// The file.
        file: PathBuf,
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
    fn problem(&self) -> crate::language::Problem {
        crate::language::Problem::new(self.code(), self.message(), self.hint()).of_kind(self.kind())
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Placeholder { .. } => "setting.placeholder",
            Self::Empty { .. } => "setting.empty",
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

    fn kind(&self) -> Kind {
        match self {
            Self::Interrupted => Kind::Interrupted,
            _ => Kind::Lasting,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Placeholder { setting } => {
                let (option, answer) = (setting.option(), setting.answer());
                say!("{answer} ({option}) still holds a placeholder", answer, option)
            }
            Self::Empty { setting, file } => {
                let (option, file) = (setting.option(), file.display());
                say!("{file}, which should hold the value for {option}, is empty", file, option)
            }
            Self::Malformed { setting } => {
                let (option, form) = (setting.option(), form(*setting));
                say!("{option} must be {form}", option, form)
            }
            Self::Missing { settings } => {
                let names: Vec<_> = settings.iter().map(|setting| setting.answer()).collect();
                let names = names.join(", ");
                say!("needed and given nowhere: {names}; and there is no terminal to ask on", names)
            }
            Self::Unreadable(error) => error.message(),
            Self::Answers { path, line, key } => {
                let path = path.display();
                let line = line.map(|line| format!(":{line}")).unwrap_or_default();
                say!(
                    "{path}{line}: {key} is no answer that openclaw-setup knows, or its value is no text or number",
                    path,
                    line,
                    key
                )
            }
            Self::AnswersSyntax(error) => error.message(),
            Self::StandardInputTwice => say!("standard input (-) can give only one secret"),
            Self::Prompt(reason) => say!("the prompt broke off: {reason}", reason),
            Self::Interrupted => say!("interrupted"),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Placeholder { .. } => say!("Put the real value there; DingTalk's developer console shows client id and secret."),
            Self::Empty { .. } | Self::Malformed { .. } | Self::Prompt(_) => say!("Correct it and run the command again."),
            Self::Missing { settings } => settings
                .iter()
                .map(|setting| {
                    let (option, variable, answer) =
                        (setting.option(), setting.variable(), setting.answer());
                    say!("{answer}: give {option}, or set {variable}, or put \"{answer}\" into the file of --answers", answer, option, variable)
                })
                .collect::<Vec<_>>()
                .join("\n"),
            Self::Unreadable(error) => error.hint(),
            Self::Answers { .. } => {
                let known: Vec<_> = super::ALL.iter().map(|setting| setting.answer()).collect();
                let known = known.join(", ");
                say!("Known keys: {known}", known)
            }
            Self::AnswersSyntax(error) => error.hint(),
            Self::StandardInputTwice => say!("Give the other one by a file or a variable."),
            Self::Interrupted => say!("Nothing was changed."),
        }
    }
}

fn form(setting: Setting) -> String {
    match setting {
        Setting::BaseUrl => say!("a URL that begins with https:// or http://"),
        Setting::GatewayAuth => say!("none or token"),
        Setting::SessionTimeout => say!("a whole number of milliseconds"),
        _ => say!("plain Latin text on one line (it travels in an HTTP header)"),
    }
}
