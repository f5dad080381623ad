//! What else OpenClaw takes for a plugin: copies, leftovers, stray files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::connector::{CONNECTOR_ID, PACKAGE_JSON, PLUGIN_JSON};
use crate::fs::foreign;

/// Everything beside the connector's own tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OtherPlugins {
    /// Other directories whose manifest bears the connector's id.
    pub copies: Vec<PathBuf>,
    /// Directories that look like a plugin and have no manifest that OpenClaw can read, and stray
    /// scripts: OpenClaw 2026.3.13 calls its whole config invalid for one of them.
    pub broken: Vec<PathBuf>,
    /// Directories that OpenClaw's own installer left behind.
    pub stages: Vec<PathBuf>,
    /// The list could not be read.
    pub unreadable: Option<String>,
}

impl OtherPlugins {
    /// Scans the folders that OpenClaw 2026.3.13 scans, but for `own`.
    pub fn look(extensions: &Path, others: &[PathBuf], own: &Path) -> Self {
        let mut found = Self::default();
        match fs::read_dir(extensions) {
            Ok(entries) => {
                let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
                paths.sort();
                paths.iter().filter(|path| *path != own).for_each(|path| found.judge(path));
            }
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                found.unreadable = Some(cause.to_string());
            }
            Err(_) => {}
        }
        for place in others {
            found.search(place, own);
        }
        found
    }

    fn judge(&mut self, path: &Path) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        if name.starts_with(".openclaw-install-stage-") {
            self.stages.push(path.to_owned());
        }
        if is_ignored(&name) || path.is_symlink() {
            return;
        }
        if path.is_dir() {
            match id_of(path) {
                Some(id) if id == CONNECTOR_ID => self.copies.push(path.to_owned()),
                Some(_) if leads_out(path) => self.broken.push(path.to_owned()),
                None if looks_like_a_plugin(path) => self.broken.push(path.to_owned()),
                _ => {}
            }
        } else if is_script(path) {
            self.broken.push(path.to_owned());
        }
    }

    /// A folder of plugins, or one plugin.
    fn search(&mut self, place: &Path, own: &Path) {
        let inside = fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path());
        let candidates = std::iter::once(place.to_owned()).chain(inside);
        for path in candidates.filter(|path| path.canonicalize().ok() != own.canonicalize().ok()) {
            if id_of(&path).is_some_and(|id| id == CONNECTOR_ID) && !self.copies.contains(&path) {
                self.copies.push(path);
            }
        }
    }
}

/// `src/plugins/discovery.ts`: dot-directories are not ignored, nor `X.bak.<time>`.
fn is_ignored(name: &str) -> bool {
    let name = name.to_lowercase();
    let is_bak = Path::new(&name).extension().is_some_and(|end| end == "bak");
    is_bak || name.contains(".backup-") || name.contains(".disabled")
}

fn id_of(directory: &Path) -> Option<String> {
    foreign::json(&directory.join(PLUGIN_JSON))?["id"].as_str().map(str::to_owned)
}

fn looks_like_a_plugin(directory: &Path) -> bool {
    let package = foreign::json(&directory.join(PACKAGE_JSON));
    let names_entries = package.is_some_and(|package| package["openclaw"]["extensions"].is_array());
    let has_index = ["ts", "js", "mjs", "cjs"]
        .iter()
        .any(|end| directory.join(format!("index.{end}")).is_file());
    names_entries || has_index
}

/// Whether an entry is really a file outside of the plugin's own folder.
fn leads_out(directory: &Path) -> bool {
    let package = foreign::json(&directory.join(PACKAGE_JSON));
    let Some((package, root)) = package.zip(directory.canonicalize().ok()) else { return false };
    let entries = package["openclaw"]["extensions"].as_array().into_iter().flatten();
    let real = entries.filter_map(|entry| directory.join(entry.as_str()?).canonicalize().ok());
    real.into_iter().any(|real| !real.starts_with(&root))
}

fn is_script(path: &Path) -> bool {
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
    let is_declaration = path.to_string_lossy().ends_with(".d.ts");
    ["ts", "js", "mts", "cts", "mjs", "cjs"].contains(&end) && !is_declaration
}
