//! The connector tree that stands where OpenClaw finds it.

use std::path::Path;

use serde_json::Value as Json;

use crate::connector::{PLUGIN_JSON, PluginManifest, TreeManifest};
use crate::fs::foreign;

/// The connector tree that is live.
#[derive(Debug)]
pub struct LiveTree {
    /// Version in its `package.json`, if it has one.
    pub version: Option<String>,
    /// The schema that its manifest has for the channel block, if it has one.
    pub channel_schema: Option<Json>,
    /// Everything in it.
    pub manifest: TreeManifest,
}

impl LiveTree {
    /// The version for people.
    #[must_use]
    pub fn shown_version(&self) -> String {
        self.version.clone().unwrap_or_else(|| "?".to_owned())
    }
}

/// The version that a tree's `package.json` tells.
#[must_use]
pub fn version_of(tree: &Path) -> Option<String> {
    let bytes = foreign::glance(&tree.join("package.json"))?;
    let package: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    package["version"].as_str().map(str::to_owned)
}

/// The schema of the channel block in a tree's manifest; a manifest that `OpenClaw` could not use
/// rules nothing.
#[must_use]
pub fn channel_schema_of(tree: &Path) -> Option<Json> {
    let bytes = foreign::glance(&tree.join(PLUGIN_JSON))?;
    PluginManifest::parse(Some(&bytes), tree).ok()?.channel_schema
}
