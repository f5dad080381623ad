//! Where settings come from: an option beats a variable, a variable beats the answers file.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::{ALL, Setting, SettingError, Settings};
use crate::fs::{Action, FileError};
use crate::openclaw::document::{Document, Value};
use crate::snapshot::surroundings::Surroundings;

/// How an option gives its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// On the command line itself: never a secret.
    Text(String),
    /// In a file.
    File(PathBuf),
    /// On standard input (`-`).
    StandardInput,
}

impl Given {
    /// The value of an option that names a file, or `-`.
    #[must_use]
    pub fn in_file(path: PathBuf) -> Self {
        if path == Path::new("-") { Self::StandardInput } else { Self::File(path) }
    }
}

/// Gathers the settings from all sources but the prompt.
pub fn gather(
    options: &[(Setting, Given)],
    surroundings: &Surroundings,
    answers: Option<&Path>,
) -> Result<Settings, SettingError> {
    if options.iter().filter(|(_, given)| *given == Given::StandardInput).count() > 1 {
        return Err(SettingError::StandardInputTwice);
    }
    let mut settings = Settings::default();
    if let Some(path) = answers {
        take_answers(&mut settings, path)?;
    }
    for setting in ALL {
        if let Some(text) = of_environment(setting, surroundings)? {
            settings.accept(setting, &text)?;
        }
    }
    for (setting, given) in options {
        settings.accept(*setting, &read(given)?)?;
    }
    Ok(settings)
}

/// `OPENCLAW_SETUP_CLIENT_SECRET`, or `OPENCLAW_SETUP_CLIENT_SECRET_FILE`.
fn of_environment(
    setting: Setting,
    surroundings: &Surroundings,
) -> Result<Option<String>, SettingError> {
    if let Some(text) = surroundings.text(setting.variable()) {
        return Ok(Some(text));
    }
    let file =
        surroundings.path(&format!("{}_FILE", setting.variable())).filter(|_| setting.is_secret());
    file.map(|path| read(&Given::File(path))).transpose()
}

fn read(given: &Given) -> Result<String, SettingError> {
    match given {
        Given::Text(text) => Ok(text.clone()),
        Given::File(path) => std::fs::read_to_string(path).map_err(unreadable(path)),
        Given::StandardInput => {
            let mut text = String::new();
            let outcome = std::io::stdin().read_to_string(&mut text);
            outcome.map_err(unreadable(Path::new("/dev/stdin")))?;
            Ok(text)
        }
    }
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> SettingError + use<> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    move |cause| SettingError::Unreadable(FileError::at(Action::Read, &path)(cause))
}

fn take_answers(settings: &mut Settings, path: &Path) -> Result<(), SettingError> {
    let bytes = std::fs::read(path).map_err(unreadable(path))?;
    let document = Document::parse(path, &bytes)
        .map_err(|error| SettingError::AnswersSyntax(Box::new(error)))?;
    let meaning = document.value();
    let members = meaning.as_object().into_iter().flatten();
    for (key, value) in members {
        let unknown = || SettingError::Answers {
            path: path.to_owned(),
            line: document.place_of(&[key]).map(|place| place.line),
            key: key.clone(),
        };
        let setting =
            ALL.into_iter().find(|setting| setting.answer() == key).ok_or_else(unknown)?;
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(unknown()),
        };
        settings.accept(setting, &text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Given, gather};
    use crate::settings::{Setting, SettingError};
    use crate::snapshot::surroundings::Surroundings;
    use std::path::Path;

    #[test]
    fn an_option_beats_a_variable_and_a_variable_the_answers() {
        let home = tempfile::tempdir().unwrap();
        let answers = home.path().join("answers.json5");
        std::fs::write(
            &answers,
            "// mine\n{clientId: 'a', baseUrl: 'https://a', sessionTimeout: 60000, model: 'a'}",
        )
        .unwrap();
        let secret = home.path().join("secret");
        std::fs::write(&secret, "s3cret\n").unwrap();
        let mut surroundings = Surroundings::of([
            ("OPENCLAW_SETUP_MODEL", "b"),
            ("OPENCLAW_SETUP_BASE_URL", "https://b"),
        ]);
        surroundings.set("OPENCLAW_SETUP_CLIENT_SECRET_FILE", secret.as_os_str());
        let options = [(Setting::Model, Given::Text("c".to_owned()))];
        let settings = gather(&options, &surroundings, Some(&answers)).unwrap();
        assert_eq!(settings.client_id.as_deref(), Some("a"));
        assert_eq!(settings.base_url.as_deref(), Some("https://b"));
        assert_eq!(settings.model.as_deref(), Some("c"));
        assert_eq!(settings.session_timeout, Some(60_000));
        assert_eq!(settings.client_secret.unwrap().reveal(), "s3cret");
    }

    #[test]
    fn bad_answers_are_named_with_their_line() {
        let home = tempfile::tempdir().unwrap();
        let answers = home.path().join("answers.json5");
        std::fs::write(&answers, "{\n  clientId: 'a',\n  klientSecret: 'hidden',\n}").unwrap();
        match gather(&[], &Surroundings::default(), Some(&answers)).unwrap_err() {
            SettingError::Answers { line: Some(3), key, .. } => assert_eq!(key, "klientSecret"),
            other => panic!("{other:?}"),
        }
        std::fs::write(&answers, "{clientId 'a'}").unwrap();
        let error = gather(&[], &Surroundings::default(), Some(&answers)).unwrap_err();
        assert!(matches!(error, SettingError::AnswersSyntax(_)), "{error:?}");
        let missing = gather(&[], &Surroundings::default(), Some(Path::new("/nowhere")));
        assert!(matches!(missing, Err(SettingError::Unreadable(_))));
    }

    #[test]
    fn standard_input_gives_one_secret() {
        let options = [
            (Setting::ClientSecret, Given::in_file("-".into())),
            (Setting::ApiKey, Given::in_file("-".into())),
        ];
        let error = gather(&options, &Surroundings::default(), None).unwrap_err();
        assert!(matches!(error, SettingError::StandardInputTwice));
    }
}
