//! What a payload says about itself: `package.json` and `openclaw.plugin.json`.

mod error;
mod package;
mod plugin;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

pub use error::{FactsError, Flaw};
pub use package::Package;
pub use plugin::PluginManifest;

/// The id of the connector as plugin and as channel, in every version of it.
pub const CONNECTOR_ID: &str = "dingtalk-connector";
/// The npm package's own description.
pub const PACKAGE_JSON: &str = "package.json";
/// The plugin manifest that `OpenClaw` reads.
pub const PLUGIN_JSON: &str = "openclaw.plugin.json";

/// A fact file under snapshot; makes the errors that concern it.
struct FactFile<'a> {
    /// The archive or directory, absolute.
    payload: &'a Path,
    name: &'static str,
}

impl FactFile<'_> {
    /// Reads the file as strict JSON, as `OpenClaw` 2026.3.13 does: no comment, no BOM.
    fn object(&self, bytes: Option<&[u8]>) -> Result<Map<String, Value>, FactsError> {
        let bytes = bytes.ok_or_else(|| self.flaw(Flaw::Missing))?;
        if bytes.starts_with(b"\xef\xbb\xbf") {
            return Err(self.flaw(Flaw::ByteOrderMark));
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(self.wrong("", "an object")),
            Err(cause) => Err(self.flaw(Flaw::Syntax {
                line: cause.line(),
                column: cause.column(),
                cause: cause.to_string(),
            })),
        }
    }

    fn flaw(&self, flaw: Flaw) -> FactsError {
        FactsError { payload: PathBuf::from(self.payload), file: self.name, flaw }
    }

    fn wrong(&self, key: &str, expected: &'static str) -> FactsError {
        self.flaw(Flaw::WrongValue { key: key.to_string(), expected })
    }

    /// A string that must be there and must not be empty.
    fn text(&self, object: &Map<String, Value>, key: &str) -> Result<String, FactsError> {
        match object.get(key) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
            _ => Err(self.wrong(key, "a string")),
        }
    }

    /// A list of strings; one that is absent is empty.
    fn texts(&self, value: Option<&Value>, key: &str) -> Result<Vec<String>, FactsError> {
        let wrong = || self.wrong(key, "a list of strings");
        match value {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_string).ok_or_else(wrong))
                .collect(),
            Some(_) => Err(wrong()),
        }
    }
}
