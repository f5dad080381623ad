//! Where settings come from: an option beats a variable, a variable beats the answers file.

use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::{ALL, Setting, Settings, error};
use crate::fs::foreign;
use crate::language::Problem;
use crate::openclaw::document::{Document, Value};
use crate::snapshot::account::Surroundings;
use crate::timeout::Deadline;

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
    pub fn in_file(path: PathBuf) -> Self {
        if path == Path::new("-") { Self::StandardInput } else { Self::File(path) }
    }
}

/// Gathers the settings from all sources but the prompt; pipes have time until `end`.
pub fn gather(
    options: &[(Setting, Given)],
    surroundings: &Surroundings,
    answers: Option<&Path>,
    end: Deadline,
) -> Result<Settings, Problem> {
    if options.iter().filter(|(_, given)| *given == Given::StandardInput).count() > 1 {
        return Err(error::stdin_twice());
    }
    let mut settings = Settings::default();
    if let Some(path) = answers {
        take_answers(&mut settings, path, end)?;
    }
    for setting in ALL {
        if let Some(text) = of_environment(setting, surroundings, end)? {
            settings.accept(setting, &text)?;
        }
    }
    for (setting, given) in options {
        settings.accept(*setting, &read_setting(*setting, given, end)?)?;
    }
    Ok(settings)
}

/// `OPENCLAW_SETUP_CLIENT_SECRET`, or `OPENCLAW_SETUP_CLIENT_SECRET_FILE`.
fn of_environment(
    setting: Setting,
    surroundings: &Surroundings,
    end: Deadline,
) -> Result<Option<String>, Problem> {
    if let Some(text) = surroundings.text(setting.variable()) {
        return Ok(Some(text));
    }
    let file =
        surroundings.path(&format!("{}_FILE", setting.variable())).filter(|_| setting.is_secret());
    file.map(|path| read_setting(setting, &Given::File(path), end)).transpose()
}

fn read(given: &Given, end: Deadline) -> Result<String, Problem> {
    match given {
        Given::Text(text) => Ok(text.clone()),
        Given::File(path) => input(Some(path), end),
        Given::StandardInput => input(None, end),
    }
}

/// The value; an empty file is said to be so, rather than to hold a placeholder.
pub(super) fn read_setting(
    setting: Setting,
    given: &Given,
    end: Deadline,
) -> Result<String, Problem> {
    let text = read(given, end)?;
    match given {
        Given::File(path) if text.trim().is_empty() => Err(error::empty(setting, path)),
        Given::StandardInput if text.trim().is_empty() => {
            Err(error::empty(setting, Path::new("/dev/stdin")))
        }
        _ => Ok(text),
    }
}

pub(super) fn input(path: Option<&Path>, end: Deadline) -> Result<String, Problem> {
    foreign::read_input(path, foreign::SETTINGS_LIMIT, end).map_err(|error| match error.errno() {
        Some(Errno::INTR) => error::interrupted(),
        _ => error::unreadable(&error),
    })
}

fn take_answers(settings: &mut Settings, path: &Path, end: Deadline) -> Result<(), Problem> {
    let text = input(Some(path), end)?;
    let document =
        Document::parse(path, text.as_bytes()).map_err(|error| error::answers_syntax(&error))?;
    let meaning = document.value();
    let members = meaning.as_object().into_iter().flatten();
    for (key, value) in members {
        let line = document.place_of(&[key]).map(|place| place.line);
        let unknown = || error::answers(path, line, key);
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
    use crate::settings::Setting;
    use crate::snapshot::account::Surroundings;
    use crate::timeout::Deadline;
    use std::path::Path;
    use std::time::Duration;

    fn soon() -> Deadline {
        Deadline::after(Duration::from_millis(200))
    }

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
        let settings = gather(&options, &surroundings, Some(&answers), soon()).unwrap();
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
        let error = gather(&[], &Surroundings::default(), Some(&answers), soon()).unwrap_err();
        assert_eq!(error.code, "setting.answers");
        assert!(error.message.contains(".json5:3: klientSecret "), "{error:?}");
        std::fs::write(&answers, "{clientId 'a'}").unwrap();
        let error = gather(&[], &Surroundings::default(), Some(&answers), soon()).unwrap_err();
        assert!(error.code == "setting.answers-syntax", "{error:?}");
        let missing = gather(&[], &Surroundings::default(), Some(Path::new("/nowhere")), soon());
        assert_eq!(missing.unwrap_err().code, "setting.unreadable");
    }

    #[test]
    fn standard_input_gives_one_secret() {
        let options = [
            (Setting::ClientSecret, Given::in_file("-".into())),
            (Setting::ApiKey, Given::in_file("-".into())),
        ];
        let error = gather(&options, &Surroundings::default(), None, soon()).unwrap_err();
        assert_eq!(error.code, "setting.stdin-twice");
    }

    #[test]
    fn an_empty_file_a_silent_pipe_and_an_endless_file_are_refused_by_their_name() {
        use crate::language::Explain;
        let home = tempfile::tempdir().unwrap();
        let [empty, fifo] = ["empty", "fifo"].map(|name| home.path().join(name));
        std::fs::write(&empty, "\n").unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, mode).unwrap();
        for (path, reason) in [
            (empty.as_path(), "empty"),
            (&fifo, "in time"),
            (home.path(), "a directory"),
            (Path::new("/dev/zero"), "larger than 1024 KiB"),
        ] {
            let options = [(Setting::ClientSecret, Given::in_file(path.to_owned()))];
            let error = gather(&options, &Surroundings::default(), None, soon()).unwrap_err();
            let said = error.message();
            assert!(said.contains(reason) && said.contains(path.to_str().unwrap()), "{said}");
            if reason != "empty" {
                let error = gather(&[], &Surroundings::default(), Some(path), soon()).unwrap_err();
                assert!(error.message().contains(reason), "{}", error.message());
            }
        }
    }
}
