//! `package.json`: name, version, entry files and npm dependencies of a connector.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::{FactFile, FactsError, Flaw, PACKAGE_JSON};
use crate::connector::manifest::{Node, TreeManifest};

/// What `OpenClaw` starts a plugin from if it names no entry.
const DEFAULT_ENTRIES: [&str; 4] = ["index.ts", "index.js", "index.mjs", "index.cjs"];

/// The facts of a `package.json` that matter to an installation.
#[derive(Debug, Clone, PartialEq)]
pub struct Package {
    /// `name`; the connector has borne three names.
    pub name: String,
    /// `version`; not always the same as the plugin manifest's.
    pub version: String,
    /// `openclaw.extensions`: the files that `OpenClaw` loads.
    pub entries: Vec<String>,
    /// `dependencies`: package to range.
    pub dependencies: BTreeMap<String, String>,
    /// `optionalDependencies`: package to range.
    pub optional_dependencies: BTreeMap<String, String>,
    /// `overrides`, as npm understands them.
    pub overrides: Map<String, Value>,
}

impl Package {
    /// Reads the facts from the file's bytes; `payload` is for messages.
    pub fn parse(bytes: Option<&[u8]>, payload: &Path) -> Result<Self, FactsError> {
        let file = FactFile { payload, name: PACKAGE_JSON };
        let object = file.object(bytes)?;
        let extensions = object.get("openclaw").and_then(|openclaw| openclaw.get("extensions"));
        Ok(Self {
            name: file.text(&object, "name")?,
            version: file.text(&object, "version")?,
            entries: file.texts(extensions, "openclaw.extensions")?,
            dependencies: ranges(&file, &object, "dependencies")?,
            optional_dependencies: ranges(&file, &object, "optionalDependencies")?,
            overrides: match object.get("overrides") {
                Some(Value::Object(overrides)) => overrides.clone(),
                _ => Map::new(),
            },
        })
    }

    /// Checks that what `OpenClaw` loads is in the tree: without it, `OpenClaw` calls its whole
    /// configuration invalid and does not start.
    pub(in crate::connector) fn expect_entries(
        &self,
        tree: &TreeManifest,
        payload: &Path,
    ) -> Result<(), FactsError> {
        let file = FactFile { payload, name: PACKAGE_JSON };
        let there = |entry: &str| {
            let path = entry.trim_start_matches("./");
            matches!(tree.get(path), Some(Node::File { .. } | Node::Symlink { .. }))
        };
        let missing = if self.entries.is_empty() {
            let any = DEFAULT_ENTRIES.iter().any(|entry| there(entry));
            (!any).then_some(DEFAULT_ENTRIES[0])
        } else {
            self.entries.iter().map(String::as_str).find(|entry| !there(entry))
        };
        missing
            .map_or(Ok(()), |entry| Err(file.flaw(Flaw::EntryMissing { entry: entry.to_string() })))
    }
}

fn ranges(
    file: &FactFile<'_>,
    object: &Map<String, Value>,
    key: &str,
) -> Result<BTreeMap<String, String>, FactsError> {
    let wrong = || file.wrong(key, "an object of strings");
    match object.get(key) {
        None => Ok(BTreeMap::new()),
        Some(Value::Object(ranges)) => ranges
            .iter()
            .map(|(name, range)| {
                let range = range.as_str().ok_or_else(wrong)?;
                Ok((name.clone(), range.to_string()))
            })
            .collect(),
        Some(_) => Err(wrong()),
    }
}
