//! Files that may hold secrets, and earlier versions of the config.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::fs::foreign;
use crate::openclaw::Version;
use crate::openclaw::document::{Document, Value};
use crate::transaction::step::Attributes;

/// A file that may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateFile {
    /// The real file.
    pub path: PathBuf,
    /// Mode and owner.
    pub attributes: Attributes,
    /// A directory above it keeps everybody else out.
    pub shielded: bool,
}

impl PrivateFile {
    /// Looks at each of the files that is there.
    pub fn look(paths: &[PathBuf]) -> Vec<Self> {
        let mut files: Vec<Self> = Vec::new();
        for path in paths {
            let Ok(path) = path.canonicalize() else { continue };
            let Ok(found) = path.symlink_metadata() else { continue };
            if !found.is_file() || files.iter().any(|file| file.path == path) {
                continue;
            }
            let shut = |above: &Path| above.metadata().is_ok_and(|found| found.mode() & 0o011 == 0);
            files.push(Self {
                attributes: (&found).into(),
                shielded: path.ancestors().skip(1).any(shut),
                path,
            });
        }
        files
    }
}

/// An earlier version of the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The copy.
    pub path: PathBuf,
    /// When it was last written, µs since 1970.
    pub modified_usec: u64,
    /// Whether it can be parsed.
    pub is_valid: bool,
    /// The OpenClaw that wrote it last, as it says.
    pub openclaw: Option<Version>,
}

/// OpenClaw's ring (`.bak`, `.bak.1` … `.bak.4`), its `.last-good`, and copies of people's own.
pub fn backups(config: &Path) -> Vec<Backup> {
    let (Some(directory), Some(name)) = (config.parent(), config.file_name()) else {
        return Vec::new();
    };
    let prefix = format!("{}.", name.to_string_lossy());
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut found: Vec<Backup> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .filter_map(|entry| backup(&entry.path()))
        .collect();
    found.sort_by(|a, b| b.modified_usec.cmp(&a.modified_usec).then(a.path.cmp(&b.path)));
    found
}

/// The OpenClaw that last wrote a config, which says so.
pub fn written_by(config: &Value) -> Option<Version> {
    Version::parse(config.get(&["meta", "lastTouchedVersion"])?.as_str()?)
}

fn backup(path: &Path) -> Option<Backup> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let is_copy = name.contains(".bak") || name.contains(".backup") || name.ends_with(".last-good");
    let found = path.symlink_metadata().ok().filter(|found| found.is_file() && is_copy)?;
    let bytes = foreign::glance(path)?;
    let document = Document::parse(path, &bytes).ok().filter(|document| !document.is_blank());
    let modified = found.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Backup {
        path: path.to_owned(),
        modified_usec: u64::try_from(modified.as_micros()).unwrap_or(u64::MAX),
        is_valid: document.is_some(),
        openclaw: document.and_then(|document| written_by(document.value())),
    })
}
