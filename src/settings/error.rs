//! What can be wrong with a setting. No text shows a value: it may be a secret.

use std::path::Path;

use super::Setting;
use crate::fs::FileError;
use crate::language::{Explain, Kind, Problem, list};

/// What the operator has to correct.
pub(super) fn incorrect(code: &'static str, message: String) -> Problem {
    Problem::new(code, message, say!("Correct it and run the command again."))
}

/// It still holds a placeholder.
pub(super) fn placeholder(setting: Setting) -> Problem {
    let (option, answer) = (setting.option(), setting.answer());
    let hint =
        say!("Put the real value there; DingTalk's developer console shows client id and secret.");
    let message = say!("{answer} ({option}) still holds a placeholder", answer, option);
    Problem::new("setting.placeholder", message, hint)
}

/// The file that should hold it holds nothing.
pub(super) fn empty(setting: Setting, file: &Path) -> Problem {
    let (option, file) = (setting.option(), file.display());
    let message = say!("{file}, which should hold the value for {option}, is empty", file, option);
    incorrect("setting.empty", message)
}

/// It cannot be right.
pub(super) fn faulty(setting: Setting, fault: &str) -> Problem {
    incorrect("setting.malformed", say!("{option} {fault}", option = setting.option(), fault))
}

/// It is none of the words that it can be, or not a number.
pub(super) fn malformed(setting: Setting) -> Problem {
    let form = if setting == Setting::GatewayAuth {
        say!("none or token")
    } else {
        say!("a whole number of milliseconds")
    };
    let option = setting.option();
    incorrect("setting.malformed", say!("{option} must be {form}", option, form))
}

/// They are needed, absent everywhere, and no terminal is there to ask on.
pub fn missing(settings: &[Setting]) -> Problem {
    let names: Vec<_> = settings.iter().map(|setting| setting.answer()).collect();
    let message = say!(
        "missing required settings: {names} (and there is no terminal to ask on)",
        names = list(&names)
    );
    let ways = settings.iter().map(|setting| {
        let (option, variable, answer) = (setting.option(), setting.variable(), setting.answer());
        say!(
            "{answer}: give {option}, or set {variable}, or put \"{answer}\" into the --answers file",
            answer,
            option,
            variable
        )
    });
    Problem::new("setting.missing", message, ways.collect::<Vec<_>>().join("\n"))
}

/// A file that holds a setting cannot be read.
pub(super) fn unreadable(error: &FileError) -> Problem {
    Problem { code: "setting.unreadable", kind: Kind::Lasting, ..error.problem() }
}

/// The answers file has a key that is unknown, or whose value is not plain.
pub(super) fn answers(path: &Path, line: Option<usize>, key: &str) -> Problem {
    let message = say!(
        "{path}{line}: {key} is not a known setting, or its value is not a text or number",
        path = path.display(),
        line = line.map(|line| format!(":{line}")).unwrap_or_default(),
        key
    );
    let known: Vec<_> = super::ALL.iter().map(|setting| setting.answer()).collect();
    Problem::new("setting.answers", message, say!("Known keys: {known}", known = list(&known)))
}

/// The answers file is no JSON5.
pub(super) fn answers_syntax(error: &dyn Explain) -> Problem {
    Problem { code: "setting.answers-syntax", ..error.problem() }
}

/// Two secrets cannot both be read from standard input.
pub(super) fn stdin_twice() -> Problem {
    let hint = say!("Give the other one by a file or a variable.");
    Problem::new("setting.stdin-twice", say!("standard input (-) can give only one secret"), hint)
}

/// The operator said no, or ended the prompt with Ctrl-D.
pub(super) fn cancelled() -> Problem {
    ended("setting.cancelled", Kind::Cancelled)
}

/// The operator stopped the prompt by a signal.
pub(super) fn interrupted() -> Problem {
    ended("setting.interrupted", Kind::Interrupted)
}

fn ended(code: &'static str, kind: Kind) -> Problem {
    Problem::new(code, say!("interrupted"), say!("Run the command again.")).of_kind(kind)
}
