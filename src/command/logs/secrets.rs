//! The secrets that no line may show, also those that the config has been given in the meantime.

use std::cmp::Reverse;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::super::context::Context;
use super::super::install::secrets as secrets_of_config;
use crate::openclaw::document::Document;
use crate::openclaw::document::mask::{is_secret_key, secrets_in};
use crate::openclaw::include::{ConfigError, ConfigSet};
use crate::snapshot::installation::Installation;
use crate::snapshot::process::dotenv;
use crate::systemd::environment::Environment;

/// What was seen of the machine, if it could be seen.
type Seen = Option<(Installation, Result<ConfigSet, ConfigError>)>;

/// Tells whether a file is still the one that was read.
type Stamp = (u64, u64, i64, i64);

/// Every secret that a file of the gateway's holds or has held.
pub(super) struct Secrets<'a> {
    context: &'a Context,
    known: Vec<String>,
    files: Vec<(PathBuf, Option<Stamp>)>,
    are_known: bool,
}

impl<'a> Secrets<'a> {
    pub(super) fn of(context: &'a Context, seen: Seen) -> Self {
        let mut secrets = Self { context, known: Vec::new(), files: Vec::new(), are_known: false };
        secrets.learn(seen);
        secrets
    }

    /// Whether the config could be read for them.
    pub(super) fn are_known(&self) -> bool {
        self.are_known
    }

    /// All of them, the longest first: one may be the beginning of another.
    pub(super) fn now(&mut self) -> &[String] {
        if self.files.iter().any(|(path, seen)| stamp(path) != *seen) {
            self.learn(self.context.observe(None).ok());
        }
        &self.known
    }

    fn learn(&mut self, seen: Seen) {
        let (home, paths) = (&self.context.account.home, &self.context.paths);
        let folders = [home.as_path(), paths.state_dir.as_path()];
        let mut files = vec![paths.config.clone(), paths.models.clone()];
        files.extend(folders.map(|folder| folder.join(".env")));
        files.extend(
            seen.iter().flat_map(|(installation, _)| installation.config_files.keys().cloned()),
        );
        self.files = files.into_iter().map(|path| (path.clone(), stamp(&path))).collect();

        let variables = folders.iter().flat_map(|folder| dotenv(folder));
        self.known.extend(variables.flat_map(|file| named(&file.environment)));
        self.are_known = matches!(seen, Some((_, Ok(_))));
        if let Some((installation, config)) = seen {
            let config = config.iter();
            self.known.extend(config.flat_map(|set| secrets_of_config(set.effective(), set)));
            self.known.extend(of_picture(&installation));
        }
        self.known.sort_by_key(|secret| (Reverse(secret.len()), secret.clone()));
        self.known.dedup();
    }
}

fn of_picture(installation: &Installation) -> Vec<String> {
    let models = installation.models.as_ref();
    let models = models.and_then(|(path, file)| Document::parse(path, &file.bytes).ok());
    let mut secrets = models.map(|models| secrets_in(models.value())).unwrap_or_default();
    if let Some(managed) = installation.service.managed() {
        secrets.extend(named(&managed.effective_environment()));
        secrets.extend(named(&managed.environment_of_process()));
    }
    secrets
}

/// The values of variables that are named like a secret.
fn named(environment: &Environment) -> Vec<String> {
    let secret = environment.iter().filter(|(name, _)| is_secret_key(name));
    secret.map(|(_, value)| value.to_owned()).collect()
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = path.metadata().ok()?;
    Some((file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
}
