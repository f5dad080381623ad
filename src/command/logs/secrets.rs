//! The files with secrets: read again when they change, so that no line shows what they have been
//! given in the meantime.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::super::context::Context;
use crate::fs::foreign;
use crate::openclaw::document::{Document, Value};
use crate::openclaw::include::{ConfigError, ConfigSet};
use crate::snapshot::process::dotenv;

/// Tells whether a file is still the one that was read.
type Stamp = (u64, u64, i64, i64);

/// Files of the gateway's; whoever reads one learns its secrets.
pub(super) struct Secrets<'a> {
    context: &'a Context,
    config: Result<ConfigSet, ConfigError>,
    files: Vec<(PathBuf, Option<Stamp>)>,
}

impl<'a> Secrets<'a> {
    pub(super) fn read(context: &'a Context) -> Self {
        let paths = &context.paths;
        let config = ConfigSet::load(&paths.config);
        if let Some(models) = foreign::glance(&paths.models) {
            // one that cannot be read holds nothing that the gateway knows
            let _ = Document::parse(&paths.models, &models);
        }
        let mut files = vec![paths.config.clone(), paths.models.clone()];
        for folder in [context.account.home.as_path(), &paths.state_dir] {
            let _ = dotenv(folder);
            files.push(folder.join(".env"));
        }
        files.extend(config.iter().flat_map(ConfigSet::files).map(|(path, _)| path.to_owned()));
        let files = files.into_iter().map(|path| (path.clone(), stamp(&path))).collect();
        Self { context, config, files }
    }

    /// The config, where it can be read.
    pub(super) fn config(&self) -> Option<&Value> {
        self.config.as_ref().ok().map(ConfigSet::effective)
    }

    /// Reads the files again if one has changed.
    pub(super) fn refresh(&mut self) {
        if self.files.iter().any(|(path, seen)| stamp(path) != *seen) {
            *self = Self::read(self.context);
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = path.metadata().ok()?;
    Some((file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
}
