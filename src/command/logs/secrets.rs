//! The files with secrets: read again when they change, so that no line shows what they have been
//! given in the meantime.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::super::context::Context;
use crate::openclaw::document::Document;
use crate::openclaw::include::{ConfigError, ConfigSet};
use crate::snapshot::installation::Installation;
use crate::snapshot::process::dotenv;
use crate::snapshot::service::Service;

/// What was seen of the machine, if it could be seen.
type Seen = Option<(Installation, Result<ConfigSet, ConfigError>)>;

/// Tells whether a file is still the one that was read.
type Stamp = (u64, u64, i64, i64);

/// Files of the gateway's; whoever reads one learns its secrets.
pub(super) struct Secrets<'a> {
    context: &'a Context,
    files: Vec<(PathBuf, Option<Stamp>)>,
    are_known: bool,
}

impl<'a> Secrets<'a> {
    pub(super) fn of(context: &'a Context, seen: Seen) -> Self {
        let mut secrets = Self { context, files: Vec::new(), are_known: false };
        secrets.learn(seen);
        secrets
    }

    /// Whether the config could be read for them.
    pub(super) fn are_known(&self) -> bool {
        self.are_known
    }

    /// Reads the files again if one has changed.
    pub(super) fn refresh(&mut self) {
        if self.files.iter().any(|(path, seen)| stamp(path) != *seen) {
            self.learn(self.context.observe(Service::Unmanaged).ok());
        }
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

        // whoever reads a file learns its secrets
        for folder in folders {
            let _ = dotenv(folder);
        }
        self.are_known = matches!(seen, Some((_, Ok(_))));
        let Some((installation, _)) = seen else { return };
        if let Some((path, file)) = &installation.models {
            // one that cannot be read holds nothing that the gateway knows
            let _ = Document::parse(path, &file.bytes);
        }
        if let Some(managed) = installation.service.managed() {
            let _ = managed.environment_of_process();
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = path.metadata().ok()?;
    Some((file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
}
