//! The wished-for config as edits of the keys we own; pure, one file per section.

mod channel;
mod gateway;
mod migration;
mod plugins;
mod provider;

use std::path::Path;

use super::note::Note;
use crate::connector::catalogue::Catalogue;
use crate::connector::release::Generation;
use crate::language::Problem;
use crate::openclaw::Version;
use crate::openclaw::document::{Edit, Value};
use crate::openclaw::keys::KeyChange;
use crate::settings::{Secret, Setting, Settings, is_placeholder};
use crate::systemd::environment::Environment;

pub use migration::Forbidden;
pub(super) use migration::forbidden;
pub use provider::{
    COMPLETIONS, Provider, RESPONSES, apis, models_file_edits, provider_of, right_api,
};

/// Everything that decides how the config should read.
#[derive(Debug)]
pub struct Wish<'a> {
    /// What the operator gave.
    pub settings: &'a Settings,
    /// OpenClaw's version; its rules differ.
    pub openclaw: Version,
    /// Keys that the connector's schema forbids are taken out even where this OpenClaw does not
    /// enforce it.
    pub migrates: bool,
    /// The live connector tree.
    pub connector: &'a Path,
    /// The connector's version, as its `package.json` says.
    pub connector_version: &'a str,
    /// Which release it is by its code.
    pub release: Option<semver::Version>,
    /// What is known of connectors.
    pub catalogue: &'a Catalogue,
    /// Which release the connector that stands is by its code.
    pub standing: Option<semver::Version>,
    /// The keys that we have set since we first came.
    pub ours: &'a [KeyChange],
    /// The schema of the channel block, if the connector's manifest has one.
    pub channel_schema: Option<&'a serde_json::Value>,
    /// The gateway's port.
    pub port: u16,
    /// The gateway's command line.
    pub command: &'a [String],
    /// What the gateway's process sees.
    pub environment: &'a Environment,
    /// Used where a new gateway token is needed.
    pub fresh_token: &'a Secret,
    /// The time of installation, RFC 3339 with milliseconds.
    pub now: &'a str,
    /// The config file, for messages.
    pub file: &'a Path,
}

impl Wish<'_> {
    /// Whether a connector reads a key of the channel; one of an unknown version is taken for one that does.
    fn is_read(&self, key: &str, by: Option<&semver::Version>) -> bool {
        by.is_none_or(|version| !self.catalogue.unread_keys(version).contains(&key))
    }

    /// What the connector that comes needs, heeds and does.
    fn generation(&self) -> Generation {
        self.catalogue.generation(self.release.as_ref())
    }
}

/// Edits and remarks, gathered section by section.
#[derive(Debug)]
pub struct Draft<'a> {
    effective: &'a Value,
    /// The edits, in order.
    pub edits: Vec<Edit>,
    /// The remarks.
    pub notes: Vec<Note>,
}

impl<'a> Draft<'a> {
    fn of(effective: &'a Value) -> Self {
        Self { effective, edits: Vec::new(), notes: Vec::new() }
    }

    fn now(&self, path: &[&str]) -> Option<&'a Value> {
        self.effective.get(path)
    }

    fn push(&mut self, edit: Edit) {
        if !self.edits.contains(&edit) {
            self.edits.push(edit);
        }
    }

    /// An edit only where the value differs: an equal one changes no byte.
    fn set(&mut self, path: &[&str], value: impl Into<Value>) {
        let value = value.into();
        if self.now(path) != Some(&value) {
            self.push(Edit::set(path, value));
        }
    }
}

/// The edits that bring the effective config to what `install` wants.
pub fn edits<'a>(effective: &'a Value, wish: &Wish<'_>) -> Result<Draft<'a>, Problem> {
    let mut draft = Draft::of(effective);
    provider::section(&mut draft, wish);
    let token = gateway::section(&mut draft, wish)?;
    channel::section(&mut draft, wish, token.as_ref());
    migration::section(&mut draft, wish);
    plugins::section(&mut draft, wish)?;
    Ok(draft)
}

/// The settings that are needed and neither given nor in the config.
pub fn needed(effective: &Value, settings: &Settings) -> Vec<Setting> {
    let mut needed = channel::needed(effective, settings);
    needed.extend(provider::needed(effective, settings));
    needed
}

/// A value that somebody has filled in: not absent, no placeholder, not an empty list. `clientId` may
/// be a number, `clientSecret` an object that names a source.
fn is_filled(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !is_placeholder(text),
        Some(Value::Array(elements)) => !elements.is_empty(),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests;
